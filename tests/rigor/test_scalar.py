"""Intervals against exact rationals, and the theorems' formulas in interval arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from pltheory.rigor import scalar
from pltheory.rigor.arithmetic import INTERVALS
from pltheory.rigor.errors import NoVerdictError
from pltheory.rigor.scalar import Interval, between, certainly_less, integral_below, interval
from pltheory.theory import InvalidInputError, formulas
from tests.rigor.oracle import PARTS, cases, rational

finite = st.floats(allow_nan=False, allow_infinity=False)


def holds(i: Interval, exact: Fraction) -> bool:
    return Fraction(i.lo) <= exact <= Fraction(i.hi)


@settings(max_examples=400, deadline=None, database=None)
@given(finite, finite, st.floats(0, 1), st.floats(0, 1))
def test_operations_hold_the_exact_result(a, b, wa, wb):
    x, y = between(a, a + wa * abs(a) if math.isfinite(a + wa * abs(a)) else a), between(b, b + wb)
    ends = [(Fraction(p), Fraction(q)) for p in (x.lo, x.hi) for q in (y.lo, y.hi)]
    for make, exact in (
        (lambda: x + y, [p + q for p, q in ends]),
        (lambda: x - y, [p - q for p, q in ends]),
        (lambda: x * y, [p * q for p, q in ends]),
        (lambda: x / y, [p / q for p, q in ends if q]),
        (lambda: x**3, [p**3 for p, _ in ends]),
        (lambda: abs(x), [abs(p) for p, _ in ends]),
        (lambda: INTERVALS.minimum(x, y), [min(p, q) for p, q in ends]),
        (lambda: INTERVALS.maximum(x, y), [max(p, q) for p, q in ends]),
    ):
        try:
            result = make()
        except NoVerdictError:
            continue
        assert all(holds(result, e) for e in exact)


@pytest.mark.parametrize("part", range(PARTS))
def test_operations_on_drawn_intervals(part, count):
    rng = np.random.default_rng([3, part])
    for _ in range(cases(50, 1.5 / PARTS)):
        a, b, wa, wb = rng.standard_normal(4) * np.exp2(rng.integers(-200, 200, 4) * (rng.random() < 0.3))
        # Ties are where rounding to nearest hurts: now and then half a unit is added to one.
        x, y = between(float(a), float(a + abs(wa))), between(float(b), float(b + abs(wb)))
        if rng.random() < 0.2:
            x, y = interval(1.0), interval(2.0**-53 * int(rng.choice([-3, -1, 1, 3])))
        p, q = rational(rng.choice([x.lo, x.hi])), rational(rng.choice([y.lo, y.hi]))
        results = [(x + y, p + q), (x - y, p - q), (x * y, p * q), (x**3, p**3), (abs(x), abs(p))]
        count("scalar add, subtract, multiply, power")
        if not y.lo <= 0 <= y.hi:
            results.append((x / y, p / q))
            count("scalar divide")
        for result, exact in results:
            assert rational(result.lo) <= exact <= rational(result.hi)
        root = scalar.sqrt(abs(x))
        assert rational(root.lo) ** 2 <= abs(p) <= rational(root.hi) ** 2
        count("scalar sqrt")


@settings(max_examples=200, deadline=None, database=None)
@given(st.floats(0, allow_infinity=False))
def test_square_root(a):
    root = scalar.sqrt(a)
    assert Fraction(root.lo) ** 2 <= Fraction(a) <= Fraction(root.hi) ** 2
    assert root.lo >= 0


def test_square_root_of_what_may_reach_below_zero():
    assert scalar.sqrt(between(-1e-17, 4.0)).lo == 0.0
    with pytest.raises(NoVerdictError):
        scalar.sqrt(-1e-300)


@pytest.mark.parametrize("part", range(PARTS))
def test_formulas_are_enclosed(part, count):
    rng = np.random.default_rng([0, part])
    for _ in range(cases(25, 1 / PARTS)):
        mu, loss, gamma, gradient = (float(np.exp(rng.uniform(-6, 6))) for _ in range(4))
        beta = mu * float(np.exp(rng.uniform(0, 6)))
        eta, delta = float(rng.uniform(0.01, 1.9) / beta), float(rng.uniform(0, 1))
        f = [Fraction(v) for v in (mu, beta, eta, delta, loss, gamma, gradient)]
        i = [interval(v) for v in (mu, beta, eta, delta, loss, gamma, gradient)]
        enclosed = formulas.rate(*i[:4], ops=INTERVALS)
        exact = 1 - 2 * f[0] * min(f[2] * f[3] * (1 - f[1] * f[2] * f[3] / 2), f[2] * (1 - f[1] * f[2] / 2))
        assert holds(enclosed, exact)
        assert enclosed.hi - enclosed.lo < 1e-12
        step = formulas.step_size(i[2], i[5], i[3], i[6], ops=INTERVALS)
        assert holds(step, f[2] * min(Fraction(1), max(f[3], f[5] / f[6])))
        tight = formulas.radius_tight(i[4], i[0], i[1], i[2], ops=INTERVALS)
        h = [arb(v.numerator) / arb(v.denominator) for v in f]
        contraction = 1 - 2 * h[0] * h[2] * (1 - h[1] * h[2] / 2)
        true = (h[4] / (2 * h[0])).sqrt() * (1 + contraction.sqrt()) / (1 - h[1] * h[2] / 2)
        assert tight.lo <= float(true.upper()) * (1 + 1e-15)
        assert tight.hi >= float(true.lower()) * (1 - 1e-15)
        count("scalar formulas: rate, step size, tight radius")


def test_spectral_norm_is_enclosed():
    rng = np.random.default_rng(1)
    for n in (1, 2, 3, 5):
        m = rng.standard_normal((n, n))
        norm = INTERVALS.spectral_norm([[interval(float(v)) for v in row] for row in m])
        true = np.linalg.norm(m, 2)
        assert norm.lo <= true * (1 + 1e-14)
        assert norm.hi >= true * (1 - 1e-14)
        assert norm.hi - norm.lo < 1e-5 * true
    # A shear, whose norm is the golden ratio, squared (3 + sqrt 5) / 2.
    shear = INTERVALS.spectral_norm([[1, 1], [0, 1]])
    assert (2 * Fraction(shear.lo) ** 2 - 3) ** 2 <= 5 <= (2 * Fraction(shear.hi) ** 2 - 3) ** 2
    wide = INTERVALS.spectral_norm([[between(0.0, 1.0)]])
    assert wide.hi >= 1.0
    assert wide.lo >= 0.0


def test_comparisons_are_certain_or_false():
    assert certainly_less(0.5, between(0.6, 0.7))
    assert not certainly_less(between(0.5, 0.65), between(0.6, 0.7))
    assert not certainly_less(0.5, 0.5)
    for wrong in (
        lambda: interval(1) < interval(2),
        lambda: interval(1) == interval(1),
        lambda: min(interval(1), interval(2)),
        lambda: bool(interval(1)),
    ):
        with pytest.raises(TypeError):
            wrong()


def test_what_has_no_verdict():
    for bad in (
        lambda: interval(math.nan),
        lambda: interval(math.inf),
        lambda: interval(1e308) * 10,
        lambda: interval(1) / between(-1.0, 1.0),
        lambda: interval(1) / 0,
        lambda: interval(10**400),
        lambda: Interval(2.0, 1.0),
        lambda: integral_below(np.array([0.0, 1.0]), np.array([1.0, math.nan])),
    ):
        with pytest.raises(NoVerdictError):
            bad()
    with pytest.raises(InvalidInputError):
        interval("1")
    with pytest.raises(InvalidInputError):
        interval(2) ** 0.5


def test_numbers_that_are_no_floats_are_enclosed():
    assert holds(interval(Fraction(1, 3)), Fraction(1, 3))
    assert holds(interval(2**60 + 1), Fraction(2**60 + 1))
    assert interval(0.1).lo == interval(0.1).hi == 0.1
    assert Fraction(1, 3) in interval(Fraction(1, 3))


@pytest.mark.parametrize("part", range(PARTS))
def test_integrals_of_profiles_are_below(part, count):
    rng = np.random.default_rng([2, part])
    for _ in range(cases(15, 0.1 / PARTS)):
        k = int(rng.integers(1, 30))
        grid = np.unique(np.cumsum(np.exp(rng.uniform(-3, 3, k))))
        top, slope = float(rng.uniform(0, 3)), float(rng.uniform(0, 0.2))
        values = np.array([max(-1.0, top - slope * g) for g in grid]) - 2.0**-50
        sums = integral_below(grid, values)
        assert sums[0] == 0.0
        assert (np.diff(sums) >= 0).all()
        edge = Fraction(top) / Fraction(slope) if slope else Fraction(10**9)
        start = min(Fraction(grid[0]), edge)
        for g, s in zip(grid, sums, strict=True):
            end = min(Fraction(g), edge)
            area = (end - start) * Fraction(top) - Fraction(slope) * (end**2 - start**2) / 2
            assert Fraction(float(s)) <= max(area, Fraction(0))
        count("scalar integral_below", cases=len(grid))


def test_integrals_use_later_bounds_and_refuse_bad_grids():
    sums = integral_below(np.array([0.0, 1.0, 2.0]), np.array([5.0, 0.5, 1.0]))
    assert sums[1] == pytest.approx(1.0)
    for grid in (np.array([0.0, 0.0]), np.array([1.0, 0.0]), np.array([[0.0, 1.0]])):
        with pytest.raises(InvalidInputError):
            integral_below(grid, np.ones(grid.shape))
    with pytest.raises(InvalidInputError):
        integral_below(np.array([]), np.array([]))
