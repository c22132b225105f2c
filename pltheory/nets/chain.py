"""A fully connected network, class N, as the chain of dense affine and pointwise nodes that it is in class G."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..rigor.roundoff import Array
from .graph import Graph, Group, Node
from .kinds.affine import Affine
from .kinds.input import Input
from .kinds.pointwise import Pointwise


def chain(
    weights: Sequence[Array],
    biases: Sequence[Array | None],
    kappa: Sequence[float],
    tau: Sequence[float],
    activation: str,
) -> Graph:
    """The nodes; layer l = 1..L+1 is node 2 l - 1, with parameter group l - 1.

    Args:
        weights: (m_l, m_{l-1}) of every layer.
        biases: (m_l,), or None.
        kappa, tau: of every layer; tau is 0 where there is no bias.
        activation: between layers.
    """
    nodes, groups = [Node(Input(), (), weights[0].shape[1])], []
    for l, (w, b) in enumerate(zip(weights, biases, strict=True)):
        groups.append(Group(w[None], None if b is None else b[None]))
        nodes.append(Node(Affine(l, np.arange(w.shape[1])[None, None], kappa[l], tau[l]), (len(nodes) - 1,), len(w)))
        if l < len(weights) - 1:
            nodes.append(Node(Pointwise(activation), (len(nodes) - 1,), len(w)))
    return Graph(tuple(nodes), tuple(groups))
