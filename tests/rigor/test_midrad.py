"""Ball arithmetic against exact rationals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pltheory.rigor import norms
from pltheory.rigor.arithmetic import INTERVALS
from pltheory.rigor.errors import NoVerdictError
from pltheory.rigor.midrad import Ball, as_ball, matmul, product_floats, scale_power_of_two, total
from pltheory.rigor.roundoff import gamma
from pltheory.rigor.scalar import interval
from pltheory.theory import InvalidInputError
from tests.rigor.oracle import FAMILIES, PARTS, assert_holds, cases, corners, fractions, matrix, radius, rational

RADII = ("none", "scalar", "rows", "columns", "full")


def random_ball(rng, n, m, family=None, kind=None):
    family = family or str(rng.choice(FAMILIES))
    kind = kind or str(rng.choice(RADII))
    mid = matrix(family, rng, n, m)
    return Ball(mid, radius(kind, rng, (n, m), float(np.max(np.abs(mid), initial=0.0))))


@pytest.mark.parametrize("part", range(PARTS))
def test_entrywise_operations_hold_the_exact_result(part, count):
    rng = np.random.default_rng([1, part])
    for _ in range(cases(75, 0.22 / PARTS)):
        n, m = rng.integers(1, 5, 2)
        a, b = random_ball(rng, n, m), random_ball(rng, n, m)
        x, y = corners(a, rng), corners(b, rng)
        try:
            assert_holds(a + b, x + y)
            assert_holds(a - b, x - y)
            assert_holds(a * b, x * y)
            count("midrad add", "midrad subtract", "midrad multiply", cases=a.mid.size)
        except NoVerdictError:
            assert np.max(np.abs(a.mid), initial=0) * np.max(np.abs(b.mid), initial=0) > 2.0**900
        assert_holds(-a, -x)
        e = int(rng.integers(-80, 80))
        assert_holds(scale_power_of_two(a, e), x * rational(2) ** e)
        assert_holds(a.T, x.T)
        assert_holds(a.rows(slice(0, 1)), x[:1])
        count("midrad negate, transpose, rows", "midrad scale_power_of_two", cases=a.mid.size)


@pytest.mark.parametrize("part", range(PARTS))
def test_sums_hold_the_exact_result(part, count):
    rng = np.random.default_rng([2, part])
    for _ in range(cases(40, 0.05 / PARTS)):
        n, m = rng.integers(1, 40), rng.integers(1, 5)
        a = random_ball(rng, n, m)
        x = corners(a, rng)
        for axis in (None, 0, 1):
            exact = np.asarray(x.sum(axis=axis), dtype=object)
            assert_holds(total(a, axis), exact)
            count("midrad total", cases=exact.size)


@pytest.mark.parametrize("shape", ["scalar", "outer"])
def test_matrix_products_hold_the_exact_result(shape, count):
    rng = np.random.default_rng(3)
    for _ in range(cases(100, 0.08)):
        n, k, m = rng.integers(1, 4), rng.integers(1, 24), rng.integers(1, 4)
        a, b = random_ball(rng, n, k), random_ball(rng, m, k).T
        try:
            c = matmul(a, b, shape)
        except NoVerdictError:
            assert np.max(np.abs(a.mid), initial=0) * np.max(np.abs(b.mid), initial=0) > 2.0**800
            continue
        for _ in range(2):
            assert_holds(c, corners(a, rng) @ corners(b, rng))
        count("midrad matmul", cases=2 * n * m)


@pytest.mark.parametrize("shape", ["scalar", "outer"])
def test_long_products_are_summed_in_blocks(shape):
    rng = np.random.default_rng(4)
    a, b = Ball(rng.standard_normal((2, 2500))), Ball(rng.standard_normal((2500, 2)))
    c = matmul(a, b, shape)
    assert_holds(c, fractions(a.mid) @ fractions(b.mid))
    assert np.max(c.rad) < 0.6 * gamma(2500) * 2500 * 1.2
    assert product_floats(a.mid, b.mid)[1] == 1024 + 2


def test_gram_products_of_one_buffer():
    # NumPy sends x @ x.T to another BLAS routine than x @ y.
    rng = np.random.default_rng(5)
    for family in FAMILIES:
        x = np.ascontiguousarray(matrix(family, rng, 6, 11))
        if family != "huge":
            assert_holds(matmul(Ball(x), Ball(x).T, "outer"), fractions(x) @ fractions(x).T)


def test_broadcasting_of_a_row_and_of_numbers():
    rng = np.random.default_rng(6)
    a = random_ball(rng, 4, 3, "gaussian", "rows")
    bias = random_ball(rng, 1, 3, "gaussian", "scalar")
    x, y = corners(a, rng), corners(bias, rng)
    assert_holds(a + bias, x + y)
    assert_holds(a * bias, x * y)
    assert_holds(a * 3, x * 3)
    assert_holds(1 - a * 0.1, 1 - x * rational(0.1))
    assert_holds(np.ones((2, 4)) @ a, fractions(np.ones((2, 4))) @ x)


def test_balls_times_intervals():
    """A scale such as 1 / sqrt(m), which is no float, enters as an interval."""
    a, k = Ball(np.array([[1.0, -3.0]])), interval(1) / INTERVALS.sqrt(interval(7))
    scaled = a * k
    for end in (k.lo, k.hi):
        assert_holds(scaled, fractions(a.mid) * rational(end))
    assert float(scaled.rad) < 2.0**-49
    point = as_ball(interval(0.1))
    assert_holds(point, np.asarray(rational(0.1), dtype=object))


@pytest.mark.parametrize("part", range(PARTS))
def test_norms_have_their_direction(part, count):
    rng = np.random.default_rng([7, part])
    for _ in range(cases(40, 1.2 / PARTS)):
        n, k = rng.integers(1, 5, 2)
        a = random_ball(rng, n, k)
        x = corners(a, rng)
        squares = [sum((v * v for v in row), rational(0)) for row in x]
        try:
            upper = norms.row_norms_upper(a)
            assert all(rational(float(u)) ** 2 >= s for u, s in zip(upper, squares, strict=True))
            assert rational(norms.frobenius_upper(a)) ** 2 >= sum(squares)
            count("norms of rows", cases=n)
            count("norms Frobenius")
        except NoVerdictError:
            assert np.max(np.abs(a.mid)) > 2.0**480
        assert rational(norms.max_abs_upper(a)) >= max(abs(v) for v in x.ravel())
        assert rational(norms.inf_norm_upper(a)) >= max(sum(abs(v) for v in row) for row in x)
        count("norms largest entry and row sum")


def test_norms_are_tight():
    a = Ball(np.random.default_rng(8).standard_normal((50, 40)))
    true = np.linalg.norm(a.mid, axis=1)
    assert np.allclose(norms.row_norms_upper(a), true, rtol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_give_no_verdict(bad):
    x = np.ones((3, 3))
    x[1, 2] = bad
    with pytest.raises(NoVerdictError):
        Ball(x)
    with pytest.raises(NoVerdictError):
        Ball(np.ones((3, 3)), np.abs(x))
    with pytest.raises(NoVerdictError):
        Ball(np.ones(3), -1.0)


def test_overflow_gives_no_verdict():
    big = Ball(np.full((2, 2), 1e300))
    for operation in (
        lambda: big * big,
        lambda: big @ big,
        lambda: big + Ball(np.full((2, 2), 1.7e308)) + big * 1e8,
        lambda: norms.frobenius_upper(Ball(np.full((2, 2), 1e200))),
        lambda: norms.inf_norm_upper(Ball(np.full((2, 2), 1.7e308))),
        lambda: total(Ball(np.full((2, 2), 1.7e308))),
        lambda: Ball(np.ones((2, 2)), np.asarray(1e308)) @ Ball(np.ones((2, 2)), np.asarray(1e308)),
    ):
        with pytest.raises(NoVerdictError):
            operation()


def test_bad_inputs_are_named():
    with pytest.raises(InvalidInputError, match="float64"):
        Ball(np.ones((2, 2), dtype=np.float32))
    with pytest.raises(InvalidInputError, match="radius"):
        Ball(np.ones((2, 2)), np.ones(2))
    with pytest.raises(InvalidInputError, match="broadcast"):
        Ball(np.ones((2, 2)), np.ones((3, 1)))
    with pytest.raises(InvalidInputError, match="fit"):
        Ball(np.ones((2, 2))) @ Ball(np.ones((3, 2)))
    with pytest.raises(InvalidInputError, match="exact array"):
        as_ball(np.array([2**60 + 1]))
    with pytest.raises(InvalidInputError, match="exact array"):
        as_ball(np.array(["a"]))
    assert_holds(as_ball(np.array([0.1], dtype=np.float32)), np.array([rational(float(np.float32(0.1)))]))


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)


@settings(max_examples=200, deadline=None, database=None)
@given(finite, finite, finite)
def test_scalars_of_every_size(a, b, c):
    with np.errstate(all="ignore"):
        x, y, z = (Ball(np.array([[v]])) for v in (a, b, c))
        fa, fb, fc = (np.array([[rational(v)]], dtype=object) for v in (a, b, c))
        for make, exact in (
            (lambda: x + y, fa + fb),
            (lambda: x * y, fa * fb),
            (lambda: x * y - z, fa * fb - fc),
            (lambda: (x + y) @ z, (fa + fb) * fc),
        ):
            try:
                ball = make()
            except NoVerdictError:
                continue
            assert_holds(ball, exact)
