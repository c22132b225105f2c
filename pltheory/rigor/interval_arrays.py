"""Arrays of intervals with outward rounding, for a formula or recursion at many radii at once.

The same contract as `scalar.Interval`, entry by entry; `INTERVAL_ARRAYS` is the `Arithmetic` whose results
are enclosures. One operation costs a few microseconds whatever the number of entries up to some thousands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pltheory.theory import InvalidInputError
from pltheory.theory.arithmetic import Arithmetic

from . import roundoff
from .environment import require_thread
from .errors import NoVerdictError
from .roundoff import Array, quiet
from .scalar import Interval, interval

ERROR_TERMS = ("lowered", "raised")
"""Names of the functions here that make rounded numbers bounds; tests notice the loss of each."""


def lowered(x: Array) -> Array:
    """The next floats below."""
    return roundoff.down(x)


def raised(x: Array) -> Array:
    """The next floats above."""
    return roundoff.up(x)


@dataclass(frozen=True, eq=False)
class IntervalArray:
    """Entrywise, all real numbers from lo to hi, both finite; shapes are equal.

    Not ordered, like `Interval`: use `certainly_less` of this module, which answers entry by entry.

    Raises:
        NoVerdictError: an end is NaN or infinite, or lo > hi somewhere.
    """

    lo: Array
    hi: Array

    # NumPy must hand `array + intervals` over to the class instead of looping over it.
    __array_ufunc__ = None

    def __post_init__(self) -> None:
        # False for NaN, so every NaN is refused.
        if not ((self.lo > -math.inf) & (self.lo <= self.hi) & (self.hi < math.inf)).all():
            raise NoVerdictError("an interval overflows, is NaN or has crossed ends")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.lo.shape

    @quiet
    def __add__(self, other: Any) -> IntervalArray:
        o = intervals(other)
        return _nonnegative(_outward(self.lo + o.lo, self.hi + o.hi), self, o)

    __radd__ = __add__

    def __neg__(self) -> IntervalArray:
        return IntervalArray(-self.hi, -self.lo)

    @quiet
    def __sub__(self, other: Any) -> IntervalArray:
        o = intervals(other)
        return _outward(self.lo - o.hi, self.hi - o.lo)

    def __rsub__(self, other: Any) -> IntervalArray:
        return intervals(other) - self

    @quiet
    def __mul__(self, other: Any) -> IntervalArray:
        o = intervals(other)
        return _nonnegative(_hull(self.lo * o.lo, self.lo * o.hi, self.hi * o.lo, self.hi * o.hi), self, o)

    __rmul__ = __mul__

    @quiet
    def __truediv__(self, other: Any) -> IntervalArray:
        o = intervals(other)
        if ((o.lo <= 0.0) & (o.hi >= 0.0)).any():
            raise NoVerdictError("division by an interval around zero")
        return _hull(self.lo / o.lo, self.lo / o.hi, self.hi / o.lo, self.hi / o.hi)

    def __rtruediv__(self, other: Any) -> IntervalArray:
        return intervals(other) / self

    def __pow__(self, exponent: int) -> IntervalArray:
        if not isinstance(exponent, int) or exponent < 0:
            raise InvalidInputError(f"interval power: need an integer >= 0, got {exponent!r}")
        result = intervals(np.ones(self.shape))
        for _ in range(exponent):
            result = result * self
        return result

    def __getitem__(self, index: Any) -> Interval:
        """The interval of one entry."""
        return Interval(float(self.lo[index]), float(self.hi[index]))

    def _unordered(self, other: object) -> bool:
        raise TypeError("intervals are not ordered: use certainly_less")

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _unordered
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("an interval has no truth value")


def _outward(lo: Array, hi: Array) -> IntervalArray:
    return IntervalArray(lowered(lo), raised(hi))


def _nonnegative(x: IntervalArray, a: IntervalArray, b: IntervalArray) -> IntervalArray:
    """The sum or product x of a and b, not below 0 where neither of them is: rounding outward lowers a 0 below 0."""
    return IntervalArray(np.where((a.lo >= 0.0) & (b.lo >= 0.0), np.maximum(x.lo, 0.0), x.lo), x.hi)


def _hull(*corners: Array) -> IntervalArray:
    """Outward hull of rounded numbers; NumPy's minimum and maximum keep a NaN."""
    lo = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    hi = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
    return _outward(lo, hi)


