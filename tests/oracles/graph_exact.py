"""Networks of class G in balls of 200 bits, values with their derivatives: what an enclosure must contain.

One sample at a time, forward mode: a node is its values (N,) and its tangents (N, p), arrays of python-flint's balls.
Parameters are ordered as in `graphs.parameters`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from flint import arb, ctx

from pltheory.nets.graph import Graph
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.kinds.tokens import Tokens
from tests.rigor.oracle import rational

Exact = tuple[np.ndarray, np.ndarray]


@contextmanager
def precision(bits: int = 200) -> Iterator[None]:
    """Of every ball made inside."""
    before, ctx.prec = ctx.prec, bits
    try:
        yield
    finally:
        ctx.prec = before


def balls(x: np.ndarray) -> np.ndarray:
    """Doubles as they are."""
    out = np.empty(np.size(x), dtype=object)
    out[:] = [arb(rational(v)) for v in np.ravel(x).tolist()]
    return out.reshape(np.shape(x))


def act(name: str, z: arb) -> tuple[arb, arb]:
    """act(z) and act'(z)."""
    if name == "tanh":
        return z.tanh(), 1 / z.cosh() ** 2
    if name == "erf":
        return z.erf(), 2 / arb.pi().sqrt() * (-z * z).exp()
    if name == "sin":
        return z.sin(), z.cos()
    s = 1 / (1 + (-z).exp())
    if name == "softplus":
        return (1 + z.exp()).log(), s
    raise ValueError(name)


def taken(a: Exact, index: np.ndarray) -> Exact:
    """Entries by index, zeros for -1."""
    value, tangent = a
    p = tangent.shape[1]
    zero = np.full(p, arb(0), dtype=object)
    flat = index.ravel()
    values = np.array([value[k] if k >= 0 else arb(0) for k in flat], dtype=object)
    tangents = np.stack([tangent[k] if k >= 0 else zero for k in flat]) if len(flat) else np.empty((0, p), object)
    return values.reshape(index.shape), tangents.reshape(*index.shape, p)


def token(name: str, epsilon: float, z: np.ndarray, dz: np.ndarray) -> Exact:
    """A map of one token."""
    d = len(z)
    if name == "softmax":
        e = np.array([(v - z[0]).exp() for v in z], dtype=object)
        p = e / sum(e)
        mean = sum(p[k] * dz[k] for k in range(d))
        return p, np.stack([p[k] * (dz[k] - mean) for k in range(d)])
    if name == "layer-norm":
        z, dz = z - sum(z) / d, dz - sum(dz[k] for k in range(d)) / d
    square = sum(v * v for v in z) / d + arb(rational(epsilon))
    root = square.sqrt()
    slope = sum(z[k] * dz[k] for k in range(d)) / d
    return z / root, np.stack([dz[k] / root - z[k] * slope / (root * square) for k in range(d)])


def sample(graph: Graph, x: np.ndarray) -> list[Exact]:
    """Every node at one sample x (N_0,)."""
    starts, p = [], 0
    for g in graph.groups:
        starts.append((p, p + g.weight.size))
        p += g.weight.size + (0 if g.bias is None else g.bias.size)
    found: list[Exact] = []
    for node in graph.nodes:
        a = [found[u] for u in node.inputs]
        match node.kind:
            case Input():
                value, tangent = balls(x), np.full((len(x), p), arb(0), dtype=object)
            case Affine(group=g, patches=patches, kappa=kappa, tau=tau):
                weight, bias = balls(graph.groups[g].weight), graph.groups[g].bias
                kappa, tau, (w_at, b_at) = arb(rational(kappa)), arb(rational(tau)), starts[g]
                e, de = taken(a[0], patches)
                outputs = weight.shape[1]
                value = np.full((len(patches), outputs, patches.shape[1]), arb(0), dtype=object)
                tangent = np.full((*value.shape, p), arb(0), dtype=object)
                own = np.arange(weight.size).reshape(weight.shape)
                for g_, o, at in np.ndindex(value.shape):
                    for j in range(patches.shape[2]):
                        value[g_, o, at] += kappa * weight[g_, o, j] * e[g_, at, j]
                        tangent[g_, o, at] = tangent[g_, o, at] + kappa * weight[g_, o, j] * de[g_, at, j]
                        tangent[g_, o, at, w_at + own[g_, o, j]] += kappa * e[g_, at, j]
                    if bias is not None:
                        value[g_, o, at] += tau * arb(rational(bias[g_, o]))
                        tangent[g_, o, at, b_at + g_ * outputs + o] += tau
            case Fixed(index=index, factor=factor, offset=offset):
                e, de = taken(a[0], index)
                factor = balls(factor)
                value, tangent = (factor * e).sum(1), (factor[..., None] * de).sum(1)
                value = value if offset is None else value + balls(offset)
            case Sum():
                value, tangent = sum(v for v, _ in a), sum(t for _, t in a)
            case Pointwise(activation=name):
                pairs = [act(name, z) for z in a[0][0]]
                value = np.array([v for v, _ in pairs], dtype=object)
                tangent = np.array([s for _, s in pairs], dtype=object)[:, None] * a[0][1]
            case Tokens(map=name, tokens=tokens, epsilon=epsilon):
                value, tangent = np.empty_like(a[0][0]), np.empty_like(a[0][1])
                for t in tokens:
                    value[t], tangent[t] = token(name, epsilon, a[0][0][t], a[0][1][t])
            case Product(left=left, right=right, scale=scale):
                (e, de), (f, df) = taken(a[0], left), taken(a[1], right)
                scale = arb(rational(scale))
                shape = (left.shape[0], left.shape[1], right.shape[2])
                value, tangent = np.empty(shape, dtype=object), np.empty((*shape, p), dtype=object)
                for h, i, j in np.ndindex(shape):
                    r = range(left.shape[2])
                    value[h, i, j] = scale * sum(e[h, i, k] * f[h, k, j] for k in r)
                    tangent[h, i, j] = scale * sum(de[h, i, k] * f[h, k, j] + e[h, i, k] * df[h, k, j] for k in r)
            case other:
                raise TypeError(other)
        found.append((value.reshape(node.size), tangent.reshape(node.size, p)))
    return found


def linearised(graph: Graph, x: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Values of every node, each (n, N_v), and the kernel (n C, n C)."""
    samples = [sample(graph, row) for row in x]
    values = [np.stack([s[v][0] for s in samples]) for v in range(len(graph.nodes))]
    jacobian = np.concatenate([s[-1][1] for s in samples])
    return values, jacobian @ jacobian.T


def apart(exact: np.ndarray, mid: np.ndarray) -> arb:
    """Frobenius norm of the difference."""
    return sum((v * v for v in np.ravel(exact - balls(mid))), arb(0)).sqrt()
