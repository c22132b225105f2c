"""How objects show themselves in a notebook: a heading and tables of escaped text, without styles of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from .bound import SIGNS, Bound
from .digits import shown
from .verdict import Comparison, Fact, Row

ROWS = ("hypothesis", "needed", "measured", "margin", "verdict")
"""What the cells of `cells` are."""


def page(verdict: str, what: str, *tables: str) -> str:
    """The verdict first, then what it is of, then tables.

    Args:
        verdict: a word or two.
        what: plain text.
        tables: HTML, as `table` gives it.
    """
    return f"<div><p><strong>{escape(verdict)}</strong> {escape(what)}</p>{''.join(tables)}</div>"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of plain texts; empty where there are no rows.

    Args:
        heads: of the columns.
        rows: a cell for each of them, shown as `str` says it.
    """
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def bound(it: Bound, digits: int = 6) -> str:
    """A bound with its sign, rounded to its side."""
    return f"{SIGNS[it.kind]} {shown(it.value, digits, it.kind)}"


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """One hypothesis as texts."""
    margin = "" if row.margin is None else f"{row.margin:.3g}"
    needed, measured = "", "not known"
    if isinstance(row.says, Comparison):
        says = row.says
        needed = f"{says.relation} {shown(says.needed.value, 6, says.needed.kind)}"
        measured = f"{says.symbol} {bound(says.measured)}".strip()
    elif isinstance(row.says, Fact):
        needed, measured = row.says.needed, row.says.found
    return row.hypothesis, needed, measured, margin, row.verdict.value
