"""Verdicts: what each kind of problem must be answered, and that numbers in the answers mean what they say."""

from __future__ import annotations

import contextlib
import json
import re

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.theorems.ladder import LADDER as EVERY
from pltheory.theorems.measured import measure
from pltheory.theory import InvalidInputError, NotAvailableError, NumericalFailureError
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import verify
from tests.by_name import ON_A_BALL, THEOREMS, check, reach
from tests.cases import CASES, Case, draws, sequential
from tests.oracles.plain import read

EASY = Case((8,), 1, "tanh", "ntk", True, n=3, d=4)
SETTINGS = DeltaGClipSettings(eta="0.5/beta", gamma=0.5, delta=0.2)
FIXED = DeltaGClipSettings(eta=0.01, gamma=0.5, delta=0.2)
WITH_RADIUS = ON_A_BALL
LADDER = ["LZB22-4", *WITH_RADIUS]
"""The theorems on a ball about the weights; others have tests of their own."""


def integral(case):
    """The whole integral of sig, in the units of ||r||: what a residual is measured against."""
    p = measure(case.problem()).profile
    return float(p.integral[-1]) / case.problem().scale ** 0.5


def profiles(at, name):
    """The profile, and the one that Theorem E sharpened for the theorems that have proofs."""
    yield at.profile
    if THEOREMS[name].certifiable:
        with contextlib.suppress(NotAvailableError, NumericalFailureError):
            yield at.sharpened


def checked(problem, settings, name, checkpoint=None):
    return check(measure(problem), settings, name, checkpoint=checkpoint)


def row(report, name):
    return next(r for r in report.rows if r.hypothesis.startswith(name))


# What holds


@pytest.mark.parametrize("name", ["TMSSR25", "A", "A'", "B"])
def test_a_start_near_a_solution_holds(name):
    problem = EASY.near(0.001 * integral(EASY))
    report = checked(problem, DeltaGClipSettings(eta="0.5/beta", gamma=1e-6, delta=0.2), name)
    assert report.verdict is Verdict.HOLDS
    assert report.shortfall == ""
    assert [r.hypothesis for r in report.rows] == [h.name for h in THEOREMS[name].hypotheses]
    assert all(r.margin is None or r.margin > 1 for r in report.rows)
    assert row(report, "smooth").verdict is Verdict.CERTIFIED
    assert row(report, "lambda_min").verdict is Verdict.HOLDS
    assert row(report, "h_t").verdict is Verdict.CERTIFIED


def test_nothing_in_floating_point_is_certified_as_a_whole():
    for name in LADDER:
        report = checked(EASY.near(1e-4 * integral(EASY)), GradientDescentSettings(eta="0.5/beta"), name, "w.pt")
        assert report.verdict is not Verdict.CERTIFIED


@pytest.mark.slow
@pytest.mark.parametrize("case", [CASES[0], CASES[1], CASES[2], CASES[6]], ids=lambda c: c.name)
def test_verdict_is_holds_exactly_where_the_search_says_so(case):
    seen = set()
    scale = integral(case)
    for share in (0.002, 0.1, 0.6, 5.0):
        at = measure(case.near(share * scale))
        for settings in (
            SETTINGS,
            GradientDescentSettings(eta="1/beta"),
            GClipSettings(eta="1.6/beta", gamma=0.1),
            DeltaGClipSettings(eta=0.5 / float(at.profile.beta[0]), gamma=0.5, delta=0.5),
        ):
            for name in WITH_RADIUS:
                if name == "LZB22-6" and settings.name != "gd":
                    continue
                report = check(at, settings, name, checkpoint="w.pt")
                holds = any(reach(p, settings, name).holds for p in profiles(at, name))
                assert (report.verdict is Verdict.HOLDS) == holds, (share, settings, name)
                assert report.verdict in (Verdict.HOLDS, Verdict.UNDECIDED)
                assert (report.shortfall == "") == holds
                seen.add(report.verdict)
    assert seen == {Verdict.HOLDS, Verdict.UNDECIDED}


def test_plain_gradient_descent_theorem():
    problem = EASY.near(0.0005 * integral(EASY))
    assert checked(problem, GradientDescentSettings(eta="0.5/beta"), "LZB22-6").verdict is Verdict.HOLDS
    other = checked(problem, SETTINGS, "LZB22-6")
    assert other.verdict is Verdict.REFUTED
    assert "silent about this optimizer" in other.shortfall


