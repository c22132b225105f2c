"""Theorems S, M and Mb attacked by chosen step sizes: a small part of `tests.step_attack`."""

from __future__ import annotations

import pytest

from tests.oracles.step_attack import LAWS, attacked
from tests.step_attack import WRONG, refuted


@pytest.mark.parametrize("theorem", LAWS)
def test_no_adversary_breaks_a_theorem(theorem: str) -> None:
    runs = [o for seed in range(2) for o in attacked(seed, theorem, steps=60)]
    assert len(runs) >= 8
    assert [o.broken for o in runs if o.broken] == []


def test_the_attack_refutes_a_rate_twice_as_good() -> None:
    assert refuted("M", WRONG["omega twice as large"], range(4))
