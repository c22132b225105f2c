"""A row says what was proved or checked and nothing else; what nobody can judge stays open."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import pltheory as pl
from pltheory.optim import DeltaGClipSettings, GClipSettings
from pltheory.problem.networks import FullyConnected
from pltheory.runs.loop import run
from pltheory.theorems.b import IntegratedPL
from pltheory.theorems.measured import measure
from pltheory.theorems.protocol import Hypothesis
from pltheory.theory import InvalidInputError
from pltheory.theory.verdict import Verdict, unknown
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import verify
from tests.by_name import check
from tests.cases import draws

RULE = DeltaGClipSettings(eta="0.5/beta", gamma=0.5, delta=0.2)


def near(distance: float = 1e-3) -> pl.Problem:
    x, t = draws(0, (3, 5), (3, 1))
    net = pl.fully_connected([5, 64, 1], seed=0)
    return pl.Problem(net, x, net(x).detach() + distance * t)


def singular_at_the_start() -> pl.Problem:
    """W_1 = 0 and inputs on a line: K(w_0) = x x^T |a|^2 has rank one, while K(w_T) need not."""
    net = FullyConnected(
        [torch.zeros(8, 1, dtype=torch.float64), *draws(1, (1, 8))], None, [1.0, 1.0], [0.0, 0.0], "tanh"
    )
    x = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    return pl.Problem(net, x, torch.tensor([[0.6], [0.9]], dtype=torch.float64))


@pytest.mark.slow
def test_a_trajectory_speaks_of_the_kernel_at_its_end_only():
    problem = singular_at_the_start()
    report = verify(problem, DeltaGClipSettings(eta="0.5/beta", gamma=1e3, delta=0.5), theorem="D", steps=0)
    assert report.verdict is Verdict.CERTIFIED
    eigenvalues = [r for r in report.hypotheses if r.hypothesis.startswith("lambda_min")]
    assert [r.hypothesis for r in eigenvalues] == ["lambda_min(K(w_T)) > 0"]
    said = eigenvalues[0].says.measured.at_least()
    assert said == pytest.approx(report.main.certificate["lambda_min"], rel=1e-3)
    ends = report.main.certificate.witness
    weights = [torch.from_numpy(ends[name]) for name in ("end_W1", "end_W2")]
    trained = FullyConnected(weights, None, [1.0, 1.0], [0.0, 0.0], "tanh")
    assert 0 < said <= float(torch.linalg.eigvalsh(pl.empirical_ntk(trained, problem.x))[0]) * (1 + 1e-9)


@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_the_eigenvalue_at_the_end_is_in_the_scale_of_the_loss(loss):
    base = near(0.05)
    problem = pl.Problem(base.network, base.x, base.y, loss)
    report = verify(problem, RULE, theorem="D", steps=0)
    said = report.hypotheses[1].says.measured.at_least()
    kernel = torch.linalg.eigvalsh(pl.empirical_ntk(problem.network, problem.x))[0]
    assert said == pytest.approx(float(kernel) * problem.scale, rel=0.2)


@pytest.mark.slow
def test_the_eigenvalue_of_b_plus_is_the_proved_one():
    x, y = pl.datasets.digits(4)
    report = verify(pl.Problem(pl.fully_connected([64, 4096, 1], seed=0), x, y), RULE, theorem="B+", steps=0)
    assert report.verdict is Verdict.CERTIFIED
    row = next(r for r in report.hypotheses if r.hypothesis.startswith("lambda_min"))
    assert row.says.measured.at_least() == report.main.certificate["lambda_min"]
    assert report.main.certificate["lambda_min"] <= report.measured.lambda_min.value


def test_a_run_that_ends_before_the_promise_begins_agrees_with_nothing():
    x, t = draws(5, (2, 3), (2, 1))
    net = pl.fully_connected([3, 6, 1], seed=1, bias=True)
    problem = pl.Problem(net, x, net(x).detach() + 0.3 * t)
    rule = DeltaGClipSettings(eta="0.5/beta", gamma=0.05, delta=0.3)
    report = verify(problem, rule, theorem="D", steps=10)
    begins = report.main.promise.since
    assert report.verdict is Verdict.CERTIFIED
    assert begins > 10
    assert (report.run.checked, report.evidence) == ((), Evidence.EMPIRICAL)
    longer = verify(problem, rule, theorem="D", steps=begins + 50)
    assert longer.run.checked
    assert longer.evidence is Evidence.AGREES


@pytest.mark.parametrize("theorem", ["LZB22-4", "D", "B"])
def test_agreement_needs_an_inequality(theorem):
    report = verify(near(), RULE, theorem=theorem, steps=3)
    assert (report.evidence is Evidence.AGREES) <= bool(report.run.checked)


def test_a_promise_that_is_broken_later_is_noticed():
    problem = near(0.05)
    report = verify(problem, RULE, theorem="D", steps=0)
    promise = report.main.promise
    assert run(problem, RULE, promise.eta, steps=60, promise=promise).violation is None
    too_much = replace(promise, rate=1 - 3 * (1 - promise.rate), since=promise.since + 3)
    found = run(problem, RULE, promise.eta, steps=60, promise=too_much).violation
    assert found is not None
    assert found.step >= promise.since + 3


def test_a_hypothesis_about_which_nothing_is_known_is_undecided():
    class Strange(IntegratedPL):
        hypotheses = (*IntegratedPL.hypotheses, Hypothesis("the moon is full", lambda q, found: unknown("clouds")))

    report = check(measure(near()), RULE, Strange())
    assert report.verdict is Verdict.UNDECIDED
    assert report.rows[-1].verdict is Verdict.UNDECIDED
    assert [r.verdict for r in report.rows[:-1]].count(Verdict.UNDECIDED) == 0
    assert report.shortfall == "the moon is full: clouds"


def test_a_floor_that_underflows_is_no_floor():
    problem = near(1.0)
    big = pl.Problem(problem.network, problem.x, problem.y * 1e120)
    report = check(measure(big), GClipSettings(eta=1e-3, gamma=5e-324), "B")
    row = next(r for r in report.rows if "h_t" in r.hypothesis)
    assert row.verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("call", [verify, pl.certify])
def test_what_is_no_step_rule_is_refused_by_the_public_calls(call):
    class Mine(DeltaGClipSettings):
        """Fields of a rule, behaviour unknown."""

    broken = DeltaGClipSettings(eta=0.1)
    object.__setattr__(broken, "delta", 2.0)
    for settings in (Mine(eta=0.1), broken, None, {"eta": 0.1}):
        with pytest.raises(InvalidInputError):
            call(near(), settings)


@pytest.mark.parametrize(
    "argument", [{"steps": -1}, {"steps": 1.5}, {"target": 2.0}, {"target": float("nan")}, {"level": "CERTIFIED"}]
)
def test_an_argument_out_of_its_range_is_one_line(argument):
    with pytest.raises(InvalidInputError, match=f"^{next(iter(argument))} = [^\n]*$"):
        verify(near(), RULE, **argument)


def test_verify_asks_for_a_problem():
    with pytest.raises(InvalidInputError, match=r"needed is a pltheory\.Problem"):
        verify(near().network, RULE)


def test_a_step_that_underflows_is_no_step():
    at = measure(near())
    huge = replace(at.profile, lipschitz=at.profile.lipschitz * 1e150)
    report = check(replace(at, profile=huge), DeltaGClipSettings(eta="1e-30/beta", gamma=0.5, delta=0.2), "B")
    step = next(r for r in report.rows if r.hypothesis.startswith("eta"))
    assert step.verdict is Verdict.UNDECIDED
    assert "underflows" in step.how
