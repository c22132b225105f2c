"""Theorem F4: the numbers of workers, and the claims against an adversary; wrong versions are refuted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.certification.batches.certify import AveragedSteps, every_order
from pltheory.certification.batches.conditions import conditions
from pltheory.certification.batches.parts import every_parts, fixed_parts
from pltheory.certification.batches.workers import Worker, workers_of
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.problem.problem import Problem
from pltheory.rigor.arithmetic import INTERVALS
from pltheory.rigor.midrad import Ball
from pltheory.rigor.scalar import interval
from pltheory.runs.loop import run
from pltheory.theory import InvalidInputError
from tests.batch_attack import WRONG_OF_WORKERS, linear_ratios, network_runs
from tests.certification.test_every_order import near
from tests.oracles.batch_attack import shared_linear

GD = GradientDescentSettings(eta="0.1/beta")
PART = 3


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_numbers_of_workers_bound_every_part(outputs, size):
    """What no worker exceeds, by enumeration: norms, sums, and pairs of the steps of two passes in drawn orders."""
    rng = np.random.default_rng([size, outputs])
    n, passes = 2 * PART, 2
    j, x = rng.standard_normal((n * outputs, 20)), rng.standard_normal((n, 3))
    kernel, grams = Ball(j @ j.T, np.asarray(1e-13)), Ball(x @ x.T, np.asarray(1e-13))
    anyone = Batches(size, workers=2, passes=passes)
    every = every_parts(kernel, grams, anyone, n, outputs)
    whole = Worker(every, np.linalg.norm(j, 2) * 1.001, np.linalg.norm(x, 2) * 1.001)
    (drawn,) = workers_of(every, kernel, grams, anyone, outputs, whole)
    fixed = replace(anyone, order="fixed")
    own = fixed_parts(kernel, grams, fixed.partition(n), outputs)
    consecutive = workers_of(own, kernel, grams, fixed, outputs, whole)
    assert len(consecutive) == 2
    rows = j.reshape(n, outputs, -1)
    for trial in range(12):
        part = np.arange(PART) if trial == 0 else rng.permutation(n)[:PART]
        bounds = [drawn, *(consecutive[:1] if trial == 0 else [])]
        turns = [part if trial == 0 else rng.permutation(part) for _ in range(passes)]
        steps = [list(turn[k : k + size]) for turn in turns for k in range(0, PART, size)]
        norms = np.array([np.linalg.norm(rows[b].reshape(-1, 20), 2) for b in steps])
        shares = np.array([np.linalg.norm(x[b], 2) for b in steps])
        for change in (0.0, 0.3):
            triangle = _pairs(rows, steps, norms, shares, change)
            for worker in bounds:
                assert np.linalg.norm(rows[part].reshape(-1, 20), 2) <= worker.row
                assert np.linalg.norm(x[part], 2) <= worker.share
                assert np.sum((norms + shares * change) ** 2) <= passes * worker.parts.summed(change)
                assert np.sum(shares**2) <= passes * worker.parts.spread() ** 2
                assert triangle <= worker.parts.pairs(change, passes)
                assert worker.parts.count * passes == len(steps)


@pytest.mark.parametrize("change", [0.1, 0.3, 1.0])
def test_long_rows_may_belong_to_short_inputs(change):
    """The norm of a sample is that of its row and its share: those of a part ranked apart have smaller products."""
    rows, shares = np.array([1.0, 0.1, 0.05, 0.05]), np.array([0.1, 1.0, 0.05, 0.05])
    j, x = np.outer(rows, np.eye(5)[0]) + 1e-3 * np.eye(4, 5, 1), np.outer(shares, np.eye(2)[0])
    kernel, grams = Ball(j @ j.T, np.asarray(1e-13)), Ball(x @ x.T, np.asarray(1e-13))
    anyone = Batches(1, workers=2)
    every = every_parts(kernel, grams, anyone, 4, 1)
    (drawn,) = workers_of(every, kernel, grams, anyone, 1, Worker(every, 2.0, 2.0))
    steps, norms = [[0], [1]], np.linalg.norm(j, axis=1)
    assert _pairs(j[:, None], steps, norms[:2], shares[:2], change) <= drawn.parts.pairs(change)


def _pairs(rows, steps, norms, shares, change):
    """The smaller of the two sums over pairs of steps, by definition."""
    off, norms = shares * change, norms + shares * change
    near = coherent = 0.0
    for k in range(len(steps)):
        for i in range(k):
            one, two = (rows[steps[s]].reshape(-1, rows.shape[-1]) for s in (k, i))
            near += (np.linalg.norm(one @ two.T, 2) + off[k] * norms[i] + norms[k] * off[i]) ** 2
            coherent += (norms[k] * norms[i]) ** 2
    return min(near, coherent) ** 0.5


def proved(batches, rule=GD, **more):
    return pl.certify(near(**{"m": 60, "shift": 1e-5, **more}), rule, theorem="F4", batches=batches)


def test_one_worker_and_one_pass_is_an_epoch():
    one = proved(Batches(2, "fixed", workers=1))
    epoch = pl.certify(near(m=60, shift=1e-5), GD, theorem="F1", batches=Batches(2, "fixed"))
    for name in ("rate", "required", "truncation", "lost"):
        assert one[name] == pytest.approx(epoch[name], rel=1e-6)


def test_workers_of_one_step_cost_their_number_and_passes_gain():
    alone, shared = proved(Batches(4, "fixed", workers=1)), proved(Batches(2, "fixed", workers=2))
    assert alone["truncation"] == pytest.approx(1, rel=1e-9)
    assert shared["truncation"] == pytest.approx(2**0.5, rel=1e-9)
    more = proved(Batches(2, "fixed", workers=2, passes=4))
    assert 1 - more["rate"] > 2.5 * (1 - shared["rate"]), "four passes, less what one sees of another"


def test_the_report_keeps_the_promise_over_a_run():
    for batches in (Batches(2, "fixed", workers=2), Batches(1, workers=2, passes=2)):
        rule = DeltaGClipSettings(eta="0.8/beta", gamma=1e-4, delta=0.6)
        report = pl.verify(
            near(outputs=1), rule, theorem="F4", batches=batches, steps=400, level=pl.Verdict.HOLDS, target=1e-20
        )
        assert report.verdict is pl.Verdict.HOLDS
        assert report.run.violation is None
        assert len(report.run.checked) == 6
        assert sum("round" in name for name in report.run.checked) == 2
        assert report.main.promise.count == batches.count(4)


@pytest.mark.parametrize("change", [{"slope": 1e-6}, {"least": 1e3}, {"radius": 1e-7}, {"stay": 0.0, "start": 1e-6}])
def test_a_run_that_does_not_keep_it_is_found(change):
    rule = GradientDescentSettings(eta="0.8/beta")
    batches = Batches(1, "fixed", workers=2)
    report = pl.verify(near(outputs=1), rule, theorem="F4", batches=batches, steps=0, level=pl.Verdict.HOLDS)
    promise = replace(report.main.promise, **change)
    settings = GradientDescentSettings(eta=promise.eta)
    got = run(near(outputs=1), settings, promise.eta, batches=batches, steps=40, target=1e-20, promise=promise)
    assert got.violation is not None


def test_of_a_deep_network_the_bounds_of_all_samples_stand_for_a_worker():
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 3)))
    net = pl.fully_connected([3, 60, 60, 1], seed=0)
    with torch.no_grad():
        y = net(x) + 1e-7
    for batches in (Batches(1, workers=2, passes=2), Batches(1, "fixed", workers=2, passes=2)):
        claim = pl.certify(Problem(net, x, y), GD, theorem="F4", batches=batches)
        assert claim.holds
        with pytest.raises(InvalidInputError, match="no recheck reads Theorem F4 but of one hidden layer"):
            claim.save("nowhere.json")


def test_float_and_interval_evaluation_agree():
    at = every_order(near(n=6), GD, Batches(2, workers=2, passes=3))
    assert isinstance(at, AveragedSteps)
    exact = conditions(at.numbers, at.rule, at.radii, 0.0, INTERVALS, interval)
    for a, b in zip(at.as_computed(), at.inequalities(exact), strict=True):
        assert (b.left, b.right) == pytest.approx((a.left, a.right), rel=1e-9)
        assert a.name == b.name


def test_of_several_theorems_it_alone_speaks_of_averages():
    for several in ("best", "all"):
        report = pl.verify(near(m=60, shift=1e-5), GD, theorem=several, batches=Batches(2, workers=2), steps=0)
        assert [r.theorem.id for r in report.ladder] == ["F4"]
        assert report.verdict is pl.Verdict.CERTIFIED


def test_what_it_does_not_speak_of():
    with pytest.raises(InvalidInputError, match=r"Theorem F4 speaks of local steps .*: run.workers is missing"):
        proved(Batches(2))
    with pytest.raises(InvalidInputError, match=r"Theorem F1 speaks of steps that follow one another; run.workers = 2"):
        pl.certify(near(), GD, theorem="F1", batches=Batches(2, workers=2))
    with pytest.raises(InvalidInputError, match=r"run.workers = 3: does not divide 4, the number of samples"):
        proved(Batches(1, workers=3))
    with pytest.raises(InvalidInputError, match="optimizer: Theorem F4 speaks of steps without momentum"):
        proved(Batches(2, workers=2), GradientDescentSettings(eta=0.01, momentum=0.9))


# --- the adversary ---


@pytest.mark.slow
def test_no_adversary_breaks_it_and_wrong_versions_are_refuted():
    right, wrong = linear_ratios(range(40), shared_linear, 2)
    assert min(right) >= 1
    assert min(right) < 1.2, "an attack that comes nowhere near finds nothing"
    for name in WRONG_OF_WORKERS:
        assert min(wrong[name]) < 0.98, name


@pytest.mark.slow
def test_no_run_of_a_small_network_breaks_its_claims():
    runs = network_runs(range(4), 2, workers=True)
    assert len(runs) >= 6
    assert not any(r.broken for r in runs)
    assert min(r.residual for r in runs) < 2, "an attack that comes nowhere near finds nothing"