def test_gclip_lives_on_a_floor_that_depends_on_the_gradient():
    problem = EASY.near(0.01 * integral(EASY))
    at = measure(problem)
    bound = float(at.profile.lipschitz[0]) * at.profile.residual
    report = check(at, GClipSettings(eta="0.5/beta", gamma=0.1 * bound), "B")
    steps = row(report, "h_t")
    assert report.verdict is Verdict.HOLDS
    assert steps.verdict is Verdict.HOLDS, "this floor rests on L_F, not on Lemma 1 alone"
    assert 0.08 < report.ball_constants.delta < 0.1


def test_theorem_c_asks_for_a_checkpoint():
    problem = EASY.near(0.01 * integral(EASY))
    without, given = checked(problem, SETTINGS, "C"), checked(problem, SETTINGS, "C", "weights.pt")
    assert without.verdict is Verdict.UNDECIDED
    assert row(without, "a checkpoint").verdict is Verdict.UNDECIDED
    assert given.verdict is Verdict.HOLDS
    assert row(given, "a checkpoint").says.found == "weights.pt"


def test_the_hidden_constant_decides_nothing():
    report = checked(EASY.near(1e-4 * integral(EASY)), SETTINGS, "LZB22-4")
    assert report.verdict is Verdict.UNDECIDED
    assert "constant not given" in row(report, "width").how
    assert report.ball_constants is None


# What is open, and what would close it


@pytest.mark.slow
@pytest.mark.parametrize("name", ["A", "A'", "B", "TMSSR25"])
def test_the_residual_that_would_close_it_does(name):
    for settings in (SETTINGS, DeltaGClipSettings(eta=0.1 / float(measure(EASY.problem()).profile.beta[0]), delta=0.5)):
        problem = EASY.near(4 * integral(EASY))
        report = checked(problem, settings, name)
        assert report.verdict is Verdict.UNDECIDED
        said = re.search(r"it would close at \|\|r_0\|\| below (\S+)$", report.shortfall)
        closing = float(said[1])
        assert closing < 4 * integral(EASY)
        assert checked(EASY.near(0.99 * closing), settings, name).verdict is Verdict.HOLDS


@pytest.mark.parametrize("name", ["A", "A'", "B", "TMSSR25"])
def test_the_step_that_would_close_it_does(name):
    problem = EASY.near(0.005 * integral(EASY))
    beta = float(measure(problem).profile.beta[0])
    settings = DeltaGClipSettings(eta=1.999 / beta, gamma=0.5, delta=0.9)
    report = checked(problem, settings, name)
    assert report.verdict is Verdict.UNDECIDED
    said = re.search(r"it closes at eta = (\S+)$", report.shortfall)
    assert said, report.shortfall
    closing = float(said[1])
    assert closing < settings.eta
    found = checked(problem, DeltaGClipSettings(eta=0.999 * closing, gamma=0.5, delta=0.9), name)
    assert found.verdict is Verdict.HOLDS


def test_a_shortfall_names_the_hypothesis_and_the_factor():
    problem = EASY.near(4 * integral(EASY))
    report = checked(problem, SETTINGS, "B")
    open_row = row(report, "||r_0||")
    assert open_row.verdict is Verdict.UNDECIDED
    assert 0 < open_row.margin < 1
    assert f"short by a factor {1 / open_row.margin:.3g}" in report.shortfall


# Kinks

KINKED = Case((30,), 1, "relu", "ntk", False, n=3, d=4)
NEAREST = r"sample \d, unit \d+ of node 2 \(relu\), at R = "


@pytest.mark.parametrize("settings", [FIXED, SETTINGS], ids=["number", "c/beta"])
def test_a_ball_ends_in_front_of_the_nearest_kink_and_names_it(settings):
    report = verify(KINKED.problem(), settings, theorem="B", steps=20)
    smooth = row(report.main, "smooth")
    assert (smooth.verdict, smooth.says.measured.value) == (Verdict.HOLDS, 0.0)
    found = re.search(f"no argument meets one on the ball R = (\\S+); nearest: {NEAREST}(\\S+)", smooth.how)
    assert 0 < float(found[1]) < float(found[2]) < 1.1 * float(found[1])
    assert row(report.main, "||r_0||").verdict is Verdict.UNDECIDED
    assert re.search(f"the balls end at a kink: {NEAREST}", report.main.shortfall)
    assert (report.verdict, report.evidence) == (Verdict.UNDECIDED, Evidence.EMPIRICAL)
    assert len(report.run.trace.loss) == 21


