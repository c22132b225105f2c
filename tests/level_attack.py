"""The long attack on Theorem L: `python -m tests.level_attack --count 2400` writes docs/level_attack.txt.

Runs whose steps are chosen against the theorem, anywhere in [eta delta, eta]: at random, bang-bang, and greedily for
the longest path or the least fall. On linear problems the theorem's numbers are exact; on networks they are those of
the program's profile. Starts are random, or one sample carries the whole loss, or all samples carry the same. Gauges by
code of its own, in floats. A violation is a loss that rises, a path above the level longer than rho, a last step that
leaves B(w_0, R), or a level that is met later than T.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
import torch.nn.functional as nnf

from pltheory.problem.loss import CrossEntropyLoss, LogisticLoss, Loss, WeightedSquareLoss
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.theorems.measured import profile_at

LEVELS = 120
"""Losses at which the gauge is tabulated."""
MOST = 400
"""Steps after which a run is given up, its path checked and its end not."""
ROUNDING = 1e-9
STEPS = ("random", "bang-bang", "longest path", "least fall", "shortest", "longest")
STARTS = ("random", "one sample", "even")


@dataclass(frozen=True)
class Outcome:
    """What came of a run: what it broke, and how near the bounds came."""

    broken: str
    path: float
    steps: float
    passed: bool = False
    """Whether a step passed through the level and ended above it."""


def gauge(loss: Loss, n: int, outputs: int, v: np.ndarray) -> np.ndarray:
    """gam(v) by minimisation over the spread of the loss, or in closed form."""
    share = float(loss.share(n, outputs))
    if isinstance(loss, WeightedSquareLoss):
        return np.sqrt(2 * share * min(loss.weights) * v)
    terms = loss.count(n, outputs)
    x = np.linspace(0.0, 1.0, 401)[None, :] * (v / share / terms)[:, None]
    far = v[:, None] / share - (terms - 1) * x
    least = (np.expm1(-far) ** 2 + (terms - 1) * np.expm1(-x) ** 2).min(axis=1)
    return share * np.sqrt(least * (outputs / (outputs - 1) if isinstance(loss, CrossEntropyLoss) else 1.0))


def upper(loss: Loss, n: int, outputs: int, v: float) -> float:
    """Gam(v)."""
    share = float(loss.share(n, outputs))
    if isinstance(loss, WeightedSquareLoss):
        return float(np.sqrt(2 * share * max(loss.weights) * v))
    most = 2.0 if isinstance(loss, CrossEntropyLoss) else 1.0
    return float(share * np.sqrt(most) * min(np.sqrt(loss.count(n, outputs)), v / share))


@dataclass(frozen=True)
class Bounds:
    """The theorem's numbers for one problem."""

    rho: float
    radius: float
    steps: float
    eta: float
    delta: float


def bounds(
    loss: Loss,
    shape: tuple[int, int],
    ends: tuple[float, float],
    profile: tuple[np.ndarray, ...],
    c: float,
    delta: float,
) -> Bounds | None:
    """What Theorem L says, c = eta beta; None where its condition fails at every radius.

    Args:
        loss: of targets of that shape, (n, C).
        shape: (n, C).
        ends: L_0 and eps.
        profile: radii, sig, L_F and ell.
        c: eta beta.
        delta: of the steps.
    """
    start, level = ends
    v = np.geomspace(level, start, LEVELS)
    gam = gauge(loss, *shape, v)
    length = float((np.diff(v) / gam[:-1]).sum())
    count = float((np.diff(v) / gam[:-1] ** 2).sum())
    radii, sig, lipschitz, ell = profile
    top, m = upper(loss, *shape, start), float(loss.gauge(*shape).curvature)
    beta = m * lipschitz**2 + top * ell
    eta, room = c / beta, 1 - c / 2
    reached = room * np.concatenate([[0.0], np.cumsum(np.diff(radii) * sig[1:])])
    if not reached[-1] >= length:
        return None
    k = int(np.searchsorted(reached, length))
    fits = np.flatnonzero((radii[k] + eta * lipschitz * top <= radii) & (sig[k] > 0))
    if not fits.size:
        return None
    i = int(fits[0])
    least = min(eta[i] * delta * (1 - c * delta / 2), eta[i] * room) * sig[k] ** 2
    return Bounds(float(radii[k]), float(radii[i]), 1 + count / least, float(eta[i]), delta)


