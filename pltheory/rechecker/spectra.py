"""Verified upper bounds of spectral norms and lower bounds of eigenvalues of whole stacks of matrices of doubles.

LAPACK guesses an eigenvalue and a Cholesky factor L of `s I - K`; neither is believed. For any L,
`lambda_max(K) <= s + ||s I - K - L L^T||_F`, and the right side is computed with a bound of its rounding.
"""

from __future__ import annotations

import numpy as np

from .cost import on_time
from .fields import Array
from .midpoint import UNIT, Upper, gamma, norms, product, terms, underflow
from .squares import Squares

_MARGINS = [2.0**-k for k in (36, 32, 28, 24, 20, 17, 14, 10, 7, 4, 1)]
"""Relative distances from the guessed eigenvalue at which a factor is tried, in turn."""
_AT_ONCE = 2**22
"""Entries of a stack of matrices that are worked on at a time."""
_STEP = 512
"""Rows of a block of a triangular product."""
_LEAST = 2.0**-900
_LANCZOS = 256
"""Rows from which the largest eigenvalue is guessed by iteration."""


def largest(stack: Array) -> Upper:
    """Upper bounds of the largest eigenvalues of symmetric matrices, not below 0.

    Args:
        stack: (b, n, n), of which the lower triangles are the matrices.

    Returns:
        (b,).
    """
    count, n, _ = stack.shape
    if n == 1 or not count:
        return Upper(np.maximum(stack.reshape(count), 0.0))
    step = max(1, _AT_ONCE // n**2)
    return Upper(np.concatenate([_largest(stack[k : k + step]).value for k in range(0, count, step)]))


def _largest(stack: Array) -> Upper:
    on_time()
    best = _row_sums(stack)
    guess = _guess(stack)
    if not np.isfinite(guess).all():
        return best
    # A matrix of zeros has no factor, and with it none of its stack would have one.
    guess = np.maximum(guess, _LEAST)
    for margin in _MARGINS:
        # Nearer than the guess is good for, a factor is not found.
        if margin < 2.0**-51 * stack.shape[1] or (stack.shape[1] >= _LANCZOS and margin < 2.0**-28):
            continue
        shifts = guess * (1 + margin)
        bound = Upper(np.maximum(shifts, 0.0)) + _residuals(stack, shifts)
        best = best.min(bound)
        if (best.value <= guess * (1 + 2 * margin)).all():
            break
    return best


def _guess(stack: Array) -> Array:
    if not np.isfinite(stack).all():
        return np.full(len(stack), np.inf)
    if stack.shape[1] < _LANCZOS:
        return np.linalg.eigvalsh(stack)[:, -1]
    from scipy.sparse.linalg import ArpackError, eigsh

    try:
        ones = np.ones(stack.shape[1])
        return np.array([eigsh(k, k=1, which="LA", v0=ones, tol=1e-6, return_eigenvectors=False)[0] for k in stack])
    except ArpackError:
        return np.linalg.eigvalsh(stack)[:, -1]


def _row_sums(stack: Array) -> Upper:
    """The largest row sum of moduli bounds the spectral norm."""
    lower = np.tril(np.abs(stack))
    sums = lower.sum(axis=2) + lower.sum(axis=1)  # the diagonal twice
    return Upper(sums.max(axis=1)) * (1 + 4 * gamma(stack.shape[1] + 2))


def _residuals(stack: Array, shifts: Array) -> Upper:
    """||shift I - K - L L^T||_F for factors L found in doubles; infinite where there is none."""
    n = stack.shape[1]
    moved, diagonal = _shifted(stack, shifts)
    try:
        factor = np.linalg.cholesky(moved)
    except np.linalg.LinAlgError:
        return Upper(np.full(len(stack), np.inf))
    flat = norms((moved - np.tril(_squared(factor))).reshape(len(stack), -1))
    trace = norms(factor.reshape(len(stack), -1))
    return _both(flat) + trace * trace * gamma(terms(n) + 1) + diagonal + underflow(n**3)


def _shifted(stack: Array, shifts: Array) -> tuple[Array, Upper]:
    """The lower triangles of shift I - K, and what their diagonals have lost in rounding."""
    rows = np.arange(stack.shape[1])
    moved = -np.tril(stack)
    moved[:, rows, rows] += shifts[:, None]
    return moved, norms(moved[:, rows, rows]) * (2 * UNIT)


def _both(lower: Upper) -> Upper:
    """Frobenius norm of a symmetric difference from that of its lower triangle, rounded once."""
    return lower * float(np.nextafter(np.sqrt(2.0), 2)) * (1 + 4 * UNIT)


def _accurate_residual(matrix: Array, shift: float) -> float:
    """||K - shift I - L L^T||_F, the product taken almost to the last bit."""
    moved, diagonal = _shifted(-matrix[None], np.array([-shift]))
    try:
        factor = np.linalg.cholesky(moved)[0]
    except np.linalg.LinAlgError:
        return np.inf
    squares = Squares(len(matrix))
    squares.add(factor)
    total, lost = squares.total()
    flat = norms((moved[0] - np.tril(total)).reshape(1, -1))
    return float((_both(flat) + diagonal + lost).value[0])


def _squared(factor: Array) -> Array:
    """L L^T, blocks of its lower triangle."""
    n, step = factor.shape[1], _STEP
    if n <= 2 * step:
        return product(factor, factor.transpose(0, 2, 1))
    out = np.zeros_like(factor)
    for i in range(0, n, step):
        rows = factor[:, i : i + step, : i + step]
        for j in range(0, i + step, step):
            inner = min(j + step, n)
            columns = factor[:, j : j + step, :inner].transpose(0, 2, 1)
            out[:, i : i + step, j : j + step] = product(rows[:, :, :inner], columns)
    return out


def lower_bound(matrix: Array) -> float:
    """Lower bound of the smallest eigenvalue of a symmetric matrix (n, n) given by its lower triangle."""
    on_time()
    if len(matrix) == 1:
        return float(matrix[0, 0])
    best = -float(_row_sums(matrix[None]).value[0])
    if not np.isfinite(best):
        return -np.inf
    guess = float(np.linalg.eigvalsh(matrix)[0])
    for margin in _MARGINS:
        shift = guess - margin * abs(guess)
        best = max(best, float(np.nextafter(shift - _accurate_residual(matrix, shift), -np.inf)))
        if best >= guess - 2 * margin * abs(guess):
            break
    return best


def norm_bounds(stack: Array) -> Upper:
    """Upper bounds of the spectral norms of matrices of doubles.

    Args:
        stack: (b, m, k).

    Returns:
        (b,).
    """
    count, m, k = stack.shape
    if not stack.size:
        return Upper(np.zeros(count))
    step = max(1, _AT_ONCE // (m * k))
    parts = []
    for start in range(0, count, step):
        part = stack[start : start + step]
        turned = part.transpose(0, 2, 1)
        gram = product(part, turned) if m <= k else product(turned, part)
        parts.append(of_gram(gram, max(m, k), norms(part.reshape(len(part), -1))).value)
    return Upper(np.concatenate(parts))


def of_gram(gram: Array, inner: int, frobenius: Upper, more: int = 0) -> Upper:
    """Norms of matrices X from X X^T in doubles.

    Args:
        gram: (b, n, n).
        inner: length of the inner products, taken by `product`.
        frobenius: (b,), of the X.
        more: roundings that every factor has had before.
    """
    rounding = frobenius * frobenius * gamma(terms(inner) + 2 * more + 1) + underflow(inner * gram.shape[1] ** 2)
    return (largest(gram) + rounding).root()
