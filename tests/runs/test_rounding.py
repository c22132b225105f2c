"""The rounding granted to a run: above what rounding does, and far below what a false promise needs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.measure.ntk import empirical_ntk
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.loss_gradient import LossGradient
from pltheory.problem.networks import class_n, fully_connected
from pltheory.problem.problem import Problem, in_span_of_data
from pltheory.runs import loop as convergence
from pltheory.runs.inequalities import Inequality, first_violation, tightest
from pltheory.runs.loop import Reason, run
from pltheory.runs.promise import Promise
from pltheory.runs.rounding import Rounding
from pltheory.theory.verdict import Verdict
from pltheory.verification.contract import near_solution
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import verify
from tests.by_name import promise_of
from tests.cases import Case, draws
from tests.runs.test_run import bounds_of, promised

SHAPES = [
    Case((8,), 1, "tanh", "ntk", True, d=5),
    Case((40, 30), 3, "sigmoid", "standard", True, loss="mean", n=4, d=6),
    Case((300,), 1, "gelu", "ntk", False, n=4, d=9),
    Case((60, 60, 60), 2, "softplus", "ntk", True, n=5, d=4),
    Case((30,), 2, "silu", "standard", True, n=6, d=3),
    Case((20, 20), 1, "erf", "ntk", True, n=3, d=8),
]


def in_double(problem):
    """The same numbers with room for 29 more bits."""
    twin = problem.copy().network.double()
    return Problem(twin, problem.x.double(), problem.y.double(), problem.loss)


def by_autograd(problem):
    loss = problem.value()
    grads = torch.autograd.grad(loss, list(problem.parameters()))
    return float(loss.detach()), [g.double() for g in grads]


def in_place(problem):
    loss = LossGradient(problem, class_n(problem.network))()
    return float(loss), [p.grad.double().clone() for p in problem.parameters()]


def norm(tensors):
    return math.hypot(*(float(t.double().norm()) for t in tensors))


def single(case, *, positive, distance):
    """In float32; positive weights, so that roundings add up and nothing cancels."""
    net, (x, _) = case.network(torch.float32), case.data(torch.float32)
    if positive:
        x = x.abs()
        with torch.no_grad():
            for p in net.parameters():
                p.abs_()
    (away,) = draws(8, (case.n, case.outputs))
    y = net(x).detach() + distance * away.float()
    return Problem(net, x, y, case.loss)


def roundoff(problem, plain=True):
    work = in_span_of_data(problem) or problem.copy()
    return work, Rounding(problem, work, plain, empirical_ntk(work.network, work.x).detach()).along(0.0)


@pytest.mark.slow
@pytest.mark.parametrize("case", SHAPES, ids=lambda c: c.name)
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("distance", [0.0, 1e-5, 1.0])
@pytest.mark.parametrize("way", [by_autograd, in_place])
@pytest.mark.parametrize("plain", [True, False])
def test_single_precision_errs_by_less_than_granted(case, positive, distance, way, plain):
    """Loss, gradient and step in float32 against float64, by both ways of the run, as a bound and as an estimate."""
    problem = single(case, positive=positive, distance=distance)
    work, at = roundoff(problem, plain)
    assert plain or at.how.startswith("estimate")
    exact_loss, exact = by_autograd(in_double(work))
    loss, grads = way(work)
    rho, exact_rho, g = math.sqrt(2 * loss), math.sqrt(2 * exact_loss), norm(grads)
    assert abs(rho - exact_rho) <= at.residual(rho)
    assert norm([a - b for a, b in zip(grads, exact, strict=True)]) <= at.gradient(rho, g)
    h = 0.1 / at.lipschitz**2
    before = [p.detach().clone() for p in work.parameters()]
    after = [p.add(-h * a.float()).double() for p, a in zip(before, grads, strict=True)]
    wanted = [p.double() - h * b for p, b in zip(before, exact, strict=True)]
    assert norm([a - b for a, b in zip(after, wanted, strict=True)]) <= at.step(h, rho, g)
    # The reduced start against the user's own.
    own = in_double(problem)
    apart = float((own.network(own.x) - in_double(work).network(work.x.double())).detach().norm())
    assert apart * math.sqrt(problem.scale) <= at.start


@pytest.mark.parametrize("case", SHAPES, ids=lambda c: c.name)
def test_the_bound_says_something(case):
    """Within four digits of what rounding does, and below 1e-10 of the outputs in float64."""
    problem = single(case, positive=True, distance=1.0)
    work, at = roundoff(problem)
    twin = in_double(work)
    seen = float((work.network(work.x).double() - twin.network(twin.x)).detach().norm()) * math.sqrt(problem.scale)
    assert at.outputs <= 2e4 * max(seen, at.unit * float(problem.y.norm()) * math.sqrt(problem.scale))
    double = case.problem()
    _, at = roundoff(double)
    assert at.how.startswith("bound")
    assert at.outputs <= 1e-10 * (1 + float(double.network(double.x).detach().norm()))
    assert at.floor < 1e-19


@pytest.mark.parametrize("case", SHAPES, ids=lambda c: c.name)
def test_the_jacobian_is_bounded_where_the_run_was(case):
    """||J|| at points on the sphere that the path reaches, without a profile and with one."""
    problem = case.problem()
    for radius in (0.0, 0.1, 2.0):
        for bounds in (None, bounds_of(problem)):
            rounding = Rounding(problem, problem.copy(), True, empirical_ntk(problem.network, problem.x), bounds)
            limit = rounding.along(radius).lipschitz
            for seed in range(3):
                twin = problem.copy()
                away = draws(seed, *(p.shape for p in twin.parameters()))
                scale = radius / norm(away)
                with torch.no_grad():
                    for p, a in zip(twin.parameters(), away, strict=True):
                        p += scale * a
                kernel = empirical_ntk(twin.network, twin.x)
                top = problem.scale * float(torch.linalg.eigvalsh(kernel)[-1])
                assert math.sqrt(top) <= limit * (1 + 1e-12)


def test_sums_too_long_for_single_precision_are_an_estimate_and_say_so():
    net = fully_connected([4, 60_000, 1], dtype=torch.float32)
    x, y = draws(1, (3, 4), (3, 1))
    problem = Problem(net, x.float(), y.float())
    _, at = roundoff(problem)
    assert at.how.startswith("estimate")
    assert at.outputs < 1e-2


# A start that is a zero but for rounding

RULES = {
    "gd": GradientDescentSettings(eta="0.5/beta"),
    "delta-gclip": DeltaGClipSettings(eta="0.5/beta", gamma=1e-6, delta=0.2),
    "gclip": GClipSettings(eta="0.5/beta", gamma=1e-20),
}
ZEROS = {
    "narrow": near_solution(8, 0.0),
    "one sample": near_solution(8, 0.0, n=1),
    "more samples than inputs": near_solution(30, 0.0, n=6),
    "three outputs": near_solution(20, 0.0, hidden=2, outputs=3, activation="gelu"),
}


def targets(problem):
    """The outputs, by evaluations that differ in rounding alone."""
    net, x = problem.network, problem.x
    with torch.no_grad():
        whole = net(x)
        layers = class_n(net).layers
        order = torch.randperm(layers[0].weight.shape[0], generator=torch.Generator().manual_seed(1))
        twin = problem.copy().network
        twin.weights[0].copy_(layers[0].weight[order])
        twin.biases[0].copy_(layers[0].bias[order])
        twin.weights[1].copy_(layers[1].weight[:, order])
        return {
            "the same": whole,
            "one sample at a time": torch.cat([net(row[None]) for row in x]),
            "neurons in another order": twin(x),
            "rounded up": torch.nextafter(whole, torch.full_like(whole, math.inf)),
            "rounded down": torch.nextafter(whole, torch.full_like(whole, -math.inf)),
        }


@pytest.mark.slow
@pytest.mark.parametrize("start", ZEROS)
@pytest.mark.parametrize(
    ("theorem", "rule"),
    [
        ("A", "gd"), ("A'", "gclip"), ("B", "gd"), ("B", "delta-gclip"), ("B", "gclip"), ("TMSSR25", "delta-gclip"),
        ("LZB22-6", "gd"),
    ],
)  # fmt: skip
def test_a_start_at_a_zero_but_for_rounding_has_converged(theorem, start, rule):
    problem = ZEROS[start]
    seen = set()
    for name, y in targets(problem).items():
        report = verify(
            Problem(problem.network, problem.x, y), RULES[rule], theorem=theorem, steps=100, level=Verdict.HOLDS
        )
        assert report.run.reason is Reason.CONVERGED, (name, report.run.violation)
        assert "the loss at the start is at the floor of rounding" in report.run.note
        seen.add((report.verdict, report.evidence))
    assert len(seen) == 1, "the same answer for the same problem in another order"
    assert {evidence for _, evidence in seen} == {Evidence.EMPIRICAL}


@pytest.mark.parametrize("theorem", ["A", "B"])
def test_a_zero_in_single_precision(theorem):
    problem = near_solution(8, 0.0)
    net = problem.copy().network.float()
    x = problem.x.float()
    for y in (net(x), torch.cat([net(row[None]) for row in x]), torch.nextafter(net(x), torch.full((3, 1), math.inf))):
        made = Problem(net, x, y.detach())
        report = verify(made, RULES["gd"], theorem=theorem, steps=200, level=Verdict.HOLDS)
        # Nothing was left to check: the run has converged, and agrees with nothing.
        assert (report.verdict, report.evidence) == (Verdict.HOLDS, Evidence.EMPIRICAL)
        assert "at the floor of rounding" in report.untold
        assert report.run.reason is Reason.CONVERGED


def test_a_zero_of_a_network_of_no_class():
    """An estimate is granted there, and the run says that it is one."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 1)).double()
    (x,) = draws(1, (3, 4))
    with torch.no_grad():
        y = torch.cat([net(row[None]) for row in x])
    for promise in (
        Promise(eta=0.01, rate=0.5, radius=0.0),
        Promise(eta=0.01, radius=0.0),
        Promise(eta=0.01, rate=0.0),
    ):
        for end in (y, torch.nextafter(y, torch.full_like(y, math.inf))):
            got = run(Problem(net, x, end), GradientDescentSettings(eta=0.01), 0.01, steps=200, promise=promise)
            assert got.violation is None
            assert got.reason is Reason.CONVERGED
            assert got.rounding.startswith("estimate")


