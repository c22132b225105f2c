"""Gauges: what a loss of outputs says of its own gradient, by its value alone; round-off counted.

For a convex loss l of the outputs, with values v: `gam(v) <= ||grad l|| <= Gam(v)` wherever l = v, gam and Gam
nondecreasing, and `lambda_max(Hess l) <= M` (THEORY_LOSSES section 1). Every number here is a bound of the exact one in
the direction that is said. A loss c times another has the gauges `c gam(v / c)`, `c Gam(v / c)` and `c M`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from ..nets.activations import activation
from ..rigor.arithmetic import INTERVALS
from ..rigor.midrad import Ball
from ..rigor.roundoff import Array, add_up, down, mul_up, sqrt_down, sqrt_up, up
from ..rigor.scalar import Interval, below, interval

LN2 = math.log(2.0)
"""A double below ln 2 = 0.69314718055994530941..; it is 0.69314718055994528622.. ."""
CELLS = 2**11
"""Of the grid on which the worst spread of a loss over the samples is looked for."""
TERMS = 12
"""Of the exponential series at an argument up to ln 2, an even number: what is left out is positive."""


class Gauge(Protocol):
    """Bounds of the gradient of a loss in the outputs by the loss's value; round-off counted."""

    @property
    def curvature(self) -> Fraction:
        """M, at least the largest eigenvalue of the loss's Hessian in the outputs."""
        ...

    def lower(self, v: Array) -> Array:
        """Lower bounds of gam at values v >= 0, an array."""
        ...

    def upper(self, v: Array) -> Array:
        """Upper bounds of Gam at values v >= 0, an array."""
        ...

    def integral(self, low: float, high: float) -> Interval | None:
        """Enclosure of int dv / gam(v) from low to high where it has a closed form, low = 0 included; else None."""
        ...


@dataclass(frozen=True)
class SquareGauge:
    """Of 1/2 sum c_i r_i^2: gam = sqrt(2 c_min v), Gam = sqrt(2 c_max v), M = c_max.

    Attributes:
        least: c_min > 0.
        largest: c_max.
    """

    least: Fraction = Fraction(1)
    largest: Fraction = Fraction(1)

    @property
    def curvature(self) -> Fraction:
        """c_max."""
        return self.largest

    def lower(self, v: Array) -> Array:
        """sqrt(2 c_min v), rounded down."""
        return sqrt_down(down(2 * np.maximum(v, 0.0) * interval(self.least).lo))

    def upper(self, v: Array) -> Array:
        """sqrt(2 c_max v), rounded up."""
        return sqrt_up(mul_up(2.0, v, interval(self.largest).hi))

    def integral(self, low: float, high: float) -> Interval:
        """(sqrt(2 high) - sqrt(2 low)) / sqrt(c_min)."""
        first, last = (INTERVALS.sqrt(interval(2) * interval(v)) for v in (low, high))
        return (last - first) / INTERVALS.sqrt(interval(self.least))


@dataclass(frozen=True)
class LogarithmicGauge:
    """Of a sum of n terms -ln p_i: gam = sqrt(k m_n(v)), Gam = sqrt(K) min(sqrt(n), v).

    With f(x) = (1 - e^-x)^2, whose slope is at most 1/2, m_n(v) is the least of f(v - (n - 1) x) + (n - 1) f(x) over
    0 <= x <= v / n: the least sum of f over all ways to spread v over n terms. It is n f(v / n) as long as v <= ln 2,
    where f is convex, and nondecreasing.

    Attributes:
        n: terms.
        least: k, C / (C - 1) for C classes.
        largest: K.
        curvature: M.
    """

    n: int
    least: Fraction
    largest: Fraction
    curvature: Fraction

    def lower(self, v: Array) -> Array:
        """Lower bounds of sqrt(k m_n(v))."""
        v = np.asarray(v, dtype=np.float64)
        at_ln2 = self._even(LN2)
        least = [self._even(float(x)) if x <= LN2 else max(at_ln2, self._worst(float(x))) for x in v.flat]
        k = interval(self.least).lo
        return sqrt_down(down(np.array(least).reshape(v.shape) * k))

    def upper(self, v: Array) -> Array:
        """sqrt(K) min(sqrt(n), v), rounded up."""
        return mul_up(sqrt_up(interval(self.largest).hi), np.minimum(sqrt_up(self.n), v))

    def integral(self, low: float, high: float) -> None:
        """None: the path to a loss of zero is infinite, and to any other it is summed over steps."""
        return

    def _even(self, v: float) -> float:
        """Lower bound of n f(v / n) for 0 <= v <= ln 2."""
        if not v > 0:
            return 0.0
        x = interval(v) / interval(self.n)
        # x - x^2/2 + .. - x^TERMS/TERMS!, by Horner: 1 - e^-x is larger, for x < 1.
        nested = interval(1)
        for k in range(TERMS, 1, -1):
            nested = interval(1) - x * nested / interval(k)
        rise = interval(max(0.0, (x * nested).lo))
        return max(0.0, (interval(self.n) * rise * rise).lo)

    def _worst(self, v: float) -> float:
        """Lower bound of m_n(v): its least value on the midpoints of a grid, less the slope over half a cell."""
        if self.n == 1:
            return float(_squares_below(np.array([v]))[0])
        last = up(v / self.n)
        x = np.linspace(0.0, float(last), 2 * CELLS + 1)[1::2]
        far = np.maximum(0.0, down(v - mul_up(self.n - 1, x)))
        sums = down(_squares_below(far) + down((self.n - 1) * _squares_below(x)))
        # The slope of the sum is at most (n - 1) / 2; no x is further than `half` from a point of the grid.
        half = float(np.max(up(np.diff(x)))) if CELLS > 1 else float(last)
        missed = mul_up(0.5 * (self.n - 1), add_up(0.5 * half, 2.0**-50 * last))
        return max(0.0, float(down(float(sums.min()) - float(missed))))


