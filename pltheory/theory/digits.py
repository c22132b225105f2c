"""Numbers in few digits, rounded to the side on which they are bounds."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context

_SIDES = {"lower": ROUND_FLOOR, "upper": ROUND_CEILING}


def shown(x: float, digits: int, kind: str = "exact") -> str:
    """So many digits, at most 15, of a number: a lower bound rounded down, an upper bound up, another to nearest."""
    if not math.isfinite(x):
        return f"{x:.{digits}g}"
    return f"{float(Context(prec=digits, rounding=_SIDES.get(kind, ROUND_HALF_EVEN)).create_decimal(x)):.{digits}g}"


def below(x: float, digits: int = 10) -> str:
    """Rounded down."""
    return shown(x, digits, "lower")


def above(x: float, digits: int = 10) -> str:
    """Rounded up."""
    return shown(x, digits, "upper")
