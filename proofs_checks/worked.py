"""Numbers for every claim: points at which its hypotheses hold, and what both sides of each conclusion are there.

Where a claim has a sampler of its own, the points are drawn by it. Claims about a step of a run take their points from
runs of delta-GClip on two losses whose constants are known exactly: a quadratic in two unknowns, and the square loss
of one unknown with F(w) = sig_0 w - k w^2/2, whose profile sig is linear. Claims about matrices take them from drawn
ones. A point is used only where every numeric hypothesis holds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import sympy as sp

from pltheory.theory import formulas
from pltheory.theory.arithmetic import FLOATS

from .language import Claim, Rel
from .witness import holds, value

COUNT = 200
"""Points looked at for one claim."""

Point = dict[str, float]


@dataclass(frozen=True)
class Sides:
    """A conclusion at some points: `left` >= `right`, or = for an equation; what is subtracted stands on the right.

    Attributes:
        name: of the conclusion.
        op: ">", ">=" or "=".
        left, right: one value per point.
    """

    name: str
    op: str
    left: np.ndarray
    right: np.ndarray

    @property
    def slack(self) -> np.ndarray:
        """(left - right) over the larger of their moduli: 0 where the bound is attained."""
        size = np.maximum(np.abs(self.left), np.abs(self.right))
        return np.divide(self.left - self.right, size, out=np.zeros_like(size), where=size > 0)


def points(claim: Claim, count: int = COUNT) -> list[dict]:
    """Points, symbol to value, at which every numeric hypothesis holds; empty where the claim has none."""
    rng = random.Random(7)
    found: list[dict] = []
    assumed = [r for r in (*claim.hypotheses.values(), *claim.process.values()) if r.op != "holds"]
    for point in _drawn(claim, rng, 20 * count):
        if len(found) == count:
            break
        if all(_holds(rel, point) for rel in assumed):
            found.append(point)
    return found


def sides(claim: Claim, at: list[dict]) -> list[Sides]:
    """Both sides of the conclusions that are about numbers known at the points."""
    known = set(at[0]) if at else set()
    result = []
    for name, rel in claim.conclusions.items():
        if rel.op == "holds" or not rel.expr.free_symbols <= known:
            continue
        left, right = split(rel.expr)
        pairs = [(value(left, p, FLOATS), value(right, p, FLOATS)) for p in at]
        result.append(Sides(name, rel.op, *np.array(pairs, dtype=float).T))
    return result


def split(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """expr = left - right by the signs in front of its terms."""
    terms = sp.Add.make_args(expr)
    right = [t for t in terms if t.could_extract_minus_sign()]
    return sp.Add(*[t for t in terms if t not in right], evaluate=False), sp.Add(*[-t for t in right], evaluate=False)


def _holds(rel: Rel, point: dict) -> bool:
    # Facts about numbers that round-off has touched, such as m^2 = 2 mu.
    size = sum(abs(value(t, point, FLOATS)) for t in sp.Add.make_args(rel.expr))
    return holds(rel, point, FLOATS, 1e-9 * (1 + size) if rel.op != ">" else 0)


def _drawn(claim: Claim, rng: random.Random, most: int) -> Iterator[dict]:
    if claim.example is not None:
        for _ in range(most):
            yield claim.example(rng)
        return
    source = SOURCES.get(claim.name)
    if source is None:
        return
    every = (*claim.hypotheses.values(), *claim.process.values(), *claim.conclusions.values())
    names = {str(s): s for s in set().union(*[rel.expr.free_symbols for rel in every])}
    spoken = {str(s) for rel in every if rel.op != "holds" for s in rel.expr.free_symbols}
    for _ in range(most):
        for named in source(rng):
            missing = spoken - set(named)
            if missing:
                raise ValueError(f"{claim.name}: the example has no value for {sorted(missing)}")
            yield {symbol: named[name] for name, symbol in names.items() if name in named}


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


def _integral_root(rng: random.Random) -> Iterator[Point]:
    for p in profile_run(rng):
        yield {**p, "area1": p["area_rho"]}


def _mu_le_beta(rng: random.Random) -> Iterator[Point]:
    for p in quadratic_run(rng):
        yield {**p, "R": math.sqrt(2 / p["mu"]) * p["a0"] * 1.01}


def _matrices(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.getrandbits(32))


def _forward(rng: random.Random) -> Iterator[Point]:
    """One layer of tanh units, weights and inputs perturbed."""
    g = _matrices(rng)
    kappa, tau = g.uniform(0.2, 1), g.uniform(0, 1)
    inputs, moved = g.normal(size=(5, 4)), 0.1 * g.normal(size=(5, 4))
    weight, change = g.normal(size=(6, 4)), 0.2 * g.normal(size=(6, 4))
    scaled, before = kappa * inputs, kappa * inputs @ weight.T
    first, second = scaled @ change.T, kappa * moved @ (weight + change).T
    scalars = dict(zip(("ain", "ain1", "wt", "dw", "bias", "dbias"), g.normal(size=6).tolist(), strict=True))
    yield {
        **scalars, "kappa": kappa, "tau": tau, "nA": _spectral(scaled), "nW": _spectral(weight),
        "nW1": _spectral(weight + change), "nD": _frobenius(change), "t": _frobenius(change),
        "kdA": kappa * _frobenius(moved), "dA": _frobenius(moved), "left": _frobenius(first),
        "right": _frobenius(second), "dZ": _frobenius(first + second), "s1": 1.0,
        "dact": _frobenius(np.tanh(before + first + second) - np.tanh(before)),
    }  # fmt: skip


def _backward(rng: random.Random) -> Iterator[Point]:
    """Backward rows through one layer, weights and rows perturbed, and the curved gate of two samples."""
    g = _matrices(rng)
    rows, moved = g.normal(size=(5, 6)), 0.1 * g.normal(size=(5, 6))
    weight, change = g.normal(size=(6, 4)), 0.2 * g.normal(size=(6, 4))
    first, second = moved @ (weight + change), rows @ change
    scalars = ("b", "b1", "wt", "dw", "slope", "slope1", "up", "up1", "u11", "u12", "u21", "u22", "z1", "z2")
    drawn = dict(zip(scalars, g.normal(size=14).tolist(), strict=True))
    s2 = 0.7698
    yield {
        **drawn, "kappa": g.uniform(0.2, 1), "t": _frobenius(change), "nD": _frobenius(change), "nB": _spectral(rows),
        "dB1": _frobenius(moved), "nW": _spectral(weight), "nW1": _spectral(weight + change),
        "left": _frobenius(first), "right": _frobenius(second), "dU": _frobenius(first + second), "s2": s2,
        "e1": g.uniform(-1, 1) * s2 * drawn["z1"], "e2": g.uniform(-1, 1) * s2 * drawn["z2"],
        "top": math.sqrt(max(drawn["u11"] ** 2 + drawn["u12"] ** 2, drawn["u21"] ** 2 + drawn["u22"] ** 2)),
    }  # fmt: skip


def _jacobian(rng: random.Random) -> Iterator[Point]:
    """The Jacobian of one layer, rows b_i (x) a_i, with both factors perturbed."""
    g = _matrices(rng)
    b, a = g.normal(size=(4, 3)), g.normal(size=(4, 5))
    db, da = 0.05 * g.normal(size=(4, 3)), 0.05 * g.normal(size=(4, 5))
    jacobian, changed = _rowwise(b, a), _rowwise(b + db, a + da)
    u = g.normal(size=4)
    u /= np.linalg.norm(u)
    first, second = _spectral(_rowwise(db, a + da)), _spectral(_rowwise(b, da))
    change = _spectral(changed - jacobian)
    scalars = dict(zip(("b", "b1", "act", "act1", "j1", "j2", "v1", "v2"), g.normal(size=8).tolist(), strict=True))
    yield {
        **scalars, "dB": _spectral(db), "abar": float(np.linalg.norm(a, axis=1).max()),
        "kdA": float(np.linalg.norm(da)), "bbar": float(np.linalg.norm(b, axis=1).max()), "first": first,
        "second": second, "dJl": change, "dJ": change, "nz": change, "nx": float(np.linalg.norm(jacobian.T @ u)),
        "ny": float(np.linalg.norm(changed.T @ u)), "whole": _spectral(jacobian),
        "floor": float(np.linalg.svd(jacobian, compute_uv=False)[-1]),
    }  # fmt: skip


def _khatri_rao(rng: random.Random) -> Iterator[Point]:
    """A positive matrix with largest eigenvalue c against rows of two entries."""
    g = _matrices(rng)
    root, rows, x = g.normal(size=(3, 3)), g.normal(size=(3, 2)), g.normal(size=3)
    p = root @ root.T
    yield {
        **{f"p{i + 1}{j + 1}": float(p[i, j]) for i in range(3) for j in range(i, 3)},
        **{f"a{i + 1}{j + 1}": float(rows[i, j]) for i in range(3) for j in range(2)},
        **{f"x{i + 1}": float(x[i]) for i in range(3)},
        "c": _spectral(p), "top": float(np.linalg.norm(rows, axis=1).max()),
    }  # fmt: skip


def _rowwise(b: np.ndarray, a: np.ndarray) -> np.ndarray:
    return (b[:, :, None] * a[:, None, :]).reshape(len(b), -1)


def _spectral(matrix: np.ndarray) -> float:
    return float(np.linalg.norm(matrix, 2))


def _frobenius(matrix: np.ndarray) -> float:
    return float(np.linalg.norm(matrix))


def _tight(rng: random.Random) -> Iterator[Point]:
    return quadratic_run(rng, tight=True)


def _classical(rng: random.Random) -> Iterator[Point]:
    return quadratic_run(rng, classical=True)


SOURCES: dict[str, Callable[[random.Random], Iterator[Point]]] = {
    "no_exit": quadratic_run,
    "theorem_a": quadratic_run,
    "mu_le_beta": _mu_le_beta,
    "no_exit_tight": _tight,
    "theorem_a_tight": _tight,
    "classical_step": _classical,
    "theorem_classical": _classical,
    "integral_root": _integral_root,
    "profile_step": profile_run,
    "theorem_b": profile_run,
    "perturbation_forward": _forward,
    "perturbation_backward": _backward,
    "perturbation_jacobian": _jacobian,
    "khatri_rao": _khatri_rao,
}
"""Where the points of a claim without a sampler of its own come from."""
