"""What many runs say of Theorem F2's promise of their mean: true ones stand, false ones fall, one run says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

import pltheory as pl
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.theory import InvalidInputError, NotAvailableError
from pltheory.theory.verdict import Verdict
from pltheory.verification import averages
from pltheory.verification.averages import many_runs
from pltheory.verification.evidence import Evidence
from tests.certification.test_every_order import near

RULE = GradientDescentSettings(eta="0.8/beta")
BATCHES = Batches(2, "random")
PROBLEM = near(n=3, shift=1e-4, outputs=1)


@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_many_runs_do_not_contradict_what_is_promised(loss):
    problem = near(n=3, shift=1e-4, outputs=1, loss=loss)
    seen = many_runs(problem, DeltaGClipSettings(eta="0.8/beta", gamma=1e-5, delta=0.6), BATCHES, runs=20, steps=40)
    assert not seen.contradicts
    assert (seen.left, seen.far) == (0, 0)
    assert "not contradicted at level 0.01" in str(seen)


@pytest.mark.parametrize(("change", "field"), [("rate", "far"), ("ball", "left")])
def test_false_promises_are_contradicted(monkeypatch, change, field):
    """A rate that falls too fast, and a ball that is a hundred times too small."""
    true = averages.drawn_batches

    def false(*args):
        at = true(*args)
        if change == "rate":
            return replace(at, found=replace(at.found, rate=0.5 * at.found.rate))
        return replace(at, radii=replace(at.radii, d=at.radii.d / 100))

    monkeypatch.setattr(averages, "drawn_batches", false)
    seen = many_runs(PROBLEM, RULE, BATCHES, runs=20, steps=40)
    assert getattr(seen, field) == 20
    assert seen.contradicts
    assert ": contradicted at level" in str(seen)


def test_a_few_that_leave_may_be_chance():
    seen = averages.Averages(100, 10, 7, 0, 0.05, 0.01, 0.234, 1.0)
    assert not seen.contradicts


def test_of_a_single_run_nothing_is_promised():
    report = pl.verify(PROBLEM, RULE, theorem="F2", batches=BATCHES, steps=30, level=Verdict.HOLDS)
    assert report.verdict is Verdict.HOLDS
    assert report.main.promise is None
    assert report.evidence is Evidence.EMPIRICAL
    assert report.untold == "the theorem promises nothing of a single run"


def test_what_is_not_allowed_is_refused():
    with pytest.raises(InvalidInputError, match=r"run\.order"):
        many_runs(PROBLEM, RULE, Batches(2))
    with pytest.raises(InvalidInputError, match="batch_until"):
        many_runs(PROBLEM, RULE, replace(BATCHES, until=3))
    with pytest.raises(InvalidInputError, match="runs = 0"):
        many_runs(PROBLEM, RULE, BATCHES, runs=0)
    with pytest.raises(NotAvailableError, match="does not hold"):
        many_runs(near(n=3, shift=1.0, outputs=1), RULE, BATCHES, runs=1)
