"""Class G rechecked: its numbers against definitions in dense matrices, its bounds against searches for their worst."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from flint import arb

from pltheory.nets.graph import Graph
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.tokens import Tokens
from pltheory.rechecker.file import Stored
from pltheory.rechecker.graph.centre import GraphCentre, graph_centre, values_of
from pltheory.rechecker.graph.file import kinds_of as kinds_from
from pltheory.rechecker.graph.kinds import pointwise as recheck_pointwise
from pltheory.rechecker.graph.kinds.kind import Kind
from pltheory.rechecker.graph.recursion import Recursion
from pltheory.rechecker.graph.text import read_nodes
from pltheory.rechecker.layers.centre import centre
from pltheory.rechecker.layers.recursion import steepness
from pltheory.rechecker.midpoint import Approx, Upper
from tests.cases import CASES
from tests.rechecker.graphs import Builder, Naive, flat, jacobian, network_text, outputs, parameters_of
from tests.rechecker.naive_recursion import NaiveBounds
from tests.rechecker.small_graphs import SMALL, data

every = pytest.mark.parametrize("name", SMALL)
CLOSE = 1e-8


def kinds_of(graph: Graph) -> list[Kind]:
    nodes, _ = read_nodes(network_text(graph))
    arrays = {name: np.asarray(a, float) for name, a in graph.arrays.items()}
    return kinds_from(nodes, arrays)


@cache
def prepared(name: str) -> tuple[Graph, np.ndarray, list[Kind], GraphCentre, NaiveBounds]:
    graph = SMALL[name]()
    x, y = data(graph)
    kinds = kinds_of(graph)
    return graph, x, kinds, graph_centre(kinds, x, y, lambda _: None), NaiveBounds(Naive(graph, x))


def tight(bound: float, value: float, what: object) -> None:
    """An upper bound, and hardly more."""
    assert value * (1 - 1e-12) <= bound <= value * (1 + CLOSE) + 1e-12, (what, bound, value)


@every
def test_values_are_those_of_the_network(name: str) -> None:
    _, x, kinds, _, naive = prepared(name)
    for found, value in zip(values_of(kinds, x, lambda _: None)[0], naive.at.values, strict=True):
        off = np.linalg.norm(found.mid - value, axis=1)
        assert (off <= found.err.value + 1e-14 * (1 + np.linalg.norm(value, axis=1))).all()
        assert found.err.value.max() < 1e-12


@every
def test_singular_values_of_the_jacobian(name: str) -> None:
    graph, x, _, at, _ = prepared(name)
    values = torch.linalg.svdvals(jacobian(graph, x))
    least = float(values[-1])
    assert at.sigma[0] <= least * (1 + 1e-9)
    assert at.sigma[0] >= least * (1 - 1e-6)
    assert at.sigma[1] >= least * (1 - 1e-9)
    tight(float(at.largest.value), float(values[0]), "norm of J")
    off = outputs(graph, x, flat(parameters_of(graph))).numpy() - data(graph)[1].ravel()
    tight(float(at.residual.value), float(np.linalg.norm(off)), "residual")


@every
def test_centre_numbers(name: str) -> None:
    graph, _, kinds, at, naive = prepared(name)
    for v, (node, rule) in enumerate(zip(graph.nodes, at.rules, strict=True)):
        kind = node.kind
        if isinstance(kind, Affine):
            tight(float(rule.batch.value), naive.e_batch(v), (v, "E"))
            tight(float(rule.single.value), naive.e_single(v), (v, "en"))
            tight(float(rule.row.value), naive.bo(v), (v, "bo"))
            tight(float(rule.rows.value), naive.stack(v) if naive.dense(v) else naive.bs(v), (v, "B"))
            whole, one = naive.reading(v)
            tight(float(rule.reading.value), whole, (v, "Br"))
            tight(float(rule.row_reading.value), one, (v, "br"))
            tight(float(kinds[v].norm.value), np.linalg.norm(naive.at.matrix(v), 2), (v, "T"))
            tight(float(kinds[v].reach.value), abs(kind.kappa) * naive.at.omega(v), (v, "reach"))
        elif isinstance(kind, Product):
            for found, value in zip(rule.sizes, naive.factor_norms(v), strict=True):
                tight(float(found.value), value, (v, "factor"))
            tight(float(rule.bo.value), naive.bo(v), (v, "bo"))
        elif isinstance(kind, Pointwise | Tokens):
            tight(float(rule.top.value), naive.top(v), (v, "U"))


@every
@pytest.mark.parametrize("s", [1e-3, 0.1, 2.0])
def test_recursions(name: str, s: float) -> None:
    graph, _, kinds, at, naive = prepared(name)
    own = Recursion(kinds, at.rules, len(graph.groups))
    tight(float(own.change(s).value), naive.change(s), "dJ1")
    tight(float(own.steepness(s).value), naive.steepness(s), "ell")


# --- searched for their worst -----------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("s", [0.05, 0.5, 3.0])
def test_no_point_of_the_ball_moves_the_jacobian_farther(name: str, s: float) -> None:
    graph, x, kinds, at, _ = prepared(name)
    own = Recursion(kinds, at.rules, len(graph.groups))
    w, before = flat(parameters_of(graph)), jacobian(graph, x)
    allowed, slope = float(own.change(s).value), float(own.steepness(s).value)
    worst = 0.0
    v = torch.as_tensor(np.random.default_rng(1).normal(size=len(w)))
    for _ in range(6):
        v = (v / v.norm()).requires_grad_()
        moved = torch.linalg.matrix_norm(jacobian(graph, x, w + s * v) - before, ord=2)
        worst = max(worst, float(moved.detach()))
        (gradient,) = torch.autograd.grad(moved, v)
        v = (v + 2 * gradient / gradient.norm()).detach()
    assert worst <= min(allowed, s * slope)
    assert worst > 1e-3 * allowed or s > 1


@every
def test_no_second_derivative_of_the_ball_is_steeper(name: str) -> None:
    graph, x, kinds, at, _ = prepared(name)
    own = Recursion(kinds, at.rules, len(graph.groups))
    w = flat(parameters_of(graph))
    rng = np.random.default_rng(2)
    for s in (0.0, 0.3):
        slope = float(own.steepness(s).value)
        step = torch.as_tensor(rng.normal(size=len(w)))
        assert steepest(graph, x, w + s * step / step.norm(), rng) <= slope


def steepest(graph: Graph, x: np.ndarray, w: torch.Tensor, rng: np.random.Generator, tries: int = 1) -> float:
    """||DJ(w)||, from below: alternating ascent of <u, D^2 F[v, v']>."""
    best = 0.0
    for _ in range(tries):
        v = torch.as_tensor(rng.normal(size=len(w)))
        for _ in range(5):
            v = v / v.norm()
            dj = torch.func.jacrev(lambda p, v=v: jacobian(graph, x, p) @ v)(w)
            left, sizes, _ = torch.linalg.svd(dj, full_matrices=False)
            best = max(best, float(sizes[0]))
            hessian = torch.func.jacrev(torch.func.jacrev(lambda p, u=left[:, 0]: u @ outputs(graph, x, p)))(w)
            values, vectors = torch.linalg.eigh(hessian)
            v = vectors[:, values.abs().argmax()]
    return best


# --- attained exactly: THEORY_GRAPHS section 9 ------------------------------------------------------------------------


def zeroed(g: Builder) -> Graph:
    for group in g.groups:
        group.weight[...] = 0
    return g.graph()


def circular() -> tuple[Graph, np.ndarray, float]:
    g = Builder(1)
    z = g.dense(0, 16, bias=False)
    rolled = [[[(i + a) % 4 * 4 + (j + b) % 4 for a in range(3) for b in range(3)] for i in range(4) for j in range(4)]]
    g.affine(z, np.array(rolled), 1, bias=False, kappa=0.5)
    return zeroed(g), np.array([[1.3]]), 1.95


def gate() -> tuple[Graph, np.ndarray, float]:
    g = Builder(2)
    a, b = g.dense(0, 1, bias=False), g.dense(0, 1, bias=False)
    one = np.zeros((1, 1, 1), dtype=np.int64)
    g.put(Product(one, one), a, b, size=1)
    return zeroed(g), np.array([[1.0, 2.0]]), 5.0


def square() -> tuple[Graph, np.ndarray, float]:
    g = Builder(2)
    a = g.dense(0, 1, bias=False)
    one = np.zeros((1, 1, 1), dtype=np.int64)
    g.put(Product(one, one), a, a, size=1)
    return zeroed(g), np.array([[1.0, 2.0]]), 10.0


def twice() -> tuple[Graph, np.ndarray, float]:
    g = Builder(2)
    a = g.dense(0, 1, bias=False)
    g.dense(g.sum(a, a), 1, bias=False)
    return zeroed(g), np.array([[1.0, 2.0]]), 4.4721359549995796


def scores() -> tuple[Graph, np.ndarray, float]:
    g = Builder(4)
    q = g.affine(0, np.arange(4).reshape(1, 2, 2), 2, bias=False)  # (o, t)-ordered
    rows = np.arange(4).reshape(2, 2)
    g.put(Product(rows.T[None].copy(), rows[None]), q, q, size=4)
    return zeroed(g), np.array([[1.0, 0.0, 0.0, 0.0]]), 2.0


EXACT = {f.__name__: f for f in (circular, gate, square, twice, scores)}


@pytest.mark.parametrize("name", EXACT)
def test_bounds_are_attained(name: str) -> None:
    graph, x, value = EXACT[name]()
    kinds = kinds_of(graph)
    at = graph_centre(kinds, x, np.zeros((1, graph.nodes[-1].size)), lambda _: None)
    own = Recursion(kinds, at.rules, len(graph.groups))
    tight(float(own.steepness(0.0).value), value, "ell")
    found = steepest(graph, x, flat(parameters_of(graph)), np.random.default_rng(0), tries=4)
    assert found >= value * (1 - 1e-6)


@pytest.mark.parametrize("index", [0, 2, 3, 5, 11], ids=lambda i: CASES[i].name)
def test_fully_connected_networks_as_layered_graphs(index: int) -> None:
    """Against the recheck of class N in ball arithmetic: the same centre, and bounds at or below its bounds."""
    case = CASES[index]
    net, (x, y) = case.network(), case.data()
    g, u = Builder(case.d), 0
    biases = net.biases if net.biases is not None else [None] * len(net.weights)
    for l, (w, b) in enumerate(zip(net.weights, biases, strict=True)):
        u = g.dense(u, len(w), bias=b is not None, kappa=net.kappas[l])
        g.groups[-1].weight[0] = w.detach().numpy()
        if b is not None:
            g.groups[-1].bias[0] = b.detach().numpy()
            g.nodes[u] = replace(g.nodes[u], kind=replace(g.nodes[u].kind, tau=net.taus[l]))
        if l < len(net.weights) - 1:
            u = g.act(u, case.activation)
    graph = g.graph()
    kinds = kinds_of(graph)
    at = graph_centre(kinds, x.numpy(), y.numpy(), lambda _: None)
    own = Recursion(kinds, at.rules, len(graph.groups))
    stored = Stored(
        "B", "sum", "gd", 0.1, 1.0, 1.0, case.activation, list(net.kappas), list(net.taus),
        [w.detach().numpy() for w in net.weights], [None if b is None else b.detach().numpy() for b in biases],
        x.numpy(), y.numpy(), {},
    )  # fmt: skip
    layers = centre(stored, float(at.sigma[0] ** 2), lambda _: None)
    assert at.sigma[0] ** 2 == pytest.approx(float(layers.least.mid()), rel=1e-7, abs=1e-13)
    assert float(at.residual.value) == pytest.approx(float(layers.residual.mid()), rel=1e-9)
    for s in (0.0, 0.1, 1.0):
        assert float(own.steepness(s).value) <= float(steepness(layers.norms, arb(s), everywhere=True).mid()) * (
            1 + CLOSE
        )
        assert float(own.change(s).value) <= s * float(steepness(layers.norms, arb(s), everywhere=False).mid()) * (
            1 + CLOSE
        )


class Sine(recheck_pointwise.Pointwise):
    """sin, of which the certificates know nothing: s1 = s2 = 1."""

    slopes = (Upper(1.0), Upper(1.0))  # type: ignore[assignment]

    def forward(self, inputs: list[Approx]) -> Approx:
        return Approx(np.sin(inputs[0].mid), Upper(np.full(len(inputs[0]), 1e-15)))

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        return [Approx(rows.mid * np.cos(inputs[0].mid)[:, None], Upper(np.full(len(rows), 1e-14)))]


def test_the_backward_row_of_a_batch_above_positions_is_that_of_samples_one_by_one() -> None:
    """Section 3's example: ||DJ|| = 16, which a row made of the stack's norm would call 12."""
    h = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], float)
    g = Builder(5)  # 1, and the shifts b_i
    one = g.fixed(0, [[0]], [[1.0]])
    shift = g.fixed(0, [[1 + o] for o in range(4)], np.ones((4, 1)))
    wide = g.fixed(0, [[1 + p] for _ in range(4) for p in range(4)], np.ones((16, 1)))
    z = g.sum(g.dense(one, 4, bias=False), shift)
    second = g.affine(g.act(z), np.arange(4).reshape(1, 4, 1), 4, bias=False, group=0)
    last = g.act(g.sum(second, wide))
    g.fixed(last, [list(range(16))], np.ones((1, 16)))
    graph, x = zeroed(g), np.concatenate([np.ones((4, 1)), math.pi * (1 - h) / 2], axis=1)
    kinds: list[Kind] = [
        Sine(k.size, k.inputs, "tanh") if isinstance(k, recheck_pointwise.Pointwise) else k for k in kinds_of(graph)
    ]
    at = graph_centre(kinds, x, np.zeros((4, 1)), lambda _: None)
    assert float(Recursion(kinds, at.rules, 1).steepness(0.0).value) == pytest.approx(16.0, rel=1e-7)
