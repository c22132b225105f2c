"""Matrix products and Euclidean norms of pairs by BLAS, in any order of summation.

Both factors are cut, X = X1 + X2 + R, into multiples of one unit each: X1 of 20 bits below the largest entry, X2 of 20
more. Sums of up to 2^13 products X1 Y1, or X1 Y2 + X2 Y1, are whole numbers of units up to 2^53, so exact in any order
(Ozaki, Ogita, Oishi, Rump, Numer. Algorithms 59 (2012) 95). What is left is smaller by 2^-40, and so is its rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from ..fields import Array
from ..midpoint import UNIT, Upper, gamma, norms, product, terms, underflow
from .pair import Pair, in_parts, two_product, two_sum

_BITS = 20
_TERMS = 2**12
"""Inner length up to which sums are exact: 2^40 units a product, two of 2^39 in the mixed ones."""
_RANGE = 200
"""Exponents, of either sign, of largest entries whose products neither over- nor underflow."""
_SUMMED = 2**17
"""Terms of a sum up to which parts of 36 bits add up exactly."""


@dataclass(frozen=True)
class Slices:
    """X1, X2, fl(R), and fl(X1 + X2 + fl(R)).

    Attributes:
        lost: bound of the distance of X1 + X2 + fl(R) from the pair, in Frobenius norm.
    """

    first: Array
    second: Array
    rest: Array
    whole: Array
    lost: Upper

    @classmethod
    def of(cls, x: Pair) -> Slices:
        """Of a pair."""
        largest = float(np.abs(x.high).max(initial=0.0))
        if largest == 0.0:
            return cls(x.high, x.high, x.low, x.low, Upper(0.0))
        exponent = int(np.frexp(largest)[1]) if np.isfinite(largest) else 2 * _RANGE

        def parts(high: Array, low: Array) -> tuple[Array, ...]:
            first, left = _cut(high, exponent - _BITS)
            second, left = _cut(left, exponent - 2 * _BITS)
            rest = left + low
            return first, second, rest, (first + second) + rest

        first, second, rest, whole = in_parts(parts, 4, x.high, x.low)
        known = Upper(0.0 if abs(exponent) <= _RANGE else np.inf)
        return cls(first, second, rest, whole, _frobenius(rest) * (2 * UNIT) + known)


def _cut(x: Array, exponent: int) -> tuple[Array, Array]:
    """x to the nearest multiple of 2^exponent, and the rest: adding 1.5 * 2^52 units rounds to them."""
    shift = np.ldexp(1.5, min(exponent + 52, 1020))
    rounded = (x + shift) - shift
    return rounded, x - rounded


def _frobenius(x: Array) -> Upper:
    return norms(x.reshape(-1))


def times(x: Pair, y: Pair) -> Pair:
    """X Y.

    Args:
        x: (m, k).
        y: (k, n).
    """
    count = x.high.shape[1]
    if count <= _TERMS:
        total = _times(x, y)
    else:
        blocks = [slice(k, k + _TERMS) for k in range(0, count, _TERMS)]
        parts = [_times(x.part(slice(None), block), y.part(block)) for block in blocks]
        total = sum(parts[1:], parts[0])
    moved = x.err * (y.size + y.err) + x.size * y.err
    return total.widened(moved + x.wild + y.wild)


def _times(x: Pair, y: Pair) -> Pair:
    """X Y of the sums themselves."""
    a, b = Slices.of(x), Slices.of(y)
    main = a.first @ b.first
    mixed = np.concatenate([a.first, a.second], axis=1) @ np.concatenate([b.second, b.first])
    near = a.first + a.second  # 40 bits: exact
    small = product(np.concatenate([a.second, near, a.rest], axis=1), np.concatenate([b.second, b.rest, b.whole]))
    high, low, tail = in_parts(_gathered, 3, main, mixed, small)
    sizes = _frobenius(a.second) * _frobenius(b.second) + _frobenius(near) * _frobenius(b.rest)
    last = _frobenius(a.rest) * _frobenius(b.whole)
    count = 3 * x.high.shape[1]
    rounding = (sizes + last) * gamma(terms(count)) + last * (2 * UNIT) + _frobenius(tail) * (2 * UNIT)
    rounding = rounding + underflow(count * high.size)
    missing = a.lost * (y.size + b.lost) + x.size * b.lost
    return Pair(high, low, rounding + missing)


def _gathered(main: Array, mixed: Array, small: Array) -> tuple[Array, ...]:
    s, e = two_sum(main, mixed)
    tail = e + small
    return *two_sum(s, tail), tail


def squared(parts: list[Pair]) -> tuple[arb, Upper]:
    """Enclosure of the sum of squares of all sums high + low, and a bound of the arrays' errors together."""
    total, err = arb(0), Upper(0.0)
    for part in parts:
        high, low = part.high.reshape(-1), part.low.reshape(-1)
        p, e = two_product(high, high)
        lost = part.wild + Upper(part.high.size * 2.0**-900)
        for k in range(0, p.size, _SUMMED):
            exact, more = _summed(p[k : k + _SUMMED])
            total, lost = total + exact, lost + more
        rest = (e + 2 * (high * low)) + low * low
        moduli = (np.abs(e) + 2 * np.abs(high * low)) + low * low
        total += arb(float(rest.sum()))
        lost = lost + Upper(float(moduli.sum())) * (4 * gamma(rest.size + 4))
        total += arb(0, float(lost.value)) if np.isfinite(lost.value) else arb("nan")
        err = (err * err + part.err * part.err).root()
    return total, err


def _summed(p: Array) -> tuple[arb, Upper]:
    """Sum of doubles: two parts exactly, what is left in any order."""
    largest = float(np.abs(p).max(initial=0.0))
    if largest == 0.0:
        return arb(0), Upper(0.0)
    exponent = int(np.frexp(largest)[1]) if np.isfinite(largest) else 0
    first, left = _cut(p, exponent - 36)
    second, left = _cut(left, exponent - 72)
    total = arb(float(first.sum())) + arb(float(second.sum())) + arb(float(left.sum()))
    return total, Upper(float(np.abs(left).sum())) * (4 * gamma(p.size))


def norm(parts: list[Pair]) -> arb:
    """Enclosure of the Euclidean norm of all entries of the exact arrays together."""
    square, err = squared(parts)
    if not (square.is_finite() and np.isfinite(err.value)):
        return arb("nan")
    size = square.lower().max(arb(0)).sqrt().union(square.upper().max(arb(0)).sqrt())
    return (size + arb(0, float(err.value))).max(arb(0))
