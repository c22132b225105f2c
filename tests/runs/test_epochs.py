"""The promise of Theorem F1 over runs: kept by runs of the rule, broken by a run that does not obey it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pltheory as pl
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.runs.epochs import EpochPromise
from pltheory.runs.loop import Reason, run
from pltheory.runs.rounding import RoundOff
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence
from tests.certification.test_every_order import near

RULES = (GradientDescentSettings(eta="0.8/beta"), DeltaGClipSettings(eta="0.8/beta", gamma=1e-4, delta=0.6))
PROBLEM = near(n=3, shift=1e-3, outputs=1)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["fixed", "shuffle"])
@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_a_run_keeps_what_is_promised(order, rule, loss):
    problem = near(n=3, shift=1e-3, outputs=1, loss=loss)
    report = pl.verify(
        problem, rule, theorem="F1", batches=Batches(2, order), steps=600, level=Verdict.HOLDS, target=1e-20
    )
    assert report.verdict is Verdict.HOLDS
    assert report.evidence is not Evidence.CONTRADICTS, report.run.violation
    names = report.run.checked
    assert len(names) == 6
    assert sum("epoch" in name for name in names) == 2
    assert all(np.isfinite(c.granted) and c.left <= c.right + c.granted for c in report.run.checks)


def promised():
    report = pl.verify(PROBLEM, RULES[0], theorem="F1", batches=Batches(2), steps=0, level=Verdict.HOLDS)
    assert isinstance(report.main.promise, EpochPromise)
    return report.main.promise


@pytest.mark.parametrize(("change", "broken"), [
    ({"slope": 1e-6}, "envelope"),
    ({"least": 1e3}, "residual at the start"),
    ({"stay": 0.0, "start": 1e-6}, "distance"),
    ({"radius": 1e-7}, "path"),
    ({"floor": 1.5}, "step floor"),
    ({"eta": 1e-3}, "step ceiling"),
])  # fmt: skip
def test_each_inequality_can_be_broken(change, broken):
    got = run(
        PROBLEM, GradientDescentSettings(eta=promised().eta), promised().eta, batches=Batches(2), steps=40,
        target=1e-20, promise=replace(promised(), **change),
    )  # fmt: skip
    names = {c.name for c in got.checks if not c.left <= c.right + c.granted}
    assert any(name.startswith(broken) for name in names), names
    assert got.reason in (Reason.LEFT_BALL, Reason.RATE_VIOLATED)


def test_a_run_too_short_to_tell_says_so():
    far = near(n=3, shift=0.03, outputs=1, m=2000)
    report = pl.verify(
        far, GradientDescentSettings(eta="0.01/beta"), theorem="F1", batches=Batches(2), steps=9, level=Verdict.HOLDS
    )
    assert report.verdict is Verdict.HOLDS
    assert report.evidence is Evidence.EMPIRICAL
    assert "a longer one would tell" in report.untold


def test_rounding_is_granted_as_steps_expand_it_and_to_averages():
    got = run(PROBLEM, GradientDescentSettings(eta=promised().eta), promised().eta, batches=Batches(2), steps=20)
    granted = RoundOff(0.0, 0.0, 0.0, 1.0, 1e-16, 0.0, 0.0, 0.0, 1e-16, "")
    steps = 1e-16 + 4e-16 * got.trace.step_size * got.trace.grad_norm

    def fresh(**change):
        promise = replace(promised(), slope=1.0, growth=1.0, **change)
        found = promise.inequalities(got.trace, GradientDescentSettings(eta=promise.eta), granted)
        return next(i.granted for i in found if i.name.startswith("envelope"))[0]

    assert fresh(bend=0.0) == pytest.approx(steps[:2].sum(), rel=1e-9)
    assert fresh(bend=0.0, averaged=3) - fresh(bend=0.0) == pytest.approx(3e-16, rel=1e-6)
    expanded = (got.trace.step_size * np.sqrt(2 * got.trace.batch_loss))[:2].sum()
    assert fresh(bend=1 / expanded) == pytest.approx(np.exp(2) * steps[:2].sum(), rel=1e-9)
    assert 0 < promised().bend < 1
