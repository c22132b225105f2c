"""The error terms of a verified step hold for every member of the balls, and each is missed when it is deleted."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

from pltheory.certification.stored import FloatNetwork
from pltheory.certification.trajectory import bounds as tb
from pltheory.certification.trajectory import network as tn
from pltheory.certification.trajectory import step as ts
from pltheory.rigor.midrad import Ball
from pltheory.rigor.scalar import between
from tests.certification.trajectory_networks import aligned, data, network
from tests.oracles.exact_trajectory import Exact, matrix, norm


def single(values, weights, residual, slopes=None, kappa=(1.0, 1.0), inputs_rad=0.0, slopes_rad=0.0, residual_rad=0.0):
    """A one-hidden-layer network and a forward pass with planted balls: x, W_2, r, act'(Z), A_1."""
    x, hidden = values
    net = FloatNetwork((np.zeros((hidden.shape[1], x.shape[1])), weights), (None, None), kappa, (0.0, 0.0), "tanh")
    s = np.ones_like(hidden) * 0.5 if slopes is None else slopes
    at = tn.Forward(
        (Ball(x), Ball(hidden, np.asarray(inputs_rad))),
        (),
        (Ball(s, np.asarray(slopes_rad)),),
        Ball(residual, np.asarray(residual_rad)),
    )
    return net, at


def exact_gradient(net, x, hidden, slopes, residual):
    """J^T r in rationals for given members of the balls: lists of lists of Fraction."""
    f = np.vectorize(Fraction, otypes=[object])
    v = f(residual)
    top = Fraction(net.kappa[1]) * (v.T @ f(hidden))
    below = Fraction(net.kappa[1]) * (v @ f(net.weights[1])) * f(slopes)
    return [Fraction(net.kappa[0]) * (below.T @ f(x)), top]


def misses(found, exact):
    """Whether the exact gradient is further from the computed one than `apart`."""
    squares = sum(
        ((Fraction(float(g)) - e) ** 2 for part, ex in zip(found.weights, exact, strict=True)
         for g, e in zip(part.ravel(), np.ravel(ex), strict=True)),
        Fraction(0),
    )  # fmt: skip
    return squares > Fraction(found.apart) ** 2


def gradient_case(kind, seed):
    rng = np.random.default_rng(seed)
    if kind in ("scaling_error", "gradient_rounding"):
        # One sample and no input below: two roundings in all, r a and then kappa (r a), and nothing to hide them.
        net, at = single(
            (np.zeros((1, 1)), aligned(rng, (1, 1))),
            np.zeros((1, 1)),
            aligned(rng, (1, 1)),
            kappa=(1.0, float(aligned(rng, ()))),
        )
        member = (at.residual.mid, at.inputs[1].mid, at.slopes[0].mid)
    elif kind == "backward_rounding":
        # Two outputs that cancel in v W_2: the rounding stays, the result does not.
        net, at = single(
            (np.ones((1, 1)), np.zeros((1, 4))),
            np.stack([aligned(rng, 4), -aligned(rng, 4)]),
            aligned(rng, (1, 2)),
            slopes=np.ones((1, 4)),
        )
        member = (at.residual.mid, at.inputs[1].mid, at.slopes[0].mid)
    else:
        n, m = 3, 5
        planted = {"slope_error": "slopes_rad", "input_error": "inputs_rad", "residual_error": "residual_rad"}[kind]
        net, at = single(
            (rng.standard_normal((n, 2)), rng.standard_normal((n, m))),
            rng.standard_normal((1, m)),
            rng.standard_normal((n, 1)),
            **{planted: 1e-3},
        )
        shift = {k: 1e-3 if k == kind else 0.0 for k in ("residual_error", "input_error", "slope_error")}
        member = (
            at.residual.mid + shift["residual_error"],
            at.inputs[1].mid + shift["input_error"] * np.sign(at.residual.mid),
            at.slopes[0].mid + shift["slope_error"] * np.sign(at.residual.mid),
        )
    exact = exact_gradient(net, at.inputs[0].mid, member[1], member[2], member[0])
    found = ts.gradient(net, at, lipschitz_of(net, at))
    return misses(found, exact)


