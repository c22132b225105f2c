"""An audit says of a log what its norms say, and never more; held against the optimizer's steps and plain Python."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.runs.audit import RunOf
from pltheory.theory import InvalidInputError


def counted(norms: list[float], gamma: float, delta: float) -> tuple[int, int, int]:
    """Full, clipped and floored by the words of the definition, without the step's formula."""
    full = sum(1 for g in norms if g <= gamma)
    floored = sum(1 for g in norms if g * delta > gamma)
    return full, len(norms) - full - floored, floored


def test_counts_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    for _ in range(50):
        norms = np.exp(rng.normal(0, 2, 37)).tolist()
        gamma, delta = float(np.exp(rng.normal())), float(rng.uniform(0, 1))
        found = pl.audit(norms, gamma=gamma, delta=delta)
        assert (found.full, found.clipped, found.floored) == counted(norms, gamma, delta)


def test_every_branch_is_the_step_that_the_optimizer_takes():
    for norm, branch in ((0.0, "full"), (0.9, "full"), (3.0, "clipped"), (30.0, "floored")):
        w = torch.nn.Parameter(torch.tensor([norm], dtype=torch.float64))
        optimizer = pl.optim.DeltaGClip([w], lr=0.5, gamma=1.0, delta=0.1)
        (w.square().sum() / 2).backward()
        optimizer.step()
        found = pl.audit([norm], gamma=1.0, delta=0.1, eta=0.5, step_size=[float(optimizer.step_size)])
        assert getattr(found, branch) == 1
        assert found.off_rule == 0


@pytest.mark.parametrize(
    ("norms", "delta", "run_of"),
    [
        ([0.2, 0.9], 0.1, RunOf.UNCLIPPED),
        ([0.2, 5.0], 0.1, RunOf.GCLIP),
        ([0.2, 5e9], 0.0, RunOf.GCLIP),
        ([0.2, 11.0], 0.1, RunOf.DELTA_GCLIP),
        ([11.0, 12.0], 0.1, RunOf.FLOOR),
        # Where rounding, or a log after clipping, could have it either way, nothing is said.
        ([0.2, 10.0], 0.1, RunOf.UNKNOWN),
        ([0.2, 10.0002], 0.1, RunOf.UNKNOWN),
        ([0.2, 0.99999, 0.999995], 0.1, RunOf.UNKNOWN),
        ([0.2, 1.00001], 0.1, RunOf.UNKNOWN),
    ],
)
def test_of_which_rule_a_run_is(norms, delta, run_of):
    found = pl.audit(norms, gamma=1.0, delta=delta)
    assert found.run_of is run_of
    assert found.conclusion


def test_norms_after_clipping_are_no_run_that_never_clips():
    rng = np.random.default_rng(1)
    before = rng.uniform(0.5, 3, 200)
    after = before * np.minimum(1, 1.0 / (before + 1e-6))  # what `clip_grad_norm_` leaves
    assert pl.audit(before, gamma=1.0, delta=0.0).run_of is RunOf.GCLIP
    seen = pl.audit(after, gamma=1.0, delta=0.0)
    assert seen.run_of is RunOf.UNKNOWN
    assert "after clipping" in seen.conclusion


def test_what_would_engage_does_and_what_is_beyond_does_not():
    norms = np.exp(np.random.default_rng(2).normal(0, 1.5, 250))
    found = pl.audit(norms, gamma=0.3, delta=1e-4)
    assert [r.steps for r in found.gammas] == [3, 25, 125]
    for reach in found.gammas:
        below, above = (pl.audit(norms, gamma=reach.value * c, delta=0.0) for c in (1 - 1e-9, 1 + 1e-9))
        assert below.clipped == reach.steps == above.clipped + 1
    for reach in found.deltas:
        above, below = (pl.audit(norms, gamma=0.3, delta=reach.value * c) for c in (1 + 1e-9, 1 - 1e-9))
        assert above.floored == reach.steps == below.floored + 1
    calm = pl.audit([0.0, 0.1], gamma=1.0, delta=0.5)
    assert [r.value for r in calm.deltas] == [None, None]  # a floor below 1 holds up what is clipped alone
    assert calm.gammas[-1].value == 0.1


def test_steps_of_another_rule_are_told():
    norms = [0.5, 4.0, 40.0]
    rule = [0.2, 0.05, 0.02]
    assert pl.audit(norms, gamma=1.0, delta=0.1, eta=0.2, step_size=rule).off_rule == 0
    other = pl.audit(norms, gamma=1.0, delta=0.1, eta=0.2, step_size=[0.2, 0.05, 0.2 / 40])
    assert (other.off_rule, other.run_of) == (1, RunOf.ANOTHER)
    assert pl.audit(norms, gamma=1.0, delta=0.1, step_size=rule).off_rule is None


def test_columns_and_no_threshold():
    found = pl.audit([2.0, 2.0], gamma=[1.0, 4.0], delta=0.1, eta=[0.1, 0.2])
    assert (found.full, found.clipped) == (1, 1)
    never = pl.audit([2.0, 3.0], gamma=math.inf, delta=0.1)
    assert (never.full, never.run_of) == (2, RunOf.UNCLIPPED)
    assert "Infinity" not in json.dumps(never.to_dict())


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("norms: there are none", {"norms": []}),
        ("norms: 2 of 3 are not allowed, the first is nan at position 1", {"norms": [1.0, math.nan, -1.0]}),
        ("the first is inf", {"norms": [math.inf]}),
        ("norms: the shape is", {"norms": [[1.0]]}),
        ("norms: allowed are", {"norms": ["a"]}),
        ("gamma = 0: allowed are positive", {"gamma": 0.0}),
        ("gamma = nan", {"gamma": math.nan}),
        ("delta = 1: allowed are", {"delta": 1.0}),
        ("delta = -0.1", {"delta": -0.1}),
        ("eta = -1", {"eta": -1.0}),
        ("gamma: the shape is", {"gamma": [1.0, 1.0, 1.0]}),
        ("step_size: the shape is", {"step_size": [1.0]}),
    ],
)
def test_what_is_refused(said, arguments):
    given = {"norms": [1.0, 2.0], "gamma": 1.0, "delta": 0.1} | arguments
    norms = given.pop("norms")
    with pytest.raises(InvalidInputError, match=said) as refused:
        pl.audit(norms, **given)
    assert "\n" not in str(refused.value)
