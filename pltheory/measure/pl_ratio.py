"""The pointwise PL* ratio: what the gradient itself says, beside what lambda_min guarantees."""

from __future__ import annotations

import torch

from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import Bound
from ..theory.bound import exact


@undisturbed
def pl_ratio(problem: Problem) -> Bound:
    """||grad L||^2 / (2 L) at the current weights, infinite where L = 0.

    It is at least the smallest eigenvalue of the (scaled) tangent kernel and may be much larger. As a statement about a
    ball it is an upper bound of the PL* constant.
    """
    value = problem.value()
    grads = torch.autograd.grad(value, list(problem.parameters()))
    square = sum(float(g.square().sum()) for g in grads)
    loss = float(value.detach())
    return exact(square / (2 * loss) if loss > 0 else float("inf"), "autodiff gradient")
