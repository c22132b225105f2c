"""The search for Theorem M2's witness finds what the theory's table has, and the rationals accept no more."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pltheory.certification.quadratic.search import closed_form, find

TABLE = [
    (0.5, 0.1, 1.0, 0.94), (0.5, 0.6, 1.0, 0.67), (0.5, 1.5, 1.0, 0.25), (0.9, 0.02, 1.0, 0.97), (0.9, 0.1, 1.0, 0.76),
    (0.9, 0.3, 1.0, 0.52), (0.9, 1.0, 1.0, 0.30), (0.9, 0.3, 0.7, 0.40),
]  # fmt: skip
"""m, beta eta / (1 - m), floor, k at eps -> 0."""


@pytest.mark.slow
@pytest.mark.parametrize(("m", "share", "floor", "k"), TABLE)
def test_k_is_that_of_the_table(m, share, floor, k):
    smooth, stiff = share * (1 - m), 1e-6
    found = find(m, False, smooth, stiff, floor)
    assert found is not None
    assert found.k > k - 0.006
    assert found.covers(floor)
    if floor == 1:
        assert found.k > closed_form(m, smooth, stiff) - 1e-4
    exact = (m, False, Fraction(smooth), Fraction(stiff))
    assert found.least_pivot(*exact) > 0
    for more in (replace(found, k=1.01 * found.k), replace(found, omega=1.01 * found.omega)):
        assert more.least_pivot(*exact) <= 0


@pytest.mark.slow
def test_what_no_form_can_be_found_for():
    assert find(0.9, False, 2.5 * 0.1, 1e-6, 1.0) is None  # beta eta > 2 (1 - m)
    assert find(0.9, False, 0.3 * 0.1, 1e-6, 1e-3) is None  # steps as short as they like


def test_intervals_with_a_gap_cover_nothing():
    found = find(0.9, False, 0.03, 1e-6, 0.7)
    assert found is not None
    assert not found.covers(0.6)
    rows = np.vstack([found.pieces, found.pieces])
    assert not replace(found, pieces=rows).covers(0.7)
    assert not replace(found, pieces=found.pieces[:0].reshape(0, 7)).covers(0.7)


def test_a_multiplier_or_q_of_the_wrong_sign_proves_nothing():
    found = find(0.5, False, 0.05, 1e-6, 1.0)
    assert found is not None
    for column in (2, 3, 4, 5, 6):
        rows = found.pieces.copy()
        rows[0, column] = -1.0
        assert replace(found, pieces=rows).least_pivot(0.5, False, Fraction(0.05), Fraction(1e-6)) <= 0
