"""Relaxed smoothness along a run: an L0 and an L1 with ||Hess L|| <= L0 + L1 ||grad L|| at the points measured.

[Zhang, He, Sra, Jadbabaie, Why Gradient Clipping Accelerates Training, ICLR 2020, arXiv:1905.11881], and what
[Liu, Zhuang, Lei, Liao, NeurIPS 2022, arXiv:2205.05040] asks of the loss everywhere. Points say nothing of what lies
between them, and a Lanczos value is a lower bound of its norm: both constants are estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linprog

from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import Bound, InvalidInputError, NumericalFailureError
from ..theory.bound import estimate
from .autodiff import gradient, norm
from .hessian import loss_hessian_norm

Array = np.ndarray


@undisturbed
def smoothness_at(problem: Problem, *, seed: int = 0) -> tuple[float, float]:
    """||grad L|| and ||Hess L|| of the loss in use at the problem's weights, the latter by Lanczos.

    Args:
        problem: network, data, loss.
        seed: of Lanczos' start.

    Raises:
        InvalidInputError, NotAvailableError, NumericalFailureError: as `loss_hessian_norm`.
    """
    curvature = loss_hessian_norm(problem, seed=seed).value.value
    value = problem.value()
    return norm(gradient(value, list(problem.parameters()), torch.ones_like(value))), curvature


@dataclass(frozen=True)
class RelaxedSmoothness:
    """The lowest line that no measured point lies above.

    Attributes:
        norms: ||grad L|| at the K points, (K,).
        curvatures: ||Hess L|| there, (K,).
        l0, l1: the line, both at least 0.
    """

    norms: Array
    curvatures: Array
    l0: Bound
    l1: Bound

    @property
    def line(self) -> Array:
        """L0 + L1 ||grad L|| at the points, (K,)."""
        return self.l0.value + self.l1.value * self.norms

    @property
    def smooth(self) -> Bound:
        """The least L that ||Hess L|| never exceeded: what a gradient step without clipping has to be short of."""
        return estimate(float(self.curvatures.max()), f"largest of {len(self.norms)} points")

    @property
    def saved(self) -> float:
        """The line's mean over the points, as a part of `smooth`: 1 where curvature does not grow with the gradient."""
        top = self.smooth.value
        return float(self.line.mean() / top) if top > 0 else 1.0


def relaxed_smoothness(points: Sequence[tuple[float, float]]) -> RelaxedSmoothness:
    """The line over pairs of `smoothness_at` that exceeds them by the least sum: a linear programme.

    Args:
        points: K pairs ||grad L||, ||Hess L||, from two on.

    Raises:
        InvalidInputError: there are fewer, or one is negative or not finite.
        NumericalFailureError: the programme found no line.
    """
    pairs = np.array(points, dtype=float).reshape(-1, 2) if len(points) else np.empty((0, 2))
    if len(pairs) < 2 or not (np.isfinite(pairs).all() and (pairs >= 0).all()):
        raise InvalidInputError(f"points: allowed are two or more pairs of finite numbers from 0; here {len(pairs)}")
    scale = np.where(pairs.max(axis=0) > 0, pairs.max(axis=0), 1.0)
    norms, curvatures = (pairs / scale).T
    above = np.stack([np.ones_like(norms), norms], axis=1)
    found = linprog(above.sum(axis=0), A_ub=-above, b_ub=-curvatures, bounds=[(0, None), (0, None)], method="highs")
    if not found.success:
        raise NumericalFailureError(f"relaxed smoothness: {found.message}")
    l0, l1 = float(found.x[0] * scale[1]), float(found.x[1] * scale[1] / scale[0])
    how = f"lowest line over {len(pairs)} points"
    return RelaxedSmoothness(pairs[:, 0], pairs[:, 1], estimate(l0, how), estimate(l1, how))
