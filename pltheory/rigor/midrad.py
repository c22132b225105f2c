"""Midpoint-radius matrices: a float64 array and a bound on how far the exact array may be from it.

A `Ball` stands for every real array X with |X - mid| <= rad, entry by entry; the radius is broadcast
against the midpoint, so it may be one number (cheap), a column (one number a row), a row, or a full array.
Operations return a ball that contains the exact result for every choice of exact operands, whatever the
order of summation, blocking, thread count or fused operations of the BLAS in use.

Source: Rump, "Fast and parallel interval arithmetic", BIT 39 (1999) 534, with a-priori in place of directed
rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pltheory.theory import InvalidInputError

from . import roundoff
from .environment import require_blas_once, require_thread
from .errors import NoVerdictError
from .roundoff import Array, add_up, ends, mul_up, quiet, raise_sum, sqrt_up
from .scalar import Interval

RadiusShape = Literal["scalar", "outer"]
ERROR_TERMS = (
    "addition_rounding",
    "product_rounding",
    "product_propagated",
    "inner_rounding",
    "inner_underflow",
    "inner_propagated",
    "sum_rounding",
    "sum_propagated",
)
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

BLOCK = 1024
"""Inner dimension of one BLAS product; longer ones are cut: errors grow with BLOCK + k / BLOCK, not k."""


@dataclass(frozen=True, eq=False)
class Ball:
    """All real arrays within `rad` of `mid`, entry by entry.

    The arrays are not copied: do not write to them afterwards.

    Attributes:
        mid: (n, m), or any shape, float64.
        rad: nonnegative, of shape () or broadcastable to mid and of the same number of axes.
        low: smallest entry of mid.
        high: largest entry of mid.

    Raises:
        InvalidInputError: mid is not float64, or the shapes do not fit.
        NoVerdictError: an entry is NaN or infinite, or a radius is negative.
        RoundingEnvironmentError: the calling thread flushes subnormals or does not round to nearest.
    """

    mid: Array
    rad: Array
    low: float
    high: float

    # NumPy must hand `array @ ball` over to the class instead of treating the ball as an object scalar.
    __array_ufunc__ = None

    def __init__(self, mid: Any, rad: Any = 0.0):
        require_thread()
        mid = np.asarray(mid)
        rad = np.asarray(rad)
        if mid.dtype != np.float64 or rad.dtype != np.float64:
            raise InvalidInputError(f"ball: need float64 arrays, got {mid.dtype} and {rad.dtype}")
        if rad.ndim and rad.ndim != mid.ndim:
            raise InvalidInputError(f"ball: radius {rad.shape} must be a scalar or have as many axes as {mid.shape}")
        if rad.ndim and any(r not in (1, m) for r, m in zip(rad.shape, mid.shape, strict=True)):
            raise InvalidInputError(f"ball: radius {rad.shape} does not broadcast to {mid.shape}")
        if ends(rad, "radius")[0] < 0:
            raise NoVerdictError("radius is negative")
        low, high = ends(mid, "midpoint")
        self._set(mid, rad, low, high)

    def _set(self, mid: Array, rad: Array, low: float, high: float) -> None:
        for name, value in (("mid", mid), ("rad", rad), ("low", low), ("high", high)):
            object.__setattr__(self, name, value)

    @classmethod
    def _measured(cls, mid: Array, rad: Array, low: float, high: float) -> Ball:
        """The ball whose midpoint is known to lie in [low, high]; only the radius is looked at again."""
        require_thread()
        ends(rad, "radius")
        made = object.__new__(cls)
        made._set(mid, rad, low, high)
        return made

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the midpoint."""
        return self.mid.shape

    @property
    def T(self) -> Ball:
        """The transposed ball."""
        return Ball._measured(self.mid.T, self.rad.T, self.low, self.high)

    def wider(self, rad: Array) -> Ball:
        """The ball of the same midpoint with that radius added."""
        wide = add_up(self.rad, rad) if self.rad.any() else np.asarray(rad)
        return Ball._measured(self.mid, wide, self.low, self.high)

    def rows(self, index: slice) -> Ball:
        """The ball of those rows."""
        per_row = self.rad.ndim and self.rad.shape[0] == self.mid.shape[0]
        return Ball(self.mid[index], self.rad[index] if per_row else self.rad)

    def __neg__(self) -> Ball:
        return Ball._measured(-self.mid, self.rad, -self.high, -self.low)

    def peak(self, shape: tuple[int, ...]) -> Array:
        """max |mid| over the axes where shape is 1 and mid's is not; over all of it for shape (). Exact."""
        return np.asarray(max(self.high, -self.low)) if shape == () else max_abs_as(self.mid, shape)

    def __add__(self, other: Ball | Array | float) -> Ball:
        return add(self, as_ball(other))

    __radd__ = __add__

    def __sub__(self, other: Ball | Array | float) -> Ball:
        return add(self, -as_ball(other))

    def __rsub__(self, other: Array | float) -> Ball:
        return add(as_ball(other), -self)

    def __mul__(self, other: Ball | Array | float) -> Ball:
        return multiply(self, as_ball(other))

    __rmul__ = __mul__

    def __matmul__(self, other: Ball | Array) -> Ball:
        return matmul(self, as_ball(other))

    def __rmatmul__(self, other: Array) -> Ball:
        return matmul(as_ball(other), self)


