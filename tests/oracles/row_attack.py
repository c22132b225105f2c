"""Gradient search over a certified ball of a large network for what its claim forbids.

Jacobians are dense, of the torch module itself, sample by sample; a largest or smallest singular pair (u, v) of one has
the gradient `H_u v`, H_u the Hessian of u . F, and the search goes where the linearised value is largest in the ball.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from pltheory.certification.claim import Claim
from pltheory.problem.problem import Problem

SLACK = 1 + 1e-6
"""Relative rounding that a float64 difference of Jacobians over a ball is granted."""


class Network:
    """F of the flat parameters, (n, C), in the scale of the loss: 1 for a sum, n^(-1/2) for a mean.

    Args:
        problem: network and data.
        weights: flat parameters in the order of the module's, or None for those that it has.
        loss: "sum" or "mean".
    """

    def __init__(self, problem: Problem, weights: Tensor | None, loss: str) -> None:
        self.module: nn.Module = problem.network.eval()
        named = [(k, p.detach().double()) for k, p in self.module.named_parameters()]
        self.names, self.shapes = [k for k, _ in named], [p.shape for _, p in named]
        flat = torch.cat([p.reshape(-1) for _, p in named])
        self.centre = flat if weights is None else weights
        self.root = 1.0 if loss == "sum" else len(problem.x) ** -0.5
        self.x, self.y = problem.x, problem.y.reshape(len(problem.x), -1)

    def _parts(self, w: Tensor) -> dict[str, Tensor]:
        pieces = w.split([s.numel() for s in self.shapes])
        return {k: piece.reshape(s) for k, piece, s in zip(self.names, pieces, self.shapes, strict=True)}

    def outputs(self, w: Tensor) -> Tensor:
        """F, (n, C)."""
        return self.root * functional_call(self.module, self._parts(w), (self.x,)).reshape(self.y.shape)

    def jacobian(self, w: Tensor) -> Tensor:
        """J, (n C, p)."""

        def single(parts: dict[str, Tensor], x: Tensor) -> Tensor:
            return self.root * functional_call(self.module, parts, (x[None],)).reshape(-1)

        with sdpa_kernel(SDPBackend.MATH):
            found = vmap(jacrev(single), (None, 0), chunk_size=10)(self._parts(w.detach()), self.x)
        return torch.cat([found[k].reshape(self.y.numel(), -1) for k in self.names], dim=1)

    def bend(self, w: Tensor, u: Tensor, v: Tensor) -> Tensor:
        """H_u v, the gradient of u^T J(w) v."""
        w = w.detach().requires_grad_()
        with sdpa_kernel(SDPBackend.MATH):
            (slope,) = torch.autograd.grad((u.reshape(self.y.shape) * self.outputs(w)).sum(), w, create_graph=True)
            return torch.autograd.grad(slope @ v, w)[0]

    def loss(self, w: Tensor) -> float:
        """||F - y||^2 / 2."""
        with torch.no_grad():
            return float((self.outputs(w) - self.root * self.y).square().sum() / 2)

    def curvature(self, w: Tensor, v: Tensor, steps: int = 12) -> float:
        """v^T Hess L v after power iteration from v: no larger than the largest eigenvalue."""
        w = w.detach().requires_grad_()
        value = 0.0
        with sdpa_kernel(SDPBackend.MATH):
            loss = (self.outputs(w) - self.root * self.y).square().sum() / 2
            (slope,) = torch.autograd.grad(loss, w, create_graph=True)
            for _ in range(steps):
                (bent,) = torch.autograd.grad(slope @ v, w, retain_graph=True)
                value, v = max(value, float(v @ bent)), bent / bent.norm()
        return value


def pair(a: Tensor, *, least: bool = False) -> tuple[float, Tensor, Tensor]:
    """The largest singular value of a wide matrix, or its smallest, with u and v."""
    _, vectors = torch.linalg.eigh(a @ a.T)
    u = vectors[:, 0 if least else -1]
    v = a.T @ u
    return float(v.norm()), u, v / v.norm()


@dataclass
class Best:
    """The worst that was found, lower bounds of what a claim must not be below (`least`: an upper bound).

    Attributes:
        change: ||J(w) - J_0|| at the radius.
        lipschitz: ||J(w) - J(w')|| / |w - w'| over pairs.
        most: ||J(w)||.
        least: (radius, sigma_min(J) there) of every point looked at.
        curvature: of the loss where L <= L_0.
        residual: ||r|| at the centre.
    """

    change: float = 0.0
    lipschitz: float = 0.0
    most: float = 0.0
    least: list[tuple[float, float]] = field(default_factory=list)
    curvature: float = 0.0
    residual: float = 0.0


def search(net: Network, radius: float, *, restarts: int, steps: int, seed: int = 0) -> Best:
    """Ascent from random offsets on each quantity; values are those of actual points of the ball.

    Args:
        net: the network; its centre is the ball's.
        radius: of the ball.
        restarts: starts per quantity.
        steps: moves per start.
        seed: of the starts.
    """
    gen = torch.Generator().manual_seed(seed)
    w0, best = net.centre, Best()
    centre = net.jacobian(w0)
    first, _, top = pair(centre)
    best.residual = (2 * net.loss(w0)) ** 0.5
    best.least.append((0.0, pair(centre, least=True)[0]))
    best.most = first
    # A random offset in many dimensions bends nothing; the gradient for a random u and v does.
    offsets: list[Tensor] = []

    def looked(z: Tensor) -> Tensor:
        j = net.jacobian(w0 + radius * z)
        best.change = max(best.change, pair(j - centre)[0])
        best.most = max(best.most, pair(j)[0])
        return j

    for k in range(restarts):
        u = torch.randn(len(centre), generator=gen, dtype=torch.float64)
        v = top if k == 0 else torch.randn(len(w0), generator=gen, dtype=torch.float64)
        start = net.bend(w0, u / u.norm(), v / v.norm())
        start = start / start.norm()
        z = start
        for _ in range(steps):  # ||J(w) - J_0||
            j = looked(z)
            _, u, v = pair(j - centre)
            z = net.bend(w0 + radius * z, u, v)
            z = z / z.norm()
        offsets.append(z)
        z = start
        for _ in range(steps):  # pairs
            ahead, behind = looked(z), net.jacobian(w0 - radius * z)
            value, u, v = pair(ahead - behind)
            best.lipschitz = max(best.lipschitz, value / (2 * radius))
            z = net.bend(w0 + radius * z, u, v) + net.bend(w0 - radius * z, u, v)
            z = z / z.norm()
        offsets.append(z)
        near = looked(z) - net.jacobian(w0 + 0.8 * radius * z)
        best.lipschitz = max(best.lipschitz, pair(near)[0] / (0.2 * radius))
        _, u, v = pair(centre, least=True)
        z = -net.bend(w0, u, v) if k == 0 else start
        for _ in range(steps):  # sigma_min
            z = z / z.norm()
            value, u, v = pair(looked(z), least=True)
            best.least.append((radius, value))
            z = -net.bend(w0 + radius * z, u, v)
        z = z / z.norm()
        for share in (0.25, 0.5, 1.0):
            best.least.append((share * radius, pair(net.jacobian(w0 + share * radius * z), least=True)[0]))
        offsets.append(z)
    level = net.loss(w0)
    points = [w0] + [w0 + sign * t * radius * z for z in offsets for sign in (1, -1) for t in (1.0, 0.1, 0.01)]
    inside = [w for w in points if net.loss(w) <= level]
    best.curvature = max(net.curvature(w, top) for w in inside[: 1 + 4 * restarts])
    return best


def certified_ball(claim: Claim, problem: Problem) -> tuple[Network, float, float]:
    """The network at the centre of a claim's last ball, its radius, and how far the exact centre may be from it."""
    ends = [claim.witness[k] for k in sorted(claim.witness) if k.startswith("end_")]
    weights = torch.cat([torch.as_tensor(np.array(e)).reshape(-1) for e in ends]) if ends else None
    off = float(claim.witness["eps"][-1]) if ends else 0.0
    return Network(problem, weights, claim.loss), float(claim.witness["grid"][-1]) - off, off


def ratios(claim: Claim, found: Best, radius: float, off: float) -> tuple[dict[str, float], list[str]]:
    """Bound over attack by quantity (sigma: the largest share of sigma_0 - sig that was lost), and what is broken."""
    grid, sigma = (np.asarray(claim.witness[k]) for k in ("grid", "sigma"))
    start = found.least[0][1]
    kept = [(value, float(sigma[np.searchsorted(grid, r + off).clip(max=len(grid) - 1)])) for r, value in found.least]
    lost = [(start - value) / (start - low) for value, low in kept[1:] if start > low]
    over = {
        "dJ": claim["ell"] * (radius + off) / found.change,
        "ell": claim["ell"] / found.lipschitz,
        "L_F": claim["lipschitz"] / found.most,
        "beta": claim["beta"] / found.curvature,
        "residual": claim["residual"] / max(found.residual, 1e-300),
    }
    broken = [name for name, ratio in over.items() if ratio * SLACK < 1]
    broken += [f"sig: {value:.3g} < {low:.3g}" for value, low in kept if value * SLACK < low]
    broken += ["lambda_min"] if start**2 * SLACK < claim["lambda_min"] else []
    return over | {"sigma": max(lost, default=0.0)}, broken
