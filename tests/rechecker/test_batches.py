"""Certificates of Theorem F1: true ones accepted, changed and damaged ones not."""

from __future__ import annotations

import numpy as np
import pytest

from pltheory.certification.batches.certify import at_centre
from pltheory.certification.stored import stored_arrays
from pltheory.problem.batches import Batches
from pltheory.problem.loss import SquareLoss
from pltheory.rechecker import recheck
from pltheory.theorems.f1 import THEOREM
from tests.certification.test_every_order import near
from tests.forge import ACCEPTED, DAMAGED, FALSE, UNSURE, Forge, number, value
from tests.rechecker.batch_certificates import GD, forge
from tests.rechecker.test_schema import PUBLISHED, wrong


@pytest.mark.parametrize(("key", "factor"), [("eps", 0.5), ("start", 0.9), ("stay", 0.9), ("growth", 0.99999)])
def test_a_witness_that_is_none_is_refused(tmp_path, key, factor):
    one = forge(tmp_path, "F1 fixed")
    one.text["witness"][key] = number(factor * value(one.text["witness"][key]))
    assert recheck(one.write_text()).code == FALSE


def test_another_partition_is_refused(tmp_path):
    """What holds for a fixed partition is not claimed of every one, nor of other batches."""
    one = forge(tmp_path, "F1 fixed")
    one.text["witness"]["every_partition"] = 1
    assert recheck(one.write_text()).code == FALSE
    other = forge(tmp_path, "F1 fixed")
    other.text["witness"]["batch"] = 4
    assert recheck(other.write_text()).code == FALSE


@pytest.mark.parametrize(("name", "entry"), [("c_W1", 1e-3), ("c_W2", 1e-3), ("W1", 1e-3)])
def test_other_arrays_are_refused(tmp_path, name, entry):
    one = forge(tmp_path, "F1 fixed")
    one.arrays[name] = one.arrays[name] + entry
    assert recheck(one.write()).code == FALSE


def test_the_multiplier_is_held_to_the_start_as_centre(tmp_path):
    problem = near(m=60, shift=1e-6)
    a = stored_arrays(problem)
    claim = at_centre(a, a, GD, SquareLoss(), Batches(2)).proved(THEOREM.statement, GD, "sum")
    one = Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes())
    assert recheck(one.path).accepted
    one.arrays["multiplier"] = np.zeros_like(one.arrays["multiplier"])
    assert recheck(one.write()).code == FALSE


@pytest.mark.parametrize(("change", "field", "of_the_form"), [
    (lambda t: t["witness"].update(batch=0), "witness.batch", False),
    (lambda t: t["witness"].update(batch=5), "witness.batch", True),
    (lambda t: t["witness"].update(batch=True), "witness.batch", False),
    (lambda t: t["witness"].update(every_partition=2), "witness.every_partition", False),
    (lambda t: t["witness"].update(eps=number(-1e-9)), "witness.eps", True),
    (lambda t: t["witness"].update(start=number(0.0)), "witness.start", True),
    (lambda t: t["witness"].pop("spread"), "witness", False),
    (lambda t: t["bounds"].pop("rate"), "bounds", False),
    (lambda t: t["hypotheses"].pop(), "hypotheses", False),
    (lambda t: t.update(conclusion="as Theorem B"), "conclusion", True),
])  # fmt: skip
def test_what_is_no_claim_is_damaged(tmp_path, change, field, of_the_form):
    """The schema sees most of it; a number out of its range, or other words, the reader alone."""
    one = forge(tmp_path, "F1 fixed")
    change(one.text)
    assert (wrong(one.text, PUBLISHED) == []) is of_the_form
    result = recheck(one.write_text())
    assert result.code == DAMAGED
    assert result.field.startswith(field), result.message


def test_arrays_of_the_centre_have_the_shapes_of_the_network(tmp_path):
    one = forge(tmp_path, "F1 fixed")
    one.arrays["c_W1"] = np.ascontiguousarray(one.arrays["c_W1"][:-1])
    assert recheck(one.write()).code == DAMAGED


@pytest.mark.parametrize("name", ["F1 fixed", "F1 shuffle"])
def test_what_is_too_coarse_to_decide_refutes_nothing(tmp_path, name):
    one = forge(tmp_path, name)
    codes = [recheck(one.path, bits=bits).code for bits in (24, 32, 40, 53, 64)]
    assert set(codes) == {UNSURE, ACCEPTED}, codes
    assert codes == sorted(codes, key=lambda code: code != UNSURE)
