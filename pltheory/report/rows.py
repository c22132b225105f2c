"""The two columns of a hypothesis, from the numbers of its row in a report's JSON."""

from __future__ import annotations

import operator
from typing import Any

from ..theory.digits import shown

_SIGNS = {"lower": "≥ ", "upper": "≤ ", "exact": "", "estimate": "≈ "}
_RELATIONS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}


def seen(batches: dict[str, Any]) -> str:
    """What the steps of a run see, in a line."""
    size, until = batches["size"], batches.get("until")
    whose = "1 sample" if size == 1 else f"{size} samples"
    then = "" if until is None else f" up to step {until}, then all"
    return f"{whose}, order {batches['order']!r}{then}; the loss is that of all"


def number(value: float | None, digits: int = 4, kind: str = "exact") -> str:
    """A number as shown, a bound rounded to its side; a missing or infinite one as a dash."""
    return "-" if value is None else shown(value, digits, kind)


def _digits(row: dict[str, Any]) -> int:
    """How many digits tell the two sides of a row apart once each is rounded to its side; 4 where none do."""
    one, other = row["measured"], row["needed"]
    if one["value"] is None or other["value"] is None or one["value"] == other["value"]:
        return 4
    right = {"<": operator.lt, "<=": operator.lt, ">": operator.gt, ">=": operator.gt}[row["relation"]]
    if not right(one["value"], other["value"]):
        return 4

    def apart(digits: int) -> bool:
        return bool(right(*(float(shown(side["value"], digits, side["kind"])) for side in (one, other))))

    return next(filter(apart, range(4, 16)), 4)


def needed(row: dict[str, Any]) -> str:
    """What a hypothesis asks for."""
    if isinstance(row.get("needed"), str):  # a folder of schema 1 holds the words themselves
        return str(row["needed"])
    if "needed" in row:
        sign = "≈ " if row["needed"]["kind"] == "estimate" else ""
        symbol = f"{row['symbol']} " if row["symbol"] else ""
        asked = number(row["needed"]["value"], _digits(row), row["needed"]["kind"])
        return f"{symbol}{_RELATIONS[row['relation']]} {sign}{asked}"
    return str(row.get("asked", "-"))


def measured(row: dict[str, Any]) -> str:
    """What there is."""
    if isinstance(row.get("measured"), str):
        return str(row["measured"])
    if "measured" not in row:
        return str(row.get("found", "-"))
    found = row["measured"]
    value = number(found["value"], _digits(row), found["kind"])
    if row["symbol"]:
        sign = _SIGNS[found["kind"]].strip() or "="
        return f"{row['symbol']} {sign} {value}"
    return f"{_SIGNS[found['kind']]}{value}"
