"""Ball arithmetic of the rechecker: activations, verified eigenvalue bounds, matrices of balls (python-flint).

Written again from the theory page, sharing nothing with the arithmetic that makes certificates. NumPy supplies guesses
(eigenvalues, approximate factors), none of which is believed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from flint import arb, arb_mat, ctx, fmpz_mat

from .cost import on_time
from .fields import FAILED, Array, Stop

_BLOCK = 200_000
"""Matrix entries turned into balls at a time."""
_MARGINS = [2.0**-k for k in (38, 34, 30, 26, 22, 16, 8, 1)]
"""Relative distances from a guessed eigenvalue at which a factor is tried, in turn."""

Row = list[arb]


def _tanh(z: arb) -> tuple[arb, arb]:
    t = z.tanh()
    return t, 1 - t * t


def _sigmoid(z: arb) -> tuple[arb, arb]:
    e = (-abs(z)).exp()
    s = 1 / (1 + e) if z >= 0 else e / (1 + e) if z <= 0 else 1 / (1 + (-z).exp())
    return s, s * (1 - s)


def _softplus(z: arb) -> tuple[arb, arb]:
    return (z + (-z).exp().log1p() if z > 0 else z.exp().log1p()), _sigmoid(z)[0]


def _erf(z: arb) -> tuple[arb, arb]:
    return z.erf(), 2 / arb.pi().sqrt() * (-z * z).exp()


def _gelu(z: arb) -> tuple[arb, arb]:
    phi = (-z / arb(2).sqrt()).erfc() / 2
    return z * phi, phi + z * (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def _silu(z: arb) -> tuple[arb, arb]:
    s, slope = _sigmoid(z)
    return z * s, s + z * slope


def _mish(z: arb) -> tuple[arb, arb]:
    # g = tanh(log(1 + e^z)) = (1 + 2 q) / (1 + 2 q + 2 q^2) with q = e^-z, and g' = 4 q^2 (1 + q) / (..)^2.
    if z > 0:
        q = (-z).exp()
        below = 1 + 2 * q + 2 * q * q
        g, slope = (1 + 2 * q) / below, 4 * q * q * (1 + q) / (below * below)
    else:
        e = z.exp()
        below = e * e + 2 * e + 2
        g, slope = (e * e + 2 * e) / below, 4 * e * (1 + e) / (below * below)
    return z * g, g + z * slope


def _silu_s1() -> arb:
    # act'' = s (1 - s) (2 - z tanh(z/2)) changes sign once for z > 0, at a root where act' = 1/2 + z/4; bisection.
    low, high = arb(2), arb(3)
    for _ in range(ctx.prec):
        mid = ((low + high) / 2).mid()
        value = 2 - mid * (mid / 2).tanh()
        if not (value > 0 or value < 0):
            break
        low, high = (mid, high) if value > 0 else (low, mid)
    return arb(1) / 2 + low.union(high) / 4


ACTIVATIONS: dict[str, tuple[Callable[[arb], tuple[arb, arb]], Callable[[], arb], Callable[[], arb]]] = {
    "tanh": (_tanh, lambda: arb(1), lambda: 4 / (3 * arb(3).sqrt())),
    "sigmoid": (_sigmoid, lambda: arb(1) / 4, lambda: 1 / (6 * arb(3).sqrt())),
    "softplus": (_softplus, lambda: arb(1), lambda: arb(1) / 4),
    "erf": (_erf, lambda: 2 / arb.pi().sqrt(), lambda: 2 * arb(2).sqrt() * (-arb(1) / 2).exp() / arb.pi().sqrt()),
    "gelu": (
        _gelu,
        lambda: (1 + arb(1).erf()) / 2 + (-arb(1)).exp() / arb.pi().sqrt(),
        lambda: (2 / arb.pi()).sqrt(),
    ),
    "silu": (_silu, _silu_s1, lambda: arb(1) / 2),
    # The decimals of the theory page's table, rounded up.
    "mish": (_mish, lambda: arb("1.088498161252"), lambda: arb("0.644204637237")),
    "sin": (lambda z: (z.sin(), z.cos()), lambda: arb(1), lambda: arb(1)),
}
"""Name to (value and derivative, s1, s2): THEORY's table of suprema."""