def test_a_start_far_from_zero_is_not_called_converged():
    """The floor stays where no trained loss goes."""
    for distance in (1e-10, 1e-5, 1.0):
        problem = near_solution(8, distance)
        got = run(problem, GradientDescentSettings(eta=1e-3), 1e-3, steps=20)
        assert got.reason is Reason.STEP_LIMIT
        assert got.floor < 1e-24


# A false promise is still one


def held(problem, settings, p, found, **changes):
    return run(
        problem, settings, found.eta, steps=500, target=1e-20, profile=p, promise=promise_of(replace(found, **changes)),
    )  # fmt: skip


@pytest.mark.slow
def test_a_promise_wrong_in_its_sixth_digit_is_caught():
    problem, settings, p, found = promised("A", share=0.05, gamma=1e3)
    honest = held(problem, settings, p, found)
    assert honest.violation is None
    path = honest.trace.path[-1]
    assert held(problem, settings, p, found, required=path * (1 - 1e-6)).violation.inequality.startswith("path")
    assert held(problem, settings, p, found, required=path * (1 + 1e-9)).violation is None
    t = honest.trace
    ratio = float((t.grad_norm**2 / (2 * t.loss[:-1]))[:50].min())
    assert held(problem, settings, p, found, mu=ratio * (1 + 1e-6)).violation.inequality.startswith(("PL*", "rate"))
    assert held(problem, settings, p, found, eta=found.eta * (1 - 1e-12)).violation.inequality.startswith(
        "step ceiling"
    )
    assert held(problem, settings, p, found, delta=1 + 1e-12).violation.inequality.startswith("step floor")


