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
    """Sample, unit and node; an entry where the node does not read the units of an affine one.

    Args:
        graph: the network.
        v: a node with kinks.
        sample: row of the data.
        token: among the node's tokens.
    """
    node = graph.nodes[v]
    below = graph.nodes[node.inputs[0]]
    said = f"entry {token}"
    if isinstance(below.kind, Affine):
        units = int(np.prod(graph.groups[below.kind.group].weight.shape[:2]))
        places = below.size // units
        entry = int(node.kind.windows[token].max()) if isinstance(node.kind, Maximum) else token
        said = f"unit {entry // places}"
        if places > 1:
            said += f" at place {entry % places}"
    return f"sample {sample}, {said} of node {v} ({node.name or node.kind.function})"
