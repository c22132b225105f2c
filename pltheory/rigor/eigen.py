"""Verified bounds of eigenvalues and spectral norms of midpoint-radius matrices.

Estimates come from LAPACK and Lanczos and are trusted for nothing but speed; what is returned is what
`residual.lower_bound` proves from a factor of the shifted matrix.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import scipy.linalg
import scipy.linalg.blas
import scipy.sparse.linalg

from pltheory.theory import Bound, Direction, InvalidInputError

from . import norms, roundoff
from .environment import require_blas_once, require_thread
from .errors import NoVerdictError
from .midrad import Ball, matmul, scale_power_of_two
from .one_pass import factorise_with_residual
from .residual import (
    Factor,
    Room,
    factorise,
    lower_bound,
    plain_at_least,
    residual_norm,
    scaled_radius_norm,
)
from .roundoff import Array, add_up, mul_up, quiet, sqrt_down, sqrt_up

Method = Literal["auto", "plain", "sliced", "one pass"]

_DENSE = 64
"""Up to this size estimates come from dense LAPACK, beyond it from Lanczos."""
_MARGINS = (2.0**-24, 2.0**-17, 2.0**-11, 2.0**-6, 2.0**-3, 0.5, 0.9375)
"""Relative distances below the estimate at which a factorisation is tried, in turn."""
_SQUARE = 128
"""Side of the squares in which a matrix is compared with its transpose: they fit in the cache."""
_LARGE = 4096
"""Beyond this order a failed factorisation is dearer than the share of the eigenvalue that a wide margin costs."""
_LARGE_MARGIN = 2.0**-7
"""The first margin tried there."""
_LOSS = 2.0**-9
"""A plain bound that loses less than that part of the shift to rounding is not refined by slicing."""


def lambda_min_lower(
    sym: Ball, *, estimate: float | None = None, method: Method = "auto", room: Room = np.zeros
) -> Bound:
    """Verified lower bound of the smallest eigenvalue of every symmetric matrix in the ball.

    Args:
        sym: (n, n) ball of a symmetric matrix; the lower triangle is read.
        estimate: a guess at the eigenvalue, trusted for nothing; found here if absent.
        method: "plain", "sliced" (error-free slicing, for condition numbers beyond 1e11), or "auto", which
            slices where the plain bound falls visibly below the estimate; "one pass" for large matrices, in the memory
            or the file that `room` gives, by `one_pass`.
        room: makes the array in which "one pass" puts a factor, one at a time.

    Raises:
        InvalidInputError: not square, or no symmetric matrix is in the ball.
        NoVerdictError: no estimate, no factorisation succeeds, or numbers overflow.
        RoundingEnvironmentError: see `environment`.

    Cost at n = 4096: below one eigvalsh (two Cholesky factorisations, one product of triangles, Lanczos).
    """
    _require_symmetric(sym)
    guess = _estimate_lambda_min(sym) if estimate is None else float(estimate)
    value, how = _search(sym, guess, method, room)
    return Bound(value, Direction.LOWER, f"Cholesky factor with verified residual, {how}", rounded=True)


def lambda_max_upper(sym: Ball, *, estimate: float | None = None, method: Method = "auto") -> Bound:
    """Verified upper bound of the largest eigenvalue of every symmetric matrix in the ball.

    Arguments and errors as for `lambda_min_lower`; this is minus the lower bound of lambda_min of minus the
    matrix.
    """
    _require_symmetric(sym)
    guess = _estimate_lambda_max(sym.mid) if estimate is None else float(estimate)
    value, how = _search(-sym, -guess, method)
    return Bound(-value, Direction.UPPER, f"Cholesky factor with verified residual, {how}", rounded=True)


def sigma_min_lower(gram: Ball) -> Bound:
    """Verified lower bound of sigma_min(J) from a ball of J J^T; 0 where lambda_min is not proved positive.

    Raises:
        as `lambda_min_lower`.
    """
    value = float(sqrt_down(max(0.0, lambda_min_lower(gram).value)))
    return Bound(value, Direction.LOWER, "square root of a verified lambda_min", rounded=True)


@quiet
def spectral_norm_upper(a: Ball) -> float:
    """Upper bound of the spectral norm of every matrix in the ball: the smallest of those that succeed.

    Args:
        a: (n, m) ball.

    Raises:
        InvalidInputError: not a matrix.
        NoVerdictError: overflow in every one of them.
    """
    if a.mid.ndim != 2:
        raise InvalidInputError(f"spectral norm: need a matrix, got shape {a.shape}")
    if 0 in a.shape:
        return 0.0
    largest = norms.max_abs_upper(a)
    if largest == 0.0:
        return 0.0
    exponent = math.frexp(largest)[1]
    unit = scale_power_of_two(a, -exponent)  # entries about 1: no overflow and no underflow worth a word
    bounds = [
        norms.frobenius_upper(unit),
        float(sqrt_up(mul_up(norms.inf_norm_upper(unit), norms.inf_norm_upper(unit.T)))),
    ]
    if min(a.shape) > 1:
        with contextlib.suppress(NoVerdictError):  # the other two stand
            bounds.append(_norm_from_gram(unit))
    top = float(roundoff.up(np.ldexp(min(bounds), exponent)))
    if not math.isfinite(top):
        raise NoVerdictError("the spectral norm overflows")
    return top


def _norm_from_gram(a: Ball) -> float:
    """Square root of an upper bound of lambda_max of the smaller Gram matrix."""
    wide = a.shape[0] <= a.shape[1]
    gram = matmul(a, a.T) if wide else matmul(a.T, a)
    return float(sqrt_up(max(0.0, lambda_max_upper(gram, method="plain").value)))


@quiet
def _require_symmetric(sym: Ball) -> None:
    """Refuse what cannot be the ball of a symmetric matrix, and environments that round otherwise."""
    if sym.mid.ndim != 2 or sym.shape[0] != sym.shape[1] or not sym.shape[0]:
        raise InvalidInputError(f"eigenvalue: need a square matrix, got shape {sym.shape}")
    require_thread()
    require_blas_once()
    rad = np.broadcast_to(sym.rad, sym.shape)
    squares = [slice(i, i + _SQUARE) for i in range(0, sym.shape[0], _SQUARE)]
    for k, rows in enumerate(squares):
        for columns in squares[: k + 1]:
            apart = np.abs(sym.mid[rows, columns] - sym.mid[columns, rows].T)
            if not (apart <= roundoff.up(add_up(rad[rows, columns], rad[columns, rows].T))).all():
                raise InvalidInputError(
                    "eigenvalue: no symmetric matrix is in the ball, its triangles differ by more than the radii"
                )


@quiet
def _search(sym: Ball, guess: float, method: Method, room: Room = np.zeros) -> tuple[float, str]:
    """Best verified lower bound from factorisations at shifts ever further below the guess."""
    if not math.isfinite(guess):
        raise NoVerdictError("no estimate of the eigenvalue: it overflows or iterations failed")
    best, how = -math.inf, "none"
    # The last resort, as far below 0 as a floating-point factorisation can tell, and no underflow.
    floor = -64 * sym.shape[0] * roundoff.U * max(norms.max_abs_upper(sym), abs(guess), 2.0**-900)
    narrow = sym.shape[0] <= _LARGE and method != "one pass"
    margins = _MARGINS if narrow else (_LARGE_MARGIN, *(m for m in _MARGINS if m > _LARGE_MARGIN))
    for shift in [*(guess - m * abs(guess) for m in margins), min(0.0, 2 * guess) + floor]:
        found = _attempt_in_one_pass(sym, shift, room) if method == "one pass" else _attempt(sym, shift, 0.0, method)
        if found is None:
            continue
        retry = method != "one pass" and found.graded and math.isfinite(found.delta)
        if found.value < shift - 0.25 * abs(shift) and retry:
            # Rows of very different scale: absorb the residual before unscaling instead of after.
            found = max(found, _attempt(sym, shift, 1.25 * found.delta, method) or found)
        if found.value > best:
            best, how = found.value, found.how
        # Going further down pays only where what was lost to rounding exceeds the next margin.
        if best >= shift - 0.25 * abs(shift):
            break
    if best == -math.inf:
        raise NoVerdictError("no shifted matrix has a Cholesky factor with a usable residual")
    return best, how


class _Attempt(NamedTuple):
    """A bound, the scaled residual and radius it had to subtract, and where it came from."""

    value: float
    delta: float
    graded: bool
    how: str


def _attempt_in_one_pass(sym: Ball, shift: float, room: Room) -> _Attempt | None:
    made = factorise_with_residual(sym, shift, room)
    return None if made is None else _Attempt(lower_bound(sym, *made), made[1], False, "products in one pass")


def _attempt(sym: Ball, shift: float, margin: float, method: Method) -> _Attempt | None:
    factor = factorise(sym, shift, margin)
    if factor is None:
        return None
    graded = int(np.ptp(factor.exponents)) > 1
    radius = scaled_radius_norm(sym, factor)
    enough = shift - _LOSS * abs(shift)
    kinds = [False, True] if method == "auto" else [method == "sliced"]
    if method == "auto":
        least = plain_at_least(factor)
        # Slicing cannot win back what the radius of the ball costs.
        if least > radius and lower_bound(sym, factor, least) < enough:
            kinds.reverse()
    best: _Attempt | None = None
    for sliced in kinds:
        delta = residual_norm(sym, factor, sliced=sliced)
        how = "sliced products" if sliced else "plain products"
        found = _Attempt(lower_bound(sym, factor, delta), delta + radius, graded, how)
        best = found if best is None else max(best, found)
        if found.value >= enough or delta <= radius or (sliced and math.isfinite(delta)):
            break
    return best


def _lanczos(apply: Callable[[Array], Array], n: int) -> float:
    """Largest eigenvalue of a symmetric operator, as an estimate from below."""
    operator = scipy.sparse.linalg.LinearOperator((n, n), matvec=apply, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(n)
    try:
        top = scipy.sparse.linalg.eigsh(
            operator, k=1, which="LA", v0=start, tol=1e-9, maxiter=40 * n, return_eigenvectors=False
        )
    except scipy.sparse.linalg.ArpackError:
        return math.nan
    return float(top[0])


def _dense(mid: Array, which: int) -> float:
    """An eigenvalue by LAPACK, as an estimate; NaN where its iterations fail."""
    try:
        return float(scipy.linalg.eigvalsh(mid, subset_by_index=[which, which])[0])
    except np.linalg.LinAlgError:
        return math.nan


@quiet
def _estimate_lambda_max(mid: Array) -> float:
    n = mid.shape[0]
    if n <= _DENSE:
        return _dense(mid, n - 1)
    return _lanczos(lambda v: mid @ v, n)


def inverse_of(factor: Factor) -> tuple[Callable[[Array], Array], int]:
    """Products with the inverse of M - diag(s / d^2), and e: they are of its 2^(-2 e)-fold, so that none overflows."""
    most = int(factor.exponents.max())
    d = np.ldexp(1.0, (factor.exponents - most).astype(np.int32))

    # In Fortran order, as BLAS takes it without a copy, L^T is an upper triangle.
    upper = factor.lower.T

    def inverse(v: Array) -> Array:
        half = scipy.linalg.blas.dtrsv(upper, d * v.ravel(), trans=1)
        return np.asarray(d * scipy.linalg.blas.dtrsv(upper, half))

    return inverse, most


@quiet
def _estimate_lambda_min(sym: Ball) -> float:
    """From inverse iteration with a scaled factor, so that badly scaled rows do no harm; else from LAPACK."""
    factor = factorise(sym, 0.0)
    if factor is None:
        return _dense(sym.mid, 0)
    n, (inverse, most) = sym.shape[0], inverse_of(factor)
    if n <= _DENSE:
        dense = np.stack([inverse(column) for column in np.eye(n)])
        theta = _dense(0.5 * (dense + dense.T), n - 1) if np.isfinite(dense).all() else math.nan
    else:
        theta = _lanczos(inverse, n)
    return float(np.ldexp(1.0 / theta, -2 * most)) if theta > 0 else math.nan
