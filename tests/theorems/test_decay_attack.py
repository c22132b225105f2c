"""Theorems W1 and W2 attacked by chosen step sizes: a small part of `tests.decay_attack`."""

from __future__ import annotations

import pytest

from tests.decay_attack import FORMS, WRONG, refuted
from tests.oracles import minimiser_attack
from tests.oracles.decay_attack import attacked


@pytest.mark.parametrize("name", FORMS)
def test_no_adversary_breaks_the_theorem(name: str) -> None:
    runs = [o for seed in range(8) for o in attacked(seed, decoupled=FORMS[name])]
    assert len(runs) >= 16
    assert [o.broken for o in runs if o.broken] == []


@pytest.mark.slow
@pytest.mark.parametrize("what", ["mu twice as large", "W half as large", "the rate with steps up to 1.9 / beta"])
def test_the_attack_refutes_a_wrong_version(what: str) -> None:
    assert refuted(False, WRONG[what], range(12))


def test_no_adversary_breaks_theorem_w1() -> None:
    runs = [o for seed in range(6) for o in minimiser_attack.attacked(seed, steps=80)]
    assert len(runs) >= 14
    assert [o.broken for o in runs if o.broken] == []


@pytest.mark.slow
@pytest.mark.parametrize("what", minimiser_attack.WRONG)
def test_the_attack_refutes_a_wrong_version_of_theorem_w1(what: str) -> None:
    change = minimiser_attack.WRONG[what]
    assert any(o.broken for seed in range(40) for o in minimiser_attack.attacked(seed, change, steps=60))