def followed(
    at: np.ndarray, value: Callable, gradient: Callable, b: Bounds, level: float, kind: str, rng: np.random.Generator
) -> Outcome:
    """A run with steps of a kind."""
    start, loss, path, passed = at, value(at), 0.0, False
    for t in range(1, MOST + 1):
        g = gradient(at)
        norm = float(np.linalg.norm(g))
        short, long = b.eta * b.delta, b.eta
        choices = {"random": rng.uniform(short, long), "shortest": short, "longest": long}
        choices["bang-bang"] = rng.choice([short, long])
        choices["longest path"] = long if path + long * norm < b.rho * (1 + 1e-3) else short
        falls = {h: value(at - h * g) for h in (short, long, rng.uniform(short, long))} if kind == "least fall" else {}
        h = max(falls, key=falls.__getitem__) if falls else choices[kind]
        new = at - h * g
        after = value(new)
        if not after <= loss * (1 + ROUNDING):
            return Outcome(f"loss rises, {loss} to {after}", 0, 0)
        inside = np.linalg.norm(new - start) <= b.radius * (1 + ROUNDING)
        if not inside:
            return Outcome("leaves the ball", 0, 0)
        if after <= level:
            # The length up to the level: the first point of the step at which it is met.
            low, high = 0.0, h
            for _ in range(60):
                middle = 0.5 * (low + high)
                low, high = (middle, high) if value(at - middle * g) > level else (low, middle)
            path += low * norm
            broken = "" if path <= b.rho * (1 + ROUNDING) else f"path {path} above {b.rho}"
            broken = broken or ("" if t <= b.steps * (1 + ROUNDING) else f"{t} steps above {b.steps}")
            return Outcome(broken, b.rho / path if path > 0 else np.inf, b.steps / t, passed)
        passed |= value(at - 0.5 * h * g) <= level
        at, loss, path = new, after, path + h * norm
        if path > b.rho * (1 + ROUNDING):
            return Outcome(f"path {path} above {b.rho}", 0, 0)
        if t > b.steps * (1 + ROUNDING):
            return Outcome(f"{t} steps above {b.steps}", 0, 0)
    return Outcome("", b.rho / path if path > 0 else np.inf, np.inf, passed)


def _drawn(rng: np.random.Generator) -> tuple[Loss, torch.Tensor]:
    n, outputs = int(rng.integers(1, 8)), int(rng.integers(2, 6))
    reduction = str(rng.choice(["sum", "mean"]))
    kind = int(rng.integers(3))
    gen = torch.Generator().manual_seed(int(rng.integers(2**31)))
    if kind == 0:
        return CrossEntropyLoss(reduction), nnf.one_hot(torch.randint(outputs, (n,), generator=gen), outputs).double()  # type: ignore[arg-type]
    outputs = int(rng.integers(1, 3))
    if kind == 1:
        return LogisticLoss(reduction), 2.0 * torch.randint(2, (n, outputs), generator=gen).double() - 1  # type: ignore[arg-type]
    weights = tuple(float(w) for w in rng.uniform(0.2, 2.0, n))
    return WeightedSquareLoss(reduction, weights), torch.randn(n, outputs, generator=gen).double()  # type: ignore[arg-type]


