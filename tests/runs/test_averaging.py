"""Runs of workers that average: against a loop of their own, and where they are refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.optim.schedule import schedule
from pltheory.problem.batches import Batches
from pltheory.problem.problem import Problem
from pltheory.runs import loop
from pltheory.runs.averaging import Averaging
from pltheory.runs.loop import Reason, run
from pltheory.theorems.ladder import BY_NAME, LADDER, OF_BATCHES
from pltheory.theory import InvalidInputError
from pltheory.verification.contract import near_solution
from pltheory.verification.report import verify

PROBLEM = near_solution(10, 0.3, outputs=2, n=6)
RULE = DeltaGClipSettings(eta=0.02, gamma=0.05, delta=0.2)
TWICE = Batches(2, "fixed", workers=2, passes=2)


def test_in_a_round_every_worker_goes_through_its_part():
    fixed = [rows.tolist() for rows in itertools.islice(TWICE.rows(6), 16)]
    assert fixed[:8] == [[0, 1], [2], [0, 1], [2], [3, 4], [5], [3, 4], [5]] == fixed[8:]
    assert [list(b) for b in TWICE.partition(6)] == [[0, 1], [2], [3, 4], [5]]
    assert (TWICE.count(6), TWICE.sizes(6)) == (8, (2, 1))
    drawn = [rows.tolist() for rows in itertools.islice(Batches(2, workers=2, passes=2).rows(6), 16)]
    parts = [sorted(itertools.chain(*drawn[k : k + 2])) for k in range(0, 16, 2)]
    for e in (0, 4):
        assert parts[e] == parts[e + 1], "passes of one worker are through one part"
        assert sorted(parts[e] + parts[e + 2]) == list(range(6))
    assert drawn[:8] != drawn[8:]


@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_a_run_trains_as_a_loop_of_its_own(loss):
    problem = Problem(PROBLEM.network, PROBLEM.x, PROBLEM.y, loss)
    got = run(problem, RULE, 0.02, batches=TWICE, steps=24, target=1e-20, records=30)
    assert got.violation is None
    assert got.trace.epoch.tolist() == [t // 8 for t in range(24)]
    work = problem.copy()
    params = list(work.parameters())
    first = [p.detach().clone() for p in params]
    losses, distances, walked = [], [], 0.0
    for _ in range(3):
        shared, ends = [p.detach().clone() for p in params], []
        for part in ([[0, 1], [2]], [[3, 4], [5]]):
            with torch.no_grad():
                for p, s in zip(params, shared, strict=True):
                    p.copy_(s)
            for rows in part * 2:
                losses.append(float(work.value().detach()))
                distances.append(_apart(params, first))
                slopes = torch.autograd.grad(Problem(work.network, work.x[rows], work.y[rows], loss).value(), params)
                norm = float(torch.cat([g.flatten() for g in slopes]).norm())
                h = 0.02 * min(1.0, max(0.2, 0.05 / norm))
                walked += h * norm
                with torch.no_grad():
                    for p, g in zip(params, slopes, strict=True):
                        p.sub_(h * g)
            ends.append([p.detach().clone() for p in params])
        with torch.no_grad():
            for p, *each in zip(params, *ends, strict=True):
                p.copy_(sum(each) / 2)
    losses.append(float(work.value().detach()))
    distances.append(_apart(params, first))
    np.testing.assert_allclose(got.trace.loss, losses, rtol=1e-9)
    np.testing.assert_allclose(got.trace.distance, np.array(distances)[got.trace.recorded], rtol=1e-7, atol=1e-14)
    assert got.trace.path[-1] == pytest.approx(walked, rel=1e-9)


def _apart(params, first):
    return float(torch.cat([(p.detach() - s).flatten() for p, s in zip(params, first, strict=True)]).norm())


def test_one_worker_and_one_pass_is_an_epoch():
    plain, one = (run(PROBLEM, RULE, 0.02, batches=b, steps=12) for b in (Batches(4), Batches(4, workers=1)))
    np.testing.assert_array_equal(plain.trace.loss, one.trace.loss)


def test_weights_that_are_set_unseen_are_no_step(monkeypatch):
    class Unseen(Averaging):
        def before(self, t):
            super().before(t)
            return False

    monkeypatch.setattr(loop, "Averaging", Unseen)
    got = run(PROBLEM, RULE, 0.02, batches=TWICE, steps=20)
    assert got.reason is Reason.NOT_THE_RULE


@pytest.mark.parametrize("more", [{"momentum": 0.9}, {"schedule": schedule("cosine", {}, steps=9)}])
def test_momentum_and_schedules_are_not_averaged(more):
    rule = GradientDescentSettings(eta=0.01, **more)
    said = r"run.workers = 2: the average is one of steps without momentum, eta constant; gd has "
    with pytest.raises(InvalidInputError, match=said):
        run(PROBLEM, rule, 0.01, batches=TWICE, steps=4)
    with pytest.raises(InvalidInputError, match=said):
        verify(PROBLEM, rule, batches=TWICE, steps=0)


def test_theorems_of_steps_that_follow_one_another_say_nothing_of_averages():
    for theorem in (*LADDER, *BY_NAME, *OF_BATCHES):
        if not theorem.averaged:
            assert theorem.outside(TWICE, PROBLEM.objective), theorem.id
            if "fixed" in theorem.orders or theorem.id == "T":
                said = f"Theorem {theorem.id} speaks of steps that follow one another; run.workers = 2"
                assert theorem.outside(TWICE, PROBLEM.objective) == said
