"""Intervals of real numbers with outward rounding, for the small recursions and the theorems' formulas.

Each operation is rounded to nearest by the processor and then
moved one float outward, which covers half a unit in the last place, subnormal results included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from pltheory.theory import InvalidInputError

from .environment import require_thread
from .errors import NoVerdictError
from .roundoff import Array, finite, quiet

ERROR_TERMS = ("below", "above")
"""Names of the functions here that make a rounded number a bound."""


def below(x: float) -> float:
    """Next float below."""
    return math.nextafter(x, -math.inf)


def above(x: float) -> float:
    """Next float above."""
    return math.nextafter(x, math.inf)


@dataclass(frozen=True, eq=False, slots=True)
class Interval:
    """All real numbers from lo to hi, both finite.

    Intervals are not ordered: `<` and `==` raise TypeError, because "not certainly less" is not "at least".
    Use `certainly_less`.

    Raises:
        NoVerdictError: an end is NaN or infinite, or lo > hi.
    """

    lo: float
    hi: float

    def __post_init__(self) -> None:
        if not (-math.inf < self.lo <= self.hi < math.inf):
            raise NoVerdictError(f"interval [{self.lo}, {self.hi}]: overflow, NaN or crossed ends")

    def __add__(self, other: Any) -> Interval:
        o = interval(other)
        return Interval(below(self.lo + o.lo), above(self.hi + o.hi))

    __radd__ = __add__

    def __neg__(self) -> Interval:
        return Interval(-self.hi, -self.lo)

    def __sub__(self, other: Any) -> Interval:
        o = interval(other)
        return Interval(below(self.lo - o.hi), above(self.hi - o.lo))

    def __rsub__(self, other: Any) -> Interval:
        return interval(other) - self

    def __mul__(self, other: Any) -> Interval:
        o = interval(other)
        ends = (self.lo * o.lo, self.lo * o.hi, self.hi * o.lo, self.hi * o.hi)
        # min and max of Python lose a NaN that is not first; finite ends make products finite or infinite
        # only.
        return Interval(below(min(ends)), above(max(ends)))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Interval:
        o = interval(other)
        if o.lo <= 0.0 <= o.hi:
            raise NoVerdictError(f"division by an interval around zero, [{o.lo}, {o.hi}]")
        ends = (self.lo / o.lo, self.lo / o.hi, self.hi / o.lo, self.hi / o.hi)
        return Interval(below(min(ends)), above(max(ends)))

    def __rtruediv__(self, other: Any) -> Interval:
        return interval(other) / self

    def __pow__(self, exponent: int) -> Interval:
        if not isinstance(exponent, int) or exponent < 0:
            raise InvalidInputError(f"interval power: need an integer >= 0, got {exponent!r}")
        result = Interval(1.0, 1.0)
        for _ in range(exponent):
            result = result * self
        return result

    def __abs__(self) -> Interval:
        low = 0.0 if self.lo <= 0.0 <= self.hi else min(abs(self.lo), abs(self.hi))
        return Interval(low, max(abs(self.lo), abs(self.hi)))

    def _unordered(self, other: object) -> bool:
        raise TypeError("intervals are not ordered: use certainly_less")

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _unordered
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("an interval has no truth value")

    def __contains__(self, x: float | Fraction) -> bool:
        return self.lo <= x <= self.hi


def interval(x: Any) -> Interval:
    """The interval of one exact number: a float as it is, an integer or Fraction enclosed.

    Raises:
        InvalidInputError: not a number.
        NoVerdictError: NaN or infinity.
    """
    if isinstance(x, Interval):
        return x
    require_thread()
    if isinstance(x, (float, np.floating)):
        return Interval(float(x), float(x))
    if isinstance(x, (int, np.integer, Fraction)):
        exact = Fraction(int(x)) if not isinstance(x, Fraction) else x
        try:
            near = float(exact)
        except OverflowError:
            raise NoVerdictError(f"{x} is beyond the range of float64") from None
        return Interval(near, near) if Fraction(near) == exact else Interval(below(near), above(near))
    raise InvalidInputError(f"interval: need a number, got {type(x).__name__}")


def between(lo: float, hi: float) -> Interval:
    """The interval from lo to hi."""
    require_thread()
    return Interval(float(lo), float(hi))


def sqrt(x: Any) -> Interval:
    """Square root of max(x, 0): of an x known to be nonnegative, whose enclosure may reach below 0.

    Raises:
        NoVerdictError: x is certainly negative.
    """
    i = interval(x)
    if i.hi < 0.0:
        raise NoVerdictError(f"square root of a negative interval, [{i.lo}, {i.hi}]")
    low = max(0.0, below(math.sqrt(i.lo))) if i.lo > 0.0 else 0.0
    return Interval(low, above(math.sqrt(i.hi)))


def minimum(x: Any, y: Any) -> Interval:
    """Enclosure of the smaller of two numbers; exact."""
    a, b = interval(x), interval(y)
    return Interval(min(a.lo, b.lo), min(a.hi, b.hi))


def maximum(x: Any, y: Any) -> Interval:
    """Enclosure of the larger of two numbers; exact."""
    a, b = interval(x), interval(y)
    return Interval(max(a.lo, b.lo), max(a.hi, b.hi))


def certainly_less(x: Any, y: Any) -> bool:
    """Whether x < y for every choice of exact numbers; False means only that it is not certain."""
    return interval(x).hi < interval(y).lo


@quiet
def integral_below(grid: Array, values: Array) -> Array:
    """Lower bounds of the integrals from grid[0] to each grid point of a nonincreasing, nonnegative profile.

    Args:
        grid: (k,) increasing floats, taken as exact.
        values: (k,) lower bounds of the profile at the grid points, negative ones counting as 0.

    Returns:
        (k,) nondecreasing lower bounds, the first 0.

    Why: on [g_j, g_j+1] a nonincreasing profile is at least its value at the right end, and that is at
    least every lower bound further right. Every product, difference and partial sum is moved one float
    down.

    Raises:
        InvalidInputError: shapes differ or the grid does not increase.
        NoVerdictError: NaN or infinity.
    """
    require_thread()
    grid, values = np.asarray(grid, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if grid.ndim != 1 or grid.shape != values.shape or not grid.size:
        raise InvalidInputError(f"profile: grid {grid.shape} and values {values.shape} must be equal vectors")
    finite(grid, "grid of the profile")
    finite(values, "profile")
    if (np.diff(grid) <= 0).any():
        raise InvalidInputError("profile: the grid must increase")
    best = np.maximum(0.0, np.maximum.accumulate(values[::-1])[::-1])
    total, sums = 0.0, [0.0]
    for j in range(1, grid.size):
        width = max(0.0, below(float(grid[j]) - float(grid[j - 1])))
        piece = max(0.0, below(width * float(best[j])))
        total = max(total, below(total + piece))
        sums.append(total)
    return finite(np.array(sums), "integral of the profile")
