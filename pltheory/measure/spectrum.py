"""Extreme eigenvalues of a tangent kernel, with their direction."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse.linalg import eigsh
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


def lambda_min(kernel: Tensor) -> Bound:
    """The first of `extremes`."""
    return extremes(kernel)[0]


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
