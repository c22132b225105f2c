"""Theorem D on graphs against exact trajectories: every error bound holds, and planted failures are noticed."""

from __future__ import annotations

import dataclasses
import itertools
import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from flint import arb
from torch import nn

import pltheory as pl
from pltheory.certification.stored_graph import GraphArrays
from pltheory.certification.trajectory import certify as td
from pltheory.certification.trajectory import claim as td_claim
from pltheory.certification.trajectory import graph_bounds as gb
from pltheory.certification.trajectory import graph_certify as gt
from pltheory.certification.trajectory.basin import Basin
from pltheory.nets.fields.verified import Near
from pltheory.nets.graph import Graph
from pltheory.optim import ClippedSettings, DeltaGClipSettings, GradientDescentSettings, certifiable
from pltheory.problem.architectures import convolutional
from pltheory.problem.data import digits
from pltheory.problem.problem import Problem
from pltheory.rigor.scalar import interval
from pltheory.theory import InvalidInputError
from pltheory.theory.verdict import Verdict
from pltheory.verification.report import verify
from tests.by_name import trajectory_claim
from tests.oracles.channel_graphs import drawn, moved, second_part
from tests.oracles.exact_graph_trajectory import ExactGraph
from tests.oracles.graphs import jacobian, outputs, parameters
from tests.oracles.random_graphs import random_graph


class Run(gt.GraphRun):
    """The loop on a graph that no module stands behind."""

    def take(self, problem) -> GraphArrays:
        return problem.arrays


def run_on(graph: Graph, x, y, rule: ClippedSettings, share: Fraction = Fraction(1)) -> Run:
    return Run(SimpleNamespace(arrays=GraphArrays(graph, x, y), share=share), certifiable(rule))


def follow(run: Run, steps: int, *, eta: float | None = None) -> list[tuple[arb, float]]:
    """(distance to the exact iterate, eps) after every step."""
    exact = ExactGraph.of(run.net, run.x, run.y, run.scale)
    pairs = []
    for _ in range(steps):
        run.advance()
        exact.step(eta or run.eta, run.gamma, run.delta)
        apart = exact.distance(run.net)
        assert float(apart.rad()) < 1e-30, "the oracle itself is not sharp"
        pairs.append((apart, run.eps))
    return pairs


def violations(pairs) -> list[int]:
    return [t for t, (apart, eps) in enumerate(pairs, 1) if not apart <= arb(eps)]


def gradient_norm(graph: Graph, x, y) -> float:
    data = torch.as_tensor(x)
    r = outputs(graph, parameters(graph), data).detach() - torch.as_tensor(y)
    return float((jacobian(graph, parameters(graph), data).T @ r.reshape(-1)).norm())


