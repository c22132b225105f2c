"""The ball search one start after another, on flat vectors of class N; shares no code with the package."""

from __future__ import annotations

import torch
from torch import Tensor

from .plain import Plain


def least_eigenvalue(plain: Plain, w: Tensor, x: Tensor) -> tuple[float, Tensor]:
    values, vectors = torch.linalg.eigh(plain.kernel(w, x))
    leaf, u = w.clone().requires_grad_(), vectors[:, 0]
    (row,) = torch.autograd.grad((plain.outputs(leaf, x) * u).sum(), leaf, create_graph=True)
    (gradient,) = torch.autograd.grad(row.square().sum(), leaf)
    return float(values[0]), gradient


def pl_ratio(plain: Plain, w: Tensor, x: Tensor, y: Tensor, scale: float, most: float) -> tuple[float, Tensor]:
    leaf = w.clone().requires_grad_()
    loss = plain.loss(leaf, x, y, scale)
    (row,) = torch.autograd.grad(loss, leaf, create_graph=True)
    ratio = row.square().sum() / (2 * loss)
    (gradient,) = torch.autograd.grad(ratio, leaf)
    return (float(ratio.detach()) if float(loss.detach()) <= most else float("inf")), gradient


def search(objective, centre: Tensor, starts: list[Tensor], radius: float, steps: int) -> tuple[float, float]:
    """Smallest value and its distance from projected gradient descent, starting from each of the offsets in turn."""
    best = (float("inf"), 0.0)
    for start in starts:
        offset = start.clone()
        for k in range(steps + 1):
            value, gradient = objective(centre + offset)
            distance = float(offset.norm())
            if value < best[0] and distance <= radius:
                best = (value, distance)
            if float(gradient.norm()) == 0:
                break
            offset = offset - radius / (1 + k) ** 0.5 * gradient / gradient.norm()
            offset = offset * min(1.0, (1 - 1e-9) * radius / float(offset.norm()))
    return best
