"""Gradient search in a ball for what the bounds of class G forbid; each value is of an actual point of the ball."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import hessian, jvp

from pltheory.nets.graph import Graph

from .attack import climb, in_unit_ball
from .graphs import alternating, hessians, jacobian, jacobian_along, loss, parameters, sizes


@dataclass(frozen=True)
class Found:
    """The largest values found, lower bounds of what a bound must not be below.

    Attributes:
        change: ||J(w) - J_0||.
        derivative: ||DJ(w)||.
        least: the smallest sigma_min(J(w)) found; sigma_min(J_0) is `least_at_centre`.
        least_at_centre: sigma_min(J_0).
        most: the largest ||J(w)||.
        curvature: the largest eigenvalue of the loss's Hessian where L <= L_0.
        negative: the largest of minus its smallest eigenvalue there.
    """

    change: float
    derivative: float
    least: float
    least_at_centre: float
    most: float
    curvature: float
    negative: float


def offsets(graph: Graph, count: int, seed: int) -> Tensor:
    """Unit offsets, (count, p): random ones, every other one in a single parameter group."""
    gen = torch.Generator().manual_seed(seed)
    z = torch.randn(count, sum(sizes(graph)), generator=gen, dtype=torch.float64)
    for i in range(1, count, 2):
        group = (i // 2) % len(graph.groups)
        at = sum(sizes(graph)[:group])
        keep = torch.zeros(z.shape[1], dtype=torch.float64)
        keep[at : at + sizes(graph)[group]] = 1.0
        z[i] *= keep
    return z / z.norm(dim=1, keepdim=True)


def attack(
    graph: Graph, x: Tensor, y: Tensor, radius: float, *, starts: int = 4, steps: int = 20, seed: int = 0
) -> Found:
    """Projected gradient ascent from several starts in B(w_0, radius); every value is evaluated again at its point.

    Args:
        graph: of some hundred parameters at most: Hessians are formed.
        x: (n, N_0).
        y: (n, C).
        radius: of the ball about the graph's own parameters.
        starts: random ones per quantity, to which two informed ones are added.
        steps: per start.
        seed: of the starts.
    """
    w0 = parameters(graph)
    p = len(w0)
    centre = jacobian(graph, w0, x)
    level = loss(graph, w0, x, y)

    def both(z: Tensor) -> Tensor:
        return torch.cat([in_unit_ball(z[:, :p]), z[:, p:] / z[:, p:].norm(dim=1, keepdim=True).clamp(min=1e-300)], 1)

    def change(z: Tensor) -> Tensor:
        return torch.linalg.svdvals(jacobian(graph, w0 + radius * z, x) - centre)[0]

    def least(z: Tensor) -> Tensor:
        # eigvalsh and not svdvals: its last value is 0, with no gradient to lose, where J has too few columns.
        j = jacobian(graph, w0 + radius * z, x)
        return -torch.linalg.eigvalsh(j @ j.T)[0]

    def derivative(z: Tensor) -> Tensor:
        return torch.linalg.svdvals(jacobian_along(graph, w0 + radius * z[:p], x, z[p:]))[0]

    def curvature(z: Tensor, sign: Tensor) -> Tensor:
        w, v = w0 + radius * z[:p], z[p:]
        bend = jvp(lambda u: jvp(lambda q: loss(graph, q, x, y), (u,), (v,))[1], (w,), (v,))[1]
        return sign * bend - 20.0 * bend.detach().abs() * torch.relu(loss(graph, w, x, y) / level - 1.0)

    # To first order J changes most along the direction in which the second derivative at the centre is largest.
    _, top = alternating(hessians(graph, w0, x), starts=20, steps=40, seed=seed)
    start = torch.cat([torch.stack([top, -top]), offsets(graph, starts, seed)])
    pairs = torch.cat([start, torch.cat([torch.stack([top, top]), offsets(graph, starts, seed + 1)])], dim=1)
    at_change = climb(change, start, in_unit_ball, steps=steps, lr=0.1)
    at_least = climb(least, start, in_unit_ball, steps=steps, lr=0.1)
    at_derivative = climb(derivative, pairs, both, steps=steps, lr=0.1)[:, :p]
    signs = torch.ones(len(start), dtype=torch.float64)
    inner = torch.cat([0.1 * pairs[:, :p], pairs[:, p:]], dim=1)
    at_curvature = [climb(curvature, inner, both, s * signs, steps=steps, lr=0.1)[:, :p] for s in (1.0, -1.0)]

    centres = torch.zeros(1, p, dtype=torch.float64)
    points = torch.cat([centres, at_change, at_least, at_derivative, *at_curvature])
    jacobians = [jacobian(graph, w0 + radius * z, x) for z in points]
    lengths = [torch.linalg.svdvals(j) for j in jacobians]
    rows = len(centre)
    least_values = [float(s[rows - 1]) if len(s) >= rows else 0.0 for s in lengths]
    bends = []
    for z in torch.cat([centres, *at_curvature]):
        w = w0 + radius * z
        if loss(graph, w, x, y) <= level:
            bends.append(torch.linalg.eigvalsh(hessian(lambda q: loss(graph, q, x, y))(w)))
    norms = [
        alternating(hessians(graph, w0 + radius * z, x), starts=4, steps=20, seed=seed)[0]
        for z in torch.cat([centres, at_derivative])
    ]
    return Found(
        change=max(float(torch.linalg.svdvals(j - centre)[0]) for j in jacobians),
        derivative=max(norms),
        least=min(least_values),
        least_at_centre=least_values[0],
        most=max(float(s[0]) for s in lengths),
        curvature=max(float(b[-1]) for b in bends),
        negative=max(float(-b[0]) for b in bends),
    )
