"""Kernel Gauss-Newton: bring a checkpoint into the basin that Theorem C certifies.

`w <- w - a J^T (K + d I)^{-1} r`, the step of least norm that solves the linearised problem, with backtracking on the
residual and damping only where the kernel does not factorise. It changes the weights, and says by how much: the
certificate then speaks of the polished weights, not of those it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

from ..measure.linearization import Linearization, linearize
from ..problem.networks import class_n
from ..problem.problem import Problem
from ..problem.settings import StepSettings
from ..theory import Bound, NumericalFailureError
from ..theory.bound import estimate
from .profile import Profile, profile
from .radius import reach

ENOUGH = 1.5
"""Certificate ratio at which polishing stops: what the proof needs is more than 1."""


@dataclass(frozen=True)
class PolishStep:
    """One point of the iteration.

    Attributes:
        residual: ||r|| there.
        ratio: Theorem C's available over required, float64.
        step: the fraction a of the full step that led on from there, 0 at the end.
        damping: d.
    """

    residual: float
    ratio: float
    step: float
    damping: float


@dataclass(frozen=True)
class Polished:
    """A polished checkpoint.

    Attributes:
        problem: with the polished weights, in float64.
        profile: float64 profile there, from estimated extreme eigenvalues: a guess for the proof.
        steps: what was done, the last entry being the end point.
        moved: ||w_polished - w_given||.
    """

    problem: Problem
    profile: Profile
    steps: tuple[PolishStep, ...]
    moved: float


def polish(
    problem: Problem,
    settings: StepSettings,
    *,
    limit: int = 12,
    progress: Callable[[int, int, str], None] | None = None,
) -> Polished:
    """Take kernel Gauss-Newton steps until Theorem C's ratio is safely above 1, or the limit is reached.

    Args:
        problem: class N; its own weights are left as they are.
        settings: step rule that the certificate is to be about.
        limit: largest number of steps; 0 only measures.
        progress: called at every point as (done, limit, note).

    Raises:
        NotAvailableError: not of class N or not smooth.
        NumericalFailureError: no damping makes the kernel factorise, or no step lowers the residual.
    """
    work = problem.copy()
    start = [p.detach().clone() for p in work.parameters()]
    steps: list[PolishStep] = []
    while True:
        lin = linearize(work.network, work.x)
        r = lin.outputs - work.y
        residual = float(r.norm())
        factor, damping = _factorise(lin.kernel)
        bounds = profile(lin, residual, work.scale, spectrum=_spectrum(lin.kernel, factor), as_guess=True)
        ratio = reach(bounds, settings, "C").ratio
        if progress is not None:
            progress(len(steps), limit, f"||r|| = {residual:.2e}, ratio {ratio:.3g}")
        if ratio >= ENOUGH or len(steps) >= limit:
            steps.append(PolishStep(residual, ratio, 0.0, damping))
            break
        fraction = _descend(work, lin, factor, r)
        steps.append(PolishStep(residual, ratio, fraction, damping))
        del lin, factor
    moved = torch.stack([(p.detach() - s).norm() for p, s in zip(work.parameters(), start, strict=True)]).norm()
    return Polished(work, bounds, tuple(steps), float(moved))


def _factorise(kernel: Tensor) -> tuple[Tensor, float]:
    """Cholesky factor of K + d I with the smallest d of a short list that works."""
    scale = float(kernel.diagonal().mean())
    for relative in (0.0, 1e-14, 1e-12, 1e-10, 1e-8):
        damped = kernel if relative == 0.0 else kernel + relative * scale * torch.eye(len(kernel)).to(kernel)
        factor, info = torch.linalg.cholesky_ex(damped)
        if int(info) == 0:
            return factor, relative * scale
    raise NumericalFailureError("the tangent kernel does not factorise: it is singular to working precision")


def _spectrum(kernel: Tensor, factor: Tensor) -> tuple[Bound, Bound]:
    """Extreme eigenvalues by Lanczos on K and on its factorised inverse."""
    n = len(kernel)
    if n < 64:
        values = torch.linalg.eigvalsh(kernel)
        return estimate(float(values[0]), "eigvalsh"), estimate(float(values[-1]), "eigvalsh")

    def times(v: np.ndarray) -> np.ndarray:
        return (kernel @ torch.as_tensor(v.reshape(-1)).to(kernel)).cpu().numpy()

    def inverse(v: np.ndarray) -> np.ndarray:
        right = torch.as_tensor(v.reshape(-1, 1)).to(kernel)
        return torch.cholesky_solve(right, factor)[:, 0].cpu().numpy()

    start = np.random.default_rng(0).standard_normal(n)
    found = []
    for apply in (inverse, times):
        operator = LinearOperator((n, n), matvec=apply, dtype=np.float64)
        found.append(float(eigsh(operator, k=1, v0=start, tol=1e-4, return_eigenvectors=False)[0]))
    return estimate(1 / found[0], "inverse Lanczos"), estimate(found[1], "Lanczos")


def _descend(work: Problem, lin: Linearization, factor: Tensor, r: Tensor) -> float:
    """Take the largest of the steps 1, 1/2, 1/4, .. that lowers the residual; its fraction."""
    v = torch.cholesky_solve(r.reshape(-1, 1), factor).reshape(r.shape)
    moves: list[tuple[Tensor, Tensor, Tensor]] = []  # parameter, its value before, its direction
    for layer, (dw, db) in zip(class_n(work.network).layers, lin.transpose_times(v), strict=True):
        moves.append((layer.weight, layer.weight.detach().clone(), dw))
        if layer.bias is not None and db is not None:
            moves.append((layer.bias, layer.bias.detach().clone(), db))
    residual, fraction = float(r.norm()), 1.0
    with torch.no_grad():
        while fraction > 1e-6:
            for parameter, before, direction in moves:
                parameter.copy_(before - fraction * direction)
            if float((work.network(work.x) - work.y).norm()) < (1 - 0.1 * fraction) * residual:
                return fraction
            fraction /= 2
    raise NumericalFailureError("no Gauss-Newton step lowers the residual: this checkpoint cannot be polished")
