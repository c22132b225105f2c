"""Graphs on which the second derivative's bounds are attained (THEORY_GRAPHS section 9), nearly all with weights 0.

Random search does not find a missing factor 2, a wrong count of repeated entries, or the stack norm in the place of
the sum over samples: each of these cases does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.kinds.tokens import Tokens


@dataclass(frozen=True)
class Case:
    """A graph, its input (n, N_0), and sup over unit V of |D^2F[V, V]|."""

    graph: Graph
    x: Tensor
    value: float


def zero(g: int, o: int, q: int) -> Group:
    """A group without bias."""
    return Group(np.zeros((g, o, q)), None)


def whole(size: int) -> np.ndarray:
    """A dense layer's patches, (1, 1, size)."""
    return np.arange(size)[None, None, :]


def crop(start: int, size: int, offset: np.ndarray | None = None) -> Fixed:
    """Entries start to start + size."""
    return Fixed(np.arange(start, start + size)[:, None], np.ones((size, 1)), offset)


def tensor(rows: list) -> Tensor:
    """float64."""
    return torch.tensor(rows, dtype=torch.float64)


def gate() -> Case:
    """(W_1 x)(W_2 x): 2 (V_1 x)(V_2 x) <= |x|^2."""
    nodes = (
        Node(Input(), (), 2),
        Node(Affine(0, whole(2), 1.0, 0.0), (0,), 1),
        Node(Affine(1, whole(2), 1.0, 0.0), (0,), 1),
        Node(one_by_one(1), (1, 2), 1),
    )
    return Case(Graph(nodes, (zero(1, 1, 2), zero(1, 1, 2))), tensor([[1.0, 2.0]]), 5.0)


def square() -> Case:
    """(W x)^2: 2 (V x)^2."""
    nodes = (
        Node(Input(), (), 2),
        Node(Affine(0, whole(2), 1.0, 0.0), (0,), 1),
        Node(one_by_one(1), (1, 1), 1),
    )
    return Case(Graph(nodes, (zero(1, 1, 2),)), tensor([[1.0, 2.0]]), 10.0)


def one_by_one(size: int) -> Product:
    """An elementwise gate."""
    index = np.arange(size)[:, None, None]
    return Product(index, index)


def doubled() -> Case:
    """U (W x + W x): a sum that holds one node twice; 4 |U| |W x|."""
    nodes = (
        Node(Input(), (), 2),
        Node(Affine(0, whole(2), 1.0, 0.0), (0,), 3),
        Node(Sum(), (1, 1), 3),
        Node(Affine(1, whole(3), 1.0, 0.0), (2,), 1),
    )
    return Case(Graph(nodes, (zero(1, 3, 2), zero(1, 1, 3))), tensor([[1.0, 2.0]]), 2 * 5**0.5)


def scores() -> Case:
    """q k^T with q = k tied, two tokens of two entries, x = e_1: 2 |V e_1|^2."""
    tokens = np.arange(4).reshape(1, 2, 2)
    # The affine node's output is ordered (output, token).
    by_token = np.array([[[0, 2], [1, 3]]])
    nodes = (
        Node(Input(), (), 4),
        Node(Affine(0, tokens, 1.0, 0.0), (0,), 4),
        Node(Product(by_token, np.swapaxes(by_token, 1, 2).copy()), (1, 1), 4),
    )
    return Case(Graph(nodes, (zero(1, 2, 2),)), tensor([[1.0, 0.0, 0.0, 0.0]]), 2.0)


def circular() -> Case:
    """A dense layer 1 -> 16, then a circular 3x3 convolution on 4x4 with kappa = 1/2: 2 kappa 3 x / 2."""
    grid = np.arange(16).reshape(4, 4)
    patches = np.stack([np.roll(grid, (-dy, -dx), (0, 1)).ravel() for dy in (-1, 0, 1) for dx in (-1, 0, 1)], axis=1)
    nodes = (
        Node(Input(), (), 1),
        Node(Affine(0, whole(1), 1.0, 0.0), (0,), 16),
        Node(Affine(1, patches[None], 0.5, 0.0), (1,), 16),
    )
    return Case(Graph(nodes, (zero(1, 16, 1), zero(1, 1, 9))), tensor([[1.3]]), 1.95)


