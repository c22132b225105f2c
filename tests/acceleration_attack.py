"""The attack on M2 and M3: `python -m tests.acceleration_attack --count 2400` writes docs/acceleration_attack.txt.

M2: quadratics and curved maps `F(w) = A w + B (C w)^2 / 2`, whose constants on a ball are known, with witnesses of the
search; steps constant, random, bang-bang, clipped by the rule, and greedy on energy, on path per decrease and two steps
ahead. M3: the same with h_t = eta, and Jacobians that an opponent turns at every step within om of J_0. Every step is
held against every inequality of the theorem; what rounding can do to a loss is granted, 1e-9 of its size.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np

from pltheory.certification.accelerated import Spectrum, gains
from pltheory.certification.quadratic import search
from pltheory.certification.quadratic.witness import Witness
from pltheory.theory.acceleration import travelled

ROUNDED = 1e-9
PAGE = Path(__file__).parents[1] / "docs/acceleration_attack.txt"


@dataclass
class Attacked:
    """What came of one run: bound over what was reached, by inequality, and what failed."""

    kind: str
    ratios: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def hold(self, name: str, reached: float, bound: float, size: float) -> None:
        """reached <= bound, up to rounding relative to size."""
        if not reached <= bound + ROUNDED * size:
            self.broken.append(f"{self.kind}: {name}, {reached:.9g} > {bound:.9g}")
        if reached > 1e-6 * size:
            self.ratios[name] = min(self.ratios.get(name, math.inf), bound / reached)


@dataclass(frozen=True)
class Map:
    """F(w) = A w + B (C w)^2 / 2 - y; at w = 0 its residual is -y and its Jacobian A."""

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    y: np.ndarray

    def residual(self, w: np.ndarray) -> np.ndarray:
        return self.a @ w + self.b @ (self.c @ w) ** 2 / 2 - self.y

    def jacobian(self, w: np.ndarray) -> np.ndarray:
        return self.a + (self.b * (self.c @ w)) @ self.c

    def loss(self, w: np.ndarray) -> float:
        r = self.residual(w)
        return float(r @ r) / 2

    def gradient(self, w: np.ndarray) -> np.ndarray:
        return self.jacobian(w).T @ self.residual(w)

    @property
    def ell(self) -> float:
        """Lipschitz constant of J, everywhere."""
        rows = float(np.linalg.norm(self.c, axis=1).max())
        return float(np.linalg.norm(self.b, 2) * np.linalg.norm(self.c, 2)) * rows


def drawn(rng: np.random.Generator, condition: float, bend: float) -> Map:
    """A map with ||A|| = 1 of the given condition and ell = bend; one to four outputs."""
    n = int(rng.integers(1, 5))
    p = n + int(rng.integers(0, 3))
    u, v = (np.linalg.qr(rng.normal(size=(k, k)))[0] for k in (n, p))
    s = np.geomspace(1, 1 / condition, n) if n > 1 else np.array([rng.choice([1.0, 1 / condition])])
    if rng.random() < 0.2:
        s = np.full(n, s[-1])
    a = u @ np.diag(s) @ v[:n]
    b, c = rng.normal(size=(n, 2)), rng.normal(size=(2, p))
    y = u[:, -1] if rng.random() < 0.5 else rng.normal(size=n)
    made = Map(a, b, c, y)
    return Map(a, b * (bend / made.ell if bend else 0.0), c, y / np.linalg.norm(y))


# --- Theorem M2 -------------------------------------------------------------------------------------------------------

SETS = [
    (m, share, floor, nesterov, 20.0)
    for m, share, floor, nesterov in (
        (0.2, 0.5, 1.0, False), (0.5, 0.1, 1.0, False), (0.5, 0.6, 1.0, False), (0.5, 1.2, 1.0, False),
        (0.8, 0.2, 1.0, False), (0.9, 0.05, 1.0, False), (0.9, 0.3, 1.0, False), (0.9, 1.0, 1.0, False),
        (0.5, 0.3, 1.0, True), (0.9, 0.1, 1.0, True), (0.8, 0.4, 1.0, True),
        (0.5, 0.3, 0.5, False), (0.9, 0.1, 0.7, False), (0.9, 0.1, 0.7, True),
    )
]  # fmt: skip
"""m, beta eta / (1 - m), floor, Nesterov, condition."""


@cache
def witness_of(m: float, share: float, floor: float, nesterov: bool, condition: float) -> Witness:
    """The search's witness at eps = beta eta / condition^2 times a little room."""
    smooth = share * (1 - m)
    found = search.find(m, nesterov, smooth, smooth / 2, floor) or search.find(
        m, nesterov, smooth, 1.01 * smooth / condition**2, floor
    )
    assert found is not None
    return found


