"""Bounds over balls in which pieces may change, against points of the balls; every rule's mutant is found out there."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds import affine as a
from pltheory.nets.kinds import fixed as f
from pltheory.nets.kinds import kinks as k
from pltheory.nets.kinds.curved import Curved as PlainCurved
from pltheory.nets.kinds.input import Input as GraphInput
from pltheory.rechecker.graph import jumps, kinked, kinked_rules, knapsack, margins, onelayer, units
from pltheory.rechecker.graph.file import GraphStored
from pltheory.rechecker.graph.kinds import kinks
from pltheory.rechecker.graph.kinds.affine import Affine, AffineRules
from pltheory.rechecker.graph.kinds.curved import Curved
from pltheory.rechecker.graph.kinds.fixed import Fixed
from pltheory.rechecker.graph.kinds.input import Input
from pltheory.rechecker.graph.kinds.kinks import Maximum, PiecewiseLinear
from pltheory.rechecker.graph.kinds.sums import Sum
from pltheory.rechecker.graph.kinked import KinkedBall
from pltheory.rechecker.midpoint import Upper
from tests.rechecker.kinked_graphs import NETWORKS, Network, evaluated, flat, moved

Array = np.ndarray


def stored(net: Network) -> GraphStored:
    """As the rechecker would read it."""
    kinds: list[Any] = []
    for node in net.graph.nodes:
        kind: Any = node.kind
        width = net.graph.nodes[node.inputs[0]].size if node.inputs else 0
        if isinstance(kind, a.Affine):
            group = net.graph.groups[kind.group]
            kinds.append(Affine(node.size, node.inputs, kind.group, kind.patches, kind.kappa, kind.tau, group.weight,
                                group.bias, width))  # fmt: skip
        elif isinstance(kind, f.Fixed):
            kinds.append(Fixed(node.size, node.inputs, kind.index, kind.factor, kind.offset, width))
        elif isinstance(kind, k.PiecewiseLinear):
            kinds.append(PiecewiseLinear(node.size, node.inputs, kind.breaks, kind.slopes, kind.intercepts))
        elif isinstance(kind, PlainCurved):
            kinds.append(Curved(node.size, node.inputs, kind.map, kind.alpha))
        elif isinstance(kind, k.Maximum):
            kinds.append(Maximum(node.size, node.inputs, kind.windows, kind.slope_below, width))
        else:
            kinds.append(Input(node.size) if isinstance(kind, GraphInput) else Sum(node.size, node.inputs))
    return GraphStored("N", "sum", "gd", 0.1, np.inf, 1.0, kinds, len(net.graph.groups), net.x, net.y, {})


def about(net: Network) -> KinkedBall:
    return KinkedBall(stored(net), lambda note: None)


def pieces(net: Network, w: Array) -> dict[int, Array]:
    """Which piece every token is on, by node; the same for any where a maximum is 0."""
    _, _, values = evaluated(moved(net.graph, w), net.x)
    found = {}
    for v, node in enumerate(net.graph.nodes):
        kind: Any = node.kind
        if isinstance(kind, k.PiecewiseLinear | PlainCurved):
            found[v] = np.searchsorted(kind.breaks, values[node.inputs[0]], side="left")
        elif isinstance(kind, k.Maximum):
            z = values[node.inputs[0]]
            entries = np.where(kind.windows >= 0, z[:, np.maximum(kind.windows, 0)], -np.inf)
            taken, top = entries.argmax(2), entries.max(2)
            signed = 2 * taken + ((top > 0) if kind.slope_below < 1 else 0)
            found[v] = np.where((top <= 0) & (kind.slope_below == 0), -1, signed)
    return found


def toward_kinks(net: Network, rng: np.random.Generator) -> list[Array]:
    """Shortest ways, to first order, to the kinks of single entries: differences and zeros of what tokens read."""
    ways = []
    for node in net.graph.nodes:
        kind: Any = node.kind
        if not isinstance(kind, k.Maximum) and not len(getattr(kind, "breaks", ())):
            continue
        u = node.inputs[0]
        below = Network(Graph(net.graph.nodes[: u + 1], net.graph.groups), net.x, net.y)
        z, jac, _ = evaluated(below.graph, below.x)
        size = z.shape[1]
        for _ in range(12):
            i = int(rng.integers(len(z)))
            if isinstance(kind, k.Maximum) and rng.random() < 0.7:
                window = kind.windows[rng.integers(len(kind.windows))]
                p, q = rng.choice(window[window >= 0], 2, replace=False)
                value, row = z[i, p] - z[i, q], jac[i * size + p] - jac[i * size + q]
            else:
                p = int(rng.integers(size))
                b = 0.0 if isinstance(kind, k.Maximum) else float(rng.choice(kind.breaks))
                value, row = z[i, p] - b, jac[i * size + p]
            if row @ row > 0:
                ways.append(-value * row / (row @ row))
    return ways


def points(net: Network, s: float, rng: np.random.Generator, count: int) -> list[Array]:
    """Points of the ball: sums of ways to kinks with something beyond, scaled into it, and points anywhere."""
    size = len(flat(net.graph))
    ways = sorted(toward_kinks(net, rng), key=lambda way: float(np.linalg.norm(way)))
    found = []
    for j in range(count):
        step = np.zeros(size)
        if ways and j % 4:
            for i in rng.permutation(min(len(ways), 10))[: 1 + j % 5]:
                step = step + 1.0001 * ways[i]
        if np.linalg.norm(step) > s or not step.any():
            step = step + rng.normal(size=size) * s / np.sqrt(size)
        found.append(step * min(1.0, s / np.linalg.norm(step)))
    return found


def worst(net: Network, s: float, seed: int = 0, count: int = 14) -> tuple[float, float, float, float]:
    """The largest of: ||J - J_0|| and ||J' - J|| over their bounds, sig over sigma_min that is left, flips missed."""
    rng, ball, w = np.random.default_rng(seed), about(net), flat(net.graph)
    bound, sig, every = float(ball.change(s)), float(ball.sig(s)), ball.pairs(s)
    may, start = ball.recursion.flippable(s), pieces(net, w)
    _, j_0, _ = evaluated(net.graph, net.x)
    change = left = pair = missed = 0.0
    seen: list[tuple[Array, Array]] = []
    for step in points(net, s, rng, count):
        _, j, _ = evaluated(moved(net.graph, w + step), net.x)
        change = max(change, float(np.linalg.norm(j - j_0, 2)) / bound)
        left = max(left, sig / float(np.linalg.svd(j)[1][-1]))
        for v, piece in pieces(net, w + step).items():
            missed += float((piece != start[v])[~may.get(v, np.zeros_like(piece, dtype=bool))].sum())
        for other, j_2 in seen[-6:]:
            apart = float(np.linalg.norm(j - j_2, 2))
            for kap, ell in every:
                pair = max(pair, apart / float(kap.value + ell.value * np.linalg.norm(step - other)))
        seen.append((step, j))
    return change, pair, left, missed


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("s", [0.004, 0.15])
def test_points_of_balls_keep_the_bounds(name: str, s: float) -> None:
    change, pair, left, missed = worst(NETWORKS[name](), s)
    assert max(change, pair, left) <= 1 + 1e-9
    assert missed == 0
    assert change > 0


