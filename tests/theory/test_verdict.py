"""The order of verdicts."""

from __future__ import annotations

import itertools
import json

import pytest

import pltheory as pl
from pltheory.theory.verdict import Verdict, strongest, weakest
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
