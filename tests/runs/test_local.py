"""Rounds of local clipping by processes: equal to the run of one process, and held against Theorem F4's promise."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import pltheory as pl
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.batches import Batches
from pltheory.runs.local import held
from pltheory.runs.loop import run
from pltheory.runs.trace import Trace
from pltheory.theory import InvalidInputError
from tests.certification.test_every_order import near
from tests.optim.local_workers import play
from tests.runs.local_rounds import N, refusals, rounds

MANY = 30
RULE = DeltaGClipSettings(eta="0.8/beta", gamma=1e-4, delta=0.6)
ROUND = {"size": 1, "order": "shuffle", "interval": 4}
BATCHES = Batches(1, "shuffle", 3, workers=2, passes=2)


@pytest.fixture(scope="module")
def promise():
    report = pl.verify(near(outputs=1), RULE, theorem="F4", batches=BATCHES, steps=0, level=pl.Verdict.HOLDS)
    assert report.verdict is pl.Verdict.HOLDS
    return report.main.promise


def played(folder, promise, **more):
    rule = {"eta": promise.eta, "gamma": RULE.gamma, "delta": RULE.delta, "many": MANY}
    found = play(partial(rounds, **{**rule, **ROUND, **more}), 2, folder)
    assert found[0]["sum"] == found[1]["sum"], "every worker has the same weights"
    assert found[0]["step_size"] == found[1]["step_size"], "and the whole trace"
    own = {name: np.array(values) for name, values in found[0].items() if name not in ("averages", "sum")}
    assert found[0]["averages"] == len(own["step_size"]) // 8
    return Trace(**own)


@pytest.fixture(scope="module")
def trace(promise, tmp_path_factory):
    return played(tmp_path_factory.mktemp("rounds"), promise)


def settings(promise):
    return replace(RULE, eta=promise.eta)


@pytest.mark.slow
def test_workers_are_the_run_that_takes_turns(trace, promise):
    got = run(near(outputs=1), settings(promise), promise.eta, batches=BATCHES, steps=8 * MANY, target=0.0)
    taken = len(got.trace.step_size)
    np.testing.assert_allclose(trace.loss[: taken + 1], got.trace.loss, rtol=1e-6, atol=1e-22)
    np.testing.assert_allclose(trace.step_size[:taken], got.trace.step_size, rtol=1e-9)
    np.testing.assert_array_equal(trace.epoch[:taken], got.trace.epoch)
    assert len(set(trace.step_size.round(12))) > 2, "clipped, floored and full steps"


@pytest.mark.slow
def test_the_promise_is_kept(trace, promise):
    found = held(near(outputs=1), settings(promise), BATCHES, trace, promise)
    assert found.violation is None
    assert not found.tells, "what is promised of so short a run is above the loss at its start"
    assert len(found.checks) == 7
    assert sum("round" in check.name for check in found.checks) == 2


@pytest.mark.parametrize(
    "change", [{"slope": 1e-6}, {"least": 1e3}, {"radius": 1e-7}, {"stay": 0.0, "start": 1e-6}, {"factor": 0.2}]
)
def test_a_promise_that_is_not_kept_is_found(change, trace, promise):
    wrong = replace(promise, **change)
    found = held(near(outputs=1), settings(promise), BATCHES, trace, wrong)
    assert found.violation is not None
    assert found.tells or "factor" not in change


@pytest.mark.slow
@pytest.mark.parametrize(("wrong", "where"), [("steps", "step rule of delta-gclip"), ("targets", "envelope")])
def test_a_worker_that_does_something_else_is_found(wrong, where, promise, tmp_path):
    trace = played(tmp_path, promise, wrong=wrong, many=6)
    found = held(near(outputs=1), settings(promise), BATCHES, trace, promise)
    assert found.violation is not None
    assert where in found.violation.inequality


def test_another_promise_is_refused(trace, promise):
    with pytest.raises(InvalidInputError, match="the promise is of eta"):
        held(near(outputs=1), replace(RULE, eta=0.5 * promise.eta), BATCHES, trace, promise)
    with pytest.raises(InvalidInputError, match=r"a round of 4 steps; the promise is of 8"):
        held(near(outputs=1), settings(promise), replace(BATCHES, passes=1), trace, promise)


def test_runs_that_f4_does_not_speak_of_are_refused_in_a_line(tmp_path):
    first, second = play(refusals, 2, tmp_path)
    assert first == second
    said = {
        "momentum": "momentum = 0.9: Theorem F4 speaks of momentum = 0 alone",
        "decay": "weight_decay = 0.1: Theorem F4 speaks of weight_decay = 0 alone",
        "within a pass": "interval = 3: Theorem F4 speaks of rounds that leave no sample out, here whole passes of 2 "
        "steps through a part of 2 samples",
        "unequal parts": "run.workers = 2: does not divide 5, the number of samples",
        "larger than a part": "run.batch = 3: allowed are 1 to 2, the number of samples of a worker",
        "within a round": "optimizer: its step 1 is within a round of 2",
        "other weights": "optimizer: allowed is one of all parameters of the problem, and of no other",
    }
    others = first.pop("other rounds")
    assert others.startswith("batches: batches of 2, fixed")
    assert others.endswith("the optimizer has 2 workers, interval 4")
    assert first == said
    assert N == 4
