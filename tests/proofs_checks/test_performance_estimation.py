"""The proved rate against performance estimation and against quadratics; the table in the docs is what comes out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from pltheory.theory.formulas import contraction
from proofs_checks.performance_estimation import CASES, performance_estimation, rows, worst_quadratic

PAGE = Path(__file__).parents[2] / "docs" / "ladder.md"


def pepit() -> None:
    pytest.importorskip("PEPit", reason="PEPit is not installed (extra peers)")


@pytest.mark.parametrize("case", CASES)
def test_the_lower_bound_is_attained_by_a_quadratic_and_below_q(case):
    mu, h = case
    factors = []
    for c in np.linspace(mu, 1, 400):
        x = 1.7
        factors.append((0.5 * c * (x - h * c * x) ** 2) / (0.5 * c * x**2))
    assert max(factors) == pytest.approx(worst_quadratic(mu, h), rel=1e-12)
    assert worst_quadratic(mu, h) <= contraction(mu, 1.0, h)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.filterwarnings("ignore::Warning")
def test_the_estimated_worst_case_lies_between(case):
    pepit()
    mu, h = case
    assert worst_quadratic(mu, h) - 1e-4 <= performance_estimation(mu, h) <= contraction(mu, 1.0, h) + 1e-4


@pytest.mark.filterwarnings("ignore::Warning")
def test_the_table_of_the_page_is_what_comes_out():
    pepit()
    cell = r" ([\d.]+) \|"
    cells = re.findall(rf"^\|{cell * 5}$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(cells) == len(CASES)
    for shown, row in zip(cells, rows(), strict=True):
        computed = (row.mu, row.h, row.proved, row.best_known, row.lower)
        assert [float(x) for x in shown] == pytest.approx(computed, abs=2e-4)
