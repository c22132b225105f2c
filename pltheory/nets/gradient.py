"""The gradient on a graph: one pass forward, and the residual sent back as one row a sample."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..rigor.roundoff import Array
from .fields.protocol import Field, Values
from .graph import Graph
from .kinds.affine import Affine
from .tape import Tape


def forward(graph: Graph, x: Array, field: Field, norms: Mapping[int, float] | None = None) -> Tape:
    """All values of a graph at its weights, ready for `pulled_back`.

    Args:
        graph: the network.
        x: (n, N_0).
        field: floats, or arrays that count their rounding.
        norms: upper bounds of ||T_v(W)|| of affine nodes that are known already; the others are found where needed.
    """
    groups = [(field.constant(g.weight), None if g.bias is None else field.constant(g.bias)) for g in graph.groups]
    tape = Tape(field, groups, len(x), 1, norms=dict(norms or {}))
    for v, node in enumerate(graph.nodes):
        tape.moving.append(isinstance(node.kind, Affine) or any(tape.moving[u] for u in node.inputs))
        tape.values.append(node.kind.forward(tape, v, node.inputs) if v else field.constant(x))
    return tape


def pulled_back(graph: Graph, tape: Tape, row: Values) -> list[Values | None]:
    """sum_i J_i^T row_i by groups, each (G, O, q + 1) with the bias in the last column; None where nothing arrives.

    Leaves the row of every node that it reaches in `tape.rows`, each (n, N_v).

    Args:
        graph: the network.
        tape: of `forward`.
        row: (n, C), for instance the residual.
    """
    f, nodes = tape.field, graph.nodes
    tape.rows = {len(nodes) - 1: row}
    found: list[Values | None] = [None] * len(graph.groups)
    together = f.constant(np.ones((1, tape.samples)))
    for v in range(len(nodes) - 1, 0, -1):
        kind, inputs = nodes[v].kind, nodes[v].inputs
        if v not in tape.rows or not tape.moving[v]:
            continue
        if isinstance(kind, Affine):
            weight = graph.groups[kind.group].weight
            part = f.product(together, kind.parameter_rows(tape, v, inputs))
            part = f.reshape(part, weight.shape[0], weight.shape[1], weight.shape[2] + 1)
            before = found[kind.group]
            found[kind.group] = part if before is None else f.add(before, part)
        if any(tape.moving[u] for u in inputs):
            for u, rows in zip(inputs, kind.backward(tape, v, inputs), strict=True):
                if tape.moving[u]:
                    tape.rows[u] = f.add(tape.rows[u], rows) if u in tape.rows else rows
    return found
