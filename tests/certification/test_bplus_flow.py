"""Part I of Theorem B+: constants of the linear flow against discrete flows and quadrature."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from pltheory.certification.bplus.arrays import field
from pltheory.certification.bplus.flow import Reference, TimeGrid, step_constants, time_grid, transport

LAM = np.array([0.3, 0.5, 1.1, 4.0])
C = np.array([0.9, -1.3, 0.4, 2.0])
ORTHOGONAL = np.linalg.qr(np.random.default_rng(5).standard_normal((4, 4)))[0]


def reference(rigorous: bool = False) -> Reference:
    return Reference(LAM, np.abs(C), rigorous)


def grid(rigorous: bool = False, horizon: float = 12.0) -> TimeGrid:
    return time_grid(reference(rigorous), field(ORTHOGONAL, rigorous), field(C[:, None], rigorous), 120, 5, horizon)


def gain(g: np.ndarray, power: int) -> float:
    """int |K^(power/2) exp(-K T) g| dT by quadrature."""
    return quad(lambda t: np.linalg.norm(LAM ** (power / 2) * np.exp(-LAM * t) * g), 0, 200, limit=400, epsabs=1e-11)[0]


@pytest.mark.parametrize("power", [1, 2])
def test_transport_is_an_upper_bound_and_nearly_attained(power: int) -> None:
    bound = transport(reference(), power)
    rng = np.random.default_rng(power)
    best = 0.0
    for _ in range(40):  # projected ascent on the squares of g, from several starts
        p = rng.dirichlet(np.full(4, 0.5))
        best = max(best, gain(np.sqrt(p), power))
    p = np.full(4, 0.25)
    for _ in range(60):
        step = 1e-5
        base = gain(np.sqrt(p), power)
        slopes = np.array([(gain(np.sqrt(p + step * np.eye(4)[k]), power) - base) / step for k in range(4)])
        p = p * slopes / (p @ slopes)
    best = max(best, gain(np.sqrt(p), power))
    assert best <= bound
    assert best > 0.995 * bound  # a bound shrunk by a tenth is caught
    assert power == 1 or bound <= 1 + math.log(LAM[-1] / LAM[0]) / math.e + 1e-3


@pytest.mark.slow
def test_rigorous_constants_are_above_the_plain_ones_and_close() -> None:
    for power in (1, 2):
        plain, ball = transport(reference(), power), transport(reference(True), power)
        assert ball == pytest.approx(plain, rel=1e-7)
    plain, ball = step_constants(reference(), 0.1, 1.3, 2.0), step_constants(reference(True), 0.1, 1.3, 2.0)
    for name in ("c1", "ch", "vs", "dr", "dq"):
        assert getattr(ball, name) == pytest.approx(getattr(plain, name), rel=1e-7)
    for name in ("mass", "half", "poly", "occupation", "k", "k1", "tail_r", "edge_q"):
        np.testing.assert_allclose(getattr(grid(True), name), getattr(grid(), name), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("eta", [0.02, 0.2])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_discrete_flows_stay_within_the_step_constants(eta: float, seed: int) -> None:
    """(I2), (I3) for legal steps, with perturbations E_s q_s chosen at random and along the worst direction."""
    rng = np.random.default_rng(seed)
    step = step_constants(reference(), eta, transport(reference(), 2), transport(reference(), 1))
    steps = eta * (np.ones(4000) if seed == 0 else rng.uniform(0.05, 1.0, 4000))
    t, r, d, v, total = 0.0, C.copy(), np.zeros(4), np.zeros(4), 0.0
    v_d, sums, deviation = np.zeros(4), np.zeros(2), np.zeros(2)
    root = np.sqrt(LAM)
    for s, h in enumerate(steps):
        sums += h * np.array([np.linalg.norm(root * d), np.linalg.norm(d)])
        assert (sums <= np.array([step.c1, step.ch]) * total + 1e-13).all()
        assert np.linalg.norm(root * v_d) <= total + 1e-13
        assert np.linalg.norm(root * (v - C * (1 - np.exp(-LAM * t)) / LAM)) <= step.vs
        if t < 40:
            for inside in (0.0, 0.5, 1.0):
                apart = np.abs(r - C * np.exp(-LAM * (t + inside * h)))
                deviation += h / 3 * np.array([np.linalg.norm(apart), np.linalg.norm(root * apart)])
        push = rng.standard_normal(4) * (0.1 if seed else float(s == 0))
        v, v_d, t = v + h * r, v_d + h * d, t + h
        r, d = r - h * LAM * r, d - h * LAM * d - h * root * push
        total += h * float(np.linalg.norm(push))
    assert (deviation <= np.array([step.dr, step.dq])).all()


def test_distance_of_the_flows_is_integrated_as_stated() -> None:
    eta = 0.1
    step = step_constants(reference(), eta, 1.3, 2.0)
    theta = -np.log1p(-eta * LAM) / (eta * LAM) - 1

    def apart(t: float) -> np.ndarray:
        return np.abs(C) * np.exp(-LAM * t) * np.maximum(np.expm1(eta * LAM), theta * LAM * t)

    for weight, value in ((np.ones(4), step.dr), (np.sqrt(LAM), step.dq)):
        exact = quad(lambda t, w=weight: float(np.linalg.norm(w * apart(t))), 0, 120, limit=400)[0]
        assert exact <= value <= 1.05 * exact
    exact = np.linalg.norm(theta * C / np.sqrt(LAM)) / math.e
    assert exact <= step.vs <= 1.05 * exact


def test_one_push_in_the_worst_direction_nearly_reaches_c1() -> None:
    """The discrete recursion itself, steps of 0.02: c1 shrunk by a tenth is caught."""
    eta = 0.02
    step = step_constants(reference(), eta, transport(reference(), 2), transport(reference(), 1))
    powers = (1 - eta * LAM[None, :]) ** np.arange(3000)[:, None]
    best = max(
        float(eta * np.linalg.norm(powers * LAM * np.sqrt(p), axis=1).sum())
        for p in np.random.default_rng(0).dirichlet(np.full(4, 0.4), 300)
    )
    assert 0.92 * step.c1 < best <= step.c1


def test_cell_integrals_bound_quadrature() -> None:
    g = grid()
    starts = [0, *g.ends[:-1]]
    residual = lambda t: ORTHOGONAL @ (C * np.exp(-LAM * t))  # noqa: E731
    speed = lambda t: float(np.linalg.norm(np.sqrt(LAM) * C * np.exp(-LAM * t)))  # noqa: E731
    poly = 0.0
    for phase, (a, b) in enumerate(zip(starts, g.ends, strict=True)):
        stop = 80.0 if b == g.ends[-1] else g.times[b]
        mass = quad(speed, g.times[a], stop, epsabs=1e-12, limit=300)[0]
        assert mass <= g.mass[phase] <= 1.01 * mass
        for i in range(4):
            inside = quad(lambda t, i=i: abs(residual(t)[i]), g.times[a], g.times[b], limit=400, epsabs=1e-12)[0]
            assert inside <= g.k1[phase, i] * (1 + 1e-9)
            # GAM with u = e_i: int |r_i| <= sqrt(To k_i)
            assert inside <= math.sqrt(g.occupation[phase] * g.k[phase, i]) * (1 + 1e-9)
        for cell in range(a, b):
            t = np.linspace(g.times[cell], g.times[cell + 1], 101)
            q = np.sqrt(LAM) * C * np.exp(-LAM * t[:, None])
            mean = np.sqrt(LAM) * C * (np.exp(-LAM * t[0]) - np.exp(-LAM * t[-1])) / LAM / (t[-1] - t[0])
            poly += float(np.trapezoid(np.linalg.norm(q - mean, axis=1), t))
            jump = np.linalg.norm(C / np.sqrt(LAM) * (np.exp(-LAM * t[0]) - np.exp(-LAM * t[-1])))
            assert jump / math.sqrt(2) <= g.half[phase]
        assert poly <= g.poly[phase]
    assert poly > 0.6 * g.poly[-2]


def test_cell_lengths_are_exact() -> None:
    times = grid().times
    for a, b in pairwise(times):
        assert Fraction(float(b - a)) == Fraction(float(b)) - Fraction(float(a))


def test_tails_beyond_the_grid_are_counted() -> None:
    g = grid(horizon=1.5)
    last = float(g.times[-1])
    root = np.sqrt(LAM)
    tail_q = quad(lambda t: float(np.linalg.norm(root * C * np.exp(-LAM * t))), last, 90, epsabs=1e-12)[0]
    tail_r = quad(lambda t: float(np.linalg.norm(C * np.exp(-LAM * t))), last, 90, epsabs=1e-12)[0]
    assert tail_q <= g.poly[-1] - g.poly[-2]
    assert tail_r <= g.tail_r <= 1.3 * tail_r
    inside = quad(lambda t: float(np.linalg.norm(root * C * np.exp(-LAM * t))), g.times[g.ends[-2]], last)[0]
    assert tail_q + inside <= g.mass[-1]
    jump = float(np.linalg.norm(C / root * np.exp(-LAM * last)))
    assert jump / math.sqrt(2) <= g.half[-1]
    assert g.half[-1] > g.half[-2]
    speed = np.linalg.norm(root * C * np.exp(-LAM * g.times[g.ends[:-1], None]), axis=1)
    np.testing.assert_allclose(np.linalg.norm(g.edge_q, axis=1), speed, rtol=1e-6)
