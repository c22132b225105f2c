"""The robust line: exact where the data are, as wide as it says under noise, and not turned by what went astray."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pltheory.study.regression import Estimate, fitted_line

X = np.repeat(np.log(2.0) * np.arange(6, 11), 4)  # five widths, four seeds
TRIALS = 200


def noise(seed, scale=0.3, tails=None):
    rng = np.random.default_rng(seed)
    return scale * (rng.standard_normal(len(X)) if tails is None else rng.standard_t(tails, len(X)))


def share_between(probability, trials=TRIALS):
    """Up to four standard errors of the count."""
    error = 4 * math.sqrt(probability * (1 - probability) / trials)
    return probability - error, probability + error


def test_exact_data_give_the_exact_line():
    line = fitted_line(X, 2.5 - 0.5 * X)
    assert line.slope.value == pytest.approx(-0.5, abs=1e-12)
    assert line.intercept == pytest.approx(2.5, abs=1e-10)
    assert line.slope.error < 1e-12
    assert line.slope.p_value(-0.5) == 1.0
    assert line.slope.p_value(-0.49) == 0.0
    assert line.curvature.p_value(0.0) == 1.0
    assert (line.replicated, line.points, line.slope.freedom) == (True, 20, 15)


@pytest.mark.slow
@pytest.mark.parametrize("tails", [None, 3])
def test_interval_and_tests_are_right_as_often_as_they_say(tails):
    """Of a true line under normal noise, and under noise with heavy tails: 95 % covered, 5 % called curved."""
    covered, curved = 0, 0
    for seed in range(TRIALS):
        line = fitted_line(X, 1.0 - 0.5 * X + noise(seed, tails=tails), resamples=199, seed=seed)
        low, high = line.slope.interval()
        covered += low <= -0.5 <= high
        curved += line.curvature.p_value(0.0) < 0.05
    least, most = share_between(0.95)
    assert least - 0.01 <= covered / TRIALS <= most
    assert curved / TRIALS <= share_between(0.05)[1] + 0.01


def test_without_replicates_the_residuals_are_the_errors():
    x, covered = np.log(2.0) * np.arange(4, 14), 0
    for seed in range(TRIALS):
        line = fitted_line(x, -x + noise(seed)[: len(x)], resamples=199, seed=seed)
        low, high = line.slope.interval()
        covered += low <= -1.0 <= high
    assert not line.replicated
    assert share_between(0.95)[0] - 0.02 <= covered / TRIALS


def test_one_seed_that_went_astray_does_not_turn_the_line():
    y = 1.0 - 0.5 * X + noise(0, 0.02)
    y[-1] += 5.0
    robust, squares = fitted_line(X, y).slope.value, stats.linregress(X, y).slope
    assert abs(robust + 0.5) < 0.03
    assert abs(squares + 0.5) > 0.2


def test_the_robust_line_is_near_that_of_least_squares_under_normal_noise():
    y = -X + noise(3, 0.1)
    squares = stats.linregress(X, y)
    line = fitted_line(X, y)
    assert abs(line.slope.value - squares.slope) < squares.stderr
    assert line.slope.error == pytest.approx(squares.stderr, rel=0.4)


def test_a_curved_line_is_called_curved():
    line = fitted_line(X, -X + 0.2 * (X - X.mean()) ** 2 + noise(1, 0.05))
    assert line.curvature.p_value(0.0) < 0.01
    assert line.curvature.value == pytest.approx(0.2, abs=4 * line.curvature.error)


@pytest.mark.parametrize(("x", "y"), [([], []), ([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3])])
def test_what_is_no_line_is_none(x, y):
    assert fitted_line(np.array(x, dtype=float), np.array(y, dtype=float)) is None


def test_two_widths_have_no_curvature():
    line = fitted_line(np.array([1.0, 1.0, 2.0, 2.0]), np.array([1.0, 1.2, 2.0, 2.1]))
    assert line.curvature is None
    assert line.slope.freedom == 2


def test_p_values_are_those_of_student():
    low, high = Estimate(1.0, 0.5, 7).interval()
    assert Estimate(1.0, 0.5, 7).p_value(low) == pytest.approx(0.05)
    assert Estimate(1.0, 0.5, 7).p_value(high) == pytest.approx(0.05)
