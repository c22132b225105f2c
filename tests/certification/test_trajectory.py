"""Theorem D against exact trajectories: every error bound holds, and planted failures are noticed."""

from __future__ import annotations

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from flint import arb

from pltheory.certification.stored import stored_arrays
from pltheory.certification.trajectory import certify as td
from pltheory.certification.trajectory import certify_trajectory
from pltheory.certification.trajectory import network as tn
from pltheory.certification.trajectory import step as ts
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.data import digits
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.rigor.errors import NoVerdictError
from pltheory.rigor.midrad import Ball
from pltheory.rigor.scalar import between
from pltheory.theory import NotAvailableError
from pltheory.theory.verdict import Verdict
from pltheory.verification.report import verify
from tests.oracles.exact_trajectory import Exact


def problem(
    widths=(3, 8, 1), n=3, seed=1, activation="tanh", bias=False, loss="sum", pull=1.0, parametrization="ntk"
) -> Problem:
    net = fully_connected(list(widths), activation=activation, bias=bias, seed=seed, parametrization=parametrization)
    gen = torch.Generator().manual_seed(seed + 7)
    x = torch.randn(n, widths[0], generator=gen, dtype=torch.float64)
    y = pull * torch.randn(n, widths[-1], generator=gen, dtype=torch.float64)
    return Problem(net, x, y, loss)


# name: problem, settings, steps, branches that the run must pass through
RUNS = {
    "full": (problem(), DeltaGClipSettings("0.9/beta", 1e3, 0.1), 20, {"full"}),
    "all-branches": (problem(pull=3.0), DeltaGClipSettings("0.9/beta", 1.2, 0.7), 45, {"floor", "band", "full"}),
    "deep-band": (problem(pull=3.0, seed=2), DeltaGClipSettings("0.9/beta", 0.4, 0.01), 20, {"band"}),
    "deep-bias-mean": (
        problem((2, 4, 3, 2), n=3, bias=True, loss="mean", pull=2.0),
        DeltaGClipSettings("0.8/beta", 1.0, 0.3),
        12,
        {"band"},
    ),
    "sigmoid-standard": (
        problem((2, 5, 2), n=2, activation="sigmoid", bias=True, parametrization="standard"),
        DeltaGClipSettings("1/beta", 0.17, 0.8),
        15,
        {"floor", "band", "full"},
    ),
    "gclip": (problem(pull=3.0), GClipSettings("0.9/beta", 0.5), 12, {"band"}),
    "gradient-descent": (problem(), GradientDescentSettings("1.2/beta"), 12, {"full"}),
}


def watched(p, settings, **options):
    """The verdict, the weights after each step by its number, and the reference point that each step used."""
    weights, references, advance = {}, [], td._Run.advance

    def watching(run):
        references.append(run.ref)
        advance(run)
        weights[run.t] = run.net

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(td._Run, "advance", watching)
        return certify_trajectory(p, settings, **options), weights, references


def follow(certificate, reached, p, *, eta=None) -> list[tuple[float, float]]:
    """(distance to the exact iterate, eps) at every step."""
    net = stored_arrays(p)
    x, y = net.x, net.y
    exact = Exact.of(net, x, y, certificate.scale)
    pairs = []
    eps = [r.eps for r in certificate.records] + [certificate.eps]
    for t in range(1, certificate.steps + 1):
        exact.step(eta or certificate.eta, certificate.gamma, certificate.delta)
        apart = exact.distance(reached[t])
        assert float(apart.rad()) < 1e-30, "the oracle itself is not sharp"
        pairs.append((apart, eps[t]))
    return pairs


def violations(pairs) -> list[int]:
    return [t + 1 for t, (apart, eps) in enumerate(pairs) if not apart <= arb(eps)]


