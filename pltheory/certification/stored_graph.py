"""The stored doubles of a network of class G and its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..nets.graph import Graph, Group, Node
from ..nets.kinds.affine import Affine
from ..nets.kinds.input import Input
from ..nets.kinds.pointwise import Pointwise
from ..problem.problem import Problem
from ..rigor.roundoff import Array
from .stored import Arrays, Stored, doubles, stored_arrays


@dataclass(frozen=True, eq=False)
class GraphArrays:
    """A graph and its data.

    Attributes:
        graph: the network.
        x: (n, N_0), every sample flattened.
        y: (n, C), likewise.
    """

    graph: Graph
    x: Array
    y: Array

    def named(self) -> dict[str, Array]:
        """The graph's arrays by the names they have in a file."""
        return self.graph.arrays

    def section(self) -> dict[str, Any]:
        """Nodes in order, each with its kind, inputs, size and scalars; groups are counted from 1."""
        nodes = [
            {"kind": node.kind.name, "inputs": list(node.inputs), "size": node.size, **node.kind.settings}
            for node in self.graph.nodes
        ]
        return {"nodes": nodes, "groups": len(self.graph.groups)}


def graph_of(a: Stored) -> Graph:
    """The graph of a network; of class N the chain of its layers."""
    if isinstance(a, GraphArrays):
        return a.graph
    assert isinstance(a, Arrays)
    nodes, groups = [Node(Input(), (), a.x.shape[1])], []
    for l, (w, b, kappa, tau) in enumerate(zip(a.weights, a.biases, a.kappa, a.tau, strict=True)):
        groups.append(Group(w[None], None if b is None else b[None]))
        nodes.append(Node(Affine(l, np.arange(w.shape[1])[None, None], kappa, tau), (len(nodes) - 1,), len(w)))
        if l < a.depth - 1:
            nodes.append(Node(Pointwise(a.activation), (len(nodes) - 1,), len(w)))
    return Graph(tuple(nodes), tuple(groups))


def stored(problem: Problem) -> Stored:
    """The doubles of a network and its data: of its layers where it is of class N, else of its graph.

    Raises:
        NotAvailableError: the network is of neither class.
    """
    if problem.of_class_n:
        return stored_arrays(problem)
    n = len(problem.x)
    return GraphArrays(problem.reading.now(), doubles(problem.x).reshape(n, -1), doubles(problem.y))
