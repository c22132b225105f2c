"""Every rule of class G with an error in it is noticed by a check with a known truth."""

from __future__ import annotations

from tests.formula_mutants import held_to
from tests.nets.graph_checks import CHECKS
from tests.nets.graph_mutants import MUTANTS

(
    test_the_rules_as_they_stand_pass,
    test_a_wrong_rule_is_noticed,
    test_mutants_have_names_of_their_own,
) = held_to(CHECKS, MUTANTS)