def _started(loss: Loss, y: torch.Tensor, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Outputs to start from."""
    f = rng.uniform(0.2, 4.0) * rng.standard_normal(tuple(y.shape))
    if kind == "random" or isinstance(loss, WeightedSquareLoss):
        return f
    sign = (2 * y.numpy() - 1) if isinstance(loss, CrossEntropyLoss) else y.numpy()
    sides = np.full(len(y), rng.uniform(0.5, 2.0))
    if kind == "one sample":
        sides[:] = rng.uniform(4.0, 9.0)
        sides[0] = -rng.uniform(1.0, 6.0)
    return sides[:, None] * sign + 1e-2 * rng.standard_normal(tuple(y.shape))


def linear(seed: int) -> Outcome | None:
    """F(w) = J w + f with a random J: sig, L_F and ell are exact."""
    rng = np.random.default_rng([seed, 0])
    loss, y = _drawn(rng)
    size, kind = y.numel(), STEPS[seed % len(STEPS)]
    scales = np.exp(rng.uniform(0, 1.5) * rng.standard_normal((size, 1)))
    j = scales * rng.standard_normal((size, size + int(rng.integers(0, 4))))
    sigma = np.linalg.svd(j, compute_uv=False)
    f = _started(loss, y, STARTS[seed // len(STEPS) % 3], rng)

    def outputs(w: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(f + (j @ w).reshape(f.shape))

    def value(w: np.ndarray) -> float:
        return float(loss.value(outputs(w), y))

    def gradient(w: np.ndarray) -> np.ndarray:
        at = outputs(w)
        loss.differentiate_(at, y)
        return j.T @ at.numpy().ravel()

    w = np.zeros(j.shape[1])
    start = value(w)
    level = start * float(np.exp(rng.uniform(np.log(1 / 300), 0.0)))
    radii = np.concatenate([[0.0], np.geomspace(1e-4, 1e5, 4000)])
    ones = np.ones_like(radii)
    c, delta = float(rng.choice([0.05, 0.5, 1.0, 1.5, 1.94])), float(rng.choice([0.05, 0.3, 0.9]))
    profile = (radii, sigma[-1] * ones, sigma[0] * ones, 0 * ones)
    b = bounds(loss, tuple(y.shape), (start, level), profile, c, delta)  # type: ignore[arg-type]
    return None if b is None else followed(w, value, gradient, b, level, kind, rng)


def network(seed: int) -> Outcome | None:
    """One or two hidden layers, the level as far down as the theorem's condition lets it be, or nearer."""
    rng = np.random.default_rng([seed, 1])
    loss, y = _drawn(rng)
    kind, hidden = STEPS[seed % len(STEPS)], int(rng.integers(1, 3))
    x = torch.from_numpy(rng.standard_normal((len(y), 4)) * rng.uniform(1.0, 3.0))
    widths = [4, *[int(rng.integers(12, 80))] * hidden, y.shape[1]]
    net = fully_connected(widths, activation=str(rng.choice(["tanh", "gelu", "sin"])), bias=True, seed=seed)
    problem = Problem(net, x, y, loss)
    p = profile_at(problem)
    c, delta = float(rng.choice([0.1, 1.0, 1.9])), float(rng.choice([0.05, 0.5]))
    start = float(problem.value().detach())
    profile = (p.radii, p.sig, p.lipschitz, p.ell)
    found = None
    for share in (0.02, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999):
        b = bounds(loss, tuple(y.shape), (start, share * start), profile, c, delta)  # type: ignore[arg-type]
        if b is not None:
            found = b, share * start
            break
    if found is None:
        return None
    params = list(problem.parameters())
    shapes = [q.shape for q in params]

    def put(w: np.ndarray) -> None:
        parts = torch.from_numpy(w).split([s.numel() for s in shapes])
        with torch.no_grad():
            for q, part in zip(params, parts, strict=True):
                q.copy_(part.reshape(q.shape))

    def value(w: np.ndarray) -> float:
        put(w)
        with torch.no_grad():
            return float(problem.value())

    def gradient(w: np.ndarray) -> np.ndarray:
        put(w)
        grads = torch.autograd.grad(problem.value(), params)
        return torch.cat([g.flatten() for g in grads]).numpy()

    w = torch.cat([q.detach().flatten() for q in params]).numpy().copy()
    return followed(w, value, gradient, found[0], found[1], kind, rng)


KINDS: dict[str, Callable[[int], Outcome | None]] = {"linear": linear, "network": network}


def row(name: str, results: list[Outcome]) -> str:
    """One line of the table."""
    kept = [r for r in results if not r.broken]

    def near(values: list[float]) -> str:
        finite = [v for v in values if np.isfinite(v)]
        return f"{min(finite):.4f} / {median(finite):.3g}" if finite else "-"

    cells = [name, str(len(results)), str(len(results) - len(kept)), near([r.path for r in kept])]
    cells += [near([r.steps for r in kept]), str(sum(r.passed for r in kept))]
    return "| " + " | ".join(cells) + " |"


def table(results: dict[str, list[Outcome]], broken: list[str], count: int) -> str:
    """The page."""
    every = [r for rows in results.values() for r in rows]
    lines = [
        "Attack on Theorem L: `python -m tests.level_attack`.",
        "",
        f"{len(every)} runs of {count} drawn, the others without a ball; violations: {len(broken)}.",
        "Bound over what was found, minimum / median: of the path up to the level, of the number of steps. Last",
        "column: runs in which a step passed through the level and ended above it, as far as its middle tells.",
        "",
        "| problem, steps | runs | violated | path | steps | passed through |",
        "|---|---|---|---|---|---|",
        *(row(name, results[name]) for name in sorted(results)),
        *broken,
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Run the attack and write its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2400)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/level_attack.txt"))
    asked = parser.parse_args(arguments)
    results, broken = defaultdict[str, list[Outcome]](list), []
    for seed in range(asked.first, asked.first + asked.count):
        kind, own = ("network" if seed % 4 == 3 else "linear"), seed // 4 * 3 + seed % 4
        found = KINDS[kind](own)
        if found is None:
            continue
        results[f"{kind}, {STEPS[own % len(STEPS)]}"].append(found)
        if found.broken:
            broken.append(f"{kind} {own}: {found.broken}")
        if seed % 50 == 0:
            asked.out.write_text(table(results, broken, seed + 1 - asked.first))
    asked.out.write_text(table(results, broken, asked.count))
    sys.stdout.write(asked.out.read_text())
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