def as_ball(x: Ball | Any) -> Ball:
    """x, the ball that holds an Interval, or the ball of radius 0 around an exact array or number.

    float16 and float32 are widened exactly.

    Raises:
        InvalidInputError: an array that float64 may not represent exactly.
    """
    if isinstance(x, Ball):
        return x
    if isinstance(x, Interval):
        mid = 0.5 * x.lo + 0.5 * x.hi
        # Whatever was rounded in mid, the radius reaches from it to both ends.
        return Ball(np.asarray(mid), roundoff.up(np.asarray(max(0.0, x.hi - mid, mid - x.lo))))
    array = np.asarray(x)
    if array.dtype.kind in "iub" and (array.size == 0 or max(abs(int(array.min())), abs(int(array.max()))) <= 2**53):
        return Ball(array.astype(np.float64))
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise InvalidInputError(f"exact array: need float16, float32, float64 or small integers, got {array.dtype}")
    return Ball(array.astype(np.float64, copy=False))


def max_abs_as(x: Array, shape: tuple[int, ...]) -> Array:
    """max |x| over the axes where shape is 1 and x is not. Exact."""
    axes = tuple(i for i, s in enumerate(shape) if s == 1 and x.shape[i] != 1)
    a: Array = np.abs(x)
    return np.asarray(a.max(axis=axes, keepdims=True)) if axes and x.size else a


def _shape(ndim: int, *rads: Array) -> tuple[int, ...]:
    """Shape of the radius of a result: () where all operands have scalar radii."""
    shapes = [r.shape for r in rads if r.ndim]
    return np.broadcast_shapes(*shapes, (1,) * ndim) if shapes else ()


# --- entrywise operations ---------------------------------------------------------------------------------


def addition_rounding(result: Array) -> Array:
    """|fl(a + b) - (a + b)| <= U |fl(a + b)|: half a unit of the result, and no underflow in additions."""
    return mul_up(roundoff.U, result)


@quiet
def add(a: Ball, b: Ball) -> Ball:
    """a + b, broadcast.

    Raises:
        NoVerdictError: overflow.
    """
    c = Ball(a.mid + b.mid)
    shape = _shape(c.mid.ndim, a.rad, b.rad)
    return c.wider(add_up(a.rad, b.rad, addition_rounding(c.peak(shape))))


def product_rounding(result: Array) -> Array:
    """|fl(a b) - a b| <= U |fl(a b)|, or ETA / 2 below the normal range, less than the step in `mul_up`."""
    return mul_up(roundoff.U, result)


def product_propagated(a: Array, ra: Array, b: Array, rb: Array) -> Array:
    """sup |x y - a b| over |x - a| <= ra, |y - b| <= rb: |a| rb + ra |b| + ra rb (a, b given as moduli)."""
    return add_up(mul_up(a, rb), mul_up(ra, add_up(b, rb)))


@quiet
def multiply(a: Ball, b: Ball) -> Ball:
    """Entrywise product a b, broadcast; with a float or an array of one entry this is scaling.

    Raises:
        NoVerdictError: overflow.
    """
    c = Ball(a.mid * b.mid)
    shape = _shape(c.mid.ndim, a.rad, b.rad)
    rounding = product_rounding(c.peak(shape))
    if not (a.rad.any() or b.rad.any()):
        return c.wider(rounding)
    am, bm = (x.peak(()) if shape == () else max_abs_as(np.broadcast_to(x.mid, c.shape), shape) for x in (a, b))
    return c.wider(add_up(product_propagated(am, a.rad, bm, b.rad), rounding))


@quiet
def scale_power_of_two(a: Ball, exponent: int) -> Ball:
    """a 2^exponent; exact but for underflow.

    Raises:
        NoVerdictError: overflow.
    """
    mid = np.ldexp(a.mid, exponent)
    # Midpoint and radius lose at most ETA / 2 each, below the normal range only: one step up covers both.
    exact = exponent >= 0 or bool((np.ldexp(mid, -exponent) == a.mid).all())
    return Ball(mid, a.rad if exact and not a.rad.any() else roundoff.up(np.ldexp(a.rad, exponent)))


# --- sums -------------------------------------------------------------------------------------------------


def sum_rounding(modulus_sum: Array, k: int) -> Array:
    """|fl(sum x) - sum x| <= gamma(k - 1) sum |x| for k terms in any order."""
    return mul_up(roundoff.gamma(max(k - 1, 0)), modulus_sum)


