"""The sharpness of a loss: the largest eigenvalue of its Hessian, with its sign.

Gradient descent on a quadratic diverges along an eigenvector whose eigenvalue is above 2 / eta; on a network it is seen
to hover there, the edge of stability of Cohen, Kaur, Li, Kolter and Talwalkar, ICLR 2021, arXiv:2103.00065.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import Tensor

from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import Bound, NumericalFailureError
from ..theory.bound import lower
from .admission import admit, measuring
from .arguments import require_number, require_problem, require_seed
from .autograd_hessian import AutogradHessians, loss_hessian
from .hessian_probe import confirm, require_exchangeable, require_symmetric
from .linearization import recognised

_DENSE = 24
"""Up to that many parameters the Hessian is made whole: ARPACK's basis is not smaller."""


@undisturbed
def sharpness(problem: Problem, *, tol: float = 1e-3, seed: int = 0) -> Bound:
    """lambda_max(Hess L) of the loss in use at the current weights, by ARPACK on Hessian-vector products.

    The Rayleigh quotient of the vector that was found, so a lower bound in exact arithmetic whatever stopped the
    iteration; that no eigenvalue is above it by more than the residual is what Lanczos from a random start nearly
    always finds, and what no residual proves. Below zero at a strict local maximum alone.

    Args:
        problem: any network, loss in sum or mean as the problem says.
        tol: residual asked for, relative to the value, from 0 on; 0 for the precision of the machine.
        seed: of the start vector.

    Raises:
        InvalidInputError, NotAvailableError: as `hessian_norm`.
        NumericalFailureError: Lanczos did not converge, a product is not finite, or finite differences do not settle.
    """
    require_problem(problem)
    require_number("tol", tol, 0)
    require_seed(seed)
    with measuring(problem.network, twice=True):
        doubtful = not recognised(problem.network, problem.x)
        if doubtful:
            admitted = admit(problem.network, problem.x)
            require_exchangeable(problem.network, admitted.params, admitted.x)
        operator = loss_hessian(problem)
        start = _unit(operator.start(seed)[0])
        image = _product(operator, start)
        if not bool(image.any()):
            if doubtful:  # an operation may hide its second derivative without an error
                confirm(lambda dtype: loss_hessian(problem, dtype), start[None], image[None], torch.zeros(1))
            return lower(0.0, "Rayleigh quotient of the zero operator")
        v = _unit(_top(operator, start, tol))
        product = _product(operator, v)
        if doubtful:
            size = max(float(torch.linalg.vector_norm(a, dtype=torch.float64)) for a in (image, product))
            gap = abs(_dot(start, product) - _dot(v, image)) / size if size > 0 else 0.0
            require_symmetric(torch.tensor([gap]), torch.finfo(v.dtype).eps)
            confirm(lambda dtype: loss_hessian(problem, dtype), v[None], product[None], torch.zeros(1))
    theta = _dot(v, product) / _dot(v, v)
    residual = float(torch.linalg.vector_norm(product.double() - theta * v.double()))
    return lower(theta, f"Lanczos for the largest eigenvalue, residual {residual:.1e}")


def _top(operator: AutogradHessians, start: Tensor, tol: float) -> Tensor:
    """A vector near the eigenvector of the largest eigenvalue, (p,)."""
    size = len(start)
    if size <= _DENSE:
        columns = torch.stack([_product(operator, e) for e in torch.eye(size).to(start)]).double().cpu()
        return torch.linalg.eigh((columns + columns.mT) / 2)[1][:, -1].to(start)

    def product(v: np.ndarray) -> np.ndarray:
        return _product(operator, torch.as_tensor(v.reshape(-1)).to(start)).double().cpu().numpy()

    hessian = LinearOperator((size, size), product, dtype=np.float64)
    # Residuals below the round-off of the products cannot be asked for.
    least = torch.finfo(start.dtype).eps if start.dtype != torch.float64 else 0.0
    try:
        _, vectors = eigsh(hessian, k=1, which="LA", v0=start.double().cpu().numpy(), tol=max(tol, least))
    except ArpackError as error:
        raise NumericalFailureError(f"Lanczos for the sharpness: {error}") from None
    return torch.as_tensor(vectors[:, 0]).to(start)


def _product(operator: AutogradHessians, v: Tensor) -> Tensor:
    found = operator.apply(v[None])[0]
    if not torch.isfinite(found).all():
        raise NumericalFailureError("a Hessian-vector product is not finite")
    return found


def _unit(v: Tensor) -> Tensor:
    return v / torch.linalg.vector_norm(v)


def _dot(a: Tensor, b: Tensor) -> float:
    return float(a.double() @ b.double())
