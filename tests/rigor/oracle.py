"""Exact truth for the tests: rationals for arithmetic, 200-bit balls for functions, and inputs that hurt.

Independent of `pltheory.rigor`: nothing here imports its arithmetic.
"""

from __future__ import annotations

import math
import os
from fractions import Fraction

import numpy as np
from flint import arb, ctx, fmpq

SOUNDNESS = float(os.environ.get("SOUNDNESS", "0"))
"""Differential cases of each primitive in the long run, for instance SOUNDNESS=1e5."""


PARTS = 4
"""Long differential tests are cut into that many, each with draws of its own, so that they can run side by side."""


def cases(quick: int, share: float = 1.0) -> int:
    """How many cases to run: `quick` by default, that share of SOUNDNESS in the long run."""
    return max(quick, math.ceil(SOUNDNESS * share))


def rational(x: object, below: int = 1) -> fmpq:
    """A float, integer or rational as it is, exactly, divided by an integer; python-flint's are fast."""
    if isinstance(x, fmpq):
        return x / below
    ratio = (x if isinstance(x, (int, Fraction)) else float(x)).as_integer_ratio()
    return fmpq(*ratio) / below


def fractions(x: np.ndarray) -> np.ndarray:
    """The array as exact rationals."""
    flat = np.empty(np.size(x), dtype=object)
    flat[:] = [rational(v) for v in np.ravel(x).tolist()]
    return flat.reshape(np.shape(x))


def corners(ball, rng: np.random.Generator) -> np.ndarray:
    """One exact array of the ball: every entry at its lower end, upper end, midpoint or in between."""
    rad = np.broadcast_to(fractions(ball.rad), ball.mid.shape)
    quarters = rng.choice([-4, 4, -4, 4, 0, 1], ball.mid.shape).astype(object)
    return fractions(ball.mid) + quarters * rad / 4


def assert_holds(ball, exact: np.ndarray) -> None:
    """Every exact entry lies in the ball."""
    apart = np.abs(fractions(ball.mid) - exact) - np.broadcast_to(fractions(ball.rad), ball.mid.shape)
    worst = max(np.ravel(apart), default=rational(0))
    assert worst <= 0, f"outside by {float(worst):.3e}, largest radius {float(np.max(ball.rad)):.3e}"


FAMILIES = ("gaussian", "aligned", "absorbing", "cancelling", "tiny", "huge", "mixed", "strided", "zero")


def matrix(family: str, rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """A float64 matrix of that family."""
    if family == "gaussian":
        return rng.standard_normal((n, k))
    if family == "aligned":  # every product of two entries is rounded the same way
        v = 1 + (2 * rng.integers(0, 2**20) + 1) * 2.0**-27
        return np.full((n, k), v) * np.exp2(rng.integers(-3, 3))
    if family == "absorbing":  # terms of half a unit of the first, each lost
        x = np.full((n, k), 2.0 ** (-53 / 2) if rng.random() < 0.5 else 2.0**-27)
        x[:, 0] = 1.0
        return x
    if family == "cancelling":
        x = rng.standard_normal((n, k))
        x[:, k // 2 : 2 * (k // 2)] = -x[:, : k // 2]
        return x
    if family == "tiny":
        return rng.standard_normal((n, k)) * np.exp2(rng.integers(-1074, -500, (n, k)).astype(float))
    if family == "huge":
        return rng.standard_normal((n, k)) * np.exp2(rng.integers(400, 500, (n, k)).astype(float))
    if family == "mixed":
        return rng.standard_normal((n, k)) * np.exp2(rng.integers(-60, 60, (n, k)).astype(float))
    if family == "strided":
        return rng.standard_normal((2 * n, 3 * k))[::2, ::-3]
    return np.zeros((n, k))


def radius(kind: str, rng: np.random.Generator, shape: tuple[int, int], size: float) -> np.ndarray:
    """A radius of that shape."""
    n, m = shape
    dims = {"none": (), "scalar": (), "rows": (n, 1), "columns": (1, m), "full": (n, m)}[kind]
    if kind == "none":
        return np.asarray(0.0)
    return np.asarray(np.abs(rng.standard_normal(dims)) * size * np.exp2(float(rng.integers(-60, 2))))


def function(name: str, order: int, x: object, bits: int = 200):
    """act^(order)(x) as a ball of that many bits, from closed forms, not from the tables' series."""
    before, ctx.prec = ctx.prec, bits
    try:
        v = arb(rational(x))
        if name == "tanh":
            sech2 = 1 / v.cosh() ** 2
            return (v.tanh(), sech2, -2 * v.tanh() * sech2)[order]
        if name == "erf":
            gauss = 2 / arb.pi().sqrt() * (-v * v).exp()
            return (v.erf(), gauss, -2 * v * gauss)[order]
        if name == "gelu":
            phi = (-v * v / 2).exp() / (2 * arb.pi()).sqrt()
            cdf = (-v / arb(2).sqrt()).erfc() / 2
            return (v * cdf, cdf + v * phi, (2 - v * v) * phi)[order]
        if name == "sin":
            return (v.sin(), v.cos(), -v.sin())[order]
        q = 1 / (1 + (-v).exp())
        slope = 1 / ((v / 2).cosh() * 2) ** 2
        bend = -slope * (v / 2).tanh()
        if name == "mish":
            # tanh(y) at y = log(1 + e^v), by the chain rule.
            y = v.exp().log1p() if v < 0 else v + (-v).exp().log1p()
            g, sech2 = y.tanh(), 1 / y.cosh() ** 2
            first, second = sech2 * q, sech2 * (slope - 2 * g * q * q)
            return (v * g, g + v * first, 2 * first + v * second)[order]
        return {
            "sigmoid": (q, slope, bend),
            "softplus": (v.exp().log1p() if v < 0 else v + (-v).exp().log1p(), q, slope),
            "silu": (v * q, q + v * slope, 2 * slope + v * bend),
        }[name][order]
    finally:
        ctx.prec = before


def within(value, mid: float, rad: float) -> bool:
    """Whether a ball of high precision lies in [mid - rad, mid + rad]."""
    before, ctx.prec = ctx.prec, 200
    try:
        return bool((value - arb(mid)).abs_upper() <= arb(rad))
    finally:
        ctx.prec = before
