"""The verified forward pass of a network of exact float64 arrays, and norms of such arrays.

Products are formed by slicing: a plain product of k terms errs by about k roundings in the worst case, which no bound
can exclude, and that worst case, not the true error, is what a certificate pays for at every step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...nets.activations import activation
from ...rigor import roundoff
from ...rigor.midrad import Ball, inner_propagated, matmul, row_one_norms
from ...rigor.roundoff import Array, add_up, mul_up, quiet, sqrt_up
from ...rigor.scalar import Interval, between, interval, sqrt
from ..stored import FloatNetwork

ERROR_TERMS = ("slice_rounding",)
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

_PIECE = 64
"""Terms of a sum of squares that are added at a time, so that its error grows with the logarithm of the size."""


# --- norms ------------------------------------------------------------------------------------------------------------


@quiet
def _sum_of_squares(x: Array) -> tuple[float, int]:
    """Computed sum of the squares of all entries, and the most roundings on a path of its tree."""
    flat = np.ascontiguousarray(x).reshape(-1)
    whole = flat.size // _PIECE * _PIECE
    rows, rest = flat[:whole].reshape(-1, _PIECE), flat[whole:]
    values = np.append(np.einsum("ij,ij->i", rows, rows), rest @ rest)
    depth = _PIECE
    while values.size > _PIECE:
        padded = np.zeros(-(-values.size // _PIECE) * _PIECE)
        padded[: values.size] = values
        values = padded.reshape(-1, _PIECE).sum(axis=1)
        depth += _PIECE - 1
    return float(np.sum(values)), depth + _PIECE - 1


@quiet
def norm(arrays: Sequence[Array]) -> Interval:
    """Enclosure of the Euclidean norm of exact arrays taken as one vector.

    Raises:
        NoVerdictError: NaN or overflow.
    """
    if any(x.dtype != np.float64 for x in arrays):
        # A cast moves every entry by a rounding, or what is too small for a double to 0.
        found = norm([x.astype(np.float64) for x in arrays]) * between(1 - 2.0**-50, 1 + 2.0**-50)
        lost = 2.0**-1000 * sum(x.size for x in arrays)
        return between(max(0.0, (found - lost).lo), (found + lost).hi)
    total = interval(0.0)
    for x in arrays:
        squares, depth = _sum_of_squares(x)
        low = float(roundoff.lower_sum(squares, depth, products=x.size))
        high = float(roundoff.raise_sum(squares, depth, products=x.size))
        total = total + between(low, high)
    return sqrt(total)


def norm_up(x: Array) -> float:
    """Upper bound of the Frobenius norm of an exact array."""
    return norm([x]).hi


@quiet
def distance_up(a: FloatNetwork, b: FloatNetwork) -> float:
    """Upper bound of the Euclidean distance between the parameters of two networks of one shape."""
    apart = norm([x - y for x, y in zip(a.parameters, b.parameters, strict=True)]).hi
    # A computed difference d of floats stands for an exact one of modulus at most |d| (1 + U / (1 - U)).
    return float(mul_up(apart, 1.0 + 2.0**-51))


# --- forward ----------------------------------------------------------------------------------------------------------


def slice_rounding(k: int, left: float, right: float, bits: int, result: float) -> float:
    """Error of `sliced_product` from rounding: the two small products, and the two additions.

    |left - slice| <= left 2^-(bits + 1) and the same on the right, so either small product is at most
    t = k left right 2^-(bits + 1) in modulus and errs by at most gamma(k) t + k ETA; their computed sum is below 3 t.
    """
    small = mul_up(float(k), left, right * 2.0 ** -(bits + 1))
    products = mul_up(2.0, add_up(mul_up(roundoff.gamma(k), small), roundoff.underflow(k)))
    return float(add_up(products, mul_up(roundoff.U, mul_up(3.0, small)), mul_up(roundoff.U, result)))


@quiet
def sliced_product(a: Ball, w: Array) -> Ball:
    """Ball of a w^T for a (n, k), scalar radius, and an exact w (m, k), to about one rounding of the result.

    a = a1 + a2 and w = w1 + w2 with a1, w1 integers of at most `bits` bits times powers of two: a1 w1^T is free of
    rounding, in any order of summation, because k 2^(2 bits) <= 2^53; the rest is 2^-bits times smaller.
    """
    k = w.shape[1]
    bits = (53 - max(k - 1, 1).bit_length()) // 2
    tops = [math.frexp(max(float(np.max(x)), -float(np.min(x))))[1] for x in (a.mid, w)]
    if not all(abs(e) < 200 for e in tops) or bits < 8:
        return matmul(a, Ball(w.T))  # scales at which slices could underflow, or sums too long to be exact

    def split(x: Array, top: int) -> tuple[Array, Array]:
        # Exact: scaling by a power of two is (an entry so small that it is not rounds to slice 0, rest x), and the
        # distance of a float to the nearest integer is a float.
        scaled = np.rint(x * 2.0 ** (bits - top))
        scaled *= 2.0 ** (top - bits)
        return scaled, x - scaled

    (a1, a2), (w1, w2) = split(a.mid, tops[0]), split(w, tops[1])
    small = a1 @ w2.T
    small += a2 @ w.T
    mid = a1 @ w1.T
    mid += small
    result = max(float(np.max(mid)), -float(np.min(mid)))
    left, right = 2.0 ** tops[0], 2.0 ** tops[1]
    error = slice_rounding(k, left, right, bits, result)
    if a.rad.any():
        column = float(np.max(row_one_norms(w)))
        error = float(add_up(error, inner_propagated(k, np.asarray(0.0), a.rad, np.asarray(column), np.asarray(0.0))))
    return Ball(mid, np.asarray(error))


@dataclass(frozen=True, eq=False)
class Forward:
    """Balls of what a forward pass computes.

    Attributes:
        inputs: A_0 = X, .., A_L, each (n, m_l); unscaled, without the column of tau.
        hidden: Z_l, l = 1..L.
        slopes: act'(Z_l), l = 1..L.
        residual: F - y, (n, C).
    """

    inputs: tuple[Ball, ...]
    hidden: tuple[Ball, ...]
    slopes: tuple[Ball, ...]
    residual: Ball

    @property
    def residual_norm(self) -> Interval:
        """Enclosure of ||r(w)||."""
        centre, apart = norm([self.residual.mid]), residual_apart(self.residual)
        return between(max(0.0, (centre - apart).lo), (centre + apart).hi)


def residual_apart(residual: Ball) -> float:
    """Upper bound of the Euclidean norm of exact minus computed residual."""
    count = float(residual.mid.size)
    if residual.rad.ndim:
        return norm_up(np.broadcast_to(residual.rad, residual.shape))
    return float(mul_up(sqrt_up(count), residual.rad))


def forward(net: FloatNetwork, x: Array, y: Array) -> Forward:
    """Enclose activations, slopes and residual at exact weights and data.

    Raises:
        NoVerdictError: overflow or NaN.
    """
    a = Ball(x)
    inputs, hidden, slopes, act = [], [], [], activation(net.activation)
    for l in range(net.depth):
        inputs.append(a)
        z = sliced_product(a, net.weights[l]) * net.kappa[l]
        bias = net.biases[l]
        if bias is not None:
            z = z + Ball(bias[None, :]) * net.tau[l]
        if l < net.depth - 1:
            hidden.append(z)
            a = act.enclose(z, 0)
            slopes.append(act.slope_from(z, a))
    return Forward(tuple(inputs), tuple(hidden), tuple(slopes), z - Ball(y))