def _gelu_s3() -> arb:
    # (x^3 - 4 x) phi(x), whose modulus is largest where x^4 - 7 x^2 + 4 = 0, at the smaller of both squares.
    square = (7 - arb(33).sqrt()) / 2
    return square.sqrt() * (4 - square) * (-square / 2).exp() / (2 * arb.pi()).sqrt()


THIRD: dict[str, Callable[[], arb]] = {
    "tanh": lambda: arb(2),
    "sigmoid": lambda: arb(1) / 8,
    "softplus": lambda: 1 / (6 * arb(3).sqrt()),
    "erf": lambda: 4 / arb.pi().sqrt(),
    "gelu": _gelu_s3,
    # The decimals of the theory page's table, rounded up.
    "silu": lambda: arb("0.308181515797"),
    "mish": lambda: arb("0.588412044870"),
    "sin": lambda: arb(1),
}
"""Name to s3, the largest |act'''|."""


def matrix(values: Array) -> arb_mat:
    """A matrix of floats as balls."""
    rows, columns = values.shape
    return arb_mat(rows, columns, values.ravel().tolist())


def blocks(w: Array, axis: int) -> Iterator[Array]:
    """A matrix in parts along an axis, none too large."""
    step = max(1, _BLOCK // w.shape[1 - axis])
    return (w.take(range(k, min(k + step, w.shape[axis])), axis) for k in range(0, w.shape[axis], step))


def times(x: arb_mat, y: arb_mat) -> arb_mat:
    """Entrywise product."""
    return arb_mat(x.nrows(), x.ncols(), [a * b for a, b in zip(x.entries(), y.entries(), strict=True)])


def largest_of(values: Iterable[arb]) -> arb:
    """Enclosure of the largest of a nonempty collection."""
    values = iter(values)
    best = next(values)
    for v in values:
        best = best.max(v)
    return best


def root(x: arb) -> arb:
    """Square root of a nonnegative number whose enclosure may reach below 0."""
    if not x.is_finite():
        raise Stop(FAILED, "arithmetic", "a number is not finite: overflow")
    return x.lower().max(arb(0)).sqrt().union(x.upper().max(arb(0)).sqrt())


def floats_of(m: arb_mat) -> Array:
    """The midpoints of a matrix of balls."""
    values = np.array([float(v) for v in m.entries()]).reshape(m.nrows(), m.ncols())
    if not np.isfinite(values).all():
        raise Stop(FAILED, "arithmetic", "a matrix leaves the range of numbers; more bits may help")
    return values


def spectrum(sym: arb_mat, hint: arb | None = None) -> tuple[arb, arb]:
    """Enclosures of the smallest (0 without a hint) and the largest eigenvalue of a positive semidefinite matrix."""
    n = sym.nrows()
    if n == 1:
        return sym[0, 0], sym[0, 0]
    trace = sum((sym[i, i] for i in range(n)), arb(0))
    if not trace.is_finite() or not trace.upper() > 0:
        if trace.is_zero():
            return trace, trace
        raise Stop(FAILED, "arithmetic", "a matrix is not finite: overflow")
    man, exp = trace.upper().man_exp()
    unit = arb(2) ** (int(exp) + man.bit_length())  # entries below 1: guesses in floats neither over- nor underflow
    sym = sym * (1 / unit)
    floats = floats_of(sym)
    values, vectors = np.linalg.eigh((floats + floats.T) / 2)

    def quotient(v: Array) -> arb:
        column = arb_mat(n, 1, v.tolist())
        return (column.transpose() * (sym * column))[0, 0] / (column.transpose() * column)[0, 0]

    # The row sums bound the largest eigenvalue too, and for some matrices they and the trace are it.
    sums = largest_of(sum((abs(v) for v in row), arb(0)).upper() for row in sym.tolist())
    high = (-below(-sym, -floats, -float(values[-1]))).upper().min(sums).min((trace / unit).upper())
    largest = quotient(vectors[:, -1]).lower().union(high) * unit
    if hint is None:
        return arb(0), largest
    least = below(sym, floats, float(values[0]), float(hint / unit)).lower()
    return least.union(quotient(vectors[:, 0]).upper()) * unit, largest


def spectral_norm(m: arb_mat) -> arb:
    """Enclosure of the largest singular value."""
    turned = m.transpose()
    return root(spectrum(m * turned if m.nrows() <= m.ncols() else turned * m)[1])


def symmetric_norm(sym: arb_mat) -> arb:
    """Enclosure of the largest modulus of an eigenvalue of a symmetric matrix."""
    n, size = sym.nrows(), frobenius(sym.entries())
    if size.is_zero() or n == 1:
        return abs(sym[0, 0])
    man, exp = size.man_exp()
    unit = arb(2) ** (int(exp) + man.bit_length())  # entries below 1
    sym = sym * (1 / unit)
    floats = floats_of(sym)
    values, vectors = np.linalg.eigh((floats + floats.T) / 2)
    # Both ends are bounded at the larger modulus: the other one may be 0, and near 0 there is no factor.
    guess, low, high = -float(np.abs(values).max()), arb(0), arb(0)
    for sign, k in ((1, 0), (-1, n - 1)):
        column = arb_mat(n, 1, vectors[:, k].tolist())
        along = (column.transpose() * (sym * column))[0, 0] / (column.transpose() * column)[0, 0]
        low = low.max((-sign * along).lower())
        high = high.max(-below(sign * sym, sign * floats, guess))
    return low.union(high.upper().min((size / unit).upper())) * unit


def below(sym: arb_mat, floats: Array, guess: float, hint: float = -math.inf) -> arb:
    """Lower bound of the smallest eigenvalue, near the guess, or if that falls short of the hint just above it."""
    best = -frobenius(sym.entries())
    # Closer than the rounding of a factorisation in floats nothing can be gained (entries are below 1).
    tries = [m * abs(guess) for m in _MARGINS if m * abs(guess) > len(floats) * 2.0**-54]
    for distance in tries:
        bound = from_factor(sym, floats, guess - distance, distance)
        best = best.max(bound)
        if bound >= guess - 2 * distance:
            break
    for distance in (abs(hint) * 2.0**-k for k in (30, 26) if math.isfinite(hint)):
        if not best >= hint:
            best = best.max(from_factor(sym, floats, hint + distance, distance))
    return best


def from_factor(sym: arb_mat, floats: Array, shift: float, loss: float) -> arb:
    """Lower bound shift - ||sym - shift I - F F^T||_F of the smallest eigenvalue, for a good F; -inf if none is found.

    F starts as a Cholesky factor in floats and gains parts until its residual drops below the loss allowed.
    """
    on_time()
    n, best = len(floats), arb.neg_inf()
    try:
        factor = np.linalg.cholesky(floats - shift * np.eye(n))
    except np.linalg.LinAlgError:
        return best
    parts = [factor]
    for scale in (60, 110, 110):
        cells = zip(*(np.ldexp(p, scale).ravel().tolist() for p in parts), strict=True)
        integers = fmpz_mat(n, n, [sum(map(int, cell)) for cell in cells])
        rest = sym - arb_mat(integers * integers.transpose()) * arb(2) ** (-2 * scale)
        for i in range(n):
            rest[i, i] -= shift
        entries = rest.entries()
        residual = frobenius(entries)
        best = best.max((shift - residual).lower())
        if residual <= loss:
            break
        half = np.tril(np.linalg.solve(factor, np.linalg.solve(factor, floats_of(rest)).T))
        half[np.diag_indices(n)] /= 2
        if not np.abs(half).max() < 0.5:
            break
        parts.append(factor @ half)
    return best


def frobenius(entries: Row) -> arb:
    """Upper bound of the Frobenius norm."""
    return root(sum((v * v for v in entries), arb(0))).upper()
