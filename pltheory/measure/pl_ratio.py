"""The pointwise PL* ratio: what the gradient itself says, beside what lambda_min guarantees."""

from __future__ import annotations

import torch

from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import Bound, NumericalFailureError
from ..theory.bound import exact
from .admission import admit, measuring, trainable
from .arguments import require_problem
from .autodiff import gradient, norm, require_finite_derivatives, run_on_leaves
from .linearization import recognised


@undisturbed
def pl_ratio(problem: Problem) -> Bound:
    """||grad L||^2 / (2 L) at the current weights, infinite where L = 0.

    It is at least the smallest eigenvalue of the (scaled) tangent kernel and may be much larger. As a statement about a
    ball it is an upper bound of the PL* constant. A parameter that no output depends on has gradient zero.

    Raises:
        InvalidInputError: the network is not admitted (`admission.admit`): it mixes samples or draws random numbers.
        NotAvailableError: autograd cannot differentiate it.
        NumericalFailureError: the residual or the gradient is not finite.
    """
    require_problem(problem)
    with measuring(problem.network):
        if not recognised(problem.network, problem.x):
            admit(problem.network, problem.x)
        leaves, outputs = run_on_leaves(problem.network, trainable(problem.network), problem.x)
        residual = outputs - problem.y  # (n, C)
        r = residual.detach().double()
        largest = float(r.abs().max())
        if largest == 0:
            return exact(float("inf"), "autodiff gradient")
        # ||c J^T r||^2 / (c ||r||^2): of the unit residual, so that no square overflows or vanishes.
        r = r / largest
        r = (r / torch.linalg.vector_norm(r)).to(residual)
        length = norm(gradient(residual, leaves.values(), r))
        value = problem.scale * length * length
        if not value < float("inf"):
            require_finite_derivatives(problem.network, trainable(problem.network), problem.x)
    if not value < float("inf"):
        raise NumericalFailureError("the PL* ratio is not finite: the residual or the gradient is not")
    return exact(value, "autodiff gradient")