def intervals(x: Any) -> IntervalArray:
    """The array of intervals of exact floats, or of one number.

    Raises:
        InvalidInputError: not float64 and not a number.
        NoVerdictError: NaN or infinity.
    """
    if isinstance(x, IntervalArray):
        return x
    if isinstance(x, np.ndarray) and x.ndim:
        require_thread()
        if x.dtype != np.float64:
            raise InvalidInputError(f"intervals: need float64, got {x.dtype}")
        return IntervalArray(x, x)
    one = interval(float(x) if isinstance(x, np.ndarray) else x)
    return IntervalArray(np.asarray(one.lo), np.asarray(one.hi))


@quiet
def sqrt(x: Any) -> IntervalArray:
    """Square root of max(x, 0): of an x known to be nonnegative, whose enclosure may reach below 0.

    Raises:
        NoVerdictError: an entry is certainly negative.
    """
    i = intervals(x)
    if (i.hi < 0.0).any():
        raise NoVerdictError("square root of a negative interval")
    return IntervalArray(roundoff.sqrt_down(i.lo), roundoff.sqrt_up(i.hi))


def minimum(x: Any, y: Any) -> IntervalArray:
    """Enclosure of the smaller of two numbers; exact."""
    a, b = intervals(x), intervals(y)
    return IntervalArray(np.minimum(a.lo, b.lo), np.minimum(a.hi, b.hi))


def maximum(x: Any, y: Any) -> IntervalArray:
    """Enclosure of the larger of two numbers; exact."""
    a, b = intervals(x), intervals(y)
    return IntervalArray(np.maximum(a.lo, b.lo), np.maximum(a.hi, b.hi))


def spectral_norm(rows: list[list[Any]]) -> IntervalArray:
    """Enclosure of the spectral norm of small matrices with nonnegative entries.

    Collatz and Wielandt: for a nonnegative N and any positive vector v, min_i (N v)_i / v_i <= rho(N) <=
    max_i (N v)_i / v_i; here N = M^T M, whose spectral radius is ||M||^2, and v is an approximate Perron
    vector. The Frobenius norm is the upper bound where it is the smaller.

    Raises:
        NoVerdictError: an entry may be negative, or overflow.
    """
    cells = [[intervals(x) for x in row] for row in rows]
    if any((c.lo < 0.0).any() for row in cells for c in row):
        raise NoVerdictError("spectral norm by a positive vector needs nonnegative entries")
    shape = np.broadcast_shapes(*(c.shape for row in cells for c in row))
    mid = np.stack([np.stack([np.broadcast_to(c.hi, shape) for c in row], -1) for row in cells], -2)
    v = _perron(mid)
    image = [_dot(row, v) for row in cells]
    back = [_dot([row[j] for row in cells], image) for j in range(len(cells[0]))]
    ratios = [b / x for b, x in zip(back, v, strict=True)]
    low, high = ratios[0], ratios[0]
    for r in ratios[1:]:
        low, high = minimum(low, r), maximum(high, r)
    entries = [c for row in cells for c in row]
    return IntervalArray(sqrt(low).lo, sqrt(minimum(high, _dot(entries, entries))).hi)


@quiet
def _perron(m: Array) -> list[IntervalArray]:
    """Entries of a positive vector near the first right singular vector of nonnegative matrices."""
    scale = np.max(m, axis=(-2, -1), keepdims=True)
    m = m / np.where(scale > 0, scale, 1.0)
    # A little of every direction keeps v positive where the matrix is reducible.
    v = np.abs(np.linalg.svd(m)[2][..., 0, :]) + 2.0**-26
    return [intervals(np.array(v[..., j])) for j in range(v.shape[-1])]


def _dot(xs: list[IntervalArray], ys: list[IntervalArray]) -> IntervalArray:
    total = xs[0] * ys[0]
    for x, y in zip(xs[1:], ys[1:], strict=True):
        total = total + x * y
    return total


INTERVAL_ARRAYS = Arithmetic(sqrt, minimum, maximum, spectral_norm, lambda x: float(np.ravel(intervals(x).hi)[-1]))
"""The arithmetic of `pltheory.theory.formulas` whose results are arrays of enclosures."""