# name: (graph, outputs, share, part of the first gradient that is gamma, delta, branches to be met)
RUNS = {
    "conv": ("conv", 1, 1, 1e3, 0.1, {"full"}),
    "bias-mean": ("bias", 1, 3, 0.6, 0.5, {"full", "band"}),
    "grouped-two": ("grouped", 2, 1, 0.1, 0.3, {"floor"}),
    "pooled": ("pooled", 1, 1, 0.2, 0.01, {"band"}),
    "dense-permuted": ("dense", 2, 2, 1e3, 0.1, {"full"}),
    "another-graph": ("two-convs", 1, 1, 0.7, 0.3, {"band"}),
    "tied": ("tied", 3, 1, 1e3, 0.3, {"full"}),
    "a-residual": ("residual", 1, 1, 1e3, 0.3, {"full"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_exact_iterates_stay_within_the_error_bound(name):
    kind, c, n, part, delta, wanted = RUNS[name]
    graph, x, y = drawn(kind, 5, outputs_of=c)
    share = Fraction(1, n)
    gamma = part * gradient_norm(graph, x, 3 * y) / n
    run = run_on(graph, x, 3 * y, DeltaGClipSettings("0.9/beta", gamma, delta), share)
    pairs = follow(run, 8)
    assert violations(pairs) == []
    assert wanted <= {b for r in run.records for b in r.branches}
    # A bound a million times the truth would pass and be useless.
    assert run.eps < 1e6 * max(float(pairs[-1][0].mid()), 1e-17)


@pytest.mark.parametrize("wrong", [2.0, 1 + 1e-10])
def test_a_trajectory_with_another_step_size_is_not_within_the_bound(wrong):
    graph, x, y = drawn("conv", 5)
    run = run_on(graph, x, 3 * y, DeltaGClipSettings("0.9/beta", 1e3, 0.1))
    assert violations(follow(run, 4, eta=run.eta * wrong))


def test_an_uncertain_residual_is_counted(monkeypatch):
    """With a residual known to 1e-6 only, and wrong by that, rho must carry eta times the gradient's error."""
    graph, x, y = drawn("bias", 5)
    honest = gt.VERIFIED.add

    class Coarse(type(gt.VERIFIED)):
        rad = 1e-6

        def add(self, a, b):
            found = honest(a, b)
            if b.mid.shape == y.shape and (b.mid == -3 * y).all():
                return Near(found.mid + 9e-7 / math.sqrt(y.size), found.rad + self.rad)
            return found

    rule = DeltaGClipSettings("0.9/beta", 1e3, 0.1)
    monkeypatch.setattr(gt.GraphRun, "field", Coarse())
    run = run_on(graph, x, 3 * y, rule)
    assert violations(follow(run, 4)) == []
    assert run.eps > 1e-8
    Coarse.rad = 0.0
    assert violations(follow(run_on(graph, x, 3 * y, rule), 4))


def started_apart(name: str, steps: int, apart: float, part: float, delta: float):
    """A run whose exact partner starts at a distance, where the loss bends down most; steps at which it is too far."""
    graph, x, y = drawn(name, 6)
    y = 5 * y
    w, data = parameters(graph), torch.as_tensor(x)
    hess = second_part(graph, w, x, y) + jacobian(graph, w, data).T @ jacobian(graph, w, data)
    direction = torch.linalg.eigh(hess)[1][:, 0]
    run = run_on(graph, x, y, DeltaGClipSettings("0.9/beta", part * gradient_norm(graph, x, y), delta))
    run.eps = apart
    run.refer()
    run.at = run.look()
    exact = ExactGraph.of(moved(graph, w + apart * (1 - 1e-9) * direction), x, y)
    bad = []
    for _ in range(steps):
        run.advance()
        exact.step(run.eta, run.gamma, run.delta)
        if not exact.distance(run.net) <= arb(run.eps):
            bad.append(run.t)
    return bad, run


APART = {"full": ("conv", 50.0, 0.1), "band": ("bias", 0.5, 0.01), "floor": ("pooled", 0.1, 0.5)}


@pytest.mark.slow
@pytest.mark.parametrize("branch", APART)
def test_distance_already_there_grows_no_faster_than_the_factor(branch, monkeypatch):
    kind, part, delta = APART[branch]
    bad, run = started_apart(kind, 4, 1e-3, part, delta)
    assert bad == []
    assert branch in {b for r in run.records for b in r.branches}
    honest = td.growth
    monkeypatch.setattr(td, "growth", lambda *a: dataclasses.replace(honest(*a), factor=1.0))
    assert started_apart(kind, 4, 1e-3, part, delta)[0]


def test_curvature_that_forgets_what_bends_down_is_caught(monkeypatch):
    kind, part, delta = APART["full"]
    honest = gt.channel_curvature
    monkeypatch.setattr(gt, "channel_curvature", lambda *a: (honest(*a)[0], 0.0))
    assert started_apart(kind, 4, 1e-3, part, delta)[0]


def test_blocks_are_used_and_sharper_than_the_norms():
    graph, x, y = drawn("conv", 5)
    run = run_on(graph, x, 3 * y, DeltaGClipSettings("0.9/beta", 1e3, 0.1))
    run.advance()
    record = run.records[0]
    general = record.residual * run.ref.ell
    assert record.concave <= record.curvature < 0.8 * general
    assert record.beta >= record.lipschitz**2 + record.curvature
    off = outputs(graph, parameters(graph), torch.as_tensor(x)) - torch.as_tensor(3 * y)
    assert float(off.norm()) * (1 - 1e-12) <= record.residual <= float(off.norm()) * (1 + 1e-6)


def test_a_factor_that_is_off_is_counted():
    found = gt.scaled(gt.VERIFIED, Near(np.array([3.0, 4.0]), 0.5), 0.3, interval(0.5))
    assert found.rad >= 0.2 * 5 + 0.5 * 0.5


def test_a_reference_bounds_what_it_says():
    graph, x, _ = drawn("bias", 7, outputs_of=2)
    ref = gb.graph_reference(graph, x, 0.1, 0.04)
    w, data = parameters(graph), torch.as_tensor(x)
    at = jacobian(graph, w, data)
    singular = torch.linalg.svdvals(at)
    assert singular[-1] * (1 - 1e-6) <= ref.sigma_lower() <= singular[-1]
    assert singular[0] <= ref.jacobian <= singular[0] * (1 + 1e-6)
    gen = torch.Generator().manual_seed(0)
    for _ in range(20):
        d = torch.randn(w.shape, generator=gen, dtype=torch.float64)
        d = ref.radius * d / d.norm()
        there = jacobian(graph, w + d, data)
        change = float(torch.linalg.matrix_norm(there - at, 2))
        assert change <= min(ref.radius * ref.ell, ref.change_within(ref.radius))
        assert float(torch.linalg.matrix_norm(there, 2)) <= ref.lipschitz
        for v, spread in ref.spreads.items():
            kind = graph.nodes[v].kind
            weight = moved(graph, w + d).groups[kind.group].weight
            assert kind.kappa * np.linalg.norm(weight[0], 2) <= spread


def test_references_cover_every_ball():
    graph, x, y = drawn("conv", 5)
    run = run_on(graph, x, 3 * y, DeltaGClipSettings("0.9/beta", 1e3, 0.1))
    for _ in range(30):
        assert gt.distance_up(run.net, run.ref.network) + run.radius <= run.ref.radius * (1 + 1e-12)
        run.advance()


@pytest.mark.parametrize("kind", ["pooling", "attention"])
def test_graphs_without_blocks_are_followed_by_norms(kind):
    drawn_graph = random_graph(11, kind)
    x, y = drawn_graph.x.numpy(), drawn_graph.y.numpy()
    run = run_on(drawn_graph.graph, x, y, GradientDescentSettings("0.5/beta"))
    assert run.parts is None
    run.advance()
    assert run.records[0].concave == run.records[0].curvature
    assert 0 < run.eps < 1e-9


# --- end to end -------------------------------------------------------------------------------------------------------


BASIN = Basin(True, 0.0, 0.5, 1.0, 1.0, 1.0, 0.1, 0.5, 0.1, 0.5, (0.0, 1.0), (1.0, 1.0), 1.0, 1.0)


def problem(n=5, channels=16, loss="sum", **more) -> Problem:
    net = convolutional(shape=(1, 8, 8), channels=[channels], seed=0, **more)
    return Problem(net, *digits(n, flat=False), loss)


@pytest.mark.slow
def test_five_digits_are_certified_from_initialisation(tmp_path):
    found = gt.certify_graph_trajectory(problem(), DeltaGClipSettings("1/beta", 1e9, 0.1), steps_limit=300)
    assert found.status == "CERTIFIED"
    assert found.steps > 20
    assert found.eps < 1e-7
    assert found.growth < 10
    assert found.basin.available > found.basin.residual
    # The computed run goes where the theorem says: zero loss within the proved distance, at the proved rate.
    run = run_on(found.final, found.start.x, found.start.y, DeltaGClipSettings(found.eta, 1e9, 0.1))
    losses = []
    for _ in range(40):
        losses.append(run.at.residual_norm.hi**2)
        run.advance()
    assert all(b <= found.basin.rate * a for a, b in itertools.pairwise(losses))
    assert gt.distance_up(run.net, found.final) <= found.basin.rho


@pytest.mark.slow
def test_a_claim_says_what_a_step_says(tmp_path, monkeypatch):
    p, rule = problem(loss="mean"), DeltaGClipSettings("1/beta", 1e9, 0.1)
    claim = pl.certify(p, rule, theorem="D")
    assert claim.holds
    assert claim.unwritten == ""
    assert claim.numbers["steps"] == len(claim.witness["concave"]) == len(claim.witness["eps"]) - 1
    assert (claim.witness["concave"] <= claim.witness["curvature"]).all()
    assert claim.witness["end_W1"].shape == (1, 16, 9)
    # Of a graph that no recheck reads no file is written.
    monkeypatch.setattr(td_claim.Channels, "of", lambda graph: None)
    found = gt.certify_graph_trajectory(p, rule, steps_limit=0)
    found = dataclasses.replace(found, status="CERTIFIED", basin=dataclasses.replace(BASIN, eps=found.eps))
    other = trajectory_claim(p, rule, found)
    with pytest.raises(InvalidInputError, match="no recheck of it exists yet"):
        dataclasses.replace(other, shortfall="").save(tmp_path / "d.cert.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_report_certifies_it():
    report = verify(problem(), DeltaGClipSettings("1/beta", 1e9, 0.1), theorem="D", steps=0)
    assert report.main.verdict is Verdict.CERTIFIED
    assert report.main.certificate is not None


def test_too_few_steps_say_what_is_missing():
    found = gt.certify_graph_trajectory(problem(), DeltaGClipSettings("1/beta", 1e9, 0.1), steps_limit=3)
    assert (found.status, found.steps, found.distance) == ("UNDECIDED", 3, None)
    assert "after 3 steps" in found.obstruction


def test_a_network_that_changes_meanwhile_is_refused():
    p = problem()

    def touch(t, *_):
        if t == 2:
            with torch.no_grad():
                next(p.network.parameters()).mul_(1.0001)

    with pytest.raises(InvalidInputError, match="changed while the proof ran"):
        gt.certify_graph_trajectory(p, DeltaGClipSettings("1/beta", 1e9, 0.1), steps_limit=3, progress=touch)


def test_plain_torch_modules_are_followed_too():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 2))
    x, _ = digits(4, flat=False)
    y = torch.tensor(np.random.default_rng(0).standard_normal((4, 2)))
    found = gt.certify_graph_trajectory(Problem(net.double(), x, y), GradientDescentSettings("1/beta"), steps_limit=5)
    assert found.steps == 5
    assert found.eps < 1e-9
