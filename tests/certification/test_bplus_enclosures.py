"""The rigorous centre against 60-digit arithmetic: every ball holds the exact value, every bound is on its side."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch
from mpmath import mp, mpf

from pltheory.certification.bplus.arrays import RAISE, Plain, field, raised, top_nonnegative, top_symmetric
from pltheory.certification.bplus.centre import Centre, centre
from pltheory.certification.bplus.flow import exponential
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem

N, M, D = 3, 12, 4


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    before, mp.dps = mp.dps, 60
    yield
    mp.dps = before


def problem() -> Problem:
    gen = torch.Generator().manual_seed(1)
    x = torch.randn(N, D, generator=gen, dtype=torch.float64)
    return Problem(fully_connected([D, M, 1], seed=1), x, torch.ones(N, 1, dtype=torch.float64))


def exact_kernel(p: Problem, at: Centre) -> dict[str, mpmath.matrix]:
    w, a = (mpmath.matrix(t.detach().tolist()) for t in p.network.parameters())
    k1, k2 = (mpf(k) for k in p.network.kappas)
    xh = mpmath.matrix(p.x.tolist()) * k1
    z = w * xh.T  # (M, N)
    s = z.apply(mpmath.tanh)
    d = s.apply(lambda t: 1 - t * t)
    gram = xh * xh.T
    kernel, r0 = mpmath.matrix(N, N), mpmath.matrix(N, 1)
    for i in range(N):
        r0[i] = k2 * sum(a[0, j] * s[j, i] for j in range(M)) - mpf(float(p.y[i, 0]))
        for k in range(N):
            outer = sum(s[j, i] * s[j, k] + a[0, j] ** 2 * d[j, i] * d[j, k] * gram[i, k] for j in range(M))
            kernel[i, k] = k2**2 * outer
    d2 = mpmath.matrix(M, N)
    for j in range(M):
        for i in range(N):
            d2[j, i] = -2 * s[j, i] * d[j, i]
    v = mpmath.matrix(at.vectors.mid.tolist())
    polar = v * mpmath.inverse(mpmath.sqrtm(v.T * v))
    scale = mpmath.diag([1 / mpmath.sqrt(mpf(float(x))) for x in at.lam])
    whiten = scale * polar.T
    return {
        "s": s, "d": d, "d2": d2, "gram": gram, "vectors": polar, "whiten": whiten, "root": polar * whiten,
        "c": polar.T * r0, "kernel": kernel, "r0": r0,
    }  # fmt: skip


def test_balls_hold_the_exact_centre() -> None:
    p = problem()
    at = centre(p, rigorous=True)
    exact = exact_kernel(p, at)
    for name in ("s", "d", "d2", "gram", "vectors", "whiten", "root", "c"):
        ball = getattr(at, name)
        rad = np.broadcast_to(ball.rad, ball.shape)
        for i, j in np.ndindex(ball.shape):
            assert abs(mpf(float(ball.mid[i, j])) - exact[name][i, j]) <= mpf(float(rad[i, j])), name
    apart = exact["whiten"] * exact["kernel"] * exact["whiten"].T - mpmath.eye(N)
    assert max(abs(x) for x in mpmath.eigsy(0.5 * (apart + apart.T), eigvals_only=True)) <= mpf(at.e0)
    assert mpmath.norm(exact["r0"]) <= mpf(at.residual)
    assert at.e0 < 1e-10
    spectrum = mpmath.eigsy(exact["gram"], eigvals_only=True)
    assert mpmath.sqrt(max(spectrum)) <= mpf(at.xs)
    for i in range(N):
        assert mpmath.sqrt(exact["gram"][i, i]) <= mpf(float(at.row[i]))


def test_exponentials_are_enclosed_tightly() -> None:
    rng = np.random.default_rng(0)
    x, t = -rng.uniform(0.1, 9, (40, 1)), 10 ** rng.uniform(-6, 1.5, (1, 10))
    ball = exponential(x, t, True)
    for i, j in np.ndindex(ball.shape):
        exact = mpmath.exp(mpf(float(x[i, 0])) * mpf(float(t[0, j])))
        assert abs(mpf(float(ball.mid[i, j])) - exact) <= mpf(float(ball.rad[i, j]))
        assert ball.rad[i, j] <= 1e-14 * ball.mid[i, j]


def test_raising_covers_the_longest_sums() -> None:
    assert Fraction(RAISE) * (1 - Fraction(1, 2**53) * 2**22) > 1
    terms = np.full(2**21, 0.1)
    slow = 0.0
    for x in terms[: 2**16]:  # summed one by one, where errors add up most
        slow += x
    assert Fraction(float(raised(slow))) >= Fraction(0.1) * 2**16
    assert Fraction(float(raised(terms.sum()))) >= Fraction(0.1) * 2**21
    assert float(raised(0.0)) > 0


def test_norms_of_symmetric_matrices_are_upper_bounds() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        a = rng.standard_normal((5, 8))
        gram = a @ a.T
        exact = float(np.linalg.norm(gram, 2))
        assert exact * (1 - 1e-14) <= top_symmetric(field(gram, True, 1e-13)) <= exact * (1 + 1e-6)
        positive = np.abs(gram)
        radius = float(np.linalg.norm(positive, 2))
        assert radius * (1 - 1e-14) <= top_nonnegative(positive) <= radius * (1 + 1e-5)
        signs = np.sign(rng.standard_normal((5, 5)))
        assert np.linalg.norm(np.tril(signs * positive) + np.tril(signs * positive, -1).T, 2) <= top_nonnegative(
            positive
        )
    assert top_symmetric(Plain(-np.eye(3))) == 0.0
