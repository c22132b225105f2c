"""The argument that meets a kink first as a ball grows, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .graph import Graph
from .kinds.affine import Affine
from .kinds.kinks import Maximum


@dataclass(frozen=True)
class NearestKink:
    """A token of a node with kinks.

    Attributes:
        node: of the graph.
        sample: row of the data.
        token: among the node's tokens.
        radius: of a ball in which it may leave its piece, by bounds in floating point; 0 for one that may stand at a
            kink at the centre.
    """

    node: int
    sample: int
    token: int
    radius: float

    def words(self, graph: Graph) -> str:
        """Which argument, and where."""
        at = f"R = {self.radius:.4g}" if self.radius else "the weights themselves"
        return f"{token_words(graph, self.node, self.sample, self.token)}, at {at}"


def token_words(graph: Graph, v: int, sample: int, token: int) -> str:
    """Sample, unit, place and node; an entry where the node's tokens do not stand by the units of an affine one.

    Args:
        graph: the network.
        v: a node with kinks.
        sample: row of the data.
        token: among the node's tokens.
    """
    node = graph.nodes[v]
    return f"sample {sample}, {_unit(graph, v, token)} of node {v} ({node.name or node.kind.function})"


def _unit(graph: Graph, v: int, token: int) -> str:
    node, below = graph.nodes[v], graph.nodes[graph.nodes[v].inputs[0]]
    whole = f"entry {token}"
    if not isinstance(below.kind, Affine):
        return whole
    units = int(np.prod(graph.groups[below.kind.group].weight.shape[:2]))
    unit, place = divmod(token, max(1, node.size // units))
    if isinstance(node.kind, Maximum):
        entries = node.kind.windows[token]
        if (entries[entries >= 0] // (below.size // units) != unit).any():
            return whole
    return f"unit {unit}" if node.size == units else f"unit {unit} at place {place}"
