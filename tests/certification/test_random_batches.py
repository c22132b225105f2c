"""Theorem F2: its formulas, its hypotheses, its answers, and the claims against exact means; wrong versions fall."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import pltheory as pl
from pltheory.certification.batches.certify_drawn import drawn_batches
from pltheory.certification.batches.drawn import drawn_conditions, drawn_search
from pltheory.optim import GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.rigor.scalar import interval
from pltheory.theory import InvalidInputError
from pltheory.theory.batches import (
    drawn_lost,
    drawn_path,
    drawn_rate,
    exponential_above,
    exponential_below,
    largest_share,
    left_by_markov,
    left_by_martingale,
    left_exponent,
)
from tests.certification.test_every_order import GD, near
from tests.random_batch_attack import WRONG, runs

BATCHES = Batches(2, "random")


@pytest.mark.parametrize("y", [0.0, 1e-8, 0.3, 2.0, 60.0, 200.0])
def test_exponentials_are_bounded_from_both_sides(y):
    assert float(exponential_below(interval(y)).lo) <= math.exp(y) <= float(exponential_below(y)) * (1 + 1e-3)
    assert float(exponential_above(interval(y)).hi) >= math.exp(y) >= float(exponential_above(y)) * (1 - 1e-3)


def test_formulas_are_those_of_the_theorem():
    """Values by hand: Lam = .1, D = 2, a = 1, delta = 1/4, sg = 2 give x = .2."""
    assert drawn_lost(0.1, 2.0, 1.0, 0.25, 2.0) == pytest.approx(0.2)
    assert drawn_rate(0.1, 1.5, 0.5, 0.25, 2.0, 0.2, 2.0) == pytest.approx(1 - 1.5 * 0.1 * 0.5 * 0.25 * 4 * 0.6)
    assert drawn_path(0.1, 10.0, 0.25, 3.0, 1.0, 0.4, 2.0, 0.2, 2.0) == pytest.approx(6 / (0.1 * 2 * 0.6))
    assert left_by_markov(0.1, 2.0, 0.5) == pytest.approx(0.2 / (0.8 * 0.5))
    # e = 3/2
    assert largest_share(1.0, 1.0, 0.75, 2.0, 1.0) == pytest.approx(2.0)
    assert left_exponent(0.02, 2.0, 2.0, 2.0) == pytest.approx(17 / 4)
    # e = 0: k = 1, exponent 2 / G (xi (1 / (5 x) - G / 2) - 1) = 1 * (2 * (10 - 1) - 1)
    assert left_by_martingale(0.02, 2.0, 2.0, 0.1, 1.0, 0.0, 1.0) == pytest.approx(math.exp(-17), rel=1e-4)
    # e = 3/2: k = 2
    assert left_by_martingale(0.02, 2.0, 2.0, 1.0, 1.0, 0.75, 1.0) == pytest.approx(math.exp(-17 / 4), rel=1e-4)
    assert left_by_martingale(0.3, 1.2, 0.1, 0.1, 1.0, 0.1, 1.0) == 1, "a bound above 1 is none"


def test_every_hypothesis_can_fail():
    at = drawn_batches(near(), GD, BATCHES)
    assert at.closes
    assert all(i.holds for i in at.inequalities(at.found))
    less = {
        "alpha": replace(at.radii, eps=at.radii.eps / 2),
        "|w_0": replace(at.radii, d=at.radii.d / 2),
        "exp": replace(at.radii, g=at.radii.g * 0.99),
        "P(": replace(at.radii, xi=1e-4),
    }
    for start, radii in less.items():
        moved = replace(at, radii=radii, found=drawn_conditions(at.numbers, at.rule, radii))
        failed = [i.name for i in moved.inequalities(moved.found) if not i.holds]
        assert [name for name in failed if name.startswith(start)], (start, failed)
    assert drawn_conditions(at.numbers, replace(at.rule, eta=30 * at.rule.eta), at.radii) is None, "eta beta < 2"
    assert drawn_conditions(replace(at.numbers, sigma=1e-9), at.rule, at.radii) is None, "sg, x G"
    assert drawn_search(replace(at.numbers, distance=1e3), at.rule)[1] is None


def test_the_answer_has_the_probability_and_the_classical_radius():
    report = pl.verify(near(shift=1e-4), GD, theorem="F2", batches=BATCHES, steps=0)
    assert report.verdict is pl.Verdict.CERTIFIED
    assert "with probability at least 1 - p" in report.main.concluded
    assert "[LZB22, Theorem 7]" in report.main.concluded
    claim = report.main.certificate
    assert claim["failure"] <= claim.numbers["allowed"] == 0.05
    # "best" finds it; steps in epochs are not its matter, nor F1's those drawn anew.
    assert pl.verify(near(shift=1e-4), GD, batches=BATCHES, steps=0).main.theorem.id == "F2"
    other = pl.verify(near(shift=1e-4), GD, theorem="F2", batches=Batches(2), steps=0)
    assert other.verdict is pl.Verdict.UNDECIDED
    assert "run.order 'random'" in other.main.shortfall


def test_a_probability_that_is_not_reached_is_open_and_a_larger_one_may_be_allowed():
    far = near(shift=7e-3)
    strict = pl.verify(far, GD, theorem="F2", batches=BATCHES, steps=0, options={"failure": 1e-4})
    assert strict.verdict is pl.Verdict.UNDECIDED
    assert "closes within" in strict.main.shortfall
    loose = pl.verify(far, GD, theorem="F2", batches=BATCHES, steps=0, options={"failure": 0.3})
    assert loose.verdict is pl.Verdict.CERTIFIED
    for value in (0.0, 1.0, -1.0):
        with pytest.raises(InvalidInputError, match="failure"):
            pl.verify(far, GD, theorem="F2", batches=BATCHES, steps=0, options={"failure": value})


def test_all_samples_in_every_step_are_allowed():
    claim = pl.certify(near(shift=1e-5), GradientDescentSettings(eta=0.01), theorem="F2", batches=Batches(4, "random"))
    assert claim.holds


@pytest.mark.slow
def test_no_adversary_breaks_it_and_wrong_versions_are_refuted():
    seen = [*runs(range(6), bent=False, each=1), *runs(range(12), bent=True, each=1)]
    assert len(seen) >= 15
    assert not any(r.broken for r in seen)
    assert min(r.growth for r in seen) < 1.1, "an attack that comes nowhere near finds nothing"
    for name, (false, key) in WRONG.items():
        ratios = [getattr(r, key) for r in runs(range(12), bent=key != "rate", wrong=false, each=1)]
        assert min(np.array(ratios)) < 0.98, name
