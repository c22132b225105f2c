"""What M2 and M3 promise of a run is kept by it, and what they do not promise is not."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
from rich.console import Console

import pltheory as pl
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.report.text import print_report
from pltheory.runs.loop import run
from pltheory.theorems.ladder import LADDER
from pltheory.theorems.measured import measure
from pltheory.theorems.protocol import Question
from pltheory.verification.contract import near_solution

THEOREMS = {t.id: t for t in LADDER}
CASES = {
    "M2": ("M2", GradientDescentSettings(eta="0.2/beta", momentum=0.5)),
    "M2, no point ahead": ("M2", GradientDescentSettings(eta="0.6/beta", momentum=0.5)),
    "M2, Nesterov": ("M2", GradientDescentSettings(eta="0.1/beta", momentum=0.8, nesterov=True)),
    "M2, clip that never acts": ("M2", DeltaGClipSettings(eta="0.2/beta", gamma=10.0, delta=0.5, momentum=0.5)),
    "M3": ("M3", GradientDescentSettings(eta="1/beta", momentum=0.8)),
}


def printed(report):
    console = Console(width=200, record=True, file=io.StringIO())
    print_report(console, report.to_dict())
    return console.export_text()


@cache
def problem():
    return near_solution(64, 3e-3)


@cache
def certified(name):
    theorem, rule = CASES[name]
    return pl.verify(problem(), rule, theorem=theorem, steps=300)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_run_keeps_the_promise(name):
    report = certified(name)
    assert report.verdict == "CERTIFIED"
    assert report.evidence == "agrees"
    assert report.run.violation is None
    assert not report.run.untold
    assert any(c.name.startswith("envelope, ||r_t|| <= ") for c in report.run.checks)


def test_the_constants_beside_a_proof_of_m3_are_those_of_its_claim():
    main = certified("M3").main
    claim, found = main.certificate, main.ball_constants
    least = math.sqrt(claim["lambda_min"]) - claim["change"]
    assert (1 - 1e-12) * least**2 <= found.mu <= (1 + 1e-12) * least**2
    assert Fraction(found.ratio) * Fraction(claim["required"]) <= Fraction(found.radius)
    assert found.ratio == pytest.approx(found.radius / claim["required"])
    assert math.isnan(found.beta), "no bound of it is in the claim"


def test_after_a_proof_of_m2_the_loss_behind_is_that_of_its_claim():
    main = certified("M2").main
    claim = main.certificate
    assert claim.numbers["ahead"] > 0
    al, c = claim.numbers["ahead"], claim.numbers["weight"] / claim.eta
    assert main.promise.slowed == pytest.approx(1 + claim["lipschitz"] ** 2 * al**2 / c, rel=1e-13)


@cache
def promised(name):
    theorem, rule = CASES[name]
    question = Question(measure(problem()), rule, rigorous=False)
    promise = THEOREMS[theorem].promise(question, THEOREMS[theorem].search(question))
    return rule, promise


WRONG = {
    "M2": {"rate": 0.8, "rho": 1e-4, "weight": 1e4},
    "M2, no point ahead": {"rate": 0.5, "rho": 1e-4},
    "M2, Nesterov": {"rate": 0.8},
    "M3": {"q": 0.85, "envelope": 0.05, "radius": 1e-4},
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "field"), [(n, f) for n, fields in WRONG.items() for f in fields])
def test_a_promise_of_more_is_broken(name, field):
    rule, promise = promised(name)
    value = getattr(promise, field)
    more = replace(promise, **{field: value * WRONG[name][field]})
    found = run(problem(), rule, promise.eta, steps=200, promise=more)
    assert found.violation is not None
    kept = run(problem(), rule, promise.eta, steps=200, promise=promise)
    assert kept.violation is None


def test_no_momentum_is_another_rule():
    for name in ("M2", "M3"):
        report = pl.verify(problem(), GradientDescentSettings(eta="0.2/beta"), theorem=name, steps=0)
        assert report.verdict == "UNDECIDED"
        assert "speaks of momentum" in report.main.shortfall


def test_nesterov_is_no_acceleration():
    rule = GradientDescentSettings(eta="1/beta", momentum=0.8, nesterov=True)
    report = pl.verify(problem(), rule, theorem="M3", steps=0)
    assert report.verdict == "REFUTED"
    assert "the theorem is about heavy ball" in report.main.shortfall


def test_a_mode_that_does_not_oscillate_is_named():
    report = pl.verify(problem(), GradientDescentSettings(eta="0.01/beta", momentum=0.5), theorem="M3", steps=0)
    assert report.verdict == "UNDECIDED"
    assert "needed between (1 - sqrt m)^2" in report.main.shortfall


def test_no_figure_draws_an_envelope_that_is_of_the_energy():
    theorem, rule = CASES["M2"]
    report = pl.verify(problem(), rule, theorem=theorem, steps=50)
    loss, distance = pl.run_figure(report.to_dict(), report.trace).axes[:2]
    assert [line.get_label() for line in loss.lines] == ["loss"]
    assert "certified;" not in printed(report)
    assert not any("certified" in str(line.get_label()) for line in distance.lines)
