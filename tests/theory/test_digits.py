"""A bound in few digits is still a bound."""

import math
from fractions import Fraction

import numpy as np
import pytest

from pltheory.report.rows import measured
from pltheory.theory.bound import lower, upper
from pltheory.theory.digits import above, below, shown
from pltheory.theory.verdict import Comparison


@pytest.mark.parametrize("digits", [1, 3, 4, 10])
def test_it_is_rounded_to_its_side_by_less_than_a_digit(digits):
    rng = np.random.default_rng(0)
    for x in (10 ** rng.uniform(-300, 300, 200) * rng.choice([-1, 1], 200)).tolist():
        low, high = Fraction(below(x, digits)), Fraction(above(x, digits))
        assert low <= Fraction(x) <= high
        assert high - low <= abs(Fraction(x)) * Fraction(101, 100) * Fraction(10) ** (1 - digits)


def test_nothing_else_is_moved():
    assert shown(0.125, 2) == "0.12"
    assert below(2.5, 2) == above(2.5, 2) == "2.5"
    assert (above(math.inf), below(math.nan)) == ("inf", "nan")


def test_a_lower_bound_of_a_report_is_not_shown_larger():
    needed = {"kind": "lower", "value": 0.1}
    row = {"symbol": "", "relation": ">", "needed": needed, "measured": {"kind": "lower", "value": 0.12349}}
    assert measured(row) == "≥ 0.1234"
    assert measured({**row, "measured": {"kind": "upper", "value": 0.12341}}) == "≤ 0.1235"


def test_a_bound_and_a_comparison_say_no_more_than_they_know():
    least, most = lower(0.12345678, "m"), upper(1.2345612, "m")
    assert (str(least), str(most)) == ("≥ 0.123456 (m)", "≤ 1.23457 (m)")
    assert str(Comparison(least, ">", most, "s")) == "s = 0.1234, needed > 1.235"
