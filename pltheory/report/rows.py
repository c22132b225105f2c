"""The two columns of a hypothesis, from the numbers of its row in a report's JSON."""

from __future__ import annotations

from typing import Any

from ..theory.digits import shown

_SIGNS = {"lower": "≥ ", "upper": "≤ ", "exact": "", "estimate": "≈ "}
_RELATIONS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}


def number(value: float | None, digits: int = 4, kind: str = "exact") -> str:
    """A number as shown, a bound rounded to its side; a missing or infinite one as a dash."""
    return "-" if value is None else shown(value, digits, kind)


def needed(row: dict[str, Any]) -> str:
    """What a hypothesis asks for."""
    if isinstance(row.get("needed"), str):  # a folder of schema 1 holds the words themselves
        return str(row["needed"])
    if "needed" in row:
        sign = "≈ " if row["needed"]["kind"] == "estimate" else ""
        symbol = f"{row['symbol']} " if row["symbol"] else ""
        asked = number(row["needed"]["value"], kind=row["needed"]["kind"])
        return f"{symbol}{_RELATIONS[row['relation']]} {sign}{asked}"
    return str(row.get("asked", "-"))


def measured(row: dict[str, Any]) -> str:
    """What there is."""
    if isinstance(row.get("measured"), str):
        return str(row["measured"])
    if "measured" not in row:
        return str(row.get("found", "-"))
    found = row["measured"]
    if row["symbol"]:
        sign = _SIGNS[found["kind"]].strip() or "="
        return f"{row['symbol']} {sign} {number(found['value'], kind=found['kind'])}"
    return f"{_SIGNS[found['kind']]}{number(found['value'], kind=found['kind'])}"
