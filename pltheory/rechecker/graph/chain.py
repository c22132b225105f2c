"""A fully connected network, class N, as the chain of nodes that it is in class G."""

from __future__ import annotations

import numpy as np

from ..arrays import Shape
from ..cost import Cost
from ..fields import Array
from .cost import graph_cost
from .kinds.affine import Affine
from .kinds.input import Input
from .kinds.kind import Kind
from .kinds.pointwise import Pointwise
from .kinds.stored import NodeText


def chain(
    weights: list[Array], biases: list[Array | None], kappas: list[float], taus: list[float], activation: str
) -> list[Kind]:
    """The nodes; layer l has the group l, from 0.

    Args:
        weights: (m_l, m_{l-1}) of every layer.
        biases: (m_l,), or None.
        kappas, taus: of every layer.
        activation: between layers.
    """
    kinds: list[Kind] = [Input(weights[0].shape[1])]
    for l, (w, b) in enumerate(zip(weights, biases, strict=True)):
        size, width = w.shape
        patches = np.arange(width)[None, None, :]
        bias = None if b is None else b[None]
        tau = 0.0 if b is None else taus[l]
        kinds.append(Affine(size, (len(kinds) - 1,), l, patches, kappas[l], tau, w[None], bias, width))
        if l < len(weights) - 1:
            kinds.append(Pointwise(size, (len(kinds) - 1,), activation))
    return kinds


def chain_cost(weights: list[Array], data: Shape, radii: int) -> Cost:
    """Seconds and bytes that the chain takes at most, beside the rest.

    Args:
        weights: of every layer.
        data: (n, C).
        radii: of the ball's profile.
    """
    nodes, shapes = [NodeText("input", (), weights[0].shape[1], {})], {"y": data}
    for l, w in enumerate(weights, 1):
        size, width = w.shape
        shapes |= {f"n{len(nodes)}.patches": (1, 1, width), f"W{l}": (1, size, width)}
        nodes.append(NodeText("affine", (len(nodes) - 1,), size, {"group": l}))
        if l < len(weights):
            nodes.append(NodeText("pointwise", (len(nodes) - 1,), size, {}))
    return graph_cost(nodes, shapes, radii)
