"""The search for a radius: what it chooses fulfils the theorem as printed, and real runs keep what it promises."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pytest
import torch

from pltheory.certification.profile import profile
from pltheory.measure.linearization import linearize
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.problem import Problem
from tests.by_name import ON_A_BALL, reach
from tests.cases import CASES, Case
from tests.oracles.plain import read

SOME = [CASES[0], CASES[1], CASES[2], CASES[6], CASES[8]]
some_cases = pytest.mark.parametrize("case", SOME, ids=[c.name for c in SOME])
theorems = pytest.mark.parametrize("theorem", ON_A_BALL)
SHARES = [0.003, 0.03, 0.2, 0.45, 0.75, 3.0]
"""Residuals, as shares of the whole integral of sig: from far inside every theorem to outside all of them."""


@cache
def base(case):
    """A case's profile on every twentieth of its radii: a profile all the same, and quicker to search."""
    problem = case.problem()
    lin = linearize(problem.network, problem.x)
    p = profile(lin, float((lin.outputs - problem.y).norm()), problem.scale)
    return replace(p, **{k: getattr(p, k)[::20] for k in ("radii", "sig", "lipschitz", "ell", "integral")})


def at_residual(case, share):
    """The case's profile as it is with targets at another distance."""
    bounds = base(case)
    return replace(bounds, residual=share * float(bounds.integral[-1]))


def rules(bounds):
    """Step rules of every kind, thresholds in the range of the gradients met."""
    gradient = float(bounds.lipschitz[0]) * bounds.residual
    at_start = 1 / float(bounds.beta[0])
    return [
        DeltaGClipSettings(eta="0.1/beta", gamma=0.3 * gradient, delta=0.05),
        DeltaGClipSettings(eta="1/beta", gamma=0.01 * gradient, delta=0.9),
        DeltaGClipSettings(eta="1.7/beta", gamma=2 * gradient, delta=0.2),
        DeltaGClipSettings(eta=0.4 * at_start, gamma=0.3 * gradient, delta=0.3),
        DeltaGClipSettings(eta=1.9 * at_start, gamma=0.3 * gradient, delta=0.3),
        DeltaGClipSettings(eta=20 * at_start, gamma=0.3 * gradient, delta=0.3),
        GClipSettings(eta="0.5/beta", gamma=0.1 * gradient),
        GradientDescentSettings(eta="0.9/beta"),
        GradientDescentSettings(eta=0.2 * at_start),
    ]


def as_printed(p, settings, theorem):
    """The conditions on the whole grid, from THEORY's text: where fulfilled, eta, the floor, the radius asked for."""
    r, sig, beta, l_f = p.radii, p.sig, p.beta, p.lipschitz
    residual, loss = p.residual, p.residual**2 / 2
    c = settings.multiple
    eta = c / beta if c is not None else np.full_like(r, settings.eta)
    with np.errstate(all="ignore"):
        mu = np.minimum(sig**2, beta)
        gain = 1 - beta * eta / 2
        grad = l_f * residual
        floor = np.maximum(settings.delta, np.minimum(1, settings.gamma / grad))
        if theorem == "TMSSR25" and settings.delta > 0:
            floor = np.full_like(r, settings.delta)
        needed = {
            "A": np.sqrt(2 * loss / mu) / gain,
            "A'": np.sqrt(loss / (2 * mu)) * (1 + np.sqrt(1 - 2 * mu * eta * (1 - beta * eta / 2))) / gain,
            "TMSSR25": l_f * np.sqrt(2 * loss) * (1 + np.sqrt(1 - eta * floor * mu)) / (floor * mu),
            "LZB22-6": 2 * l_f * residual / mu,
        }
        allowed = eta <= 1 / beta * (1 + 1e-15) if theorem in ("TMSSR25", "LZB22-6") else eta < 2 / beta
        fulfilled = residual < gain * p.integral if theorem in ("B", "C") else r > needed[theorem]
    return fulfilled & allowed & (sig > 0), eta, floor, needed.get(theorem)


@pytest.mark.slow
@some_cases
@theorems
def test_choice_is_the_smallest_ball_that_fulfils_the_theorem_as_printed(case, theorem):
    held = set()
    for share in SHARES:
        p = at_residual(case, share)
        for settings in rules(p):
            found = reach(p, settings, theorem)
            fulfilled, eta, floor, needed = as_printed(p, settings, theorem)
            held.add(found.holds)
            assert found.holds == bool(fulfilled.any())
            i = int(np.searchsorted(p.radii, found.radius))
            assert p.radii[i] == found.radius
            assert found.eta == pytest.approx(eta[i], rel=1e-14)
            assert found.beta == p.beta[i]
            assert found.delta == pytest.approx(floor[i], rel=1e-14)
            if not found.holds:
                assert found.rate is None
                assert found.ratio <= 1 or found.eta > 1 / found.beta
                continue
            assert fulfilled[i]
            assert not fulfilled[:i].any()
            assert found.ratio > 1
            assert found.required < found.radius or theorem in ("B", "C")
            assert 0 < found.rate < 1
            if needed is not None:
                assert found.required == pytest.approx(needed[i], rel=1e-12)
                assert found.mu == pytest.approx(min(p.sig[i] ** 2, p.beta[i]), rel=1e-14)
    # Each of the two answers occurs, or the test says nothing.
    assert held == {True, False}