@pytest.mark.parametrize("what", ["rate", "radius"])
def test_a_promise_of_another_package_wrong_in_its_sixth_digit_is_caught(what):
    problem, eta = near_solution(8, 1e-3), 0.02
    settings = GradientDescentSettings(eta=eta)
    free = run(problem, settings, eta, steps=400, target=0.0)
    worst = float((free.trace.loss[1:] / free.trace.loss[:-1]).max())
    limit = {"rate": worst, "radius": float(free.trace.path[-1])}
    for factor, caught in ((1 + 1e-7, False), (1 - 1e-6, True)):
        # A false rate is not what a true radius is judged by.
        rate = limit["rate"] * factor if what == "rate" else 1.0
        promise = Promise(eta=eta, rate=rate, radius=limit["radius"] * factor if what == "radius" else None)
        got = run(problem, settings, eta, steps=400, target=0.0, promise=promise)
        assert (got.violation is not None) == caught
        assert not caught or got.violation.inequality.startswith("path" if what == "radius" else "rate")


def test_a_promise_wrong_by_a_twentieth_is_caught_in_single_precision():
    near, settings = near_solution(8, 1.0), GradientDescentSettings(eta=0.02)
    problem, eta = Problem(near.copy().network.float(), near.x.float(), near.y.float()), 0.02
    free = run(problem, settings, eta, steps=100, target=0.0)
    worst = float((free.trace.loss[1:] / free.trace.loss[:-1]).max())
    path = float(free.trace.path[-1])
    for promise, name in (
        (Promise(eta=eta, rate=1.0, radius=0.95 * path), "path"),
        (Promise(eta=eta, rate=0.998 * worst), "rate"),
        (Promise(eta=eta, floor=1.0), None),
        (Promise(eta=eta, rate=worst * (1 + 1e-6), radius=path * (1 + 1e-6)), None),
        (Promise(eta=eta * (1 - 1e-12)), "step ceiling"),
    ):
        got = run(problem, settings, eta, steps=100, target=0.0, promise=promise)
        assert (got.violation is None) if name is None else got.violation.inequality.startswith(name)


