"""One hidden layer of a piecewise linear function: N2 against every choice of moves, and the Jacobian itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pltheory.nets import one_layer
from pltheory.nets.centre import linearize
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import PiecewiseLinear, clipped, leaky_relu, modulus, relu
from pltheory.nets.one_layer import OneLayer
from tests.oracles.kinked import parameters, passed

ACTS = {"relu": relu(), "leaky": leaky_relu(0.1), "hardtanh": clipped(-0.7, 0.7), "modulus": modulus()}


def network(
    w: np.ndarray, a: np.ndarray, act: PiecewiseLinear, *, kappas=(1.0, 1.0), b: np.ndarray | None = None, tau=0.0
) -> Graph:
    """kappa_2 a act(kappa_1 w x + tau b), w (m, d), a (C, m)."""
    m, d = w.shape
    nodes = (
        Node(Input(), (), d),
        Node(Affine(0, np.arange(d)[None, None], kappas[0], 0.0 if b is None else tau), (0,), m),
        Node(act, (1,), m),
        Node(Affine(1, np.arange(m)[None, None], kappas[1], 0.0), (2,), len(a)),
    )
    return Graph(nodes, (Group(w[None], None if b is None else b[None]), Group(a[None], None)))


def layer(graph: Graph, x: np.ndarray, field=VERIFIED) -> OneLayer:
    found = OneLayer.of(linearize(graph, x, field, jumps=True))
    assert found is not None
    return found


def drawn(seed: int, m: int = 4, n: int = 3) -> tuple[Graph, np.ndarray]:
    rng = np.random.default_rng(seed)
    d, c = int(rng.integers(2, 4)), int(rng.choice([1, 3]))
    x = rng.standard_normal((n, d))
    if seed % 3 == 1:
        x[1] = x[0]
    if seed % 5 == 2:
        x[2] = 0.0
    w = rng.standard_normal((m, d))
    if seed % 4 == 3:
        w[0] -= (w[0] @ x[0]) / (x[0] @ x[0]) * x[0]  # hovers
    act = list(ACTS.values())[seed % 4]
    b = rng.standard_normal(m) if seed % 2 else None
    kappas = (float(rng.choice([1.0, -0.5])), float(rng.choice([1.0, 0.3])))
    return network(w, rng.standard_normal((c, m)), act, kappas=kappas, b=b, tau=0.7), x


def truth(graph: Graph, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d_ik, |a_k| and E~ by the definitions."""
    first, act = graph.nodes[1].kind, graph.nodes[2].kind
    z = passed(graph, parameters(graph), x).values[1]
    e = np.concatenate([first.kappa * x, np.full((len(x), 1), first.tau)], axis=1)
    lengths = np.linalg.norm(e, axis=1)[:, None]
    margin = np.min([np.abs(z - at) for at in act.breaks], axis=0)
    d = np.where(lengths > 0, margin / np.where(lengths > 0, lengths, 1.0), np.inf)
    return d, np.linalg.norm(graph.groups[1].weight[0], axis=0), e


def every_choice(d: np.ndarray, a: np.ndarray, e: np.ndarray, s: float) -> float:
    """The largest max_i sum_{k: t_k >= d_ik} |a_k|^2 ||E~_{d_jk <= t_k}||^2 with t_k one of the d_jk or 0."""
    best, (n, m) = 0.0, d.shape
    for t in itertools.product(*[[0.0, *np.unique(d[:, k][np.isfinite(d[:, k])])] for k in range(m)]):
        if np.linalg.norm(t) > s * (1 + 1e-12):
            continue
        squares = [np.linalg.norm(e[d[:, k] <= t[k]], 2) ** 2 if (d[:, k] <= t[k]).any() else 0.0 for k in range(m)]
        best = max(best, *(sum(a[k] ** 2 * squares[k] for k in range(m) if t[k] >= d[i, k]) for i in range(n)))
    return best


@pytest.mark.parametrize("seed", range(24))
def test_n2_is_above_every_choice_of_moves(seed):
    graph, x = drawn(seed)
    d, a, e = truth(graph, x)
    radii = [0.0, *np.quantile(d[np.isfinite(d)], [0.1, 0.4, 0.8]), 3.0]
    found = layer(graph, x)
    squares = found.squares(radii)
    for s in radii:
        best = every_choice(d, a, e, s)
        above = float(np.nextafter(s, np.inf) * (1 + 1e-9))
        near = found.within(above).squares([s])
        assert best <= near.at(above) * (1 + 1e-12) <= squares.at(above) * 1.01
        assert near.at(above * 1.01) == np.inf or not np.isfinite(near.least)
    assert squares.at(0.999 * float(d.min())) == 0.0
    assert squares.at(1e9) <= (a**2).sum() * np.linalg.norm(e, 2) ** 2 * (1 + 1e-6)


