"""A run that is not what its optimizer reports is found, and the rule written otherwise is not."""

from __future__ import annotations

import numpy as np
import pytest

from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.problem import Problem
from pltheory.runs import loop as convergence
from pltheory.runs.loop import Reason, run
from pltheory.theory.verdict import Verdict
from pltheory.verification.contract import near_solution
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import verify
from tests.cases import Case
from tests.runs import planted

NEAR = near_solution(40, 1e-3)
SINGLE = Problem(NEAR.copy().network.float(), NEAR.x.float(), NEAR.y.float())
RULE = DeltaGClipSettings(eta="0.5/beta", gamma=9e-4, delta=0.2)  # clips for the first steps
HIDDEN = {"ScheduleInSecret", "WeightDecay", "Noise", "Halves", "in_half_the_digits", "moves_the_weights"}
"""What is below the rounding of single precision."""


def plant(monkeypatch, what):
    if isinstance(what, type):
        made = convergence.optimizer_for
        monkeypatch.setattr(convergence, "optimizer_for", lambda *args: what(made(*args)))
        return
    batch = convergence.FullBatch

    def planted_batch(work):
        way = batch(work)
        other = what(work, way)
        other.in_place = way.in_place
        return other

    monkeypatch.setattr(convergence, "FullBatch", planted_batch)


@pytest.mark.slow
@pytest.mark.parametrize("what", [*planted.OPTIMIZERS, *planted.GRADIENTS], ids=lambda w: w.__name__)
def test_a_run_that_is_not_the_rules_contradicts(monkeypatch, what):
    plant(monkeypatch, what)
    report = verify(NEAR, RULE, theorem="B", steps=100, level=Verdict.HOLDS)
    assert report.verdict is Verdict.HOLDS, "a run changes no verdict"
    assert report.evidence is Evidence.CONTRADICTS
    assert report.run.reason is Reason.NOT_THE_RULE
    assert report.run.violation.inequality in {c.name for c in report.run.own}


@pytest.mark.slow
@pytest.mark.parametrize("what", [*planted.OPTIMIZERS, *planted.GRADIENTS], ids=lambda w: w.__name__)
def test_in_single_precision_it_is_found_or_nothing_agrees(monkeypatch, what):
    plant(monkeypatch, what)
    report = verify(SINGLE, RULE, theorem="B", steps=60, level=Verdict.HOLDS)
    assert report.evidence is (Evidence.EMPIRICAL if what.__name__ in HIDDEN else Evidence.CONTRADICTS)


@pytest.mark.slow
@pytest.mark.parametrize("problem", [NEAR, SINGLE, Case((4, 3), 2, "silu", "standard", True, loss="mean").problem(),
                                     Case((6,), 1, "relu", "ntk", False, n=5, d=2).problem()],
                         ids=["double", "single", "mean", "relu"])  # fmt: skip
@pytest.mark.parametrize("settings", [DeltaGClipSettings(eta=0.05, gamma=9e-4, delta=0.2),
                                      GClipSettings(eta=0.05, gamma=9e-4), GradientDescentSettings(eta=0.05)],
                         ids=lambda s: s.name)  # fmt: skip
@pytest.mark.parametrize("honest", [None, planted.Honest])
def test_the_rule_is_found_to_be_the_rule(monkeypatch, problem, settings, honest):
    """By the project's optimizer and by another that rounds otherwise, whether anything was promised or not."""
    if honest is not None:
        plant(monkeypatch, honest)
    got = run(problem, settings, 0.05, steps=60, target=1e-20)
    assert got.violation is None
    assert got.checked == ()
    assert len(got.own) == 7
    assert all(np.isfinite(c.granted) and c.left <= c.right + c.granted for c in got.own)


def test_a_sample_of_the_entries_is_looked_at_after_every_step(monkeypatch):
    """Between the recorded steps, in a network with more weights than are looked at."""
    plant(monkeypatch, planted.SkipsOnce)
    problem = Case((700,), 1, "tanh", "ntk", True).problem()
    got = run(problem, GradientDescentSettings(eta=1e-3), 1e-3, steps=60)
    assert 47 not in got.trace.recorded
    assert got.violation.step == 47
    entries, _, whole = got.violation.inequality.split(", ")[-1].split()[:3]
    assert int(entries) < int(whole) == sum(p.numel() for p in problem.parameters())


def test_a_path_shorter_than_the_distance_is_found(monkeypatch):
    """The path is what the optimizer reports, the distance is measured."""

    class SaysLess(planted.Planted):
        def move(self, h, grads):
            super().move(2 * h, grads)

    plant(monkeypatch, SaysLess)
    got = run(NEAR, GradientDescentSettings(eta=1e-3), 1e-3, steps=20)
    row = next(c for c in got.own if c.name.startswith("distance"))
    assert row.left > row.right + row.granted
    assert got.reason is Reason.NOT_THE_RULE


def test_a_run_that_overflows_is_looked_at_up_to_there():
    problem = Case((12,), 1, "softplus", "standard", True, d=6).problem()
    got = run(problem, GradientDescentSettings(eta=50.0), 50.0, steps=500)
    assert (got.reason, got.violation) == (Reason.DIVERGED, None)
