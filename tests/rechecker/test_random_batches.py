"""Certificates of Theorem F2: true ones accepted, changed and damaged ones not."""

from __future__ import annotations

import copy
from functools import cache

import pytest

import pltheory as pl
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.rechecker import recheck
from tests.certification.test_every_order import near
from tests.forge import DAMAGED, FALSE, Forge, at, dotted, number, numeric_fields, value
from tests.rechecker.test_schema import PUBLISHED, wrong

CASES = {
    "plain": ("sum", GradientDescentSettings(eta="0.1/beta"), 1e-5, 2),
    "mean, clipped": ("mean", DeltaGClipSettings(eta="0.1/beta", gamma=1e-5, delta=0.6), 1e-5, 3),
    "by Markov": ("sum", GradientDescentSettings(eta="0.1/beta"), 1e-8, 4),
}


@cache
def made(name):
    loss, rule, shift, size = CASES[name]
    problem = near(m=60, shift=shift, loss=loss, bias=size == 3)
    claim = pl.certify(problem, rule, theorem="F2", batches=Batches(size, "random"))
    assert claim.holds
    return claim


def forge(folder, name):
    claim = made(name)
    return Forge(folder, claim.text("c.cert.npz"), claim.arrays_bytes())


@pytest.mark.parametrize("name", CASES)
def test_true_certificates_are_accepted(tmp_path, name):
    one = forge(tmp_path, name)
    assert wrong(one.text, PUBLISHED) == []
    result = recheck(one.path)
    assert result.accepted, result.message


def test_every_number_moved_the_wrong_way_is_refused(tmp_path):
    one = forge(tmp_path, "mean, clipped")
    text = copy.deepcopy(one.text)
    for path, sign in numeric_fields(text):
        one.text = copy.deepcopy(text)
        old = value(at(text, path))
        new = old + sign * max(1e-3 * abs(old), 1e-12)
        if path == ["hypotheses", 1, "left"]:
            new = 0.0  # of a zero known to so many digits that the rest is rounding
        if "failure" in path or path == ["hypotheses", 8, "left"]:
            new = old**1.2  # what is proved of it is its logarithm, with the rounding of long sums
        at(one.text, path).update(number(new))
        result = recheck(one.write_text())
        assert not result.accepted, dotted(path)
        assert result.code == FALSE, (dotted(path), result.message)


@pytest.mark.parametrize(("key", "factor"), [
    ("eps", 0.5), ("start", 0.9), ("growth", 0.99), ("xi", 1.5), ("xi", 0.5), ("allowed", 1e-300), ("allowed", 0.5),
])  # fmt: skip
def test_a_witness_that_is_none_is_refused(tmp_path, key, factor):
    """A smaller xi keeps G above exp(xi / 2), and the ball is left with more probability than is claimed."""
    one = forge(tmp_path, "plain")
    one.text["witness"][key] = number(factor * value(one.text["witness"][key]))
    result = recheck(one.write_text())
    assert result.code == FALSE, result.message


@pytest.mark.parametrize("size", [1, 3])
def test_batches_of_another_size_are_refused(tmp_path, size):
    one = forge(tmp_path, "plain")
    one.text["witness"]["batch"] = size
    assert recheck(one.write_text()).code == FALSE


@pytest.mark.parametrize(("change", "field"), [
    (lambda t: t["witness"].update(batch=5), "witness.batch"),
    (lambda t: t["witness"].update(batch=True), "witness.batch"),
    (lambda t: t["witness"].update(every_partition=1), "witness"),
    (lambda t: t["witness"].update(allowed=number(1.0)), "witness.allowed"),
    (lambda t: t["witness"].update(xi=number(0.0)), "witness.xi"),
    (lambda t: t["witness"].pop("growth"), "witness"),
    (lambda t: t["bounds"].pop("failure"), "bounds"),
    (lambda t: t["hypotheses"].pop(), "hypotheses"),
    (lambda t: t.update(theorem="F1"), "witness"),
])  # fmt: skip
def test_what_is_not_of_the_form_is_damaged(tmp_path, change, field):
    one = forge(tmp_path, "plain")
    change(one.text)
    result = recheck(one.write_text())
    assert result.code == DAMAGED
    assert result.field.startswith(field), result.message