@some_cases
def test_root_of_theorem_b(case):
    p = at_residual(case, 0.4)
    settings = DeltaGClipSettings(eta="0.3/beta", gamma=1.0, delta=0.1)
    found = reach(p, settings, "B")
    assert found.holds
    gain = 1 - found.beta * found.eta / 2
    j = int(np.searchsorted(p.radii, found.required))
    assert p.radii[j] == found.required <= found.radius
    assert gain * p.integral[j] >= p.residual > gain * p.integral[j - 1]
    assert found.mu == p.sig[j] ** 2 > 0
    # On the true integral, which lies above its lower bound, the root comes no later.
    trapezoid = np.concatenate([[0], np.cumsum(np.diff(p.radii) * (p.sig[1:] + p.sig[:-1]) / 2)])
    assert np.interp(p.residual / gain, trapezoid, p.radii) <= found.required
    h = np.linspace(found.eta * found.delta, found.eta, 50)
    assert found.rate == pytest.approx((1 - 2 * found.mu * h * (1 - found.beta * h / 2)).max(), rel=1e-12)


@pytest.mark.slow
@some_cases
@theorems
def test_at_eta_limit_the_conditions_hold_and_above_it_they_do_not(case, theorem):
    for share in (0.01, 0.3, 3.0):
        p = at_residual(case, share)
        for settings in (
            DeltaGClipSettings(eta="0.5/beta", gamma=0.3 * p.residual, delta=0.7),
            GClipSettings(eta=1.0, gamma=p.residual),
        ):
            limit = reach(p, settings, theorem).eta_limit
            if limit == 0:
                assert not reach(p, replace(settings, eta=1e-4 / float(p.beta[0])), theorem).holds
                continue
            assert reach(p, replace(settings, eta=limit), theorem).holds
            assert not reach(p, replace(settings, eta=1.2 * limit), theorem).holds
            if theorem != "TMSSR25":
                # Smaller steps never ask for more: R_A, R* and the root grow with eta. (R_classic shrinks with it.)
                for smaller in (0.5, 0.01):
                    assert reach(p, replace(settings, eta=smaller * limit), theorem).holds


@some_cases
def test_order_of_the_theorems(case):
    seen = set()
    for share in [0.0003, *SHARES[1:4]]:
        p = at_residual(case, share)
        for settings in rules(p)[::2]:
            found = {t: reach(p, settings, t) for t in ON_A_BALL}
            assert found["A"].ratio <= found["A'"].ratio * (1 + 1e-12)
            assert found["A"].ratio <= found["B"].ratio * (1 + 1e-12)
            assert asdict(found["B"]) == asdict(found["C"])
            weaker = [("A", "A'"), ("A", "B"), ("TMSSR25", "A'"), ("LZB22-6", "A")]
            for strong, weak in weaker:
                assert found[weak].holds or not found[strong].holds, (strong, weak)
                if found[strong].holds and strong != "LZB22-6":
                    seen.add(strong)
    assert "A" in seen


def test_delta_and_gamma_do_not_move_the_balls_of_a_and_b():
    p = at_residual(CASES[0], 0.3)
    loose = DeltaGClipSettings(eta="0.5/beta", gamma=1e3, delta=0.9)
    tight = DeltaGClipSettings(eta="0.5/beta", gamma=1e-3, delta=1e-6)
    for theorem in ("A", "A'", "B"):
        a, b = reach(p, loose, theorem), reach(p, tight, theorem)
        assert (a.radius, a.required, a.eta) == (b.radius, b.required, b.eta)
        assert a.rate < b.rate
    assert reach(p, loose, "TMSSR25").ratio > 1e3 * reach(p, tight, "TMSSR25").ratio


def test_scale_of_the_loss_moves_nothing_but_its_units():
    problem, c = CASES[0].problem(), 0.2
    lin = linearize(problem.network, problem.x)
    r = 0.3 * float(base(CASES[0]).integral[-1])
    for theorem in ON_A_BALL:
        for eta in (0.02, "0.3/beta"):
            scaled_eta = eta if isinstance(eta, str) else eta / c
            a = reach(profile(lin, r), DeltaGClipSettings(eta=eta, gamma=0.1, delta=0.2), theorem)
            b = reach(profile(lin, r, c), DeltaGClipSettings(eta=scaled_eta, gamma=c * 0.1, delta=0.2), theorem)
            assert a.holds == b.holds
            for name, power in [("radius", 0), ("required", 0), ("ratio", 0), ("beta", 1), ("mu", 1), ("eta", -1)]:
                assert getattr(b, name) == pytest.approx(c**power * getattr(a, name), rel=1e-9), name
            assert (a.rate is None and b.rate is None) or a.rate == pytest.approx(b.rate, rel=1e-12)