# What is said


def test_every_inequality_says_what_it_was_granted():
    problem, settings, p, found = promised("B")
    got = run(problem, settings, found.eta, steps=200, profile=p, promise=promise_of(found, p))
    assert [c.name for c in got.checks] == list(got.checked)
    assert got.rounding.startswith("bound")
    for c in got.checks:
        assert 0 < c.granted < 1e-9
        assert c.left <= c.right + c.granted
    report = verify(problem, settings, theorem="B", steps=100, level=Verdict.HOLDS).to_dict()["run"]
    assert [c["name"] for c in report["rounding"]["granted"]] == report["checked_every_step"]
    assert {"name", "step", "left", "right", "granted"} == set(report["rounding"]["granted"][0])
    assert report["rounding"]["loss_floor"] < 1e-20


def test_not_a_number_is_a_violation_and_the_least_room_is_found():
    one = np.ones(3)
    nan = Inequality("a", np.array([0.0, math.nan, 0.0]), one, 0.1 * one)
    assert first_violation([nan]).step == 1
    i = Inequality("b", np.array([0.0, 1.05, 0.5]), one, 0.1 * one)
    assert first_violation([i]) is None
    assert tightest(i).step == 1
    broken = first_violation([Inequality("c", np.array([0.0, 1.2, 1.3]), one, 0.1 * one)])
    assert (broken.step, broken.left, broken.right, broken.granted) == (1, 1.2, 1.0, 0.1)


class Still(torch.optim.Optimizer):
    """Says that it steps, and puts every weight back."""

    def __init__(self, inner):
        self._inner = inner
        super().__init__(list(inner.param_groups[0]["params"]), {})

    def step(self, closure=None):
        before = [p.detach().clone() for p in self._inner.param_groups[0]["params"]]
        self._inner.step()
        self.grad_norm, self.step_size = self._inner.grad_norm, self._inner.step_size
        with torch.no_grad():
            for p, was in zip(self._inner.param_groups[0]["params"], before, strict=True):
                p.copy_(was)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("width", "distance"), [(4096, 5e-4), (32, 1e-3)])
def test_a_run_that_stands_still_agrees_with_nothing(monkeypatch, dtype, width, distance):
    """In float32 rounding may hide a promise step by step: then nothing was told, and nothing agrees."""
    x = draws(3, (3, 8))[0].to(dtype)
    net = fully_connected([8, width, 1], bias=True, seed=3, dtype=dtype)
    y = net(x).detach() + distance * torch.tensor([[1.0], [-1.0], [1.0]], dtype=dtype)
    made = convergence.optimizer_for
    monkeypatch.setattr(convergence, "optimizer_for", lambda *args: Still(made(*args)))
    for steps in (60, 200, 1000):
        report = verify(Problem(net, x, y), DeltaGClipSettings(eta="0.5/beta"), theorem="B", steps=steps)
        assert report.verdict is Verdict.CERTIFIED
        assert report.evidence is not Evidence.AGREES
        if report.evidence is Evidence.EMPIRICAL:
            assert "rounding hides what is promised" in report.untold
            assert report.to_dict()["evidence_untold"] == report.untold
