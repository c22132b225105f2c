"""Networks with kinks for the tests of the recheck: exact values and Jacobians by autograd, and claims about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pltheory.certification import certificate
from pltheory.certification.certificate import _build
from pltheory.certification.claim import Claim
from pltheory.certification.enclose import enclose
from pltheory.certification.kinked.centre import kinked_centre
from pltheory.certification.kinked.certify import claim_on, search
from pltheory.certification.kinked.profile import kinked_profile
from pltheory.certification.stored_graph import GraphArrays
from pltheory.certification.trajectory.certify import follow
from pltheory.certification.trajectory.claim import trajectory_claim
from pltheory.certification.trajectory.kinked_certify import KinkedRun
from pltheory.nets.graph import Graph, Group, Kind, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.curved import Curved, elu, hardswish
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear, clipped, leaky_relu, relu
from pltheory.nets.kinds.sums import Sum
from pltheory.optim import ClippedSettings, DeltaGClipSettings, GradientDescentSettings, certifiable
from pltheory.theorems.ladder import LADDER

Array = np.ndarray
THEOREMS: dict[str, Any] = {theorem.id: theorem for theorem in LADDER}
RADII, CELLS = 24, 12
"""Of a profile of Theorem B, and of one of Theorems N and D: each costs a recheck as much as the next."""


@dataclass(frozen=True)
class Network:
    """A graph, data, and targets by which a residual's direction is chosen."""

    graph: Graph
    x: Array
    y: Array


class Made:
    """A graph node by node."""

    def __init__(self, inputs: int, seed: int) -> None:
        self.nodes, self.groups = [Node(Input(), (), inputs)], list[Group]()
        self.rng = np.random.default_rng(seed)

    def put(self, kind: Kind, *inputs: int, size: int) -> int:
        self.nodes.append(Node(kind, inputs or (len(self.nodes) - 1,), size))
        return len(self.nodes) - 1

    def affine(self, patches: Array, outputs: int, *, bias: bool = False, u: int | None = None) -> int:
        g, p, q = patches.shape
        self.groups.append(
            Group(self.rng.normal(size=(g, outputs, q)), 0.3 * self.rng.normal(size=(g, outputs)) if bias else None)
        )
        kind = Affine(len(self.groups) - 1, patches, 1 / np.sqrt(q), 1.0 if bias else 0.0)
        return self.put(kind, len(self.nodes) - 1 if u is None else u, size=g * outputs * p)

    def dense(self, outputs: int, *, bias: bool = False) -> int:
        return self.affine(np.arange(self.nodes[-1].size)[None, None], outputs, bias=bias)

    def act(self, kind: PiecewiseLinear | Curved) -> int:
        return self.put(kind, size=self.nodes[-1].size)

    def network(self, n: int, outputs: int = 1) -> Network:
        x = self.rng.normal(size=(n, self.nodes[0].size))
        return Network(Graph(tuple(self.nodes), tuple(self.groups)), x, self.rng.normal(size=(n, outputs)))


def convolution(side: int, k: int) -> Array:
    places = range(side - k + 1)
    return np.array(
        [[(i + a) * side + j + b for a in range(k) for b in range(k)] for i in places for j in places]
    )[None]  # fmt: skip


def windows(channels: int, side: int, k: int, stride: int) -> Array:
    places = range(0, side - k + 1, stride)
    return np.array([
        [c * side**2 + (i + a) * side + j + b for a in range(k) for b in range(k)]
        for c in range(channels) for i in places for j in places
    ])  # fmt: skip


def one(
    act: Callable[[], PiecewiseLinear | Curved] = relu,
    *,
    bias: bool = False,
    n: int = 3,
    outputs: int = 1,
    width: int = 24,
) -> Network:
    made = Made(6, 1)
    made.dense(width, bias=bias)
    made.act(act())
    made.dense(outputs)
    return made.network(n, outputs)


def two(width: int = 24, act: Callable[[], PiecewiseLinear | Curved] = relu) -> Network:
    made = Made(6, 2)
    for _ in range(2):
        made.dense(width)
        made.act(act())
    made.dense(1)
    return made.network(3 if width < 30 else 2)


