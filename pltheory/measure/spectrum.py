"""Extreme eigenvalues of a tangent kernel, with their direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import Tensor

from ..problem.evaluation import REAL
from ..problem.surroundings import undisturbed
from ..rigor import environment
from ..rigor.eigen import lambda_min_lower
from ..rigor.midrad import as_ball
from ..theory import Bound, InvalidInputError, NumericalFailureError
from ..theory.bound import estimate, exact, upper
from .arguments import require_flag

_BASIS = 30
"""Lanczos vectors of the inverse; beside the matrix they are nothing."""
_RESTARTS = 6
_PANEL = 1024
"""Rows whose symmetry is looked at together."""
INDEFINITE = "an indefinite matrix: no tangent kernel"
_DENSE = 64
"""Up to this order a whole spectrum costs nothing."""


def eigenvalues(kernel: Tensor) -> Tensor:
    """All eigenvalues of a symmetric matrix, ascending, by LAPACK (or the accelerator's own solver).

    Raises:
        InvalidInputError: no real symmetric matrix of float32 or float64: not square, empty, or not symmetric beyond
            round-off.
        NumericalFailureError: an entry is not finite, or the solver does not converge.
    """
    _require_matrix(kernel)
    try:
        return torch.linalg.eigvalsh(kernel)
    except torch.linalg.LinAlgError as error:
        raise NumericalFailureError(f"eigenvalues of the tangent kernel: {error}") from None


def _require_matrix(kernel: Tensor) -> None:
    if not isinstance(kernel, Tensor):
        raise InvalidInputError(f"a kernel is a torch.Tensor, this one is of type {type(kernel).__name__}")
    if kernel.dtype not in REAL:
        raise InvalidInputError(f"a kernel is of torch.float32 or torch.float64, this one is {kernel.dtype}")
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not len(kernel):
        raise InvalidInputError(
            f"a kernel is a square matrix with at least one row, this one has shape {tuple(kernel.shape)}"
        )
    if not torch.isfinite(kernel).all():
        raise NumericalFailureError("the tangent kernel has a NaN or an infinity")
    allowed = torch.finfo(kernel.dtype).eps ** 0.5 * float(kernel.abs().max())
    for i in range(0, len(kernel), _PANEL):
        gap = (kernel[i : i + _PANEL, : i + _PANEL] - kernel[: i + _PANEL, i : i + _PANEL].mT).abs()
        if not float(gap.max()) <= allowed:
            row, column = divmod(int(gap.argmax()), gap.shape[1])
            raise InvalidInputError(
                f"a kernel is symmetric; entries ({i + row}, {column}) and ({column}, {i + row}) of this matrix differ "
                f"by {float(gap.max()):.3g}"
            )


def extremes(kernel: Tensor) -> tuple[Bound, Bound]:
    """Smallest and largest eigenvalue of a symmetric matrix; exact up to round-off.

    A smallest value below the solver's own resolution, eps times the order times the largest modulus, says nothing:
    it comes back as an estimate and is accepted on no side of an inequality. One below minus that resolution is none of
    round-off: the matrix is indefinite, so no tangent kernel, and the value says so.

    Raises:
        InvalidInputError, NumericalFailureError: as `eigenvalues`.
    """
    values = eigenvalues(kernel)
    largest = exact(float(values[-1]), "eigvalsh")
    smallest, resolution = float(values[0]), _resolution_of(values)
    if smallest < -resolution:
        return exact(smallest, f"eigvalsh, {INDEFINITE}"), largest
    if smallest <= resolution:
        return estimate(max(0.0, smallest), f"eigvalsh, below its resolution {resolution:.1e}"), largest
    return exact(smallest, "eigvalsh"), largest


def _resolution_of(values: Tensor) -> float:
    """What eigvalsh can tell apart: eps times the order times the spectral norm."""
    return torch.finfo(values.dtype).eps * len(values) * float(values.abs().max())


@undisturbed
def lambda_min(kernel: Tensor, *, rigorous: bool = False) -> Bound:
    """The first of `extremes`, or with `rigorous` a verified lower bound.

    The verified bound is of the symmetric matrix whose lower triangle is stored here, the part that LAPACK reads too
    (an upper one that differs by more than round-off is refused), round-off of the bound included; how far its entries
    are from a network's exact kernel is what certificates add.

    Raises:
        InvalidInputError, NumericalFailureError: as `eigenvalues`.
        NoVerdictError: nothing can be verified, as on overflow.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    require_flag("rigorous", rigorous)
    if not rigorous:
        return extremes(kernel)[0]
    _require_matrix(kernel)
    environment.require()
    plain = kernel.detach().double()
    plain = plain.tril() + plain.tril(-1).mT
    bound = lambda_min_lower(as_ball(plain.cpu().numpy()), estimate=_guess(plain))
    environment.require()
    if bound.value < 0:
        values = eigenvalues(plain)
        if float(values[0]) < -_resolution_of(values):
            return replace(bound, method=f"{bound.method}, {INDEFINITE}")
    return bound


@undisturbed
def lambda_min_estimate(kernel: Tensor | LinearOperator) -> Bound:
    """Smallest eigenvalue from above: a Rayleigh quotient of a positive definite matrix, by inverse Lanczos.

    Of an operator that is only applied (`KernelOperator`) by Lanczos itself, up to some dozens of rows from its matrix.

    One Cholesky factorisation and two triangular solves a step, where `lambda_min` reduces the whole matrix to
    tridiagonal form. The vector found has a residual ||K v - rho v|| below the resolution of `eigvalsh`, eps times the
    order times the norm, so some eigenvalue is that near; that it is the smallest is what inverse iteration from a
    random start nearly always finds, and what no residual proves: evidence, and no lower bound. Where the
    factorisation fails, or a few restarts do not reach that residual (eigenvalues crowded at the lower end),
    `lambda_min` answers.

    Raises:
        InvalidInputError, NumericalFailureError: as `eigenvalues`; Lanczos on an operator did not converge.
    """
    if isinstance(kernel, LinearOperator):
        return _of_operator(kernel)
    _require_matrix(kernel)
    resolution = _resolution(kernel)
    found = _inverse_lanczos(kernel.detach().double(), resolution) if len(kernel) > _DENSE else None
    if found is None or not found[0] > resolution:
        return lambda_min(kernel)
    rho, residual = found
    return upper(rho, f"Rayleigh quotient, residual {residual:.1e}")


def _of_operator(kernel: LinearOperator) -> Bound:
    n = kernel.shape[0]
    if n <= _DENSE:
        dense = np.asarray(kernel @ np.eye(n, dtype=kernel.dtype))
        return lambda_min(torch.as_tensor(0.5 * (dense + dense.T)))
    start = np.random.default_rng(0).standard_normal(n).astype(kernel.dtype)
    product = kernel @ start
    if not product.any():
        return upper(0.0, "Rayleigh quotient of the zero operator")
    if not np.isfinite(product).all():
        raise NumericalFailureError("a product with the tangent kernel is not finite")
    try:
        _, vectors = eigsh(kernel, k=1, which="SA", v0=start)
    except ArpackError as error:
        raise NumericalFailureError(f"Lanczos for the smallest eigenvalue of an operator: {error}") from None
    v = vectors[:, 0].astype(np.float64) / np.linalg.norm(vectors[:, 0].astype(np.float64))
    rho, residual = rayleigh(lambda u: np.asarray(kernel @ u.astype(kernel.dtype), dtype=np.float64), v)
    return upper(rho, f"Rayleigh quotient, residual {residual:.1e}")


def _guess(kernel: Tensor) -> float | None:
    """A guess at the smallest eigenvalue for `lambda_min_lower` to prove; None where it does better by itself."""
    resolution = _resolution(kernel)
    found = _inverse_lanczos(kernel, resolution) if len(kernel) > _DENSE else None
    rounding = resolution / max(1, len(kernel))  # of a Rayleigh quotient
    # An eigenvalue near that rounding belongs to rows of very different scale, which are scaled there first.
    if found is None or not found[0] > 1024 * rounding:
        return None
    # A little below: above the eigenvalue nothing can be factorised.
    return found[0] - rounding


def _resolution(kernel: Tensor) -> float:
    """What eigvalsh can tell apart, or less: eps times the order times the largest eigenvalue, from below."""
    column = kernel.detach()[:, int(kernel.diagonal().argmax())].double()  # its norm is below the spectral norm
    return torch.finfo(kernel.dtype).eps * len(kernel) * float(torch.linalg.vector_norm(column))


def _inverse_lanczos(kernel: Tensor, accuracy: float) -> tuple[float, float] | None:
    """A Rayleigh quotient and its residual, or None where that is above the accuracy asked for."""
    if not 1e-100 < float(kernel.diagonal().max()) < 1e100:
        return None  # squares below would overflow or vanish
    factor, failed = torch.linalg.cholesky_ex(kernel)
    if bool(failed):
        return None
    upper_factor = factor.mT

    def solve(v: np.ndarray) -> np.ndarray:
        # Two solves by torch: scipy's cho_solve takes twice as long for a single vector.
        column = torch.as_tensor(v.reshape(-1, 1), device=kernel.device)
        half = torch.linalg.solve_triangular(factor, column, upper=False)
        return torch.linalg.solve_triangular(upper_factor, half, upper=True).cpu().numpy()[:, 0]

    def product(v: np.ndarray) -> np.ndarray:
        return (kernel @ torch.as_tensor(v, device=kernel.device)).cpu().numpy()

    found = inverse_lanczos(solve, product, len(kernel), accuracy)
    return found if found is not None and found[1] <= accuracy else None


def inverse_lanczos(
    solve: Callable[[np.ndarray], np.ndarray],
    product: Callable[[np.ndarray], np.ndarray],
    order: int,
    accuracy: float,
) -> tuple[float, float] | None:
    """The Rayleigh quotient of a vector near the eigenvector of the smallest eigenvalue, and its residual.

    Args:
        solve: products with the inverse of the positive definite matrix.
        product: products with the matrix itself.
        order: rows of both.
        accuracy: residual that is asked for, and not always reached; None where Lanczos does not converge.
    """
    inverse = LinearOperator((order, order), solve, dtype=np.float64)
    start = inverse @ np.random.default_rng(0).standard_normal(order)
    # In the inverse the residual is relative to the largest eigenvalue, which this tells to a digit.
    theta = float(np.linalg.norm(inverse @ start) / np.linalg.norm(start))
    tol = min(0.01, max(0.5 * accuracy * theta, 1e-12))
    try:
        _, vectors = eigsh(inverse, k=1, v0=start, ncv=min(order, _BASIS), tol=tol, maxiter=_RESTARTS)
    except ArpackError:
        return None
    # What ARPACK leaves of the upper eigenvectors is small in the inverse and not in the kernel: one more solve.
    v = inverse @ vectors[:, 0]
    return rayleigh(product, v / np.linalg.norm(v))


def rayleigh(product: Callable[[np.ndarray], np.ndarray], v: np.ndarray) -> tuple[float, float]:
    """The Rayleigh quotient of a unit vector, and the norm of its residual."""
    image = product(v)
    rho = float(v @ image)
    return rho, float(np.linalg.norm(image - rho * v))


@undisturbed
def lambda_max(kernel: Tensor) -> Bound:
    """The second of `extremes`."""
    return extremes(kernel)[1]


def top_eigenvector(kernel: Tensor) -> Tensor:
    """Unit vector near the eigenvector of the largest eigenvalue, by Lanczos from a fixed start."""
    plain = kernel.detach().double().cpu().numpy()
    largest = np.abs(plain).max()
    if len(plain) < 3 or largest == 0:
        return torch.linalg.eigh(kernel)[1][:, -1]
    plain = plain / largest
    start = np.random.default_rng(0).standard_normal(len(plain))
    return torch.as_tensor(eigsh(plain, k=1, v0=start, tol=1e-6)[1][:, 0]).to(kernel)


def spectral_norm(matrix: Tensor) -> float:
    """Largest singular value of a matrix (a, b) through the Gram matrix of its shorter side, up to round-off."""
    largest, limits = float(matrix.abs().max()), torch.finfo(matrix.dtype)
    if not 0 < largest < float("inf"):
        return largest
    # Squares overflow, or vanish; a power of two rounds nothing.
    scale = 1.0 if limits.tiny**0.25 < largest < limits.max**0.25 else 2.0 ** math.frexp(largest)[1]
    if scale != 1:
        matrix = matrix / scale
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return scale * float(eigenvalues(gram)[-1].clamp(min=0).sqrt())