def test_a_start_without_loss_needs_no_ball():
    """L_0 = 0: every theorem holds with nothing to do; a division by zero is no answer."""
    p = replace(base(CASES[0]), residual=0.0)
    for settings in (DeltaGClipSettings(eta="0.5/beta"), GradientDescentSettings(eta="0.5/beta")):
        for theorem in ("A", "A'", "B"):
            assert reach(p, settings, theorem).holds


# What the theorems promise, on real runs with steps chosen against them


def against(found, steps):
    """Sequences of steps that the theorem allows, (4, steps)."""
    low, high = found.eta * found.delta, found.eta
    rng = np.random.default_rng(0)
    return np.stack(
        [
            np.full(steps, high),
            np.full(steps, low),
            np.tile([high, low], steps // 2),
            rng.uniform(low, high, steps),
        ]
    )


def follow(plain, w, x, y, scale, steps):
    """Losses, distances from the start and path lengths, (k, T+1), of gradient steps of sizes (k, T), all at once."""
    gradients = torch.func.vmap(torch.func.grad_and_value(lambda u: plain.loss(u, x, y, scale)))
    at, path = w.repeat(len(steps), 1), np.zeros(len(steps))
    losses, distances, paths = [], [], []
    for h in [*torch.as_tensor(steps).T, torch.zeros(len(steps), dtype=torch.float64)]:
        g, value = gradients(at)
        losses.append(value.numpy())
        distances.append((at - w).norm(dim=1).numpy())
        paths.append(path)
        at = at - h[:, None] * g
        path = path + (h * g.norm(dim=1)).numpy()
    return np.stack(losses, 1), np.stack(distances, 1), np.stack(paths, 1)


@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["LZB22-6", "TMSSR25", "A", "A'", "B"])
@pytest.mark.parametrize("case", [CASES[0], CASES[1], Case((3, 3), 1, "erf", "ntk", True)], ids=lambda c: c.name)
def test_no_allowed_sequence_of_steps_breaks_the_promise(case, theorem):
    net, (x, _) = case.network(), case.data()
    plain, w = read(net)
    outputs = plain.outputs(w, x).reshape(case.n, case.outputs)
    # The hardest direction of the residual: the kernel's weakest eigenvector.
    worst = torch.linalg.eigh(plain.kernel(w, x))[1][:, 0].reshape(case.n, case.outputs)
    settings = DeltaGClipSettings(eta="1.5/beta" if theorem in ("A", "A'", "B") else "1/beta", gamma=0.05, delta=0.2)
    if theorem == "LZB22-6":
        settings = GradientDescentSettings(eta="1/beta")
    # The largest residual at which the theorem still speaks: there its ball is tightest.
    share = 1.0
    while not reach(at_residual(case, share), settings, theorem).holds:
        share *= 0.7
        assert share > 1e-6
    for sign in (1.0, -1.0):
        distance = share * float(base(case).integral[-1]) / math.sqrt(1.0 if case.loss == "sum" else 1 / case.n)
        problem = Problem(net, x, outputs + sign * distance * worst, case.loss)
        lin = linearize(net, x)
        found = reach(profile(lin, float((lin.outputs - problem.y).norm()), problem.scale), settings, theorem)
        assert found.holds
        losses, distances, paths = follow(plain, w, x, problem.y, problem.scale, against(found, 120))
        envelope = found.rate ** np.arange(losses.shape[1]) * losses[:, :1]
        assert (losses <= envelope * (1 + 1e-9) + 1e-22 * losses[:, :1]).all()
        assert paths.max() <= found.required * (1 + 1e-9)
        assert (distances <= paths * (1 + 1e-12) + 1e-15).all()


def test_the_promise_is_not_empty():
    """Along the weakest eigenvector with one small step after another the path is a fair part of the certified one."""
    case = CASES[0]
    net, (x, _) = case.network(), case.data()
    plain, w = read(net)
    worst = torch.linalg.eigh(plain.kernel(w, x))[1][:, 0].reshape(case.n, 1)
    lin = linearize(net, x)
    residual = 0.3 * float(base(case).integral[-1])
    y = lin.outputs + residual * worst
    found = reach(profile(lin, residual), GradientDescentSettings(eta="0.2/beta"), "B")
    _, _, paths = follow(plain, w, x, y, 1.0, np.full((1, 800), found.eta))
    assert 0.5 * found.required < paths[0, -1] <= found.required
