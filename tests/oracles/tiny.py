"""Tiny networks whose centre and data are searched too, so that the bounds of THEORY section 5 are met almost exactly.

The bound under attack is the package's formula, evaluated on differentiable numbers; the norms that it reads and the
Jacobians that it bounds are those of `oracles.recursion` and `oracles.plain`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pltheory.nets.activations import activation
from pltheory.theory.arithmetic import Arithmetic
from pltheory.theory.perturbation import CentreNorms

from .attack import climb, in_unit_ball
from .plain import Plain
from .recursion import norms

Formula = Callable[[CentreNorms, Tensor, Arithmetic], Tensor]
Mutation = Callable[[CentreNorms], CentreNorms]

TENSORS = Arithmetic(
    torch.sqrt,
    torch.minimum,
    torch.maximum,
    lambda rows: torch.linalg.svdvals(torch.stack([torch.stack(list(row)) for row in rows]))[0],
)


@dataclass(frozen=True)
class Tiny:
    """A network without weights, the number of its data points, and a radius."""

    widths: tuple[int, ...]
    n: int
    activation: str
    bias: bool
    radius: float
    kappa: float = 0.7

    @property
    def plain(self) -> Plain:
        count = len(self.widths) - 1
        return Plain(
            self.widths, (self.bias,) * count, (self.kappa,) * count, (float(self.bias),) * count, self.activation
        )

    def parts(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Centre w_0, data (n, d), point w in the ball, and a direction (empty where z holds none)."""
        p, xs = sum(self.plain.sizes), self.n * self.widths[0]
        centre, x, offset = z[:p], z[p : p + xs].reshape(self.n, -1), z[p + xs : 2 * p + xs]
        return centre, x, centre + self.radius * offset, z[2 * p + xs :]

    def centre_norms(self, z: Tensor) -> CentreNorms:
        """The norms at the centre, differentiable."""
        centre, x, _, _ = self.parts(z)
        act = activation(self.activation)
        at = norms(self.plain, centre, x, act.s1, act.s2)
        return CentreNorms(at.kappa, at.weight, at.batch, at.sample, at.rows, at.row, at.top, at.s1, at.s2)

    def measured(self, z: Tensor) -> Tensor:
        """||J(w) - J(w_0)||, or ||DJ(w)[v]|| where z holds a direction v."""
        centre, x, w, v = self.parts(z)
        if v.numel():
            return torch.linalg.svdvals(self.plain.jacobian_along(w, x, v))[0]
        return torch.linalg.svdvals(self.plain.jacobian(w, x) - self.plain.jacobian(centre, x))[0]

    def bound(self, z: Tensor, formula: Formula, mutation: Mutation = lambda at: at) -> Tensor:
        """The formula at this centre and data, on mutated norms if one asks for it."""
        return formula(mutation(self.centre_norms(z)), torch.tensor(self.radius, dtype=z.dtype), TENSORS)

    def search(self, formula: Formula, *, along: bool, steps: int, count: int = 8, seed: int = 0) -> Tensor:
        """Points (count, k) sought to maximise measured / bound; along asks for a direction v in each."""
        p, xs = sum(self.plain.sizes), self.n * self.widths[0]

        def project(z: Tensor) -> Tensor:
            parts = [z[:, : p + xs], in_unit_ball(z[:, p + xs : 2 * p + xs])]
            v = z[:, 2 * p + xs :]
            return torch.cat([*parts, v / v.norm(dim=1, keepdim=True)] if along else parts, dim=1)

        def value(z: Tensor) -> Tensor:
            return torch.log(self.measured(z)) - torch.log(self.bound(z, formula))

        gen = torch.Generator().manual_seed(seed)
        start = torch.randn(count, p + xs + (2 * p if along else p), generator=gen, dtype=torch.float64)
        return climb(value, start, project, steps=steps, lr=0.05)
