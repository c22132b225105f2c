"""Adversaries of Theorem W1: step sizes chosen against the bounds, on losses whose Hessians are known exactly.

About w_0, F_i = a_i v_i + (kappa / 2) v_i^2, coordinate by coordinate, so that the loss with its decay falls apart into
functions of one number: ||sum_i r_i Hess f_i|| = |kappa| max |r_i|, and the minimiser is found by bisection. Recursion
and checks are written here again; only tau, beta, rho and the rate come from what is attacked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pltheory.certification.minimiser import Minimum, at_radius
from pltheory.optim import DeltaGClipSettings

WAYS = ("constant", "random", "bang-bang", "rule", "greedy loss", "greedy distance", "shortest")
TOLERANCE = 1e-10


@dataclass(frozen=True)
class Case:
    """A loss with its decay about v = 0, and what is claimed of it."""

    slopes: np.ndarray
    kappa: float
    y: np.ndarray
    start: np.ndarray
    decay: float
    rule: DeltaGClipSettings
    claimed: Minimum

    def gradient(self, v: np.ndarray) -> np.ndarray:
        """Of the loss with its decay."""
        r = self.slopes * v + self.kappa / 2 * v**2 - self.y
        return np.asarray((self.slopes + self.kappa * v) * r + self.decay * (self.start + v))

    def loss(self, v: np.ndarray) -> float:
        """The loss with its decay."""
        r = self.slopes * v + self.kappa / 2 * v**2 - self.y
        return 0.5 * float(r @ r) + self.decay / 2 * float(np.sum((self.start + v) ** 2))

    def minimiser(self) -> np.ndarray:
        """The zero of the gradient in the ball, coordinate by coordinate: it increases there."""
        low, high = (np.full_like(self.y, s * self.claimed.radius) for s in (-1.0, 1.0))
        for _ in range(200):
            middle = (low + high) / 2
            right = self.gradient(middle) < 0
            low, high = np.where(right, middle, low), np.where(right, high, middle)
        return (low + high) / 2


Change = Callable[[Minimum], Minimum]
WRONG: dict[str, Change] = {
    "tau twice as large": lambda m: replace(m, tau=2 * m.tau, required=m.required / 2),
    "beta half as large": lambda m: replace(m, beta=m.beta / 2),
    "the path without k": lambda m: replace(m, required=m.gradient / m.tau * 1.001),
    "half of the path": lambda m: replace(m, required=m.required / 2),
    "the rate of its square": lambda m: replace(m, rate=m.rate**2),
}
"""Wrong versions of what is claimed, which the attack has to refute."""


def draw(seed: int) -> Case | None:
    """A random case whose certificate closes, in a third of them just so; None where it is not convex."""
    rng = np.random.default_rng([seed, 23])
    n = int(rng.integers(1, 5))
    slopes = rng.uniform(0, 2, n) * (rng.random(n) < 0.8)
    kappa = float(rng.uniform(0, 1)) * float(rng.random() < 0.8)
    y, start = rng.standard_normal(n), rng.standard_normal(n) * float(rng.choice([0.1, 1, 10]))
    radius = float(rng.uniform(0.05, 1))
    # The worst residual and slope on the ball, coordinate by coordinate; of a parabola at its ends or its vertex.
    ends = np.array([slopes * s - y + kappa / 2 * s * s for s in (-radius, radius)])
    vertex = np.where(kappa * radius > slopes, -(slopes**2) / (2 * kappa) - y if kappa else -y, ends[0])
    curvature = kappa * float(np.abs(np.vstack([ends, vertex[None]])).max())
    lipschitz = float(slopes.max()) + kappa * radius
    decay = curvature * float(rng.choice([1.05, 2, 10])) + float(rng.choice([1e-3, 0.1]))
    c, gamma = float(rng.choice([0.1, 1, 1.5, 1.95])), float(rng.choice([1e-3, 0.1, 10]))
    rule = DeltaGClipSettings(1.0, gamma, float(rng.choice([1e-2, 0.1, 0.5])), weight_decay=decay)
    beta = lipschitz**2 + curvature + decay
    # Moved along the line to a stationary start, so that the minimiser is as far away as the ball allows.
    at_zero = Case(slopes, kappa, y, start, decay, rule, at_radius(rule, radius, curvature, lipschitz, 1.0)).gradient(
        np.zeros(n)
    )
    allowed = (1 - c / 2) * (decay - curvature) * radius * float(rng.choice([0.1, 0.5, 0.999]))
    length = float(np.linalg.norm(at_zero))
    start = start + (min(1.0, allowed / length) - 1) * at_zero / decay if length > 0 else start
    rule = replace(rule, eta=c / beta, gamma=gamma * allowed)
    steepest = float(np.linalg.norm(Case(slopes, kappa, y, start, decay, rule, None).gradient(np.zeros(n))))  # type: ignore[arg-type]
    claimed = at_radius(rule, radius, curvature, lipschitz, steepest)
    return Case(slopes, kappa, y, start, decay, rule, claimed) if claimed.holds else None


@dataclass
class Outcome:
    """What a run did: bound over attained, at its tightest; `broken` says which inequality failed."""

    way: str
    broken: str = ""
    contraction: float = math.inf
    path: float = math.inf
    near: float = math.inf


def _share(case: Case, way: str, v: np.ndarray, t: int, rng: np.random.Generator) -> float:
    low, eta = case.claimed.floor, case.claimed.eta
    norm = float(np.linalg.norm(case.gradient(v)))
    if way == "rule":
        return min(1.0, max(case.rule.delta, case.rule.gamma / norm)) if norm > 0 else 1.0
    if way in ("constant", "shortest", "random"):
        return {"constant": 1.0, "shortest": low, "random": float(rng.uniform(low, 1))}[way]
    if way == "bang-bang":
        return low if t % 14 < 9 else 1.0
    shares = (low, 0.5 * (1 + low), 1.0)
    after = [v - s * eta * case.gradient(v) for s in shares]
    worth = case.loss if way == "greedy loss" else lambda w: float(np.linalg.norm(w))
    return shares[int(np.argmax([worth(w) for w in after]))]


def _run(case: Case, way: str, seed: int, steps: int) -> Outcome:
    m, rng, out = case.claimed, np.random.default_rng([seed, 5]), Outcome(way)
    centre, v, path = case.minimiser(), np.zeros_like(case.y), 0.0
    least = case.loss(centre)
    first = above = case.loss(v) - least
    if np.linalg.norm(centre) > m.gradient / m.tau * (1 + 1e-9):
        out.broken = "the minimiser is further away"
    for t in range(steps):
        share, g = _share(case, way, v, t, rng), case.gradient(v)
        h, size = share * m.eta, float(np.linalg.norm(g))
        after = v - h * g
        next_, path = float(np.linalg.norm(case.gradient(after))), path + h * size
        below = case.loss(after) - least
        if size < 1e-11 * (1 + float(np.linalg.norm(case.start)) * case.decay):
            break
        slack = TOLERANCE * (1 + first + case.loss(centre)) * 1e-3
        factor = max(1 - h * m.tau, h * m.beta - 1)
        checks = (
            ("rule", share < m.floor * (1 - 1e-12)),
            ("contraction", next_ > factor * size * (1 + TOLERANCE) + 1e-13),
            ("descent", below > above - h * (1 - m.beta * h / 2) * size**2 + slack),
            ("convexity", 2 * m.tau * above > size**2 * (1 + TOLERANCE) + slack),
            ("rate", below > m.rate * above + slack),
            ("path", path > m.required * (1 + TOLERANCE)),
        )
        for name, bad in checks:
            if bad and not out.broken:
                out.broken = f"{name} at {t}"
        out.contraction = min(out.contraction, factor * size / next_ if next_ > 1e-9 * m.gradient else math.inf)
        v, above = after, below
    out.path = m.required / path if path > 0 else math.inf
    out.near = m.gradient / m.tau / max(float(np.linalg.norm(centre)), 1e-300)
    return out


def attacked(seed: int, change: Change = lambda m: m, steps: int = 200) -> list[Outcome]:
    """All adversaries against one case; empty where it is not convex."""
    case = draw(seed)
    return [] if case is None else [_run(replace(case, claimed=change(case.claimed)), w, seed, steps) for w in WAYS]
