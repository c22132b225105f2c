"""Runs with weight decay are held against their own step rule; theorems without it say nothing of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings, StepSettings
from pltheory.optim.schedule import Cosine
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.runs.loop import Reason, run
from pltheory.runs.promise import Promise
from pltheory.theorems.ladder import BY_NAME, LADDER, OF_BATCHES
from pltheory.theory.verdict import Verdict
from pltheory.verification.contract import near_solution
from tests.oracles.shrunken import shrunken

RULES: dict[str, StepSettings] = {
    "coupled": DeltaGClipSettings(0.1, 0.5, 0.1, weight_decay=0.05),
    "decoupled": DeltaGClipSettings(0.1, 0.5, 0.1, weight_decay=0.05, decoupled_weight_decay=True),
    "scheduled": GClipSettings(0.1, 0.5, 0.0, weight_decay=0.05, schedule=Cosine(40)),
    "unclipped": GradientDescentSettings(0.1, weight_decay=0.05, decoupled_weight_decay=True),
}


def problem(dtype: torch.dtype) -> Problem:
    """Fewer samples than inputs: a run without decay would be taken to their span."""
    gen = torch.Generator().manual_seed(1)
    net = fully_connected([9, 12, 1], bias=True, seed=1)
    x = torch.nn.functional.normalize(torch.randn(4, 9, generator=gen, dtype=torch.float64), dim=1)
    y = torch.randn(4, 1, generator=gen, dtype=torch.float64)
    return Problem(net.to(dtype), x.to(dtype), y.to(dtype))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", RULES)
def test_a_run_is_held_against_its_own_rule(name: str, dtype: torch.dtype) -> None:
    rule, at = RULES[name], problem(dtype)
    found = run(at, rule, 0.1, steps=60)
    assert found.reason is Reason.STEP_LIMIT
    assert found.violation is None
    # The part of the weights that no input meets shrinks as well.
    trace, factor = found.trace, np.prod(1 - rule.recursion.weight_decay * found.trace.step_size)
    if not rule.recursion.decoupled:
        assert trace.weights[-1] < trace.weights[0]
        assert factor < 1
    assert trace.distance[-1] <= trace.path[-1] * (1 + 1e-6)
    # Another lambda is another rule, and is found out.
    other = replace(rule, weight_decay=0.0501)  # type: ignore[call-arg]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pltheory.runs.loop.optimizer_for", lambda s, eta, p: rule.optimizer(list(p.parameters()), eta))
        assert run(at, other, 0.1, steps=60).reason is Reason.NOT_THE_RULE


@pytest.mark.parametrize(
    "theorem", [t for t in (*LADDER, *BY_NAME, *OF_BATCHES) if t.id not in ("W1", "W2", "NC")], ids=lambda t: t.id
)
def test_theorems_without_decay_say_so(theorem: object) -> None:
    for rule in RULES.values():
        assert "weight decay 0.05" in theorem.uncovered(rule)  # type: ignore[attr-defined]


def test_the_refusal_is_one_line() -> None:
    report = pl.verify(near_solution(8, 1e-5), replace(RULES["coupled"], eta=0.01), theorem="B", steps=0)  # type: ignore[call-arg]
    assert report.verdict == "UNDECIDED"
    assert report.main.shortfall == (
        "Theorem B speaks of steps without momentum, eta constant, not of weight decay 0.05"
    )


PROMISED = {
    "coupled": DeltaGClipSettings("0.5/beta", 1e-3, 0.2, weight_decay=1e-5),
    "decoupled": DeltaGClipSettings("0.5/beta", 1e-4, 0.2, weight_decay=1e-6, decoupled_weight_decay=True),
    "scheduled": GClipSettings("1/beta", 1e-3, 0.0, weight_decay=1e-5, schedule=Cosine(60)),
}


@cache
def promised(name: str) -> Promise:
    report = pl.verify(near_solution(24, 1e-3), PROMISED[name], theorem="W2", steps=0, level=Verdict.HOLDS)
    assert report.verdict is Verdict.HOLDS
    assert report.main.promise is not None
    return report.main.promise


@pytest.mark.parametrize("name", PROMISED)
def test_a_run_keeps_the_promise_of_theorem_w2(name: str) -> None:
    promise = promised(name)
    found = run(near_solution(24, 1e-3), PROMISED[name], promise.eta, steps=200, promise=promise)
    assert found.violation is None
    assert not found.untold
    assert len(found.checked) == (7 if promise.until is not None and promise.until <= 200 else 6)


@pytest.mark.parametrize(
    "wrong",
    [{"mu": 30.0}, {"radius": 1e-3}, {"beta": -100.0}, {"lipschitz": 0.0}],
    ids=str,
)
def test_a_promise_of_more_is_broken(wrong: dict[str, float]) -> None:
    # Of a start that decay carries away from a zero: the loss rises to the floor and stays there.
    rule = replace(PROMISED["coupled"], weight_decay=1e-4) if "lipschitz" in wrong else PROMISED["coupled"]  # type: ignore[call-arg]
    promise = promised("coupled")
    more = replace(promise, **{key: getattr(promise, key) * factor for key, factor in wrong.items()})
    at = near_solution(24, 1e-9 if "lipschitz" in wrong else 1e-3)
    assert run(at, rule, promise.eta, steps=200, promise=more).violation is not None


def test_nothing_is_promised_beyond_the_horizon() -> None:
    promise = replace(promised("coupled"), until=5)
    found = run(near_solution(24, 1e-3), PROMISED["coupled"], promise.eta, steps=60, promise=promise)
    assert found.violation is not None, "the loss after five steps is no longer that of the whole horizon"
    assert found.violation.step == 4
    kept = replace(promise, loss_end=1.0)  # type: ignore[call-arg]
    found = run(near_solution(24, 1e-3), PROMISED["coupled"], promise.eta, steps=60, promise=kept)
    assert found.violation is None
    assert max(c.step for c in found.checks) <= 4


CONVEX = {
    "clipped": DeltaGClipSettings("0.5/beta", 1e-3, 0.2, weight_decay=0.5),
    "unclipped": GradientDescentSettings("1/beta", weight_decay=0.5),
}


@cache
def minimum(name: str) -> Promise:
    report = pl.verify(shrunken(0.5), CONVEX[name], theorem="W1", steps=0, level=Verdict.HOLDS)
    assert report.verdict is Verdict.HOLDS
    assert report.main.promise is not None
    return report.main.promise


@pytest.mark.parametrize("name", CONVEX)
def test_a_run_keeps_the_promise_of_theorem_w1(name: str) -> None:
    promise = minimum(name)
    found = run(shrunken(0.5), CONVEX[name], promise.eta, steps=400, promise=promise)
    assert found.violation is None
    assert len(found.checked) == 8


@pytest.mark.parametrize("wrong", [{"tau": 4.0}, {"beta": 0.05}, {"gradient": 0.9}, {"radius": 0.1}], ids=str)
def test_a_promise_of_more_about_the_minimiser_is_broken(wrong: dict[str, float]) -> None:
    promise = minimum("unclipped")
    more = replace(promise, **{key: getattr(promise, key) * factor for key, factor in wrong.items()})
    assert run(shrunken(0.5), CONVEX["unclipped"], promise.eta, steps=100, promise=more).violation is not None


def test_the_shortfall_of_theorem_w1_says_what_is_missing() -> None:
    report = pl.verify(
        near_solution(24, 1e-3), GradientDescentSettings("1/beta", weight_decay=0.01), theorem="W1", steps=0
    )
    assert report.verdict is Verdict.UNDECIDED
    assert "weights that decay has shrunk" in report.main.shortfall
