"""The two kinds of arrays that the numbers at the centre are computed with: floats, and balls that count round-off.

`FLOATS` are NumPy arrays and what is called an upper bound is then a value. `BALLS` are midpoint-radius arrays with one
radius each, and an upper bound is one. Everything else in this folder is written once for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import torch

from ...nets.activations import activation
from ...rigor import midrad
from ...rigor.eigen import lambda_max_upper
from ...rigor.environment import require_blas_once
from ...rigor.interval_arrays import INTERVAL_ARRAYS, intervals
from ...rigor.midrad import Ball, as_ball
from ...rigor.norms import max_abs_upper
from ...rigor.roundoff import U, add_up, finite, gamma, mul_up, quiet, raise_sum, raised, sqrt_up
from ...theory.arithmetic import ARRAYS, Arithmetic, Scalar

Array = np.ndarray
Values = Any
"""An array of the kind in use: numpy.ndarray or Ball."""


def moved(x: Values, change: Callable[[Array], Array]) -> Values:
    """x with its entries moved, repeated, left out or zeros put among them."""
    return Ball(change(x.mid), x.rad) if isinstance(x, Ball) else change(x)


def shaped(x: Values, *shape: int) -> Values:
    """x in another shape, entries in row order."""
    return moved(x, lambda a: a.reshape(shape))


def joined(parts: list[Values], axis: int) -> Values:
    """Arrays one after the other along an axis."""
    if isinstance(parts[0], Ball):
        return Ball(np.concatenate([p.mid for p in parts], axis), np.asarray(max(float(p.rad) for p in parts)))
    return np.concatenate(parts, axis)


class Numbers(Protocol):
    """What is done with a kind of array beyond + and *."""

    @property
    def formulas(self) -> Arithmetic:
        """The arithmetic of its upper bounds, in formulas over many radii."""
        ...

    def exact(self, x: Array) -> Values:
        """An array of stored doubles."""
        ...

    def number(self, x: float) -> Scalar:
        """An upper bound as a number of `formulas`."""
        ...

    def activated(self, name: str, z: Values, order: int) -> Values:
        """The activation of that name, or its derivative of order 1 or 2, entry by entry."""
        ...

    def product(self, a: Values, b: Values) -> Values:
        """(B, n, k) times (B, k, m), matrix by matrix."""
        ...

    def root_of_squares(self, a: Values, weights: Array) -> Array:
        """Upper bounds of (sum_k weights_k a_k^2)^(1/2) over the first axis; the weights are powers of two."""
        ...

    def roots(self, x: Array) -> Values:
        """Square roots of exact nonnegative doubles."""
        ...

    def tops(self, a: Values) -> Array:
        """(B,) upper bounds of the largest eigenvalues of symmetric (B, m, m)."""
        ...


class _Floats:
    formulas = ARRAYS

    def exact(self, x: Array) -> Values:
        return np.asarray(x, dtype=np.float64)

    def number(self, x: float) -> Scalar:
        return float(x)

    def activated(self, name: str, z: Values, order: int) -> Values:
        act = activation(name)
        return (act.value, act.derivative, act.second)[order](torch.from_numpy(np.ascontiguousarray(z))).numpy()

    def product(self, a: Values, b: Values) -> Values:
        return (a[0] @ b[0])[None] if len(a) == 1 else np.matmul(a, b)

    def root_of_squares(self, a: Values, weights: Array) -> Array:
        return np.sqrt(np.einsum("k,k...,k...->...", weights, a, a))

    def roots(self, x: Array) -> Values:
        return np.sqrt(x)

    def tops(self, a: Values) -> Array:
        return np.asarray(np.linalg.eigvalsh(a)[:, -1]) if a.shape[1] else np.zeros(len(a))


class _Balls:
    formulas = INTERVAL_ARRAYS

    def exact(self, x: Array) -> Values:
        return as_ball(x)

    def number(self, x: float) -> Scalar:
        return intervals(float(x))

    def activated(self, name: str, z: Values, order: int) -> Values:
        return activation(name).enclose(z, order)

    @quiet
    def product(self, a: Values, b: Values) -> Values:
        if not a.shape[2]:
            return as_ball(np.zeros((*a.shape[:2], b.shape[2])))
        if len(a.mid) == 1:
            return moved(midrad.matmul(moved(a, _first), moved(b, _first)), lambda x: x[None])
        require_blas_once()
        k = a.shape[2]
        rows, columns = a.mid.reshape(-1, k), np.ascontiguousarray(b.mid.transpose(0, 2, 1)).reshape(-1, k)
        error = midrad.inner_rounding(k, *(midrad.row_two_norms(x).max(initial=0.0) for x in (rows, columns)))
        left, right = (midrad.row_one_norms(x).max(initial=0.0) for x in (rows, columns))
        spread = midrad.inner_propagated(k, left, a.rad, right, b.rad)
        return Ball(np.matmul(a.mid, b.mid), np.asarray(add_up(error, spread, midrad.inner_underflow(k))))

    @quiet
    def root_of_squares(self, a: Values, weights: Array) -> Array:
        k = len(weights)
        middle = sqrt_up(raise_sum(np.einsum("k,k...,k...->...", weights, a.mid, a.mid), k + 1, products=k))
        # The root of a weighted sum of squares is a norm: that of the sum is at most the sum of those.
        return finite(add_up(middle, mul_up(sqrt_up(float(weights.sum())), a.rad)), "root of squares")

    def roots(self, x: Array) -> Values:
        root = np.sqrt(x)
        return Ball(root, np.asarray(mul_up(2 * U, root.max(initial=0.0))))

    @quiet
    def tops(self, a: Values) -> Array:
        if len(a.mid) == 1 and a.shape[1]:
            return np.array([lambda_max_upper(moved(a, _first)).at_most()])
        return _tops(a.mid, float(a.rad))


def _first(x: Array) -> Array:
    return x[0]


def _tops(mid: Array, rad: float) -> Array:
    """Upper bounds of lambda_max of many small matrices: from approximate eigenvectors Q, trusted for nothing.

    With x = Q z, x^T G x / x^T x = z^T M z / z^T Q^T Q z for M = Q^T G Q, so that lambda_max(G) is at most a row sum of
    moduli of M over 1 - ||Q^T Q - I||; the Frobenius norm where that fails. The radius adds m rad.
    """
    m = mid.shape[1]
    if not m:
        return np.zeros(len(mid))
    plain = sqrt_up(raise_sum(np.einsum("bij,bij->b", mid, mid), m * m, products=m * m))
    scale = np.ldexp(1.0, np.frexp(plain)[1])  # entries about 1: no underflow worth a word
    unit = mid / scale[:, None, None]
    f = raised(plain / scale)
    try:
        q = np.linalg.eigh(unit)[1]
    except np.linalg.LinAlgError:
        q = np.zeros_like(unit)  # no eigenvectors: the Frobenius norms stand
    turned = np.swapaxes(q, 1, 2)
    image = np.abs(np.matmul(turned, np.matmul(unit, q)))
    rows = np.max(np.sum(image + np.swapaxes(image, 1, 2), axis=2), axis=1) / 2
    apart = np.max(np.sum(np.abs(np.matmul(turned, q) - np.eye(m)), axis=2), axis=1)
    longest = raised(np.max(np.einsum("bij,bij->bj", q, q), axis=1))  # |q_j|^2
    # Two products of m terms: gamma(m) ||q_i|| (||G||_F ||q_j|| + ||fl(G q_j)||) an entry, the last norm below twice
    # the first one; in Q^T Q one product and one subtraction.
    rows = raised(rows + 4 * m * gamma(m) * longest * f)
    apart = raised(apart + m * (gamma(m) * longest + 2 * U * (1 + longest)))
    found = np.where(apart < 0.5, raised(rows / np.where(apart < 0.5, 1 - apart, 1.0)), np.inf)
    best = np.where(np.isfinite(found), np.minimum(found, f), f)
    return finite(add_up(mul_up(raised(best), scale), mul_up(float(m), rad)), "largest eigenvalue")


FLOATS: Numbers = _Floats()
BALLS: Numbers = _Balls()


def modulus(x: Values) -> Array:
    """Upper bounds of the moduli, entry by entry."""
    return np.asarray(add_up(np.abs(x.mid), x.rad)) if isinstance(x, Ball) else np.abs(x)


def largest(x: Values) -> float:
    """Upper bound of the largest modulus."""
    return max_abs_upper(x) if isinstance(x, Ball) else float(np.max(np.abs(x), initial=0.0))


def pieces(count: int, each: int, entries: int = 2**22) -> Iterator[slice]:
    """Slices of range(count) whose parts, of `each` entries, stay in a few megabytes."""
    step = max(1, entries // max(1, each))
    for start in range(0, count, step):
        yield slice(start, min(count, start + step))


def norms(a: Values, numbers: Numbers) -> Array:
    """(B,) upper bounds of the spectral norms of (B, m, k)."""
    b, m, k = a.shape
    if not (b and m and k):
        return np.zeros(b)
    across = moved(a, lambda x: x.transpose(0, 2, 1))
    gram = numbers.product(a, across) if m <= k else numbers.product(across, a)
    return np.asarray(sqrt_up(np.maximum(0.0, numbers.tops(gram))))


def norm(a: Values, numbers: Numbers) -> float:
    """Upper bound of the spectral norm of a matrix."""
    return float(norms(moved(a, lambda x: x[None]), numbers)[0])


def tensor_norm(a: Values, numbers: Numbers) -> float:
    """Upper bound over g and unit q of ||sum_k q_k a[g, k]||: the least of the three unfoldings of (G, N, m, k)."""
    g, n, m, k = a.shape
    bounds = [
        norms(moved(a, lambda x: x.reshape(g, n, m * k)), numbers),
        norms(moved(a, lambda x: x.transpose(0, 2, 1, 3).reshape(g, m, n * k)), numbers),
        norms(moved(a, lambda x: x.transpose(0, 3, 1, 2).reshape(g, k, n * m)), numbers),
    ]
    return float(np.max(np.minimum.reduce(bounds), initial=0.0))
