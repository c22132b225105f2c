"""The exact trajectory on a graph by ball arithmetic at high precision: affine, fixed, sum, pointwise, with kinks.

Reads a graph's stored doubles and index maps; the passes are written out with lists of arb.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, ctx

from pltheory.nets.graph import Graph
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.sums import Sum

from .exact_trajectory import ACTIVATIONS, PRECISION

Vector = list[arb]


def exact(x: np.ndarray) -> np.ndarray:
    """Doubles as balls of radius 0, in an array of objects of the same shape."""
    return np.array([arb(float(v)) for v in np.ravel(x)], dtype=object).reshape(np.shape(x))


@dataclass
class ExactGraph:
    """delta-GClip in exact arithmetic up to balls of negligible radius.

    weights and biases are the iterate, by groups; a bias may be None.
    """

    graph: Graph
    weights: list[np.ndarray]
    biases: list[np.ndarray | None]
    x: np.ndarray
    y: np.ndarray
    scale: Fraction = Fraction(1)

    @classmethod
    def of(cls, graph: Graph, x: np.ndarray, y: np.ndarray, scale: Fraction = Fraction(1)) -> ExactGraph:
        """From a graph at its weights."""
        ctx.prec = PRECISION
        groups = graph.groups
        biases = [None if g.bias is None else exact(g.bias) for g in groups]
        return cls(graph, [exact(g.weight) for g in groups], biases, x, y, scale)

    def forward(self, sample: int) -> list[Vector]:
        """a_v of one sample."""
        found: list[Vector] = []
        for node in self.graph.nodes:
            a = [found[u] for u in node.inputs]
            kind = node.kind
            if isinstance(kind, Input):
                found.append([arb(float(v)) for v in self.x[sample]])
            elif isinstance(kind, Affine):
                weight, bias = self.weights[kind.group], self.biases[kind.group]
                z = []
                for g, o, p in np.ndindex(weight.shape[0], weight.shape[1], kind.patches.shape[1]):
                    taken = [(j, k) for j, k in enumerate(kind.patches[g, p]) if k >= 0]
                    total = sum((weight[g, o, j] * a[0][k] for j, k in taken), arb(0)) * arb(kind.kappa)
                    z.append(total if bias is None else total + arb(kind.tau) * bias[g, o])
                found.append(z)
            elif isinstance(kind, Fixed):
                z = []
                for k, (index, factor) in enumerate(zip(kind.index, kind.factor, strict=True)):
                    total = sum((arb(float(f)) * a[0][j] for j, f in zip(index, factor, strict=True) if j >= 0), arb(0))
                    z.append(total if kind.offset is None else total + arb(float(kind.offset[k])))
                found.append(z)
            elif isinstance(kind, Sum):
                found.append([sum(parts, arb(0)) for parts in zip(*a, strict=True)])
            elif isinstance(kind, (PiecewiseLinear, Maximum)):
                z = []
                for token in tokens(kind, a[0]):
                    j, slope, intercept = piece(kind, token, a[0])
                    z.append(slope * a[0][j] + intercept)
                found.append(z)
            else:
                assert isinstance(kind, Pointwise)
                found.append([ACTIVATIONS[kind.activation](z)[0] for z in a[0]])
        return found

    def pieces(self) -> list[list[tuple[int, float]]]:
        """By node with kinks, sample and token: which entry, with which slope."""
        found = []
        for i in range(len(self.x)):
            values = self.forward(i)
            for node in self.graph.nodes:
                if isinstance(node.kind, (PiecewiseLinear, Maximum)):
                    a = values[node.inputs[0]]
                    chosen = (piece(node.kind, t, a) for t in tokens(node.kind, a))
                    found.append([(j, float(slope)) for j, slope, _ in chosen])
        return found

    def gradient(self) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
        """grad L of c/2 ||F - y||^2, by groups."""
        weights = [np.full(w.shape, arb(0), dtype=object) for w in self.weights]
        biases = [None if b is None else np.full(b.shape, arb(0), dtype=object) for b in self.biases]
        share = arb(self.scale.numerator) / self.scale.denominator
        for i in range(len(self.x)):
            values = self.forward(i)
            rows = [[arb(0)] * node.size for node in self.graph.nodes]
            rows[-1] = [(f - arb(float(t))) * share for f, t in zip(values[-1], self.y[i], strict=True)]
            for v in range(len(self.graph.nodes) - 1, 0, -1):
                node, row = self.graph.nodes[v], rows[v]
                kind = node.kind
                if isinstance(kind, Affine):
                    weight, back, a = self.weights[kind.group], rows[node.inputs[0]], values[node.inputs[0]]
                    shape = weight.shape[0], weight.shape[1], kind.patches.shape[1]
                    for (g, o, p), b in zip(np.ndindex(shape), row, strict=True):
                        scaled = b * arb(kind.kappa)
                        for j, k in enumerate(kind.patches[g, p]):
                            if k >= 0:
                                weights[kind.group][g, o, j] += scaled * a[k]
                                back[k] += scaled * weight[g, o, j]
                        bias = biases[kind.group]
                        if bias is not None:
                            bias[g, o] += b * arb(kind.tau)
                elif isinstance(kind, Fixed):
                    for index, factor, b in zip(kind.index, kind.factor, row, strict=True):
                        for j, f in zip(index, factor, strict=True):
                            if j >= 0:
                                rows[node.inputs[0]][j] += arb(float(f)) * b
                elif isinstance(kind, Sum):
                    for u in node.inputs:
                        rows[u] = [s + b for s, b in zip(rows[u], row, strict=True)]
                elif isinstance(kind, (PiecewiseLinear, Maximum)):
                    a = values[node.inputs[0]]
                    for token, b in zip(tokens(kind, a), row, strict=True):
                        j, slope, _ = piece(kind, token, a)
                        rows[node.inputs[0]][j] += slope * b
                else:
                    assert isinstance(kind, Pointwise)
                    slopes = [ACTIVATIONS[kind.activation](z)[1] for z in values[node.inputs[0]]]
                    back = rows[node.inputs[0]]
                    rows[node.inputs[0]] = [r + b * s for r, b, s in zip(back, row, slopes, strict=True)]
        return weights, biases

    def step(self, eta: float, gamma: float, delta: float) -> str:
        """One exact step; returns the branch taken."""
        gw, gb = self.gradient()
        size = length([*gw, *(b for b in gb if b is not None)])
        branch, h = "full", arb(eta)
        if gamma != float("inf") and size > arb(gamma):
            floor = arb(delta) * size >= arb(gamma)
            branch, h = ("floor", arb(eta) * arb(delta)) if floor else ("band", arb(eta) * arb(gamma) / size)
        elif gamma != float("inf"):
            assert size <= arb(gamma), "the precision does not decide the branch"
        self.weights = [w - g * h for w, g in zip(self.weights, gw, strict=True)]
        self.biases = [None if b is None or g is None else b - g * h for b, g in zip(self.biases, gb, strict=True)]
        return branch

    def distance(self, graph: Graph) -> arb:
        """Distance to a graph's weights."""
        apart = [w - exact(g.weight) for w, g in zip(self.weights, graph.groups, strict=True)]
        apart += [b - exact(g.bias) for b, g in zip(self.biases, graph.groups, strict=True) if b is not None]
        return length(apart)


