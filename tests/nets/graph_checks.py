"""Checks of the bounds of class G by graphs whose truth is known: what `test_graph_bounds` holds and a mutant breaks.

A check is a name and a function that gives the bounds found too small, empty where none is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.func import hessian, jacrev, vmap

from pltheory.nets.ball import GraphBounds
from pltheory.nets.centre import linearize
from pltheory.nets.fields import FLOATS
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds import weights
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.kinds.tokens import Tokens
from pltheory.theory import arithmetic
from tests.oracles.equality_cases import CASES, by_token, crop, one_by_one, tensor, whole
from tests.oracles.graphs import hessians, outputs, parameters, sizes

SLACK = 1e-9


def bounds_of(graph: Graph, x: Tensor) -> GraphBounds:
    """In floats."""
    return GraphBounds.of(linearize(graph, x.numpy(), FLOATS))


def matrices(bounds: GraphBounds, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """M' and Q themselves, seen through the arithmetic that takes their norms."""
    seen: list[np.ndarray] = []

    def norm(rows: list[list[float]]) -> float:
        seen.append(np.array(rows))
        return arithmetic.FLOATS.spectral_norm(rows)

    bounds.forms(radius, replace(arithmetic.FLOATS, spectral_norm=norm))
    first, second = seen
    return first, second


def block_norm(forms: Tensor, seed: int = 0) -> float:
    """sup of |(V^T H_k W)_k| over unit V and W, for blocks (N, p, q), from below by alternating ascent."""
    gen = torch.Generator().manual_seed(seed)
    best = 0.0
    for _ in range(6):
        w = torch.randn(forms.shape[2], generator=gen, dtype=forms.dtype)
        for _ in range(40):
            left, size, right = torch.linalg.svd(forms @ (w / w.norm()), full_matrices=False)
            best = max(best, float(size[0]))
            w = torch.einsum("k,p,kpq->q", left[:, 0], right[0], forms)
            if not float(w.norm()):
                break
    return best


@cache
def truth(name: str) -> tuple[list[list[float]], float]:
    """Norms of the blocks of the second derivative of an equality case, and its value."""
    case = CASES[name]()
    every = hessians(case.graph, parameters(case.graph), case.x)
    parts = every.split(sizes(case.graph), dim=1)
    return [[block_norm(b) for b in part.split(sizes(case.graph), dim=2)] for part in parts], case.value


def attained(name: str) -> list[str]:
    """Both forms at R = 0 are not below the value, nor the entries of M' below the blocks' norms."""
    case = CASES[name]()
    first, second = matrices(bounds_of(case.graph, case.x), 0.0)
    blocks, value = truth(name)
    low = []
    if np.linalg.norm(first, 2) < value * (1 - SLACK):
        low.append("M'")
    if np.linalg.norm(second, 2) < value * (1 - SLACK):
        low.append("Q")
    if (first < np.array(blocks) * (1 - SLACK) - SLACK).any():
        low.append("a block of M'")
    return low


# --- graphs with one output at one sample, few parameters: a ball can be searched through ---


def scalar(group: int, of: int, kappa: float = 1.0) -> Node:
    """kappa w a."""
    return Node(Affine(group, whole(1), kappa, 0.0), (of,), 1)


def ones(*weights: float) -> tuple[Group, ...]:
    """Groups of one weight each."""
    return tuple(Group(np.full((1, 1, 1), w), None) for w in weights)


ONE = Node(Input(), (), 1)
X = tensor([[1.0]])


def power(count: int) -> tuple[Graph, Tensor]:
    """w^count at w = 0, of tied layers: how a radius is split between them is no question, and bounds are attained."""
    return Graph((ONE, *(scalar(0, k) for k in range(count))), ones(0.0)), X


def cube(*, first: bool) -> tuple[Graph, Tensor]:
    """(w_1 + w_2)^3 at w = 0, by products, the square on the one side or the other."""
    nodes = (
        ONE,
        scalar(0, 0),
        scalar(1, 0),
        Node(Sum(), (1, 2), 1),
        Node(one_by_one(1), (3, 3), 1),
        Node(one_by_one(1), (4, 3) if first else (3, 4), 1),
    )
    return Graph(nodes, ones(0.0, 0.0)), X


def turned_square() -> tuple[Graph, Tensor]:
    """cos(w^2), of tied layers."""
    nodes = (
        ONE,
        scalar(0, 0),
        scalar(0, 1),
        Node(crop(0, 1, np.array([np.pi / 2])), (2,), 1),
        Node(Pointwise("sin"), (3,), 1),
    )
    return Graph(nodes, ones(0.0)), X


def cosine() -> tuple[Graph, Tensor]:
    """v sin(pi/2 + 10 w), v = 0: what bends is not there at the centre."""
    nodes = (
        ONE,
        scalar(0, 0, 10.0),
        Node(crop(0, 1, np.array([np.pi / 2])), (1,), 1),
        Node(Pointwise("sin"), (2,), 1),
        scalar(1, 3),
    )
    return Graph(nodes, ones(0.0, 0.0)), X