@pytest.mark.parametrize("seed", range(6))
def test_one_hidden_layer_has_two_bounds_for_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = NETWORKS["one"]()
    groups = tuple(Group(rng.normal(size=g.weight.shape), None) for g in net.graph.groups)
    net = Network(Graph(net.graph.nodes, groups), net.x, net.y)
    assert len(about(net).pairs(0.1)) == 2
    change, pair, left, missed = worst(net, float(10 ** rng.uniform(-3, -0.5)), seed)
    assert max(change, pair, left) <= 1 + 1e-9
    assert missed == 0


# --- where bounds are attained ----------------------------------------------------------------------------------------

TINY = 1e-3


def dense(width: int) -> Array:
    return np.arange(width)[None, None]


def small(weights: list[Array], kinds: list[Any], x: Array) -> Network:
    """A chain of dense nodes and what stands between them; kinds holds None for a dense node."""
    nodes, groups, left = [Node(GraphInput(), (), x.shape[1])], [], list(weights)
    for kind in kinds:
        size = nodes[-1].size
        if kind is None:
            w = left.pop(0)
            groups.append(Group(w[None], None))
            nodes.append(Node(a.Affine(len(groups) - 1, dense(size), 1.0, 0.0), (len(nodes) - 1,), len(w)))
        else:
            out = len(kind.windows) if isinstance(kind, k.Maximum) else size
            nodes.append(Node(kind, (len(nodes) - 1,), out))
    return Network(Graph(tuple(nodes), tuple(groups)), x, np.ones((len(x), nodes[-1].size)))


