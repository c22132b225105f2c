"""Theorems as a slow oracle sees them: delta-GClip run on losses with known constants, every conclusion
looked at."""

import math
import random

import numpy as np
import pytest

from pltheory.theory import formulas


def _runs(rng, steps=60):
    """Quadratics with spectrum in [mu, beta], random delta-GClip settings: (constants, losses, distances,
    path)."""
    p = rng.integers(1, 5)
    spectrum = np.exp(rng.uniform(-1.5, 1.5, p))
    mu, beta = spectrum.min(), spectrum.max()
    eta = rng.uniform(0.05, 1.95) / beta
    delta, gamma = rng.uniform(0.05, 0.95), np.exp(rng.uniform(-3, 2))
    w0 = rng.normal(size=p)
    w, path, trace = w0.copy(), 0.0, []
    for _ in range(steps):
        gradient = spectrum * w
        norm = float(np.linalg.norm(gradient))
        trace.append((0.5 * float(spectrum @ w**2), float(np.linalg.norm(w - w0)), path, float(np.linalg.norm(w))))
        if norm == 0:
            break
        h = formulas.step_size(eta, gamma, delta, norm)
        w, path = w - h * gradient, path + h * norm
    return (mu, beta, eta, delta), trace


@pytest.mark.parametrize("seed", range(60))
def test_theorem_a_and_its_tight_radius(seed):
    (mu, beta, eta, delta), trace = _runs(np.random.default_rng(seed))
    first = trace[0][0]
    q = formulas.rate(mu, beta, eta, delta)
    sharp = formulas.radius_sharp(first, mu, beta, eta)
    tight = formulas.radius_tight(first, mu, beta, eta)
    assert 0 <= q < 1
    for t, (loss, distance, path, to_limit) in enumerate(trace):
        assert loss <= q**t * first * (1 + 1e-9) + 1e-15
        assert distance <= path + 1e-12
        assert path <= min(sharp, tight) * (1 + 1e-9)
        assert to_limit <= tight * math.sqrt(loss / first) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("seed", range(40))
def test_theorem_b_on_a_nonlinear_map(seed):
    """F(w) = sig_0 w - c w^2/2 in one dimension has sigma_min(J) = sig_0 - c w: the linear profile is
    exact."""
    rng = random.Random(seed)
    sig0, c = rng.uniform(0.5, 2), rng.uniform(0.05, 1)
    radius = rng.uniform(0.3, 1) * sig0 / c
    # On the ball |F'| <= sig0 + c R and |F''| = c, so beta below bounds L'' where |r| <= |r_0|.
    residual = rng.uniform(0.05, 0.95) * (sig0 * radius - c * radius**2 / 2)
    beta = formulas.smoothness(residual, sig0 + c * radius, c)
    eta, delta = rng.uniform(0.05, 1.9) / beta, rng.uniform(0.05, 0.95)
    slack = formulas.slack(beta, eta)
    if residual >= slack * (sig0 * radius - c * radius**2 / 2):
        return
    rho = (sig0 - math.sqrt(sig0**2 - 2 * c * residual / slack)) / c
    mu = (sig0 - c * rho) ** 2
    q = formulas.rate(mu, beta, eta, delta)
    w, path, target, first = 0.0, 0.0, residual, residual**2 / 2
    for t in range(50):
        r = sig0 * w - c * w**2 / 2 - target
        gradient = (sig0 - c * w) * r
        assert r**2 / 2 <= q**t * first * (1 + 1e-9) + 1e-15
        assert path <= rho * (1 + 1e-9)
        h = formulas.step_size(eta, 0.3, delta, abs(gradient)) if gradient else eta
        w, path = w - h * gradient, path + h * abs(gradient)


@pytest.mark.parametrize("seed", range(40))
def test_classical_route(seed):
    rng = np.random.default_rng(seed)
    spectrum = np.exp(rng.uniform(-1, 1, 3))
    mu, beta = spectrum.min(), spectrum.max()
    eta, delta = rng.uniform(0.05, 1) / beta, rng.uniform(0.05, 1)
    w = rng.normal(size=3)
    first, path = 0.5 * float(spectrum @ w**2), 0.0
    # L = |r|^2/2 with r = sqrt(spectrum) w: the Jacobian's norm is sqrt(beta).
    radius = formulas.radius_classic(first, mu, eta, delta, math.sqrt(beta))
    for t in range(60):
        loss = 0.5 * float(spectrum @ w**2)
        assert loss <= formulas.rate_classic(mu, eta, delta) ** t * first * (1 + 1e-9)
        assert path <= radius * (1 + 1e-9)
        h = rng.uniform(eta * delta, eta)
        path += h * float(np.linalg.norm(spectrum * w))
        w = w - h * spectrum * w


@pytest.mark.parametrize("seed", range(30))
def test_forward_and_backward_recursions(seed):
    """One hidden layer of tanh units: the recursions of the perturbation claims bound what random changes
    do."""
    rng = np.random.default_rng(seed)
    n, d, m = rng.integers(1, 5), rng.integers(1, 5), rng.integers(1, 9)
    x, w, v = rng.normal(size=(n, d)), rng.normal(size=(m, d)), rng.normal(size=(1, m))
    dw, dv = (rng.normal(size=s) * rng.uniform(0, 2) for s in ((m, d), (1, m)))
    kappa = 1 / math.sqrt(m)
    norm, frobenius = (lambda a: np.linalg.norm(a, 2)), np.linalg.norm
    dz1 = frobenius(dw) * norm(x)
    da1 = dz1  # s1 = 1
    act, act1 = np.tanh(x @ w.T), np.tanh(x @ (w + dw).T)
    assert frobenius(act1 - act) <= da1 + 1e-12
    dz2 = frobenius(dv) * norm(kappa * act) + kappa * (norm(v) + frobenius(dv)) * da1
    assert frobenius(kappa * act1 @ (v + dv).T - kappa * act @ v.T) <= dz2 + 1e-12
    # Backward: u = kappa v, b = u act'(z); s2 = 4/(3 sqrt 3).
    du = kappa * frobenius(dv) * math.sqrt(n)
    u, u1 = np.repeat(kappa * v, n, axis=0), np.repeat(kappa * (v + dv), n, axis=0)
    db = du + 4 / (3 * math.sqrt(3)) * np.abs(u).max() * dz1
    assert frobenius(u1 * (1 - act1**2) - u * (1 - act**2)) <= db + 1e-12


@pytest.mark.parametrize("seed", range(30))
def test_khatri_rao_and_schur_test(seed):
    rng = np.random.default_rng(seed)
    b, a = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    rows = np.stack([np.kron(b[i], a[i]) for i in range(4)])
    bound = np.linalg.norm(b, 2) * np.linalg.norm(a, axis=1).max()
    assert np.linalg.norm(rows, 2) <= bound * (1 + 1e-12)
    m = rng.uniform(size=(3, 3))
    assert np.linalg.norm(m, 2) <= math.sqrt(m.sum(0).max() * m.sum(1).max()) * (1 + 1e-12)
