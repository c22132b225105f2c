"""Gradient search for a violation inside a ball: many starts at once, Adam, every point projected into the ball.

Values are of the plain network of `oracles.plain`; the search only proposes points, and what it found is evaluated
again, densely, by the caller's own formulas.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import jvp, vmap

from .plain import Plain

Objective = Callable[..., Tensor]


def climb(
    objective: Objective, start: Tensor, project: Callable[[Tensor], Tensor], *args: Tensor, steps: int, lr: float
) -> Tensor:
    """Maximise objective(z, *args) over each row z of start, (B, k); args are rows too. Best points, (B, k)."""
    z = project(start).requires_grad_()
    adam = torch.optim.Adam([z], lr=lr)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps, eta_min=lr / 50)
    batched = vmap(objective)
    best, where = torch.full((len(z),), -torch.inf, dtype=z.dtype), z.detach().clone()
    for _ in range(steps):
        adam.zero_grad()
        value = batched(z, *args)
        better = value.detach() > best
        best = torch.where(better, value.detach(), best)
        where[better] = z.detach()[better]
        (-value.sum()).backward()
        z.grad.nan_to_num_(0.0)
        adam.step()
        cosine.step()
        with torch.no_grad():
            z.copy_(project(z.nan_to_num(0.0)))
    return where


def in_unit_ball(z: Tensor) -> Tensor:
    """Rows shortened to length 1 where they are longer."""
    return z / z.norm(dim=1, keepdim=True).clamp(min=1.0)


def starts(plain: Plain, count: int, seed: int) -> Tensor:
    """Unit offsets, (count, p): random ones, and ones that spend the whole radius on one layer."""
    gen = torch.Generator().manual_seed(seed)
    sizes = plain.sizes
    z = torch.randn(count, sum(sizes), generator=gen, dtype=torch.float64)
    for i, only in zip(range(1, count, 2), range(len(sizes) * count), strict=False):
        layer, at = only % len(sizes), sum(sizes[: only % len(sizes)])
        keep = torch.zeros(sum(sizes), dtype=torch.float64)
        keep[at : at + sizes[layer]] = 1.0
        z[i] *= keep
    return z / z.norm(dim=1, keepdim=True)


def splitter(plain: Plain) -> Callable[[Tensor], Tensor]:
    """Maps (directions, split) of length p + L + 1 to a unit offset: layer l gets the share t_l / ||t|| of the radius.

    The split of the radius over the layers is then a variable of its own, with its own gradient.
    """
    sizes = plain.sizes

    def offset(z: Tensor) -> Tensor:
        pieces, t = z[: -len(sizes)].split(sizes), z[-len(sizes) :]
        t = t / t.norm()
        return torch.cat([t[l] * piece / piece.norm().clamp(min=1e-9) for l, piece in enumerate(pieces)])

    return offset


def find_jacobian_change(
    plain: Plain, w0: Tensor, x: Tensor, radii: list[float], *, steps: int, seed: int = 0
) -> list[Tensor]:
    """Per radius, points (k, p) in the ball, sought for large ||J(w) - J_0||, small sigma_min(J) and large ||J||."""
    centre = plain.jacobian(w0, x)
    goals, per = torch.eye(3, dtype=torch.float64), 4
    radius = torch.tensor(radii, dtype=torch.float64).repeat_interleave(3 * per)
    goal = goals.repeat_interleave(per, dim=0).repeat(len(radii), 1)

    def value(offset: Tensor, s: Tensor, g: Tensor) -> Tensor:
        j = plain.jacobian(w0 + s * offset, x)
        change = torch.linalg.svdvals(j - centre)[0]
        # eigvalsh and not svdvals: its last value is 0, with no gradient to lose, where J has too few columns.
        least = torch.linalg.eigvalsh(j @ j.T)[0]
        most = torch.linalg.svdvals(j)[0]
        return (g * torch.stack([change, -least, most])).sum() / s

    first = climb(value, starts(plain, len(radius), seed), in_unit_ball, radius, goal, steps=steps, lr=0.1)
    split = splitter(plain)
    layers = torch.stack([torch.stack([v.norm() for v in row.split(plain.sizes)]) for row in first])
    second = climb(
        lambda z, s, g: value(split(z), s, g),
        torch.cat([first + 1e-3 * starts(plain, len(radius), seed + 1), layers + 0.02], dim=1),
        lambda z: z,
        radius,
        goal,
        steps=steps // 2,
        lr=0.03,
    )
    found = torch.stack([first, vmap(split)(second)])  # (2, B, p)
    found = found.reshape(2, len(radii), 3 * per, -1)
    return [w0 + s * found[:, i].flatten(0, 1) for i, s in enumerate(radii)]


def find_lipschitz(
    plain: Plain, w0: Tensor, x: Tensor, radii: list[float], *, steps: int, seed: int = 0
) -> list[tuple[Tensor, Tensor]]:
    """Per radius, points in the ball and unit directions, both (k, p), sought to maximise ||DJ(w)[v]||."""
    per, p = 6, len(w0)
    radius = torch.tensor(radii, dtype=torch.float64).repeat_interleave(per)

    def project(z: Tensor) -> Tensor:
        return torch.cat([in_unit_ball(z[:, :p]), z[:, p:] / z[:, p:].norm(dim=1, keepdim=True)], dim=1)

    def value(z: Tensor, s: Tensor) -> Tensor:
        return torch.linalg.svdvals(plain.jacobian_along(w0 + s * z[:p], x, z[p:]))[0]

    both = torch.cat([starts(plain, len(radius), seed), starts(plain, len(radius), seed + 1)], dim=1)
    z = climb(value, both, project, radius, steps=steps, lr=0.1).reshape(len(radii), per, -1)
    return [(w0 + s * z[i, :, :p], z[i, :, p:]) for i, s in enumerate(radii)]


def find_curvature(
    plain: Plain, w0: Tensor, x: Tensor, y: Tensor, radii: list[float], *, steps: int, seed: int = 0
) -> list[Tensor]:
    """Per radius, points (k, p) in the ball, sought for large v^T Hess L v where L <= L_0 (kept by a penalty)."""
    per, p = 6, len(w0)
    radius = torch.tensor(radii, dtype=torch.float64).repeat_interleave(per)
    start_loss = plain.loss(w0, x, y)

    def project(z: Tensor) -> Tensor:
        return torch.cat([in_unit_ball(z[:, :p]), z[:, p:] / z[:, p:].norm(dim=1, keepdim=True)], dim=1)

    def value(z: Tensor, s: Tensor) -> Tensor:
        w, v = w0 + s * z[:p], z[p:]
        curvature = jvp(lambda u: jvp(lambda q: plain.loss(q, x, y), (u,), (v,))[1], (w,), (v,))[1]
        excess = torch.relu(plain.loss(w, x, y) / start_loss - 1.0)
        return curvature * (1.0 - 20.0 * excess)

    both = torch.cat([0.1 * starts(plain, len(radius), seed), starts(plain, len(radius), seed + 1)], dim=1)
    z = climb(value, both, project, radius, steps=steps, lr=0.1).reshape(len(radii), per, -1)
    return [w0 + s * z[i, :, :p] for i, s in enumerate(radii)]
