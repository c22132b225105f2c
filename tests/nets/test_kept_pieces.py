"""Which tokens are said to keep their piece in a ball: no weights of the ball take one away from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pltheory.nets.centre import linearize
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.jumps import Margins
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.curved import elu, hardswish
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import Kinked, Maximum, clipped, leaky_relu, modulus, relu, shrunk
from pltheory.nets.kinked import KinkedBounds
from pltheory.rechecker.graph import margins as rechecked
from pltheory.theory import arithmetic
from tests.nets.test_kinks import WINDOWS, on_top
from tests.oracles.kink_attack import Attack, crossings, left_piece
from tests.oracles.kink_bounds import Arithmetic
from tests.oracles.kinked import parameters, passed
from tests.oracles.random_kinks import KINDS, random_kinks

ACTS = {"relu": relu(), "leaky": leaky_relu(0.1), "hardtanh": clipped(-0.7, 0.7), "modulus": modulus(),
        "softshrink": shrunk(0.4), "hardswish": hardswish(), "elu": elu(0.5)}  # fmt: skip


def flips(graph: Graph, x: np.ndarray, radius: float, *, verified: bool = True) -> dict[int, np.ndarray]:
    """By node; all tokens of a node that has none are False."""
    arith = Arithmetic(verified)
    centre = arith.centre(graph, x)
    found = KinkedBounds.of(centre).frozen.flips(arith.number(radius), *arith.of)
    nodes = [(v, n) for v, n in enumerate(graph.nodes) if isinstance(n.kind, Kinked) and n.kind.jump()]
    return {v: found.get(v, np.zeros((len(x), n.size), dtype=bool)) for v, n in nodes}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2 * len(KINDS)))
def test_no_least_move_takes_a_kept_token_over_a_kink(seed):
    """Every kink of every token by itself, by about the least move there is: outside of the ball, or said to flip."""
    drawn = random_kinks(seed)
    rng = np.random.default_rng(seed)
    attack = Attack(drawn.graph, drawn.x, 1e9, rng)
    every = crossings(drawn.graph, attack.centre)
    if not every:
        assert flips(drawn.graph, drawn.x, 1e3) == {}
        return
    every = [every[int(k)] for k in rng.permutation(len(every))[:30]]
    moves = [move for c in every if (move := attack.over([c])) is not None]
    lengths = np.array([np.linalg.norm(m) for m in moves])
    for radius in (1e-12, float(np.quantile(lengths, 0.2)), float(np.median(lengths))):
        claimed = flips(drawn.graph, drawn.x, radius * (1 + 1e-9), verified=bool(seed % 2))
        for move, length in zip(moves, lengths, strict=True):
            if length > radius:
                continue
            for v, left in left_piece(drawn.graph, attack.centre, attack.at(move)).items():
                assert not (left & ~claimed[v]).any()


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("bias", [False, True])
def test_of_one_layer_exactly_the_tokens_within_reach_may_flip(name, bias):
    """|e~_i| s against the margin, by the definitions: the worst weights are those along e~_i."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((6, 3))
    x[4], x[5] = x[3], 0.0
    b = rng.standard_normal(5) if bias else None
    graph = on_top(ACTS[name], rng.standard_normal((5, 3)), 5, bias=b)
    z = passed(graph, parameters(graph), x).values[1]
    margins = np.min([np.abs(z - at) for at in ACTS[name].breaks], axis=0)
    lengths = np.sqrt((x**2).sum(1) + (1.0 if bias else 0.0))[:, None]
    for s in (0.0, 0.03, 0.2, 0.6, 2.0):
        within = (margins <= s * lengths) & (lengths > 0)
        assert (flips(graph, x, s)[2] == within).all()
        assert (flips(graph, x, s, verified=False)[2] == within).all()


