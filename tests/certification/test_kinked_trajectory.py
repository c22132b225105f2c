"""Theorem D on networks with kinks against exact trajectories: errors, pieces, and where the claims stop."""

from __future__ import annotations

import itertools
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from pltheory.certification.stored_graph import GraphArrays
from pltheory.certification.trajectory import kinked_certify as kt
from pltheory.certification.trajectory.certify import KinkError, follow
from pltheory.nets.fields import FLOATS
from pltheory.nets.fields.extended import AVAILABLE
from pltheory.nets.gradient import forward
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear, leaky_relu, relu
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.optim import GradientDescentSettings, certifiable
from tests.oracles.exact_graph_trajectory import ExactGraph

RULE = GradientDescentSettings("0.1/beta")


def dense(seed: int, sizes: list[int], kink: PiecewiseLinear, *, bias: bool = False) -> Graph:
    """Layers in NTK scale, signs at the head."""
    rng = np.random.default_rng(seed)
    nodes, groups = [Node(Input(), (), sizes[0])], []
    for k, (q, o) in enumerate(itertools.pairwise(sizes)):
        last = k == len(sizes) - 2
        weight = rng.standard_normal((1, o, q))
        groups.append(Group(np.sign(weight) if last else weight, rng.standard_normal((1, o)) if bias else None))
        nodes.append(Node(Affine(k, np.arange(q)[None, None], q**-0.5, float(bias)), (len(nodes) - 1,), o))
        if not last:
            nodes.append(Node(kink, (len(nodes) - 1,), o))
    return Graph(tuple(nodes), tuple(groups))


def pooled(seed: int, channels: int, length: int, kernel: int) -> Graph:
    """A convolution along a line, ReLU and max pooling of pairs as one node, a dense head."""
    rng = np.random.default_rng(seed)
    places = length - kernel + 1
    patches = np.arange(places)[None, :, None] + np.arange(kernel)[None, None]
    windows = (np.arange(channels)[:, None, None] * places + np.arange(places).reshape(1, -1, 2)).reshape(-1, 2)
    size = len(windows)
    groups = (Group(rng.standard_normal((1, channels, kernel)), None), Group(rng.standard_normal((1, 1, size)), None))
    nodes = (
        Node(Input(), (), length),
        Node(Affine(0, patches, kernel**-0.5, 0.0), (0,), channels * places),
        Node(Maximum(windows, 0.0), (1,), size),
        Node(Affine(1, np.arange(size)[None, None], size**-0.5, 0.0), (2,), 1),
    )
    return Graph(nodes, groups)


