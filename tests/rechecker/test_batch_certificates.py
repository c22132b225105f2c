"""Certificates of Theorems F1, F2 and F4: true ones accepted, those with a number moved the wrong way not."""

from __future__ import annotations

import copy

import pytest

from pltheory.rechecker import recheck
from tests.forge import FALSE, at, dotted, number, numeric_fields, value
from tests.rechecker.batch_certificates import CASES, forge
from tests.rechecker.test_schema import PUBLISHED, wrong


@pytest.mark.parametrize("name", CASES)
def test_true_certificates_are_accepted(tmp_path, name):
    one = forge(tmp_path, name)
    assert wrong(one.text, PUBLISHED) == []
    result = recheck(one.path)
    assert result.accepted, result.message


@pytest.mark.parametrize(
    "name", ["F1 fixed", "F1 mean, remainder", "F2 mean, clipped", "F4 consecutive", "F4 mean, remainder"]
)
def test_every_number_moved_the_wrong_way_is_refused(tmp_path, name):
    one = forge(tmp_path, name)
    text = copy.deepcopy(one.text)
    for path, sign in numeric_fields(text):
        one.text = copy.deepcopy(text)
        old = value(at(text, path))
        new = old + sign * max(1e-3 * abs(old), 1e-12)
        if path == ["hypotheses", 1, "left"]:
            new = 0.0  # of a zero known to so many digits that the rest is rounding
        if "failure" in path or (name.startswith("F2") and path == ["hypotheses", 8, "left"]):
            new = old**1.2  # what is proved of it is its logarithm, with the rounding of long sums
        at(one.text, path).update(number(new))
        result = recheck(one.write_text())
        assert not result.accepted, dotted(path)
        assert result.code == FALSE, (dotted(path), result.message)
