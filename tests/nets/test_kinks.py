"""Nodes with kinks: values, derivatives, margins and what may flip, against plain torch, fractions and brute force."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from pltheory.nets.centre import linearize
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.jumps import knapsack
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear, clipped, leaky_relu, modulus, relu, shrunk
from pltheory.theory import InvalidInputError
from tests.oracles import graphs as by_torch
from tests.oracles.kinked import parameters, passed
from tests.oracles.random_kinks import KINDS, random_kinks

ACTS = {"relu": relu(), "leaky": leaky_relu(0.1), "hardtanh": clipped(-0.7, 0.7), "modulus": modulus(),
        "softshrink": shrunk(0.4)}  # fmt: skip
WINDOWS = {
    "disjoint": [[0, 1], [2, 3], [4, 5]],
    "overlapping": [[0, 1, 2], [1, 2, 3], [2, 4, 5]],
    "padded behind": [[0, 1, -1], [2, 3, 4], [5, -1, -1]],
    "padded in front": [[-1, 0, 1], [-1, -1, 4], [2, 3, 5]],
}


def on_top(kind, weight: np.ndarray, size: int, *, bias: np.ndarray | None = None, head: np.ndarray | None = None):
    """Input, a dense layer, the kind, a dense head (of ones)."""
    o, q = weight.shape
    head = np.ones((1, size)) if head is None else head
    nodes = (
        Node(Input(), (), q),
        Node(Affine(0, np.arange(q)[None, None], 1.0, 0.0 if bias is None else 1.0), (0,), o),
        Node(kind, (1,), size),
        Node(Affine(1, np.arange(size)[None, None], 1.0, 0.0), (2,), len(head)),
    )
    return Graph(nodes, (Group(weight[None], None if bias is None else bias[None]), Group(head[None], None)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3 * len(KINDS)))
def test_values_and_derivatives_are_those_of_torch(seed):
    drawn = random_kinks(seed)
    x = torch.tensor(drawn.x)
    w = by_torch.parameters(drawn.graph)
    f, j = by_torch.outputs(drawn.graph, w, x).numpy(), by_torch.jacobian(drawn.graph, w, x).numpy()
    plain, verified = (linearize(drawn.graph, drawn.x, field, jumps=True) for field in (FLOATS, VERIFIED))
    again = passed(drawn.graph, w.numpy(), drawn.x)
    np.testing.assert_allclose(again.outputs, f, atol=1e-12)
    np.testing.assert_allclose(plain.outputs, f, atol=1e-12)
    assert np.linalg.norm(verified.outputs.mid - f) <= verified.outputs.rad + 1e-12
    if all((at.margins.nearest > 1e-12).all() for at in plain.numbers if hasattr(at, "margins")):
        np.testing.assert_allclose(again.jacobian, j, atol=1e-12)
        np.testing.assert_allclose(plain.kernel, j @ j.T, atol=1e-11)
        assert np.linalg.norm(verified.kernel.mid - j @ j.T) <= verified.kernel.rad + 1e-11


@pytest.mark.parametrize("below", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("name", WINDOWS)
def test_a_maximum_and_its_derivative_are_those_of_torch(name, below):
    rng = np.random.default_rng(3)
    kind = Maximum(np.array(WINDOWS[name]), below)
    graph = on_top(kind, rng.standard_normal((6, 3)), 3, head=rng.standard_normal((2, 3)))
    x = rng.standard_normal((5, 3))
    w, t = by_torch.parameters(graph), torch.tensor(x)
    j = by_torch.jacobian(graph, w, t).numpy()
    plain = linearize(graph, x, FLOATS)
    np.testing.assert_allclose(plain.outputs, by_torch.outputs(graph, w, t).numpy(), atol=1e-13)
    np.testing.assert_allclose(plain.kernel, j @ j.T, atol=1e-12)


@pytest.mark.parametrize(("kind", "function"), [
    (relu(), torch.relu),
    (leaky_relu(0.1), lambda z: torch.nn.functional.leaky_relu(z, 0.1)),
    (clipped(-1.0, 1.0), torch.nn.functional.hardtanh),
    (clipped(0.0, 6.0), torch.nn.functional.relu6),
    (modulus(), torch.abs),
    (shrunk(0.5), torch.nn.functional.softshrink),
])  # fmt: skip
def test_functions_of_one_entry_are_torch_s(kind, function):
    x = np.linspace(-8.0, 8.0, 41)[:, None]
    graph = on_top(kind, np.ones((1, 1)), 1)
    at = linearize(graph, x, VERIFIED)
    np.testing.assert_allclose(at.outputs.mid, function(torch.tensor(x)).numpy(), rtol=1e-15)
    assert at.numbers[2].js == pytest.approx(float(np.ptp(kind.slopes)), rel=1e-15)
    assert at.numbers[2].s1 == 1.0


def exact(graph: Graph, x: np.ndarray) -> list[list[list[Fraction]]]:
    """a_v of every node by fractions: the exact network."""
    found = [[[Fraction(float(e)) for e in row] for row in x]]
    for node in graph.nodes[1:]:
        before, kind = found[node.inputs[0]], node.kind
        if isinstance(kind, Affine):
            group = graph.groups[kind.group]
            rows = [
                [
                    sum((Fraction(kind.kappa) * Fraction(float(group.weight[g, o, q])) * row[e]
                         for q, e in enumerate(kind.patches[g, p]) if e >= 0), Fraction(0))
                    + (0 if group.bias is None else Fraction(kind.tau) * Fraction(float(group.bias[g, o])))
                    for g in range(kind.patches.shape[0])
                    for o in range(group.weight.shape[1])
                    for p in range(kind.patches.shape[1])
                ]
                for row in before
            ]  # fmt: skip
        elif isinstance(kind, PiecewiseLinear):
            cut = [Fraction(float(b)) for b in kind.breaks]
            rows = [[_applied(kind, sum(z > b for b in cut), z) for z in row] for row in before]
        else:
            slope = Fraction(kind.slope_below)
            tops = [[max(row[e] for e in window if e >= 0) for window in kind.windows] for row in before]
            rows = [[top if top > 0 else slope * top for top in row] for row in tops]
        found.append(rows)
    return found


def _applied(kind: PiecewiseLinear, piece: int, z: Fraction) -> Fraction:
    return Fraction(float(kind.slopes[piece])) * z + Fraction(float(kind.intercepts[piece]))


CHAINS = ["one", "two", "conv", "conv_pool", "conv_max", "conv_pool_hidden", "conv_max_hidden", "maxout", "positions"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", CHAINS)
def test_the_verified_field_encloses_exact_values_and_margins(kind, seed):
    drawn = random_kinks(100 + seed, kind)
    at, true = linearize(drawn.graph, drawn.x, VERIFIED), exact(drawn.graph, drawn.x)
    off = sum((Fraction(float(m)) - z) ** 2 for mid, row in zip(at.outputs.mid, true[-1], strict=True)
              for m, z in zip(mid, row, strict=True))  # fmt: skip
    assert off <= Fraction(at.outputs.rad) ** 2
    for v, node in enumerate(drawn.graph.nodes):
        if not isinstance(node.kind, PiecewiseLinear | Maximum):
            continue
        for margins, row in zip(at.numbers[v].margins.nearest, true[node.inputs[0]], strict=True):
            for margin, square in zip(margins, squared_margins(node.kind, row), strict=True):
                equal = margin > 1 and square == 0  # entries that are one function of the weights, or patches of 0
                assert equal or square is None or Fraction(float(margin)) ** 2 <= square


def squared_margins(kind: PiecewiseLinear | Maximum, z: list[Fraction]) -> list[Fraction | None]:
    """Exact squares of the margins, by the table; None where nothing bounds it."""
    if isinstance(kind, PiecewiseLinear):
        return [min((e - Fraction(float(b))) ** 2 for b in kind.breaks) for e in z]
    found = []
    for window in kind.windows:
        ordered = sorted((z[e] for e in window if e >= 0), reverse=True)
        between = (ordered[0] - ordered[1]) ** 2 / 2 if len(ordered) > 1 else None
        sign = None if kind.slope_below == 1 else ordered[0] ** 2
        if kind.slope_below == 0 and ordered[0] <= 0:
            between = None
        both = [m for m in (between, sign) if m is not None]
        found.append(min(both) if both else None)
    return found


def pieces_of(kind, z: np.ndarray) -> tuple[int, ...]:
    """The piece of the one token z, interior or not: by which rule it is computed."""
    if isinstance(kind, PiecewiseLinear):
        return (int((z[0] > kind.breaks).sum()),)
    top = int(z.argmax())
    if kind.slope_below == 1:
        return (top,)
    return (-1,) if z[top] <= 0 and kind.slope_below == 0 else (top, int(z[top] > 0))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*ACTS, 0.0, 0.1, 1.0], ids=str)
def test_a_margin_is_the_distance_to_another_piece(kind):
    """No step shorter than the margin changes the piece; some step a little longer does."""
    rng = np.random.default_rng(11)
    node = ACTS[kind] if isinstance(kind, str) else Maximum(np.arange(3)[None], kind)
    d = 1 if isinstance(kind, str) else 3
    for _ in range(40):
        z = rng.standard_normal(d) - (0.7 if rng.integers(2) else 0.0)
        at = linearize(on_top(node, z[:, None], 1), np.ones((1, 1)), VERIFIED)
        margin = float(at.numbers[2].margins.nearest[0, 0])
        pairs = [np.eye(d)[a] - np.eye(d)[b] for a in range(d) for b in range(d) if a != b]
        ways = np.array([*np.eye(d), *-np.eye(d), *pairs, *rng.standard_normal((50, d))])
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        assert all(pieces_of(node, z + 0.999999 * margin * v) == pieces_of(node, z) for v in ways)
        assert any(pieces_of(node, z + 1.000001 * margin * v) != pieces_of(node, z) for v in ways)


def best_set(values: np.ndarray, costs: np.ndarray, cap: float) -> float:
    """By all subsets."""
    k = range(len(values))
    subsets = (list(s) for r in range(len(values) + 1) for s in itertools.combinations(k, r))
    return max(float(values[s].sum()) for s in subsets if math.fsum(costs[s]) <= cap)


def test_a_knapsack_is_between_all_subsets_and_the_linear_program():
    rng = np.random.default_rng(5)
    for _ in range(300):
        k = int(rng.integers(1, 9))
        values, costs = rng.random(k) * (rng.random(k) < 0.9), rng.random(k) ** 2 * (rng.random(k) < 0.8)
        if rng.integers(3) == 0:
            costs, values = np.round(4 * costs), np.round(4 * values)
        allowed = rng.random(k) < 0.8
        cap = float(rng.choice([0.0, rng.random(), costs.sum(), 1e6]))
        found = knapsack(values, costs, cap, allowed)
        v, c = values[allowed], costs[allowed]
        assert best_set(v, c, cap) <= found
        if len(v):
            relaxed = -linprog(-v, A_ub=c[None], b_ub=[cap], bounds=[(0, 1)] * len(v)).fun
            assert found == pytest.approx(relaxed, rel=1e-7, abs=1e-9)


def test_a_margin_of_nothing_costs_nothing():
    """Free items all count, and buy nothing off the others."""
    values, costs = np.array([1.0, 2.0, 5.0]), np.array([0.0, 0.0, 1.0])
    everything = np.ones(3, dtype=bool)
    assert knapsack(values, costs, 0.0, everything) == pytest.approx(3.0)
    assert knapsack(values, costs, 0.5, everything) == pytest.approx(5.5)
    assert knapsack(values, costs, 1.0, everything) == pytest.approx(8.0)
    assert knapsack(values, costs, 9.0, np.zeros(3, dtype=bool)) == 0.0
    assert knapsack(values[:0], costs[:0], 1.0, everything[:0]) == 0.0


@pytest.mark.parametrize(("change", "message"), [
    ({"breaks": [0.0, 0.0], "slopes": [0.0, 1.0, 1.0], "intercepts": [0.0] * 3}, "breaks must increase"),
    ({"breaks": [0.0], "slopes": [0.0, 1.0], "intercepts": [0.0, 1.0]}, "jumps at a break"),
    ({"breaks": [0.0], "slopes": [0.0], "intercepts": [0.0]}, "do not fit"),
    ({"breaks": [1.0], "slopes": [0.5, 2.0], "intercepts": [0.0, -1.5]}, "a slope and an intercept"),
    ({"breaks": [0.0], "slopes": [0.0, np.inf], "intercepts": [0.0, 0.0]}, "not finite"),
])  # fmt: skip
def test_what_is_no_such_function_is_refused(change, message):
    kind = PiecewiseLinear(**{k: np.array(v) for k, v in change.items()})
    with pytest.raises(InvalidInputError, match=message):
        on_top(kind, np.ones((1, 1)), 1)


@pytest.mark.parametrize(("windows", "below", "message"), [
    ([[0, 0]], 1.0, "twice"), ([[-1, -1]], 1.0, "empty"), ([[0, 1], [0, 1]], 1.0, "another size"),
    ([[0, 1]], 1.5, "must lie in"), ([[0, 2]], 1.0, "windows"),
])  # fmt: skip
def test_what_is_no_such_maximum_is_refused(windows, below, message):
    with pytest.raises(InvalidInputError, match=message):
        on_top(Maximum(np.array(windows), below), np.ones((2, 1)), 1)


def test_a_window_that_holds_everything_once_is_its_input():
    graph = on_top(Maximum(np.arange(3)[:, None], 1.0), np.eye(3), 3)
    at = linearize(graph, np.ones((1, 3)), VERIFIED)
    assert (at.numbers[2].margins.nearest > 1e300).all()
    assert parameters(graph).size == 12


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_knapsack_with_a_value_that_is_no_number_is_infinite(value: float) -> None:
    """A maximum over samples would pass over a NaN."""
    assert knapsack(np.array([1.0, value]), np.ones(2), 1.0, np.ones(2, dtype=bool)) == np.inf
