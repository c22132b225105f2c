"""Activations from NumPy's and SciPy's functions, under a stated assumption on their error.

The fast mode: tanh, exp, log1p and erf are assumed to err by at most ULPS units in the last place of their
result; everything else is counted. NumPy's tanh has been seen to err by 2.05 units with its vector code
switched off.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.special

from . import roundoff
from .midrad import Ball, scale_power_of_two
from .roundoff import Array, add_up, mul_up, quiet

ULPS = 4
"""Units in the last place that a library function is assumed to stay within."""
ERROR_TERMS = ("assumed_error",)
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

# Midpoints within one unit in the last place of the constants; `tests/rigor` encloses them.
_TWO_OVER_SQRT_PI = Ball(np.array(1.1283791670955126), np.array(2.0**-52))
_SQRT_HALF = Ball(np.array(0.7071067811865476), np.array(2.0**-52))
_ONE_OVER_SQRT_TWO_PI = Ball(np.array(0.3989422804014327), np.array(2.0**-53))

_USES = {
    "tanh": ("numpy.tanh",),
    "sigmoid": ("numpy.tanh",),
    "silu": ("numpy.tanh",),
    "softplus": ("numpy.tanh", "numpy.exp", "numpy.log1p"),
    "erf": ("scipy.special.erf", "numpy.exp"),
    "gelu": ("scipy.special.erf", "numpy.exp"),
}


def assumptions(name: str) -> tuple[str, ...]:
    """The assumptions behind `evaluate` for that activation, one line each."""
    return tuple(f"{f} errs by at most {ULPS} units in the last place of its result" for f in _USES[name])


def assumed_error(largest: Array) -> Array:
    """ULPS units in the last place of the largest result; a unit is at most 2 U times the number, or ETA."""
    return add_up(mul_up(2 * ULPS * roundoff.U, largest), ULPS * roundoff.ETA)


def _call(function: Callable[[Array], Array], x: Ball, lipschitz: float) -> Ball:
    """function on a ball; lipschitz, a power of 2, bounds its slope from computed to exact arguments."""
    y = Ball(np.asarray(function(x.mid)))
    return y.wider(add_up(assumed_error(y.peak(())), lipschitz * np.max(x.rad)))


def _tanh(x: Ball) -> Ball:
    return _call(np.tanh, x, 1.0)


def _decay(y: Ball) -> Ball:
    """exp(-y) for exact and computed y >= 0, where the slope is at most 1."""
    return _call(np.exp, -y, 1.0)


def _like(constant: Ball, x: Ball) -> Ball:
    """The constant with as many axes as x."""
    return Ball(constant.mid.reshape((1,) * x.mid.ndim), constant.rad)


def _sigmoid(x: Ball, order: int) -> Ball:
    t = _tanh(scale_power_of_two(x, -1))
    if order == 0:
        return scale_power_of_two(1 + t, -1)
    slope = scale_power_of_two(1 - t * t, -2)
    return slope if order == 1 else -(slope * t)


def _silu(x: Ball, order: int) -> Ball:
    if order == 0:
        return x * _sigmoid(x, 0)
    if order == 1:
        return _sigmoid(x, 0) + x * _sigmoid(x, 1)
    return scale_power_of_two(_sigmoid(x, 1), 1) + x * _sigmoid(x, 2)


def _softplus(x: Ball, order: int) -> Ball:
    if order:
        return _sigmoid(x, order - 1)
    # log1p has slope at most 1 at nonnegative arguments, exact and computed.
    small = _call(np.log1p, _decay(Ball(np.abs(x.mid))), 1.0)
    return Ball(np.maximum(x.mid, 0.0)) + small


def _erf(x: Ball, order: int) -> Ball:
    if order == 0:
        return _call(scipy.special.erf, x, 2.0)
    slope = _like(_TWO_OVER_SQRT_PI, x) * _decay(x * x)
    return slope if order == 1 else -(scale_power_of_two(x, 1) * slope)


def _gelu(x: Ball, order: int) -> Ball:
    phi = _like(_ONE_OVER_SQRT_TWO_PI, x) * _decay(scale_power_of_two(x * x, -1)) if order else Ball(x.mid)
    if order == 2:
        return (2 - x * x) * phi
    distribution = scale_power_of_two(1 + _erf(_like(_SQRT_HALF, x) * x, 0), -1)
    return x * distribution if order == 0 else distribution + x * phi


def _tanh_derivative(x: Ball, order: int) -> Ball:
    t = _tanh(x)
    if order == 0:
        return t
    slope = 1 - t * t
    return slope if order == 1 else -(scale_power_of_two(t, 1) * slope)


_FUNCTIONS = {
    "tanh": _tanh_derivative,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "softplus": _softplus,
    "erf": _erf,
    "gelu": _gelu,
}


@quiet
def evaluate(name: str, x: Ball, order: int) -> Ball:
    """Ball of the activation's derivative of that order at the midpoints of x, under `assumptions(name)`.

    Raises:
        NoVerdictError: overflow, also of a square on the way.
    """
    points = Ball._measured(x.mid, np.asarray(0.0), x.low, x.high)
    return _FUNCTIONS[name](points, order) if x.mid.size else points
