"""Upper bounds, for every matrix of a ball, of norms that need no factorisation."""

from __future__ import annotations

import numpy as np

from . import roundoff
from .midrad import Ball, row_one_norms, row_two_norms
from .roundoff import Array, add_up, finite, mul_up, quiet, sqrt_up

ERROR_TERMS = ("radius_row_norms", "radius_row_sums")
"""Names of the functions here that carry the ball's radius into a norm."""


def radius_row_norms(a: Ball) -> Array:
    """(n, 1) upper bounds of the Euclidean norm of each row of the radius."""
    n, k = a.shape
    if a.rad.ndim == 0:
        return np.broadcast_to(mul_up(sqrt_up(float(k)), a.rad), (n, 1))
    return np.broadcast_to(row_two_norms(np.broadcast_to(a.rad, (a.rad.shape[0], k))), (n, 1))


def radius_row_sums(a: Ball) -> Array:
    """(n, 1) upper bounds of the sum of each row of the radius."""
    n, k = a.shape
    if a.rad.ndim == 0:
        return np.broadcast_to(mul_up(float(k), a.rad), (n, 1))
    return np.broadcast_to(row_one_norms(np.broadcast_to(a.rad, (a.rad.shape[0], k))), (n, 1))


@quiet
def row_norms_upper(a: Ball) -> Array:
    """(n,) upper bounds of the Euclidean norms of the rows of a (n, k).

    Raises:
        NoVerdictError: overflow.
    """
    return finite(add_up(row_two_norms(a.mid), radius_row_norms(a))[:, 0], "row norm")


@quiet
def frobenius_upper(a: Ball) -> float:
    """Upper bound of the Frobenius norm; also of the Euclidean norm of a vector given as a matrix.

    Raises:
        NoVerdictError: overflow.
    """
    rows = row_norms_upper(a)
    squares = roundoff.sum_up(mul_up(rows, rows))
    return float(finite(sqrt_up(squares), "Frobenius norm"))


@quiet
def max_abs_upper(a: Ball) -> float:
    """Upper bound of the largest modulus of an entry.

    Raises:
        NoVerdictError: overflow.
    """
    if a.mid.size == 0:
        return 0.0
    if a.rad.ndim == 0:
        largest = add_up(a.peak(()), a.rad)
    else:
        largest = np.asarray(np.max(add_up(np.abs(a.mid), a.rad)))
    return float(finite(largest, "largest entry"))


@quiet
def inf_norm_upper(a: Ball) -> float:
    """Upper bound of the largest row sum of moduli; of the transpose, of the largest column sum.

    Raises:
        NoVerdictError: overflow.
    """
    rows = add_up(row_one_norms(a.mid), radius_row_sums(a))
    return float(finite(np.max(rows, keepdims=True, initial=0.0), "row sum")[0, 0])
