"""Certified activations against 200-bit balls."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import ctx

from pltheory.nets.activations import ACTIVATIONS, activation
from pltheory.rigor import tables
from pltheory.rigor.errors import NoVerdictError
from pltheory.rigor.midrad import Ball
from pltheory.theory import InvalidInputError
from tests.rigor.oracle import cases, function, within

SHAPES = {a.name: a.shape for a in ACTIVATIONS.values() if a.shape is not None}
NAMES = tuple(SHAPES)
EVERY = [(name, order) for name in NAMES for order in (0, 1, 2)]
HARD = [0.0, -0.0, 5e-324, -5e-324, 2.0**-1022, 2.0**-600, 1e-9, 0.5, 19.9999, 20.0, 20.002, -20.01, 38.0]
HARD += [39.004, 44.003, -44.01, 45.0, -45.0, 100.0, -100.0, 709.0, -745.0]


def points(rng: np.random.Generator, reach: float, bits: int, count: int) -> np.ndarray:
    """Random points, cell centres and cell edges with their neighbours, and points in and near the tails."""
    edges = (rng.integers(-reach * 2**bits, reach * 2**bits, count) + 0.5) * 2.0**-bits
    parts = [
        rng.uniform(-reach, reach, count),
        rng.standard_normal(count),
        edges,
        np.nextafter(edges, np.inf),
        np.nextafter(edges, -np.inf),
        np.round(edges * 2.0**bits) * 2.0**-bits,
        np.exp2(rng.uniform(-60, 6, count)) * rng.choice([-1, 1], count),
        reach + 2.0**-bits * rng.uniform(-2, 2, count),
    ]
    return np.concatenate(parts)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "order"), EVERY)
def test_every_function_lies_in_its_ball(name, order, count):
    rng = np.random.default_rng(order)
    shape = SHAPES[name]
    x = np.concatenate([HARD, points(rng, shape.reach, shape.bits, cases(32) // 8)])
    for v in rng.permutation(x)[:60]:
        # One point a call: the radius is that of the point, not of the worst of many.
        ball = activation(name).enclose(Ball(np.array([v])), order)
        truth = function(name, order, Fraction(float(v)))
        assert within(truth, float(ball.mid[0]), float(ball.rad)), (v, float(ball.rad))
    whole = activation(name).enclose(Ball(x), order)
    for v, mid in zip(x, whole.mid, strict=True):
        assert within(function(name, order, Fraction(float(v))), float(mid), float(whole.rad))
    count(f"elementary {name}, derivative {order}", cases=len(x))


@pytest.mark.parametrize(("name", "order"), EVERY)
def test_the_radius_of_the_argument_is_carried(name, order):
    rng = np.random.default_rng(order)
    for _ in range(12):
        x, r = rng.uniform(-4, 4), 2.0 ** float(rng.integers(-40, 0))
        ball = activation(name).enclose(Ball(np.array([x]), np.array([r])), order)
        for theta in (-1, Fraction(1, 3), 1):
            truth = function(name, order, Fraction(x) + theta * Fraction(r))
            assert within(truth, float(ball.mid[0]), float(ball.rad[0]))


@pytest.mark.parametrize(("name", "order"), EVERY)
def test_tables_are_tight(name, order):
    x = np.linspace(-6, 6, 999)
    ball = activation(name).enclose(Ball(x), order)
    assert float(ball.rad) < 2.5 * 2.0**-53 * max(1.0, np.max(np.abs(ball.mid)))
    assert name == "sin" or tables.table(SHAPES[name], order).tail_error < 4e-17


@pytest.mark.parametrize("name", NAMES)
def test_suprema_used_to_carry_radii_are_suprema(name):
    """s1, s2, s3 of the theory bound the next derivative on a fine grid, and closely, in 200-bit balls."""
    act = ACTIVATIONS[name]
    for order, sup in ((1, act.s1), (2, act.s2)):
        values = [float(function(name, order, Fraction(i, 64)).abs_upper()) for i in range(-640, 641)]
        assert sup * (1 - 1e-3) <= max(values) <= sup
    # The third derivative by its mean over steps of 2^-20.
    step = Fraction(1, 2**20)
    slopes = [
        (function(name, 2, Fraction(i, 32) + step) - function(name, 2, Fraction(i, 32))) * 2**20
        for i in range(-200, 201)
    ]
    assert act.s3 * (1 - 1e-2) <= max(float(v.abs_upper()) for v in slopes) <= act.s3


def test_shapes_layouts_and_radii():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40000, 2))[::2, ::-1]
    ball = activation("tanh").enclose(Ball(x, np.full((20000, 1), 1e-3)))
    assert ball.shape == x.shape
    assert ball.rad.shape == (20000, 1)
    assert np.abs(ball.mid - np.tanh(x)).max() < 1e-15
    assert activation("gelu").enclose(Ball(np.zeros((0, 3)))).shape == (0, 3)
    assert activation("silu").enclose(Ball(np.array(0.5))).shape == ()


def test_beyond_its_table_sine_is_between_its_bounds():
    for order in (0, 1, 2):
        ball = activation("sin").enclose(Ball(np.array([1e300, 65.0, -1e5])), order)
        assert (ball.mid == 0).all()
        assert 1 <= float(ball.rad) < 1 + 1e-15


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sin"])
def test_far_tails(name):
    ramp = name in ("softplus", "gelu", "silu", "mish")
    for order in (0, 1, 2):
        for x in (1e300, 1e5, -1e5, -1e300):
            ball = activation(name).enclose(Ball(np.array([x, x])), order)
            step = 1.0 if x > 0 else -1.0 if name in ("tanh", "erf") else 0.0
            limit = (max(x, 0.0), float(x > 0), 0.0) if ramp else (step, 0.0, 0.0)
            assert (ball.mid == limit[order]).all()
            assert 0 < float(ball.rad) < 4e-17


def test_what_is_not_tabulated_gives_no_verdict():
    with pytest.raises(NoVerdictError, match="relu"):
        activation("relu").enclose(Ball(np.zeros(2)))


def test_bad_orders_are_answered_with_the_allowed_ones():
    x = Ball(np.zeros(2))
    for call in (
        lambda: activation("tanh").enclose(x, 3),
        lambda: tables.table(SHAPES["tanh"], 3),
    ):
        with pytest.raises(InvalidInputError, match="allowed"):
            call()


def test_building_a_table_leaves_the_precision_alone():
    from flint import ctx

    before = ctx.prec
    tables.table.cache_clear()
    tables.table(SHAPES["erf"], 2)
    assert ctx.prec == before


@pytest.mark.parametrize("cap", [2, 500])
def test_a_table_does_not_depend_on_the_series_cap_of_the_process(cap):
    """python-flint cuts every series at a global length: under a short one a table would claim too little error."""
    build = tables.table.__wrapped__
    whole, before = build(SHAPES["tanh"], 1), ctx.cap
    try:
        ctx.cap = cap
        again = build(SHAPES["tanh"], 1)
        assert ctx.cap == cap
    finally:
        ctx.cap = before
    np.testing.assert_array_equal(again.errors, whole.errors)
    np.testing.assert_array_equal(again.coefficients, whole.coefficients)
