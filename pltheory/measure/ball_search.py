"""Search inside a ball for weights where a constant fails: projected gradient, which can refute and never prove.

The starts go together: their weights are stacked, and one forward and backward pass serves them all. What the module
has no vmap rule for, and weights whose Jacobians would not fit in `BATCH_BYTES`, go one start at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call, jacrev, vmap

from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import Bound
from ..theory.bound import upper
from .ntk import empirical_ntk

BATCH_BYTES = 1 << 29
"""Jacobians held at once, for all the starts that go together."""

_INSIDE = 1 - 1e-9
"""What is put on the sphere goes that part of the radius from the centre, so that rounding leaves it inside."""

Stacked = dict[str, Tensor]
"""Trainable parameters by name, each (b, ...): one set of weights per start."""
Objective = Callable[[Stacked], tuple[Tensor, list[Tensor]]]
"""Stacked weights to the values to make small, (b,), and their gradients, (b, ...) each."""


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


@undisturbed
def attack_lambda_min(problem: Problem, radius: float, *, steps: int = 30, restarts: int = 2, seed: int = 0) -> Attack:
    """Search the ball for a small eigenvalue of the tangent kernel (summed loss).

    The gradient of lambda_min at a simple eigenvalue with unit eigenvector u is that of ||J^T u||^2 at fixed u.

    Args:
        problem: network and data; its weights are the centre and stay as they are.
        radius: of the ball.
        steps: gradient steps from every start.
        restarts: starts: the centre, and that many less one on the sphere.
        seed: of the starts.

    Raises:
        InvalidInputError: the network has no tangent kernel per sample, see `empirical_ntk`.
    """
    work = problem.copy()
    empirical_ntk(work.network, work.x)  # refuses networks that mix samples

    def objective(points: Stacked) -> tuple[Tensor, list[Tensor]]:
        values, vectors = torch.linalg.eigh(_kernels(work, points))
        with torch.enable_grad():
            leaves = _leaves(points)
            outputs = _outputs(work, leaves).flatten(1)
            weighted = (outputs * vectors[:, :, 0]).sum()
            rows = torch.autograd.grad(weighted, list(leaves.values()), create_graph=True, allow_unused=True)
            squares = [r.square().sum() for r in rows if r is not None]
            return values[:, 0], _gradients(torch.stack(squares).sum(), leaves)

    return _search(work, radius, objective, steps, restarts, seed, "lambda_min of the kernel")


@undisturbed
def attack_pl_ratio(problem: Problem, radius: float, *, steps: int = 30, restarts: int = 2, seed: int = 0) -> Attack:
    """Search the ball, where the loss is at most that of the start, for a small PL* ratio ||grad L||^2 / (2 L).

    Arguments as for `attack_lambda_min`.
    """
    work = problem.copy()
    start_loss: Tensor | None = None

    def objective(points: Stacked) -> tuple[Tensor, list[Tensor]]:
        nonlocal start_loss
        with torch.enable_grad():
            leaves = _leaves(points)
            residuals = _outputs(work, leaves) - work.y
            losses = 0.5 * work.scale * residuals.flatten(1).square().sum(dim=1)
            grads = torch.autograd.grad(losses.sum(), list(leaves.values()), create_graph=True, allow_unused=True)
            squares = [g.flatten(1).square().sum(dim=1) for g in grads if g is not None]
            ratios = torch.stack(squares).sum(dim=0) / (2 * losses)
            gradients = _gradients(ratios.sum(), leaves)
        if start_loss is None:  # the first point of the first call is the centre
            start_loss = losses[0].detach()
        return torch.where(losses.detach() <= start_loss, ratios.detach(), torch.inf), gradients

    return _search(work, radius, objective, steps, restarts, seed, "PL* ratio")


def _leaves(points: Stacked) -> Stacked:
    return {name: p.detach().requires_grad_() for name, p in points.items()}


def _outputs(problem: Problem, points: Stacked) -> Tensor:
    """F of shape (b, n, C)."""
    if len(next(iter(points.values()))) == 1:  # works for every module, vmap does not
        single = {name: p.squeeze(0) for name, p in points.items()}
        return functional_call(problem.network, single, (problem.x,))[None]
    return vmap(lambda p: functional_call(problem.network, p, (problem.x,)))(points)


def _kernels(problem: Problem, points: Stacked) -> Tensor:
    """Tangent kernels, (b, n C, n C)."""
    count = len(next(iter(points.values())))
    if count == 1:
        with torch.no_grad():
            for name, p in problem.network.named_parameters():
                if name in points:
                    p.copy_(points[name][0])
        return empirical_ntk(problem.network, problem.x)[None]

    def rows(p: Stacked, xi: Tensor) -> Stacked:
        return jacrev(lambda q: functional_call(problem.network, q, (xi[None],)).reshape(-1))(p)

    found = vmap(vmap(rows, in_dims=(None, 0)), in_dims=(0, None))(points, problem.x)  # (b, n, C, *shape) each
    jacobian = torch.cat(
        [j.flatten(3).flatten(1, 2) if j.ndim > 3 else j.flatten(1)[:, :, None] for j in found.values()], dim=2
    )
    return jacobian @ jacobian.mT


def _gradients(value: Tensor, leaves: Stacked) -> list[Tensor]:
    if not value.requires_grad:  # constant
        return [torch.zeros_like(p) for p in leaves.values()]
    return list(torch.autograd.grad(value, list(leaves.values()), allow_unused=True, materialize_grads=True))


def _norms(parts: list[Tensor]) -> Tensor:
    """Euclidean norms over all parts, (b,), in float64: in float32 a point outside could pass for one inside."""
    squares = [p.flatten(1).double().square().sum(dim=1) for p in parts]
    return torch.stack(squares).sum(dim=0).sqrt()


def _together(problem: Problem, points: Stacked, restarts: int) -> int:
    """How many starts go together."""
    size = sum(p[0].numel() for p in points.values())
    fit = BATCH_BYTES // (2 * problem.y.numel() * size * problem.x.element_size())
    if min(fit, restarts) < 2:
        return 1
    try:
        pair = {name: p[:1].expand(2, *p.shape[1:]) for name, p in points.items()}
        with torch.no_grad():
            _outputs(problem, pair)
    except RuntimeError:
        return 1
    return min(fit, restarts)


def _search(
    work: Problem, radius: float, objective: Objective, steps: int, restarts: int, seed: int, what: str
) -> Attack:
    centre = {name: p.detach().clone()[None] for name, p in work.network.named_parameters() if p.requires_grad}
    together = _together(work, centre, restarts)
    generator = torch.Generator().manual_seed(seed)
    best = (float("inf"), 0.0, [c[0] for c in centre.values()])
    for first in range(0, restarts, together):
        count = min(together, restarts - first)
        offsets = [torch.zeros_like(c).repeat(count, *[1] * (c.ndim - 1)) for c in centre.values()]
        for i in range(count):
            if first + i > 0:
                noise = [torch.randn(c.shape, generator=generator, dtype=torch.float64).to(c) for c in centre.values()]
                scale = _INSIDE * radius / float(_norms(noise))
                for o, v in zip(offsets, noise, strict=True):
                    o[i] = scale * v[0]
        for k in range(steps + 1):
            points = {name: c + o for (name, c), o in zip(centre.items(), offsets, strict=True)}
            values, gradients = objective(points)
            # Of the weights as stored: a point that rounding put a hair outside proves nothing and does not count.
            moves = [p.double() - c.double() for p, c in zip(points.values(), centre.values(), strict=True)]
            distances = _norms(moves)
            for i in range(count):
                if float(values[i]) < best[0] and float(distances[i]) <= radius:
                    best = (float(values[i]), float(distances[i]), [p[i].clone() for p in points.values()])
            sizes = _norms(gradients)
            if not sizes.any():
                break
            # A start with gradient 0 stays where it is.
            lengths = torch.where(sizes > 0, radius / (1 + k) ** 0.5 / sizes, 0)
            offsets = [o - _each(lengths, g) * g for o, g in zip(offsets, gradients, strict=True)]
            reach = _norms(offsets)
            shrink = torch.where(reach > 0, _INSIDE * radius / reach, 1).clamp(max=1)
            offsets = [_each(shrink, o) * o for o in offsets]
    value, distance, weights = best
    return Attack(upper(value, f"projected gradient search, {what}"), distance, weights)


def _each(factors: Tensor, like: Tensor) -> Tensor:
    """One factor per start, to multiply (b, *shape) with."""
    return factors.to(like).reshape(-1, *[1] * (like.ndim - 1))