def sum_propagated(rad: Array, shape: tuple[int, ...], axis: int | None) -> Array:
    """Upper bound of the sum of the radii of the terms."""
    k = math.prod(shape) if axis is None else shape[axis]
    if rad.ndim == 0:
        return mul_up(float(k), rad)
    return roundoff.sum_up(np.broadcast_to(rad, shape), axis)


@quiet
def total(a: Ball, axis: int | None = None) -> Ball:
    """Sum of all entries, or along an axis (which disappears). Radius: entrywise in the result.

    Raises:
        NoVerdictError: overflow.
    """
    mid = np.asarray(np.sum(a.mid, axis=axis))
    k = a.mid.size if axis is None else a.mid.shape[axis]
    modulus = roundoff.sum_up(np.abs(a.mid), axis)
    return Ball(mid, add_up(sum_propagated(a.rad, a.shape, axis), sum_rounding(modulus, k)))


# --- matrix products --------------------------------------------------------------------------------------


def row_two_norms(x: Array) -> Array:
    """(n, 1) upper bounds of the Euclidean norms of the rows of the exact array x (n, k)."""
    k = x.shape[1]
    squares = np.einsum("ij,ij->i", x, x)[:, None]
    return sqrt_up(raise_sum(squares, k, products=k)) if k else np.zeros((x.shape[0], 1))


def row_one_norms(x: Array) -> Array:
    """(n, 1) upper bounds of the sums of the moduli of the rows of the exact array x (n, k)."""
    return roundoff.sum_up(np.abs(x), axis=1)[:, None]


def inner_rounding(depth: int, left: Array, right: Array) -> Array:
    """|fl(x.y) - x.y| <= gamma(depth) |x|.|y| <= gamma(depth) ||x|| ||y||; depth = roundings on a path."""
    return mul_up(roundoff.gamma(depth), left, right)


def inner_underflow(k: int) -> float:
    """What the k products of an inner product may lose to underflow: k ETA."""
    return roundoff.underflow(k)


def inner_propagated(k: int, left: Array, ra: Array, right: Array, rb: Array) -> Array:
    """sup |x.y - a.b| for entries within ra, rb: ||a||_1 rb + ra ||b||_1 + k ra rb (left, right: 1-norms)."""
    return add_up(mul_up(left, rb), mul_up(ra, add_up(right, mul_up(float(k), rb))))


@quiet
def product_floats(x: Array, y: Array) -> tuple[Array, int]:
    """fl(x y) summed in blocks of the inner dimension, and the largest number of roundings on a path."""
    k = x.shape[1]
    blocks = max(1, -(-k // BLOCK))
    if blocks == 1:
        return x @ y, k
    out = x[:, :BLOCK] @ y[:BLOCK]
    for start in range(BLOCK, k, BLOCK):
        out += x[:, start : start + BLOCK] @ y[start : start + BLOCK]
    return out, BLOCK + blocks - 1


@quiet
def matmul(a: Ball, b: Ball, radius: RadiusShape = "scalar") -> Ball:
    """Matrix product of a (n, k) and b (k, m).

    Args:
        a: left factor.
        b: right factor.
        radius: shape of the result's radius: one number, or "outer", (n, m) from norms of rows and columns.

    Raises:
        InvalidInputError: operands are not matrices that fit.
        NoVerdictError: overflow.
        RoundingEnvironmentError: see `environment`.
    """
    if a.mid.ndim != 2 or b.mid.ndim != 2 or a.shape[1] != b.shape[0]:
        raise InvalidInputError(f"matrix product: shapes {a.shape} and {b.shape} do not fit")
    require_blas_once()
    k = a.shape[1]
    mid, depth = product_floats(a.mid, b.mid)
    whole = radius == "scalar"
    left, right = row_two_norms(a.mid), row_two_norms(b.mid.T).T  # (n, 1), (1, m)
    error = inner_rounding(depth, _fold(left, whole), _fold(right, whole))
    if a.rad.any() or b.rad.any():
        ra = _fold(_rowwise(a.rad), whole)
        rb = _fold(_rowwise(b.rad.T).T, whole)
        left1, right1 = row_one_norms(a.mid), row_one_norms(b.mid.T).T
        error = add_up(error, inner_propagated(k, _fold(left1, whole), ra, _fold(right1, whole), rb))
    error = add_up(error, inner_underflow(k))
    return Ball(mid, error.reshape(()) if whole else np.broadcast_to(error, mid.shape))


def _fold(x: Array, whole: bool) -> Array:
    """The vector x, or its maximum as a (1, 1) array."""
    return np.max(x, keepdims=True, initial=0.0) if whole else x


def _rowwise(rad: Array) -> Array:
    """Largest radius of each row, (n, 1), or (1, 1) where the radius is the same in all rows."""
    return rad.reshape(1, 1) if rad.ndim == 0 else rad.max(axis=1, keepdims=True)