def tokens(kind: PiecewiseLinear | Maximum, a: Vector) -> list[list[int]]:
    """The entries of every token."""
    if isinstance(kind, PiecewiseLinear):
        return [[j] for j in range(len(a))]
    return [[int(j) for j in window if j >= 0] for window in kind.windows]


def piece(kind: PiecewiseLinear | Maximum, token: list[int], a: Vector) -> tuple[int, arb, arb]:
    """(entry, slope, intercept) of the piece that a token is on, where the precision decides it."""
    if isinstance(kind, PiecewiseLinear):
        (j,) = token
        beyond = [certain(a[j] > arb(float(b)), a[j] < arb(float(b))) for b in kind.breaks]
        k = sum(beyond)
        return j, arb(float(kind.slopes[k])), arb(float(kind.intercepts[k]))
    best = token[0]
    for j in token[1:]:
        if certain(a[j] > a[best], a[j] < a[best]):
            best = j
    slope = 1.0
    if kind.slope_below != 1:
        slope = 1.0 if certain(a[best] > 0, a[best] < 0) else float(kind.slope_below)
    return best, arb(slope), arb(0)


def certain(yes: bool, no: bool) -> bool:
    """Which of the two."""
    assert yes or no, "the precision does not decide the piece"
    return yes


def length(parts: list[np.ndarray]) -> arb:
    """Euclidean norm of all entries."""
    return sum((e * e for part in parts for e in part.ravel()), arb(0)).sqrt()