def lipschitz_of(net, at):
    """An upper bound of ||J|| for the planted balls, generous."""
    x, hidden = at.inputs[0].mid, np.abs(at.inputs[1].mid) + at.inputs[1].rad
    slopes = np.abs(at.slopes[0].mid) + at.slopes[0].rad
    first = np.linalg.norm(x) * np.linalg.norm(net.weights[1]) * slopes.max() * abs(net.kappa[0] * net.kappa[1])
    return float(first + abs(net.kappa[1]) * np.linalg.norm(hidden))


GRADIENT_TERMS = (
    "residual_error",
    "slope_error",
    "input_error",
    "backward_rounding",
    "gradient_rounding",
    "scaling_error",
)


@pytest.mark.slow
@pytest.mark.parametrize("term", GRADIENT_TERMS)
def test_gradient_error_covers_every_member_of_the_balls(term):
    assert not any(gradient_case(term, seed) for seed in range(400))


@pytest.mark.parametrize("part", [0.0, 0.1])
@pytest.mark.parametrize("term", GRADIENT_TERMS)
def test_deleting_a_gradient_error_term_is_caught(term, part, monkeypatch):
    honest = getattr(ts, term)
    monkeypatch.setattr(ts, term, lambda *a: part * honest(*a))
    assert any(gradient_case(term, seed) for seed in range(400))


def sliced_misses(seed, k):
    rng = np.random.default_rng(seed)
    a, w = aligned(rng, (2, k)), aligned(rng, (2, k)) * rng.choice([-1.0, 1.0], (2, k))
    if seed % 2:
        a, w = rng.standard_normal((2, k)), np.exp2(rng.integers(-30, 3, (2, k))) * rng.standard_normal((2, k))
    ball = tn.sliced_product(Ball(a), w)
    f = np.vectorize(Fraction, otypes=[object])
    exact = f(a) @ f(w).T
    return bool((np.abs(f(ball.mid) - exact) > Fraction(float(ball.rad))).any())


def test_sliced_product_holds_and_is_accurate():
    for k in (1, 2, 3, 17, 64, 65, 300):
        assert not any(sliced_misses(seed, k) for seed in range(40))
    rng = np.random.default_rng(0)
    a, w = rng.standard_normal((20, 2048)), rng.standard_normal((3, 2048))
    ball = tn.sliced_product(Ball(a), w)
    assert float(ball.rad) < 8 * 2.0**-53 * np.abs(ball.mid).max()


def test_sliced_product_carries_the_radius_of_its_left_factor():
    rng = np.random.default_rng(1)
    a, w = rng.standard_normal((3, 9)), rng.standard_normal((2, 9))
    ball = tn.sliced_product(Ball(a, np.asarray(1e-3)), w)
    moved = (a + 1e-3 * np.sign(w[0])) @ w.T
    assert (np.abs(moved - ball.mid) <= ball.rad * (1 + 1e-12)).all()
    huge = tn.sliced_product(Ball(a * 2.0**300), w)  # beyond the range of slicing: the plain product
    assert np.isfinite(huge.mid).all()


@pytest.mark.parametrize("part", [0.0, 0.1])
def test_deleting_slice_rounding_is_caught(part, monkeypatch):
    honest = tn.slice_rounding
    monkeypatch.setattr(tn, "slice_rounding", lambda *a: part * honest(*a))
    assert any(sliced_misses(seed, k) for seed in range(40) for k in (1, 3, 64))


def step_misses(weights, grad, eta, gamma, delta, apart=0.0):
    """Whether the exact step along exactly that gradient leaves the bound; one layer pair, arb at 400 bits."""
    ctx.prec = 400
    net = FloatNetwork((weights,), (None,), (1.0,), (0.0,), "tanh")
    step = ts.enclose_step(net, ts.Gradient((grad,), (None,), apart), eta, gamma, delta)
    g = matrix(grad)
    size = norm([g])
    ratio = arb(gamma) / size if size > 0 else arb(10)
    factor = ratio if ratio > arb(delta) else arb(delta)
    h = arb(eta) * (factor if factor < 1 else arb(1))
    exact = matrix(weights) - g * h
    return not norm([exact - matrix(step.network.weights[0])]) <= arb(step.rho)


def update_case(seed):
    rng = np.random.default_rng(seed)
    weights = np.ones((4, 4)) * np.exp2(rng.integers(-3, 4))
    grad = weights * (2.0**-54 + rng.integers(0, 2**10) * 2.0**-64)  # near half a unit, lost in every entry
    return step_misses(weights, grad, 1.0, 1e9, 0.5)


