"""A graph at its weights: one pass forward and one back give the kernel and what bounds over a ball start from."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from torch import Tensor

from ..rigor.roundoff import Array
from .fields.protocol import Field, Values
from .fitting import require
from .graph import Graph, Node
from .kinds.affine import Affine
from .kinds.kinks import Kinked
from .passages import Passages
from .tape import Rounded, Tape, Weighted
from .units import UnitRows


@dataclass(frozen=True)
class Centre:
    """What is known at the weights w_0; scale of the plain F.

    Attributes:
        graph: the network.
        numbers: of every node, upper bounds (estimates in floats); what is said of a smallest norm is a lower bound.
        kernel: K = J J^T of shape (n C, n C), sample-major.
        outputs: F of shape (n, C).
        field: of the arrays.
        rounding: by node, where rounding is counted.
        units: of affine nodes directly below one with kinks, by node; where they were asked for.
        parts: the kernel's parts by parameter group; likewise.
        passages: of dense affine nodes between nodes with kinks; likewise.
    """

    graph: Graph
    numbers: tuple[Any, ...]
    kernel: Values
    outputs: Values
    field: Field
    rounding: tuple[Rounded | None, ...] = ()
    units: Mapping[int, UnitRows] = dataclasses.field(default_factory=dict)
    parts: Mapping[int, Values] = dataclasses.field(default_factory=dict)
    passages: Passages = dataclasses.field(default_factory=dict)

    def residual(self, y: Tensor) -> float:
        """||F - y|| in floats, y of shape (n, C)."""
        return float(np.linalg.norm(self.outputs - y.detach().cpu().double().numpy()))


def forward(graph: Graph, x: Array, field: Field) -> Tape:
    """The values of every node on data x of shape (n, N_0).

    Raises:
        NoVerdictError: an overflow, in the verified field.
    """
    groups = [(field.constant(g.weight), None if g.bias is None else field.constant(g.bias)) for g in graph.groups]
    tape = Tape(field, groups, len(x), graph.nodes[-1].size)
    for v, node in enumerate(graph.nodes):
        tape.moving.append(isinstance(node.kind, Affine) or any(tape.moving[u] for u in node.inputs))
        tape.values.append(node.kind.forward(tape, v, node.inputs) if v else field.constant(x))
    return tape


def linearize(graph: Graph, x: Array, field: Field, *, bounds: bool = True, jumps: bool = False) -> Centre:
    """Linearise a graph on data x of shape (n, N_0).

    Args:
        graph: the network.
        x: the data.
        field: floats, or arrays that count their rounding.
        bounds: whether the numbers that bounds over a ball need are found, which takes longer than the rest.
        jumps: whether what is needed where pieces may change is kept.

    Raises:
        InvalidInputError: the output depends on no parameter.
        NoVerdictError: an overflow, in the verified field.
        NumericalFailureError: a norm that is not finite, in floats.
    """
    nodes, last = graph.nodes, len(graph.nodes) - 1
    n, c = len(x), nodes[-1].size
    tape = forward(graph, x, field)

    require(tape.moving[last], "the output depends on no parameter")

    def weighted(u: int, weights: Array) -> list[Weighted]:
        return nodes[u].kind.weighted(tape, u, nodes[u].inputs, weights) if tape.moving[u] else []

    tape.weighted = weighted
    tape.reach = cache(lambda u: nodes[u].kind.reach(tape, u, nodes[u].inputs) if tape.moving[u] else None)
    added = _added(tape, nodes) if field.rounded else []
    rounding: list[Rounded | None] = [None] * len(nodes)
    tape.rows[last] = field.constant(np.tile(np.eye(c), (n, 1)))
    numbers: list[Any] = [None] * len(nodes)
    read = _read(graph)
    uses = Counter(node.kind.group for v, node in enumerate(nodes) if v in read and isinstance(node.kind, Affine))
    uses_of = dict(uses)
    jacobians: dict[int, Values] = {}
    kernel: Values = None
    units: dict[int, UnitRows] = {}
    parts: dict[int, Values] = {}
    kinked = _below_kinks(nodes) if jumps else set()
    for v in range(last, 0, -1):
        node = nodes[v]
        if v not in tape.rows or not tape.moving[v]:
            continue  # nothing reads it, or nothing in it moves
        if bounds:
            numbers[v] = node.kind.numbers(tape, v, node.inputs)
        if isinstance(node.kind, Affine):
            part = _kernel_part(tape, node.kind, v, node.inputs, uses, jacobians)
            if part is not None:
                kernel = part if kernel is None else field.add(kernel, part)
                if jumps:
                    parts[node.kind.group] = part
            if v in kinked and uses_of[node.kind.group] == 1:
                units[v] = node.kind.units(tape, v, node.inputs)
        if field.rounded:
            known = isinstance(node.kind, Affine) and bounds
            rows = numbers[v].row_max if known else tape.largest_row_norm(tape.rows[v])
            rounding[v] = Rounded(added[v], rows)
        moving = [u for u in node.inputs if tape.moving[u]]
        if moving:
            for u, rows in zip(node.inputs, node.kind.backward(tape, v, node.inputs), strict=True):
                if tape.moving[u]:
                    tape.rows[u] = field.add(tape.rows[u], rows) if u in tape.rows else rows
        del tape.rows[v]
    passages = _passages(tape, nodes) if jumps else {}
    return Centre(graph, tuple(numbers), kernel, tape.values[last], field, tuple(rounding), units, parts, passages)


def _passages(tape: Tape, nodes: Sequence[Node]) -> Passages:
    """The dense affine nodes that read a node with kinks, which parameters move, and are read by one."""
    above = {node.inputs[0] for node in nodes if isinstance(node.kind, Kinked)}
    found = {}
    for v in above:
        kind, u = nodes[v].kind, nodes[v].inputs[0]
        below = nodes[u].kind
        if (
            isinstance(kind, Affine)
            and isinstance(below, Kinked)
            and kind.dense
            and kind.multiplicity == 1
            and tape.moving[u]
        ):
            silent = below.silent(tape, nodes[u].inputs[0])
            if silent is not None:
                found[v] = kind.passage(tape, silent, (u,))
    return found


def _added(tape: Tape, nodes: Sequence[Node]) -> list[float]:
    """What the operation of each node adds to the error, with what reaches it from nodes that do not move."""
    f = tape.field
    settled = replace(
        tape, values=[f.settled(x) if moves else x for x, moves in zip(tape.values, tape.moving, strict=True)]
    )
    added = [0.0]
    for v in range(1, len(nodes)):
        again = nodes[v].kind.forward(settled, v, nodes[v].inputs)
        # The same operation need not be rounded the same way twice.
        apart = f.frobenius(f.add(f.settled(again), f.scaled(f.settled(tape.values[v]), -1.0)))
        added.append(float(f.sum(np.asarray(f.radius(again)), np.asarray(apart))))
    return added


def _below_kinks(nodes: Sequence[Node]) -> set[int]:
    """The affine nodes that nodes with kinks read, all of them unit by unit."""
    found: set[int] = set()
    mixed: set[int] = set()
    for node in nodes:
        if isinstance(node.kind, Kinked):
            below = nodes[node.inputs[0]].kind
            apart = isinstance(below, Affine) and node.kind.within_units(below.patches.shape[1])
            (found if apart else mixed).add(node.inputs[0])
    return found - mixed


def _read(graph: Graph) -> set[int]:
    """The nodes that the output depends on."""
    read = {len(graph.nodes) - 1}
    for v in range(len(graph.nodes) - 1, 0, -1):
        if v in read:
            read.update(graph.nodes[v].inputs)
    return read


def _kernel_part(
    tape: Tape, kind: Affine, v: int, inputs: tuple[int, ...], uses: Counter[int], jacobians: dict[int, Values]
) -> Values | None:
    """J_g J_g^T once all nodes of a group are known; before that None."""
    f = tape.field
    if uses[kind.group] == 1 and kind.group not in jacobians and kind.dense:
        return kind.kernel(tape, v, inputs)
    rows = kind.parameter_rows(tape, v, inputs)
    uses[kind.group] -= 1
    if kind.group in jacobians:
        rows = f.add(jacobians.pop(kind.group), rows)
    if uses[kind.group]:
        jacobians[kind.group] = rows
        return None
    return f.product(rows, f.transpose(rows, 1, 0))
