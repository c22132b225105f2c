"""A small part of the attack on Theorems M2 and M3; the whole of it is `python -m tests.acceleration_attack`."""

from __future__ import annotations

import pytest

from tests.acceleration_attack import PAGE, attacked, page

SETS = 5
"""Of `SETS`, the first, whose witnesses are found in a second each."""


@pytest.mark.slow
def test_no_inequality_is_violated():
    found = attacked(60, seed=1, sets=SETS)
    assert [text for one in found for text in one.broken] == []
    reached = [name for one in found for name in one.ratios]
    assert {"step", "rate", "path", "residual", "weighted sum"} <= set(reached)


@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["M2", "M3"])
def test_a_claim_of_a_little_more_is_refuted(theorem):
    found = attacked(60, seed=1, more=1.1, sets=SETS)
    assert any(one.broken for one in found if one.kind.startswith(theorem))


def test_the_page_is_of_this_attack_and_has_no_violation():
    text = PAGE.read_text()
    runs = int(text.split("--count ")[1].split("`")[0])
    assert runs >= 2000
    assert "violations: 0." in text
    assert text.splitlines()[3:6] == page([]).splitlines()[3:6]