@pytest.mark.parametrize("m", [1, 2, 5])
def test_n2_is_attained_by_equal_units(m):
    """Units alike flip one sample for s^2 = r d^2, r of them: N2 = r |a|^2 |x|^2, and so the Jacobian's w-rows."""
    x = np.array([[3.0, 4.0]])
    w, a = np.tile([0.3, 0.4], (m, 1)), np.full((1, m), 2.0)
    graph = network(w, a, relu(), kappas=(0.5, 0.25))
    found = layer(graph, x)
    d, squares = 0.5, found.squares([0.5 * r**0.5 for r in range(1, m + 1)])
    for r in range(1, m + 1):
        at = squares.at(d * r**0.5 * (1 + 1e-12))
        assert at == pytest.approx(r * 4.0 * (0.5 * 5.0) ** 2, rel=1e-7)
        moved = w.copy()
        moved[:r] -= d * x / 5.0 * (1 + 1e-9)
        j0 = passed(graph, parameters(graph), x).jacobian
        j = passed(graph, np.concatenate([moved.ravel(), a.ravel()]), x).jacobian
        change = np.linalg.norm((j - j0)[:, : w.size], 2)
        assert change == pytest.approx(0.25 * 2.5 * 2.0 * r**0.5, rel=1e-7)
        assert change <= found.change(d * r**0.5 * (1 + 1e-8), squares) <= change * (1 + 1e-6)


def test_n2_is_attained_by_samples_alike_and_across():
    """Two equal samples: v = 2 |x|^2; two orthogonal ones: |x|^2."""
    for x, v in ((np.array([[1.0, 0.0], [1.0, 0.0]]), 2.0), (np.array([[1.0, 0.0], [0.0, 1.0]]), 1.0)):
        found = layer(network(np.array([[0.1, 0.1]]), np.array([[3.0]]), modulus()), x)
        squares = found.squares([0.2])
        assert squares.at(0.2) == pytest.approx(9.0 * v, rel=1e-7)
        assert found.change(0.2, squares) == pytest.approx(2 * 3.0 * v**0.5, rel=1e-7)


def test_a_multiplier_pays_for_moves_between():
    """Two units of unlike gain: the exact knapsack's value at its own corner, from one multiplier."""
    x = np.array([[1.0]])
    found = layer(network(np.array([[0.1], [0.4]]), np.array([[1.0, 1.0]]), relu()), x)
    squares = found.squares([0.1, 0.3, 0.17**0.5])
    assert squares.at(0.1) == pytest.approx(1.0, rel=1e-6)
    assert squares.at(0.17**0.5) == pytest.approx(2.0, rel=1e-6)
    # Between the corners (d^2, N2) = (0.01, 1) and (0.17, 2) the concave hull, to the multipliers' own spacing.
    assert squares.at(0.3) == pytest.approx(1.5, rel=1e-3)


def test_pairs_are_attained():
    """The head has grown by s, or the first weights gone to the kink: then a step across it."""
    x, a, s, step = np.array([[2.0]]), 3.0, 0.5, 1e-6
    for act, js in ((relu(), 1.0), (modulus(), 2.0)):
        graph = network(np.array([[0.0]]), np.array([[a]]), act)
        found = layer(graph, x)
        squares = found.squares([s, 1e-3])
        ends = [passed(graph, np.array([side * step / 2, a + s]), x).jacobian for side in (-1, 1)]
        change = float(np.linalg.norm(ends[1] - ends[0], 2))
        bound = found.pairs(s + step, step, squares) + found.lipschitz * step
        assert js * (a + s) * 2.0 * (1 - 1e-9) <= change <= bound <= change * (1 + 1e-5)
        graph = network(np.array([[0.1]]), np.array([[a]]), act)
        found = layer(graph, x)
        squares = found.squares([0.1])
        ends = [passed(graph, np.array([w, a]), x).jacobian for w in (0.06, -1e-9)]
        change = float(np.linalg.norm(ends[1] - ends[0], 2))
        assert change <= found.pairs(0.04, 0.0600001, squares) + found.lipschitz * 0.0600001