def units_at(values: list[float], head: list[float]) -> Network:
    """One sample of length 1; units whose arguments are these."""
    w = np.array([[v, 0.7] for v in values])
    return small([w, np.array([head])], [None, k.relu(), None], np.array([[1.0, 0.0]]))


def window() -> Network:
    """A maximum of two entries that are apart by TINY."""
    return small([np.array([[1.0 + TINY, 0.0], [1.0, 0.0]]), np.array([[1.0]])],
                 [None, k.Maximum(np.array([[0, 1]]), 1.0), None], np.array([[1.0, 0.0]]))  # fmt: skip


def overlapping() -> Network:
    """Two windows with one entry in common, which leads by TINY."""
    w = np.array([[1.0, 0.0], [1.0 + TINY, 0.0], [1.0, 0.0]])
    return small([w, np.array([[1.0, 1.0]])], [None, k.Maximum(np.array([[0, 1], [1, 2]]), 1.0), None],
                 np.array([[1.0, 0.0]]))  # fmt: skip


def below() -> Network:
    """A linear layer below the one whose unit is at a kink; most of the jump is in its weights."""
    w = [np.array([[1e-5, 0.0]]), np.array([[100.0]]), np.array([[1.0]])]
    return small(w, [None, None, k.relu(), None], np.array([[1.0, 0.0]]))


def woken() -> Network:
    """A unit that sleeps at a kink below one that does; its large weight lies between them."""
    w = [np.array([[0.5, 0.0], [-TINY, 0.0]]), np.array([[-TINY, 30.0]]), np.array([[1.0]])]
    return small(w, [None, k.relu(), None, k.relu(), None], np.array([[1.0, 0.0]]))


def wake(w: list[Array]) -> None:
    """Both."""
    w[0][0, 1, 0] = w[1][0, 0, 0] = 1e-9


def moved_to(net: Network, change: Callable[[list[Array]], None]) -> Array:
    """The Jacobian after a change of the weights, and how far that is."""
    groups = [g.weight.copy() for g in net.graph.groups]
    change(groups)
    return np.concatenate([g.ravel() for g in groups])


CASES: dict[str, tuple[Callable[[], Network], Callable[[list[Array]], None]]] = {
    "one unit": (lambda: units_at([TINY], [2.0]), lambda w: w[0].__setitem__((0, 0, 0), -1e-9)),
    "two units": (lambda: units_at([TINY, TINY], [2.0, 2.0]), lambda w: w[0][0, :, 0].__setitem__(slice(None), -1e-9)),
    "unit left": (lambda: units_at([TINY, 5.0], [2.0, 1.0]), lambda w: w[0].__setitem__((0, 0, 0), -1e-9)),
    "window": (window, lambda w: w[0].__setitem__((0, slice(None), 0), [1 + TINY / 2 - 1e-9, 1 + TINY / 2])),
    "overlap": (
        overlapping,
        lambda w: w[0].__setitem__((0, slice(None), 0), [1 + TINY / 3, 1 + TINY / 3 - 1e-9, 1 + TINY / 3]),
    ),
    "below": (below, lambda w: w[0].__setitem__((0, 0, 0), -1e-9)),
    "woken": (woken, wake),
}
"""Networks and one point at which a bound is nearly attained."""


def excess(name: str) -> float:
    """||J - J_0|| over its bound or sig over what is left, the larger, at the case's point."""
    make, change = CASES[name]
    net = make()
    w = moved_to(net, change)
    s = float(np.linalg.norm(w - flat(net.graph))) * (1 + 1e-6)
    ball = about(net)
    (_, j_0, _), (_, j, _) = evaluated(net.graph, net.x), evaluated(moved(net.graph, w), net.x)
    found = float(np.linalg.norm(j - j_0, 2)) / max(float(ball.change(s)), 1e-300)
    left = float(np.linalg.svd(j)[1][-1])
    return max(found, float(ball.sig(s)) / max(left, 1e-12))


