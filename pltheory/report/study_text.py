"""The terminal's view of a study: its points, what it will cost, how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from ..study.cost import span
from ..study.grid import said
from ..study.quantities import BUILT_IN, Quantity
from ..study.scaling import Consistency, Fit
from ..study.sweep import Planned
from .fitting import least_width, print_fitting
from .law_rows import COLUMNS, LawRow, law_rows
from .rows import number
from .text import STYLES

VERDICTS = {
    Consistency.CONSISTENT: "green",
    Consistency.NOT: "red",
    Consistency.NOT_YET: "yellow",
    Consistency.NOTHING_EXPECTED: "dim",
}
BREAKS: dict[str, JustifyMethod] = {"quantity": "left", "95% interval": "right", "verdict": "left"}
"""Columns of the table of laws that may take two lines, and where their words stand."""
SEEDS_LACKING = "Some width has one seed: errors are those of the residuals."


def print_sweep(
    console: Console,
    records: list[dict[str, Any]],
    fits: Sequence[Fit],
    quantities: Sequence[Quantity] = BUILT_IN,
) -> None:
    """Print the points of a sweep and the fitted power laws."""
    keys = list(records[0]["values"])
    rest = [q.name for q in quantities]
    title = "Sweep"
    while rest or title == "Sweep":
        many = len(rest)
        while many > 1 and least_width(console, _points(title, records, keys, rest[:many])) > console.width:
            many -= 1
        print_fitting(console, _points(title, records, keys, rest[:many]))
        title, rest = "Sweep, further quantities", rest[many:]
    print_fits(console, fits)


def _points(title: str, records: list[dict[str, Any]], keys: list[str], shown: list[str]) -> Table:
    """A row for each point: what varies, these quantities, its verdict."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for name in (*keys, *shown):
        table.add_column(name.rpartition(".")[2].replace("_", " "), justify="right")
    table.add_column("verdict", no_wrap=True)
    for r in records:
        values = [escape(str(r["values"][k]).strip("[]")) for k in keys]
        table.add_row(*values, *(number(r.get(k), 3) for k in shown), _verdict(r))
    return table


def print_fits(console: Console, fits: Sequence[Fit]) -> None:
    """Print fitted power laws beside the expected ones, with both tests: a table for each group."""
    for group in dict.fromkeys(said(fit.group) for fit in fits):
        where = f" where {group}" if group else ""
        table = Table(title=escape(f"Power laws in the width m{where}"), box=box.SIMPLE_HEAD, title_justify="left")
        for name in COLUMNS:
            table.add_column(name, justify=BREAKS.get(name, "right"), no_wrap=name not in BREAKS)
        for fit in fits:
            if said(fit.group) == group:
                for row in law_rows(fit):
                    table.add_row(*_cells(row))
        print_fitting(console, table)
    if not all(fit.plain.replicated for fit in fits):
        console.print(SEEDS_LACKING, soft_wrap=True, highlight=False)


def print_sources(console: Console, fits: Sequence[Fit]) -> None:
    """Print where each expected exponent is from."""
    for name, source in {fit.quantity: fit.source for fit in fits if fit.source}.items():
        console.print(escape(f"{name.replace('_', ' ')}: {source}"), soft_wrap=True, highlight=False)


def _cells(row: LawRow) -> list[str]:
    word = "" if row.verdict is None else f"[{VERDICTS[row.verdict]}]{row.verdict.value}[/]"
    return [*map(escape, row.cells), word]


def print_plan(console: Console, points: Sequence[Planned], rate: float, workers: int) -> None:
    """Print what a study costs: a row for the points that cost the same, then the sum.

    Args:
        console: where to print.
        points: of the grid.
        rate: operations per second.
        workers: how many points are computed at a time.
    """
    groups: dict[tuple[float, float], list[Planned]] = {}
    for p in points:
        groups.setdefault((p.cost.operations, p.cost.memory), []).append(p)
    table = Table(title="Dry run: nothing is computed", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("points that cost the same")
    for name in ("number", "to do", "time each", "memory each"):
        table.add_column(name, justify="right")
    for (operations, memory), group in groups.items():
        todo = sum(p.record is None for p in group)
        table.add_row(
            escape(_shared(group)), str(len(group)), str(todo), span(operations / rate), f"{memory / 2**30:.2g} GiB"
        )
    print_fitting(console, table)
    left = [p.cost.operations for p in points if p.record is None]
    time = max(sum(left) / workers, *left, 0.0) / rate
    console.print(
        f"{len(points)} points, {len(left)} to do: about {span(time)} with {workers} at a time, if every run takes all "
        "its steps. An estimate from sizes; theorems that follow the whole run, and proofs, are not counted.",
        soft_wrap=True,
    )


def print_status(console: Console, points: Sequence[Planned], rate: float) -> None:
    """Print how far a study is: verdicts, failures, what is missing and its time for one worker."""
    counts = Counter(p.record["verdict"] for p in points if p.record is not None and not p.failed)
    missing = [p for p in points if p.record is None]
    parts = [f"{counts[verdict]} {verdict}" for verdict in STYLES if counts[verdict]]
    parts += [f"{sum(p.failed for p in points)} failed", f"{len(missing)} missing"]
    console.print(f"{len(points)} points: {', '.join(parts)}", soft_wrap=True, highlight=False)
    if missing:
        console.print(
            f"what is missing takes about {span(sum(p.cost.operations for p in missing) / rate)} of one worker",
            soft_wrap=True, highlight=False,
        )  # fmt: skip
    for p in points:
        if p.failed and p.record is not None:
            console.print(escape(f"{said(p.values)}: {p.record['error']}"), soft_wrap=True, highlight=False)


def _verdict(record: dict[str, Any]) -> str:
    if record.get("status") == "failed":
        return f"[red]{escape(str(record['error']).partition(':')[0])}[/]"
    word = record["verdict"]
    return f"[{STYLES[word]}]{word}[/]"


def _shared(group: Sequence[Planned]) -> str:
    """What varies, where it is the same in the whole group."""
    first = group[0].values
    shared = {key: value for key, value in first.items() if all(p.values[key] == value for p in group)}
    return said(shared) or "all"