def pooled(below: float, stride: int = 2, *, hidden: int = 0, bias: bool = False, channels: int = 6) -> Network:
    made = Made(25, 3)
    made.affine(convolution(5, 2), channels, bias=bias)
    w = windows(channels, 4, 2, stride)
    made.put(Maximum(w, below), size=len(w))
    if hidden:
        made.dense(hidden)
        made.act(relu())
    made.dense(1)
    return made.network(2)


def convolved() -> Network:
    made = Made(16, 4)
    made.affine(convolution(4, 2), 8)
    made.act(leaky_relu(0.25))
    made.put(Fixed(np.arange(72).reshape(-1, 1), np.ones((72, 1)), None), size=72)
    made.dense(1, bias=True)
    return made.network(2)


def residual() -> Network:
    made = Made(4, 5)
    made.dense(10)
    made.act(relu())
    made.dense(10)
    made.act(relu())
    made.put(Sum(), 2, 4, size=10)
    made.dense(1)
    return made.network(2)


NETWORKS: dict[str, Callable[[], Network]] = {
    "one": one,
    "leaky": lambda: one(lambda: leaky_relu(0.1), bias=True),
    "clipped": lambda: one(lambda: clipped(-0.7, 0.7), outputs=2, n=2),
    "two": two,
    "pool": lambda: pooled(0.0),
    "leaky pool": lambda: pooled(0.1, bias=True),
    "overlap": lambda: pooled(1.0, 1),
    "pool and hidden": lambda: pooled(0.0, hidden=12),
    "convolved": convolved,
    "residual": residual,
    "hardswish": lambda: one(hardswish, bias=True),
    "elu": lambda: two(act=lambda: elu(0.5)),
    "elu without kinks": lambda: two(act=elu),
}
SIZES = {
    "one": (1e-2, 3e-4), "leaky": (0.1, 1e-3), "clipped": (1e-2, 1e-4), "two": (3e-3, 1e-3), "pool": (1e-2, 1e-3),
    "leaky pool": (1e-2, 3e-3), "overlap": (1e-2, 1e-3), "pool and hidden": (0.03, 1e-3), "convolved": (0.03, 1e-3),
    "residual": (1e-2, 3e-3), "hardswish": (1e-2, 1e-3), "elu": (1e-3, 1e-4), "elu without kinks": (3e-3, 1e-3),
}  # fmt: skip
"""Residuals at which kinks may be crossed and Theorem N holds, and at which none is met."""


# --- exact values -----------------------------------------------------------------------------------------------------


def flat(graph: Graph) -> Array:
    """All parameters."""
    parts = [p.ravel() for g in graph.groups for p in (g.weight, g.bias) if p is not None]
    return np.concatenate(parts)


def moved(graph: Graph, w: Array) -> Graph:
    """The graph at other parameters."""
    groups, k = [], 0
    for g in graph.groups:
        shapes = [None if p is None else p.shape for p in (g.weight, g.bias)]
        parts: list[Any] = []
        for shape in shapes:
            size = 0 if shape is None else int(np.prod(shape))
            parts.append(None if shape is None else w[k : k + size].reshape(shape))
            k += size
        groups.append(Group(*parts))
    return Graph(graph.nodes, tuple(groups))


def evaluated(graph: Graph, x: Array) -> tuple[Array, Array, list[Array]]:
    """Outputs (n, C), Jacobian (n C, p) as back-propagation has it, and all nodes' values."""
    params = [
        [None if p is None else torch.tensor(p, requires_grad=True) for p in (g.weight, g.bias)] for g in graph.groups
    ]
    values = [torch.tensor(x)]
    for node in graph.nodes[1:]:
        values.append(_value(node.kind, [values[u] for u in node.inputs], params))
    live = [p for pair in params for p in pair if p is not None]
    rows = []
    for v in values[-1].ravel():
        grads = torch.autograd.grad(v, live, retain_graph=True, allow_unused=True)
        parts = [torch.zeros_like(p) if g is None else g for g, p in zip(grads, live, strict=True)]
        rows.append(torch.cat([part.ravel() for part in parts]).numpy())
    return values[-1].detach().numpy(), np.stack(rows), [v.detach().numpy() for v in values]


