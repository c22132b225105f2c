"""Runs: what is recorded is what happened, every reason is reached, and a false promise is caught at its first step."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.certification.profile import profile
from pltheory.measure.linearization import linearize
from pltheory.measure.ntk import empirical_ntk
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.runs import loop as convergence
from pltheory.runs.loop import Reason, run
from pltheory.theorems.ball import IntegralTheorem
from pltheory.theory import NumericalFailureError
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import verify
from tests.by_name import promise_of, reach
from tests.cases import Case, draws
from tests.oracles.plain import read

CASE = Case((12,), 1, "tanh", "ntk", True, n=3, d=6)
DEEP = Case((4, 3), 2, "silu", "standard", True, loss="mean", n=3, d=7)
NAMES = ["delta-gclip", "gclip", "gd"]


def rule(name, problem):
    """A step rule that is stable on the problem and passes through all its regimes."""
    plain, w = read(problem.network)
    eta = 0.7 / float(torch.linalg.eigvalsh(plain.loss_hessian(w, problem.x, problem.y, problem.scale))[-1])
    gamma = 0.4 * float(torch.func.grad(plain.loss)(w, problem.x, problem.y, problem.scale).norm())
    return {
        "delta-gclip": DeltaGClipSettings(eta=eta, gamma=gamma, delta=0.6),
        "gclip": GClipSettings(eta=eta, gamma=gamma),
        "gd": GradientDescentSettings(eta=eta),
    }[name]


def bounds_of(problem):
    lin = linearize(problem.network, problem.x)
    return profile(lin, float((lin.outputs - problem.y).norm()), problem.scale)


def promised(theorem="B", eta="1/beta", share=0.35, case=CASE, gamma=0.01, delta=0.3):
    """A problem on which the theorem holds, its settings, its profile and its reach."""
    whole = float(bounds_of(case.problem()).integral[-1])
    problem = case.near(share * whole)
    settings = DeltaGClipSettings(eta=eta, gamma=gamma, delta=delta)
    p = bounds_of(problem)
    found = reach(p, settings, theorem)
    assert found.holds
    return problem, settings, p, found


def follow(problem, settings, steps):
    """The same run by the plain network and the printed step rule."""
    plain, w = read(problem.network)
    first, path = w.clone(), 0.0
    rows = []
    for _ in range(steps):
        g = torch.func.grad(plain.loss)(w, problem.x, problem.y, problem.scale)
        norm = float(g.norm())
        clip = {"gd": 1.0, "gclip": settings.gamma / norm}.get(
            settings.name, max(settings.delta, settings.gamma / norm)
        )
        h = settings.eta * min(1.0, clip)
        rows.append(
            (float(plain.loss(w, problem.x, problem.y, problem.scale)), norm, h, path, float((w - first).norm()))
        )
        w, path = w - h * g, path + h * norm
    rows.append((float(plain.loss(w, problem.x, problem.y, problem.scale)), 0, 0, path, float((w - first).norm())))
    return np.array(rows).T, plain, w


# What is recorded


@pytest.mark.parametrize("case", [CASE, DEEP, Case((4,), 3, "sigmoid", "ntk", True, n=5, d=2)], ids=lambda c: c.name)
@pytest.mark.parametrize("name", NAMES)
def test_trace_is_the_run_of_the_plain_network(case, name):
    problem, steps = case.problem(), 130
    settings = rule(name, problem)
    (loss, norm, size, path, distance), plain, w = follow(problem, settings, steps)
    got = run(problem, settings, settings.eta, steps=steps, target=0.0)
    assert got.reason is Reason.STEP_LIMIT
    np.testing.assert_allclose(got.trace.loss, loss, rtol=1e-9)
    np.testing.assert_allclose(got.trace.grad_norm, norm[:-1], rtol=1e-9)
    np.testing.assert_allclose(got.trace.step_size, size[:-1], rtol=1e-9)
    np.testing.assert_allclose(got.trace.path, path, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(got.trace.distance, distance[got.trace.recorded], rtol=1e-9, atol=1e-14)
    assert got.trace.recorded[0] == 0
    assert got.trace.recorded[-1] == steps
    kernel = plain.kernel(w, problem.x)
    assert got.trace.lambda_min[-1] == pytest.approx(problem.scale * float(torch.linalg.eigvalsh(kernel)[0]), rel=1e-6)
    first = empirical_ntk(problem.network, problem.x)
    drift = torch.linalg.matrix_norm(kernel - first, 2) / torch.linalg.matrix_norm(first, 2)
    assert got.kernel_drift == pytest.approx(float(drift), rel=1e-8)
    if name != "gd":
        assert len(set(np.round(size[:-1], 12))) > 1, "clipping never happened here"


@pytest.mark.parametrize("case", [CASE, DEEP], ids=lambda c: c.name)
def test_a_run_in_the_span_of_the_data_is_the_run(monkeypatch, case):
    problem = case.problem()
    settings = rule("delta-gclip", problem)
    narrow = run(problem, settings, settings.eta, steps=100)
    monkeypatch.setattr(convergence, "in_span_of_data", lambda problem: None)
    full = run(problem, settings, settings.eta, steps=100)
    assert "span of the data" in narrow.note
    assert "own coordinates" in full.note
    for name in ("loss", "grad_norm", "step_size", "path", "distance", "lambda_min"):
        np.testing.assert_allclose(getattr(narrow.trace, name), getattr(full.trace, name), rtol=1e-9, atol=1e-14)
    assert narrow.kernel_drift == pytest.approx(full.kernel_drift, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("case", [CASE, Case((4,), 1, "tanh", "ntk", True, n=5, d=2)], ids=["in the span", "as it is"])
def test_the_problems_own_weights_are_left_alone(case):
    problem = case.problem()
    before = {k: v.clone() for k, v in problem.network.state_dict().items()}
    verify(problem, DeltaGClipSettings(eta=0.1, gamma=0.1, delta=0.3), theorem="all", steps=20)
    for name, value in problem.network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None for p in problem.parameters())


def test_a_run_of_any_module_leaves_it_alone_too():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6, dtype=torch.float64), nn.LayerNorm(6, dtype=torch.float64), nn.Tanh(),
                        nn.Linear(6, 1, dtype=torch.float64))  # fmt: skip
    problem = Problem(net, *draws(1, (3, 4), (3, 1)))
    before = [p.detach().clone() for p in net.parameters()]
    got = run(problem, GradientDescentSettings(eta=0.05), 0.05, steps=30)
    assert got.trace.loss[-1] < got.trace.loss[0]
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))


def test_progress_is_told():
    calls = []
    settings = GradientDescentSettings(eta=0.01)
    run(CASE.problem(), settings, 0.01, steps=120, progress=lambda done, total, note: calls.append((done, total)))
    assert calls == [(50, 120), (100, 120), (120, 120)]


# Reasons


@pytest.mark.parametrize("theorem", ["A", "A'", "B", "TMSSR25"])
def test_a_certified_run_converges_and_agrees(theorem):
    problem, settings, p, found = promised(theorem, share=0.001 if theorem == "TMSSR25" else 0.2)
    along = p if theorem == "B" else None
    got = run(problem, settings, found.eta, steps=4000, profile=p, promise=promise_of(found, along))
    assert got.violation is None
    assert got.reason is Reason.CONVERGED
    assert len(got.checked) == 8
    assert got.trace.loss[-1] <= 1e-12 * got.trace.loss[0]
    assert got.trace.path[-1] <= found.required <= found.radius
    assert (got.trace.distance <= got.trace.path[got.trace.recorded] + 1e-13).all()
    # lambda_min along the run stays above what the profile says at that distance.
    index = np.minimum(np.searchsorted(p.radii, got.trace.distance), len(p.radii) - 1)
    assert (got.trace.lambda_min >= p.sig[index] ** 2 * (1 - 1e-9)).all()
    envelope = found.rate ** np.arange(len(got.trace.loss)) * got.trace.loss[0]
    assert (got.trace.loss <= envelope * (1 + 1e-9) + 1e-25).all()


def test_step_limit():
    problem, settings, p, found = promised()
    got = run(problem, settings, found.eta, steps=7, profile=p, promise=promise_of(found, p))
    assert got.reason is Reason.STEP_LIMIT
    assert got.violation is None
    assert len(got.trace.step_size) == 7


def test_divergence_is_a_reason_and_not_an_exception():
    net = fully_connected([6, 12, 1], activation="softplus", parametrization="standard")
    problem = Problem(net, *draws(2, (3, 6), (3, 1)))
    got = run(problem, GradientDescentSettings(eta=50.0), 50.0, steps=2000)
    assert got.reason is Reason.DIVERGED
    assert len(got.trace.step_size) < 2000
    assert math.isnan(got.kernel_drift)
    report = verify(problem, GradientDescentSettings(eta=50.0), theorem="B", steps=200)
    assert report.verdict is Verdict.REFUTED
    assert report.evidence is Evidence.EMPIRICAL
    assert '"diverged"' in report.to_json()


def test_a_start_that_is_not_finite():
    net = fully_connected([6, 4, 1], activation="softplus")
    with torch.no_grad():
        net.weights[1].mul_(1e200)
    with pytest.raises(NumericalFailureError, match=r"loss at the start|overflow"):
        run(Problem(net, *draws(2, (3, 6), (3, 1))), GradientDescentSettings(eta=0.1), 0.1, steps=5)


# A false promise


def first(left, right):
    return int(np.flatnonzero(left > right)[0])


def test_a_beta_too_small_is_caught_by_the_descent():
    problem, settings, p, found = promised(eta="1.9/beta", share=0.02)
    plain, w = read(problem.network)
    true = float(torch.linalg.eigvalsh(plain.loss_hessian(w, problem.x, problem.y))[-1])
    liar = replace(found, beta=0.02 * true)
    got = run(problem, settings, found.eta, steps=300, profile=p, promise=promise_of(liar, p))
    assert got.reason is Reason.RATE_VIOLATED
    assert got.violation.inequality.startswith("descent")
    t, h, g = got.trace.loss, got.trace.step_size, got.trace.grad_norm
    right = t[:-1] - h * (1 - liar.beta * h / 2) * g**2
    assert got.violation.step == first(t[1:], right + 1e-13 * t[:-1])
    assert got.violation.left == t[got.violation.step + 1]
    assert got.violation.left > got.violation.right


@pytest.mark.parametrize("factor", [1.02, 30.0])
def test_a_mu_too_large_is_caught_by_pl(factor):
    problem, settings, p, found = promised("A", share=0.05)
    ratio = run(problem, settings, found.eta, steps=400, target=0.0).trace
    ratios = ratio.grad_norm**2 / (2 * ratio.loss[:-1])
    mu = factor * ratios[:200].min()
    got = run(problem, settings, found.eta, steps=200, target=0.0, profile=p, promise=promise_of(replace(found, mu=mu)))
    assert got.reason is Reason.RATE_VIOLATED
    assert got.violation.inequality.startswith("PL*")
    assert got.violation.step == first(mu * np.ones(200), ratios[:200] * (1 + 1e-12))


def test_a_profile_too_large_is_caught_by_pl_along_the_path():
    problem, settings, p, found = promised(share=0.05)
    worst = run(problem, settings, found.eta, steps=200, target=0.0).trace
    needed = np.sqrt((worst.grad_norm**2 / (2 * worst.loss[:-1])).min())
    flat = replace(p, sig=np.full_like(p.sig, 1.02 * needed))
    got = run(problem, settings, found.eta, steps=200, target=0.0, profile=flat, promise=promise_of(found, flat))
    assert got.violation.inequality.startswith("PL*")
    kept = replace(p, sig=np.full_like(p.sig, 0.98 * needed))
    fine = run(problem, settings, found.eta, steps=200, target=0.0, profile=kept, promise=promise_of(found, kept))
    assert fine.violation is None


def test_a_radius_too_small_is_left():
    problem, settings, p, found = promised()
    path = run(problem, settings, found.eta, steps=500).trace.path
    liar = replace(found, required=0.6 * path[-1])
    got = run(problem, settings, found.eta, steps=500, profile=p, promise=promise_of(liar, p))
    assert got.reason is Reason.LEFT_BALL
    assert got.violation.inequality.startswith("path length")
    t = got.violation.step
    assert path[t] <= liar.required < path[t + 1]
    assert (got.violation.left, got.violation.right) == (pytest.approx(path[t + 1]), pytest.approx(liar.required))


def test_a_floor_that_the_steps_do_not_keep():
    problem, settings, p, found = promised(gamma=1e-4)
    got = run(problem, settings, found.eta, steps=50, profile=p, promise=promise_of(replace(found, delta=1.0), p))
    assert got.violation.inequality.startswith("step floor")
    assert got.violation.step == 0


def test_a_step_above_the_certified_one():
    problem, settings, p, found = promised(gamma=1e3)
    got = run(problem, settings, 1.01 * found.eta, steps=50, profile=p, promise=promise_of(found, p))
    assert got.violation.inequality.startswith("step ceiling")
    assert got.reason is Reason.RATE_VIOLATED


def test_the_first_violation_is_the_earliest_step():
    problem, settings, p, found = promised(gamma=1e3, share=0.05)
    plain = run(problem, settings, found.eta, steps=200, target=0.0).trace
    ratios = plain.grad_norm**2 / (2 * plain.loss[:-1])
    late = replace(found, mu=float(1.0001 * ratios.min()), required=0.3 * plain.path[-1])
    got = run(problem, settings, found.eta, steps=200, target=0.0, profile=p, promise=promise_of(late))
    earliest = min(
        first(late.mu * np.ones(200), ratios * (1 + 1e-12)), first(plain.path[1:], late.required * np.ones(200))
    )
    assert got.violation.step == earliest


def test_evidence_contradicts_where_a_promise_is_broken(monkeypatch):
    problem, settings, _, found = promised(eta="1.9/beta", share=0.02)
    honest = verify(problem, settings, theorem="B", steps=300, level=Verdict.HOLDS)
    assert honest.evidence is Evidence.AGREES
    assert honest.main.ball_constants.required == pytest.approx(found.required, rel=0.02)
    lie = replace(found, required=1e-6 * found.required)
    monkeypatch.setattr(IntegralTheorem, "search_radius", lambda *args, **kwargs: lie)
    report = verify(problem, settings, theorem="B", steps=300, level=Verdict.HOLDS)
    assert report.evidence is Evidence.CONTRADICTS
    assert report.verdict is Verdict.HOLDS, "a run changes no verdict, in either direction"
    assert report.run.violation.step == 0
    assert '"first_violation": {' in report.to_json()


@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["A", "B"])
def test_round_off_is_not_taken_for_a_violation(monkeypatch, theorem):
    """Down to the last bits of the loss, where nothing decreases any more: a block of steps goes on past the floor."""
    monkeypatch.setattr(convergence, "BLOCK", 6000)
    problem, settings, p, found = promised(theorem, share=0.05)
    along = p if theorem == "B" else None
    got = run(problem, settings, found.eta, steps=6000, target=1e-30, profile=p, promise=promise_of(found, along))
    assert got.violation is None
    assert len(got.trace.step_size) == 6000
    assert got.trace.loss[-1] < 1e-24 * got.trace.loss[0]
    assert got.round_off < 1e-11
    assert got.reason is Reason.CONVERGED
    assert "at the floor of rounding" in got.note


def test_single_precision_runs_agree_too():
    problem, settings, _, found = promised(share=0.2)
    single = Problem(CASE.network(torch.float32), problem.x.float(), problem.y.float())
    q = bounds_of(single)
    at = reach(q, settings, "B")
    assert at.holds
    assert at.required == pytest.approx(found.required, rel=1e-2)
    got = run(single, settings, at.eta, steps=4000, target=1e-8, profile=q, promise=promise_of(at, q))
    assert got.violation is None
    assert got.reason is Reason.CONVERGED