def token(name: str, weights: tuple[float, ...], head: float, epsilon: float) -> tuple[Graph, Tensor]:
    """v times the first entry of a token map of the weights."""
    d = len(weights)
    nodes = (
        ONE,
        Node(Affine(0, whole(1), 1.0, 0.0), (0,), d),
        Node(Tokens(name, np.arange(d)[None], epsilon), (1,), d),
        Node(Fixed(np.zeros((1, 1), dtype=np.int64), np.ones((1, 1))), (2,), 1),
        scalar(1, 3),
    )
    return Graph(nodes, (Group(np.array(weights).reshape(1, d, 1), None), *ones(head))), X


def positions() -> tuple[Graph, Tensor]:
    """w^3 at four positions, of tied layers, and their mean: entries meet many patches, no layer is dense."""
    four = Node(Fixed(np.zeros((4, 1), dtype=np.int64), np.full((4, 1), 0.5)), (0,), 4)
    at = np.arange(4)[None, :, None]
    tied = (Node(Affine(0, at, 1.0, 0.0), (k,), 4) for k in (1, 2, 3))
    mean = Node(Fixed(np.arange(4)[None], np.full((1, 4), 0.5)), (4,), 1)
    return Graph((ONE, four, *tied, mean), ones(0.0)), X


BALLS: dict[str, tuple[Callable[[], tuple[Graph, Tensor]], float]] = {
    "third power": (lambda: power(3), 1.5),
    "fourth power": (lambda: power(4), 1.5),
    "cube": (lambda: cube(first=True), 1.5),
    "cube, other side": (lambda: cube(first=False), 1.5),
    "positions": (positions, 1.5),
    "turned square": (turned_square, 0.2),
    "cosine": (cosine, 1.0),
    "shrinking token": (lambda: token("rms-norm", (1.0,), 1.0, 0.01), 1.0),
    "token without a head": (lambda: token("rms-norm", (0.7, 0.0), 0.0, 1.0), 1.0),
    "softmax without a head": (lambda: token("softmax", (0.6, -0.6), 0.0, 0.0), 1.0),
    "parting softmax": (lambda: token("softmax", (0.0,) * 12, 0.0, 0.0), 3.0),
}


@cache
def searched(name: str) -> tuple[float, float]:
    """The largest ||J - J_0|| and ||Hess F|| over many points of the ball."""
    make, radius = BALLS[name]
    graph, x = make()
    w0, p = parameters(graph), sum(sizes(graph))
    gen = torch.Generator().manual_seed(0)
    z = torch.randn(3000, p, generator=gen, dtype=torch.float64)
    length = torch.where(torch.arange(3000) % 4 == 0, torch.rand(3000, generator=gen, dtype=torch.float64), 1.0)
    points = w0 + radius * length[:, None] * z / z.norm(dim=1, keepdim=True)
    corners = w0 + radius * torch.cat([torch.eye(p), -torch.eye(p), torch.zeros(1, p)]).double()
    points = torch.cat([points, corners])

    def value(w: Tensor) -> Tensor:
        return outputs(graph, w, x)[0, 0]

    slopes = vmap(jacrev(value))(points)
    bends = vmap(hessian(value))(points)
    return (
        float((slopes - jacrev(value)(w0)).norm(dim=1).max()),
        float(torch.linalg.matrix_norm(bends, 2).max()),
    )


def over_ball(name: str) -> list[str]:
    """dJ and both forms of ell are not below what the search found."""
    make, radius = BALLS[name]
    bounds = bounds_of(*make())
    change, bend = searched(name)
    first, second = bounds.forms(radius, arithmetic.FLOATS)
    pairs = {"dJ": (bounds.change(radius, arithmetic.FLOATS), change), "M'": (first, bend), "Q": (second, bend)}
    return [what for what, (bound, found) in pairs.items() if bound < found * (1 - SLACK)]


def unequal_channels() -> list[str]:
    """The largest weighted norm is that of a channel which meets none of the patches' leading directions."""
    low = []
    for r, q in ((50, 40), (36, 40), (36, 36)):
        e, c = np.zeros((1, r, q)), np.zeros((1, 2, r))
        e[0, range(36), range(36)] = [3.0] * 35 + [1.0]
        c[0, 0, 0], c[0, 1, 35] = 0.1, 1.0
        found = weights.weighted_norm(FLOATS, e, c, 3.0)
        low += [f"{r} x {q}"] if found < 1 - SLACK else []
    # Many channels of large weights where the patches are short, and one of a smaller weight where they are not.
    e, c = np.diag([3.0, 1.0])[None], np.tile([0.0, 1.0], (1, 3 * weights.FIRST, 1))
    c[0, 7] = [0.9, 0.0]
    low += ["a smaller weight"] if weights.weighted_norm(FLOATS, e, c, 3.0) < 2.7 * (1 - SLACK) else []
    return low


def even_softmax() -> list[str]:
    """At d equal probabilities, along one entry less the mean: sum h^3 / d, (d - 2) / (d (d (d - 1))^1/2)."""
    d = 64
    case = by_token("softmax", 0.0, [0.0] * d, (d - 2) / (d * (d * (d - 1)) ** 0.5), head=False)
    forms = zip(("M'", "Q"), bounds_of(case.graph, case.x).forms(0.0, arithmetic.FLOATS), strict=True)
    return [what for what, bound in forms if bound < case.value * (1 - SLACK)]


CHECKS: dict[str, Callable[[], list[str]]] = {
    **{name: (lambda name=name: attained(name)) for name in CASES},
    **{name: (lambda name=name: over_ball(name)) for name in BALLS},
    "unequal channels": unequal_channels,
    "even softmax": even_softmax,
}
