"""The pointwise PL* ratio: what the gradient itself says, beside what lambda_min guarantees."""

from __future__ import annotations

import torch
from torch import Tensor

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

    Of the square loss it is at least the smallest eigenvalue of the (scaled) tangent kernel and may be much larger; of
    another loss it may be smaller, and its gauge is what stands in its place. As a statement about a
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
        # ||J^T s||^2 / (2 L), s the slope in the outputs: of its direction, so that no square overflows or vanishes.
        slope = problem.objective.slope_(outputs.detach().double().clone(), problem.y.double())  # (n, C)
        largest = float(slope.abs().max())
        if largest == 0:
            return exact(float("inf"), "autodiff gradient")
        unit = slope / largest
        size = float(torch.linalg.vector_norm(unit))
        length = norm(gradient(outputs, leaves.values(), (unit / size).to(outputs)))
        share = float(problem.objective.share(*problem.y.shape))
        value = share * length * length * _slope_ratio(problem, outputs, largest * size)
        if not value < float("inf"):
            require_finite_derivatives(problem.network, trainable(problem.network), problem.x)
    if not value < float("inf"):
        raise NumericalFailureError("the PL* ratio is not finite: the residual or the gradient is not")
    return exact(value, "autodiff gradient")


def _slope_ratio(problem: Problem, outputs: Tensor, slope: float) -> float:
    """||s||^2 / (2 l) of the summed loss l; 1 of the square loss, whatever its size."""
    if problem.square:
        return 1.0
    return slope * (slope / (2 * float(problem.objective.terms(outputs.detach().double(), problem.y.double()).sum())))
