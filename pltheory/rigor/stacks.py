"""Stacks of small matrices as midpoint-radius arrays: products, and the largest spectral norm among them.

A convolution has thousands of small Gram matrices, one for every sample and channel: verified one by one they cost more
than all else. Radii are one number for the whole stack.
"""

from __future__ import annotations

import math

import numpy as np

from pltheory.theory import InvalidInputError

from .environment import require_blas_once
from .errors import NoVerdictError
from .midrad import Ball, inner_propagated, inner_rounding, inner_underflow
from .roundoff import TINY, U, add_up, gamma, mul_up, quiet, raise_sum, sqrt_up, sum_up, underflow, up

ERROR_TERMS = ("factor_rounding",)
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

_MARGINS = (2.0**-30, 2.0**-24, 2.0**-18, 2.0**-12, 2.0**-6)
"""Relative distances above the largest computed eigenvalue at which a factorisation is tried, in turn."""


def _largest(x: np.ndarray) -> float:
    return float(np.max(x, initial=0.0))


def _row_two_norm(x: np.ndarray) -> float:
    """Upper bound of the Euclidean norm of the rows of all matrices."""
    k = x.shape[-1]
    return float(sqrt_up(raise_sum(_largest(np.einsum("...ij,...ij->...i", x, x)), k, products=k))) if k else 0.0


def _row_one_norm(x: np.ndarray) -> float:
    return _largest(sum_up(np.abs(x), axis=-1)) if x.shape[-1] else 0.0


@quiet
def stack_product(a: Ball, b: Ball) -> Ball:
    """Products of matrices a (.., n, k) and b (.., k, m) of two stacks, leading axes broadcast.

    Raises:
        InvalidInputError: shapes that do not fit, or radii that are not one number.
        NoVerdictError: overflow.
        RoundingEnvironmentError: see `environment`.
    """
    if a.mid.ndim < 2 or b.mid.ndim < 2 or a.shape[-1] != b.shape[-2] or a.rad.ndim or b.rad.ndim:
        raise InvalidInputError(f"stacks: shapes {a.shape} and {b.shape}, radii {a.rad.shape} and {b.rad.shape}")
    require_blas_once()
    k = a.shape[-1]
    mid = np.matmul(a.mid, b.mid)
    right = np.swapaxes(b.mid, -1, -2)
    error = inner_rounding(k, np.asarray(_row_two_norm(a.mid)), np.asarray(_row_two_norm(right)))
    if a.rad.any() or b.rad.any():
        left1, right1 = np.asarray(_row_one_norm(a.mid)), np.asarray(_row_one_norm(right))
        error = add_up(error, inner_propagated(k, left1, a.rad, right1, b.rad))
    return Ball(mid, add_up(error, inner_underflow(k)))


def factor_rounding(order: int, row: float) -> float:
    """Bound of |fl(L L^T) - L L^T| for an entry, rows of L no longer than the square root of `row`."""
    return float(add_up(mul_up(gamma(order), row), underflow(order)))


@quiet
def stack_lambda_max_upper(grams: Ball) -> float:
    """Upper bound of the largest eigenvalue of all symmetric positive semidefinite matrices in a stack (.., r, r).

    Why: with t above it, `t I - G = L L^T + R`, R bounded entry by entry, so `lambda_max(G) <= t + ||R||`.

    Raises:
        InvalidInputError: the matrices are not square, or the radius is not one number.
        NoVerdictError: overflow.
    """
    r = grams.shape[-1]
    if grams.mid.ndim < 2 or grams.shape[-2] != r or grams.rad.ndim:
        raise InvalidInputError(f"stacks: need square matrices and one radius, got {grams.shape}")
    if not grams.mid.size:
        return 0.0
    given = grams.mid.reshape(-1, r, r)
    mid = 0.5 * (given + given.swapaxes(-1, -2))
    # What symmetrising moved or rounded: every symmetric matrix within the radius of the given one is so near to mid.
    moved = add_up(_largest(np.abs(mid - given)), mul_up(2 * U, _largest(np.abs(mid))), np.nextafter(0.0, 1.0))
    around = mul_up(float(r), add_up(grams.rad, moved))
    sizes = np.max(sum_up(np.abs(mid), axis=-1), axis=-1)  # the largest row sum is a bound by itself
    best = float(sizes.max())
    top = float(largest_eigenvalue(mid, sizes)) if 0 < best < math.inf else 0.0
    for margin in _MARGINS if top > 0 else ():
        t = top * (1 + margin)
        found = _above(mid[sizes > t], t)  # the others lie below t by their row sums
        if found < best:
            best = found
            break
    best = float(add_up(best, around))
    if not math.isfinite(best):
        raise NoVerdictError("the eigenvalues of a stack overflow")
    return best