@pytest.mark.parametrize("name", RUNS)
def test_exact_iterates_stay_within_the_error_bound(name):
    p, settings, steps, wanted = RUNS[name]
    found, reached, _ = watched(p, settings, steps_limit=steps)
    assert found.steps == steps or found.status == "CERTIFIED"
    assert found.steps >= 3
    assert wanted <= {b for r in found.records for b in r.branches}
    pairs = follow(found, reached, p)
    assert violations(pairs) == []
    # A bound a million times the truth would pass and be useless.
    assert found.eps < 1e6 * max(float(pairs[-1][0].mid()), 1e-17)


@pytest.mark.parametrize("wrong", [2.0, 1 + 1e-11])
def test_a_trajectory_with_another_step_size_is_not_within_the_bound(wrong):
    p, settings, steps, _ = RUNS["full"]
    found, reached, _ = watched(p, settings, steps_limit=steps)
    assert violations(follow(found, reached, p, eta=found.eta * wrong))


def test_wrong_step_in_the_computed_run_is_counted(monkeypatch):
    """A run that steps with 1.001 eta keeps its bound only because rho_t counts the difference."""
    p, settings, steps, _ = RUNS["full"]
    honest = ts.exact_step_size

    def wide(eta, gamma, delta, grad):
        h = honest(eta, gamma, delta, grad)
        return between(h.lo, h.hi * 1.002)  # still an enclosure; its middle is not the exact step

    monkeypatch.setattr(ts, "exact_step_size", wide)
    found, reached, _ = watched(p, settings, steps_limit=steps)
    assert found.eps > 1e-5
    assert violations(follow(found, reached, p)) == []
    monkeypatch.setattr(ts, "step_size_error", lambda *_: 0.0)
    found, reached, _ = watched(p, settings, steps_limit=steps)
    assert violations(follow(found, reached, p))


def started_apart(p, settings, steps, apart, monkeypatch=None):
    """Follow a run whose exact partner starts at a distance, in the direction the first step expands most."""
    net = stored_arrays(p)
    x, y = net.x, net.y
    shift = expanding_direction(p, settings)
    run = td._Run(p, settings)
    run.eps = apart
    run.refer()
    moved = net.replaced([w + apart * (1 - 1e-9) * s for w, s in zip(net.weights, shift, strict=True)], net.biases)
    exact = Exact.of(moved, x, y, run.scale)
    bad = []
    for _ in range(steps):
        run.advance()
        exact.step(run.eta, run.gamma, run.delta)
        if not exact.distance(run.net) <= arb(run.eps):
            bad.append(run.t)
    return bad, run


def expanding_direction(p, settings):
    """Unit direction that the exact step stretches most at w_0, from its Jacobian by finite differences of floats."""
    run = td._Run(p, settings)
    sizes = [w.shape for w in run.net.weights]
    flat = np.concatenate([w.ravel() for w in run.net.weights])
    step = float_step(run, sizes)
    d = 1e-6
    jac = np.stack([(step(flat + d * e) - step(flat - d * e)) / (2 * d) for e in np.eye(flat.size)], axis=1)
    v = np.linalg.svd(jac)[2][0]
    return unflatten(v, sizes)


def unflatten(v, sizes):
    parts, at = [], 0
    for s in sizes:
        k = math.prod(s)
        parts.append(v[at : at + k].reshape(s))
        at += k
    return parts


def float_step(run, sizes):
    """The step map in plain floats, without biases."""

    def step(flat):
        w = unflatten(flat, sizes)
        a, inputs, slopes = run.x, [], []
        for l, wl in enumerate(w):
            inputs.append(a)
            z = run.net.kappa[l] * a @ wl.T
            if l < len(w) - 1:
                a = np.tanh(z)
                slopes.append(1 - a * a)
        v, g = float(run.scale) * (z - run.y), []
        for l in reversed(range(len(w))):
            g.append((run.net.kappa[l] * v.T @ inputs[l]).ravel())
            if l:
                v = run.net.kappa[l] * (v @ w[l]) * slopes[l - 1]
        g = np.concatenate(g[::-1])
        size = np.linalg.norm(g)
        return flat - run.eta * min(1.0, max(run.delta, run.gamma / size)) * g

    return step


