"""Class G: a layered network as a graph of nodes that act on every sample by itself (THEORY_GRAPHS section 1).

Sample i has a vector a_v^i in R^{N_v} at node v; the last node is the output F. Weights stand in parameter groups,
which several affine nodes may share. The exact network is the one whose weights, factors and scales are the stored
doubles, in real arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ..rigor.roundoff import Array
from ..theory import InvalidInputError
from .kinds.affine import Affine
from .kinds.fixed import Fixed
from .kinds.input import Input
from .kinds.kind import Kind
from .kinds.kinks import Kinked, Maximum, PiecewiseLinear
from .kinds.sums import Sum


@dataclass(frozen=True, eq=False)
class Group:
    """One parameter group [W, b].

    Attributes:
        weight: (G, O, q): G weight matrices W_g of O outputs and patches of q entries; a dense layer has G = 1, a
            depthwise one O = 1. The stored tensor's entries in row order.
        bias: (G, O), or None.
        names: of the module's parameters that weight and bias are; the second is "" where there is none.
    """

    weight: Array
    bias: Array | None
    names: tuple[str, str] = ("", "")

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.weight.size + (0 if self.bias is None else self.bias.size)


@dataclass(frozen=True, eq=False)
class Node:
    """One node.

    Attributes:
        kind: what it computes.
        inputs: indices of the nodes that it reads, in the kind's order.
        size: N_v.
        name: where it stands in the module, for messages and pictures.
    """

    kind: Kind
    inputs: tuple[int, ...]
    size: int
    name: str = ""


@dataclass(frozen=True, eq=False)
class Graph:
    """A network of class G.

    Attributes:
        nodes: in topological order; the first is the one input, the last the output.
        groups: the parameters.

    Raises:
        InvalidInputError: a node reads one that comes later, or sizes, shapes or indices do not fit.
    """

    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        if not self.nodes or not isinstance(self.nodes[0].kind, Input):
            raise InvalidInputError("graph: the first node must be the input")
        for v, node in enumerate(self.nodes):
            if isinstance(node.kind, Input) != (v == 0) or not all(0 <= u < v for u in node.inputs):
                raise InvalidInputError(f"graph: node {v} ({node.name}) is out of order")
            node.kind.require_fitting([self.nodes[u].size for u in node.inputs], node.size, self.groups)

    @property
    def parameters(self) -> int:
        """Number of trainable entries."""
        return sum(g.size for g in self.groups)

    @property
    def kinked(self) -> bool:
        """Whether a node has kinks."""
        return any(isinstance(node.kind, Kinked) for node in self.nodes)

    @property
    def piecewise_linear(self) -> bool:
        """Whether no node bends but at kinks: with its pieces frozen it is a sum of products of weights."""
        straight = (Input, Affine, Fixed, Sum, PiecewiseLinear, Maximum)
        return all(isinstance(node.kind, straight) for node in self.nodes)

    def named(self, prefix: str = "") -> dict[str, Array]:
        """The parameters by the names they have in a file: W1.., b1.. by groups where there is a bias."""
        weights = {f"{prefix}W{g}": group.weight for g, group in enumerate(self.groups, 1)}
        biases = {f"{prefix}b{g}": group.bias for g, group in enumerate(self.groups, 1) if group.bias is not None}
        return weights | biases

    @property
    def arrays(self) -> dict[str, Array]:
        """All arrays by the names they have in a file: the parameters, and each node's own: n1.patches .. ."""
        own = {
            f"n{v}.{name}": np.asarray(array, dtype=np.float64)
            for v, node in enumerate(self.nodes)
            for name, array in node.kind.arrays.items()
        }
        return self.named() | own

    def structure(self) -> tuple[object, ...]:
        """All but the parameters' values, to be compared."""
        return tuple(
            (
                node.kind.name,
                node.inputs,
                node.size,
                tuple(node.kind.settings.items()),
                *((name, array.shape, array.tobytes()) for name, array in node.kind.arrays.items()),
            )
            for node in self.nodes
        )

    def replaced(self, groups: tuple[Group, ...]) -> Self:
        """The same graph with other parameters."""
        return replace(self, groups=groups)
