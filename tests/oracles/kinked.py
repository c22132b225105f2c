"""Networks with kinks in plain NumPy, forward mode: values, and derivatives in all parameters, written again.

Shares with the package the data of `pltheory.nets.graph` alone. Parameters are one vector as in `oracles.graphs`. At a
kink any derivative between the two pieces' will do; here it is the left one's, and of equal entries the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.curved import Curved
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.sums import Sum

Array = np.ndarray


def parameters(graph: Graph) -> Array:
    """All weights and biases, (p,)."""
    return np.concatenate([np.ravel(a) for g in graph.groups for a in (g.weight, g.bias) if a is not None])


def starts(graph: Graph) -> Array:
    """Where each group's entries begin, and the end of the last."""
    return np.concatenate([[0], np.cumsum([g.size for g in graph.groups])]).astype(int)


def with_parameters(graph: Graph, flat: Array) -> Graph:
    """The graph at these weights."""
    groups, at = [], 0
    for g in graph.groups:
        weight = flat[at : at + g.weight.size].reshape(g.weight.shape).copy()
        at += g.weight.size
        bias = None
        if g.bias is not None:
            bias = flat[at : at + g.bias.size].reshape(g.bias.shape).copy()
            at += g.bias.size
        groups.append(Group(weight, bias, g.names))
    return graph.replaced(tuple(groups))


@dataclass
class Passed:
    """One pass: by node (n, N), and its derivatives (n, N, p), None of a node that no parameter moves."""

    values: list[Array]
    tangents: list[Array | None]

    @property
    def jacobian(self) -> Array:
        """(n C, p), sample-major."""
        last = self.tangents[-1]
        return last.reshape(-1, last.shape[-1])

    @property
    def outputs(self) -> Array:
        """(n, C)."""
        return self.values[-1]


def passed(graph: Graph, flat: Array, x: Array, errors: Mapping[int, Array] | None = None) -> Passed:
    """Values and derivatives at weights, with errors (n, N) added at nodes."""
    out = Passed([], [])
    for v, node in enumerate(graph.nodes):
        value, tangent = _node(graph, node, flat, x, out)
        out.values.append(value if errors is None or v not in errors else value + errors[v])
        out.tangents.append(tangent)
    return out


def _with_zero(a: Array) -> Array:
    return np.concatenate([a, np.zeros_like(a[:, :1])], axis=1)


def _node(graph: Graph, node: Node, flat: Array, x: Array, out: Passed) -> tuple[Array, Array | None]:
    a = [out.values[u] for u in node.inputs]
    d = [out.tangents[u] for u in node.inputs]
    match node.kind:
        case Input():
            return x, None
        case Affine():
            return _affine(graph, node.kind, flat, a[0], d[0])
        case Fixed(index=index, factor=factor, offset=offset):
            z = (_with_zero(a[0])[:, index] * factor).sum(-1) + (0 if offset is None else offset)
            return z, None if d[0] is None else (_with_zero(d[0])[:, index] * factor[..., None]).sum(2)
        case Sum():
            moving = [t for t in d if t is not None]
            return sum(a[1:], a[0]), sum(moving[1:], moving[0]) if moving else None
        case Pointwise(activation="tanh"):
            value = np.tanh(a[0])
            return value, None if d[0] is None else d[0] * (1 - value**2)[..., None]
        case PiecewiseLinear(breaks=b, slopes=s, intercepts=c):
            # f(z) = c_0 + s_0 z + sum of (s_j+1 - s_j) max(z - b_j, 0).
            value, slope = c[0] + s[0] * a[0], np.full(a[0].shape, s[0])
            for j, at in enumerate(b):
                value = value + (s[j + 1] - s[j]) * np.maximum(a[0] - at, 0.0)
                slope = slope + (s[j + 1] - s[j]) * (a[0] > at)
            return value, None if d[0] is None else d[0] * slope[..., None]
        case Curved(map=name, alpha=alpha):
            z = a[0]
            if name == "elu":
                value = np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))
                slope = np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))
            else:
                value = np.where(z > 3, z, np.where(z > -3, z * (z + 3) / 6, 0.0))
                slope = np.where(z > 3, 1.0, np.where(z > -3, z / 3 + 0.5, 0.0))
            return value, None if d[0] is None else d[0] * slope[..., None]
        case Product(left=left, right=right, scale=scale):
            z = scale * np.einsum("nhik,nhkj->nhij", a[0][:, left], a[1][:, right]).reshape(len(x), -1)
            parts = []
            if d[0] is not None:
                parts.append(np.einsum("nhikp,nhkj->nhijp", d[0][:, left], a[1][:, right]))
            if d[1] is not None:
                parts.append(np.einsum("nhik,nhkjp->nhijp", a[0][:, left], d[1][:, right]))
            return z, scale * sum(parts).reshape(*z.shape, -1) if parts else None
        case Maximum(windows=windows, slope_below=below):
            return _maximum(windows, below, a[0], d[0])
        case other:
            raise TypeError(other)


def _maximum(windows: Array, below: float, z: Array, d: Array | None) -> tuple[Array, Array | None]:
    value = np.empty((len(z), len(windows)))
    tangent = None if d is None else np.empty((len(z), len(windows), d.shape[2]))
    for t, window in enumerate(windows):
        entries = window[window >= 0]
        for i in range(len(z)):
            best = max(entries, key=lambda e: z[i, e])
            factor = 1.0 if z[i, best] > 0 else below
            value[i, t] = factor * z[i, best]
            if tangent is not None:
                tangent[i, t] = factor * d[i, best]
    return value, tangent


def _affine(graph: Graph, kind: Affine, flat: Array, a: Array, d: Array | None) -> tuple[Array, Array]:
    at, group = starts(graph)[kind.group], graph.groups[kind.group]
    g, p, q = kind.patches.shape
    o, n = group.weight.shape[1], len(a)
    weight = flat[at : at + group.weight.size].reshape(group.weight.shape)
    e = _with_zero(a)[:, kind.patches]  # (n, g, p, q)
    z = kind.kappa * np.einsum("ngpq,goq->ngop", e, weight)
    tangent = np.zeros((n, g, o, p, len(flat)))
    if d is not None:
        tangent += kind.kappa * np.einsum("goq,ngpqt->ngopt", weight, _with_zero(d)[:, kind.patches], optimize=True)
    for gg in range(g):
        for oo in range(o):
            first = at + (gg * o + oo) * q
            tangent[:, gg, oo, :, first : first + q] += kind.kappa * e[:, gg]
    if group.bias is not None:
        first = at + group.weight.size
        z = z + kind.tau * flat[first : first + g * o].reshape(g, o)[:, :, None]
        for k in range(g * o):
            tangent[:, k // o, k % o, :, first + k] += kind.tau
    return z.reshape(n, -1), tangent.reshape(n, g * o * p, -1)
