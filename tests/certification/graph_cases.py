"""Small graphs of class G, for attacks."""

from __future__ import annotations

import numpy as np

from pltheory.nets.graph import Graph, Group, Kind, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.sums import Sum


class Builder:
    """Adds nodes one after the other; every method returns the new node's index."""

    def __init__(self, size: int, seed: int, scale: float = 1.0):
        self.rng, self.scale = np.random.default_rng(seed), scale
        self.nodes = [Node(Input(), (), size)]
        self.groups: list[Group] = []

    def node(self, kind: Kind, *inputs: int, size: int) -> int:
        self.nodes.append(Node(kind, inputs, size))
        return len(self.nodes) - 1

    def group(self, g: int, o: int, q: int, bias: bool) -> int:
        weight = self.scale * self.rng.standard_normal((g, o, q))
        self.groups.append(Group(weight, self.rng.standard_normal((g, o)) if bias else None))
        return len(self.groups) - 1

    def affine(
        self, u: int, patches: np.ndarray, o: int, *, bias: bool = False, group: int | None = None, kappa: float | None = None
    ) -> int:
        g, p, q = patches.shape
        group = self.group(g, o, q, bias) if group is None else group
        has = self.groups[group].bias is not None
        kappa = 1 / np.sqrt(q) if kappa is None else kappa
        return self.node(Affine(group, patches, kappa, 0.6 if has else 0.0), u, size=g * o * p)

    def dense(self, u: int, o: int, *, bias: bool = False, group: int | None = None) -> int:
        return self.affine(u, np.arange(self.nodes[u].size)[None, None, :], o, bias=bias, group=group)

    def convolution(
        self, u: int, o: int, side: int, *, stride: int = 1, bias: bool = False, group: int | None = None, groups: int = 1
    ) -> int:
        """3 x 3, zeros around, of channels of side x side."""
        channels = self.nodes[u].size // side**2
        each = channels // groups
        image = np.full((channels, side + 2, side + 2), -1)
        image[:, 1:-1, 1:-1] = np.arange(channels * side**2).reshape(channels, side, side)
        patches = np.array(
            [
                [
                    image[g * each : (g + 1) * each, i : i + 3, j : j + 3].ravel()
                    for i in range(0, side, stride)
                    for j in range(0, side, stride)
                ]
                for g in range(groups)
            ]
        )
        return self.affine(u, patches, o, bias=bias, group=group)

    def scale_and_shift(self, u: int, channels: int) -> int:
        positions = self.nodes[u].size // channels
        patches = np.arange(self.nodes[u].size).reshape(channels, positions, 1)
        return self.affine(u, patches, 1, bias=True, kappa=1.0)

    def act(self, u: int, name: str = "tanh") -> int:
        return self.node(Pointwise(name), u, size=self.nodes[u].size)

    def pool(self, u: int, side: int) -> int:
        """2 x 2 averages."""
        channels = self.nodes[u].size // side**2
        image = np.arange(channels * side**2).reshape(channels, side // 2, 2, side // 2, 2)
        index = image.transpose(0, 1, 3, 2, 4).reshape(-1, 4)
        return self.node(Fixed(index, np.full(index.shape, 0.25)), u, size=len(index))

    def normalisation(self, u: int) -> int:
        """Fixed factors and offsets, entry by entry."""
        size = self.nodes[u].size
        factor = self.rng.uniform(0.5, 1.5, (size, 1))
        return self.node(Fixed(np.arange(size)[:, None], factor, self.rng.standard_normal(size)), u, size=size)

    def sum(self, *inputs: int) -> int:
        return self.node(Sum(), *inputs, size=self.nodes[inputs[0]].size)

    def graph(self) -> Graph:
        return Graph(tuple(self.nodes), tuple(self.groups))


def mlp(seed: int, act: str = "tanh", bias: bool = True, outputs: int = 1) -> Graph:
    b = Builder(3, seed)
    hidden = b.act(b.dense(b.act(b.dense(0, 6, bias=bias), act), 5, bias=bias), act)
    b.dense(hidden, outputs, bias=bias)
    return b.graph()


def shallow(seed: int, width: int = 8) -> Graph:
    b = Builder(3, seed)
    b.dense(b.act(b.dense(0, width)), 1)
    return b.graph()


def convolutional(seed: int, act: str = "tanh") -> Graph:
    b = Builder(16, seed)
    first = b.act(b.convolution(0, 3, 4, bias=True), act)
    b.dense(b.act(b.convolution(first, 2, 4, stride=2), act), 1)
    return b.graph()


def grouped(seed: int) -> Graph:
    b = Builder(8, seed)
    first = b.act(b.convolution(0, 2, 2, groups=2))
    b.dense(b.act(b.scale_and_shift(b.convolution(first, 2, 2), 2)), 2)
    return b.graph()


def pooled(seed: int) -> Graph:
    b = Builder(16, seed)
    b.dense(b.pool(b.act(b.convolution(0, 4, 4, bias=True), "softplus"), 4), 1, bias=True)
    return b.graph()


def residual(seed: int) -> Graph:
    b = Builder(3, seed)
    first = b.dense(0, 5)
    block = b.dense(b.act(b.dense(b.act(b.normalisation(first)), 5, bias=True)), 5)
    b.dense(b.act(b.sum(first, block, first), "erf"), 1)
    return b.graph()


def tied(seed: int) -> Graph:
    b = Builder(4, seed)
    one = b.dense(0, 4, bias=True)
    two = b.dense(b.act(one), 4, group=0)
    b.dense(b.act(b.sum(two, one), "sigmoid"), 1)
    return b.graph()


GRAPHS = {
    "mlp": mlp(1),
    "two outputs": mlp(2, "softplus", bias=False, outputs=2),
    "shallow": shallow(3),
    "convolutional": convolutional(4),
    "grouped": grouped(5),
    "pooled": pooled(6),
    "residual": residual(7),
    "tied": tied(8),
}


def data(graph: Graph, n: int = 3, seed: int = 0) -> np.ndarray:
    """(n, N_0)."""
    return np.random.default_rng(seed).standard_normal((n, graph.nodes[0].size))
