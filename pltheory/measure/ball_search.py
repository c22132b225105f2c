"""Search inside a ball for weights where a constant fails: projected gradient, which can refute and never prove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..problem.problem import Problem
from ..theory import Bound
from ..theory.bound import upper
from .ntk import empirical_ntk


@dataclass(frozen=True)
class Attack:
    """What a search found.

    Attributes:
        value: the smallest value found, an upper bound of the minimum over the ball.
        distance: ||w - w_0|| of the point found.
        weights: that point, in the order of `problem.parameters()`.
    """

    value: Bound
    distance: float
    weights: list[Tensor]


def attack_lambda_min(problem: Problem, radius: float, *, steps: int = 30, restarts: int = 2, seed: int = 0) -> Attack:
    """Search the ball for a small eigenvalue of the tangent kernel (summed loss).

    The gradient of lambda_min at a simple eigenvalue with unit eigenvector u is that of ||J^T u||^2 at fixed u.
    """

    def objective(p: Problem) -> tuple[float, list[Tensor]]:
        values, vectors = torch.linalg.eigh(empirical_ntk(p.network, p.x))
        params = list(p.parameters())
        weighted = (p.network(p.x).reshape(-1) * vectors[:, 0]).sum()
        rows = torch.autograd.grad(weighted, params, create_graph=True)
        return float(values[0]), _gradient(torch.stack([r.square().sum() for r in rows]).sum(), params)

    return _search(problem, radius, objective, steps, restarts, seed, "lambda_min of the kernel")


def attack_pl_ratio(problem: Problem, radius: float, *, steps: int = 30, restarts: int = 2, seed: int = 0) -> Attack:
    """Search the ball, where the loss is at most that of the start, for a small PL* ratio ||grad L||^2 / (2 L)."""
    start_loss = float(problem.value().detach())

    def objective(p: Problem) -> tuple[float, list[Tensor]]:
        params = list(p.parameters())
        value = p.value()
        grads = torch.autograd.grad(value, params, create_graph=True)
        ratio = torch.stack([g.square().sum() for g in grads]).sum() / (2 * value)
        inside = float(value.detach()) <= start_loss
        return float(ratio.detach()) if inside else float("inf"), _gradient(ratio, params)

    return _search(problem, radius, objective, steps, restarts, seed, "PL* ratio")


def _gradient(value: Tensor, params: Sequence[Tensor]) -> list[Tensor]:
    grads = torch.autograd.grad(value, params, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for g, p in zip(grads, params, strict=True)]


def _norm(vectors: list[Tensor]) -> float:
    return float(torch.stack([v.norm() for v in vectors]).norm())


def _search(
    problem: Problem,
    radius: float,
    objective: Callable[[Problem], tuple[float, list[Tensor]]],
    steps: int,
    restarts: int,
    seed: int,
    what: str,
) -> Attack:
    work = problem.copy()
    params = list(work.parameters())
    centre = [p.detach().clone() for p in params]
    generator = torch.Generator().manual_seed(seed)
    best = (float("inf"), 0.0, centre)
    for restart in range(restarts):
        offset = [torch.zeros_like(c) for c in centre]
        if restart > 0:
            noise = [torch.randn(c.shape, generator=generator, dtype=torch.float64).to(c) for c in centre]
            offset = [radius / _norm(noise) * v for v in noise]
        for k in range(steps + 1):
            with torch.no_grad():
                for p, c, o in zip(params, centre, offset, strict=True):
                    p.copy_(c + o)
            value, gradient = objective(work)
            distance = _norm([p.detach() - c for p, c in zip(params, centre, strict=True)])
            # Round-off may put a projected point a hair outside: it then proves nothing and does not count.
            if value < best[0] and distance <= radius:
                best = (value, distance, [p.detach().clone() for p in params])
            size = _norm(gradient)
            if size == 0:
                break
            step = radius / (1 + k) ** 0.5 / size
            moved = [o - step * g for o, g in zip(offset, gradient, strict=True)]
            shrink = min(1.0, (1 - 1e-9) * radius / _norm(moved)) if _norm(moved) > 0 else 1.0
            offset = [shrink * m for m in moved]
    value, distance, weights = best
    return Attack(upper(value, f"projected gradient search, {what}"), distance, weights)
