"""Whole arrays of doubles with a bound of how far the exact numbers are: the arithmetic that rechecks class G.

An `Approx` holds doubles for every sample and, per sample, an upper bound of the Euclidean distance of the exact array
from them. Bounds are `Upper`: nonnegative doubles, every operation rounded up. What is trusted of NumPy is that
+ - * / and the square root round to the nearest double with gradual underflow, and that a matrix product is the sums of
products that define it, in any order and with or without fused operations; `require_rounding` tests for settings that
void it. No function of a mathematical library is called (see `tables`).

Sums of k products in any order: `|fl(x . y) - x . y| <= gamma_k |x| . |y| + k 2^-1074`, gamma_k = k u / (1 - k u),
u = 2^-53 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from .fields import FAILED, Array, Stop

UNIT = 2.0**-53
"""u: half the distance of 1 from the next double."""
TINY = 2.0**-1074
"""The least positive double; an underflow loses less."""
_BLOCK = 256
"""Length to which the sums inside a product are cut, so that their rounding does not grow with all of it."""


class Upper:
    """Upper bounds of nonnegative numbers, an array of doubles; every operation rounds up. Zero stays zero.

    Attributes:
        value: the doubles, of any shape.
    """

    __slots__ = ("value",)
    __array_ufunc__ = None

    def __init__(self, value: Array | float) -> None:
        self.value = np.asarray(value, dtype=np.float64)

    @classmethod
    def of(cls, x: arb | float) -> Upper:
        """Of one number."""
        if not isinstance(x, arb):
            return cls(abs(x))
        top = abs(x).upper()
        return cls(0.0) if top.is_zero() else cls(np.nextafter(float(top), np.inf))

    def __add__(self, other: Upper | float) -> Upper:
        y = _bare(other)
        return _up(self.value + y, (self.value == 0) & (y == 0))

    def __mul__(self, other: Upper | float) -> Upper:
        y = _bare(other)
        zero = (self.value == 0) | (y == 0)
        return _up(np.where(zero, 0.0, self.value * y), zero)

    __radd__, __rmul__ = __add__, __mul__

    def __getitem__(self, key: int | slice) -> Upper:
        return Upper(self.value[key])

    def __len__(self) -> int:
        return len(self.value)

    def over(self, low: Array | float) -> Upper:
        """Divided by lower bounds of positive numbers."""
        return _up(self.value / low, self.value == 0)

    def root(self) -> Upper:
        """Square root."""
        return _up(np.sqrt(self.value), self.value == 0)

    def max(self) -> Upper:
        """The largest; 0 of none."""
        return Upper(self.value.max(initial=0.0))

    def min(self, *others: Upper) -> Upper:
        """The smaller of two bounds of one number, entry by entry."""
        value = self.value
        for other in others:
            value = np.minimum(value, other.value)
        return Upper(value)

    def sum(self, axis: int | None = None) -> Upper:
        """Along one axis, or of all."""
        count = self.value.size if axis is None else self.value.shape[axis]
        total = np.sum(self.value, axis=axis)
        return Upper(total) * (1 + 2 * gamma(count + 1))

    def norm(self) -> Upper:
        """Euclidean, of all entries."""
        return (self * self).sum().root()

    @property
    def exact(self) -> arb:
        """A single bound as a ball of radius 0."""
        if not np.isfinite(self.value):
            raise Stop(FAILED, "arithmetic", "a bound is not finite: overflow")
        return arb(float(self.value))


def _bare(x: Upper | float) -> Array:
    return x.value if isinstance(x, Upper) else np.abs(np.asarray(x, dtype=np.float64))


def _up(value: Array, exact: Array) -> Upper:
    return Upper(np.where(exact, value, np.nextafter(value, np.inf)))


def gamma(count: int) -> float:
    """Upper bound of gamma_count, for a count below 2^30."""
    return float(np.nextafter(count * UNIT * (1 + 2.0**-20), np.inf))


def stacked(parts: list[Upper]) -> Upper:
    """Bounds of equal shape as one array with a new first axis."""
    return Upper(np.stack([part.value for part in parts]))


@dataclass(frozen=True)
class Approx:
    """Doubles for every sample, and how far the exact numbers may be from them.

    Attributes:
        mid: (n, ..).
        err: (n,), upper bounds of the Euclidean (Frobenius) distance of sample i's exact array from mid[i].
    """

    mid: Array
    err: Upper

    def __len__(self) -> int:
        return len(self.mid)

    @property
    def norms(self) -> Upper:
        """(n,), of the doubles, without err."""
        return norms(self.mid.reshape(len(self.mid), -1))

    @property
    def distance(self) -> Upper:
        """Of all samples together, in Frobenius norm."""
        return self.err.norm()


def norms(array: Array) -> Upper:
    """Euclidean norms along the last axis of doubles."""
    count = array.shape[-1]
    squares = Upper(np.square(array).sum(axis=-1)) * (1 + 2 * gamma(count + 2)) + Upper((count + 1) * TINY)
    zero = ~array.any(axis=-1)
    return Upper(np.where(zero, 0.0, squares.root().value))


MOST_TERMS = 2**11
"""Products of two leading parts, 40 bits each, whose sum is below 2^53 units: exact in any order."""


def halves(x: Array) -> tuple[Array, Array]:
    """x = h + l exactly, h of 20 bits below the largest entry: (0, x) where that is extreme."""
    largest = float(np.abs(x).max(initial=0.0))
    if not 2.0**-400 < largest < 2.0**400:
        return np.zeros_like(x), x
    # Adding 1.5 * 2^52 units of the last bit kept rounds to that bit, exactly both ways.
    shift = np.ldexp(1.5, int(np.frexp(largest)[1]) + 32)
    high = (x + shift) - shift
    return high, x - high


def terms(count: int) -> int:
    """k for which gamma_k bounds the rounding of `product` over inner length count."""
    return min(count, _BLOCK) + -(-count // _BLOCK) + 1


def product(x: Array, y: Array) -> Array:
    """Matrix product over the last axis of x and the next to last of y, its sums cut in blocks: see `terms`."""
    count = x.shape[-1]
    if count <= _BLOCK:
        return np.matmul(x, y)
    total = np.matmul(x[..., :_BLOCK], y[..., :_BLOCK, :])
    for k in range(_BLOCK, count, _BLOCK):
        total += np.matmul(x[..., k : k + _BLOCK], y[..., k : k + _BLOCK, :])
    return total


def underflow(count: int) -> Upper:
    """Bound of what underflow adds to an array of that many operations."""
    return Upper(TINY) * float(count + 1)


def require_rounding() -> None:
    """Refuse a machine set to flush small numbers to zero or to another rounding.

    Raises:
        Stop: with code FAILED.
    """
    one, half = np.ones(64), np.full(64, 2.0**-1023)
    good = (one + 0.75 * UNIT == 1) & (one + 1.5 * UNIT == 1 + 2 * UNIT) & (-one - 1.5 * UNIT == -1 - 2 * UNIT)
    good &= (-one - 0.75 * UNIT == -1) & (half + half == 2.0**-1022) & (half * one == 2.0**-1023) & (half != 0)
    # 64 terms of 2^-1040 each, in a product large enough to be spread over threads.
    small = np.full((256, 64), 2.0**-520)
    if not (good.all() and (np.matmul(small, small.T.copy()) == 2.0**-1034).all()):
        raise Stop(FAILED, "arithmetic", "this machine's doubles do not round to nearest with gradual underflow")
