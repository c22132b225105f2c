"""Sections 3 and 4 of THEORY_GRAPHS once more, in plain doubles and by exhaustive choice, for small graphs."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import Any

import numpy as np

from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.kinds.tokens import Tokens
from tests.rechecker.graphs import S1_S2, Naive


def spectral(m: Any) -> float:
    return float(np.linalg.norm(m, 2)) if np.size(m) else 0.0


class NaiveBounds:
    def __init__(self, naive: Naive) -> None:
        self.at, self.nodes, self.g = naive, naive.graph.nodes, len(naive.graph.groups)
        self.b = naive.rows
        self.known: dict[Any, float] = {}
        for name in ("e_batch", "e_single", "reading", "bo", "stack", "bs", "factor_norms", "top", "transfer"):
            setattr(self, name, cache(getattr(self, name)))

    # --- centre numbers, from their definitions -----------------------------------------------------------------------

    def e_batch(self, v: int) -> float:
        e = self.at.patches(v)
        return max(spectral(e[:, g].reshape(-1, e.shape[3])) for g in range(e.shape[1]))

    def e_single(self, v: int) -> float:
        e = self.at.patches(v)
        return max(spectral(e[i, g]) for i in range(e.shape[0]) for g in range(e.shape[1]))

    def reading(self, v: int) -> tuple[float, float]:
        g, p, _ = self.nodes[v].kind.patches.shape
        b = self.b[v].reshape(self.at.n, self.at.c, g, -1, p)
        read = [b[:, :, k].transpose(0, 1, 3, 2) for k in range(g)]
        whole = max(spectral(r.reshape(-1, r.shape[3])) for r in read)
        return whole, max(spectral(r[i].reshape(-1, r.shape[3])) for r in read for i in range(self.at.n))

    def bo(self, v: int) -> float:
        return max(spectral(m) for m in self.b[v])

    def stack(self, v: int) -> float:
        return spectral(self.b[v].reshape(-1, self.b[v].shape[2]))

    def bs(self, v: int) -> float:
        return math.sqrt(sum(spectral(m) ** 2 for m in self.b[v]))

    def dense(self, v: int) -> bool:
        return self.nodes[v].kind.patches.shape[:2] == (1, 1)

    def transfer(self, v: int) -> float:
        return spectral(self.at.matrix(v))

    def through(self, c: np.ndarray, v: int) -> float:
        key = (c.tobytes(), v)
        if key not in self.known:
            t = self.at.matrix(v)
            self.known[key] = max(spectral(row[:, None] * t) for row in c)
        return self.known[key]

    def weighted(self, c: np.ndarray, v: int, single: bool) -> float:
        key = (c.tobytes(), v, single)
        if key not in self.known:
            self.known[key] = self._weighted(c, v, single)
        return self.known[key]

    def _weighted(self, c: np.ndarray, v: int, single: bool) -> float:
        e = self.at.patches(v)
        n, g, p, _ = e.shape
        c = c.reshape(n, g, -1, p)
        best = 0.0
        for k, o in itertools.product(range(g), range(c.shape[2])):
            m = c[:, k, o, :, None] * e[:, k]
            best = max([best, *map(spectral, m)] if single else [best, spectral(m.reshape(n * p, -1))])
        return best

    def factor_norms(self, v: int) -> list[float]:
        kind, node = self.nodes[v].kind, self.nodes[v]
        return [
            max(spectral(m) for m in self.at.values[u][:, index].reshape(-1, *index.shape[1:]))
            for u, index in zip(node.inputs, (kind.left, kind.right), strict=True)
        ]

    def top(self, v: int) -> float:
        kind = self.nodes[v].kind
        tokens = kind.tokens if isinstance(kind, Tokens) else np.arange(self.nodes[v].size)[:, None]
        return max(spectral(b[:, t]) for b in self.b[v] for t in tokens)

    def slopes(self, v: int, da: float) -> tuple[float, float]:
        kind = self.nodes[v].kind
        if isinstance(kind, Pointwise):
            return S1_S2[kind.activation]
        if kind.map == "softmax":
            most = self.at.values[v].max() + math.sqrt(2) / 4 * da
            return min(0.5, most), min(math.sqrt(2) / (3 * math.sqrt(3)), most)
        z = self.at.values[self.nodes[v].inputs[0]][:, kind.tokens]
        x = z - z.mean(-1, keepdims=True) if kind.map == "layer-norm" else z
        d = kind.tokens.shape[1]
        rho2 = max(np.linalg.norm(x, axis=-1).min() - da, 0) ** 2 + d * kind.epsilon
        everywhere = 48 / (25 * math.sqrt(5) * math.sqrt(d) * kind.epsilon)
        return math.sqrt(d / rho2), min(everywhere, 2 * math.sqrt(d) / (math.sqrt(3) * rho2))

    # --- the recursions -----------------------------------------------------------------------------------------------

    def om(self, c: np.ndarray, u: int, at: Any, single: bool) -> np.ndarray:
        node = self.nodes[u]
        if isinstance(node.kind, Affine):
            (parent,), w = node.inputs, self.at.omega(u) * abs(node.kind.kappa)
            tc = self.through(c, u)
            own = self.weighted(c, u, single) + c.max() * w * at["old"][single][parent]
            return own * np.eye(self.g)[node.kind.group] + (tc + c.max() * w * at["s"]) * at["X"][single][parent]
        if isinstance(node.kind, Sum):
            return sum(self.om(c, p, at, single) for p in node.inputs)
        if isinstance(node.kind, Fixed) and (np.count_nonzero(node.kind.factor, axis=1) <= 1).all():
            l = self.at.matrix(u)
            return self.om(np.sqrt(c**2 @ l**2), node.inputs[0], at, single)
        if isinstance(node.kind, Input):
            return np.zeros(self.g)
        return c.max() * at["X"][single][u]

    def rows(self, s: float, moves: Any = None) -> dict[str, Any]:
        count = len(self.nodes)
        at: dict[str, Any] = {"s": s, "X": [[], []], "bars": moves is not None, "old": [[0.0] * count] * 2}
        at["oldb"] = [[0.0] * count] * 2
        da: list[list[float]] = [[], []]
        if moves is not None:
            at["old"], at["oldb"], da = moves["da"], moves["db"], moves["da"]
        for v in range(count):
            for single in (0, 1):
                at["X"][single].append(self.forward(v, at, single, da))
            if moves is None:
                sizes = [s * float(np.linalg.norm(at["X"][k][v])) for k in (0, 1)]
                da[0].append(sizes[0])
                da[1].append(min(sizes))
        at["da"] = da
        at["Y"] = [[np.zeros(self.g)] * count, [np.zeros(self.g)] * count]
        for u in reversed(range(count - 1)):
            for single in (0, 1):
                at["Y"][single][u] = sum(
                    (
                        self.backward(v, k, at, single)
                        for v, node in enumerate(self.nodes)
                        for k, parent in enumerate(node.inputs)
                        if parent == u
                    ),
                    np.zeros(self.g),
                )
        db = [[s * float(np.linalg.norm(y)) for y in part] for part in at["Y"]]
        at["db"] = moves["db"] if moves is not None else [db[0], [min(p) for p in zip(*db, strict=True)]]
        return at

    def forward(self, v: int, at: Any, single: int, da: Any) -> np.ndarray:
        node, x, kind = self.nodes[v], at["X"][single], self.nodes[v].kind
        if isinstance(kind, Input):
            return np.zeros(self.g)
        u = node.inputs[0]
        if isinstance(kind, Affine):
            w = self.at.omega(v) * abs(kind.kappa)
            own = (self.e_single(v) if single else self.e_batch(v)) + w * at["old"][single][u]
            return own * np.eye(self.g)[kind.group] + (self.transfer(v) + w * at["s"]) * x[u]
        if isinstance(kind, Fixed):
            return self.transfer(v) * x[u]
        if isinstance(kind, Sum):
            return sum(x[p] for p in node.inputs)
        if isinstance(kind, Product):
            first, second = self.factor_norms(v)
            a, b = node.inputs
            return abs(kind.scale) * ((second + da[1][b]) * x[a] + (first + at["old"][1][a]) * x[b])
        return self.slopes(v, da[1][u])[0] * x[u]

    def backward(self, v: int, k: int, at: Any, single: int) -> np.ndarray:
        node, kind, y = self.nodes[v], self.nodes[v].kind, at["Y"][single][v]
        u, extra = node.inputs[k], at["oldb"]
        if isinstance(kind, Affine):
            w = self.at.omega(v) * abs(kind.kappa)
            whole, one = self.reading(v)
            if self.dense(v):
                own = self.bo(v) + extra[1][v] if single else self.stack(v) + extra[0][v]
            elif single:
                own = min(self.bo(v) + extra[1][v], one + extra[1][v])
            else:
                own = min(self.bs(v) + extra[0][v], whole + extra[0][v])
            return (self.transfer(v) + w * at["s"]) * y + w * own * np.eye(self.g)[kind.group]
        if isinstance(kind, Fixed):
            return self.transfer(v) * y
        if isinstance(kind, Sum):
            return y
        if isinstance(kind, Product):
            other = node.inputs[1 - k]
            size = self.factor_norms(v)[1 - k] + at["da"][1][other]
            return abs(kind.scale) * (size * y + (self.bo(v) + extra[1][v]) * at["X"][single][other])
        s1, s2 = self.slopes(v, at["da"][1][u])
        if isinstance(kind, Tokens):
            return s1 * y + s2 * (self.top(v) + extra[1][v]) * at["X"][single][u]
        mu = np.linalg.norm(self.b[v], axis=1)
        return s1 * y + s2 * (self.om(mu, u, at, bool(single)) + extra[1][v] * at["X"][single][u])

    # --- M and Q ------------------------------------------------------------------------------------------------------

    def m(self, at: Any) -> float:
        options: list[list[np.ndarray]] = []
        for v, node in enumerate(self.nodes):
            if not isinstance(node.kind, Affine):
                continue
            (u,), kind = node.inputs, node.kind
            w, extra = self.at.omega(v) * abs(kind.kappa), at["oldb"]
            one = self.bo(v) + extra[1][v]
            if not self.dense(v):
                one = min(one, self.reading(v)[1] + extra[1][v])
            x, y = [part[u] for part in at["X"]], [part[v] for part in at["Y"]]
            rows = [(self.e_batch(v) + w * at["da"][0][u]) * y[1] + w * one * x[0]]
            if self.dense(v) and self.at.omega(v) <= 1:
                second = (self.e_single(v) + abs(kind.kappa) * at["da"][1][u]) * y[0]
                rows += [second + w * one * x[0], second + w * (self.stack(v) + extra[0][v]) * x[1]]
            options.append([np.outer(np.eye(self.g)[kind.group], row) for row in rows])
        return min(spectral(sum(pick)) for pick in itertools.product(*options))

    def q(self, at: Any) -> float:
        options: list[list[np.ndarray]] = []

        def both(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return (np.outer(a, b) + np.outer(b, a)) / 2

        for v, node in enumerate(self.nodes):
            kind = node.kind
            if isinstance(kind, Input | Fixed | Sum):
                continue
            u = node.inputs[0]
            x, extra = [part[u] for part in at["X"]], at["oldb"]
            if isinstance(kind, Affine):
                e, w = np.eye(self.g)[kind.group], self.at.omega(v) * abs(kind.kappa)
                one = self.bo(v) + extra[1][v]
                if not self.dense(v):
                    one = min(one, self.reading(v)[1] + extra[1][v])
                options.append([2 * w * one * both(e, x[0])])
                if self.dense(v) and self.at.omega(v) <= 1:
                    options[-1].append(2 * w * (self.stack(v) + extra[0][v]) * both(e, x[1]))
            elif isinstance(kind, Product):
                other, c = [part[node.inputs[1]] for part in at["X"]], 2 * abs(kind.scale) * (self.bo(v) + extra[1][v])
                options.append([c * both(x[0], other[1]), c * both(x[1], other[0])])
            else:
                s2 = self.slopes(v, at["da"][1][u])[1]
                options.append([s2 * (self.top(v) + extra[1][v]) * both(x[0], x[1])])
                if isinstance(kind, Pointwise):
                    root = np.sqrt(np.linalg.norm(self.b[v], axis=1))
                    pair = both(self.om(root, u, at, False), self.om(root, u, at, True))
                    options[-1].append(s2 * (pair + extra[1][v] * both(x[0], x[1])))
        return min(spectral(sum(pick)) for pick in itertools.product(*options))

    def change(self, s: float) -> float:
        return s * self.m(self.rows(s))

    def steepness(self, s: float) -> float:
        at = self.rows(s, self.rows(s))
        return min(self.m(at), self.q(at))