EXPANDING = {
    "full": (problem(pull=4.0), DeltaGClipSettings("0.9/beta", 1e3, 0.1)),
    "band": (problem(pull=4.0), DeltaGClipSettings("0.9/beta", 1.5, 0.01)),
    "floor": (problem(pull=4.0), DeltaGClipSettings("0.9/beta", 1.0, 0.5)),
}


@pytest.mark.parametrize("branch", EXPANDING)
def test_distance_already_there_grows_no_faster_than_the_factor(branch):
    p, settings = EXPANDING[branch]
    bad, run = started_apart(p, settings, 6, 1e-3)
    assert bad == []
    assert branch in {b for r in run.records for b in r.branches}


@pytest.mark.parametrize("branch", EXPANDING)
def test_growth_factor_deleted_is_caught(branch, monkeypatch):
    p, settings = EXPANDING[branch]
    honest = td.growth
    monkeypatch.setattr(td, "growth", lambda *a: dataclasses.replace(honest(*a), factor=1.0))
    assert started_apart(p, settings, 6, 1e-3)[0]


def test_gradient_enclosure_deleted_is_caught(monkeypatch):
    """With a residual known to 1e-6 only, rho must carry eta times the gradient's error."""
    p, settings, steps, _ = RUNS["full"]
    honest = td.forward

    def coarse(net, x, y):
        at = honest(net, x, y)
        shifted = Ball(at.residual.mid + 9e-7, np.asarray(1e-6))
        return dataclasses.replace(at, residual=shifted)

    monkeypatch.setattr(td, "forward", coarse)
    found, reached, _ = watched(p, settings, steps_limit=steps)
    assert violations(follow(found, reached, p)) == []
    monkeypatch.setattr(ts, "residual_error", lambda *_: 0.0)
    found, reached, _ = watched(p, settings, steps_limit=steps)
    assert violations(follow(found, reached, p))


def test_eps_only_grows_from_the_recursion():
    """eps_{t+1} is at least Lip_t eps_t + rho_t, in exact arithmetic of the recorded doubles."""
    p, settings, steps, _ = RUNS["all-branches"]
    found = certify_trajectory(p, settings, steps_limit=steps)
    eps = [Fraction(r.eps) for r in found.records] + [Fraction(found.eps)]
    assert eps[0] == 0
    for t, r in enumerate(found.records):
        assert eps[t + 1] >= Fraction(r.factor) * eps[t] + Fraction(r.rho)


def test_records_suffice_to_recompute_every_factor():
    """From the recorded doubles alone: what a rechecker does first."""
    p, settings, steps, _ = RUNS["all-branches"]
    found, _, references = watched(p, settings, steps_limit=steps)
    for r, reference in zip(found.records, references, strict=True):
        assert r.lipschitz == reference.lipschitz
        beta = r.lipschitz**2 + r.curvature
        assert r.beta == pytest.approx(beta, rel=1e-12)
        factors = {"full": max(1 + found.eta * r.curvature, found.eta * beta - 1)}
        h = found.eta * found.delta
        factors["floor"] = max(1 + h * r.curvature, h * beta - 1)
        s = found.eta * min(1.0, found.gamma / r.gradient.lo)
        al, v = max(1 + s * r.curvature, s * beta - 1), s * (beta + r.curvature) / 2
        factors["band"] = (math.hypot(v, al + 1) + math.hypot(v, al - 1)) / 2
        assert r.factor == pytest.approx(max(factors[b] for b in r.branches), rel=1e-9)


def test_references_cover_every_ball():
    p, settings, steps, _ = RUNS["all-branches"]
    found, reached, references = watched(p, settings, steps_limit=steps)
    weights = {0: stored_arrays(p), **reached}
    for t, (r, ref) in enumerate(zip(found.records, references, strict=True)):
        assert tn.distance_up(weights[t], ref.network) + 2 * r.eps <= ref.radius * (1 + 1e-12)


# --- end to end -------------------------------------------------------------------------------------------------------


