"""Sums of two doubles entry by entry: error-free sums and products (Knuth, Dekker), and what is lost beyond them.

`a + b = s + e` and `a b = p + e` hold exactly for the doubles s, p, e that `two_sum` and `two_product` give, as long as
nothing overflows; products below 2^-900, whose parts may underflow, are off by less than 2^-900.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb

from ..fields import Array
from ..midpoint import UNIT, Upper, norms

MOST = 2.0**300
"""Numbers larger than that are known of nothing: their error is infinite."""
_TINY = 2.0**-900
_SPLIT = 2.0**27 + 1
_AT_ONCE = 2**13


@dataclass(frozen=True, eq=False)
class Pair:
    """Doubles high + low, and a bound of the Euclidean distance of the exact array from their exact sum.

    Attributes:
        high, low: of one shape; |low| is at most half a unit in the last place of high.
        err: of all entries together.
    """

    high: Array
    low: Array
    err: Upper

    @classmethod
    def of(cls, values: Array) -> Pair:
        """Doubles that are exact."""
        return cls(values, np.zeros_like(values), Upper(0.0))

    @cached_property
    def size(self) -> Upper:
        """Euclidean norm of all of high + low."""
        return norms(self.high.reshape(-1)) + self.small

    @cached_property
    def small(self) -> Upper:
        """That of low."""
        return norms(self.low.reshape(-1))

    @cached_property
    def top(self) -> Upper:
        """The largest entry's modulus."""
        return Upper(_largest(self.high)) + Upper(_largest(self.low))

    @property
    def wild(self) -> Upper:
        """Infinite where the numbers are too large to be known, else 0."""
        return Upper(0.0 if self.top.value < MOST else np.inf)

    @property
    def T(self) -> Pair:
        """Transpose of a matrix."""
        return Pair(self.high.T, self.low.T, self.err)

    def reshape(self, *shape: int) -> Pair:
        """The same entries in another shape."""
        return Pair(self.high.reshape(shape), self.low.reshape(shape), self.err)

    def transpose(self, *axes: int) -> Pair:
        """Other order of the axes."""
        return Pair(self.high.transpose(axes), self.low.transpose(axes), self.err)

    def part(self, *key: Any) -> Pair:
        """Some of the entries, none twice."""
        return Pair(self.high[key], self.low[key], self.err)

    @property
    def exact(self) -> Pair:
        """The sums themselves."""
        return Pair(self.high, self.low, Upper(0.0))

    def __add__(self, other: Pair) -> Pair:
        """Entry by entry, shapes broadcast to that of self."""
        high, low = in_parts(_sum, 2, self.high, self.low, other.high, other.low)
        copies = _copies(self, other)
        # Two roundings, of the sum of the low parts and of what it is added to.
        lost = (self.small + other.small * copies) * (4 * UNIT) + (self.size + other.size * copies) * (4 * UNIT**2)
        return Pair(high, low, self.err + other.err * copies + lost + self.wild + other.wild)

    def __neg__(self) -> Pair:
        return Pair(-self.high, -self.low, self.err)

    def __sub__(self, other: Pair) -> Pair:
        return self + -other

    def __mul__(self, other: Pair) -> Pair:
        """Entry by entry, shapes broadcast to that of self."""
        high, low = in_parts(_product, 2, self.high, self.low, other.high, other.low)
        low_top = _largest(other.low)
        crossed = self.small * other.top + self.size * low_top
        lost = crossed * (4 * UNIT) + self.size * other.top * (4 * UNIT**2)
        # What is left out: the product of the low parts.
        lost = lost + self.small * low_top + Upper(high.size * _TINY)
        moved = self.err * (other.top + other.err) + self.top * _copies(self, other) * other.err
        return Pair(high, low, moved + lost + self.wild + other.wild)

    def scaled(self, factor: arb) -> Pair:
        """Times one number."""
        return self * number(factor)

    def widened(self, error: Upper) -> Pair:
        """With more error."""
        return Pair(self.high, self.low, self.err + error)


def _largest(x: Array) -> float:
    return float(np.abs(x).max(initial=0.0))


def _copies(x: Pair, y: Pair) -> float:
    """By how much the Euclidean norm of y grows once y is broadcast to the shape of x."""
    copies = x.high.size // max(1, y.high.size)
    return float(np.nextafter(np.sqrt(copies), np.inf)) if copies > 1 else 1.0


def number(x: arb) -> Pair:
    """A single enclosed number, of shape ()."""
    high = float(x.mid())
    low = float((x - high).mid())
    return Pair(np.asarray(high), np.asarray(low), Upper.of(x - high - low))


def pair_of(rows: list[list[arb]]) -> Pair:
    """A matrix of balls."""
    flat = [number(v) for row in rows for v in row]
    shape = len(rows), len(rows[0])
    high, low = (np.array([float(part) for part in parts]).reshape(shape) for parts in zip(
        *((v.high, v.low) for v in flat), strict=True
    ))  # fmt: skip
    return Pair(high, low, Upper(np.array([float(v.err.value) for v in flat])).norm())


def ball(x: Pair) -> arb:
    """A single number as a ball."""
    error = float(x.err.value)
    radius = arb(0, error) if np.isfinite(error) else arb(0, arb.pos_inf())
    return arb(float(x.high)) + arb(float(x.low)) + radius


def in_parts(f: Callable[..., tuple[Array, ...]], count: int, *arrays: Array) -> list[Array]:
    """f entry by entry, with `count` results, on parts small enough to stay near the processor.

    Args:
        f: of arrays of one axis.
        count: of its results.
        arrays: the first has the shape of the results, the others broadcast to it.
    """
    shape = arrays[0].shape
    flat = [np.broadcast_to(a, shape).reshape(-1) for a in arrays]
    found = [np.empty(flat[0].size) for _ in range(count)]
    for start in range(0, flat[0].size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        for out, values in zip(found, f(*(a[part] for a in flat)), strict=True):
            out[part] = values
    return [out.reshape(shape) for out in found]


def _sum(high: Array, low: Array, high_2: Array, low_2: Array) -> tuple[Array, Array]:
    s, e = two_sum(high, high_2)
    return two_sum(s, e + (low + low_2))


def _product(high: Array, low: Array, high_2: Array, low_2: Array) -> tuple[Array, Array]:
    p, e = two_product(high, high_2)
    return two_sum(p, e + (high * low_2 + low * high_2))


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """s = fl(a + b) and the rest of the exact sum."""
    s = a + b
    back = s - a
    return s, (a - (s - back)) + (b - back)


def halved(a: Array) -> tuple[Array, Array]:
    """a = h + l with 26 bits each, below MOST."""
    c = _SPLIT * a
    h = c - (c - a)
    return h, a - h


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """p = fl(a b) and the rest of the exact product."""
    p = a * b
    (ah, al), (bh, bl) = halved(a), halved(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def joined(parts: list[Pair], axis: int) -> Pair:
    """Side by side."""
    err = Upper(0.0)
    for part in parts:
        err = err + part.err
    high, low = (np.concatenate([getattr(p, name) for p in parts], axis=axis) for name in ("high", "low"))
    return Pair(high, low, err)
