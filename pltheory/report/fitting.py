"""Tables in the width of a terminal: lines break between words, and no word and no number is cut."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table


def least_width(console: Console, table: Table) -> int:
    """How many columns of a terminal a table needs where every line breaks that may."""
    return sum(low for low, _ in _needs(console, table)) + _beside(console, table)


def print_fitting(console: Console, table: Table) -> None:
    """Print a table in the console's width; one whose words need more than that runs over it, whole.

    What is left beside the longest words goes to the columns that lack least first, so that few of them break.
    """
    needs = _needs(console, table)
    widths = [low for low, _ in needs]
    left = console.width - least_width(console, table)
    for i in sorted(range(len(needs)), key=lambda i: needs[i][1] - needs[i][0]):
        more = max(0, min(left, needs[i][1] - needs[i][0]))
        widths[i] += more
        left -= more
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    table.width = sum(widths) + _beside(console, table)
    console.print(table, crop=False)


def _needs(console: Console, table: Table) -> list[tuple[int, int]]:
    """Of each column: its longest word, or line where lines do not break; and its longest line."""
    return [_need(console, column) for column in table.columns]


def _need(console: Console, column: Column) -> tuple[int, int]:
    options = console.options.update(width=10_000)
    found = [Measurement.get(console, options, console.render_str(str(c))) for c in (column.header, *column.cells)]
    low, high = max(m.minimum for m in found), max(m.maximum for m in found)
    return (high if column.no_wrap else low), high


def _beside(console: Console, table: Table) -> int:
    """What rules and padding take."""
    edges = 2 if table.box and table.show_edge else 0
    between = len(table.columns) - 1 if table.box else 0
    _, right, _, left = table.padding
    return edges + between + (left + right) * len(table.columns)
