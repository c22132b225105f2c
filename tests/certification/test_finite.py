"""Theorem T: a small part of `tests.finite_attack`, lemmas attacked, error terms and formulas missed if wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from pltheory.certification.finite import expansion as fe
from pltheory.certification.finite import outputs as fo
from pltheory.certification.finite import run as ff
from pltheory.certification.finite import step as fs
from pltheory.certification.finite.outcome import margins_of
from pltheory.certification.trajectory.growth import PLAIN
from pltheory.problem.loss import loss_of
from pltheory.rigor.midrad import Ball
from pltheory.rigor.scalar import interval
from tests.oracles.finite_runs import drawn, expanded, followed_exactly

SEEDS = range(18)
"""Every loss with every recursion, twice."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_the_exact_run_is_where_it_is_said_to_be(seed):
    found = followed_exactly(drawn(seed, steps=6))
    assert not found.broken, found.broken
    assert found.ratios["eps"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("radius", [1e-6, 0.05])
def test_a_step_expands_by_no_more_than_its_factor(seed, radius):
    found = expanded(seed, radius, tries=4)
    assert not found.broken, found.broken


def _wrong_al(monkeypatch):
    monkeypatch.setattr(fe, "ahead", lambda m, nesterov: (m if nesterov else m * m) / (1 - m))


def _no_negative(monkeypatch):
    monkeypatch.setattr(fe.Momentum, "constant", lambda self, h, beta, negative: self.mode(h * beta))


def _no_upper_end(monkeypatch):
    monkeypatch.setattr(fe.Momentum, "constant", lambda self, h, beta, negative: self.mode(-(h * negative)))


def _band_as_constant(monkeypatch):
    monkeypatch.setattr(fe.Momentum, "band", fe.Momentum.constant)


def _plain_norm(monkeypatch):
    monkeypatch.setattr(fe.Momentum, "mode", lambda self, lam: PLAIN.constant(lam, interval(1.0), interval(0.0)))


def _bend_too_small(monkeypatch):
    for loss in (fo.SquareOutputs, fo.CrossEntropyOutputs, fo.LogisticOutputs):
        right = loss.bend
        monkeypatch.setattr(loss, "bend", lambda *a, right=right: 0.5 * right(*a))


def _no_curvature(monkeypatch):
    monkeypatch.setattr(ff._Run, "curvature", lambda *a: 0.0)


MUTANTS = {
    _wrong_al: 19,
    _no_negative: 1,
    _no_upper_end: 40,
    _band_as_constant: 56,
    _plain_norm: 1,
    _bend_too_small: 40,
    _no_curvature: 0,
}
"""Wrong versions, each with a problem that shows it."""


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda f: f.__name__[1:])
def test_a_wrong_factor_is_noticed(monkeypatch, mutant):
    assert not expanded(MUTANTS[mutant], 1e-6, tries=1).broken
    mutant(monkeypatch)
    assert expanded(MUTANTS[mutant], 1e-6, tries=1).broken


# --- the computed step ------------------------------------------------------------------------------------------------


def _exact_step(state, g, clip, norm):
    """(w', d') in rationals, unclipped."""
    m = Fraction(norm.m)
    d = [m * Fraction(x) - Fraction(clip.eta) * Fraction(v) for x, v in zip(state.d[0].flat, g.flat, strict=True)]
    push = [Fraction(clip.eta) * Fraction(v) for v in g.flat]
    by = [m * x - p for x, p in zip(d, push, strict=True)] if norm.nesterov else d
    return [Fraction(w) + b for w, b in zip(state.w[0].flat, by, strict=True)], d


def _off(taken, exact, norm):
    """Square of the distance of a computed pair from the exact one."""
    m = Fraction(norm.m)
    al = (m * m if norm.nesterov else m) / (1 - m)
    w, d = ([Fraction(float(x)) - e for x, e in zip(part.flat, to, strict=True)]
            for part, to in zip((taken.state.w[0], taken.state.d[0]), exact, strict=True))  # fmt: skip
    z = sum((a + al * b) ** 2 for a, b in zip(w, d, strict=True))
    return z + Fraction(norm.root) ** 2 * sum(b * b for b in d)


CASES = {
    "kept_rounding": lambda rng: (np.zeros((1, 40)), rng.standard_normal((1, 40)), rng.standard_normal((1, 40))),
    "moved_rounding": lambda rng: (1e6 * rng.standard_normal((1, 40)), *np.zeros((2, 1, 40))),
}


def _worst(case, nesterov):
    """Largest distance over rho among a few draws."""
    norm, found = fe.Momentum(0.9, nesterov, 9.0), []
    for seed in range(8):
        w, d, g = CASES[case](np.random.default_rng(seed))
        d = d + (1e-3 / 3 if case == "moved_rounding" else 0.0)
        state, clip = fs.Pair([w], [d]), fs.Clip(0.1, np.inf, 1.0)
        taken = fs.take(state, [g], 0.0, clip, norm)
        found.append(float(_off(taken, _exact_step(state, g, clip, norm), norm)) ** 0.5 / max(taken.rho, 1e-300))
    return max(found)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_a_computed_step_is_as_near_as_it_says(case, nesterov):
    assert 0.02 < _worst(case, nesterov) <= 1