def digits_problem(n=10, width=128, output_init="gaussian"):
    return Problem(fully_connected([64, width, 1], seed=0, output_init=output_init), *digits(n))


@pytest.mark.slow
@pytest.mark.parametrize(("gamma", "wanted"), [(1e9, {"full"}), (0.5, {"full", "band"})])
def test_ten_digits_at_width_128_are_certified_from_initialisation(gamma, wanted):
    found = certify_trajectory(digits_problem(), DeltaGClipSettings("1/beta", gamma, 0.1), steps_limit=200)
    assert found.status == "CERTIFIED"
    assert found.obstruction == ""
    assert set(found.branches) == wanted
    assert found.eps < 1e-9
    assert found.basin.holds
    assert found.basin.rate < 1
    assert found.basin.available > found.basin.residual
    # The computed run goes where the theorem says: zero loss within the proved distance, at the proved rate.
    run = td._Run(digits_problem(), DeltaGClipSettings(found.eta, gamma, 0.1))
    run.net = found.final
    run.at = td.forward(run.net, run.x, run.y)
    run.refer()
    losses = []
    for _ in range(120):
        losses.append(run.at.residual_norm.hi**2)
        run.advance()
    assert all(b <= found.basin.rate * a for a, b in itertools.pairwise(losses) if a > 1e-20)
    assert tn.distance_up(run.net, found.final) <= found.basin.rho
    assert tn.distance_up(run.net, run.start) <= found.distance


@pytest.mark.slow
@pytest.mark.parametrize("gamma", [1e9, 0.5])
def test_ten_digits_reach_the_exact_iterate_within_eps(gamma):
    """The statement itself at its first target: 8320 parameters, exact iterates at 900 bits up to x_T."""
    p = digits_problem()
    found, reached, _ = watched(p, DeltaGClipSettings("1/beta", gamma, 0.1), steps_limit=200)
    pairs = follow(found, reached, p)
    assert len(pairs) == found.steps > 20
    assert violations(pairs) == []


def test_a_deep_network_is_certified_too():
    net = fully_connected([64, 128, 128, 1], seed=0)
    found = certify_trajectory(Problem(net, *digits(5)), DeltaGClipSettings("1/beta", 1e9, 0.1), steps_limit=200)
    assert found.status == "CERTIFIED"


def test_mean_loss_is_certified_with_the_same_steps():
    """c L with eta / c and c gamma is the same iteration, so the same T and nearly the same numbers."""
    total = digits_problem()
    mean = Problem(total.network, total.x, total.y, "mean")
    a = certify_trajectory(total, DeltaGClipSettings(0.25, 0.5, 0.1), steps_limit=200)
    b = certify_trajectory(mean, DeltaGClipSettings(2.5, 0.05, 0.1), steps_limit=200)
    assert a.status == b.status == "CERTIFIED"
    assert a.steps == b.steps
    assert a.branches == b.branches
    assert b.growth == pytest.approx(a.growth, rel=1e-6)
    assert b.basin.rate == pytest.approx(a.basin.rate, rel=1e-6)