def _value(kind: Any, read: list[torch.Tensor], params: Any) -> torch.Tensor:
    a = read[0]
    padded = torch.cat([a, torch.zeros(len(a), 1, dtype=a.dtype)], 1)
    if isinstance(kind, Affine):
        weight, bias = params[kind.group]
        z = kind.kappa * torch.einsum("igpq,goq->igop", padded[:, torch.tensor(kind.patches)], weight)
        return (z if bias is None else z + kind.tau * bias[None, :, :, None]).reshape(len(a), -1)
    if isinstance(kind, PiecewiseLinear):
        j = np.searchsorted(kind.breaks, a.detach().numpy(), side="left")
        return torch.tensor(kind.slopes[j]) * a + torch.tensor(kind.intercepts[j])
    if isinstance(kind, Curved):
        return torch.nn.functional.hardswish(a) if kind.map == "hardswish" else torch.nn.functional.elu(a, kind.alpha)
    if isinstance(kind, Maximum):
        there = torch.tensor(kind.windows >= 0)
        entries = torch.where(there, padded[:, torch.tensor(kind.windows)], torch.tensor(-np.inf))
        top = entries.gather(2, entries.argmax(2, keepdim=True))[:, :, 0]
        return torch.where(top > 0, top, kind.slope_below * top)
    if isinstance(kind, Sum):
        return torch.stack(read).sum(0)
    assert isinstance(kind, Fixed)
    return (padded[:, torch.tensor(kind.index)] * torch.tensor(kind.factor)).sum(2)


def with_residual(net: Network, size: float) -> GraphArrays:
    """Targets at that distance from the outputs."""
    out, _, _ = evaluated(net.graph, net.x)
    return GraphArrays(net.graph, net.x, out + size * net.y / np.linalg.norm(net.y))


# --- claims -----------------------------------------------------------------------------------------------------------


def _share(loss: str, n: int) -> Fraction:
    return Fraction(1, n) if loss == "mean" else Fraction(1)


@cache
def crossed(name: str, loss: str = "sum", rule: ClippedSettings | None = None) -> Claim:
    """Theorem N."""
    net = NETWORKS[name]()
    share, settings = _share(loss, len(net.x)), certifiable(rule or GradientDescentSettings("0.1/beta"))
    arrays = with_residual(net, SIZES[name][0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinked_profile, "__defaults__", (0.0, CELLS))
        radius = float(search(kinked_centre(arrays, rounded=False), settings, share).radii[-1])
        claim = claim_on(loss, settings, kinked_centre(arrays, rounded=True), radius, share, THEOREMS["N"].statement)
    assert claim.holds
    return claim


@cache
def kept(name: str, theorem: str, loss: str = "sum") -> Claim:
    """Theorem A, A', B or C on a ball in which no kink is met."""
    net, rule, size = NETWORKS[name](), certifiable(GradientDescentSettings("0.5/beta")), SIZES[name][1]
    centre = enclose(with_residual(net, size))
    radius = float(2.2 * size / np.sqrt(centre.lambda_min.at_least()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificate, "POINTS", RADII)
        claim = _build(loss, rule, centre, radius, THEOREMS[theorem].condition)
    assert claim.holds
    return claim


class _Run(KinkedRun):
    def take(self, problem: Any) -> Any:
        return problem.arrays


RUNS: dict[str, tuple[Callable[[], Network], float, str, Any]] = {
    "one": (lambda: one(n=2, width=64), 1.0, "sum", GradientDescentSettings("0.3/beta")),
    "clipped": (
        lambda: one(lambda: leaky_relu(0.1), bias=True, n=2, width=64), 1.0, "mean",
        DeltaGClipSettings("0.3/beta", 0.3, 0.4),
    ),
    "pool": (lambda: pooled(0.0, channels=16), 1.0, "sum", GradientDescentSettings("0.3/beta")),
    "two": (lambda: two(64), 0.3, "sum", GradientDescentSettings("0.3/beta")),
}  # fmt: skip
"""Name to the network, the size of its residual, the loss and the rule."""


@cache
def followed(name: str) -> Claim:
    """Theorem D."""
    make, size, loss, rule = RUNS[name]
    net = make()
    arrays = with_residual(net, size)
    problem: Any = SimpleNamespace(share=_share(loss, len(net.x)), objective=loss, x=net.x, arrays=arrays)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinked_profile, "__defaults__", (0.0, CELLS))
        found = follow(_Run(problem, certifiable(rule)), problem, 3000, None)
    claim = trajectory_claim(THEOREMS["D"].statement, problem, rule, found)
    assert claim.holds, claim.shortfall
    return claim
