"""Arrays of intervals against exact rationals and against the scalar intervals."""

from __future__ import annotations

import numpy as np
import pytest

from pltheory.rigor import interval_arrays as ia
from pltheory.rigor.arithmetic import INTERVALS
from pltheory.rigor.errors import NoVerdictError
from pltheory.rigor.interval_arrays import INTERVAL_ARRAYS, IntervalArray, intervals
from pltheory.rigor.scalar import interval
from pltheory.theory import InvalidInputError, formulas
from tests.rigor.oracle import PARTS, cases, rational


def wide(rng, k):
    size = np.exp2(rng.integers(-300, 300, k).astype(float)) if rng.random() < 0.3 else np.ones(k)
    lo = np.where(rng.random(k) < 0.2, 2.0**-53, rng.standard_normal(k)) * size
    return IntervalArray(lo, lo + np.abs(rng.standard_normal(k)) * size * rng.choice([0.0, 1e-10, 1.0], k))


@pytest.mark.parametrize("part", range(PARTS))
def test_operations_hold_the_exact_result(part, count):
    rng = np.random.default_rng([0, part])
    for _ in range(cases(10, 0.25 / PARTS)):
        a, b = wide(rng, 8), wide(rng, 8)
        results = {
            "+": a + b,
            "-": a - b,
            "*": a * b,
            "min": ia.minimum(a, b),
            "max": ia.maximum(a, b),
            "cube": a**3,
            "root": ia.sqrt(ia.maximum(a, 0.0)),
        }
        for j in range(8):
            for x in (rational(float(a.lo[j])), rational(float(a.hi[j]))):
                for y in (rational(float(b.lo[j])), rational(float(b.hi[j]))):
                    truth = {
                        "+": x + y,
                        "-": x - y,
                        "*": x * y,
                        "min": min(x, y),
                        "max": max(x, y),
                        "cube": x**3,
                    }
                    for key, value in truth.items():
                        assert rational(float(results[key].lo[j])) <= value <= rational(float(results[key].hi[j]))
                    root = results["root"]
                    assert rational(float(root.lo[j])) ** 2 <= max(x, rational(0)) <= rational(float(root.hi[j])) ** 2
                    if not b.lo[j] <= 0 <= b.hi[j]:
                        quotient = intervals(a.lo[j : j + 1]) / IntervalArray(b.lo[j : j + 1], b.hi[j : j + 1])
                        exact = rational(float(a.lo[j])) / y
                        assert rational(quotient[0].lo) <= exact <= rational(quotient[0].hi)
            count("interval_arrays add, subtract, multiply, power, sqrt, min, max")
            if not b.lo[j] <= 0 <= b.hi[j]:
                count("interval_arrays divide")


def test_formulas_agree_with_scalar_intervals():
    rng = np.random.default_rng(1)
    mu, beta = np.exp(rng.uniform(-3, 0, 9)), np.exp(rng.uniform(0, 3, 9))
    loss = np.exp(rng.uniform(-3, 3, 9))
    many = formulas.radius_tight(
        intervals(loss), intervals(mu), intervals(beta), 0.3 / intervals(beta), INTERVAL_ARRAYS
    )
    for j in range(9):
        m, b, lo = (interval(float(v[j])) for v in (mu, beta, loss))
        one = formulas.radius_tight(lo, m, b, 0.3 / b, INTERVALS)
        assert (many[j].lo, many[j].hi) == (one.lo, one.hi)


def test_spectral_norms_of_nonnegative_matrices():
    rng = np.random.default_rng(2)
    for n in (1, 2, 4):
        m = np.abs(rng.standard_normal((7, n, n))) * np.exp2(rng.integers(-40, 40, (7, n, n)).astype(float))
        norm = INTERVAL_ARRAYS.spectral_norm([[intervals(m[:, i, j].copy()) for j in range(n)] for i in range(n)])
        true = np.linalg.norm(m, 2, axis=(1, 2))
        assert (norm.lo <= true * (1 + 1e-14)).all()
        assert (norm.hi >= true * (1 - 1e-14)).all()
    shear = INTERVAL_ARRAYS.spectral_norm([[1, 1], [0, 1]])[()]
    assert (2 * rational(shear.lo) ** 2 - 3) ** 2 <= 5 <= (2 * rational(shear.hi) ** 2 - 3) ** 2
    assert shear.hi - shear.lo < 1e-7
    # Block triangular, where the Perron vector has zeros: the norm is that of the larger block.
    block = INTERVAL_ARRAYS.spectral_norm([[3, 0], [0, 1]])[()]
    assert 3 <= block.hi < 3 * (1 + 1e-7)
    assert INTERVAL_ARRAYS.spectral_norm([[0.0]])[()].hi < 1e-150
    with pytest.raises(NoVerdictError):
        INTERVAL_ARRAYS.spectral_norm([[1, -1], [0, 1]])


def test_sums_and_products_of_what_is_not_negative_are_not():
    a = IntervalArray(np.array([0.0, 0.0, 2.0**-1074, -(2.0**-1074)]), np.array([0.0, 1.0, 1.0, 1.0]))
    for result in (a + 0.0, 0 * a, a * a, a + a, a**3):
        assert (result.lo[:3] >= 0.0).all()
        assert result.lo[3] <= 0.0
    assert ((a + a).lo[3], (a * a).lo[3]) < (-(2.0**-1074), 0.0)
    assert ((-a) + (-a)).lo[1] < -2.0


def test_refusals():
    a = intervals(np.array([1.0, 2.0]))
    for bad in (
        lambda: intervals(np.array([1.0, np.nan])),
        lambda: a * 1e308 * 10,
        lambda: a / (a - 1),
        lambda: ia.sqrt(-a),
        lambda: IntervalArray(np.array([2.0]), np.array([1.0])),
    ):
        with pytest.raises(NoVerdictError):
            bad()
    for bad in (lambda: a < a, lambda: a == a, lambda: bool(a), lambda: min(a, a)):
        with pytest.raises(TypeError):
            bad()
    with pytest.raises(InvalidInputError):
        intervals(np.array([1, 2]))
    with pytest.raises(InvalidInputError):
        a**-1
    assert (np.array([1.0, 1.0]) - a)[1].lo <= -1 <= (np.array([1.0, 1.0]) - a)[1].hi