TARGETS = {
    "n50-width512": (50, 512, "gaussian", 1e9, {"full"}),
    "n50-width512-clipped": (50, 512, "gaussian", 1.0, {"band", "full"}),
    "n100-width2048": (100, 2048, "gaussian", 1e9, {"full"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_target_is_certified_from_initialisation(name):
    n, width, output_init, gamma, wanted = TARGETS[name]
    p = digits_problem(n, width, output_init)
    found = certify_trajectory(p, DeltaGClipSettings("1/beta", gamma, 0.1), steps_limit=9000)
    assert found.status == "CERTIFIED"
    assert set(found.branches) == wanted
    assert found.eps < 1e-7


def test_too_few_steps_say_what_is_missing():
    found = certify_trajectory(digits_problem(), DeltaGClipSettings("1/beta", 1e9, 0.1), steps_limit=3)
    assert found.status == "UNDECIDED"
    assert "after 3 steps" in found.obstruction
    assert found.steps == 3
    assert found.distance is None


def test_a_recursion_that_does_not_close_names_its_worst_step():
    """A step size beyond the stable one: the verdict shows the step, its factor, its branch and the growth so far."""
    p = digits_problem(4, 32)
    found = certify_trajectory(p, GradientDescentSettings(5.0), steps_limit=60)
    assert found.status == "UNDECIDED"
    worst = max(range(found.steps), key=lambda t: found.records[t].factor)
    record = found.records[worst]
    assert record.factor > 100
    assert f"does not close: at step {found.steps} eps = {found.eps:.3g}" in found.obstruction
    assert f"growth so far {found.growth:.3g}" in found.obstruction
    assert f"largest factor {record.factor:.4g} at step {worst} ({record.branches[0]}, " in found.obstruction
    report = verify(p, GradientDescentSettings(5.0), theorem="D", steps=0)
    assert report.main.verdict is Verdict.UNDECIDED
    assert report.main.shortfall == found.obstruction
    assert found.obstruction in report.to_json()


def test_every_end_without_a_verdict_names_the_worst_step(monkeypatch):
    honest = td.growth
    monkeypatch.setattr(td, "growth", lambda *a: dataclasses.replace(honest(*a), factor=1e6))
    found = certify_trajectory(digits_problem(), DeltaGClipSettings("1/beta", 1e9, 0.1), steps_limit=50)
    assert found.status == "UNDECIDED"
    assert "largest factor 1e+06 at step 0 (full, " in found.obstruction
    short = certify_trajectory(digits_problem(), DeltaGClipSettings("1/beta", 1e9, 0.1), steps_limit=1)
    assert "after 1 steps" in short.obstruction
    assert "largest factor 1e+06 at step 0 (full, " in short.obstruction
    none = certify_trajectory(digits_problem(4, 32), GradientDescentSettings(1e300), steps_limit=5)
    assert (none.status, none.steps) == ("UNDECIDED", 0)
    assert "no step was taken" in none.obstruction


def test_eps_too_large_for_the_basin_is_not_certified():
    run = td._Run(digits_problem(), DeltaGClipSettings("1/beta", 1e9, 0.1))
    for _ in range(40):
        run.advance()
    ref, residual = run.refer(), run.at.residual_norm.hi
    args = (run.eta, run.gamma, run.delta, run.factor)
    assert td.basin(ref, residual, 1e-9, *args).holds
    assert not td.basin(ref, residual, 1.0, *args).holds
    assert not td.basin(ref, residual + 1.0, 1e-9, *args).holds
    assert not td.basin(ref, residual, 1e-9, 40 * run.eta, *args[1:]).holds


def test_basin_numbers_move_the_right_way_with_eps():
    run = td._Run(digits_problem(), DeltaGClipSettings("1/beta", 1e9, 0.1))
    for _ in range(40):
        run.advance()
    ref, residual = run.refer(), run.at.residual_norm.hi
    args = (run.eta, run.gamma, run.delta, run.factor)
    tight, loose = (td.basin(ref, residual, eps, *args) for eps in (1e-9, 1e-2))
    assert loose.residual > tight.residual
    assert loose.holds
    assert loose.mu <= tight.mu


def test_gradient_descent_beyond_the_stable_step_is_never_certified():
    p = digits_problem(4, 32)
    found = certify_trajectory(p, GradientDescentSettings(5.0), steps_limit=60)
    assert found.status == "UNDECIDED"
    assert found.obstruction


def test_relu_is_refused():
    net = fully_connected([3, 4, 1], activation="relu", seed=0)
    p = Problem(net, *(t for t in (torch.eye(3, dtype=torch.float64), torch.ones(3, 1, dtype=torch.float64))))
    with pytest.raises((NotAvailableError, NoVerdictError, ValueError)):
        certify_trajectory(p, DeltaGClipSettings(0.1, 1.0, 0.1), steps_limit=2)
