"""Certificates of Theorem F3: accepted as made; refused where the run, what follows, or what joins them is doctored."""

from __future__ import annotations

from functools import cache

import pytest

from pltheory.rechecker import recheck
from tests.certification.test_handover import claimed, found
from tests.forge import DAMAGED, FALSE, Forge, number, refused, value
from tests.rechecker.test_schema import PUBLISHED, wrong


@cache
def made():
    claim = claimed(found())
    return claim.text("c.cert.npz"), claim.arrays_bytes()


@pytest.fixture
def forged(tmp_path):
    return Forge(tmp_path, *made())


def test_a_true_certificate_is_accepted(forged):
    assert wrong(forged.text, PUBLISHED) == []
    result = recheck(forged.path)
    assert result.accepted, result.message
    names = {check.field for check in result.checks}
    assert {"bounds.apart", "bounds.then_rate", "hypotheses[0].left", "hypotheses[9].left"} <= names


@pytest.mark.parametrize("name", ["then_rate", "then_required", "then_profile"])
def test_a_bound_that_says_too_much_is_refused(forged, name):
    bound = forged.text["bounds"][name]
    sign = 1 if bound["kind"] == "lower" else -1
    bound.update(number(value(bound) * (1 + sign * 1e-3)))
    refused(recheck(forged.write_text()), FALSE, f"bounds.{name}")


def test_an_error_of_the_run_below_the_true_one_is_refused(forged):
    """The recheck knows the exact iterate better than the claim: what is false is far smaller."""
    forged.text["bounds"]["apart"].update(number(1e-6 * value(forged.text["bounds"]["apart"])))
    refused(recheck(forged.write_text()), FALSE, "bounds.apart")


@pytest.mark.parametrize("change", [
    lambda f: f.text["witness"].update(then_start=number(0.9 * value(f.text["witness"]["then_start"]))),
    lambda f: f.text["witness"].update(then_batch=4),
    lambda f: f.text["bounds"]["apart"].update(number(0.05)),
])  # fmt: skip
def test_what_does_not_join_is_refused(forged, change):
    """A nearer start, other batches, and an error of the run for which D is too small."""
    change(forged)
    result = recheck(forged.write_text())
    assert result.code == FALSE, result.message


def test_another_end_or_batch_is_refused(forged):
    forged.arrays["end_W2"] = forged.arrays["end_W2"] + 1e-6
    assert recheck(forged.write()).code == FALSE


def _eta(f):
    f.arrays["eta"][1] *= 0.5


def _momentum(f):
    f.text["witness"]["momentum"], f.text["witness"]["weight"] = number(0.5), number(1.0)


@pytest.mark.parametrize(("change", "field"), [
    (_eta, "arrays.eta"),
    (_momentum, "witness.momentum"),
    (lambda f: f.text["witness"].update(then_batch=0), "witness.then_batch"),
    (lambda f: f.text["witness"].update(then_stay=number(0.0)), "witness.then_stay"),
    (lambda f: f.text["hypotheses"][3].update(name="|w_0 - c| + eps <= D"), "hypotheses[3].name"),
    (lambda f: f.text.update(conclusion="as Theorem F1"), "conclusion"),
])  # fmt: skip
def test_what_is_not_of_the_form_is_damaged(forged, change, field):
    change(forged)
    refused(recheck(forged.write()), DAMAGED, field)


def test_a_text_without_arrays_is_damaged(forged):
    del forged.text["arrays"]
    refused(recheck(forged.write_text()), DAMAGED, "certificate")


def test_the_first_schema_has_none_of_it(forged):
    forged.text["schema"] = "pltheory-certificate/1"
    refused(recheck(forged.write_text()), DAMAGED, "schema")