@pytest.mark.parametrize("below", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("name", WINDOWS)
def test_a_maximum_over_units_is_kept_no_longer_than_two_of_them_need(name, below):
    """Of two units of one layer the cheapest crossing costs gap / (sqrt(2) |x|), of a sign |z| / |x|."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((4, 2))
    kind = Maximum(np.array(WINDOWS[name]), below)
    graph = on_top(kind, rng.standard_normal((6, 2)), 3)
    z = passed(graph, parameters(graph), x).values[1]
    for s in (0.02, 0.1, 0.3, 1.0):
        said, reach = flips(graph, x, s)[2], s * np.linalg.norm(x, axis=1)
        for i in range(4):
            for t, window in enumerate(kind.windows):
                ordered = np.sort(z[i, window[window >= 0]])[::-1]
                between = (ordered[0] - ordered[1]) / 2**0.5 if len(ordered) > 1 else np.inf
                least = {1.0: between, 0.1: min(between, abs(ordered[0]))}.get(below, np.inf)
                if below == 0.0:
                    least = min(between, ordered[0]) if ordered[0] > 0 else -ordered[0]
                assert said[i, t] or least > reach[i]
                # Two entries that each go as far as one alone can are the price of not knowing how they share it.
                assert not said[i, t] or least <= 2**0.5 * reach[i]


def convolved(x: np.ndarray, windows: list[list[int]], below: float, *, tau: float = 0.0) -> Graph:
    """One channel on patches of two entries at three places, a maximum, a head."""
    patches = np.array([[[0, 1], [2, 3], [4, 5]]])
    bias = None if tau == 0 else np.array([[0.5]])
    nodes = (
        Node(Input(), (), 6),
        Node(Affine(0, patches, 1.0, tau), (0,), 3),
        Node(Maximum(np.array(windows), below), (1,), len(windows)),
        Node(Affine(1, np.arange(len(windows))[None, None], 1.0, 0.0), (2,), 1),
    )
    return Graph(nodes, (Group(np.array([[[0.3, 0.4]]]), bias), Group(np.ones((1, 1, len(windows))), None)))


def test_patches_alike_are_one_entry():
    """A tie that every weight keeps is none; of patches that differ it is one."""
    x = np.array([[1.0, 2.0, 1.0, 2.0, -9.0, -9.0], [4.0, 3.0, 0.0, 6.0, -9.0, -9.0]])
    graph = convolved(x, [[0, 1, 2]], 1.0)
    assert passed(graph, parameters(graph), x).values[1][1, 0] == passed(graph, parameters(graph), x).values[1][1, 1]
    for verified in (False, True):
        assert flips(graph, x, 1e-3, verified=verified)[2].ravel().tolist() == [False, True]
        assert flips(graph, x, 10.0, verified=verified)[2].ravel().tolist() == [True, True]


@pytest.mark.parametrize("below", [0.0, 0.1, 1.0])
def test_patches_of_zeros_tie_at_every_weight(below):
    """Both constant and 0: neither which of them is taken nor the sign matters; with a bias both do."""
    x = np.array([[0.0, 0.0, 0.0, 0.0, -9.0, -9.0]])
    for verified in (False, True):
        assert not flips(convolved(x, [[0, 1]], below), x, 10.0, verified=verified)[2].any()
        assert flips(convolved(x, [[0, 1]], below, tau=1.0), x, 10.0, verified=verified)[2].any() == (below < 1)
        # An entry that moves may still rise above the constant.
        assert flips(convolved(x, [[0, 1, 2]], below), x, 10.0, verified=verified)[2].any()
        assert not flips(convolved(x, [[0, 1, 2]], below), x, 1e-3, verified=verified)[2].any()


@pytest.mark.parametrize("below", [0.0, 0.1])
def test_a_place_that_holds_nothing_does_not_stand_for_entry_0(below):
    """Padded in front, and entry 0 the largest: its sign may change."""
    x = np.array([[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]])
    for windows in ([[-1, 0]], [[0, -1]], [[-1, 0, 1]], [[-1, -1, 0]]):
        assert flips(convolved(x, windows, below), x, 1.0)[2].all()


def test_losers_that_stay_below_zero_have_no_say_with_relu():
    """The largest entry changes below 0: seen by a leaky function, not by ReLU."""
    x = np.array([[-10.0, 0.0, -9.99, 0.01, -9.0, -9.5]])
    graph = convolved(x, [[0, 1, 2]], 0.0)
    assert not flips(graph, x, 0.05)[2].any()
    assert flips(convolved(x, [[0, 1, 2]], 0.1), x, 0.05)[2].all()


def test_planted_zeros_flip_at_every_radius():
    """Weights and data that are whole numbers: arguments exactly at kinks, and copies of a sample alike."""
    x = np.array([[1.0, -1.0], [1.0, -1.0], [2.0, 1.0]])
    graph = on_top(relu(), np.array([[1.0, 1.0], [1.0, -2.0]]), 2)
    for verified in (False, True):
        expected = [[True, False], [True, False], [False, True]]
        assert flips(graph, x, 1e-9, verified=verified)[2].tolist() == expected


def test_the_radius_at_which_something_flips_is_not_missed_by_rounding():
    """A token is kept only where its margin is above its reach by the headroom."""
    graph, x = on_top(relu(), np.array([[0.5]]), 1), np.array([[1.0]])
    for field in (FLOATS, VERIFIED):
        at = linearize(graph, x, field).numbers[2].margins
        assert not at.kept(0.5, np.array([[0.5]])).any()
        assert not at.kept(0.5 * (1 - 2.0**-22), np.array([[0.5 * (1 - 2.0**-22)]])).any()
        assert at.kept(0.5 * (1 - 2.0**-19), None).all()
    assert KinkedBounds.of(linearize(graph, x, FLOATS, jumps=True)).frozen.flips(0.4, arithmetic.FLOATS, float) == {}


def test_a_reach_that_is_no_number_keeps_nothing():
    """Of an overflow, an infinite weight times a radius that is 0."""
    entry, reach = np.zeros((1, 2)), np.array([[math.nan, math.inf]])
    assert not Margins(entry, entry).kept(1.0, reach).any()
    window = np.array([[0, 1]])
    gaps = np.array([[[math.inf, 0.5]]])
    for level in (math.inf, -1.0):
        one = Margins(np.zeros((1, 1)), np.full((1, 1), level), gaps, window, silent=level < 0)
        assert not one.kept(1.0, np.full((1, 2), math.nan)).any()
    own = np.zeros((1, 1))
    assert not rechecked.Margins(own).kept(1.0, np.full((1, 1), math.nan)).any()