def largest_eigenvalue(stack: np.ndarray, bounds: np.ndarray) -> float:
    """The largest eigenvalue in a stack of positive semidefinite matrices, as computed.

    Args:
        stack: (k, r, r).
        bounds: (k,) upper bounds, in whose order the matrices are looked at until none can be larger.
    """
    best, order, size = 0.0, np.argsort(-bounds), 4
    start = 0
    while start < len(order) and bounds[order[start]] > best:
        some = order[start : start + size]
        best = max(best, _largest(np.linalg.eigvalsh(stack[some])))
        start, size = start + size, min(4 * size, 256)
    return best


@quiet
def eigenvalues_upper(stack: np.ndarray) -> np.ndarray:
    """Upper bounds of the largest eigenvalue of each symmetric positive semidefinite matrix (k, r, r), shape (k,).

    Why: with an approximate top value t_k, `t_k I - G_k = L L^T + R` for each, and `lambda_max(G_k) <= t_k + ||R||`.

    Raises:
        NoVerdictError: overflow.
    """
    mid = 0.5 * (stack + stack.swapaxes(-1, -2))
    r = mid.shape[-1]
    moved = mul_up(
        float(r),
        add_up(np.abs(mid - stack).max((1, 2), initial=0.0), mul_up(2 * U, np.abs(mid).max((1, 2), initial=0.0)), TINY),
    )
    best = np.max(sum_up(np.abs(mid), axis=-1), axis=-1, initial=0.0)
    top = np.maximum(np.linalg.eigvalsh(mid)[:, -1], 0.0) if np.isfinite(best).all() else np.full(len(mid), np.inf)
    for margin in _MARGINS if np.isfinite(top).all() else ():
        # What is zero, or does not factorise, keeps its row sum.
        found = _above_each(mid, top * (1 + margin) + TINY)
        if found is not None:
            best = np.minimum(best, found)
            break
    best = np.asarray(add_up(best, moved))
    if not np.isfinite(best).all():
        raise NoVerdictError("the eigenvalues of a stack overflow")
    return best


def _above_each(mid: np.ndarray, t: np.ndarray) -> np.ndarray | None:
    """T_k + ||R_k||, or None where some t_k I - G_k does not factorise."""
    r = mid.shape[-1]
    index = np.arange(r)
    shifted = -mid
    shifted[:, index, index] += t[:, None]
    try:
        lower = np.tril(np.linalg.cholesky(shifted))
    except np.linalg.LinAlgError:
        return None
    residual = np.abs(shifted - lower @ lower.swapaxes(-1, -2))
    row = np.max(raise_sum(np.square(lower).sum(-1), r, products=r), axis=-1, initial=0.0)
    entry = add_up(
        mul_up(U, np.abs(shifted).max((1, 2), initial=0.0)),
        mul_up(gamma(r), row),
        underflow(r),
        mul_up(U, residual.max((1, 2), initial=0.0)),
    )
    found = add_up(t, np.max(sum_up(residual, axis=-1), axis=-1, initial=0.0), mul_up(float(r), entry))
    return np.where(np.isfinite(found), found, np.inf)


def _above(mid: np.ndarray, t: float) -> float:
    """T + ||R||, or infinity where t I - G does not factorise."""
    if not len(mid):
        return t
    r = mid.shape[-1]
    shifted = -mid
    index = np.arange(r)
    shifted[..., index, index] += t
    try:
        lower = np.linalg.cholesky(shifted)
    except np.linalg.LinAlgError:
        return math.inf
    lower = np.tril(lower)
    computed = lower @ np.swapaxes(lower, -1, -2)
    residual = np.abs(shifted - computed)
    row = _row_two_norm(lower)
    # An entry: the rounding of t - g, of the product and of the difference.
    entry = add_up(
        mul_up(U, _largest(np.abs(shifted))),
        factor_rounding(r, float(mul_up(row, row))),
        mul_up(U, _largest(residual)),
    )
    norm = add_up(_largest(sum_up(residual, axis=-1)), mul_up(float(r), entry))
    found = float(up(t + norm))
    return found if math.isfinite(found) else math.inf


def stack_norm_upper(a: Ball) -> float:
    """Upper bound of the largest spectral norm of all matrices (r, s) in a stack (.., r, s).

    Raises:
        as `stack_lambda_max_upper`.
    """
    if not a.mid.size:
        return 0.0
    other = Ball(np.swapaxes(a.mid, -1, -2), a.rad)
    gram = stack_product(a, other) if a.shape[-2] <= a.shape[-1] else stack_product(other, a)
    return float(sqrt_up(stack_lambda_max_upper(gram)))
