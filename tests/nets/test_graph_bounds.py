"""Bounds over a ball around a graph's weights: attained where they can be, never broken where a search goes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pltheory.nets.ball import GraphBounds
from pltheory.nets.centre import linearize
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.sums import Sum
from pltheory.rigor.arithmetic import INTERVALS
from pltheory.rigor.interval_arrays import INTERVAL_ARRAYS, intervals
from pltheory.rigor.scalar import interval
from pltheory.theory import arithmetic
from tests.nets.graph_checks import BALLS, bounds_of, searched
from tests.oracles.equality_cases import CASES, one_by_one, whole
from tests.oracles.graph_attack import offsets
from tests.oracles.graph_bounds import centres, claims, enclosed, in_floats, shrunk
from tests.oracles.graphs import alternating, hessians, jacobian, outputs, parameters
from tests.oracles.random_graphs import KINDS, random_graph


@pytest.mark.parametrize("name", CASES)
def test_both_forms_attain_the_second_derivative(name):
    case = CASES[name]()
    plain, verified = centres(case.graph, case.x)
    for value in GraphBounds.of(plain).forms(0.0, arithmetic.FLOATS):
        assert value == pytest.approx(case.value, rel=1e-8)
    for value in GraphBounds.of(verified).forms(interval(0.0), INTERVALS, interval):
        assert case.value <= value.hi * (1 + 1e-14) <= case.value * (1 + 1e-8)


@pytest.mark.parametrize("name", ["third power", "fourth power", "cube", "cube, other side", "positions"])
def test_bounds_over_a_ball_are_attained(name):
    """Where layers are tied, or their moves add, no split of the radius is lost."""
    make, radius = BALLS[name]
    change, bend = searched(name)
    bounds = bounds_of(*make())
    assert bounds.change(radius, arithmetic.FLOATS) == pytest.approx(change, rel=1e-5)
    assert bounds.lipschitz(radius, arithmetic.FLOATS) == pytest.approx(bend, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2 * len(KINDS)))
def test_no_point_of_a_ball_breaks_a_bound(seed):
    """Both ends of the direction in which J bends most, and two random points, one of them of one group."""
    drawn = random_graph(seed)
    small = seed >= len(KINDS)
    graph, x = (shrunk(drawn.graph, 0.1) if small else drawn.graph), drawn.x
    radius = 1.5 if small else (1e-3, 0.2)[seed % 2]
    w0 = parameters(graph)
    centre = jacobian(graph, w0, x)
    bend, top = alternating(hessians(graph, w0, x), starts=1, steps=10, seed=seed)
    claimed = claims(graph, x, drawn.y, radius)
    assert bend <= claimed.lipschitz
    assert claimed.floats[0] <= claimed.change * (1 + 1e-9)
    assert claimed.floats[1] <= claimed.lipschitz * (1 + 1e-9)
    for k, z in enumerate(torch.cat([torch.stack([top, -top]), offsets(graph, 2, seed)])):
        w = w0 + radius * z
        j = jacobian(graph, w, x)
        assert float(torch.linalg.matrix_norm(j - centre, 2)) <= claimed.change
        assert float(torch.linalg.matrix_norm(j, 2)) <= claimed.most
        if k % 2:
            forms = hessians(graph, w, x)
            assert alternating(forms, starts=1, steps=3, seed=0)[0] <= claimed.lipschitz
            r = (outputs(graph, w, x) - drawn.y).reshape(-1)
            if float(r.norm()) <= float((outputs(graph, w0, x) - drawn.y).norm()):
                ends = torch.linalg.eigvalsh(j.T @ j + torch.einsum("k,kij->ij", r, forms))
                assert float(ends[-1]) <= claimed.curvature
                assert float(-ends[0]) <= claimed.negative


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_all_arithmetics_say_the_same(seed):
    """One radius or a grid of them, floats or enclosures: an enclosure is not below the float, and close to it.

    Several radii share their choices between rows: below the last they are near what they are alone.
    """
    drawn = random_graph(seed)
    plain, verified = (GraphBounds.of(linearize(drawn.graph, drawn.x.numpy(), f)) for f in (FLOATS, VERIFIED))
    radii = np.array([1e-3, 0.05, 0.4])
    grid = [getattr(plain, name)(radii, arithmetic.ARRAYS) for name in ("change", "lipschitz")]
    boxes = [getattr(verified, name)(intervals(radii), INTERVAL_ARRAYS, intervals) for name in ("change", "lipschitz")]
    for k, radius in enumerate(radii):
        alone, high = in_floats(plain, float(radius)), enclosed(verified, float(radius))
        for one, above, many, box in zip(alone, high, grid, boxes, strict=True):
            assert one <= above * (1 + 1e-9) <= one * (1 + 1e-5)
            assert many[k] == pytest.approx(one, rel=1e-9 if k == 2 else 0.2)
            assert one * (1 - 1e-9) <= box.hi[k] <= many[k] * (1 + 1e-5 if k == 2 else 1.2)


def test_bounds_grow_with_the_radius_from_nothing():
    bounds = bounds_of(random_graph(9).graph, random_graph(9).x)
    radii = np.linspace(0.0, 0.5, 6)
    change, ell = bounds.change(radii, arithmetic.ARRAYS), bounds.lipschitz(radii, arithmetic.ARRAYS)
    assert change[0] == 0.0
    assert (np.diff(change) > 0).all()
    assert (np.diff(ell) > 0).all()


def linear_in_the_weights() -> list[tuple[str, Graph]]:
    """A layer; a layer gated by the data, on either side; a layer plus what a fixed map makes of the data."""
    data, layer = Node(Input(), (), 2), Node(Affine(0, whole(2), 1.0, 0.0), (0,), 2)
    group = (Group(np.array([[[1.0, 2.0], [0.5, -1.0]]]), None),)
    bent = Node(Pointwise("tanh"), (0,), 2)
    return [
        ("layer", Graph((data, layer), group)),
        ("gate", Graph((data, layer, Node(one_by_one(2), (0, 1), 2)), group)),
        ("other gate", Graph((data, layer, bent, Node(one_by_one(2), (1, 2), 2)), group)),
        ("sum", Graph((data, bent, layer, Node(Sum(), (1, 2), 2)), group)),
    ]


@pytest.mark.parametrize(("name", "graph"), linear_in_the_weights(), ids=lambda v: v if isinstance(v, str) else "")
def test_where_the_output_is_linear_in_the_weights_nothing_moves(name, graph):
    x = torch.tensor([[1.0, 2.0], [-0.3, 0.4]], dtype=torch.float64)
    plain, verified = (GraphBounds.of(at) for at in centres(graph, x))
    assert in_floats(plain, 3.0) == (0.0, 0.0)
    assert max(enclosed(verified, 3.0)) < 1e-150
    grid = verified.change(intervals(np.array([0.1, 1.0])), INTERVAL_ARRAYS, intervals)
    assert grid.hi.max() < 1e-150


def test_what_nothing_reads_adds_nothing():
    """Branches behind the output's own path, of its groups and with others, change no bound."""
    drawn = random_graph(0)
    nodes, groups = list(drawn.graph.nodes), (*drawn.graph.groups, Group(np.full((1, 3, 3), 5.0), None))
    last = nodes.pop()
    first = next(v for v, node in enumerate(nodes) if isinstance(node.kind, Affine))
    size = nodes[first].size
    own = nodes[first]
    nodes += [own, Node(Sum(), (len(nodes), first), size), Node(Pointwise("tanh"), (len(nodes) + 1,), size)]
    nodes.append(Node(Affine(len(groups) - 1, whole(3), 1.0, 0.0), (0,), 3))
    more = Graph((*nodes, last), groups)
    (plain, verified), (one, other) = centres(drawn.graph, drawn.x), centres(more, drawn.x)
    for a, b in ((plain, one), (verified, other)):
        assert in_floats(GraphBounds.of(a), 0.3) == pytest.approx(in_floats(GraphBounds.of(b), 0.3), rel=1e-12)
    np.testing.assert_allclose(one.kernel, plain.kernel, rtol=1e-12)
