"""Every rule of the sharp form of one layer with an error in it is noticed by one of its tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pltheory.nets import one_layer
from tests.nets import test_one_layer as claims
from tests.nets.graph_mutants import Mutant

O, N = one_layer.OneLayer, one_layer.JumpSquares

CHECKS: dict[str, Callable[[], object]] = {
    "choices": lambda: [claims.test_n2_is_above_every_choice_of_moves(seed) for seed in range(12)],
    "equal units": lambda: [claims.test_n2_is_attained_by_equal_units(m) for m in (1, 2, 5)],
    "samples": claims.test_n2_is_attained_by_samples_alike_and_across,
    "between": claims.test_a_multiplier_pays_for_moves_between,
    "pairs": claims.test_pairs_are_attained,
    "weights": lambda: [claims.test_no_weights_of_the_ball_break_the_bounds(seed) for seed in range(12)],
    "blind": claims.test_a_sample_that_does_not_see_the_weights_never_flips,
    "smooth": claims.test_what_is_smooth_is_attained,
}

MUTANTS = [
    Mutant("moves are free", O, "g", "down(multiplier * costs)", "down(0 * costs)", "between"),
    Mutant("moves cost twice", O, "g", "down(multiplier * costs)", "down(2 * multiplier * costs)", "between"),
    Mutant("moves cost their length", O, "_sorted", "down(d * d)", "down(d)", "choices"),
    Mutant("no unit goes further", O, "g", "np.maximum.accumulate(left[:, ::-1], axis=1)[:, ::-1]", "left", "choices"),
    Mutant("the best sample", O, "g", "np.max(", "np.min(", "choices"),
    Mutant("one column for its square", O, "_sorted", "mul_up(columns, columns, ", "mul_up(columns, ", "equal units"),
    Mutant("samples apart", O, "_norms", "within.max(1)", "np.diagonal(gram, axis1=1, axis2=2)", "samples"),
    Mutant("the last sample's sum", O, "_norms", "within.max(1)", "np.diagonal(sums, axis1=1, axis2=2)", "choices"),
    Mutant("a norm for its square", O, "_norms", "mul_up(self.norm, self.norm)", "self.norm", "equal units"),
    Mutant("the radius is not squared", N, "at", "mul_up(self.multipliers, s, s)", "mul_up(self.multipliers, s, 0.1)",
           "equal units"),
    Mutant("the multiplier alone", N, "at", "s, s), self.values", "s, s), 0.0", "choices"),
    Mutant("nothing flips for long", N, "at", "s < self.least", "s < 2 * self.least", "equal units"),
    Mutant("no js", O, "change", "self.jump, sqrt_up", "sqrt_up", "samples"),
    Mutant("no kappa", O, "change", "self.kappa, self.jump", "0.1, self.jump", "equal units"),
    Mutant("no step", O, "pairs", "float(add_up(s, step))", "s", "pairs"),
    Mutant("the head does not move", O, "pairs", ", mul_up(s, self.norm))", ")", "pairs"),
    Mutant("no js in pairs", O, "pairs", "self.kappa, self.jump, both", "self.kappa, both", "pairs"),
    Mutant("the last stretch is out of reach", O, "within", "distances <= radius", "distances <= 0.9 * radius",
           "choices"),
    Mutant("as good beyond", N, "at", "return math.inf", "pass", "choices"),
    Mutant("margins for distances", one_layer, "distances", "margins / lengths", "margins / 1.0", "choices"),
    Mutant("a blind sample flips", one_layer, "distances", "np.where(lengths == 0, np.inf, found)", "found", "blind"),
    Mutant("ell without s1", O, "lipschitz", "mul_up(self.kappa, self.slope, self.norm)",
           "mul_up(self.kappa, 0.5 * self.slope, self.norm)", "smooth"),
]  # fmt: skip


@pytest.mark.parametrize("name", CHECKS)
def test_the_rules_as_they_stand_pass(name):
    CHECKS[name]()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_wrong_rule_is_noticed(monkeypatch, mutant):
    mutant.plant(monkeypatch)
    with pytest.raises(AssertionError):
        CHECKS[mutant.check]()