def data(seed: int, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of length sqrt(d), labels +-1."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True) * np.sqrt(d), np.sign(rng.standard_normal((n, 1)))


def started(graph: Graph, x: np.ndarray, y: np.ndarray, run: type[kt.KinkedRun] = kt.KinkedRun) -> kt.KinkedRun:
    """The loop on a graph that no module stands behind."""
    arrays = GraphArrays(graph, x, y)

    class Run(run):  # type: ignore[misc,valid-type]
        def take(self, problem: object) -> GraphArrays:
            return arrays

    return Run(SimpleNamespace(share=Fraction(1), x=x), certifiable(RULE))


CASES = {
    "one hidden layer": lambda: (dense(0, [6, 24, 1], relu()), *data(1, 4, 6)),
    "leaky, biases": lambda: (dense(2, [6, 24, 1], leaky_relu(0.1), bias=True), *data(3, 4, 6)),
    "two hidden layers": lambda: (dense(4, [5, 16, 16, 1], relu()), *data(5, 3, 5)),
    "convolution and pooling": lambda: (pooled(6, 6, 9, 2), *data(7, 3, 9)),
}


def pieces(graph: Graph, x: np.ndarray) -> list[list[tuple[int, float]]]:
    """As `ExactGraph.pieces`, of doubles."""
    values, found = forward(graph, x, FLOATS).values, []
    for i in range(len(x)):
        for node in graph.nodes:
            if isinstance(node.kind, PiecewiseLinear):
                z = values[node.inputs[0]][i]
                slopes = node.kind.slopes[np.searchsorted(node.kind.breaks, z)]
                found.append(list(zip(range(len(z)), map(float, slopes), strict=True)))
            elif isinstance(node.kind, Maximum):
                entry, slope = node.kind.chosen(values[node.inputs[0]])
                found.append(list(zip(map(int, entry[i]), map(float, slope[i]), strict=True)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("extended", [False, pytest.param(True, marks=pytest.mark.skipif(not AVAILABLE, reason="x87"))])
@pytest.mark.parametrize("case", CASES)
def test_the_exact_iterate_stays_within_eps_and_on_the_same_pieces(case: str, extended: bool) -> None:
    """Side by side with 200 bits, for as long as the run says that no argument is near a kink."""
    graph, x, y = CASES[case]()
    run = started(graph, x, y, kt.ExtendedRun if extended else kt.KinkedRun)
    exact = ExactGraph.of(graph, x, y)
    changes, before = 0, None
    for _ in range(60 if case == "one hidden layer" else 20):
        now = pieces(run.near, x)
        assert exact.pieces() == now
        changes += sum(a != b for r, s in zip(before or now, now, strict=True) for a, b in zip(r, s, strict=True))
        before = now
        try:
            run.advance()
        except KinkError:
            break
        exact.step(run.eta, run.gamma, run.delta)
        assert float(exact.distance(run.net).upper()) <= run.eps if not extended else True
        assert float(exact.distance(run.near).upper()) <= run.reached
    assert run.t > 5
    assert changes or case != "one hidden layer", "nothing crossed a kink: the test says nothing"


@pytest.mark.slow
def test_a_certified_end_is_what_the_steps_from_there_do() -> None:
    """From points of the ball about w_T the rate holds at every step, and the path ends within rho."""
    graph, x, y = dense(0, [16, 96, 1], relu()), *data(1, 4, 16)
    run = started(graph, x, y)
    found = follow(run, SimpleNamespace(), 2000, None)
    assert found.status == "CERTIFIED", found.obstruction
    basin = found.basin
    assert basin is not None
    rng = np.random.default_rng(0)
    for _ in range(3):
        weights = [g.weight.copy() for g in found.final.groups]
        away = [rng.standard_normal(w.shape) for w in weights]
        size = np.sqrt(sum(float((a * a).sum()) for a in away))
        weights = [w + found.eps / size * a for w, a in zip(weights, away, strict=True)]
        path, last = 0.0, None
        for _ in range(4000):
            gradients, residual = gradient(graph, weights, x, y)
            loss = 0.5 * float((residual**2).sum())
            if loss < 1e-20:
                break
            assert last is None or loss <= basin.rate * last * (1 + 1e-9)
            last = loss
            path += found.eta * np.sqrt(sum(float((g * g).sum()) for g in gradients))
            weights = [w - found.eta * g for w, g in zip(weights, gradients, strict=True)]
        assert path <= basin.rho


def gradient(
    graph: Graph, weights: list[np.ndarray], x: np.ndarray, y: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """Of one hidden layer with ReLU, by hand."""
    (w, a), (first, head) = weights, (graph.nodes[1].kind, graph.nodes[3].kind)
    assert isinstance(first, Affine)
    assert isinstance(head, Affine)
    z = first.kappa * x @ w[0].T
    r = head.kappa * np.maximum(z, 0) @ a[0].T - y
    back = head.kappa * (r @ a[0]) * (z > 0)
    return [first.kappa * (back.T @ x)[None], head.kappa * (r.T @ np.maximum(z, 0))[None]], r


def test_an_argument_at_a_kink_stops_the_trajectory() -> None:
    """A unit that is exactly 0 on a sample, and depends on its weights, is named."""
    graph, x, y = CASES["one hidden layer"]()
    weight = graph.groups[0].weight.copy()
    weight[0, 3] -= (weight[0, 3] @ x[2]) / (x[2] @ x[2]) * x[2]
    graph = graph.replaced((Group(weight, None), graph.groups[1]))
    found = follow(started(graph, x, y), SimpleNamespace(), 50, None)
    assert found.at_kink
    assert "sample 2, unit 3 of node 2" in found.obstruction


def test_a_smooth_activation_beside_kinks_bends() -> None:
    """Its second derivative is in the curvature: a product of two affine maps is not all there is."""
    graph = Graph(
        (
            Node(Input(), (), 2),
            Node(Affine(0, np.arange(2)[None, None], 1.0, 0.0), (0,), 1),
            Node(Pointwise("tanh"), (1,), 1),
            Node(relu(), (2,), 1),
        ),
        (Group(np.array([[[0.5, 0.6]]]), None),),
    )
    x, y = np.eye(2), np.array([[0.9], [0.2]])
    run = started(graph, x, y)
    for _ in range(3):
        run.advance()
    z = run.net.groups[0].weight[0, 0]
    second = (np.tanh(z) - y[:, 0]) * -2 * np.tanh(z) * (1 - np.tanh(z) ** 2)
    assert run.records[-1].concave >= -second.min() - 0.02