def hadamard() -> Case:
    """A dense layer and a 1x1 convolution with tied weights W in R^4 and sin units, four samples (section 3).

    z = W + b_i, then z_o = W_o sin z + b_i for o = 1..4, F_i = sum of sin z_o; b_i = pi (1 - h_i) / 2, h_i the rows of
    the 4 x 4 Hadamard matrix: cos b_i = h_i, so that D^2F_i[V, V] = 2 (sum V)^2 = 8 at V = (1, 1, 1, 1) / 2, and the
    four samples together give 16.
    """
    two = np.array([[1, 1], [1, -1]])
    shifts = np.pi * (1 - np.kron(two, two)) / 2
    every = np.tile(np.arange(1, 5), 4)[:, None]
    nodes = (
        Node(Input(), (), 5),
        Node(crop(0, 1), (0,), 1),
        Node(Affine(0, whole(1), 1.0, 0.0), (1,), 4),
        Node(crop(1, 4), (0,), 4),
        Node(Sum(), (2, 3), 4),
        Node(Pointwise("sin"), (4,), 4),
        Node(Affine(0, np.arange(4)[None, :, None], 1.0, 0.0), (5,), 16),
        Node(Fixed(every, np.ones((16, 1))), (0,), 16),
        Node(Sum(), (6, 7), 16),
        Node(Pointwise("sin"), (8,), 16),
        Node(Fixed(np.arange(16)[None, :], np.ones((1, 16))), (9,), 1),
    )
    x = torch.cat([torch.ones(4, 1, dtype=torch.float64), torch.as_tensor(shifts, dtype=torch.float64)], dim=1)
    return Case(Graph(nodes, (zero(1, 4, 1),)), x, 16.0)


def turned(*inner: Node, groups: tuple[Group, ...], x: Tensor, value: float) -> Case:
    """F = sin(pi/2 + z) of the last inner node z: cos' is 0, so that act'' alone is left."""
    size, last = inner[-1].size, len(inner)
    quarter = np.full(size, np.pi / 2)
    nodes = (
        Node(Input(), (), x.shape[1]),
        *inner,
        Node(crop(0, size, quarter), (last,), size),
        Node(Pointwise("sin"), (last + 1,), size),
    )
    return Case(Graph(nodes, groups), x, value)


def bent() -> Case:
    """sin(pi/2 + w) at four samples: -V^2 each."""
    one = Node(Affine(0, whole(1), 1.0, 0.0), (0,), 1)
    return turned(one, groups=(zero(1, 1, 1),), x=tensor([[1.0]] * 4), value=2.0)


def squares() -> Case:
    """w^2 at four samples: 2 V^2 each."""
    nodes = (
        Node(Input(), (), 1),
        Node(Affine(0, whole(1), 1.0, 0.0), (0,), 1),
        Node(one_by_one(1), (1, 1), 1),
    )
    return Case(Graph(nodes, (zero(1, 1, 1),)), tensor([[1.0]] * 4), 4.0)


def pooled() -> Case:
    """sin(pi/2 + 3 (w_1 + w_2)): 9 (V_1 + V_2)^2."""
    inner = (
        Node(Affine(0, whole(1), 1.0, 0.0), (0,), 2),
        Node(Fixed(np.array([[0, 1]]), np.array([[3.0, 3.0]])), (1,), 1),
    )
    return turned(*inner, groups=(zero(1, 2, 1),), x=tensor([[1.0]]), value=18.0)


def summed() -> Case:
    """sin(pi/2 + w + w): 4 V^2."""
    inner = (Node(Affine(0, whole(1), 1.0, 0.0), (0,), 1), Node(Sum(), (1, 1), 1))
    return turned(*inner, groups=(zero(1, 1, 1),), x=tensor([[1.0]]), value=4.0)


def passed() -> Case:
    """sin(pi/2 + 2 w), the 2 a second layer's weight: 4 V_1^2."""
    inner = (Node(Affine(0, whole(1), 1.0, 0.0), (0,), 1), Node(Affine(1, whole(1), 1.0, 0.0), (1,), 1))
    groups = (zero(1, 1, 1), Group(np.full((1, 1, 1), 2.0), None))
    return turned(*inner, groups=groups, x=tensor([[1.0]]), value=4.0)


def by_token(name: str, epsilon: float, at: list[float], value: float, *, head: bool) -> Case:
    """A token map of w + at, w one weight an entry, or a linear head of it: then 2 U (D phi V)."""
    d = len(at)
    nodes = [
        Node(Input(), (), 1),
        Node(Affine(0, whole(1), 1.0, 0.0), (0,), d),
        Node(crop(0, d, np.array(at)), (1,), d),
        Node(Tokens(name, np.arange(d)[None], epsilon), (2,), d),
    ]
    groups = [zero(1, d, 1)]
    if head:
        nodes.append(Node(Affine(1, whole(d), 1.0, 0.0), (3,), 1))
        groups.append(zero(1, 1, d))
    return Case(Graph(tuple(nodes), tuple(groups)), tensor([[1.0]]), value)


