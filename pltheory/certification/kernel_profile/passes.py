"""Passes through a graph at its weights in many directions at once: y, zdot, ydot of THEORY_GRAPHS section 5.

Arrays over directions and samples are (directions x samples, N_v), samples running faster.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...nets.fields import Field
from ...nets.fields.protocol import Values
from ...nets.graph import Graph
from ...nets.kinds.affine import Affine
from ...nets.kinds.fixed import Fixed
from ...nets.kinds.input import Input
from ...nets.kinds.pointwise import Pointwise
from ...nets.kinds.sums import Sum
from ...nets.tape import Tape
from ...rigor.roundoff import Array
from ...theory import NotAvailableError
from .quartic import Pairs

ALLOWED = (Input, Affine, Fixed, Sum, Pointwise)

Parameters = tuple[Values, Values | None]
"""A group's weight (G, O, q), and bias (G, O) or None."""


def require_allowed(graph: Graph) -> None:
    """Refuse a kind of node for which Theorem E is not written out.

    Raises:
        NotAvailableError: naming the node.
    """
    for v, node in enumerate(graph.nodes):
        if not isinstance(node.kind, ALLOWED):
            allowed = ", ".join(kind.__name__ for kind in ALLOWED)
            raise NotAvailableError(
                f"kernel profile: node {v} ({node.name}) is {type(node.kind).__name__}; allowed are {allowed}"
            )


