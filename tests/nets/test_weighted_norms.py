"""Weights on outputs (L2) against brute force, in both fields and on every way through the code; signs of scales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.graph import Graph, Group
from pltheory.nets.kinds import weights
from pltheory.nets.kinds.affine import Affine
from pltheory.theory import arithmetic
from tests.nets.graph_checks import bounds_of
from tests.oracles.equality_cases import CASES
from tests.oracles.random_graphs import KINDS, random_graph

SHAPES = [(1, 1, 7, 30), (3, 4, 1, 5), (2, 9, 12, 4), (2, 9, 12, 25), (1, 40, 30, 25), (4, 3, 2, 40), (1, 2, 50, 1)]
"""(k, O, r, q): single rows, narrow patches, and wide ones with either Gram matrix."""


def draw(seed: int, shape: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Patches (k, r, q) near low rank, and weights (k, O, r), a fifth of them 0."""
    rng, (k, o, r, q) = np.random.default_rng(seed), shape
    e = rng.standard_normal((k, r, 1)) * rng.standard_normal((k, 1, q)) + 0.2 * rng.standard_normal((k, r, q))
    return e, np.abs(rng.standard_normal((k, o, r))) * (rng.random((k, o, r)) > 0.2)


def exact(e: np.ndarray, c: np.ndarray) -> float:
    return max(np.linalg.norm(w[:, None] * e[g], 2) for g in range(len(e)) for w in c[g])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("narrow", "first"), [(1, weights.FIRST), (3, 2), (weights.NARROW, 2)])
def test_it_is_the_largest_over_the_channels(monkeypatch, shape, narrow, first):
    """With patches as they are, or projected on few directions; all channels at once, or few at a time."""
    monkeypatch.setattr(weights, "NARROW", narrow)
    monkeypatch.setattr(weights, "FIRST", first)
    for seed in range(3):
        e, c = draw(seed, shape)
        plain = max(np.linalg.norm(part, 2) for part in e)
        value = exact(e, c)
        found = weights.weighted_norm(FLOATS, e, c, plain)
        assert value * (1 - 1e-12) <= found <= c.max() * plain * (1 + 1e-12)
        verified = weights.weighted_norm(VERIFIED, VERIFIED.constant(e), c, plain * (1 + 1e-12))
        assert value * (1 - 1e-14) <= verified <= found * (1 + 1e-5)
        if narrow == weights.NARROW:
            assert found <= value * (1 + 1e-9)


@pytest.mark.parametrize("few", [0, 1, 3])
def test_where_the_exact_ones_end_a_bound_is_left(monkeypatch, few):
    monkeypatch.setattr(weights, "EXACT", few)
    monkeypatch.setattr(weights, "NARROW", 2)
    e, c = draw(0, (1, 40, 30, 25))
    plain = float(np.linalg.norm(e[0], 2))
    value = exact(e, c)
    for found in (
        weights.weighted_norm(FLOATS, e, c, plain),
        weights.weighted_norm(VERIFIED, VERIFIED.constant(e), c, plain * (1 + 1e-12)),
    ):
        assert value * (1 - 1e-14) <= found <= c.max() * plain * (1 + 1e-9)


def test_patches_that_are_off_are_counted():
    """In the ball is a matrix with a longer top singular vector, by the radius."""
    for shape in SHAPES:
        e, c = draw(1, shape)
        off = 2.0**-12
        near = replace(VERIFIED.constant(e), rad=off)
        found = weights.weighted_norm(VERIFIED, near, c, max(np.linalg.norm(part, 2) for part in e) + off)
        worst = 0.0
        for g in range(len(e)):
            for w in c[g]:
                u, _, v = np.linalg.svd(w[:, None] * e[g], full_matrices=False)
                step = w * u[:, 0]
                moved = e.copy()
                if np.linalg.norm(step):
                    moved[g] += 0.999 * off * np.outer(step / np.linalg.norm(step), v[0])
                worst = max(worst, float(np.linalg.norm(w[:, None] * moved[g], 2)))
        assert found >= worst


def flipped(graph: Graph) -> Graph:
    """The same function, kappa and the weights of every affine node with the other sign."""
    nodes = tuple(
        replace(node, kind=replace(node.kind, kappa=-node.kind.kappa)) if isinstance(node.kind, Affine) else node
        for node in graph.nodes
    )
    return Graph(nodes, tuple(Group(-g.weight, g.bias) for g in graph.groups))


@pytest.mark.parametrize("kind", KINDS)
def test_the_sign_of_kappa_changes_nothing(kind):
    drawn = random_graph(4, kind)
    one, other = (bounds_of(g, drawn.x) for g in (drawn.graph, flipped(drawn.graph)))
    for radius in (0.0, 0.3):
        for name in ("change", "lipschitz"):
            found = [getattr(bounds, name)(radius, arithmetic.FLOATS) for bounds in (one, other)]
            assert found[0] == pytest.approx(found[1], rel=1e-9)


@pytest.mark.parametrize("scale", [0.7, -0.7])
def test_a_product_is_bounded_by_the_size_of_its_scale(scale):
    case = CASES["gate"]()
    last = case.graph.nodes[-1]
    graph = replace(case.graph, nodes=(*case.graph.nodes[:-1], replace(last, kind=replace(last.kind, scale=scale))))
    for form in bounds_of(graph, case.x).forms(0.0, arithmetic.FLOATS):
        assert form == pytest.approx(0.7 * case.value, rel=1e-12)
