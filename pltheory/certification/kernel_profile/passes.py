"""Forward and backward passes at the centre, in many directions at once: y, zdot, ydot of THEORY_GRAPHS section 5.

Arrays over directions and samples are (directions x samples, N_v), samples running faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...nets.graph import Graph
from ...nets.kinds.affine import Affine
from ...nets.kinds.fixed import Fixed
from ...nets.kinds.input import Input
from ...nets.kinds.pointwise import Pointwise
from ...nets.kinds.sums import Sum
from ...theory import NotAvailableError
from .maps import AffineMap, FixedMap, reached
from .numbers import Array, Numbers, Values, joined, moved, shaped
from .quartic import Pairs

Map = AffineMap | FixedMap | None


def node_maps(graph: Graph, numbers: Numbers) -> list[Map]:
    """What acts at every node that has own arrays.

    Raises:
        NotAvailableError: a kind of node for which Theorem E is not written out.
    """
    maps: list[Map] = []
    for v, node in enumerate(graph.nodes):
        kind = node.kind
        if isinstance(kind, Affine):
            group = graph.groups[kind.group]
            maps.append(AffineMap(kind, group.weight, group.bias, graph.nodes[node.inputs[0]].size, numbers))
        elif isinstance(kind, Fixed):
            maps.append(FixedMap(kind, graph.nodes[node.inputs[0]].size))
        elif isinstance(kind, Input | Sum | Pointwise):
            maps.append(None)
        else:
            raise NotAvailableError(
                f"kernel profile: node {v} ({node.name}) is {type(kind).__name__}; allowed are Input, Affine, Fixed, "
                "Sum, Pointwise"
            )
    return maps


@dataclass(eq=False)
class Passes:
    """The network at its weights, and what Theorem E needs of it.

    Attributes:
        graph: the network.
        numbers: kind of array.
        maps: by node.
        live: by node, whether parameters stand at it or before it.
        values: (n, N_v) by node.
        slopes, seconds: act' and act'' (n, N_v) at what a live Pointwise node reads, by that node.
    """

    graph: Graph
    numbers: Numbers
    maps: list[Map]
    live: list[bool]
    values: list[Values]
    slopes: dict[int, Values]
    seconds: dict[int, Values]

    @classmethod
    def at(cls, graph: Graph, x: Array, numbers: Numbers) -> Passes:
        """The forward pass at x (n, N_0)."""
        out = cls(graph, numbers, node_maps(graph, numbers), reached(graph), [], {}, {})
        for v, node in enumerate(graph.nodes):
            out.values.append(out._value(v, [out.values[u] for u in node.inputs], x))
        return out

    def _value(self, v: int, inputs: list[Values], x: Array) -> Values:
        kind, action = self.graph.nodes[v].kind, self.maps[v]
        if isinstance(action, AffineMap):
            return action.forward(inputs[0])
        if isinstance(action, FixedMap):
            a = action.linear(inputs[0])
            return a if action.kind.offset is None else a + self.numbers.exact(action.kind.offset[None, :])
        if isinstance(kind, Pointwise):
            if self.live[v]:
                self.slopes[v] = self.numbers.activated(kind.activation, inputs[0], 1)
                self.seconds[v] = self.numbers.activated(kind.activation, inputs[0], 2)
            return self.numbers.activated(kind.activation, inputs[0], 0)
        return _sum(inputs) if inputs else self.numbers.exact(x)

    @property
    def samples(self) -> int:
        """n."""
        return int(self.values[0].shape[0])

    @property
    def outputs(self) -> int:
        """C."""
        return self.graph.nodes[-1].size

    def spread_over(self, factor: Values, z: Values) -> Values:
        """factor (n, N_v) times z (R n, N_v), sample by sample."""
        n, size = factor.shape
        return shaped(shaped(factor, 1, n, size) * shaped(z, -1, n, size), -1, size)

    def backward_rows(self) -> dict[int, Values]:
        """(n, C, N_v) at every live node: B^i_v."""
        n, c = self.samples, self.outputs
        rows: dict[int, Values] = {len(self.graph.nodes) - 1: self.numbers.exact(np.tile(np.eye(c), (n, 1)))}
        for v in reversed(range(len(self.graph.nodes))):
            if v not in rows:
                continue
            node, b, action = self.graph.nodes[v], rows[v], self.maps[v]
            if isinstance(action, AffineMap):
                self._give(rows, node.inputs[0], lambda: action.transposed(b, self.numbers.exact(action.weight)))
            elif isinstance(action, FixedMap):
                self._give(rows, node.inputs[0], lambda: action.transposed(b))
            elif isinstance(node.kind, Pointwise):
                factor = self.slopes[v]
                each = moved(factor, lambda x: np.repeat(x, c, axis=0))
                self._give(rows, node.inputs[0], lambda: each * b)
            else:
                for u in node.inputs:
                    self._give(rows, u, lambda: b)
        return {v: shaped(b, n, c, self.graph.nodes[v].size) for v, b in rows.items()}

    def _give(self, into: dict[int, Values], u: int, part: Callable[[], Values]) -> None:
        if self.live[u]:
            more = part()
            into[u] = into[u] + more if u in into else more

    def along(self, rows: dict[int, Values], r: Array) -> dict[int, Values]:
        """(N n, N_v) at every live node: y^k = sum_c u^k_ic b_ic for u^k = r[:, k], r (n C, N)."""
        n, c = self.samples, self.outputs
        u = self.numbers.exact(r.reshape(n, c, -1).transpose(0, 2, 1))
        out = {}
        for v, b in rows.items():
            y = self.numbers.product(u, b)
            out[v] = moved(y, lambda x: x.transpose(1, 0, 2).reshape(-1, x.shape[2]))
        return out

    def gradients(self, y: dict[int, Values]) -> dict[int, Values]:
        """(G, N, O, q + 1) by parameter group: J^T u^k."""
        total: dict[int, Values] = {}
        for v, node in enumerate(self.graph.nodes):
            action = self.maps[v]
            if not isinstance(action, AffineMap) or v not in y:
                continue
            e = action.extended_patches(self.values[node.inputs[0]])
            part = self.numbers.product(self.columns(action, y[v]), e)
            part = shaped(part, action.blocks, -1, action.outputs, e.shape[2])
            g = action.kind.group
            total[g] = total[g] + part if g in total else part
        return total

    def columns(self, action: AffineMap, y: Values, g: slice = slice(None), o: slice = slice(None)) -> Values:
        """(G', R O', n P) of an array (R n, N_v) at an affine node, of some blocks g and outputs o."""
        n, shape = self.samples, (-1, self.samples, action.blocks, action.outputs, action.positions)

        def change(x: Array) -> Array:
            part = x.reshape(shape)[:, :, g, o].transpose(2, 0, 3, 1, 4)
            return part.reshape(part.shape[0], -1, n * action.positions)

        return moved(y, change)

    def tangents(self, gam: dict[int, Values]) -> dict[int, Values]:
        """(N n, N_v) at every live node: zdot^k, adot^k along g_k = J^T u^k (a sum or a fixed map: adot)."""
        out: dict[int, Values] = {}
        for v, node in enumerate(self.graph.nodes):
            action = self.maps[v]
            if not self.live[v]:
                continue
            moving = [out[u] for u in node.inputs if self.live[u]]
            if isinstance(action, AffineMap):
                out[v] = self._own_tangent(action, self.values[node.inputs[0]], gam[action.kind.group])
                if moving:
                    patches = action.patches(moving[0])
                    out[v] = out[v] + action.linear(patches, self.numbers.exact(action.weight))
            elif isinstance(action, FixedMap):
                out[v] = action.linear(moving[0])
            elif isinstance(node.kind, Pointwise):
                out[v] = self.spread_over(self.slopes[v], moving[0])
            else:
                out[v] = _sum(moving)
        return out

    def _own_tangent(self, action: AffineMap, a: Values, gam: Values) -> Values:
        """(N n, N_v): E~(a) Gam_k^T."""
        g, o, p, n = action.blocks, action.outputs, action.positions, self.samples
        flat = moved(gam, lambda x: x.reshape(g, -1, x.shape[3]).transpose(0, 2, 1))
        rows = self.numbers.product(action.extended_patches(a), flat)

        def change(x: Array) -> Array:
            return x.reshape(g, n, p, -1, o).transpose(3, 1, 0, 4, 2).reshape(-1, g * o * p)

        return moved(rows, change)

    def back_tangent_at(self, v: int, given: Values | None, y: Values, zdot: Values, pairs: Pairs) -> Values:
        """(K n, N_u) from a Pointwise node v: act' ydot + act'' zdot y, over symmetrised pairs; given is ydot_v."""
        n, size = self.samples, self.graph.nodes[v].size
        ys, zs = shaped(y, -1, n, size), shaped(zdot, -1, n, size)
        k, l = pairs.first, pairs.second
        both = moved(ys, lambda x: x[k]) * moved(zs, lambda x: x[l])
        both = both + moved(ys, lambda x: x[l]) * moved(zs, lambda x: x[k])
        own = shaped(shaped(self.seconds[v] * 0.5, 1, n, size) * both, -1, size)
        return own if given is None else self.spread_over(self.slopes[v], given) + own

    def back_tangent_through(
        self, action: AffineMap, given: Values | None, y: Values, gam: Values, pairs: Pairs
    ) -> Values:
        """(K n, N_u) from an affine node: T(W)^T ydot + T(Gam)^T y, over symmetrised pairs."""
        n, q = self.samples, action.weight.shape[2]
        parts = []
        for l in range(gam.shape[1]):
            weight = moved(gam, lambda x, l=l: np.ascontiguousarray(x[:, l, :, :q]))
            back = action.transposed(y, weight)
            parts.append(moved(back, lambda x: x.reshape(-1, 1, n * action.inputs)))
        own = shaped(pairs.symmetrised(joined(parts, 1)), -1, action.inputs)
        return own if given is None else action.transposed(given, self.numbers.exact(action.weight)) + own


def _sum(parts: list[Values]) -> Values:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total