@pytest.mark.parametrize("name", CASES)
def test_a_bound_is_nearly_attained(name: str) -> None:
    low = {"overlap": 0.4, "unit left": 0.9}.get(name, 0.95)
    assert low < excess(name) <= 1 + 1e-9


def halved(monkeypatch: pytest.MonkeyPatch, of: Any, name: str, factor: float = 0.5) -> None:
    true = vars(of)[name]
    getter = true.func if hasattr(true, "func") else true.fget
    monkeypatch.setattr(of, name, property(lambda self: getter(self) * factor))


def _half_capacity(m: pytest.MonkeyPatch) -> None:
    true = jumps.JumpRecursion._capacity
    m.setattr(jumps.JumpRecursion, "_capacity", staticmethod(lambda *k: tuple(c * 0.7 for c in true(*k))))


def _no_units(m: pytest.MonkeyPatch) -> None:
    m.setattr(units.Units, "of", lambda self, flips: np.zeros(self.kind.weight.shape[1], dtype=bool))


def _nothing_far(m: pytest.MonkeyPatch) -> None:
    true = AffineRules.backward

    def backward(self: AffineRules, at: Any, argument: int, single: bool) -> Upper:
        row = true(self, at, argument, single).value.copy()
        row[at.real :] = 0.0
        return Upper(row)

    m.setattr(AffineRules, "backward", backward)


def _single_windows(m: pytest.MonkeyPatch) -> None:
    m.setattr(kinks.Maximum, "multiplicity", 1)
    m.setattr(kinks.Maximum, "root", Upper(1.0))


