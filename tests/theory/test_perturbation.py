"""The bounds of THEORY section 5 against the recursions written from its text, on norms that no network need have."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pltheory.theory.arithmetic import ARRAYS, FLOATS, symbols
from pltheory.theory.perturbation import CentreNorms, jacobian_change, jacobian_lipschitz
from tests.oracles import recursion

BOUNDS = [jacobian_change, jacobian_lipschitz]
both = pytest.mark.parametrize("bound", BOUNDS)


def drawn(rng, depth):
    """Norms as of a network of that depth: any numbers, but for batch norms not below those of a sample."""
    count = depth + 1

    def some(k):
        return list(rng.lognormal(0.0, 1.0, k))

    input_max, row_max = some(count), [*some(count - 1), 1.0]
    return CentreNorms(
        kappa=some(count),
        weight=some(count),
        inputs=[m * rng.uniform(1, 2) for m in input_max],
        input_max=input_max,
        rows=[m * rng.uniform(1, 2) for m in row_max],
        row_max=row_max,
        entry_max=some(count - 1),
        s1=float(rng.lognormal()),
        s2=float(rng.lognormal()),
    )


def oracle(at):
    return recursion.Norms(
        at.kappa, at.weight, at.inputs, at.input_max, at.rows, at.row_max, at.entry_max, at.s1, at.s2
    )


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("s", [1e-6, 0.05, 1.0, 30.0])
def test_change_is_the_norm_of_the_matrix_of_its_recursion(depth, s):
    rng = np.random.default_rng(depth)
    for _ in range(8):
        at = drawn(rng, depth)
        expected = recursion.optimal_change(oracle(at), s)
        assert jacobian_change(at, s) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("radius", [0.0, 0.05, 1.0, 30.0])
def test_lipschitz_is_the_matrix_of_the_text(depth, radius):
    rng = np.random.default_rng(10 + depth)
    for _ in range(8):
        at = drawn(rng, depth)
        assert jacobian_lipschitz(at, radius) == pytest.approx(recursion.lipschitz(oracle(at), radius), rel=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("s", [1e-6, 0.05, 1.0, 30.0])
def test_change_lies_between_every_split_and_the_loosest_one(depth, s):
    rng = np.random.default_rng(20 + depth)
    for _ in range(8):
        at = drawn(rng, depth)
        bound = jacobian_change(at, s)
        loosest = recursion.plain_change(oracle(at), [s] * (depth + 1))
        assert 0 <= bound <= loosest * (1 + 1e-12)
        for k in range(depth + 31):
            t = np.abs(rng.standard_normal(depth + 1)) ** 2 if k > depth else np.eye(depth + 1)[k]
            split = list(s * t / np.linalg.norm(t))
            assert recursion.plain_change(oracle(at), split) <= bound * (1 + 1e-12)


@both
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_floats_and_arrays_agree(bound, depth):
    at = drawn(np.random.default_rng(depth), depth)
    radii = np.array([0.0, 1e-3, 0.7, 5.0])
    expected = [bound(at, float(r), FLOATS) for r in radii]
    np.testing.assert_allclose(bound(at, radii, ARRAYS), expected, rtol=1e-12, atol=1e-300)


@both
def test_symbols_agree_with_floats(bound):
    rng = np.random.default_rng(3)

    def rational(v):
        if isinstance(v, list):
            return [rational(x) for x in v]
        return sp.Rational(round(1000 * v), 1000)

    floats = drawn(rng, 1)
    exact = CentreNorms(**{f.name: rational(getattr(floats, f.name)) for f in fields(CentreNorms)})
    rounded = CentreNorms(
        **{f.name: [float(x) for x in v] if isinstance(v := getattr(exact, f.name), list) else float(v)
           for f in fields(CentreNorms)}
    )  # fmt: skip
    value = bound(exact, sp.Rational(1, 3), symbols())
    assert isinstance(value, sp.Expr)
    assert float(sp.N(value, 30)) == pytest.approx(bound(rounded, 1 / 3, FLOATS), rel=1e-12)


@both
@given(
    seed=st.integers(0, 10**6), depth=st.integers(1, 3), s=st.floats(1e-6, 100), factor=st.floats(1.0, 3.0),
    which=st.sampled_from([f.name for f in fields(CentreNorms)]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_bounds_grow_with_every_norm_and_with_the_radius(bound, seed, depth, s, factor, which):
    """Each norm may be replaced by an upper bound of it, and a larger ball has a larger bound."""
    at = drawn(np.random.default_rng(seed), depth)
    value = getattr(at, which)
    larger = replace(at, **{which: [factor * v for v in value] if isinstance(value, list) else factor * value})
    least = bound(at, s) * (1 - 1e-12)
    assert bound(larger, s) >= least
    assert bound(at, factor * s) >= least


@both
def test_norm_of_the_first_weights_is_never_read(bound):
    at = drawn(np.random.default_rng(0), 3)
    assert bound(replace(at, weight=[1e30, *at.weight[1:]]), 0.3) == bound(at, 0.3)


def test_no_change_without_a_move_and_the_slope_at_zero_is_ell():
    rng = np.random.default_rng(5)
    for depth in (1, 2, 3):
        at = drawn(rng, depth)
        assert jacobian_change(at, 0.0) == 0
        s = 1e-9
        assert jacobian_change(at, s) / s == pytest.approx(jacobian_lipschitz(at, 0.0), rel=1e-6)


@pytest.mark.parametrize("depth", [4, 5])
def test_many_layers_stay_valid_for_every_split(depth):
    rng = np.random.default_rng(depth)
    for _ in range(5):
        at = drawn(rng, depth)
        for s in (0.01, 1.0):
            bound = jacobian_change(at, s)
            for _ in range(20):
                t = np.abs(rng.standard_normal(depth + 1)) ** 3
                split = list(s * t / np.linalg.norm(t))
                assert recursion.plain_change(oracle(at), split) <= bound * (1 + 1e-12)
