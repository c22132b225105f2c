"""Balls from NumPy's and SciPy's functions, under a stated assumption on their error.

The fast mode: tanh, exp, log1p and erf are assumed to err by at most ULPS units in the last place of their
result; everything else is counted. NumPy's tanh has been seen to err by 2.05 units with its vector code
switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from . import roundoff
from .midrad import Ball
from .roundoff import Array, add_up, mul_up, quiet

ULPS = 4
"""Units in the last place that a library function is assumed to stay within."""
ERROR_TERMS = ("assumed_error",)
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

# Midpoints within one unit in the last place of the constants; `tests/rigor` encloses them.
TWO_OVER_SQRT_PI = Ball(np.array(1.1283791670955126), np.array(2.0**-52))
SQRT_HALF = Ball(np.array(0.7071067811865476), np.array(2.0**-52))
ONE_OVER_SQRT_TWO_PI = Ball(np.array(0.3989422804014327), np.array(2.0**-53))


def assumptions(functions: Sequence[str]) -> tuple[str, ...]:
    """The assumptions behind the functions of those names, one line each."""
    return tuple(f"{f} errs by at most {ULPS} units in the last place of its result" for f in functions)


def assumed_error(largest: Array) -> Array:
    """ULPS units in the last place of the largest result; a unit is at most 2 U times the number, or ETA."""
    return add_up(mul_up(2 * ULPS * roundoff.U, largest), ULPS * roundoff.ETA)


def call(function: Callable[[Array], Array], x: Ball, lipschitz: float) -> Ball:
    """function on a ball; lipschitz, a power of 2, bounds its slope from computed to exact arguments."""
    y = Ball(np.asarray(function(x.mid)))
    return y.wider(add_up(assumed_error(y.peak(())), lipschitz * np.max(x.rad)))


def tanh(x: Ball) -> Ball:
    """tanh."""
    return call(np.tanh, x, 1.0)


def decay(y: Ball) -> Ball:
    """exp(-y) for exact and computed y >= 0, where the slope is at most 1."""
    return call(np.exp, -y, 1.0)


def like(constant: Ball, x: Ball) -> Ball:
    """The constant with as many axes as x."""
    return Ball(constant.mid.reshape((1,) * x.mid.ndim), constant.rad)


@quiet
def evaluate(function: Callable[[Ball, int], Ball], x: Ball, order: int) -> Ball:
    """Ball of a function's derivative of that order at the midpoints of x, from function(points, order).

    Raises:
        NoVerdictError: overflow, also of a square on the way.
    """
    points = Ball._measured(x.mid, np.asarray(0.0), x.low, x.high)
    return function(points, order) if x.mid.size else points