MUTANTS: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], Any]]] = {
    "jump halved": ("one unit", lambda m: halved(m, kinks.PiecewiseLinear, "jump")),
    "jump of a maximum 1": ("window", lambda m: m.setattr(kinks.Maximum, "jump", Upper(1.0))),
    "capacity halved": ("two units", _half_capacity),
    "margin of a window without sqrt 2": ("window", lambda m: m.setattr(kinks, "_ROOT_TWO", 0.5)),
    "overlap counted once": ("overlap", _single_windows),
    "no units left out": ("unit left", _no_units),
    "nothing below": ("below", _nothing_far),
    "what wakes below is dead": ("woken", lambda m: m.setattr(
        Affine, "largest_block", lambda self, rows, columns: Upper(0.0))),
    "one layer's flips forgotten": ("one unit", lambda m: m.setattr(
        onelayer.OneLayer, "_jump", lambda s, *r: (Upper(0.0), Upper(0.0)))),
    "one layer's lam without s": ("two units", lambda m: m.setattr(
        onelayer.OneLayer, "_with", staticmethod(lambda lam, v, q, s, o: _FREE(lam, v, q, Upper(0.0), o)))),
    "restricted patches halved": ("one unit", lambda m: m.setattr(
        units.Units, "restricted", lambda self, flips: Upper(0.5 * _RESTRICTED(self, flips).value))),
    "knapsack without its capacity": ("two units", lambda m: m.setattr(
        jumps, "most", lambda values, costs, cap: knapsack.most(values, costs, 0.0))),
    "entries that stay on kinks": ("one unit", lambda m: m.setattr(
        margins.Reach, "over", lambda self, *k: 0.5 * _OVER(self, *k))),
}  # fmt: skip
_FREE = onelayer.OneLayer._with
_RESTRICTED = units.Units.restricted
_OVER = margins.Reach.over


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found_out(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    case, mutate = MUTANTS[name]
    assert excess(case) <= 1 + 1e-9
    mutate(monkeypatch)
    assert excess(case) > 1.01


def test_pairs_count_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two units one is off its piece at w, the other at w'."""
    net = units_at([TINY, TINY], [2.0, 2.0])
    w = flat(net.graph)
    ends = [w.copy(), w.copy()]
    ends[0][0], ends[1][2] = -1e-9, -1e-9
    s = (TINY + 1e-9) * (1 + 1e-6)
    j, j_2 = (evaluated(moved(net.graph, end), net.x)[1] for end in ends)
    apart, way = float(np.linalg.norm(j - j_2, 2)), float(np.linalg.norm(ends[0] - ends[1]))

    def ratios() -> list[float]:
        return [apart / float(kap.value + ell.value * way) for kap, ell in about(net).pairs(s)]

    assert all(0.9 < r <= 1 for r in ratios())
    monkeypatch.setattr(jumps, "_ROOT_TWO", Upper(1.0))
    assert ratios()[0] > 1.2


def test_a_step_counts_from_where_it_starts() -> None:
    """kap of steps of at most nu from B(w_0, s) is no larger than that of any two weights of B(w_0, s + nu)."""
    ball = about(units_at([TINY] * 4, [2.0] * 4))
    for s in (1.2 * TINY, 1.3 * TINY):
        (some, ell), (every, same) = (ball.recursion.pairs(1.2 * s, *k) for k in [(Upper(s), Upper(0.2 * s)), ()])
        assert some.value < 0.8 * every.value
        assert ell.value == same.value


# --- knapsacks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_a_knapsack_is_above_every_choice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 9))
    values, costs = rng.exponential(size=(2, count)), rng.exponential(size=(2, count)) * rng.integers(0, 2, (2, count))
    values[:, rng.integers(0, count)] = 0.0
    capacity = float(rng.exponential() * count / 3)
    bounds = knapsack.most(values, costs, capacity).value
    for row in range(2):
        best = max(
            values[row, list(chosen)].sum()
            for size in range(count + 1)
            for chosen in itertools.combinations(range(count), size)
            if costs[row, list(chosen)].sum() <= capacity
        )
        assert best <= bounds[row] * (1 + 1e-12)
        # The fractional solution is above it by one item at most.
        assert bounds[row] <= best + values[row].max() + 1e-12


# --- ties -------------------------------------------------------------------------------------------------------------


def test_what_nothing_moves_stays_and_what_stands_on_a_kink_may_flip() -> None:
    """A patch of zeros without a bias stays 0; a unit of weight 0 does not."""
    x = np.array([[0.0, 0.0, 1.0, 2.0]])
    patches = np.array([[[0, 1], [2, 3]]])
    w = np.array([[[0.3, 0.4], [0.0, 0.0]]])
    nodes = (Node(GraphInput(), (), 4), Node(a.Affine(0, patches, 1.0, 0.0), (0,), 4), Node(k.relu(), (1,), 4),
             Node(a.Affine(1, dense(4), 1.0, 0.0), (2,), 1))  # fmt: skip
    net = Network(Graph(nodes, (Group(w, None), Group(np.ones((1, 1, 4)), None))), x, np.ones((1, 1)))
    flips = about(net).recursion.flippable(1e-3)[2]
    assert flips.tolist() == [[False, False, False, True]]


def test_equal_patches_of_the_data_are_one_entry() -> None:
    x = np.array([[1.0, 2.0, 1.0, 2.0]])
    patches = np.array([[[0, 1], [2, 3]]])
    pool = k.Maximum(np.array([[0, 1]]), 0.0)
    nodes = (Node(GraphInput(), (), 4), Node(a.Affine(0, patches, 1.0, 0.0), (0,), 2), Node(pool, (1,), 1),
             Node(a.Affine(1, dense(1), 1.0, 0.0), (2,), 1))  # fmt: skip
    groups = (Group(np.array([[[0.3, 0.4]]]), None), Group(np.ones((1, 1, 1)), None))
    net = Network(Graph(nodes, groups), x, np.ones((1, 1)))
    assert not about(net).recursion.flippable(1e-3)
    x[0, 3] = 2.0 + 1e-9
    assert about(Network(net.graph, x, net.y)).recursion.flippable(1e-3)


def test_an_enclosure_that_meets_a_kink_widens_the_outputs() -> None:
    """A token whose rounded value cannot tell its side: rows count for either."""
    net = units_at([0.1, 2.0], [50.0, 1.0])
    net.graph.groups[0].weight[0, 0] = [0.1, -0.1]
    net = Network(net.graph, np.array([[0.3, 0.1 + 0.2]]), net.y)
    at = about(net).centre
    rule = at.rules[2]
    assert isinstance(rule, kinks.KinkRules)
    tokens = kinked_rules.met(rule, stored(net).kinds, at.values)
    assert tokens.tolist() == [[True, False]]
    assert kinked.jump_recursion(stored(net).kinds, at, 2).flippable(1e-300)[2].tolist() == [[True, False]]