def at_a_kink():
    """Unit 7 is 0 at sample 1, whatever rounding says, and depends on the weights there."""
    problem = KINKED.problem()
    with torch.no_grad():
        problem.x[1] = torch.tensor([0.5, -2.0, 0.0, 0.0])
        next(iter(problem.parameters()))[7] = torch.tensor([2.0, 0.5, 0.75, -1.25])
    return problem


def test_a_kink_that_is_met_exactly_is_named():
    report = verify(at_a_kink(), FIXED, theorem="B", steps=0)
    smooth = row(report.main, "smooth")
    assert smooth.verdict is Verdict.UNDECIDED
    assert smooth.how.endswith("nearest: sample 1, unit 7 of node 2 (relu), at the weights themselves")
    assert report.main.shortfall.count("sample 1, unit 7 of node 2 (relu), at the weights themselves") == 1
    followed = verify(at_a_kink(), FIXED, theorem="D", steps=0)
    assert row(followed.main, "smooth").verdict is Verdict.UNDECIDED
    line = "step 0: sample 1, unit 7 of node 2 (relu) is 0.0e+00 from a kink, where eps = 0.0e+00: other weights"
    assert followed.main.shortfall.startswith(line)


def test_a_network_without_kinks_has_no_nearest_one():
    assert "kink" not in checked(EASY.near(4 * integral(EASY)), SETTINGS, "B").shortfall


def test_a_run_that_converges_lifts_no_verdict():
    case = Case((200,), 1, "relu", "ntk", False, n=2, d=4)
    settings = GradientDescentSettings(eta=0.5 / float(measure(case.problem()).lambda_max.value))
    report = verify(case.problem(), settings, theorem="A", steps=3000)
    assert report.run.reason == "converged"
    assert report.verdict is Verdict.UNDECIDED
    assert report.evidence is Evidence.EMPIRICAL


# What is refuted


def test_fewer_parameters_than_outputs():
    net, (x, y) = fully_connected([2, 2, 1]), draws(0, (8, 2), (8, 1))
    report = verify(Problem(net, x, y), SETTINGS, theorem="all", steps=0)
    for each in report.ladder:
        assert each.verdict is Verdict.REFUTED
        assert "6 parameters are fewer than the n C = 8 outputs" in row(each, "lambda_min").how


@pytest.mark.parametrize("activation", ["tanh", "erf"])
def test_opposite_points_under_an_odd_network(activation):
    (x, y) = draws(1, (3, 4), (4, 1))
    x = torch.cat([x, -x[1:2]])
    odd = Problem(fully_connected([4, 40, 1], activation=activation), x, y)
    report = checked(odd, SETTINGS, "B")
    assert report.verdict is Verdict.REFUTED
    assert "rows 1 and 3 of x are opposite" in row(report, "lambda_min").how
    # A bias breaks the symmetry, and an activation that is not odd never had it.
    for other in (
        fully_connected([4, 40, 1], activation=activation, bias=True),
        fully_connected([4, 40, 1], activation="gelu"),
    ):
        assert row(checked(Problem(other, x, y), SETTINGS, "B"), "lambda_min").verdict is Verdict.HOLDS


def test_a_singular_kernel_of_unknown_reason_is_open_not_refuted():
    (x, y) = draws(2, (2, 4), (4, 1))
    # sigmoid(z) + sigmoid(-z) = 1: the rows of x and -x add up to the same for every pair.
    problem = Problem(fully_connected([4, 60, 1], activation="sigmoid"), torch.cat([x, -x]), y)
    report = checked(problem, SETTINGS, "B")
    lam = row(report, "lambda_min")
    assert lam.verdict is Verdict.UNDECIDED
    assert "resolution" in lam.how
    assert report.verdict is Verdict.UNDECIDED
    assert "no ball of the profile fulfils it" in report.shortfall


