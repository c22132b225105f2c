"""Every rule of kinks and jumps with an error in it is noticed by a check with a known truth."""

from __future__ import annotations

import pytest

from tests.nets.kink_checks import CHECKS
from tests.nets.kink_mutants import MUTANTS


@pytest.mark.parametrize("name", CHECKS)
def test_the_rules_as_they_stand_pass(name):
    assert CHECKS[name]() == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_wrong_rule_is_noticed(monkeypatch, mutant):
    mutant.plant(monkeypatch)
    assert CHECKS[mutant.check]()


def test_mutants_have_names_of_their_own():
    assert len({m.name for m in MUTANTS}) == len(MUTANTS)
