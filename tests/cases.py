"""Small problems shared by the tests: every depth, activation, parametrisation and loss, small enough to be dense."""

from __future__ import annotations

import importlib
import itertools
import math
import warnings
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from pltheory.problem.networks import FullyConnected, fully_connected
from pltheory.problem.problem import Problem
from tests.last_place import move_weights, moved

with warnings.catch_warnings():
    # The first use of forward mode makes torch 2.13 import a module of its own that warns about itself.
    warnings.simplefilter("ignore", DeprecationWarning)
    importlib.import_module("torch._decomp.decompositions_for_jvp")


@dataclass(frozen=True)
class Case:
    """A problem by its description; `problem()` builds it anew each time."""

    hidden: tuple[int, ...]
    outputs: int
    activation: str
    parametrization: str
    bias: bool
    loss: str = "sum"
    n: int = 3
    d: int = 3
    seed: int = 0

    @property
    def name(self) -> str:
        shape = "-".join(map(str, (self.d, *self.hidden, self.outputs)))
        bias = "bias" if self.bias else "nobias"
        return f"{shape}-{self.activation}-{self.parametrization}-{bias}-{self.loss}"

    def network(self, dtype: torch.dtype = torch.float64) -> FullyConnected:
        net = fully_connected(
            [self.d, *self.hidden, self.outputs],
            activation=self.activation,
            parametrization=self.parametrization,
            bias=self.bias,
            seed=self.seed,
            dtype=dtype,
        )
        if net.biases is not None:
            # The standard parametrisation starts its biases at 0, which would hide a bias forgotten somewhere.
            noise = draws(100 + self.seed, *[b.shape for b in net.biases])
            with torch.no_grad():
                for b, e in zip(net.biases, noise, strict=True):
                    b += 0.3 * e.to(dtype)
        move_weights(net)
        return net

    def data(self, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
        x, y = draws(200 + self.seed, (self.n, self.d), (self.n, self.outputs))
        return x.to(dtype), moved(y.to(dtype))

    def problem(self, dtype: torch.dtype = torch.float64) -> Problem:
        return Problem(self.network(dtype), *self.data(dtype), self.loss)

    def near(self, distance: float, seed: int = 0) -> Problem:
        """The same network and inputs, targets at that distance from the outputs: the start of a convergence proof."""
        net, (x, _) = self.network(), self.data()
        (away,) = draws(300 + seed, (self.n, self.outputs))
        with torch.no_grad():
            y = net(x) + distance * away / away.norm()
        return Problem(net, x, moved(y), self.loss)


def draws(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    """Standard normal float64 tensors from a generator of their own."""
    gen = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=gen, dtype=torch.float64) for shape in shapes]


CASES = [
    Case((4,), 1, "tanh", "ntk", False),
    Case((5,), 3, "sigmoid", "standard", True, loss="mean"),
    Case((3, 3), 1, "erf", "ntk", True),
    Case((4, 3), 3, "gelu", "standard", False),
    Case((3, 3, 3), 1, "silu", "ntk", False, loss="mean"),
    Case((3, 3, 3), 3, "softplus", "standard", True),
    Case((6,), 3, "tanh", "ntk", True, loss="mean", d=2),
    Case((3, 4), 1, "tanh", "standard", False, d=4),
    Case((1,), 1, "erf", "standard", True, n=2, d=2),
    Case((8,), 1, "gelu", "ntk", True, d=1),
    Case((2, 3), 3, "silu", "standard", True, loss="mean", n=2),
    Case((4, 3, 3), 3, "sigmoid", "ntk", True, n=2),
]
every_case = pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])

MODULES = {
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": lambda: nn.Softplus(threshold=60),
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "relu": nn.ReLU,
}
"""What a user writes for an activation; erf and sin have no module in torch."""


def sequential(widths: list[int], activation: str, *, bias: bool = True, seed: int = 0) -> nn.Sequential:
    """A plain nn.Sequential with drawn weights: the standard parametrisation as users build it."""
    parts: list[nn.Module] = []
    for m_in, m_out in itertools.pairwise(widths):
        parts += [nn.Linear(m_in, m_out, bias=bias, dtype=torch.float64), MODULES[activation]()]
    net = nn.Sequential(*parts[:-1])
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(draws(1000 * seed + i, p.shape)[0] / math.sqrt(p.shape[-1]))
    return net