@pytest.mark.slow
@pytest.mark.parametrize("name", ["TMSSR25", "A", "A'", "B", "LZB22-6"])
@pytest.mark.parametrize("case", [EASY, CASES[1], CASES[4]], ids=lambda c: c.name)
def test_a_step_that_no_beta_allows_is_refuted_and_rightly(case, name):
    problem = case.problem()
    plain, w = read(problem.network)
    largest = float(torch.linalg.eigvalsh(plain.loss_hessian(w, problem.x, problem.y, problem.scale))[-1])
    at = measure(problem)
    curvature = at.curvature.at_least()
    assert 0 < curvature <= largest * (1 + 1e-10)
    assert curvature >= 0.2 * largest, "a witness this weak refutes nothing"
    rule = GradientDescentSettings if name == "LZB22-6" else DeltaGClipSettings
    for factor, refuted in [(1.001, True), (30.0, True), (0.999, False), (0.1, False)]:
        report = check(at, rule(eta=factor * 2 / curvature), name)
        step = row(report, "eta")
        assert (step.verdict is Verdict.REFUTED) == refuted
        if refuted:
            assert factor * 2 / curvature > 2 / largest, "refuted though a valid beta allows it"
            assert "no valid beta allows this eta" in report.shortfall


# Networks of other kinds


class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = sequential([4, 6, 4], "tanh")
        self.out = nn.Linear(4, 1, dtype=torch.float64)

    def forward(self, x):
        return self.out(x + nn.functional.softsign(self.inner(x)))


def others():
    torch.manual_seed(0)
    yield Skip()
    yield nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 6, 2, dtype=torch.float64), nn.Softsign(), nn.Flatten(),
        nn.Linear(6, 1, dtype=torch.float64),
    )  # fmt: skip
    frozen = sequential([4, 6, 1], "tanh")
    frozen[0].weight.requires_grad_(False)
    yield frozen


@pytest.mark.parametrize("net", list(others()), ids=["residual", "convolution", "frozen"])
def test_a_network_of_another_class_is_measured_run_and_never_guessed_at(net):
    problem = Problem(net, *draws(3, (3, 4), (3, 1)))
    report = verify(problem, FIXED, theorem="all", steps=10)
    assert report.verdict is Verdict.UNDECIDED
    assert report.evidence is Evidence.EMPIRICAL
    assert report.measured.profile is None
    for each in report.ladder:
        if each.theorem.id == "LZB22-6":
            continue
        assert each.verdict is Verdict.UNDECIDED
        if each.theorem.id not in LADDER:
            continue
        assert each.ball_constants is None
        assert each.shortfall.startswith("not available for this network"), "the cause, said once"
        assert not any("not available" in r.how for r in each.rows)
        assert row(each, "lambda_min").verdict is Verdict.HOLDS
    assert report.run.trace.loss[-1] < report.run.trace.loss[0]
    with pytest.raises(InvalidInputError, match="not available for this network"):
        verify(problem, SETTINGS, theorem="B")


# The whole report


@pytest.mark.slow
def test_ladder_and_its_main_theorem():
    problem = EASY.near(0.3 * integral(EASY))
    report = verify(problem, SETTINGS, theorem="all", steps=0)
    assert [r.theorem.id for r in report.ladder] == [t.id for t in EVERY if not t.uncovered(SETTINGS)]
    by_id = {r.theorem.id: r for r in report.ladder}
    assert by_id["B"].verdict is Verdict.CERTIFIED
    assert by_id["TMSSR25"].verdict is Verdict.UNDECIDED, "B certifies where the classical route cannot"
    assert report.main.theorem.id == "B"
    assert report.verdict is Verdict.CERTIFIED
    assert report.evidence is Evidence.NOT_RUN
    assert report.trace is None


@pytest.mark.slow
def test_report_is_json_without_infinities():
    case = Case((30,), 1, "relu", "ntk", False, n=3, d=4)
    for problem, settings in ((EASY.problem(), SETTINGS), (case.problem(), GradientDescentSettings(eta=0.01))):
        report = verify(problem, settings, theorem="all", steps=5)
        text = report.to_json()
        back = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the report"))
        assert back["schema"] == "pltheory-report/2"
        assert back["verdict"] == report.verdict
        assert len(back["theorems"]) == len([t for t in EVERY if not t.uncovered(settings)])
        assert back["run"]["steps"] == 5
        assert back["measured"]["lambda_min"]["round_off_counted"] is False


