"""Extreme eigenvalues of a tangent kernel, with their direction."""

from __future__ import annotations

import torch
from torch import Tensor

from ..theory import Bound, InvalidInputError, NumericalFailureError
from ..theory.bound import estimate, exact


def eigenvalues(kernel: Tensor) -> Tensor:
    """All eigenvalues of a symmetric matrix, ascending, by LAPACK (or the accelerator's own solver).

    Raises:
        InvalidInputError: the matrix is not square.
        NumericalFailureError: an entry is not finite, or the solver does not converge.
    """
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise InvalidInputError(f"a kernel is a square matrix, this one has shape {tuple(kernel.shape)}")
    if not torch.isfinite(kernel).all():
        raise NumericalFailureError("the tangent kernel has a NaN or an infinity")
    try:
        return torch.linalg.eigvalsh(kernel)
    except torch.linalg.LinAlgError as error:
        raise NumericalFailureError(f"eigenvalues of the tangent kernel: {error}") from None


def lambda_min(kernel: Tensor) -> Bound:
    """Smallest eigenvalue of a positive semidefinite matrix; exact up to round-off.

    A value below the solver's own resolution, eps times the order times the largest eigenvalue, says nothing:
    it comes back as an estimate and is accepted on no side of an inequality.

    Raises:
        InvalidInputError, NumericalFailureError: as `eigenvalues`.
    """
    values = eigenvalues(kernel)
    resolution = torch.finfo(values.dtype).eps * len(values) * float(values[-1].abs())
    smallest = float(values[0])
    if smallest <= resolution:
        return estimate(max(0.0, smallest), f"eigvalsh, below its resolution {resolution:.1e}")
    return exact(smallest, "eigvalsh")


def lambda_max(kernel: Tensor) -> Bound:
    """Largest eigenvalue of a positive semidefinite matrix; exact up to round-off.

    Raises:
        InvalidInputError, NumericalFailureError: as `eigenvalues`.
    """
    return exact(float(eigenvalues(kernel)[-1]), "eigvalsh")


def spectral_norm(matrix: Tensor) -> float:
    """Largest singular value of a matrix (a, b) through the Gram matrix of its shorter side, up to round-off."""
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return float(eigenvalues(gram)[-1].clamp(min=0).sqrt())