def _squares_below(x: Array) -> Array:
    """Lower bounds of f(x) = (1 - e^-x)^2 at x >= 0, by 1 - e^-x = 2 t / (1 + t) with t = tanh(x / 2)."""
    t = activation("tanh").enclose(Ball(0.5 * x), 0)
    lowest = np.maximum(0.0, down(t.mid - t.rad))
    rise = np.maximum(0.0, down(2 * lowest / up(1 + lowest)))
    return np.maximum(0.0, down(rise * rise))


@dataclass(frozen=True)
class Shared:
    """Of c times a loss.

    Attributes:
        whole: the gauge of the loss.
        share: c > 0.
    """

    whole: Gauge
    share: Fraction

    @property
    def curvature(self) -> Fraction:
        """c M."""
        return self.share * self.whole.curvature

    def lower(self, v: Array) -> Array:
        """c gam(v / c): gam is nondecreasing, so a smaller argument is on the safe side."""
        c, times = interval(self.share), interval(1 / self.share)
        return np.maximum(0.0, down(self.whole.lower(np.maximum(0.0, down(np.asarray(v) * times.lo))) * c.lo))

    def upper(self, v: Array) -> Array:
        """c Gam(v / c)."""
        return mul_up(interval(self.share).hi, self.whole.upper(mul_up(v, interval(1 / self.share).hi)))

    def integral(self, low: float, high: float) -> Interval | None:
        """The same path in another unit: int dv / (c gam(v / c)) from low to high is int du / gam(u) from low / c."""
        ends = [interval(v) / interval(self.share) for v in (low, high)]
        longest = self.whole.integral(max(0.0, ends[0].lo), ends[1].hi)
        shortest = self.whole.integral(ends[0].hi, max(ends[0].hi, ends[1].lo))
        if longest is None or shortest is None:
            return None
        return Interval(shortest.lo, longest.hi)


def path_above(gauge: Gauge, levels: Array) -> tuple[Array, Array]:
    """Upper bounds of int dv / gam from every level up to the last, and lower bounds of gam at the levels.

    gam is nondecreasing, so that over a step from one level to the next it is at least its value at the lower end.

    Args:
        gauge: of the loss.
        levels: increasing and positive, (k,).

    Returns:
        (k,) nonincreasing path lengths, the last 0, infinite where gam vanishes; (k,) gauges.
    """
    gam = np.maximum.accumulate(gauge.lower(levels))
    with np.errstate(divide="ignore"):
        pieces = up(up(np.diff(levels)) / gam[:-1])
    total, sums = 0.0, [0.0]
    for piece in pieces[::-1].tolist():
        total = float(up(total + piece))
        sums.append(total)
    return np.array(sums[::-1]), gam


def steps_above(gam: Array, levels: Array) -> float:
    """Upper bound of int dv / gam^2 over the levels, from `path_above`'s gauges."""
    with np.errstate(divide="ignore"):
        pieces = up(up(np.diff(levels)) / down(gam[:-1] * gam[:-1]))
    return float(add_up(0.0, *pieces.tolist()))


def level_below(share: Fraction) -> float:
    """A loss below which every sample's term is less than ln 2, where the loss in use is `share` times their sum."""
    return below((interval(share) * interval(LN2)).lo)
