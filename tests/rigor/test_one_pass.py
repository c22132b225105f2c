"""A factor with its residual in one pass: held against exact rationals, with LAPACK told to lie, and term by term."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from scipy.fft import dct

from pltheory.rigor import eigen, one_pass, residual, side_by_side
from pltheory.rigor.errors import NoVerdictError
from pltheory.rigor.midrad import Ball
from pltheory.rigor.one_pass import factorise_with_residual
from tests.rigor.oracle import cases, fractions, rational
from tests.rigor.test_eigen import KINDS, is_lower_bound, symmetric


@pytest.fixture
def small(monkeypatch):
    """Panels of four rows and products of two columns, so that small matrices have many."""
    monkeypatch.setattr(residual, "PANEL", 4)
    for module in (residual, one_pass):
        monkeypatch.setattr(module, "BLOCK", 2)


@pytest.fixture
def cut_at(monkeypatch):
    """Slices end where it is said, whatever would be quick."""

    def cut_at(where):
        def find(self, b):
            self.cut, self.moving = b, b < where

        monkeypatch.setattr(one_pass._Pass, "_find_cut", find)

    return cut_at


def exact_norm(m: np.ndarray, factor: residual.Factor) -> object:
    """The largest row sum of the exact residual's moduli, which is not below its spectral norm."""
    scaled = np.ldexp(m, factor.exponents[:, None] + factor.exponents)
    left = fractions(scaled) - fractions(np.diag(factor.shifts)) - fractions(factor.lower) @ fractions(factor.lower).T
    return max(sum(abs(x) for x in row) for row in left)


def test_panels_are_whole_blocks():
    """The errors of an entry count one subtraction a block of columns."""
    assert residual.PANEL % residual.BLOCK == 0


@pytest.mark.parametrize("threads", [False, True], ids=["in turn", "side by side"])
@pytest.mark.parametrize("cut", [0, 4, 8, 100])
def test_the_residual_is_bounded_and_not_by_much(small, cut_at, monkeypatch, cut, threads):
    monkeypatch.setattr(side_by_side, "SMALL", 0 if threads else 4096)
    cut_at(cut)
    for n in (1, 3, 4, 5, 11, 19):
        m = symmetric(np.random.default_rng(n), n, "gram") + 0.5 * np.eye(n)
        factor, delta = factorise_with_residual(Ball(m), 0.25)
        scaled = np.ldexp(m, factor.exponents[:, None] + factor.exponents) - np.diag(factor.shifts)
        assert np.allclose(factor.lower, np.linalg.cholesky(scaled), rtol=1e-9, atol=1e-12)
        assert exact_norm(m, factor) <= rational(delta)
        assert delta < 1e-13 * n
        assert residual.lower_bound(Ball(m), factor, delta) > 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_lambda_min_is_never_above_the_truth(small, cut_at, kind):
    rng = np.random.default_rng(len(kind))
    for i in range(cases(12, 0.2 / len(KINDS))):
        n = int(rng.integers(1, 12))
        cut_at((0, 4, 100)[i % 3])
        m = symmetric(rng, n, kind)
        try:
            value = eigen.lambda_min_lower(Ball(m), method="one pass").value
        except NoVerdictError:
            assert kind in ("singular", "graded", "tiny", "huge", "ill"), kind
            continue
        assert is_lower_bound(value, fractions(m))


@pytest.mark.parametrize("cut", [0, 4, 100])
def test_nothing_that_lapack_says_is_trusted(small, cut_at, monkeypatch, cut):
    """Factors of panels that are wrong by anything from a unit in the last place to nonsense."""
    cut_at(cut)
    rng = np.random.default_rng(cut)
    cholesky, solve = scipy.linalg.cholesky, scipy.linalg.solve_triangular
    size = 0.0

    def wrong(x):
        return x * (1 + size * rng.standard_normal(x.shape))

    monkeypatch.setattr(scipy.linalg, "cholesky", lambda *a, **k: wrong(cholesky(*a, **k)))
    monkeypatch.setattr(scipy.linalg, "solve_triangular", lambda *a, **k: wrong(solve(*a, **k)))
    proved = 0
    for i in range(cases(30)):
        size = (0.0, 1e-15, 1e-9, 1e-2, 1.0)[i % 5]
        m = symmetric(rng, int(rng.integers(5, 12)), "gram")
        top = float(np.linalg.eigvalsh(m)[0])
        found = factorise_with_residual(Ball(m), top * float(rng.choice([-1.0, 0.5, 0.999999])))
        if found is None:
            continue
        factor, delta = found
        assert delta == np.inf or exact_norm(m, factor) <= rational(delta)
        value = residual.lower_bound(Ball(m), factor, delta)
        assert value == -np.inf or is_lower_bound(value, fractions(m))
        proved += value > 0
    assert proved >= 5


def test_a_factor_that_is_not_triangular_is_none(small, monkeypatch):
    monkeypatch.setattr(scipy.linalg, "cholesky", lambda x, **_: np.ones_like(x))
    assert factorise_with_residual(Ball(np.eye(6)), 0.0) is None


def test_what_has_no_factor_or_overflows_has_none(small):
    m = symmetric(np.random.default_rng(0), 11, "gram")
    assert factorise_with_residual(Ball(m), 1.01 * float(np.linalg.eigvalsh(m)[0])) is None
    assert factorise_with_residual(Ball(-np.eye(5)), 0.0) is None
    assert factorise_with_residual(Ball(np.full((6, 6), 1e308)), -1e308) is None


def test_rows_too_long_to_be_sliced_prove_nothing(small, cut_at, monkeypatch):
    cut_at(100)
    cholesky = scipy.linalg.cholesky
    monkeypatch.setattr(scipy.linalg, "cholesky", lambda *a, **k: 4 * cholesky(*a, **k))
    assert factorise_with_residual(Ball(np.eye(6)), 0.0)[1] == np.inf


@pytest.mark.parametrize(
    "term", ["plain_rounding", "entry_rounding", "step_rounding", "slice_rounding", "residual_underflow", "raise_sum"]
)
def test_every_error_term_is_in_the_bound(small, cut_at, monkeypatch, term):
    cut_at(8)
    m = symmetric(np.random.default_rng(1), 19, "gram") + np.eye(19)
    before = factorise_with_residual(Ball(m), 0.5)[1]
    original = getattr(one_pass, term)
    monkeypatch.setattr(one_pass, term, lambda *a, **k: original(*a, **k) * 2.0**30 + 2.0**-40)
    assert factorise_with_residual(Ball(m), 0.5)[1] > before


@pytest.mark.parametrize("condition", [1e4, 1e10, 1e13])
def test_bounds_of_planted_spectra_are_tight_where_doubles_can_tell(condition):
    rng, n = np.random.default_rng(0), 600
    m = np.diag(rng.permutation(np.geomspace(1 / condition, 1, n)))
    for _ in range(2):
        signs = rng.choice([-1.0, 1.0], n)
        m = dct(signs * dct(m * signs[:, None], axis=0, norm="ortho"), axis=1, norm="ortho")
    m = 0.5 * (m + m.T)
    rounding = 2.0**-52 * n  # of the planted eigenvalue itself
    found = eigen.lambda_min_lower(Ball(m), estimate=1 / condition, method="one pass")
    assert 0.9 / condition - rounding <= found.at_least() <= 1 / condition + rounding
    assert found.rounded
