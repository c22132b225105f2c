"""Graphs on which the second derivative's bounds are attained (THEORY_GRAPHS section 9): all weights are 0.

Random search does not find a missing factor 2, a wrong count of repeated entries, or the stack norm in the place of
the sum over samples: each of these cases does.
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class Case:
    """A graph at weights 0, its input (n, N_0), and sup over unit V of |D^2F[V, V]|."""

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


CASES: dict[str, Callable[[], Case]] = {
    "gate": gate,
    "square": square,
    "doubled": doubled,
    "scores": scores,
    "circular": circular,
    "hadamard": hadamard,
}