def softmax() -> Case:
    """Two entries with probability (1 + 3^-1/2) / 2: the third central moment at its largest (section 6)."""
    p = (1 + 3**-0.5) / 2
    return by_token("softmax", 0.0, [math.log(p / (1 - p)), 0.0], 2**0.5 / 3**1.5, head=False)


def softmax_head() -> Case:
    """At equal probabilities D phi = 1/2 along (1, -1)."""
    return by_token("softmax", 0.0, [0.0, 0.0], 0.5, head=True)


def even_softmax_head() -> Case:
    """Four equal probabilities: D phi = 1/4, the largest of them, across (1, 1, 1, 1)."""
    return by_token("softmax", 0.0, [0.0] * 4, 0.25, head=True)


def norm_bend() -> Case:
    """z / sqrt(z^2 + 1) where z^2 = 1/2: 2 / (3^1/2 r^2), r^2 = 3/2."""
    return by_token("rms-norm", 1.0, [0.5**0.5], 4 / 3**1.5, head=False)


def norm_head() -> Case:
    """Across a token of length 2, d = 2 and epsilon = 1/4: D phi = (d / (4 + d / 4))^1/2."""
    return by_token("rms-norm", 0.25, [2.0, 0.0], (2 / 4.5) ** 0.5, head=True)


def layer_norm_head() -> Case:
    """At a token without deviations, epsilon = 1/4: D phi = 2 along (1, -1)."""
    return by_token("layer-norm", 0.25, [1.0, 1.0], 2.0, head=True)


def layers() -> Case:
    """u w at four samples: 2 V_u V_w each."""
    nodes = (
        Node(Input(), (), 1),
        Node(Affine(0, whole(1), 1.0, 0.0), (0,), 1),
        Node(Affine(1, whole(1), 1.0, 0.0), (1,), 1),
    )
    return Case(Graph(nodes, (zero(1, 1, 1), zero(1, 1, 1))), tensor([[1.0]] * 4), 2.0)


def tripled() -> Case:
    """u (3 w)."""
    nodes = (
        Node(Input(), (), 1),
        Node(Affine(0, whole(1), 1.0, 0.0), (0,), 1),
        Node(Fixed(np.array([[0]]), np.array([[3.0]])), (1,), 1),
        Node(Affine(1, whole(1), 1.0, 0.0), (2,), 1),
    )
    return Case(Graph(nodes, (zero(1, 1, 1), zero(1, 1, 1))), tensor([[1.0]]), 3.0)


def after(case: Case, kind: Fixed, value: float) -> Case:
    """A case with a fixed map of its output."""
    last = Node(kind, (len(case.graph.nodes) - 1,), len(kind.index))
    return Case(Graph((*case.graph.nodes, last), case.graph.groups), case.x, value)


def two_outputs() -> Case:
    """The bent one twice, as two outputs."""
    return after(bent(), Fixed(np.array([[0], [0]]), np.ones((2, 1))), 2 * 2**0.5)


def quarter() -> Case:
    """A quarter of the bent one."""
    return after(bent(), Fixed(np.array([[0]]), np.array([[0.25]])), 0.5)


def norm_of_four() -> Case:
    """As `norm_bend`, along a token of four entries: |x|^2 = d epsilon / 2, the bend times d^1/2."""
    return by_token("rms-norm", 0.25, [0.5**0.5, 0.0, 0.0, 0.0], 8 / 3**1.5, head=False)


CASES: dict[str, Callable[[], Case]] = {
    "gate": gate,
    "square": square,
    "doubled": doubled,
    "scores": scores,
    "circular": circular,
    "hadamard": hadamard,
    "bent": bent,
    "squares": squares,
    "layers": layers,
    "tripled": tripled,
    "two outputs": two_outputs,
    "quarter": quarter,
    "pooled": pooled,
    "summed": summed,
    "passed": passed,
    "softmax": softmax,
    "softmax head": softmax_head,
    "even softmax head": even_softmax_head,
    "norm bend": norm_bend,
    "norm of four": norm_of_four,
    "norm head": norm_head,
    "layer-norm head": layer_norm_head,
}
