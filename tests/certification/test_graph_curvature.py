"""The curvature of a graph's Hessian by blocks: equal to autograd's at a point, never exceeded in a ball."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from pltheory.certification.trajectory import graph_curvature as gc
from pltheory.certification.trajectory.graph_bounds import graph_reference
from pltheory.certification.trajectory.graph_certify import GraphRun
from pltheory.nets.channels import Channels
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.fields.verified import Near
from pltheory.nets.gradient import forward, pulled_back
from pltheory.nets.graph import Graph
from tests.oracles.channel_graphs import ALIKE, OTHERS, drawn, moved, second_part, targets_hit
from tests.oracles.graphs import jacobian, outputs, parameters


def blocks(graph: Graph, x, y, field):
    """Q, P of the graph and what else is there at its weights."""
    parts = Channels.of(graph)
    tape = forward(graph, x, field)
    residual = field.add(tape.values[-1], field.constant(-y))
    pulled_back(graph, tape, residual)
    return parts, tape, residual, parts.blocks(tape, residual, parts.squares(tape))


def extremes_of(form, mixed) -> tuple[float, float]:
    """(-lambda_min, lambda_max) over the blocks, and 0."""
    low, high = 0.0, 0.0
    for q, p in zip(form, mixed, strict=True):
        values = np.linalg.eigvalsh(np.block([[q, p], [p.T, np.zeros((p.shape[1],) * 2)]]))
        low, high = max(low, -values[0]), max(high, values[-1])
    return low, high


@pytest.mark.parametrize("outputs_of", [1, 2])
@pytest.mark.parametrize("name", ALIKE)
def test_blocks_have_the_eigenvalues_of_the_whole_matrix(name, outputs_of):
    graph, x, y = drawn(name, 1, outputs_of=outputs_of)
    whole = np.linalg.eigvalsh(second_part(graph, parameters(graph), x, y).numpy())
    _, _, _, (form, mixed) = blocks(graph, x, y, FLOATS)
    np.testing.assert_allclose(extremes_of(form, mixed), (-whole[0], whole[-1]), rtol=1e-10)
    # Every eigenvalue, not the extreme ones alone.
    found = [
        np.linalg.eigvalsh(np.block([[q, p], [p.T, np.zeros((p.shape[1],) * 2)]]))
        for q, p in zip(form, mixed, strict=True)
    ]
    found = np.sort(np.abs(np.concatenate(found)))[::-1]
    wanted = np.sort(np.abs(whole))[::-1]
    count = min(len(found), len(wanted))
    np.testing.assert_allclose(found[:count], wanted[:count], atol=1e-11)


@pytest.mark.parametrize("name", OTHERS)
def test_other_graphs_are_not_taken_for_one(name):
    assert Channels.of(drawn(name)[0]) is None


@pytest.mark.parametrize("name", ALIKE)
def test_extremes_are_verified_and_sharp(name):
    graph, x, y = drawn(name, 2, outputs_of=2)
    _, _, _, (form, mixed) = blocks(graph, x, y, VERIFIED)
    whole = np.linalg.eigvalsh(second_part(graph, parameters(graph), x, y).numpy())
    low, high = gc.extremes(form, mixed)
    for bound, truth in ((low, -whole[0]), (high, whole[-1])):
        assert truth * (1 - 1e-12) <= bound <= truth * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_a_blocks_bound_holds_for_any_matrices(seed):
    """Zero, indefinite, tiny and huge parts; what is off in Q and P is added."""
    rng = np.random.default_rng(seed)
    q, p = rng.standard_normal((4, 3, 3)), rng.standard_normal((4, 3, 5))
    q = (q + q.swapaxes(1, 2)) * np.array([1.0, 0.0, 1e-9, 1e9])[:, None, None]
    p = p * rng.choice([0.0, 1.0, 1e-8, 1e5], size=4)[:, None, None]
    for form, mixed in ((q, p), (q, 0 * p), (0 * q, p), (-np.abs(q) - 4 * np.eye(3), 1e-3 * p)):
        form = 0.5 * (form + form.swapaxes(1, 2))
        truth = extremes_of(form, mixed)
        low, high = gc.extremes(Near(form), Near(mixed))
        scale = 1e-12 * max(np.abs(form).max(), np.abs(mixed).max())
        assert truth[0] - scale <= low <= truth[0] * 1.1 + 1e-100
        assert truth[1] - scale <= high <= truth[1] * 1.1 + 1e-100
        wide = gc.extremes(Near(form, 0.25), Near(mixed, 0.5))
        assert wide[0] >= low + 0.75 * (1 - 1e-12)
        assert wide[1] >= high + 0.75 * (1 - 1e-12)


def test_zero_blocks_have_no_curvature():
    assert max(gc.extremes(Near(np.zeros((2, 3, 3))), Near(np.zeros((2, 3, 4))))) < 1e-90


# --- over a ball ------------------------------------------------------------------------------------------------------


class Bound:
    """The bound at a graph's weights over a ball, without the loop around it."""

    def __init__(self, graph: Graph, x, y, radius: float) -> None:
        run = object.__new__(GraphRun)
        run.x, run.y, run.net, run.records, run.eps = x, y, graph, [], 0.5 * radius
        run.parts = Channels.of(graph)
        run.squares = run.parts.squares(forward(graph, x, VERIFIED))
        run.eta, run.scale = 1.0, 1
        run.at = GraphRun.look(run)
        run.ref = graph_reference(graph, x, radius, 0.04)
        self.run, self.around = run, run._around(run.parts)

    def __call__(self) -> tuple[float, float]:
        run = self.run
        return gc.channel_curvature(run.parts, run.at.tape, run.at.residual, run.squares, self.around)


