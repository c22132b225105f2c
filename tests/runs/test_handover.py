"""The promise of Theorem F3 over a run: kept by the run of the rule, broken where a part of it is false."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

import pltheory as pl
from pltheory.runs.handover import HandoverPromise
from pltheory.runs.loop import run
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence
from tests.certification.test_handover import BATCHES, RULE, problem


@cache
def report():
    return pl.verify(problem(), RULE, theorem="F3", batches=BATCHES, steps=300, target=1e-20)


def test_a_run_keeps_what_is_promised_from_step_t_on():
    r = report()
    assert r.verdict is Verdict.CERTIFIED
    assert r.evidence is Evidence.AGREES, r.run.violation
    promise = r.main.promise
    assert isinstance(promise, HandoverPromise)
    assert len(r.run.checked) == 10
    assert all(check.step >= promise.since - 1 for check in r.run.checks)
    assert "for every order" in r.main.concluded


@pytest.mark.parametrize(("part", "change", "broken"), [
    ("first", {"since": 18}, "loss after T steps"),
    ("then", {"slope": 1e-6}, "envelope"),
    ("then", {"stay": 0.0, "start": 1e-9}, "distance"),
    ("then", {"factor": 1e-4}, "envelope"),
    ("then", {"radius": 1e-7}, "path from"),
])  # fmt: skip
def test_each_part_can_be_broken(part, change, broken):
    promise = report().main.promise
    wrong = replace(promise, **{part: replace(getattr(promise, part), **change)})
    settings = replace(RULE, eta=promise.eta)
    got = run(problem(), settings, promise.eta, batches=BATCHES, steps=60, target=1e-20, promise=wrong)
    names = {c.name for c in got.checks if not c.left <= c.right + c.granted}
    assert any(name.startswith(broken) for name in names), names


def test_nothing_is_promised_of_a_run_that_ends_before():
    promise = report().main.promise
    settings = replace(RULE, eta=promise.eta)
    got = run(problem(), settings, promise.eta, batches=BATCHES, steps=5, target=1e-20, promise=promise)
    assert not got.checks