@dataclass(frozen=True, eq=False)
class Passes:
    """The network at its weights.

    Attributes:
        graph: the network.
        tape: values of all nodes, and B_v (n C, N_v) of those that parameters reach and that reach the output.
        turns: upper bounds of ||T_v(Gam)|| by affine node, uniform in q; known once the gradients are.
    """

    graph: Graph
    tape: Tape
    turns: dict[int, float]

    @classmethod
    def at(cls, graph: Graph, x: Array, field: Field, norms: dict[int, float] | None = None) -> Passes:
        """One pass forward and one back at x (n, N_0); norms ||T_v(W_0)|| by affine node, if at hand."""
        nodes, last, c = graph.nodes, len(graph.nodes) - 1, graph.nodes[-1].size
        groups = [(field.constant(g.weight), None if g.bias is None else field.constant(g.bias)) for g in graph.groups]
        tape = Tape(field, groups, len(x), c, norms=dict(norms or {}))
        for v, node in enumerate(nodes):
            tape.moving.append(isinstance(node.kind, Affine) or any(tape.moving[u] for u in node.inputs))
            tape.values.append(node.kind.forward(tape, v, node.inputs) if v else field.constant(x))
        if tape.moving[last]:
            tape.rows[last] = field.constant(np.tile(np.eye(c), (len(x), 1)))
        made = cls(graph, tape, {})
        for v in range(last, 0, -1):
            if made.live(v) and any(tape.moving[u] for u in nodes[v].inputs):
                for u, rows in zip(nodes[v].inputs, nodes[v].kind.backward(tape, v, nodes[v].inputs), strict=True):
                    if tape.moving[u]:
                        tape.rows[u] = field.add(tape.rows[u], rows) if u in tape.rows else rows
        return made

    def live(self, v: int) -> bool:
        """Whether parameters reach the node and it reaches the output."""
        return v in self.tape.rows

    def parent(self, v: int) -> int:
        """The one node that v reads."""
        return self.graph.nodes[v].inputs[0]

    @property
    def affine(self) -> list[tuple[int, Affine]]:
        """The live affine nodes."""
        kinds = ((v, node.kind) for v, node in enumerate(self.graph.nodes))
        return [(v, kind) for v, kind in kinds if isinstance(kind, Affine) and self.live(v)]

    def along(self, r: Array) -> dict[int, Values]:
        """(N n, N_v) at every live node: y^k = sum_c u^k_ic b_ic for u^k = r[:, k], r (n C, N)."""
        f, n, c = self.tape.field, self.tape.samples, self.tape.outputs
        u = f.constant(np.ascontiguousarray(r.reshape(n, c, -1).transpose(0, 2, 1)))
        out = {}
        for v, b in self.tape.rows.items():
            y = f.product(u, f.reshape(b, n, c, -1))  # (n, N, N_v)
            out[v] = f.reshape(f.transpose(y, 1, 0, 2), -1, f.shape(b)[1])
        return out

    def columns(self, v: int, y: Values, g: slice = slice(None), o: slice = slice(None)) -> Values:
        """(G', R O', n P) of an array (R n, N_v) at an affine node, of some blocks g and outputs o."""
        f, n, kind = self.tape.field, self.tape.samples, self.graph.nodes[v].kind
        assert isinstance(kind, Affine)
        blocks, p = kind.patches.shape[:2]
        part = f.reshape(y, -1, n, blocks, f.shape(y)[1] // (blocks * p), p)
        part = f.transpose(f.part(part, (slice(None), slice(None), g, o)), 2, 0, 3, 1, 4)
        g_count, r, o_count = f.shape(part)[:3]
        return f.reshape(part, g_count, r * o_count, n * p)

    def patches(self, v: int) -> Values:
        """(G, n P, q + 1): E~ of an affine node, rows of all samples."""
        kind = self.graph.nodes[v].kind
        assert isinstance(kind, Affine)
        return self._stacked(kind.extended_patches(self.tape, self.graph.nodes[v].inputs))

    def moving_patches(self, v: int, adot: Values) -> Values:
        """(G, R n P, q): kappa E(adot) of an array (R n, N_u)."""
        f, kind = self.tape.field, self.graph.nodes[v].kind
        assert isinstance(kind, Affine)
        return self._stacked(f.scaled(f.gather(adot, kind.patches), kind.kappa))

    def _stacked(self, e: Values) -> Values:
        f = self.tape.field
        rows, g, p, q = f.shape(e)
        return f.reshape(f.transpose(e, 1, 0, 2, 3), g, rows * p, q)

    def gradients(self, y: dict[int, Values]) -> dict[int, Values]:
        """(G, N, O, q + 1) by parameter group: J^T u^k; the last column is 0 where there is no bias."""
        f = self.tape.field
        found: dict[int, Values] = {}
        for v, kind in self.affine:
            part = f.product(self.columns(v, y[v]), self.patches(v))
            g, o, q = self.graph.groups[kind.group].weight.shape
            part = f.reshape(part, g, -1, o, q + 1)
            found[kind.group] = f.add(found[kind.group], part) if kind.group in found else part
        return found

    def _direction(self, group: int, gam: Values, k: int) -> Parameters:
        """g_k's block of a group."""
        f, q = self.tape.field, self.graph.groups[group].weight.shape[2]
        block = f.part(gam, (slice(None), k))  # (G, O, q + 1)
        bias = None if self.graph.groups[group].bias is None else f.part(block, (slice(None), slice(None), q))
        return f.part(block, (slice(None), slice(None), slice(None, q))), bias

    def _with(self, v: int, parameters: Parameters, norm: float | None) -> Tape:
        """The tape with other parameters at an affine node, whose map has at most that norm, if one is known."""
        kind = self.graph.nodes[v].kind
        assert isinstance(kind, Affine)
        groups = list(self.tape.groups)
        groups[kind.group] = parameters
        return replace(self.tape, groups=groups, norms={} if norm is None else {v: norm})

    def tangents(self, gam: dict[int, Values]) -> dict[int, Values]:
        """(N n, N_v) at every live node: zdot^k, adot^k along g_k = J^T u^k."""
        f, n = self.tape.field, self.tape.samples
        out: dict[int, Values] = {}
        for v, node in enumerate(self.graph.nodes):
            kind, moving = node.kind, [out[u] for u in node.inputs if u in out]
            if not self.live(v):
                continue
            if isinstance(kind, Affine):
                block = gam[kind.group]
                count = f.shape(block)[1]
                turn = self.turns[v]
                tapes = [self._with(v, self._direction(kind.group, block, k), turn) for k in range(count)]
                out[v] = f.concatenate([kind.forward(tape, v, node.inputs) for tape in tapes])
                if moving:
                    tape = self._with(v, (self.tape.groups[kind.group][0], None), self.tape.norms.get(v))
                    tape = replace(tape, values=self._values(node.inputs[0], moving[0]), samples=count * n)
                    out[v] = f.add(out[v], kind.forward(tape, v, node.inputs))
            elif isinstance(kind, Fixed):
                tape = replace(self.tape, values=self._values(node.inputs[0], moving[0]))
                out[v] = Fixed(kind.index, kind.factor).forward(tape, v, node.inputs)
            elif isinstance(kind, Pointwise):
                out[v] = self._times(self._slope(v, kind, 1), moving[0])
            else:
                out[v] = moving[0]
                for more in moving[1:]:
                    out[v] = f.add(out[v], more)
        return out

    def _values(self, u: int, other: Values) -> list[Values]:
        values = list(self.tape.values)
        values[u] = other
        return values

    def _slope(self, v: int, kind: Pointwise, order: int) -> Values:
        """act' or act'' (n, N_v) of what the node reads."""
        return self.tape.field.activation(kind.activation, self.tape.values[self.parent(v)], order)

    def _times(self, factor: Values, z: Values) -> Values:
        """factor (n, N_v) times z (R n, N_v), sample by sample."""
        f = self.tape.field
        n, size = f.shape(factor)
        product = f.times(f.reshape(factor, 1, n, size), f.reshape(z, -1, n, size))
        return f.reshape(product, -1, size)

    def back_tangents(
        self, v: int, given: Values | None, y: Values, zdot: dict[int, Values], gam: dict[int, Values], pairs: Pairs
    ) -> list[Values | None]:
        """ydot that a live node gives to those that it reads, (K n, N_u) over symmetrised pairs; None for zero.

        Args:
            v: the node.
            given: its own ydot.
            y: (N n, N_v).
            zdot: tangents by node.
            gam: gradients by group.
            pairs: of directions.
        """
        kind, inputs = self.graph.nodes[v].kind, self.graph.nodes[v].inputs
        if isinstance(kind, Pointwise):
            own = self._bent(self._slope(v, kind, 2), y, zdot[inputs[0]], pairs)
            if given is None:
                return [own]
            return [self.tape.field.add(own, self._times(self._slope(v, kind, 1), given))]
        if isinstance(kind, Affine):
            return [self._through(v, kind, given, y, gam[kind.group], pairs)]
        if given is None:
            return [None] * len(inputs)
        return list(kind.backward(replace(self.tape, rows={v: given}), v, inputs))

    def _bent(self, second: Values, y: Values, zdot: Values, pairs: Pairs) -> Values:
        """act'' zdot y, symmetrised."""
        f, (n, size) = self.tape.field, self.tape.field.shape(second)
        both = pairs.products(f, f.reshape(y, -1, n, size), f.reshape(zdot, -1, n, size))
        return self._times(second, f.reshape(both, -1, size))

    def _through(self, v: int, kind: Affine, given: Values | None, y: Values, gam: Values, pairs: Pairs) -> Values:
        """T(W)^T ydot + T(Gam)^T y, symmetrised."""
        f, n, inputs, count = self.tape.field, self.tape.samples, self.graph.nodes[v].inputs, pairs.directions
        tapes = (self._with(v, self._direction(kind.group, gam, l), self.turns[v]) for l in range(count))
        parts = [kind.backward(replace(tape, rows={v: y}), v, inputs)[0] for tape in tapes]
        size = f.shape(parts[0])[1]
        by_second = f.reshape(f.concatenate(parts), count, count, n * size)
        own = f.reshape(pairs.symmetrised(f, by_second), -1, size)
        if given is None:
            return own
        return f.add(own, kind.backward(replace(self.tape, rows={v: given}), v, inputs)[0])
