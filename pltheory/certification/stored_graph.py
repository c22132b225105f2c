"""The stored doubles of a network of class G and its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..nets.chain import chain
from ..nets.graph import Graph
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
    return chain(a.weights, a.biases, a.kappa, a.tau, a.activation)


def stored(problem: Problem) -> Stored:
    """The doubles of a network and its data: of its layers where it is of class N, else of its graph.

    Raises:
        NotAvailableError: the network is of neither class.
    """
    if problem.of_class_n:
        return stored_arrays(problem)
    n = len(problem.x)
    return GraphArrays(problem.reading.now(), doubles(problem.x).reshape(n, -1), doubles(problem.y))
