"""Fitted exponents: exact on power laws, and intervals that cover the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pltheory.study.quantities import BUILT_IN
from pltheory.study.scaling import fit_slopes

EXPECTED = {q.name: q.expected for q in BUILT_IN}

WIDTHS = [64, 128, 256, 512, 1024]


def records(values: dict[str, list[float | None]], widths: list[int]) -> list[dict[str, object]]:
    rows = []
    for i, width in enumerate(widths):
        rows.append({"width": width, **{q: values[q][i] if q in values else None for q in EXPECTED}})
    return rows


@pytest.mark.parametrize("quantity", EXPECTED)
@pytest.mark.parametrize("slope", [-1.0, -0.5, 0.0, 0.5, 1.7])
def test_an_exact_power_law_gives_its_exponent(quantity, slope):
    (fit,) = fit_slopes(records({quantity: [3.0 * m**slope for m in WIDTHS]}, WIDTHS))
    assert fit.quantity == quantity
    assert fit.slope == pytest.approx(slope, abs=1e-12)
    assert math.exp(fit.intercept) == pytest.approx(3.0)
    assert fit.low == pytest.approx(slope, abs=1e-6)
    assert fit.high == pytest.approx(slope, abs=1e-6)
    assert (fit.expected, fit.points) == (EXPECTED[quantity], 5)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """2000 sweeps of 5 widths and 3 seeds under log-normal noise: 95% up to four standard errors of the count."""
    rng = np.random.default_rng(1)
    widths = [m for m in WIDTHS for _ in range(3)]
    covered = 0
    for _ in range(2000):
        noisy = [float(m**-0.5 * math.exp(0.3 * rng.standard_normal())) for m in widths]
        (fit,) = fit_slopes(records({"hessian_norm": list(noisy)}, widths))
        covered += fit.low <= -0.5 <= fit.high
    assert 0.95 - 4 * math.sqrt(0.95 * 0.05 / 2000) <= covered / 2000 <= 0.95 + 4 * math.sqrt(0.95 * 0.05 / 2000)


def test_what_cannot_be_fitted_is_left_out():
    assert fit_slopes([]) == []
    assert fit_slopes(records({"lambda_min": [1.0, 2.0]}, [64, 128])) == []
    assert fit_slopes(records({"lambda_min": [1.0, 2.0, 3.0]}, [64, 64, 64])) == []
    assert fit_slopes(records({"lambda_min": [1.0, 0.0, None, 2.0]}, WIDTHS[:4])) == []
    (fit,) = fit_slopes(records({"lambda_min": [1.0, 0.0, 2.0, None, 4.0]}, WIDTHS))
    assert fit.points == 3