def test_what_is_smooth_is_attained():
    """Far from kinks the change is ell s, the move all of the head's: ell = kappa_2 s1 ||X~||."""
    x = np.array([[2.0], [2.0]])
    graph = network(np.array([[5.0]]), np.array([[1.0]]), relu(), kappas=(0.5, 3.0))
    found = layer(graph, x)
    j0 = passed(graph, parameters(graph), x).jacobian
    j = passed(graph, np.array([5.0, 1.3]), x).jacobian
    assert found.change(0.3, found.squares([0.3])) == 0.0
    change = float(np.linalg.norm(j - j0, 2))
    assert change <= found.lipschitz * 0.3 * (1 + 1e-12) <= change * (1 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_no_weights_of_the_ball_break_the_bounds(seed):
    """Units sent over their nearest kinks, as many as the radius pays for, the rest on the head; pairs across."""
    graph, x = drawn(seed, m=6, n=4)
    rng = np.random.default_rng(seed + 1000)
    d, a, e = truth(graph, x)
    found, w0 = layer(graph, x), parameters(graph)
    radii = [0.02, 0.3, 1.0]
    squares = found.squares(radii)
    j0 = passed(graph, w0, x).jacobian
    per = graph.groups[0].weight.shape[2]
    z = passed(graph, w0, x).values[1]
    for s in radii:
        for _ in range(12):
            move, left = np.zeros(len(w0)), s
            order = np.argsort((d / a)[np.isfinite(d).any(1)].ravel()) if rng.integers(2) else rng.permutation(d.size)
            for at in order:
                i, k = divmod(int(at), d.shape[1])
                step = 1.000001 * d[i, k] + 1e-12
                if not np.isfinite(d[i, k]) or step > left * rng.uniform(0.5, 1.0):
                    continue
                nearest = min(graph.nodes[2].kind.breaks, key=lambda b, z=z[i, k]: abs(z - b))
                along = np.sign(nearest - z[i, k] or 1.0) * step * e[i] / np.linalg.norm(e[i])
                if move[k * per : (k + 1) * per].any():
                    continue
                move[k * per : (k + 1) * per] = along[:per]
                if graph.groups[0].bias is not None:
                    move[graph.groups[0].weight.size + k] = along[per]
                left = (max(0.0, s**2 - (move**2).sum())) ** 0.5
            head = np.zeros(len(w0))
            head[graph.groups[0].size :] = rng.standard_normal(len(w0) - graph.groups[0].size)
            w = w0 + move + head / np.linalg.norm(head) * left * 0.999
            j = passed(graph, w, x).jacobian
            bound = found.change(s, squares) + found.lipschitz * s
            assert np.linalg.norm(j - j0, 2) <= bound * (1 + 1e-12)
            step = 0.3 * s * rng.standard_normal(len(w0)) / len(w0) ** 0.5
            step = -1e-5 * move if rng.integers(2) else step
            other = passed(graph, w + step, x).jacobian
            h = float(np.linalg.norm(step))
            bound = found.pairs(s, h, squares) + found.lipschitz * h
            assert np.linalg.norm(other - j, 2) <= bound * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_floats_and_enclosures_agree(seed):
    graph, x = drawn(seed)
    plain, verified = layer(graph, x, FLOATS), layer(graph, x)
    radii = [0.1, 0.7]
    squares = verified.squares(radii)
    for lam, value in zip(squares.multipliers, squares.values, strict=True):
        assert value == pytest.approx(plain.g(float(lam)), rel=1e-6, abs=1e-6 * squares.values[0])
    assert (np.diff(squares.values) <= 1e-12).all()
    assert verified.lipschitz >= plain.lipschitz * (1 - 1e-12)


def test_a_sample_that_does_not_see_the_weights_never_flips():
    found = one_layer.distances(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0.0, 0.0], [2.0, 4.0]]))
    assert np.isinf(found[0]).all()
    assert found[1, 0] == 0.0
    assert 0.25 * (1 - 1e-15) <= found[1, 1] < 0.25


def test_a_radius_too_small_for_its_multipliers_keeps_the_largest_bound():
    graph, x = drawn(3)
    squares = layer(graph, x).squares([1e-200])
    assert squares.multipliers[0] == 0.0
    assert np.isfinite(squares.at(1e-200))


def test_a_head_of_zeros_has_jumps_of_about_nothing():
    graph = network(np.array([[1.0, 0.5], [-1.0, 2.0]]), np.zeros((1, 2)), relu())
    found = layer(graph, np.eye(2)).squares([0.01, 3.0])
    assert 0 <= found.at(3.0) < 1e-200


def test_many_units_in_blocks_are_the_same(monkeypatch):
    graph, x = drawn(4, m=50, n=3)
    once = layer(graph, x).g(0.3)
    monkeypatch.setattr("pltheory.nets.one_layer.ENTRIES", 30)
    assert layer(graph, x).g(0.3) == once


def test_other_graphs_have_no_such_form():
    graph, x = drawn(0)
    more = Graph((*graph.nodes, Node(relu(), (3,), graph.nodes[3].size)), graph.groups)
    assert OneLayer.of(linearize(more, x, FLOATS, jumps=True)) is None
