"""Where numbers for claims come from: runs of delta-GClip on losses whose constants are known exactly, and matrices.

The losses are a quadratic in two unknowns, and the square loss of one unknown with F(w) = sig_0 w - k w^2/2, whose
profile sig is linear. A point is a value for each name of a symbol.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np

from pltheory.theory import formulas

Point = dict[str, float]


def quadratic_run(rng: random.Random, *, classical: bool = False, tight: bool = False) -> Iterator[Point]:
    """delta-GClip on L = (mu x^2 + beta y^2)/2, the square loss of a linear map: one point per step."""
    mu, start = rng.uniform(0.05, 1), (rng.gauss(0, 1), rng.gauss(0, 1))
    beta = mu * rng.uniform(1, 6)
    eta = rng.uniform(0.05, 1.0 if classical else 1.95) / beta
    delta, gamma = rng.uniform(0.05, 0.95), math.exp(rng.uniform(-3, 1))
    curvature, w = np.array([mu, beta]), np.array(start)
    first = 0.5 * float(curvature @ w**2)
    ell = math.sqrt(beta)
    if classical:
        needed = formulas.radius_classic(first, mu, eta, delta, ell)
    else:
        needed = (formulas.radius_tight if tight else formulas.radius_sharp)(first, mu, beta, eta)
    shrink = math.sqrt(formulas.rate_classic(mu, eta, delta)) if classical else 1.0
    path = 0.0
    for t in range(rng.randrange(1, 12)):
        gradient = curvature * w
        size = float(np.linalg.norm(gradient))
        h = formulas.step_size(eta, gamma, delta, size)
        after = w - h * gradient
        yield {
            "mu": mu, "beta": beta, "eta": eta, "delta": delta, "gamma": gamma, "ell": ell, "m": math.sqrt(2 * mu),
            "c": math.sqrt(2), "R": 1.01 * needed, "a0": math.sqrt(first), "a": _root_of_loss(curvature, w),
            "a1": _root_of_loss(curvature, after), "A": math.sqrt(first) * shrink**t, "G": size, "h": h, "P": path,
            "d": float(np.linalg.norm(w)),
        }  # fmt: skip
        w, path = after, path + h * size


def _root_of_loss(curvature: np.ndarray, w: np.ndarray) -> float:
    return math.sqrt(0.5 * float(curvature @ w**2))


def profile_run(rng: random.Random) -> Iterator[Point]:
    """delta-GClip on the square loss of F(w) = sig_0 w - k w^2/2 from w_0 = 0, where sig(s) = sig_0 - k s is exact."""
    sig0, k = rng.uniform(0.5, 2), rng.uniform(0.05, 1)
    radius = rng.uniform(0.3, 0.95) * sig0 / k

    def integral(s: float) -> float:
        return sig0 * s - k * s**2 / 2

    residual = rng.uniform(0.05, 0.9) * integral(radius)
    beta = formulas.smoothness(residual, sig0 + k * radius, k)
    eta, delta = rng.uniform(0.05, 1.5) / beta, rng.uniform(0.05, 0.95)
    gamma, left = math.exp(rng.uniform(-3, 1)), formulas.slack(beta, eta)
    reached = residual / left
    if reached >= integral(radius):
        return
    rho = _solve(sig0, k, reached)
    w, path, limit = 0.0, 0.0, _solve(sig0, k, residual)
    for _ in range(rng.randrange(1, 12)):
        r = integral(w) - residual
        size = abs(r * (sig0 - k * w))
        h = formulas.step_size(eta, gamma, delta, size) if size else eta
        after = w - h * r * (sig0 - k * w)
        yield {
            "beta": beta, "eta": eta, "delta": delta, "c": math.sqrt(2), "R": radius, "rho": rho, "h": h, "G": size,
            "tau": sig0 - k * rho, "total": integral(radius), "area_rho": integral(rho), "P": path,
            "area": integral(path), "area1": integral(path + h * size), "a0": residual / math.sqrt(2),
            "a": abs(r) / math.sqrt(2), "a1": abs(integral(after) - residual) / math.sqrt(2), "d": abs(limit - w),
        }  # fmt: skip
        w, path = after, path + h * size


def _solve(sig0: float, k: float, target: float) -> float:
    """s with sig0 s - k s^2/2 = target, the smaller one."""
    return (sig0 - math.sqrt(sig0**2 - 2 * k * target)) / k


def kinked_run(rng: random.Random) -> Iterator[Point]:
    """delta-GClip on the square loss of a map of one unknown with slopes 1 and 1 - jump in turn, from w_0 = 0.

    The jumps are `jump`, the hull profile is 1 - jump, and psi is constant.
    """
    jump = rng.uniform(0.02, 0.6)
    sigma = 1 - jump
    lengths = [rng.uniform(0.05, 0.4) for _ in range(120)]
    slopes = [1 - jump * (k % 2) for k in range(120)]
    at = np.concatenate([[0.0], np.cumsum(lengths)]) - sum(lengths[:60]) - rng.uniform(0, 0.05)
    values = np.concatenate([[0.0], np.cumsum(np.multiply(lengths, slopes))])
    values -= np.interp(0.0, at, values)
    eta, delta = rng.uniform(0.05, 1.5), rng.uniform(0.05, 0.95)
    psi = formulas.slope_with_jumps(sigma, jump, 1, eta)
    radius, gamma = rng.uniform(0.5, 3), math.exp(rng.uniform(-3, 1))
    if psi <= 0.02:
        return
    residual = rng.uniform(0.05, 0.95) * psi * radius
    factor = formulas.rate_with_jumps(sigma, jump, 1, eta, delta)
    w, path = 0.0, 0.0
    for t in range(rng.randrange(1, 12)):
        r, slope = (float(np.interp(w, at, values)) - residual), slopes[int(np.searchsorted(at, w, "right")) - 1]
        size = abs(r * slope)
        h = formulas.step_size(eta, gamma, delta, size) if size else eta
        after = w - h * r * slope
        yield {
            "beta": 1.0, "eta": eta, "delta": delta, "c": math.sqrt(2), "R": radius, "rho": residual / psi, "h": h,
            "G": size, "tau": psi, "sigma": sigma, "kappa": jump, "total": psi * radius, "area_rho": residual,
            "P": path, "area": psi * path, "area1": psi * (path + h * size), "a0": residual / math.sqrt(2),
            "a": abs(r) / math.sqrt(2), "a1": abs(float(np.interp(after, at, values)) - residual) / math.sqrt(2),
            "Q": factor**t,
        }  # fmt: skip
        w, path = after, path + h * size


def generator(rng: random.Random) -> np.random.Generator:
    """For matrices."""
    return np.random.default_rng(rng.getrandbits(32))


def rowwise(b: np.ndarray, a: np.ndarray) -> np.ndarray:
    """The matrix with rows b_i (x) a_i."""
    return (b[:, :, None] * a[:, None, :]).reshape(len(b), -1)


def spectral_norm(matrix: np.ndarray) -> float:
    """The largest singular value."""
    return float(np.linalg.norm(matrix, 2))


def frobenius_norm(matrix: np.ndarray) -> float:
    """The root of the sum of squares."""
    return float(np.linalg.norm(matrix))