def ball_of(f: Map, w: Witness, smooth: float, sigma: float, ratio: float) -> tuple[Map, float, float]:
    """The map with its target scaled so that k int sig = ratio ||r_0||, with R and eta."""
    ell = f.ell
    # The best R for int_0^R (sigma - ell s) ds, or one that is enough where the map is linear.
    radius = sigma / ell if ell > 0 else 1.001 * ratio / (w.k * sigma)
    area = sigma * radius - ell * radius**2 / 2
    size = w.k * area / ratio
    beta = 1.0
    for _ in range(60):  # beta on B(w_0, R + al ||r_0|| / sqrt c), eta = smooth / beta
        edge = radius + w.ahead * size * math.sqrt(smooth / beta / w.weight)
        beta = (1 + ell * edge) ** 2 + size * ell
    beta *= 1 + 1e-9
    return Map(f.a, f.b, f.c, f.y * size), radius, smooth / beta


def quadratic_run(rng: np.random.Generator, index: int, more: float = 1.0, sets: int = len(SETS)) -> Attacked:
    """One run against Theorem M2, or one that claims so many times more, of the first sets."""
    m, share, floor, nesterov, condition = SETS[index % sets]
    w = witness_of(m, share, floor, nesterov, condition)
    smooth = share * (1 - m)
    bend = 0.0 if rng.random() < 0.5 else float(rng.uniform(0.01, 1))
    f = drawn(rng, float(rng.uniform(1, condition)), bend)
    sigma = float(np.linalg.svd(f.a, compute_uv=False)[-1])
    # A profile may be smaller than sigma_min; the form knows eps.
    stiff = smooth / 2 if search.find(m, nesterov, smooth, smooth / 2, floor) else 1.01 * smooth / condition**2
    sigma = min(sigma, math.sqrt(stiff / smooth))
    f, radius, eta = ball_of(f, w, smooth, sigma, float(rng.choice([1.0001, 1.3, 4.0])))
    ell, c, al = f.ell, w.weight / eta, w.ahead
    how = str(rng.choice(["constant", "random", "bang-bang", "clip", "energy", "path", "two ahead"]))
    if floor == 1:
        how = "constant"
    found = Attacked(f"M2 {'Nesterov' if nesterov else 'heavy ball'}, {'curved' if bend else 'quadratic'}")
    here, d = np.zeros(f.a.shape[1]), np.zeros(f.a.shape[1])
    first = float(np.linalg.norm(f.residual(here)))
    gamma = floor * float(np.linalg.norm(f.gradient(here))) * float(rng.uniform(0.5, 3))
    path = 0.0

    def moved(x: np.ndarray, d: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
        g = f.gradient(x)
        after = m * d - h * g
        return (x + m * after - h * g if nesterov else x + after), after

    def energy(x: np.ndarray, d: np.ndarray) -> float:
        return f.loss(x + al * d) + c / 2 * float(d @ d)

    def score(x: np.ndarray, d: np.ndarray, h: float, depth: int) -> float:
        one = moved(x, d, h)
        if how == "path":
            fall = math.sqrt(2 * energy(x, d)) - math.sqrt(2 * energy(*one))
            return float(np.linalg.norm(one[0] + al * one[1] - x - al * d)) / max(fall, 1e-300)
        if depth == 0:
            return energy(*one)
        return max(score(*one, other, depth - 1) for other in (floor * eta, eta))

    for _ in range(250):
        before = energy(here, d)
        if before < 1e-18 * first**2:
            break
        h = eta
        if how == "random":
            h = eta * float(rng.uniform(floor, 1))
        elif how == "bang-bang":
            h = eta if rng.random() < 0.5 else floor * eta
        elif how == "clip":
            h = eta * min(1.0, max(floor, gamma / max(float(np.linalg.norm(f.gradient(here))), 1e-300)))
        elif how in ("energy", "path", "two ahead"):
            depth = 1 if how == "two ahead" else 0
            h = max((floor * eta, eta), key=lambda s: score(here, d, s, depth))
        v = here + al * d
        sig = sigma - ell * float(np.linalg.norm(v))
        here, d = moved(here, d, h)
        length = float(np.linalg.norm(here + al * d - v))
        path += length
        after, rho = energy(here, d), math.sqrt(2 * before)
        found.hold("step", more * w.k * max(sig, 0.0) * length * rho, before - after, before)
        worst = max(0.0, sigma - ell * radius) ** 2
        found.hold("rate", after, (1 - 2 * more * w.omega * worst * h) * before, before)
        slow = 1 + (1 + ell * (radius + al * first / math.sqrt(c))) ** 2 * al**2 / c
        found.hold("residual", 2 * f.loss(here), slow * 2 * after, first**2)
        found.hold("inside", float(np.linalg.norm(here + al * d)), radius, radius)
    area = path * (sigma - ell * path / 2) if path * ell <= sigma else sigma**2 / (2 * ell)
    found.hold("path", w.k * area, first, first)
    return found


# --- Theorem M3 -------------------------------------------------------------------------------------------------------


def accelerated_run(rng: np.random.Generator, index: int, more: float = 1.0) -> Attacked:
    """One run against Theorem M3: a quadratic, a curved map, or Jacobians turned by an opponent."""
    kind = ("quadratic", "curved", "opponent")[index % 3]
    found = Attacked(f"M3, {kind}")
    condition = float(10 ** rng.uniform(0.1, 3 if kind == "quadratic" else 1.5))
    f = drawn(rng, condition, 1.0 if kind == "curved" else 0.0)
    s = np.linalg.svd(f.a, compute_uv=False)
    eta = float(rng.uniform(0.3, 1.0))
    least = math.sqrt(eta) * float(s[-1])
    root = max(0.05, 1 - float(rng.uniform(0.3, 0.95)) * least)
    m = root**2
    q = root + (1 - root) * float(rng.uniform(0.1, 0.9))
    at = Spectrum(m, q, 0.999999 * eta * float(s[-1]) ** 2, 1.000001 * eta * float(s[0]) ** 2)
    squares = at.squares()
    if not at.holds(squares):
        return found
    g = gains(squares)
    most = 1 / (g.across + math.sqrt(g.step_to_residual * g.gradient_to_buffer)) / math.sqrt(eta)
    om = float(rng.uniform(0.05, 0.95)) * most if kind != "quadratic" else 0.0
    n, u = (x / more for x in g.weighted(math.sqrt(eta) * om, g.free_residual, g.free_buffer))
    path_bound = math.sqrt(eta) * travelled(u, q)  # times ||r_0||
    # The curved map: R = om / ell, and the residual so small that the path ends there.
    size = 1.0 if kind != "curved" else om / f.ell / path_bound * 0.9999
    f = Map(f.a, f.b, f.c, f.y * size)
    here, buffer = np.zeros(f.a.shape[1]), np.zeros(f.a.shape[1])
    r = f.residual(here)
    path, weighted, turn = 0.0, 0.0, float(rng.choice([-1.0, 1.0]))
    for t in range(600):
        norm = float(np.linalg.norm(r))
        bound = n * size * q**t
        if bound < 1e-13 * size:
            break
        found.hold("residual", norm, bound, size)
        weighted += q ** (-2 * t) * norm**2
        if q**t > 1e-4:  # beyond that rounding is what grows
            found.hold("weighted sum", math.sqrt(weighted), n * size, size)
        if kind == "opponent":
            ju = buffer / max(float(np.linalg.norm(buffer)), 1e-300)
            jac = f.a + turn * om * np.outer(r / max(norm, 1e-300), ju)
            buffer = m * buffer + jac.T @ r
            ju = buffer / max(float(np.linalg.norm(buffer)), 1e-300)
            ahead = r - eta * f.a @ buffer
            mean = f.a - om * np.outer(ahead / max(float(np.linalg.norm(ahead)), 1e-300), ju)
            here, r = here - eta * buffer, r - eta * mean @ buffer
            turn = turn if rng.random() < 0.9 else -turn
        else:
            buffer = m * buffer + f.jacobian(here).T @ r
            here = here - eta * buffer
            r = f.residual(here)
        path += eta * float(np.linalg.norm(buffer))
        found.hold("path", path, path_bound * size, path_bound * size)
    return found


# --- the page ---------------------------------------------------------------------------------------------------------

COLUMNS = ("step", "rate", "path", "inside", "residual", "weighted sum")


def attacked(count: int, seed: int = 0, more: float = 1.0, sets: int = len(SETS)) -> list[Attacked]:
    """So many runs, half of each theorem, against claims of so many times more."""
    found = []
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        found.append(quadratic_run(rng, i // 2, more, sets) if i % 2 else accelerated_run(rng, i // 2, more))
    return found


def page(found: list[Attacked]) -> str:
    """The table."""
    by_kind: dict[str, list[Attacked]] = defaultdict(list)
    for one in found:
        by_kind[one.kind].append(one)
    broken = [text for one in found for text in one.broken]
    lines = [
        f"Attack on Theorems M2 and M3: `python -m tests.acceleration_attack --count {len(found)}`.",
        "",
        f"{len(found)} runs; violations: {len(broken)}. Bound over what was reached, minimum / median over runs of the",
        "smallest along a run: fall of the energy in a step against k sig l rho; energy against its rate; path (of M2",
        "the potential of the path against ||r_0||); distance against R; residual; weighted sum of residuals.",
        "",
        "| " + " | ".join(("family", "runs", "violated", *COLUMNS)) + " |",
        "|" + "---|" * (len(COLUMNS) + 3),
    ]
    for kind in sorted(by_kind):
        runs = by_kind[kind]
        cells = [kind, str(len(runs)), str(sum(bool(one.broken) for one in runs))]
        for column in COLUMNS:
            values = [one.ratios[column] for one in runs if column in one.ratios]
            cells.append(f"{min(values):.4f} / {median(values):.3g}" if values else "-")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, *broken[:20], ""])


def main() -> None:
    """Run it, and write the page."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--count", type=int, default=2400)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    text = page(attacked(given.count, given.seed))
    PAGE.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
