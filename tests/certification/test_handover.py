"""Theorem F3: the stored run and what follows, against an adversary and with parts left out."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.certification import handover
from pltheory.certification.handover import FROM_END, hand_over, handover_claim
from pltheory.certification.stored import stored_arrays
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.batches import Batches
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from pltheory.theorems import f1, f3
from pltheory.theorems.on_batches import Found
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.certification.test_every_order import near
from tests.forge import FALSE, Forge

RULE = DeltaGClipSettings(eta="0.5/beta", gamma=1.0, delta=0.1)
BATCHES = Batches(2)


@cache
def problem():
    """Four samples far from a zero at width 64."""
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 8)))
    y = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]], dtype=torch.float64)
    return Problem(pl.fully_connected([8, 64, 1], activation="tanh", seed=0), x, y)


@cache
def found():
    at = hand_over(problem(), RULE, BATCHES, 2000)
    assert at is not None
    assert at.then is not None
    assert at.then.found is not None
    return at


def claimed(at):
    then = at.then.proved(f1.THEOREM.statement, RULE, "sum")
    return handover_claim(f3.THEOREM.statement, "sum", RULE, at, then)


def gradient(w1, w2, rows):
    """Of half the squared residual of these samples, one hidden layer of the problem's scales; NumPy alone."""
    a = stored_arrays(problem())
    x, y = a.x[rows], a.y[rows]
    hidden = np.tanh(a.kappa[0] * x @ w1.T)
    r = a.kappa[1] * hidden @ w2.T - y
    back = a.kappa[1] * r @ w2 * (1 - hidden**2)
    return a.kappa[0] * back.T @ x, a.kappa[1] * r.T @ hidden, 0.5 * float(np.sum(r**2))


def stepped(w, rows, eta):
    one, two, _ = gradient(*w, rows)
    h = eta * min(1.0, max(RULE.delta, RULE.gamma / np.sqrt(np.sum(one**2) + np.sum(two**2))))
    return w[0] - h * one, w[1] - h * two


def test_f1_does_not_close_at_the_start_and_does_after_the_stored_steps():
    with pytest.raises(InvalidInputError):
        f3.THEOREM.certify(problem(), RULE)
    assert f1.THEOREM.certify(problem(), RULE, BATCHES).holds is False
    at = found()
    assert at.run.steps % BATCHES.count(4) == 0
    claim = claimed(at)
    assert claim.holds
    assert claim["then_rate"] < 1
    assert claim["apart"] < 1e-9


def test_the_run_is_where_the_claim_says_and_falls_at_its_rate_in_every_order():
    """Each epoch takes the order, of two, that leaves the loss larger, with batches drawn anew."""
    at, claim = found(), claimed(found())
    a, rng = stored_arrays(problem()), np.random.default_rng(1)
    w = tuple(p.astype(np.longdouble) for p in a.weights)
    for rows in at.run.rule.batches:
        w = stepped(w, list(rows), at.eta)
    end = at.run.final.w
    assert np.sqrt(sum(float(np.sum((p - q) ** 2)) for p, q in zip(w, end, strict=True))) <= claim["apart"]
    bound = 0.5 * (claim["then_lipschitz"] * at.then.radii.g * at.then.radii.d) ** 2
    first = gradient(*w, np.arange(4))[2]
    for _ in range(400):
        assert gradient(*w, np.arange(4))[2] <= bound
        tried = []
        for _ in range(2):
            v = w
            for rows in rng.permutation(4).reshape(2, 2):
                v = stepped(v, rows, at.eta)
            tried.append(v)
        w = max(tried, key=lambda v: gradient(*v, np.arange(4))[2])
        bound *= claim["then_rate"]
    assert gradient(*w, np.arange(4))[2] < first


@pytest.mark.parametrize("apart", [1e-3, 2e-2])
def test_the_error_of_the_run_enters_the_distance(monkeypatch, apart):
    """Were eps_T dropped, D would not grow with it."""
    right = handover.follow
    wide = lambda *args: (r := right(*args), replace(r, eps=apart, outcome=replace(r.outcome, apart=apart)))[1]  # noqa: E731
    monkeypatch.setattr(handover, "follow", wide)
    at = hand_over(problem(), RULE, BATCHES, 2000)
    needed = at.then.numbers.distance + at.then.radii.eps + apart
    assert at.then.radii.d >= needed
    sides = {i.name: i for i in (handover.from_end(Found(at.then).sides.values()))}
    assert sides[FROM_END].left >= needed


def test_a_distance_without_the_error_is_refused(tmp_path):
    """D is that of F1 from the computed end alone: false as soon as the run's error is seen in its digits."""
    at = found()
    wide = replace(at.run, outcome=replace(at.run.outcome, apart=1e-3))
    one = claimed(replace(at, run=wide))
    result = recheck(Forge(tmp_path, one.text("c.cert.npz"), one.arrays_bytes()).path)
    assert result.code == FALSE
    assert "hypotheses[3].left" in {check.field for check in result.checks if check.code == FALSE}


def test_few_steps_are_said_to_be_too_few():
    assert hand_over(problem(), RULE, BATCHES, 1) is None
    assert hand_over(problem(), RULE, BATCHES, 4) is None


@pytest.mark.slow
def test_it_speaks_of_epochs_only():
    with pytest.raises(InvalidInputError, match=r"run\.order"):
        pl.certify(problem(), RULE, theorem="F3", batches=Batches(2, "random"))
    with pytest.raises(InvalidInputError, match=r"run\.batch is missing"):
        pl.certify(problem(), RULE, theorem="F3")
    with pytest.raises(NotAvailableError, match="comes to no place"):
        pl.certify(near(n=4, m=2, shift=3.0), RULE, theorem="F3", batches=BATCHES)
