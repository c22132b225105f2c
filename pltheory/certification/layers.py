"""Bounds over balls of a class-N network in floats: Theorem G1 on its chain, from a linearisation that is at hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from ..measure.linearization import Linearization
from ..nets.activations import activation
from ..nets.ball import GraphBounds
from ..nets.chain import chain
from ..nets.fields import FLOATS
from ..nets.tape import Tape
from ..theory import NotAvailableError
from .stored import doubles


def layer_bounds(lin: Linearization) -> GraphBounds:
    """The bounds of the chain, its numbers in float64.

    Raises:
        NotAvailableError: the activation is not smooth, so that no such bound exists.
        NumericalFailureError: a norm is not finite.
    """
    net = lin.network
    if not activation(net.activation).smooth:
        raise NotAvailableError(
            f"not available for this network: {net.activation} is not twice continuously differentiable"
        )
    layers = net.layers
    weights = [doubles(layer.weight) for layer in layers]
    biases = [None if layer.bias is None else doubles(layer.bias) for layer in layers]
    graph = chain(weights, biases, [layer.kappa for layer in layers], [layer.tau for layer in layers], net.activation)
    n, c = lin.outputs.shape
    tape = Tape(FLOATS, [(g.weight, g.bias) for g in graph.groups], n, c)
    tape.moving = [False, *(True for _ in graph.nodes[1:])]
    tape.weighted = lambda u, weights: graph.nodes[u].kind.weighted(tape, u, graph.nodes[u].inputs, weights)
    tape.values = [None] * len(graph.nodes)
    tape.values[:-1:2] = [doubles(a) for a in lin.activations]  # of the nodes that affine ones read
    numbers: list[Any] = [None] * len(graph.nodes)
    for l, (layer, b) in enumerate(zip(layers, lin.rows, strict=True)):
        own = [(2 * l + 1, b)]
        if l:
            own.append((2 * l, layer.kappa * (b @ layer.weight.detach())))
        for v, rows in own:
            tape.rows[v] = _flat(rows)
            numbers[v] = graph.nodes[v].kind.numbers(tape, v, graph.nodes[v].inputs)
            del tape.rows[v]
    return GraphBounds(graph, tuple(numbers))


def _flat(rows: Tensor) -> np.ndarray:
    """(n, C, m) as (n C, m)."""
    return doubles(rows.flatten(0, 1))
