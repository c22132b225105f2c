"""Theorem A and A' against functions that satisfy their hypotheses, with every choice of steps that they allow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pltheory.theory.arithmetic import ARRAYS
from pltheory.theory.formulas import contraction, radius_sharp, radius_tight, rate, slack

STEPS = 200


def sequences(rng, eta, delta):
    """Step sizes in [eta delta, eta]: the ends, both in turn, a switch, and noise."""
    ends = np.array([eta, eta * delta])
    yield np.full(STEPS, eta)
    yield np.full(STEPS, eta * delta)
    yield np.tile(ends, STEPS // 2)
    yield np.where(np.arange(STEPS) < 5, ends[1], ends[0])
    for _ in range(3):
        yield rng.uniform(eta * delta, eta, STEPS)
        yield rng.choice(ends, STEPS)


def follow(gradient, start, steps):
    """The iterates, (T+1, k)."""
    points = [np.atleast_1d(np.asarray(start, dtype=float))]
    for h in steps:
        points.append(points[-1] - h * gradient(points[-1]))
    return np.array(points)


def check(loss, gradient, start, mu, beta, eta, delta, rng):
    """Every conclusion of Theorems A and A' on every sequence; returns the largest path length found."""
    l0 = loss(np.atleast_1d(start))
    q, r_star = rate(mu, beta, eta, delta), radius_tight(l0, mu, beta, eta)
    r_a = radius_sharp(l0, mu, beta, eta)
    longest = 0.0
    for steps in sequences(rng, eta, delta):
        w = follow(gradient, start, steps)
        values = np.array([loss(p) for p in w])
        lengths = np.linalg.norm(np.diff(w, axis=0), axis=1)
        tiny = 1e-13 * l0
        assert (values[1:] <= contraction(mu, beta, steps) * values[:-1] + tiny).all()
        assert (values <= q ** np.arange(STEPS + 1) * l0 + tiny).all()
        # Theorem A's potential, and A's and A''s radii from every iterate on, not only from the first.
        drop = np.sqrt(2 / mu) / slack(beta, eta) * (np.sqrt(values[:-1]) - np.sqrt(values[1:]))
        assert (lengths <= drop + 1e-9 * math.sqrt(l0)).all()
        rest = np.cumsum(lengths[::-1])[::-1]
        assert (rest <= radius_tight(values[:-1], mu, beta, eta, ARRAYS) * (1 + 1e-9) + 1e-9 * r_star).all()
        longest = max(longest, lengths.sum())
    assert longest <= r_star * (1 + 1e-9)
    assert r_star <= r_a
    return longest


@pytest.mark.slow
@pytest.mark.parametrize("multiple", [0.05, 0.7, 1.0, 1.5, 1.9])
@pytest.mark.parametrize("delta", [0.02, 0.5, 0.99])
def test_quadratics(multiple, delta):
    rng = np.random.default_rng(0)
    for mu in (0.05, 0.3, 1.0):
        for angle in (0.0, 0.02, 0.5, math.pi / 2):
            hess = np.diag([mu, 1.0])
            check(
                lambda w, a=hess: 0.5 * w @ a @ w,
                lambda w, a=hess: a @ w,
                [math.cos(angle), math.sin(angle)],
                mu, 1.0, multiple, delta, rng,
            )  # fmt: skip


@pytest.mark.parametrize("multiple", [0.1, 1.0, 1.4, 1.9])
def test_the_tight_radius_is_reached_at_mu_equal_beta(multiple):
    w = follow(lambda w: w, [3.0], np.full(400, multiple))
    path = np.abs(np.diff(w[:, 0])).sum()
    assert path == pytest.approx(radius_tight(4.5, 1.0, 1.0, multiple), rel=1e-12)
    farthest = np.abs(w - w[0]).max()
    if multiple > 1:
        assert farthest < path * (1 - 1e-3)
    else:
        assert farthest == pytest.approx(path, rel=1e-12)


def test_a_smaller_radius_than_the_tight_one_is_false():
    # The guard of the test above: 1% less is exceeded.
    w = follow(lambda w: w, [1.0], np.full(STEPS, 1.9))
    assert np.abs(np.diff(w[:, 0])).sum() > 0.99 * radius_tight(0.5, 1.0, 1.0, 1.9)


def random_well(rng):
    """A nonnegative function of one variable with one zero, wavy: value, slope, and mu, beta on an interval."""
    a, b, phase = rng.uniform(0.0, 0.6), rng.uniform(0.5, 4.0), rng.uniform(0, 2 * math.pi)

    # L = r^2/2 with r(x) = x + (a/b)(sin(b x + phase) - sin(phase)): r' = 1 + a cos(..) >= 1 - a, so L is PL*.
    def residual(x):
        return x + a / b * (np.sin(b * x + phase) - math.sin(phase))

    def slope(x):
        return 1 + a * np.cos(b * x + phase)

    def loss(w):
        return 0.5 * float(residual(w[0])) ** 2

    def gradient(w):
        return np.array([residual(w[0]) * slope(w[0])])

    return residual, slope, loss, gradient, a * b


@pytest.mark.parametrize("seed", range(40))
def test_random_wavy_wells(seed):
    rng = np.random.default_rng(seed)
    residual, slope, loss, gradient, bend = random_well(rng)
    start, radius = rng.uniform(-4, 4), 400.0
    # |r(x) - x| <= 2 a/b <= 2.4 and |start| <= 4 keep every x with L <= L_0 inside this interval.
    x = np.linspace(-12, 12, 100_001)
    inside = np.abs(residual(x)) <= abs(residual(start))
    # PL* and smoothness on the ball where L <= L_0; the grid's error is covered by the margins.
    mu = 0.999 * (slope(x[inside]) ** 2).min()
    beta = 1.001 * (slope(x[inside]) ** 2).max() + abs(residual(start)) * bend
    multiple, delta = rng.uniform(0.05, 1.95), rng.uniform(0.01, 0.99)
    eta = multiple / beta
    assert radius > radius_sharp(loss([start]), mu, beta, eta)
    check(loss, gradient, [start], mu, beta, eta, delta, rng)


def test_the_well_that_is_pl_but_not_convex():
    # x^2 + 3 sin^2 x, the textbook PL function: 2 mu L <= L'^2 with mu = 1/32, beta = 8, concave in places.
    rng = np.random.default_rng(1)
    for start in (-5.0, -2.2, 1.9, 3.3):
        for multiple in (0.3, 1.0, 1.7):
            check(
                lambda w: float(w[0] ** 2 + 3 * np.sin(w[0]) ** 2),
                lambda w: 2 * w + 3 * np.sin(2 * w),
                [start],
                1 / 32, 8.0, multiple / 8, 0.2, rng,
            )  # fmt: skip


def test_without_mu_at_most_beta_the_tight_radius_is_false():
    # THEORY's example: L = x^2/2 - 0.01 on |x| >= 0.3 has mu = 1/0.98 > beta = 1 there, and radius_tight at that mu has
    # no real square root left for steps near 1/beta.
    mu = 1 / 0.98
    assert contraction(mu, 1.0, 1.0) < 0
    with pytest.raises(ValueError, match=r"math domain|nonnegative"):
        radius_tight(0.49, mu, 1.0, 1.0)
