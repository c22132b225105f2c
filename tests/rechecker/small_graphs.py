"""Tiny graphs of every kind of node, with data."""

from __future__ import annotations

import numpy as np

from pltheory.nets.graph import Graph
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.tokens import Tokens
from tests.rechecker.graphs import Builder, convolution


def mlp() -> Graph:
    g = Builder(3)
    g.dense(g.act(g.dense(g.act(g.dense(0, 5), "gelu"), 4, kappa=0.7), "tanh"), 2)
    return g.graph()


def mlp_without_bias() -> Graph:
    g = Builder(3, 1)
    g.dense(g.act(g.dense(0, 6, bias=False), "softplus"), 1, bias=False)
    return g.graph()


def conv_pool() -> Graph:
    g = Builder(16, 2)
    z = g.act(g.conv(0, 1, 4, 3), "tanh")
    z = g.act(g.conv(g.pool(z, 3, 4), 3, 2, 2), "sigmoid")
    g.dense(z, 2)
    return g.graph()


def strided() -> Graph:
    g = Builder(32, 3)
    z = g.act(g.conv(0, 2, 4, 3, stride=2), "erf")
    g.dense(z, 2, bias=False)
    return g.graph()


def grouped() -> Graph:
    """A depthwise convolution, then scale and shift a channel."""
    g = Builder(32, 4)
    z = g.affine(0, convolution(2, 4, 3, groups=2), 1)
    scale = g.affine(z, np.arange(32).reshape(2, 16, 1), 1)
    g.dense(g.act(scale, "silu"), 1)
    return g.graph()


def residual() -> Graph:
    g = Builder(8, 5)
    first = g.conv(0, 2, 2, 2)
    inner = g.conv(g.act(first, "tanh"), 2, 2, 2, scale=0.5)
    z = g.act(g.sum(first, inner), "tanh")
    g.dense(z, 2)
    return g.graph()


def selected() -> Graph:
    """A fixed normalisation and a permutation between the affine node and the activation, one entry used twice."""
    g = Builder(4, 6)
    z = g.dense(0, 4)
    z = g.fixed(z, [[2], [0], [3], [1], [0]], [[0.5], [2.0], [1.0], [1.5], [-1.0]], np.array([0.1, 0, -0.2, 0, 0.3]))
    g.dense(g.act(z, "tanh"), 2)
    return g.graph()


def tied() -> Graph:
    g = Builder(3, 7)
    z = g.dense(0, 3, bias=True)
    z = g.dense(g.act(z, "tanh"), 3, group=0)
    g.dense(g.act(z, "tanh"), 1)
    return g.graph()


def gated() -> Graph:
    g = Builder(3, 8)
    a, b = g.dense(0, 4), g.dense(0, 4, bias=False)
    index = np.arange(4)[:, None, None]
    z = g.put(Product(index, index, 0.8), g.act(a, "sigmoid"), b, size=4)
    g.dense(z, 2)
    return g.graph()


def attention() -> Graph:
    """One head on three tokens of two entries, layer norm before, a residual sum after."""
    g = Builder(6, 9)
    t, d = 3, 2
    normed = g.put(Tokens("layer-norm", np.arange(6).reshape(t, d), 0.5), 0, size=6)
    patches = np.arange(6).reshape(1, t, d)
    q, k, v = (g.affine(normed, patches, d) for _ in range(3))  # (o, t)-ordered
    rows = np.arange(6).reshape(d, t)
    scores = g.put(Product(rows.T[None].copy(), rows[None], 0.7), q, k, size=t * t)
    soft = g.put(Tokens("softmax", np.arange(t * t).reshape(t, t)), scores, size=t * t)
    mixed = g.put(Product(np.arange(t * t).reshape(1, t, t), rows.T[None].copy(), 1.0), soft, v, size=t * d)
    out = g.put(Tokens("rms-norm", np.arange(6).reshape(2, 3), 0.1), g.sum(mixed, normed), size=6)
    g.dense(out, 2)
    return g.graph()


def positions() -> Graph:
    """A trainable vector added at every position (patches of no entries), and a sum that holds a node twice."""
    g = Builder(6, 10)
    z = g.dense(0, 4)
    p = g.affine(z, np.zeros((1, 2, 0), dtype=np.int64), 2)
    z = g.act(g.sum(z, p, p), "tanh")
    g.dense(z, 1)
    return g.graph()


KINDS = (mlp, mlp_without_bias, conv_pool, strided, grouped, residual, selected, tied, gated, attention, positions)
SMALL = {f.__name__: f for f in KINDS}


def data(graph: Graph, n: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(100 + seed)
    return rng.normal(size=(n, graph.nodes[0].size)), rng.normal(size=(n, graph.nodes[-1].size))
