"""The order of verdicts."""

from __future__ import annotations

import itertools
import json
import math
import operator
from dataclasses import replace

import pytest

import pltheory as pl
from pltheory.theory import Bound, Direction
from pltheory.theory.verdict import Comparison, Fact, Row, Verdict, strongest, unknown, weakest
from pltheory.verification.evidence import Evidence

C, H, U, R = Verdict.CERTIFIED, Verdict.HOLDS, Verdict.UNDECIDED, Verdict.REFUTED


def test_ranks_fall_from_certified_to_refuted():
    assert [v.rank for v in (C, H, U, R)] == [3, 2, 1, 0]


@pytest.mark.parametrize("some", [p for k in (1, 2, 3) for p in itertools.permutations((C, H, U, R), k)])
def test_a_conjunction_is_its_weakest_and_a_disjunction_its_strongest(some):
    order = [C, H, U, R]
    assert weakest(some) is max(some, key=order.index)
    assert strongest(some) is min(some, key=order.index)
    assert weakest(iter(some)) is weakest(some)


def test_one_refuted_hypothesis_refutes_and_one_open_one_leaves_open():
    assert weakest([C, H, R]) is R
    assert weakest([C, U, H]) is U
    assert weakest([C, H, C]) is H
    assert strongest([U, R]) is U


def test_names_are_json():
    assert json.dumps([C, Evidence.AGREES]) == '["CERTIFIED", "agrees"]'


def test_a_module_that_is_not_what_its_layers_say_gets_no_theorem(monkeypatch):
    """Were a misreading to pass the first guard, comparing outputs stops it, for the theorems beyond a ball too."""
    monkeypatch.setattr("pltheory.measure.linearization._near", lambda *_: False)
    x, y = pl.datasets.digits(2)
    problem = pl.Problem(pl.fully_connected([64, 2000, 1]), x, y)
    for name in ("B", "B+", "D"):
        report = pl.verify(problem, pl.DeltaGClipSettings(0.05, 0.5, 0.1), theorem=name, steps=0)
        assert report.verdict is Verdict.UNDECIDED
        assert "not those of its layers" in report.main.shortfall


def bound(value, kind, rounded):
    return Bound(value, kind, "m", rounded)


@pytest.mark.parametrize("relation", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("kinds", list(itertools.product(Direction, repeat=2)), ids=str)
@pytest.mark.parametrize("rounded", list(itertools.product((True, False), repeat=2)), ids=str)
@pytest.mark.parametrize("values", [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (math.nan, 1.0), (1.0, math.nan)], ids=str)
def test_a_comparison_says_no_more_than_its_bounds(relation, kinds, rounded, values):
    """Every true pair of quantities behind the bounds agrees with a verdict that is not UNDECIDED."""
    measured, needed = (bound(*parts) for parts in zip(values, kinds, rounded, strict=True))
    verdict = Comparison(measured, relation, needed).verdict
    true = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[relation]

    def behind(b):
        steps = {"exact": (0,), "lower": (0, 0.5, 9), "upper": (0, -0.5, -9), "estimate": (-9, 0, 9)}[b.kind]
        return [b.value + step for step in steps]

    answers = {true(a, b) for a, b in itertools.product(behind(measured), behind(needed))}
    if verdict in (C, H):
        assert answers == {True}
    if verdict is R:
        assert answers == {False}
    if verdict in (C, R):
        assert measured.rounded
        assert needed.rounded
    if Direction.ESTIMATE in kinds or any(map(math.isnan, values)):
        assert verdict is U


def test_a_comparison_is_refuted_by_another_bound_of_the_needed_side():
    eta, limit = bound(3.0, Direction.EXACT, True), bound(1.0, Direction.LOWER, False)
    assert Comparison(eta, "<", limit).verdict is U
    above = bound(2.0, Direction.UPPER, True)
    assert Comparison(eta, "<", limit, against=above).verdict is R
    assert Comparison(eta, "<", limit, against=replace(above, rounded=False)).verdict is U
    assert Comparison(eta, "<", limit, against=replace(above, value=3.5)).verdict is U


@pytest.mark.parametrize(
    ("comparison", "margin"),
    [
        (Comparison(bound(1.0, Direction.EXACT, True), "<", bound(4.0, Direction.LOWER, True)), 4.0),
        (Comparison(bound(4.0, Direction.EXACT, True), ">", bound(1.0, Direction.UPPER, True)), 4.0),
        (Comparison(bound(4.0, Direction.EXACT, True), ">", bound(math.inf, Direction.UPPER, True)), 0.0),
        (Comparison(bound(4.0, Direction.LOWER, True), ">", bound(0.0, Direction.EXACT, True)), None),
        (Comparison(bound(4.0, Direction.ESTIMATE, True), ">", bound(1.0, Direction.EXACT, True)), None),
    ],
)
def test_the_margin_is_available_over_required(comparison, margin):
    assert comparison.margin == margin


def test_what_is_not_known_is_undecided_and_a_fact_is_what_it_is():
    assert unknown("why").verdict is U
    assert [Row(Fact("a", "b", true), "so").verdict for true in (True, None, False)] == [C, U, R]