def test_unknown_theorem():
    with pytest.raises(InvalidInputError, match=r"'Z'.*A'"):
        verify(EASY.problem(), SETTINGS, theorem="Z")


def test_a_start_without_loss_is_answered():
    """At L_0 = 0 nothing moves and every promise is kept: no theorem may be refuted, and nothing may crash."""
    net, (x, _) = EASY.network(), EASY.data()
    report = verify(Problem(net, x, net(x).detach()), SETTINGS, theorem="B", steps=5)
    assert report.verdict is Verdict.CERTIFIED
    assert report.run.reason == "converged"


def test_a_network_that_overflows_is_a_numerical_failure():
    net = fully_connected([4, 6, 1], activation="softplus")
    with torch.no_grad():
        net.weights[0].mul_(1e155)
        net.weights[1].mul_(1e155)
    with pytest.raises(NumericalFailureError):
        verify(Problem(net, *draws(4, (3, 4), (3, 1))), FIXED, theorem="B", steps=5)


@pytest.mark.slow
@pytest.mark.parametrize("eta", [0.02, "0.4/beta"])
def test_mean_and_sum_are_one_problem_in_two_units(eta):
    net, (x, _) = EASY.network(), EASY.data()
    total = EASY.near(0.2 * integral(EASY))
    mean = Problem(net, x, total.y, "mean")
    c = 1 / EASY.n
    one = verify(total, DeltaGClipSettings(eta=eta, gamma=0.01, delta=0.2), theorem="all", steps=60)
    other_eta = eta if isinstance(eta, str) else eta / c
    two = verify(mean, DeltaGClipSettings(eta=other_eta, gamma=0.01 * c, delta=0.2), theorem="all", steps=60)
    for a, b in zip(one.ladder, two.ladder, strict=True):
        assert a.verdict is b.verdict
        before, after = a.ball_constants, b.ball_constants
        if before is not None:
            assert after.radius == pytest.approx(before.radius, rel=1e-9)
            assert after.required == pytest.approx(before.required, rel=1e-9)
            assert after.rate == pytest.approx(before.rate, rel=1e-9) if before.rate else after.rate is None
    for name in ("lambda_min", "lambda_max", "curvature"):
        assert getattr(two.measured, name).value == pytest.approx(c * getattr(one.measured, name).value, rel=1e-9)
    s, t = one.run.trace, two.run.trace
    np.testing.assert_allclose(t.loss, c * s.loss, rtol=1e-9)
    np.testing.assert_allclose(t.grad_norm, c * s.grad_norm, rtol=1e-9)
    np.testing.assert_allclose(t.step_size, s.step_size / c, rtol=1e-9)
    np.testing.assert_allclose(t.path, s.path, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(t.lambda_min, c * s.lambda_min, rtol=1e-9)
    assert one.evidence is two.evidence


def test_the_floor_of_a_rule_needs_no_ball():
    narrow = fully_connected([3, 8, 1], activation="tanh", seed=0)
    problem = Problem(narrow, torch.eye(2, 3, dtype=torch.float64), torch.tensor([[5.0], [-5.0]]).double())
    rule = DeltaGClipSettings(eta="0.05/beta", gamma=0.5, delta=0.1, momentum=0.5)
    report = verify(problem, rule, theorem="M", steps=1)
    (row,) = [row for row in report.hypotheses if row.hypothesis == "h_t in [eta delta, eta]"]
    assert report.verdict is Verdict.UNDECIDED
    assert row.verdict in (Verdict.HOLDS, Verdict.CERTIFIED)


def test_rows_that_are_open_for_one_cause_share_it():
    narrow = fully_connected([3, 8, 1], activation="tanh", seed=0)
    problem = Problem(narrow, torch.eye(2, 3, dtype=torch.float64), torch.tensor([[5.0], [-5.0]]).double())
    report = verify(problem, GradientDescentSettings(eta="1/beta", momentum=0.9), theorem="M3", steps=1)
    cause = "no ball and circle fulfil the conditions"
    assert sum(row.how == cause for row in report.hypotheses) > 1
    assert report.main.shortfall.count(cause) == 1
