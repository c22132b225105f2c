"""Arrays that count their own rounding: a midpoint, and how far the exact array may be from it in Frobenius norm.

A network's layers are Lipschitz in that norm, so an error passes one with its spectral norm: entry by entry it would be
the sum of the weights' moduli, ten times as much for a convolution, at every layer. Norms are upper bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...rigor.eigen import spectral_norm_upper
from ...rigor.environment import require_blas_once, require_thread
from ...rigor.errors import NoVerdictError
from ...rigor.midrad import Ball, product_floats
from ...rigor.roundoff import (
    TINY,
    Array,
    U,
    add_up,
    down,
    ends,
    gamma,
    lower_sum,
    mul_up,
    quiet,
    raise_sum,
    sqrt_down,
    sqrt_up,
    sum_up,
    underflow,
    up,
)
from ...rigor.stacks import eigenvalues_upper, stack_norm_upper
from ..activations import activation
from ..fitting import Indices
from .protocol import padded

ERROR_TERMS = ("rounding", "copies", "product_error", "sum_error", "quotient_error")
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

MOST_TERMS = 2**11
"""Terms of a product whose leading parts are still summed without error."""
LEADING = {53: 20, 64: 25}
"""b of a leading part, by the binary digits of the arithmetic: MOST_TERMS 2^(2 b) is at most 2^digits."""
_DIRECT = 1024
"""Matrices with a side up to this have their spectral norm verified to carry an error; others their Frobenius norm."""


@dataclass(frozen=True, eq=False)
class Near:
    """All real arrays X with ||X - mid||_F <= rad.

    Attributes:
        mid: float64, of any shape.
        rad: a nonnegative float.

    Raises:
        NoVerdictError: a number is not finite.
        RoundingEnvironmentError: the calling thread flushes subnormals or does not round to nearest.
    """

    mid: Array
    rad: float = 0.0

    def __post_init__(self) -> None:
        require_thread()
        ends(self.mid, "a number of the network")
        if not 0 <= self.rad < math.inf:
            raise NoVerdictError("an error bound overflows")

    @property
    def largest(self) -> float:
        """max |mid|, exact of doubles, else from above."""
        low, high = ends(narrowed(self.mid), "a number of the network")
        return max(high, -low)


def narrowed(x: Array) -> Array:
    """Doubles of moduli no smaller than those of an array of more digits, up to relative 2^-50; itself of doubles."""
    return x if x.dtype == np.float64 else (x * (1 + 2.0**-51)).astype(np.float64)


def frobenius(x: Array) -> float:
    """Upper bound of the Frobenius norm of an exact array."""
    flat = narrowed(x).reshape(-1)
    return float(sqrt_up(raise_sum(np.dot(flat, flat), flat.size, products=flat.size))) if flat.size else 0.0


def largest_frobenius(x: Array) -> float:
    """Upper bound of the Frobenius norms of the matrices of a stack."""
    x, k = narrowed(x), x.shape[-1] * x.shape[-2]
    squares = np.einsum("...ij,...ij->...", x, x)
    return float(sqrt_up(raise_sum(np.max(squares, initial=0.0), k, products=k)))


def leading(x: Array, digits: int = 53) -> tuple[Array, Array]:
    """x = h + l exactly, h a multiple of 2^(e - b) with |x| <= 2^e, |l| <= 2^(e - b - 1); b as in `LEADING`.

    Why: for doubles, x + s with s = 1.5 2^(e + 32) lies in [2^(e + 32), 2^(e + 33)], where floats are multiples of
    2^(e - 20); so h, the nearest of them to x, less s, is exact, and so is x - h, a multiple of the last place of x no
    larger than that.
    """
    largest = float(np.max(np.abs(narrowed(x)), initial=0.0))
    if largest == 0.0 or not 2.0**-900 < largest < 2.0**900:
        return np.zeros_like(x), x
    s = x.dtype.type(1.5 * 2.0 ** (math.frexp(largest)[1] + digits - 1 - LEADING[digits]))
    h = (x + s) - s
    return h, x - h


def rounding(result: Array, roundings: int = 1, products: int = 0, unit: float = 1.0) -> float:
    """Of a result whose entries err by that many relative roundings, and by the underflow of products.

    Args:
        result: as computed.
        roundings, products: how many.
        unit: of rounding, in units of that of doubles; a power of two.
    """
    return float(add_up(mul_up(unit * gamma(roundings), frobenius(result)), _lost(result.size, products)))


def _lost(entries: int, products: int) -> Array:
    return mul_up(sqrt_up(float(entries)), underflow(products)) if products else np.asarray(0.0)


def copies(rad: float, size: int, whole: int) -> float:
    """An error in an array that is broadcast to `whole` entries from `size`."""
    return float(mul_up(rad, sqrt_up(whole / max(size, 1)))) if whole > size else rad


def product_error(left: float, right: float, ra: float, rb: float) -> float:
    """||(A + E)(B + F) - A B||_F for factors of norms up to left and right, errors up to ra and rb."""
    return float(add_up(mul_up(ra, right), mul_up(left, rb), mul_up(ra, rb)))


def sum_error(norm: float, terms: int, size: float, rad: float, unit: float = 1.0) -> float:
    """Of sums of up to `terms` entries, a 0/1 map of spectral norm `norm`, of an array of that size and error."""
    return float(mul_up(norm, add_up(rad, mul_up(unit * gamma(max(terms - 1, 0)), size))))


def quotient_error(value: float, numerator: float, denominator: float, smallest: float) -> float:
    """Of a computed quotient of modulus up to `value`, its parts off by that much, the denominator at least smallest.

    |a/b - A/B| <= (ra + |a/b| rb) / |B|, and the division's own rounding.
    """
    moved = up(np.asarray(add_up(numerator, mul_up(value, 1 + 2.0**-30, denominator))) / smallest)
    return float(add_up(moved, mul_up(2 * U, value), underflow(1)))


def _powers(t: Array, off: float) -> tuple[Array, float]:
    """e^t of entries at most 0, and how far one may be from that of an argument which t is off by at most that much."""
    # e^t = s(t) / s(-t) with s the logistic function, whose enclosure is at hand; s(-t) >= 1/2.
    logistic = activation("sigmoid")
    above, below = (logistic.enclose(Ball(s), 0) for s in (t, -t))
    ra, rb = (float(add_up(np.max(b.rad), mul_up(0.25, off))) for b in (above, below))
    e = above.mid / below.mid
    return e, quotient_error(float(np.max(e, initial=0.0)), ra, rb, float(down(below.low - rb)))


class Verified:
    """Arrays near exact ones. Methods as in `Field`; an overflow is a NoVerdictError.

    Attributes:
        digits: binary digits of the arithmetic.
        unit: its unit of rounding over that of doubles.
    """

    rounded = True
    digits = 53
    unit = 1.0

    def constant(self, x: Array) -> Near:  # noqa: D102
        return Near(x)

    def shape(self, x: Near) -> tuple[int, ...]:  # noqa: D102
        return x.mid.shape

    def reshape(self, x: Near, *shape: int) -> Near:  # noqa: D102
        return Near(x.mid.reshape(shape), x.rad)

    def transpose(self, x: Near, *axes: int) -> Near:  # noqa: D102
        return Near(x.mid.transpose(axes), x.rad)

    def part(self, x: Near, index: Any) -> Near:  # noqa: D102
        # Indices may repeat, and an error stands in every copy.
        most = int(np.bincount(index).max(initial=1)) if isinstance(index, np.ndarray) else 1
        return Near(x.mid[index], x.rad if most <= 1 else float(mul_up(x.rad, sqrt_up(float(most)))))

    @quiet
    def add(self, x: Near, y: Near) -> Near:  # noqa: D102
        c = x.mid + y.mid
        moved = (copies(z.rad, z.mid.size, c.size) for z in (x, y))
        return Near(c, float(add_up(*moved, rounding(c, unit=self.unit))))

    @quiet
    def times(self, x: Near, y: Near) -> Near:  # noqa: D102
        c = x.mid * y.mid
        moved = (copies(z.rad, z.mid.size, c.size) for z in (x, y))
        error = product_error(x.largest, y.largest, *moved)
        return Near(c, float(add_up(error, rounding(c, products=1, unit=self.unit))))

    @quiet
    def scaled(self, x: Near, c: float) -> Near:  # noqa: D102
        if c == 1.0:
            return x
        mid = c * x.mid
        return Near(mid, float(add_up(mul_up(abs(c), x.rad), rounding(mid, products=1, unit=self.unit))))

    def reciprocal(self, c: float) -> Near:  # noqa: D102
        return Near(np.asarray(1 / c), float(mul_up(2 * U, abs(1 / c))))

    def settled(self, x: Near) -> Near:  # noqa: D102
        return Near(x.mid)

    def carried(self, z: Near, norm: Callable[[], float], x: Near) -> Near:  # noqa: D102
        return Near(z.mid, float(add_up(z.rad, mul_up(norm(), x.rad)))) if x.rad else z

    def with_column(self, x: Near, c: float) -> Near:  # noqa: D102
        return Near(np.concatenate([x.mid, np.full((*x.mid.shape[:-1], 1), c)], axis=-1), x.rad)

    @quiet
    def product(self, x: Near, y: Near) -> Near:  # noqa: D102
        require_blas_once()
        k = x.mid.shape[-1]
        if x.mid.ndim == y.mid.ndim == 2:
            c, depth = product_floats(x.mid, y.mid)
        else:
            c, depth = np.matmul(x.mid, y.mid), k
        stacks = math.prod(c.shape[:-2])
        left, right = largest_frobenius(x.mid), largest_frobenius(y.mid)
        # gamma |x_i| |y_j| for an entry, so that of Frobenius norms for a matrix, times the root of their number.
        error = mul_up(self.unit * gamma(depth), left, right, sqrt_up(float(stacks)))
        moved = [copies(z.rad, math.prod(z.mid.shape[:-2]), stacks) for z in (x, y)]
        if any(moved):
            # A spectral norm in place of a Frobenius norm is worth its price where the error it carries matters.
            norms = (
                min(left, self._carrying(x)) if left * moved[1] > error else left,
                min(right, self._carrying(y)) if right * moved[0] > error else right,
            )
            error = add_up(error, product_error(*norms, *moved))
        return Near(c, float(add_up(error, _lost(c.size, k))))

    @quiet
    def fine_product(self, x: Near, y: Near) -> Near:  # noqa: D102
        require_blas_once()
        k = x.mid.shape[-1]
        if k > MOST_TERMS:
            return self.product(x, y)
        # Leading parts multiply without error: of what is left rounding takes 2^-20 of what it takes of the whole.
        (xh, xl), (yh, yl) = leading(x.mid, self.digits), leading(y.mid, self.digits)
        exact, small = xh @ yh, xh @ yl + xl @ y.mid
        c = exact + small
        stacks = math.prod(c.shape[:-2])
        lost = add_up(
            mul_up(largest_frobenius(xh), largest_frobenius(yl)),
            mul_up(largest_frobenius(xl), largest_frobenius(y.mid)),
        )
        error = mul_up(self.unit * gamma(k + 1), lost, sqrt_up(float(stacks)))
        moved = [copies(z.rad, math.prod(z.mid.shape[:-2]), stacks) for z in (x, y)]
        if any(moved):
            error = add_up(error, product_error(largest_frobenius(x.mid), largest_frobenius(y.mid), *moved))
        return Near(c, float(add_up(error, rounding(c, unit=self.unit), _lost(c.size, 3 * k))))

    def _carrying(self, x: Near) -> float:
        """Upper bound of the spectral norms of the midpoints, infinite where that would cost too much."""
        small = min(x.mid.shape[-2:]) <= _DIRECT and math.prod(x.mid.shape[:-2]) * min(x.mid.shape[-2:]) <= 4 * _DIRECT
        return stack_norm_upper(Ball(narrowed(x.mid))) if small else math.inf

    def gather(self, x: Near, index: Indices) -> Near:  # noqa: D102
        used = index[index >= 0]
        most = int(np.bincount(used).max()) if used.size else 0
        mid = (padded(x.mid) if used.size < index.size else x.mid)[..., index]
        return Near(mid, x.rad if most <= 1 else float(mul_up(x.rad, sqrt_up(float(most)))))

    @quiet
    def gathered_sum(self, x: Near, index: Indices) -> Near:  # noqa: D102
        whole, terms = padded(x.mid), index.shape[1]
        total = whole[..., index[:, 0]]
        for j in range(1, terms):
            total += whole[..., index[:, j]]
        used = index[index >= 0]
        most = int(np.bincount(used).max()) if used.size else 0
        norm = float(sqrt_up(float(terms * most))) if terms * most > 1 else 1.0
        return Near(total, sum_error(norm, terms, frobenius(x.mid), x.rad, self.unit))

    def concatenate(self, parts: Sequence[Near]) -> Near:  # noqa: D102
        rad = parts[0].rad
        for p in parts[1:]:
            rad = float(sqrt_up(add_up(mul_up(rad, rad), mul_up(p.rad, p.rad))))
        return Near(np.concatenate([p.mid for p in parts]), rad)

    def activation(self, name: str, z: Near, order: int) -> Near:  # noqa: D102
        act = activation(name)
        found = act.enclose(Ball(z.mid), order)
        moved = mul_up((act.s1, act.s2, act.s3)[order], z.rad)
        return Near(found.mid, float(add_up(mul_up(sqrt_up(float(z.mid.size)), np.max(found.rad)), moved)))

    @quiet
    def applied(self, x: Near, function: Callable[[Array], Array], norm: float, roundings: int) -> Near:  # noqa: D102
        mid = function(x.mid)
        moved = x.rad if norm == 1 else float(mul_up(norm, x.rad))
        if not roundings:
            return Near(mid, moved)
        return Near(mid, float(add_up(moved, rounding(mid, roundings, products=1, unit=self.unit))))

    @quiet
    def masked(self, x: Near, factor: Array, largest: float) -> Near:  # noqa: D102
        mid = x.mid * factor
        moved = float(mul_up(copies(x.rad, x.mid.size, mid.size), largest)) if x.rad else 0.0
        exact = bool(np.isin(factor, (-1.0, 0.0, 1.0)).all())
        return Near(mid, moved if exact else float(add_up(moved, rounding(mid, products=1, unit=self.unit))))

    @quiet
    def centred(self, x: Near) -> Near:  # noqa: D102
        d = x.mid.shape[-1]
        mid = x.mid - x.mid.mean(-1, keepdims=True)
        # The mean errs by gamma |x| / sqrt(d) for a token, in d entries; the map itself is a projection.
        mean = mul_up(gamma(d + 1), frobenius(x.mid))
        return Near(mid, float(add_up(x.rad, mean, rounding(mid), _lost(mid.size, 1))))

    @quiet
    def normalised(self, x: Near, epsilon: float) -> tuple[Near, Near]:  # noqa: D102
        d = x.mid.shape[-1]
        shortest = max(0.0, float(down(self.smallest_row_norm(x))))
        least = float(down(down(shortest * shortest) + down(d * epsilon)))  # r^2 anywhere near
        if not least > TINY:
            raise NoVerdictError("a token's norm vanishes: squares of its entries underflow")
        factor = 1 / np.sqrt(np.square(x.mid).mean(-1, keepdims=True) + epsilon)
        root = sqrt_up(float(d))
        # |grad f| <= sqrt(d) / r^2, and the map is Lipschitz with sqrt(d) / r; d + 4 roundings make f, one more f x.
        moved = up(mul_up(root, x.rad) / least)
        near_factor = Near(factor, float(add_up(moved, rounding(factor, d + 4), _lost(factor.size, d))))
        mid = x.mid * factor
        passed = up(mul_up(root, x.rad) / float(sqrt_down(least)))
        rounded = rounding(mid, d + 5, products=1)
        return Near(mid, float(add_up(passed, rounded, _lost(mid.size, d)))), near_factor

    @quiet
    def softmax(self, z: Near) -> Near:  # noqa: D102
        t = z.mid - z.mid.max(-1, keepdims=True)
        e, error = _powers(t, float(mul_up(U, np.max(np.abs(t), initial=0.0))))
        d = e.shape[-1]
        total = e.sum(-1, keepdims=True)
        sums = add_up(mul_up(float(d), error), mul_up(gamma(d - 1), float(np.max(total, initial=0.0))))
        p = e / total
        lowest = float(down(float(np.min(total, initial=np.inf)) - sums))
        entry = quotient_error(float(np.max(p, initial=0.0)), error, float(sums), lowest)
        # The map is Lipschitz with 1/2.
        return Near(p, float(add_up(mul_up(0.5, z.rad), mul_up(sqrt_up(float(p.size)), entry))))

    @quiet
    def exponential(self, z: Near) -> Near:  # noqa: D102
        e, error = _powers(z.mid, 0.0)
        # The map is 1-Lipschitz at and below 0.
        return Near(e, float(add_up(z.rad, mul_up(sqrt_up(float(e.size)), error))))

    @quiet
    def lengths(self, x: Near, axis: int) -> Array:  # noqa: D102
        k = x.mid.shape[axis]
        return np.asarray(add_up(sqrt_up(raise_sum(np.square(x.mid).sum(axis), k, products=k)), x.rad))

    @quiet
    def smallest_row_norm(self, x: Near) -> float:  # noqa: D102
        k = x.mid.shape[-1]
        squares = np.square(x.mid).sum(-1)
        return max(0.0, float(down(np.min(sqrt_down(lower_sum(squares, k, products=k))) - x.rad)))

    def norm(self, x: Near) -> float:  # noqa: D102
        return float(add_up(spectral_norm_upper(Ball(np.ascontiguousarray(x.mid))), x.rad))

    def largest_norm(self, x: Near) -> float:  # noqa: D102
        return float(add_up(stack_norm_upper(Ball(x.mid)), x.rad))

    def roots(self, grams: Near) -> Array:  # noqa: D102
        return np.asarray(sqrt_up(add_up(eigenvalues_upper(grams.mid), grams.rad)))

    def radius(self, x: Near) -> float:  # noqa: D102
        return x.rad

    def frobenius(self, x: Near) -> float:  # noqa: D102
        return float(add_up(frobenius(x.mid), x.rad))

    def middle(self, x: Near) -> Array:  # noqa: D102
        return x.mid

    def sum(self, x: Array, y: Array) -> Array:  # noqa: D102
        return add_up(x, y)

    def root(self, x: Array | float) -> Array:  # noqa: D102
        return sqrt_up(x)

    def up(self, *factors: Array | float) -> Array:  # noqa: D102
        return mul_up(*factors)

    def total(self, x: Array) -> float:  # noqa: D102
        return float(sum_up(np.asarray(x)))
