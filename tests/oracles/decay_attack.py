"""Adversaries of Theorem W2: step sizes chosen against the bounds, on problems whose constants are exact.

About w_0, F(w_0 + v) = A v with A wide, or F_i = a_i v_i + (kappa / 2) v_i^2 on the first coordinates with others that
no output reads: decay moves both along the zeros. Then sigma_min(J) >= min a - |kappa| ||v||, ||J|| <= max a +
|kappa| ||v||, ell = |kappa|, all attained. The recursion and the checks are written here again; only the numbers come
from what is attacked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pltheory.certification.horizon import Horizon, OnBall, at_horizon
from pltheory.optim import DeltaGClipSettings

WAYS = ("constant", "random", "bang-bang", "rule", "greedy loss", "greedy distance", "greedy residual", "shortest")
TOLERANCE = 1e-10
POINTS = 4000


@dataclass(frozen=True)
class Problem:
    """F about w_0: `matrix` A of shape (n, p); kappa bends the first n coordinates of a diagonal one."""

    matrix: np.ndarray
    kappa: float
    y: np.ndarray
    start: np.ndarray
    sigma: float
    largest: float

    def residual(self, v: np.ndarray) -> np.ndarray:
        """F(w_0 + v) - y."""
        return self.matrix @ v + self.kappa / 2 * v[: len(self.y)] ** 2 - self.y

    def gradient(self, v: np.ndarray) -> np.ndarray:
        """J^T r."""
        r = self.residual(v)
        g: np.ndarray = self.matrix.T @ r
        g[: len(r)] += self.kappa * v[: len(r)] * r
        return g

    def loss(self, v: np.ndarray) -> float:
        """Half of its square."""
        return 0.5 * float(np.sum(self.residual(v) ** 2))


@dataclass
class Outcome:
    """What a run did: bound over attained, at its tightest; `broken` says which inequality failed."""

    way: str
    broken: str = ""
    floor: float = math.inf
    distance: float = math.inf
    residual: float = math.inf
    steps: int = 0


@dataclass(frozen=True)
class Case:
    """A problem with a step rule for which the theorem holds over `horizon.steps` steps."""

    problem: Problem
    rule: DeltaGClipSettings
    on: OnBall
    horizon: Horizon

    @property
    def rho(self) -> float:
        """What the weights do not pass."""
        return float(self.on.radii[self.horizon.end])


Change = Callable[[Case], Case]


def unchanged(case: Case) -> Case:
    """What is claimed."""
    return case


def draw(seed: int, *, decoupled: bool, longest: float = 0.99) -> Case | None:
    """A random case whose certificate closes, in half of them just so; None where the ball has no room.

    Args:
        seed: of the draw.
        decoupled: whether the decay stands beside the gradient.
        longest: beta eta at most; above 1 only for wrong versions.
    """
    rng = np.random.default_rng([seed, 17, decoupled])
    n, more = int(rng.integers(1, 4)), int(rng.integers(0, 4))
    values = float(rng.uniform(0.5, 2)) / np.exp(rng.uniform(0, math.log(rng.choice([1.001, 3.0, 10.0])), n))
    sigma, largest = float(values.min()), float(values.max())
    curved = bool(rng.random() < 0.5)
    kappa = float(rng.uniform(0.02, 0.4)) * sigma if curved else 0.0
    radius = float(rng.uniform(0.3, 0.95)) * sigma / kappa if curved else float(rng.uniform(0.5, 3))
    matrix = np.concatenate([np.diag(values), np.zeros((n, more))], axis=1)
    if not curved:
        matrix = np.linalg.qr(rng.standard_normal((n, n)))[0] @ matrix
        matrix = matrix @ np.linalg.qr(rng.standard_normal((n + more, n + more)))[0].T
    start = rng.standard_normal(n + more)
    if rng.random() < 0.5:  # all of it where decay costs most, or where it costs nothing
        start = np.eye(n + more)[int(rng.integers(0, n + more))]
    start *= float(rng.uniform(0.5, 30)) / float(np.linalg.norm(start))
    weights = float(np.linalg.norm(start)) + radius
    radii = np.linspace(0, radius, POINTS + 1)
    sig = sigma - kappa * radii
    integral = sigma * radii - kappa * radii**2 / 2
    lipschitz = largest + kappa * radius
    steps, c = int(rng.choice([15, 60, 250])), float(rng.choice([0.1, 0.5, longest]))
    alone, close = radius * float(rng.choice([1e-3, 0.03, 0.2])), float(rng.choice([0.3, 0.9, 0.999]))
    delta = float(rng.choice([1e-2, 0.1, 0.5]))
    residual, rule = 0.0, None
    for _ in range(6):  # beta contains the residual, and the residual is placed by k
        most = residual + lipschitz * alone
        eta = c / (lipschitz**2 + most * kappa)
        room = (1 - c / 2) * float(integral[-1] - np.interp(alone, radii, integral))
        residual = close * room - lipschitz * alone
        if residual <= 1e-3 * room:
            return None
        rule = DeltaGClipSettings(
            eta, lipschitz * most * float(rng.choice([1e-3, 0.1, 1.0])), delta,
            weight_decay=alone / (weights * eta * steps), decoupled_weight_decay=decoupled,
        )  # fmt: skip
    assert rule is not None
    direction = rng.standard_normal(n)
    if rng.random() < 0.5:
        direction = np.eye(n)[int(rng.choice([values.argmin(), values.argmax()]))]
    y = residual * direction / float(np.linalg.norm(direction))
    if curved:
        y = np.abs(y) * (-1.0 if rng.random() < 0.7 else 1.0)
    on = OnBall(radii, sig, integral, residual, lipschitz, kappa, weights)
    horizon = at_horizon(rule, on, steps, float(rule.eta))
    closes = horizon.holds or (longest > 1 and horizon.available > horizon.reached)
    return Case(Problem(matrix, kappa, y, start, sigma, largest), rule, on, horizon) if closes else None


class Attack:
    """Steps against one case."""

    def __init__(self, case: Case, way: str, seed: int) -> None:
        self.c, self.way, self.rng = case, way, np.random.default_rng([seed, 5])
        self.period = self.rng.integers(1, 40, size=2)
        self.eta, self.decay = float(case.rule.eta), case.rule.weight_decay

    def after(self, v: np.ndarray, share: float) -> np.ndarray:
        """One step of size share eta."""
        p = self.c.problem
        h = share * self.eta
        shrink = self.decay * (self.eta if self.c.rule.decoupled_weight_decay else h)
        return v - h * p.gradient(v) - shrink * (p.start + v)

    def share(self, v: np.ndarray, t: int) -> float:
        """h_t / eta, no less than the floor."""
        low = self.c.horizon.floor
        if self.way in ("constant", "shortest"):
            return 1.0 if self.way == "constant" else low
        if self.way == "random":
            return float(self.rng.uniform(low, 1))
        if self.way == "bang-bang":
            return low if t % int(self.period.sum()) < self.period[0] else 1.0
        if self.way == "rule":
            read = self.c.problem.gradient(v)
            if not self.c.rule.decoupled_weight_decay:
                read = read + self.decay * (self.c.problem.start + v)
            norm = float(np.linalg.norm(read))
            return min(1.0, max(self.c.rule.delta, self.c.rule.gamma / norm)) if norm > 0 else 1.0
        shares = (low, 0.5 * (1 + low), 1.0)
        after = [self.after(v, s) for s in shares]
        wanted = {
            "greedy loss": self.c.problem.loss,
            "greedy distance": lambda w: float(np.linalg.norm(w)),
            "greedy residual": lambda w: float(np.abs(self.c.problem.residual(w)).max()),
        }[self.way]
        return shares[int(np.argmax([wanted(w) for w in after]))]

    def run(self) -> Outcome:
        """The run up to the horizon, every inequality checked at every step."""
        c, h_ = self.c, self.c.horizon
        out, v = Outcome(self.way), np.zeros(c.problem.matrix.shape[1])
        loss = c.problem.loss(v)
        first, product = loss, 1.0
        for t in range(h_.steps):
            share = self.share(v, t)
            after = self.after(v, share)
            h, next_ = share * self.eta, c.problem.loss(after)
            strength = self.decay / share if c.rule.decoupled_weight_decay else self.decay
            bound = (1 - h * h_.mu) * loss + h * (strength * c.on.weights) ** 2 / 2
            product *= 1 - h_.floor * self.eta * h_.mu
            envelope = h_.limit + max(0.0, first - h_.limit) * product
            far, rho = float(np.linalg.norm(after)), math.sqrt(2 * next_)
            slack = TOLERANCE * (loss + first * 1e-6)
            checks = (
                ("floor", next_ > bound + slack),
                ("distance", far > c.rho * (1 + TOLERANCE)),
                ("residual", rho > h_.reached * (1 + TOLERANCE)),
                ("envelope", next_ > envelope + slack),
                ("rule", share < h_.floor * (1 - TOLERANCE)),
                ("end", t + 1 == h_.steps and next_ > h_.loss * (1 + TOLERANCE) + slack),
            )
            for name, bad in checks:
                if bad and not out.broken:
                    out.broken = f"{name} at {t}"
            out.floor = min(out.floor, bound / next_ if next_ > 1e-25 else math.inf)
            out.distance = min(out.distance, c.rho / far if far > 0 else math.inf)
            out.residual = min(out.residual, h_.reached / rho if rho > 0 else math.inf)
            v, loss, out.steps = after, next_, t + 1
        return out


def attacked(seed: int, *, decoupled: bool, change: Change = unchanged, longest: float = 0.99) -> list[Outcome]:
    """All adversaries against one case; empty where the ball has no room."""
    case = draw(seed, decoupled=decoupled, longest=longest)
    return [] if case is None else [Attack(change(case), way, seed).run() for way in WAYS]
