"""Extreme eigenvalues of a tangent kernel, with their direction."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import torch
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import Tensor

from ..rigor import environment
from ..rigor.eigen import lambda_min_lower
from ..rigor.midrad import as_ball
from ..theory import Bound, InvalidInputError, NumericalFailureError
from ..theory.bound import estimate, exact, upper

_DENSE = 64
"""Up to this order a whole spectrum costs nothing."""


def eigenvalues(kernel: Tensor) -> Tensor:
    """All eigenvalues of a symmetric matrix, ascending, by LAPACK (or the accelerator's own solver).

    Raises:
        InvalidInputError: the matrix is not square.
        NumericalFailureError: an entry is not finite, or the solver does not converge.
    """
    _require_matrix(kernel)
    try:
        return torch.linalg.eigvalsh(kernel)
    except torch.linalg.LinAlgError as error:
        raise NumericalFailureError(f"eigenvalues of the tangent kernel: {error}") from None


def _require_matrix(kernel: Tensor) -> None:
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise InvalidInputError(f"a kernel is a square matrix, this one has shape {tuple(kernel.shape)}")
    if not torch.isfinite(kernel).all():
        raise NumericalFailureError("the tangent kernel has a NaN or an infinity")


def extremes(kernel: Tensor) -> tuple[Bound, Bound]:
    """Smallest and largest eigenvalue of a positive semidefinite matrix; exact up to round-off.

    A smallest value below the solver's own resolution, eps times the order times the largest, says nothing:
    it comes back as an estimate and is accepted on no side of an inequality.

    Raises:
        InvalidInputError, NumericalFailureError: as `eigenvalues`.
    """
    values = eigenvalues(kernel)
    largest = exact(float(values[-1]), "eigvalsh")
    resolution = torch.finfo(values.dtype).eps * len(values) * float(values[-1].abs())
    smallest = float(values[0])
    if smallest <= resolution:
        return estimate(max(0.0, smallest), f"eigvalsh, below its resolution {resolution:.1e}"), largest
    return exact(smallest, "eigvalsh"), largest


def lambda_min(kernel: Tensor, *, rigorous: bool = False) -> Bound:
    """The first of `extremes`, or with `rigorous` a verified lower bound.

    The verified bound is of the symmetric matrix whose lower triangle is stored here, the part that LAPACK reads too,
    round-off of the bound included; how far its entries are from a network's exact kernel is what certificates add.

    Raises:
        InvalidInputError, NumericalFailureError: as `eigenvalues`.
        NoVerdictError: nothing can be verified, as on overflow.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    if not rigorous:
        return extremes(kernel)[0]
    _require_matrix(kernel)
    environment.require()
    lower = np.tril(kernel.detach().double().cpu().numpy())
    bound = lambda_min_lower(as_ball(lower + np.tril(lower, -1).T))
    environment.require()
    return bound


def lambda_min_estimate(kernel: Tensor) -> Bound:
    """Smallest eigenvalue from above: a Rayleigh quotient of a positive definite matrix, by inverse Lanczos.

    One Cholesky factorisation and two triangular solves a step, where `lambda_min` reduces the whole matrix to
    tridiagonal form. The vector found has a residual ||K v - rho v|| below the resolution of `eigvalsh`, eps times the
    order times the norm, so some eigenvalue is that near; that it is the smallest is what inverse iteration from a
    random start nearly always finds, and what no residual proves: evidence, and no lower bound. Where the
    factorisation fails, or a few restarts do not reach that residual (eigenvalues crowded at the lower end),
    `lambda_min` answers.

    Raises:
        InvalidInputError, NumericalFailureError: as `eigenvalues`.
    """
    _require_matrix(kernel)
    plain = kernel.detach().double().cpu().numpy()
    found = _inverse_lanczos(plain, torch.finfo(kernel.dtype).eps) if len(plain) > _DENSE else None
    if found is None:
        return lambda_min(kernel)
    rho, residual = found
    return upper(rho, f"Rayleigh quotient, residual {residual:.1e}")


def _inverse_lanczos(kernel: np.ndarray, eps: float) -> tuple[float, float] | None:
    """A Rayleigh quotient and its residual, or None where they are not good enough."""
    n = len(kernel)
    try:
        factor = scipy.linalg.cho_factor(kernel, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    inverse = LinearOperator((n, n), lambda v: scipy.linalg.cho_solve(factor, v, check_finite=False), dtype=np.float64)
    # A column's norm is below the spectral norm, so this is no more than what eigvalsh can tell.
    resolution = eps * n * float(np.linalg.norm(kernel[:, int(kernel.diagonal().argmax())]))
    start = np.random.default_rng(0).standard_normal(n)
    try:
        theta, vectors = eigsh(inverse, k=1, v0=start, ncv=6, tol=0.1, maxiter=2)
        # In the inverse the residual is relative to theta, and 1 / theta is already known to a digit.
        tol = min(0.01, max(0.5 * resolution * float(theta[0]), 1e-12))
        theta, vectors = eigsh(inverse, k=1, v0=vectors[:, 0], ncv=20, tol=tol, maxiter=3)
    except ArpackError:
        return None
    v = vectors[:, 0]
    product = kernel @ v
    rho = float(v @ product)
    residual = float(np.linalg.norm(product - rho * v))
    return (rho, residual) if rho > resolution and residual <= resolution else None


def lambda_max(kernel: Tensor) -> Bound:
    """The second of `extremes`."""
    return extremes(kernel)[1]


def top_eigenvector(kernel: Tensor) -> Tensor:
    """Unit vector near the eigenvector of the largest eigenvalue, by Lanczos from a fixed start."""
    plain = kernel.detach().double().cpu().numpy()
    if len(plain) < 3:
        return torch.linalg.eigh(kernel)[1][:, -1]
    start = np.random.default_rng(0).standard_normal(len(plain))
    return torch.as_tensor(eigsh(plain, k=1, v0=start, tol=1e-6)[1][:, 0]).to(kernel)


def spectral_norm(matrix: Tensor) -> float:
    """Largest singular value of a matrix (a, b) through the Gram matrix of its shorter side, up to round-off."""
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return float(eigenvalues(gram)[-1].clamp(min=0).sqrt())
