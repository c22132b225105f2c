"""Adversaries of Theorems S, M and Mb: step sizes chosen against the bounds, on problems whose constants are exact.

F(w) = A w + (kappa / 2) w o w with A = U diag(s) V^T, or F(w)_i = a_i w_i + (kappa / 2) w_i^2 coordinate by coordinate:
then sigma_min(J) >= min a - |kappa| ||w - w_0||, ||J|| <= max a + |kappa| ||w - w_0||, ell = |kappa|, all attained.
The recursion, the potential and the checks are written here again; only k, xi, C and omega come from what is attacked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pltheory.certification.steps import AnySteps, At, Inside, Law, Outside
from pltheory.optim.recursion import Recursion

LAWS: dict[str, tuple[Law, bool]] = {
    "S": (AnySteps(), False),
    "M": (Inside(), False),
    "M Nesterov": (Inside(), True),
    "Mb": (Outside(), False),
}
WAYS = ("constant", "random", "bang-bang", "rule", "greedy loss", "greedy potential", "greedy path", "two ahead")
TOLERANCE = 1e-10


@dataclass(frozen=True)
class Problem:
    """F and its constants about w_0 = 0; `matrix` is A of a linear F, else `a` and kappa of one by coordinates."""

    matrix: np.ndarray
    kappa: float
    y: np.ndarray
    sigma: float
    largest: float

    def residual(self, w: np.ndarray) -> np.ndarray:
        """F(w) - y."""
        return self.matrix @ w + self.kappa / 2 * w[: len(self.y)] ** 2 * (self.kappa != 0) - self.y

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """J^T r."""
        r = self.residual(w)
        g: np.ndarray = self.matrix.T @ r
        if self.kappa:
            g = g + self.kappa * w * r
        return g

    def sig(self, s: float) -> float:
        """The profile."""
        return self.sigma - abs(self.kappa) * s

    def integral(self, s: float) -> float:
        """Of the profile up to s."""
        return self.sigma * s - abs(self.kappa) * s * s / 2


@dataclass
class Outcome:
    """What a run did: bound over attained, at its tightest; `broken` says which inequality failed."""

    way: str
    broken: str = ""
    path: float = math.inf
    step: float = math.inf
    rate: float = math.inf
    steps: int = 0


@dataclass(frozen=True)
class Case:
    """A problem with a step rule for which the theorem holds."""

    theorem: str
    problem: Problem
    m: float
    eta: float
    delta: float
    gamma: float
    beta: float
    radius: float
    rho: float
    numbers: Any
    start: float


def draw(seed: int, theorem: str, change: Callable[[Any], Any] = lambda found: found) -> Case | None:
    """A random case whose certificate closes, in half of them just so; None where no k is found.

    Args:
        seed: of the draw.
        theorem: one of `LAWS`.
        change: what is made of the numbers found, for wrong versions.
    """
    rng = np.random.default_rng([seed, 11, list(LAWS).index(theorem)])
    law, nesterov = LAWS[theorem]
    m = 0.0 if theorem == "S" else float(rng.choice([0.2, 0.5, 0.8, 0.9, 0.95]))
    how = Recursion(m, nesterov, "buffer" if theorem == "Mb" else "gradient")
    n = int(rng.integers(1, 5))
    a, lead = 1 - m, m * m if nesterov else m
    limit = 2.0 if m == 0 else 2 * a * a / (a + 2 * lead)
    c = limit * float(rng.choice([0.05, 0.3, 0.7, 0.95]))
    top = float(rng.uniform(0.5, 2.0))
    values = top / np.exp(rng.uniform(0, math.log(rng.choice([1.001, 3.0, 20.0])), n))
    curved = bool(rng.random() < 0.5)
    kappa = float(rng.uniform(0.02, 0.4)) * float(values.min()) if curved else 0.0
    radius = float(rng.uniform(0.3, 0.95)) * float(values.min()) / kappa if curved else float(rng.uniform(0.5, 3.0))
    sigma, largest = float(values.min()), float(values.max())
    lipschitz = largest + kappa * radius
    room = sigma * radius - kappa * radius**2 / 2
    share = float(rng.choice([0.3, 0.9, 0.999]))
    residual, at, found = 0.0, None, None
    for _ in range(6):  # beta contains the residual, and the residual is placed by k
        beta = lipschitz**2 + residual * math.sqrt(1 + law.excess(how)) * kappa
        at = At(beta, c / beta, sigma, largest, lipschitz, max(residual, 1e-9))
        found = change(law.find(how, at))
        if not found.k > 0 or not found.omega > 0:
            return None
        above = law.start(how, at, found.c).hi / at.residual
        residual = share * found.k * room / above
    assert at is not None
    assert found is not None
    beta = (lipschitz**2 + residual * math.sqrt(1 + law.excess(how)) * kappa) * (1 + 1e-6)
    at = At(beta, c / beta, sigma, largest, lipschitz, residual)
    found = change(law.find(how, at))
    start = law.start(how, at, found.c).hi
    if not (found.k > 0 and found.omega > 0 and start < found.k * room):
        return None
    # The smaller root of k (sigma s - kappa s^2 / 2) = rho_0.
    need = start / found.k
    rho = need / sigma if not kappa else (sigma - math.sqrt(sigma * sigma - 2 * kappa * need)) / kappa
    direction = rng.standard_normal(n)
    if rng.random() < 0.4:  # along the weakest or the strongest direction alone
        direction = np.eye(n)[int(rng.choice([values.argmin(), values.argmax()]))]
    u = np.eye(n)
    matrix = np.diag(values)
    if not curved:
        u = np.linalg.qr(rng.standard_normal((n, n)))[0]
        matrix = u @ np.diag(values) @ np.linalg.qr(rng.standard_normal((n, n)))[0].T
    y = residual * (u @ direction) / float(np.linalg.norm(direction))
    if curved:
        # On the side where the curve takes the slope away, or where it adds to it.
        y = np.abs(y) * (-1.0 if rng.random() < 0.7 else 1.0)
    delta = float(rng.choice([1e-3, 0.05, 0.3, 0.8]))
    gamma = largest * residual * float(rng.choice([1e-3, 0.1, 1.0]))
    case = Problem(matrix, kappa, y, sigma, largest)
    return Case(theorem, case, m, c / beta, delta, gamma, beta, radius, rho, found, start)


@dataclass(frozen=True)
class State:
    """Weights and buffer; for M the buffer is d / -eta, so that one recursion serves all."""

    w: np.ndarray
    b: np.ndarray


class Attack:
    """Steps against one case."""

    def __init__(self, case: Case, way: str, seed: int) -> None:
        self.c, self.way, self.rng = case, way, np.random.default_rng([seed, 5])
        self.a = 1 - case.m
        lead = case.m**2 if case.theorem == "M Nesterov" else case.m
        self.alpha = lead / self.a
        self.outside = case.theorem == "Mb"
        self.period = self.rng.integers(1, 40, size=2)

    def after(self, at: State, share: float) -> State:
        """One step of size share eta."""
        c, h = self.c, share * self.c.eta
        g = c.problem.gradient(at.w)
        if c.theorem == "S":
            return State(at.w - h * g, at.b)
        if self.outside:
            b = c.m * at.b + g
            return State(at.w - h * b, b)
        b = c.m * at.b + share * g
        if c.theorem == "M Nesterov":
            return State(at.w - c.eta * (c.m * b + share * g), b)
        return State(at.w - c.eta * b, b)

    def ahead(self, at: State) -> np.ndarray:
        """The point whose loss the potential holds."""
        return at.w if self.outside or self.c.theorem == "S" else at.w - self.alpha * self.c.eta * at.b

    def potential(self, at: State, c_: float) -> float:
        """E with that C."""
        loss = 0.5 * float(np.sum(self.c.problem.residual(self.ahead(at)) ** 2))
        if self.c.theorem == "S":
            return loss
        if self.outside:
            lag = at.b - self.c.problem.gradient(at.w) / self.a
            return loss + 0.5 * self.c.eta * self.a * c_ * float(lag @ lag)
        return loss + 0.5 * c_ * self.c.eta * float(at.b @ at.b)

    def length(self, at: State, next_: State) -> float:
        """Of the step that the path adds up."""
        return float(np.linalg.norm(self.ahead(next_) - self.ahead(at)))

    def share(self, at: State, t: int) -> float:
        """H_t / eta."""
        c, d = self.c, self.c.delta
        if self.way == "constant":
            return 1.0
        if self.way == "random":
            return float(self.rng.uniform(d, 1))
        if self.way == "bang-bang":
            low, high = self.period
            return d if t % (low + high) < low else 1.0
        g = c.problem.gradient(at.w)
        if self.way == "rule":
            norm = float(np.linalg.norm(c.m * at.b + g if self.outside else g))
            return min(1.0, max(d, c.gamma / norm)) if norm > 0 else 1.0
        shares = (d, 0.3, 1.0)
        if self.way == "two ahead":
            after = [self.after(at, s) for s in shares]
            scores = [max(self.score(one, self.after(one, q)) for q in shares) for one in after]
        else:
            scores = [self.score(at, self.after(at, s)) for s in shares]
        return shares[int(np.argmax(scores))]

    def score(self, at: State, next_: State) -> float:
        """What the adversary wants most."""
        if self.way == "greedy loss":
            return float(np.sum(self.c.problem.residual(next_.w) ** 2))
        e, f = (self.potential(s, self.c.numbers.c) for s in (at, next_))
        if self.way == "greedy potential":
            return f - e
        length, fall = self.length(at, next_), math.sqrt(2 * e) - math.sqrt(2 * f)
        return length / fall if fall > 1e-14 else -math.inf

    def run(self, steps: int) -> Outcome:
        """The run, every inequality checked at every step."""
        c, k, zero = self.c, self.c.numbers.k, np.zeros(self.c.problem.matrix.shape[1])
        out, at = Outcome(self.way), State(zero, zero)
        e = self.potential(at, c.numbers.c)
        er = self.potential(at, c.numbers.c_rate)
        e_0, path, path_w, mu = e, 0.0, 0.0, c.problem.sig(c.rho) ** 2
        if e_0 > c.start**2 / 2 * (1 + TOLERANCE):
            out.broken = "start"
        for t in range(steps):
            share = self.share(at, t)
            next_ = self.after(at, share)
            f, fr = self.potential(next_, c.numbers.c), self.potential(next_, c.numbers.c_rate)
            if e < 1e-18 * e_0:
                break
            length, h = self.length(at, next_), share * c.eta
            sig, rho = c.problem.sig(path), math.sqrt(2 * e)
            asked, fall = k * sig * length * rho, e - f
            slack = TOLERANCE * (e + e_0 * 1e-6)
            path += length
            path_w += float(np.linalg.norm(next_.w - at.w))
            if c.theorem == "S":
                factor = 1 - 2 * mu * h * (1 - c.beta * h / 2)
            else:
                factor = 1 - 2 * c.numbers.omega * mu * h / self.a
            for name, bad in (
                ("step", fall < asked - slack),
                ("rate", fr > factor * er + slack),
                ("path", path > c.rho * (1 + TOLERANCE)),
                ("path of w", path_w > c.rho * (1 + TOLERANCE)),
                ("distance", float(np.linalg.norm(next_.w)) > c.rho * (1 + TOLERANCE)),
            ):
                if bad and not out.broken:
                    out.broken = f"{name} at {t}"
            if asked > 1e3 * slack:
                out.step = min(out.step, fall / asked)
            if er - fr > 1e3 * slack and factor < 1:
                out.rate = min(out.rate, (er - fr) / (er * (1 - factor)))
            at, e, er = next_, f, fr
            out.steps = t + 1
        out.path = c.rho / max(path, path_w, 1e-300)
        return out


def attacked(
    seed: int, theorem: str, change: Callable[[Any], Any] = lambda found: found, steps: int = 150
) -> list[Outcome]:
    """All adversaries against one case; empty where no k is found."""
    case = draw(seed, theorem, change)
    return [] if case is None else [Attack(case, way, seed).run(steps) for way in WAYS]
