"""Certificates of Theorem F2: true ones accepted, changed and damaged ones not."""

from __future__ import annotations

import pytest

from pltheory.rechecker import recheck
from tests.forge import DAMAGED, FALSE, number, value
from tests.rechecker.batch_certificates import forge


@pytest.mark.parametrize(("key", "factor"), [
    ("eps", 0.5), ("start", 0.9), ("growth", 0.99), ("xi", 1.5), ("xi", 0.5), ("allowed", 1e-300), ("allowed", 0.5),
])  # fmt: skip
def test_a_witness_that_is_none_is_refused(tmp_path, key, factor):
    """A smaller xi keeps G above exp(xi / 2), and the ball is left with more probability than is claimed."""
    one = forge(tmp_path, "F2 plain")
    one.text["witness"][key] = number(factor * value(one.text["witness"][key]))
    result = recheck(one.write_text())
    assert result.code == FALSE, result.message


@pytest.mark.parametrize("size", [1, 3])
def test_batches_of_another_size_are_refused(tmp_path, size):
    one = forge(tmp_path, "F2 plain")
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
    one = forge(tmp_path, "F2 plain")
    change(one.text)
    result = recheck(one.write_text())
    assert result.code == DAMAGED
    assert result.field.startswith(field), result.message