@pytest.mark.parametrize("case", fs.ERROR_TERMS)
def test_a_lost_error_term_is_noticed(monkeypatch, case):
    monkeypatch.setattr(fs, case, lambda *a: 0.0)
    assert _worst(case, False) > 1


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("m", [0.3, 0.9])
def test_an_error_of_a_step_changes_the_pair_by_its_spread(m, nesterov):
    """Of d by e, of w by e, of Nesterov's w by (1 + m) e: w' = w + m d' - Phi holds Phi twice."""
    norm = fe.Momentum(m, nesterov, 2.0)
    state, e = fs.Pair([np.zeros((1, 1))], [np.zeros((1, 1))]), Fraction(2) ** -10
    ends = [_exact_step(state, np.full((1, 1), float(g)), fs.Clip(1.0, np.inf, 1.0), norm) for g in (1, 1 + e)]
    w, d = (b[0] - a[0] for a, b in zip(*ends, strict=True))
    al = Fraction(m) ** (2 if nesterov else 1) / (1 - Fraction(m))
    moved = float((w + al * d) ** 2 + Fraction(norm.root) ** 2 * d**2) ** 0.5
    assert norm.spread * float(e) == pytest.approx(moved, rel=1e-12)


# --- losses -----------------------------------------------------------------------------------------------------------


def _reference(name, u, y) -> tuple[Any, Any, Any]:
    """Value, derivative and largest eigenvalue of the Hessian, in mpmath."""
    with mpmath.workprec(200):
        if name == "cross-entropy":
            e = [[mpmath.e ** mpmath.mpf(v) for v in row] for row in u]
            p = [[v / sum(row) for v in row] for row in e]
            value = -sum(mpmath.log(v) for row, t in zip(p, y, strict=True) for v, s in zip(row, t, strict=True) if s)
            slope = [[v - s for v, s in zip(row, t, strict=True)] for row, t in zip(p, y, strict=True)]
            hessians = [np.diag(q) - np.outer(q, q) for q in np.array(p, dtype=float)]
            return value, slope, max(float(np.linalg.eigvalsh(h)[-1]) for h in hessians)
        q = [[1 / (1 + mpmath.e ** (mpmath.mpf(s) * mpmath.mpf(v))) for v, s in zip(*b, strict=True)]
             for b in zip(u, y, strict=True)]  # fmt: skip
        value = -sum(mpmath.log(1 - v) for row in q for v in row)
        slope = [[-s * v for v, s in zip(*b, strict=True)] for b in zip(q, y, strict=True)]
        return value, slope, max(float(v * (1 - v)) for row in q for v in row)


@pytest.mark.parametrize("name", ["cross-entropy", "logistic"])
@pytest.mark.parametrize("size", [0.1, 3.0, 60.0])
def test_losses_are_enclosed(name, size):
    rng = np.random.default_rng(int(10 * size))
    loss = fo.CrossEntropyOutputs() if name == "cross-entropy" else fo.LogisticOutputs()
    for _ in range(6):
        u = size * rng.standard_normal((4, 3))
        y = np.eye(3)[rng.integers(0, 3, 4)] if name == "cross-entropy" else rng.choice([-1.0, 1.0], (4, 3))
        off = 1e-3 * rng.uniform(-1, 1, (4, 3))
        value, slope, top = _reference(name, (u + off).tolist(), y.tolist())
        ball = Ball(u, np.asarray(1e-3))
        whole = loss_of(f"{name}, sum").enclose(ball, y)
        assert whole.lo <= value <= whole.hi
        found = loss.slope(ball, y)
        assert (np.abs(found.mid - np.array(slope, dtype=float)) <= found.rad * (1 + 1e-12)).all()
        moved = float(np.max(np.linalg.norm(off, axis=1)))
        assert loss.most >= loss.bend(Ball(u), y, moved) >= top


def test_the_second_derivative_is_nearly_attained():
    """Two classes with p = 1/2 have the eigenvalue 1/2, three with p = 0.9 nearly 2 p (1 - p)."""
    loss = fo.CrossEntropyOutputs()
    assert loss.bend(Ball(np.zeros((1, 2))), np.eye(2)[:1], 0.0) == pytest.approx(0.5)
    u = np.log([[0.9, 0.0999, 0.0001]])
    assert loss.bend(Ball(u), np.eye(3)[:1], 0.0) == pytest.approx(2 * 0.9 * 0.1, rel=1e-3)


def test_margins():
    u = np.array([[2.0, 1.0, -1.0], [0.0, 3.0, 1.0]])
    found = margins_of(Ball(u, np.asarray(0.25)), np.eye(3)[[0, 2]])
    assert found.low == pytest.approx([0.5, -2.5])
    assert found.high == pytest.approx([1.5, -1.5])
    assert found.factor == pytest.approx(2**0.5)
    single = margins_of(Ball(np.array([[2.0], [1.0]])), np.array([[1.0], [-1.0]]))
    assert single.low == pytest.approx([2.0, -1.0])
    assert margins_of(Ball(u), np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])) is None
    assert margins_of(Ball(u[:, :1]), np.array([[1.0], [0.5]])) is None
