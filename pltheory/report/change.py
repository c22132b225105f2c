"""What would change a verdict: the rows that decide it and how far each may move, from a report's numbers alone."""

from __future__ import annotations

from typing import Any

from ..theory.digits import shown
from .rows import measured, needed

MET, OPEN = ("CERTIFIED", "HOLDS"), "UNDECIDED"
NEAR = 10.0
"""Rows with more room than this are not what a verdict hangs on."""


def what_would_change(report: dict[str, Any]) -> list[str]:
    """Sentences about the main theorem, the nearest border first; none where no row has a margin.

    A margin is a quotient of two bounds: a row that is met holds at least as long as they move by less, one that is
    open closes once they have moved that far, and may be true before.

    Args:
        report: of schema `pltheory-report/2`; rows of 1 have no numbers.
    """
    main = next(t for t in report["theorems"] if t["id"] == report["main_theorem"])
    rows = [r for r in main["hypotheses"] if isinstance(r.get("measured"), dict) and (r["margin"] or 0.0) > 0.0]
    rows.sort(key=lambda row: row["margin"])
    said = [*map(_to_be_closed, [r for r in rows if r["verdict"] == OPEN])]
    if main["verdict"] in MET:
        said += map(_to_be_lost, [r for r in rows if r["verdict"] in MET and r["margin"] < NEAR] or rows[:1])
    said += _step_size(main)
    if main["verdict"] == "HOLDS":
        names = [r["name"] for r in main["hypotheses"] if r["verdict"] == "HOLDS"]
        said.append(f"CERTIFIED needs the same with round-off counted of: {'; '.join(names)}.")
    if report.get("closing_width"):
        said.append(f"Width: at {report['closing_width']} it closes with this seed; a smaller one may do.")
    return said


def _to_be_closed(row: dict[str, Any]) -> str:
    factor, way = shown(1 / row["margin"], 3, "upper"), "larger" if row["relation"].startswith(">") else "smaller"
    return (
        f"{_sides(row)}. It closes where the first is {factor} times {way}, the second as it is; both are bounds, and "
        "it may be true before."
    )


def _to_be_lost(row: dict[str, Any]) -> str:
    factor, way = shown(row["margin"], 3, "lower"), "smaller" if row["relation"].startswith(">") else "larger"
    return f"{_sides(row)}. It stands as long as the first gets less than {factor} times {way}, the second as it is."


def _sides(row: dict[str, Any]) -> str:
    return f"{row['name']}: measured {measured(row)}, needed {needed(row)}"


def _step_size(main: dict[str, Any]) -> list[str]:
    reach = main.get("reach") or {}
    eta, limit = reach.get("eta"), reach.get("eta_limit")
    if not eta or not limit:
        return []
    tried = f"of those tried, the largest that does on some ball, in floating point: {shown(limit, 3, 'lower')}"
    return [f"Step size: eta = {eta:.3g}; {tried}."]