def test_steps_hold_in_all_branches():
    assert not any(update_case(seed) for seed in range(50))
    rng = np.random.default_rng(5)
    for _ in range(300):
        weights, grad = rng.standard_normal((3, 5)), rng.standard_normal((3, 5)) * np.exp2(rng.integers(-30, 30))
        gamma = float(np.exp2(rng.uniform(-12, 8)))
        assert not step_misses(weights, grad, float(rng.uniform(0.01, 2)), gamma, float(rng.uniform(0.01, 0.99)))
    assert not step_misses(np.ones((2, 2)), np.zeros((2, 2)), 0.5, 1.0, 0.1)


@pytest.mark.parametrize("part", [0.0, 0.1])
def test_deleting_update_rounding_is_caught(part, monkeypatch):
    honest = ts.update_rounding
    monkeypatch.setattr(ts, "update_rounding", lambda *a: part * honest(*a))
    assert any(update_case(seed) for seed in range(50))


@pytest.mark.parametrize("part", [0.0, 0.1])
def test_deleting_step_size_error_is_caught(part, monkeypatch):
    honest = ts.exact_step_size
    monkeypatch.setattr(
        ts, "exact_step_size", lambda *a: between(honest(*a).lo, honest(*a).hi * 1.01)
    )  # an honest enclosure whose middle is not the step
    rng = np.random.default_rng(2)
    weights, grad = rng.standard_normal((3, 5)), rng.standard_normal((3, 5))
    assert not step_misses(weights, grad, 0.5, 1.0, 0.1)
    term = ts.step_size_error
    monkeypatch.setattr(ts, "step_size_error", lambda *a: part * term(*a))
    assert step_misses(weights, grad, 0.5, 1.0, 0.1)


def test_step_is_a_contraction_of_gradient_errors():
    """||Phi(u) - Phi(v)|| <= eta ||u - v||, across branches: what lets rho ignore them."""
    rng = np.random.default_rng(8)
    eta, worst = 0.7, 0.0
    for _ in range(20000):
        gamma, delta = float(rng.uniform(0.2, 2)), float(rng.uniform(0.05, 0.95))
        u = rng.standard_normal(3) * rng.uniform(0.1, 10)
        v = u + rng.standard_normal(3) * 10.0 ** rng.uniform(-6, 1)

        def phi(g, gamma=gamma, delta=delta):
            return eta * min(1.0, max(delta, gamma / np.linalg.norm(g))) * g

        worst = max(worst, float(np.linalg.norm(phi(u) - phi(v)) / np.linalg.norm(u - v)))
    assert 0.99 * eta < worst <= eta * (1 + 1e-9)


def test_norms_enclose():
    rng = np.random.default_rng(0)
    for size in (1, 63, 64, 65, 4096, 5000):
        x = rng.standard_normal(size) * np.exp2(rng.integers(-5, 5, size))
        exact = sum((Fraction(float(v)) ** 2 for v in x), Fraction(0))
        found = tn.norm([x])
        assert Fraction(found.lo) ** 2 <= exact <= Fraction(found.hi) ** 2
        assert found.hi - found.lo <= 1e-13 * found.hi
    assert tn.norm([np.zeros(3)]).lo == 0.0


def test_nan_and_overflow_give_no_verdict():
    net = network()
    x, y = data(2, 3, 1)
    bad = net.replaced([net.weights[0] * np.nan, net.weights[1]], net.biases)
    with pytest.raises(ArithmeticError):
        tn.forward(bad, x, y)
    with pytest.raises(ArithmeticError):
        tn.forward(net.replaced([net.weights[0], net.weights[1] * 1e308], net.biases), x, y)
    at = tn.forward(net, x, y)
    with pytest.raises(ArithmeticError):
        ts.enclose_step(net, ts.gradient(net, at, math.inf), 0.1, 1.0, 0.1)


def test_forward_and_gradient_enclose_the_exact_ones_on_a_deep_network():
    net = network((2, 4, 3, 2), seed=4, bias=True)
    x, y = data(3, 2, 2)
    at = tn.forward(net, x, y)
    ref = tb.reference(net, at, 0.0)
    found = ts.gradient(net, at, ref.lipschitz, Fraction(1, 3))
    gw, gb = Exact.of(net, x, y, Fraction(1, 3)).gradient()
    apart = [g - matrix(f) for g, f in zip([*gw, *gb], [*found.weights, *found.biases], strict=True)]
    assert norm(apart) <= arb(found.apart)
    assert found.apart < 1e-12