def climbed(graph, x, y, radius, value, seed, starts=2, steps=5):
    """The largest value found in the ball by ascent, over flat parameters."""
    centre = parameters(graph)
    gen = torch.Generator().manual_seed(seed)
    best = -np.inf
    for _ in range(starts):
        d = torch.randn(centre.shape, generator=gen, dtype=torch.float64)
        d = radius * d / d.norm()
        for _ in range(steps):
            d.requires_grad_(True)
            found = value(centre + d)
            best = max(best, float(found.detach()))
            (slope,) = torch.autograd.grad(found, d)
            d = d.detach() + 0.5 * radius * slope / slope.norm().clamp(min=1e-300)
            d = d * min(1.0, radius / float(d.norm()))
    return best


@pytest.mark.slow
@pytest.mark.parametrize(("radius", "hit"), [(1e-5, False), (0.3, False), (0.3, True)])
@pytest.mark.parametrize("name", ["bias", "strided", "grouped", "pooled"])
def test_no_point_of_the_ball_bends_more_than_the_bound(name, radius, hit):
    graph, x, y = drawn(name, 3)
    if hit:  # then E vanishes at the centre, and all of it is change
        y = targets_hit(graph, parameters(graph), x)
    norm, concave = Bound(graph, x, y, radius)()
    assert concave <= norm
    low = climbed(graph, x, y, radius, lambda w: -torch.linalg.eigvalsh(second_part(graph, w, x, y))[0], 1)
    high = climbed(graph, x, y, radius, lambda w: torch.linalg.eigvalsh(second_part(graph, w, x, y))[-1], 2)
    assert 0 < low <= concave
    assert high <= norm
    if radius < 0.01 and not hit:
        assert concave <= 1.01 * low
    if hit:
        assert concave <= 1000 * low  # a bound a million times the truth would show no slip


# Targets hit: all change is the residual's. Missed by far: all is that of the weights. Large data,
# small ball: powers of the patches' norm count. A head of zeros: nothing but its own change sends a residual back.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("miss", "size", "head"), [(1.0, 1.0, 1.0), (0.0, 1.0, 1.0), (0.0, 30.0, 1.0), (300.0, 1.0, 0.0), (1e4, 1.0, 10.0)]
)
@pytest.mark.parametrize("name", ["conv", "strided", "grouped", "pooled", "permuted"])
def test_each_change_is_bounded_by_itself(name, miss, size, head):
    """Q and P apart, by points of the ball; a change that lost one of its terms is not large enough somewhere."""
    graph, x, y = drawn(name, 4, act="sin")
    x = size * x
    first, last = graph.groups
    graph = graph.replaced((first, dataclasses.replace(last, weight=head * last.weight)))
    y = targets_hit(graph, parameters(graph), x) + miss * y
    radius = 0.2 / size
    bound = Bound(graph, x, y, radius)
    most = gc.form_change(bound.around, 1.0, 1.0), gc.mixed_change(bound.around, 1.0, 1.0)
    _, _, _, (q, p) = blocks(graph, x, y, FLOATS)
    rng, worst = np.random.default_rng(5), [0.0, 0.0]
    centre = parameters(graph)
    data = torch.as_tensor(x)
    slopes = jacobian(graph, centre, data)
    steepest = torch.linalg.svd(slopes)[2][0]  # the residual changes most along it
    for trial in range(24):
        d = steepest.clone() if trial < 2 else torch.as_tensor(rng.standard_normal(len(centre)))
        if trial % 3 == 2:  # the head's weights alone
            d[: graph.groups[0].weight.size] = 0.0
        d = (-1) ** trial * radius * d / d.norm()
        _, _, _, (q1, p1) = blocks(moved(graph, centre + d), x, y, FLOATS)
        worst[0] = max(worst[0], float(np.linalg.norm(q1 - q, 2, axis=(1, 2)).max()))
        worst[1] = max(worst[1], float(np.linalg.norm(p1 - p, 2, axis=(1, 2)).max()))
    assert 0 < worst[0] <= most[0]
    assert 0 < worst[1] <= most[1]
    assert worst[1] >= 0.005 * most[1]


def test_outputs_of_the_oracle_are_the_graphs():
    graph, x, y = drawn("permuted", 1)
    tape = forward(graph, x, VERIFIED)
    wanted = outputs(graph, parameters(graph), torch.as_tensor(x)).numpy()
    assert np.abs(tape.values[-1].mid - wanted).max() < 1e-12
    residual = VERIFIED.add(tape.values[-1], VERIFIED.constant(-y))
    found = pulled_back(graph, tape, residual)
    flat = np.concatenate([np.append(g.mid[..., :-1].ravel(), g.mid[..., -1].ravel()) for g in found])
    gradient = jacobian(graph, parameters(graph), torch.as_tensor(x)).T @ torch.as_tensor((wanted - y).ravel())
    np.testing.assert_allclose(flat, gradient.numpy(), atol=1e-12)
