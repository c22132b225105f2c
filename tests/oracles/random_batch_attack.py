"""An adversary of Theorem F2 who chooses the step size of every batch, against exact means over all subsets.

What a step does is computed here with NumPy alone; what is claimed of it comes from the program.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np

from pltheory.certification.batches.conditions import Rule
from pltheory.certification.batches.drawn import DrawnConditions, Radii, drawn_conditions, drawn_reach, drawn_search
from pltheory.certification.batches.numbers import BatchNumbers
from pltheory.certification.batches.parts import every_parts
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.problem.loss import SquareLoss
from pltheory.rigor.midrad import Ball
from pltheory.theory.batches import HiddenLayer

Array = np.ndarray
UNIT = HiddenLayer(1.0, 1.0, 0.0, 1.0, 0.0, 0.0)
"""Moduli whose Lipschitz constant is the share itself."""
FLAT = replace(UNIT, kappa=0.0)


@dataclass(frozen=True)
class Quadratic:
    """F_i = j_i . u + s_i (v . u)^2 / 2, one output a sample, u from the zero and centre: |s_B| is ell_B."""

    jacobian: Array
    bend: Array
    v: Array
    batch: int
    eta_beta: float
    delta: float

    @property
    def subsets(self) -> list[list[int]]:
        """Every batch that can be drawn."""
        return [list(b) for b in itertools.combinations(range(len(self.jacobian)), self.batch)]

    def at(self, u: Array) -> tuple[Array, Array]:
        """Residual and Jacobian."""
        along = float(self.v @ u)
        return self.jacobian @ u + self.bend * along**2 / 2, self.jacobian + along * np.outer(self.bend, self.v)

    def step(self, u: Array, rows: list[int], h: float) -> Array:
        """After a step on these rows."""
        r, j = self.at(u)
        return u - h * j[rows].T @ r[rows]

    def from_zeros(self, u: Array) -> float:
        """Distance to a zero that is nearest among its neighbours, or to the centre."""
        z = u.copy()
        for _ in range(30):
            r, j = self.at(z)
            after = u + np.linalg.lstsq(j, -r - j @ (u - z), rcond=None)[0]
            if np.linalg.norm(after - z) <= 1e-14 * (1 + np.linalg.norm(z)):
                break
            z = after
        return float(min(np.linalg.norm(u - z), np.linalg.norm(u)))

    def numbers(self, distance: float) -> tuple[BatchNumbers, Rule]:
        """Those of the program, at the zero as centre."""
        j, n = self.jacobian, len(self.jacobian)
        batches = Batches(self.batch, "random")
        values, bent = np.linalg.svd(j, compute_uv=False), bool(self.bend.any())
        parts = every_parts(Ball(j @ j.T), Ball(np.outer(self.bend, self.bend)) if bent else None, batches, n, 1)
        numbers = BatchNumbers(
            batches, float(values[-1]), float(values[-1] ** 2), float(values[0]), float(np.linalg.norm(self.bend)),
            0.0, distance, np.zeros((n, 1)), parts, (), UNIT if bent else FLAT, None,
        )  # fmt: skip
        eta = self.eta_beta / parts.largest(0.0)
        plain = self.delta == 1
        settings = GradientDescentSettings(eta) if plain else DeltaGClipSettings(eta, gamma=1e-300, delta=self.delta)
        return numbers, Rule.of(settings, SquareLoss(), batches, n, 1)


@dataclass(frozen=True)
class Claimed:
    """A problem, with what the program says of starts at D."""

    problem: Quadratic
    rule: Rule
    numbers: BatchNumbers
    radii: Radii
    found: DrawnConditions


def drawn(rng: np.random.Generator, *, bent: bool) -> Claimed | None:
    """A problem at a part of the largest distance that is left with probability .05; None where there is none."""
    n = int(rng.integers(2, 5))
    size, p = int(rng.integers(1, n + 1)), int(rng.integers(n + 1, n + 4))
    j = rng.standard_normal((n, p))
    kind = rng.integers(3)
    if kind == 1:
        j = rng.standard_normal(p) + rng.choice([0.3, 1.0]) * j
    elif kind == 2:
        j = np.eye(n, p) + 0.1 * j
    v = np.linalg.svd(j)[2][-1] + rng.choice([0.0, 0.3]) * rng.standard_normal(p)  # along the zeros, or nearly
    bend = rng.uniform(0.2, 1.0, n) if bent else np.zeros(n)
    eta_beta, delta = float(rng.choice([0.05, 0.3, 1.0, 1.5])), float(rng.choice([0.1, 0.5, 1.0]))
    problem = Quadratic(j, bend, v / np.linalg.norm(v), size, eta_beta, delta)
    numbers, rule = problem.numbers(1.0)
    if not bent:
        at = Radii(0.0, 1.0, 1e-9, 1 + 1e-9)
        found = drawn_conditions(numbers, rule, at)
        return None if found is None else Claimed(problem, rule, numbers, at, found)
    most = drawn_reach(replace(numbers, distance=10.0), rule, 0.05)
    if most <= 1e-9:
        return None
    numbers = replace(numbers, distance=most * float(rng.choice([1.0, 0.3])))
    at, found = drawn_search(numbers, rule)
    return None if found is None else Claimed(problem, rule, numbers, at, found)


@dataclass
class Outcome:
    """Smallest bound over attained (of a decrease, attained over bound); below 1 is a violation.

    Attributes:
        rate: mean decrease of D_t^2 over the claimed one.
        drift: sqrt(eta p) Lam t^2 A - a A^2, A exact, over the mean increase of t^2 = |w - z_0|^2; where it increases.
        growth: W_t / 2 over log(|w_t - z_0| / |w_0 - z_0|); where the distance has grown.
        residual: ||r|| over sg D_t.
        exponential: 1 over the mean of exp(al dW + nu dD); infinite where x G > .4.
    """

    rate: float = np.inf
    drift: float = np.inf
    growth: float = np.inf
    residual: float = np.inf
    exponential: float = np.inf

    @property
    def broken(self) -> bool:
        """Whether one of them is violated by more than rounding."""
        return min(vars(self).values()) < 1 - 1e-9


@dataclass(frozen=True)
class Wrong:
    """Factors of a false version of the theorem; all 1 in the true one.

    Attributes:
        sg, exponent, ell, lam: of sg, of W_t / 2 in G, of ell in W_t, and of Lam.
    """

    sg: float = 1.0
    exponent: float = 1.0
    ell: float = 1.0
    lam: float = 1.0


def attack(at: Claimed, rng: np.random.Generator, steps: int = 4, wrong: Wrong | None = None) -> Outcome:
    """A run from a start at D: every step the exact mean over the batches, each with its worst step size."""
    false = wrong or Wrong()
    q, f, out = at.problem, at.found, Outcome()
    eta, a = float(f.eta), 2 - float(f.eta) * float(f.beta)
    sizes = (eta * float(f.floor), eta * (1 + float(f.floor)) / 2, eta)
    subsets, p = q.subsets, q.batch / len(q.jacobian)
    ells = [float(np.linalg.norm(q.bend[rows])) for rows in subsets]
    lam = float(np.linalg.norm(q.bend)) * false.lam
    d = at.radii.d
    u = _start(q, d, rng)
    total, first = 0.0, float(np.linalg.norm(u))
    al, nu = _exponents(at, a, eta)
    for _ in range(steps):
        t, near = float(np.linalg.norm(u)), q.from_zeros(u)
        if total > at.radii.xi or t < 1e-9 * d or near < 1e-9 * d:
            break
        r, _ = q.at(u)
        out.residual = min(out.residual, float(np.linalg.norm(r)) / (false.sg * float(f.sg) * near))
        worst, mean, seen, lifted, ends = 0.0, 0.0, 0.0, 0.0, []
        for rows, ell in zip(subsets, ells, strict=True):
            after = [q.step(u, rows, h) for h in sizes]
            zeros = [q.from_zeros(w) for w in after]
            here = float(np.linalg.norm(r[rows]))
            worst += max(z**2 for z in zeros) / len(subsets)
            # One step size a batch: of those, the one with the largest mean of the distance and the least A counts.
            k = int(np.argmax([float(w @ w) for w in after]))
            mean += float(after[k] @ after[k]) / len(subsets)
            seen += sizes[k] * here**2 / len(subsets)
            lifted += max(
                math.exp(al * h * ell * here + nu * (z - near)) for h, z in zip(sizes, zeros, strict=True)
            ) / len(subsets)
            ends.append((after[k], sizes[k] * ell * here))
        root = math.sqrt(seen)
        if mean > t * t * (1 + 1e-12):
            gained = math.sqrt(eta * p) * lam * t * t * root - a * seen
            out.drift = min(out.drift, gained / (mean - t * t))
        claimed = (1 - float(f.rate)) * false.sg**2
        out.rate = min(out.rate, (1 - worst / near**2) / claimed)
        if al > 0:
            out.exponential = min(out.exponential, 1 / lifted)
        u, more = ends[int(rng.integers(len(ends)))]
        total += more
        grown = math.log(float(np.linalg.norm(u)) / first)
        if grown > 1e-12:
            out.growth = min(out.growth, false.exponent * false.ell * total / 2 / grown)
    return out


def _start(q: Quadratic, d: float, rng: np.random.Generator) -> Array:
    """In any direction, in the range of J^T, or along the zeros with a small residual that curvature pushes away."""
    kind = rng.integers(3)
    if kind == 0 or not q.bend.any():
        u = rng.standard_normal(len(q.v))
    elif kind == 1:
        u = q.jacobian.T @ rng.standard_normal(len(q.bend))
    else:
        u = 0.9 * d * q.v
        for _ in range(20):  # towards r = -small bend, from which each step leads away from the centre
            r, j = q.at(u)
            u = u - np.linalg.lstsq(j, r + 1e-3 * d * d * q.bend, rcond=None)[0]
        if float(np.linalg.norm(u)) <= d:
            return u
    return d * u / np.linalg.norm(u)


def _exponents(at: Claimed, a: float, eta: float) -> tuple[float, float]:
    """al and nu of the supermartingale; al = 0 where it is not used."""
    x, g, d = float(at.found.x), at.radii.g, at.radii.d
    if x <= 0 or x * g > 0.4:
        return 0.0, 0.0
    ell = max(float(np.linalg.norm(at.problem.bend[rows])) for rows in at.problem.subsets)
    e = math.sqrt(eta / a) * ell * g * d
    k = (e + math.sqrt(e * e + 4)) / 2
    nu = 2 / (g * d * k * k)
    return nu * d * (1 / (5 * x) - g / 2), nu
