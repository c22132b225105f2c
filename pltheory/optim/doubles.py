"""Python numbers as doubles."""

from __future__ import annotations

import math


def number(value: object) -> float:
    """The double that a Python number is; NaN for what is none, a bool included."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    try:
        exact = float(value)
    except OverflowError:
        return math.nan
    # An integer beyond 2^53 may be no double: the certificate would be about another number than the run.
    return exact if exact == value else math.nan
