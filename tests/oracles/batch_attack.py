"""An adversary of Theorems F1 and F4 who chooses orders and step sizes: linear problems, small networks, their claims.

What a run does is computed here with NumPy alone; what is claimed of it comes from the program.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from pltheory.certification.batches.conditions import Conditions, Radii, Rule, conditions, reach, search
from pltheory.certification.batches.numbers import BatchNumbers, numbers_at
from pltheory.certification.batches.parts import fixed_parts
from pltheory.certification.batches.workers import Worker, workers_of
from pltheory.certification.stored import Arrays
from pltheory.optim import ClippedSettings, DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.problem.loss import SquareLoss
from pltheory.rigor.midrad import Ball
from pltheory.theory.batches import HiddenLayer

Array = np.ndarray
FLAT = HiddenLayer(0.0, 1.0, 0.0, 1.0, 0.0, 0.0)
"""Moduli of a linear problem: none."""


# --- linear problems ---


@dataclass(frozen=True)
class Linear:
    """F = J w in batches of equal size, one output a sample, in equal parts of so many workers."""

    jacobian: Array
    batch: int
    eta_beta: float
    delta: float
    workers: int | None = None
    passes: int = 1

    @property
    def batches(self) -> Batches:
        """The setting."""
        return Batches(self.batch, "fixed", workers=self.workers, passes=self.passes)

    def order(self, rng: np.random.Generator) -> list[list[int]]:
        """The batches of each worker's steps in a round."""
        count = len(self.cut) // (self.workers or 1)
        passes = [[rng.permutation(count) for _ in range(self.passes)] for _ in range(self.workers or 1)]
        return [[int(b) + k * count for turn in own for b in turn] for k, own in enumerate(passes)]

    @property
    def cut(self) -> list[Array]:
        """The rows of each batch."""
        return [self.jacobian[k : k + self.batch] for k in range(0, len(self.jacobian), self.batch)]

    @property
    def eta(self) -> float:
        """Step size."""
        return self.eta_beta / max(np.linalg.norm(rows, 2) ** 2 for rows in self.cut)


def linear(rng: np.random.Generator, most: int = 4) -> Linear:
    """Random, coherent, nearly orthogonal or repeated rows."""
    return _linear(rng, int(rng.integers(2, most + 1)))


def shared_linear(rng: np.random.Generator) -> Linear:
    """The same in parts of up to three workers, up to three passes."""
    workers, passes = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    return replace(_linear(rng, workers * int(rng.integers(1, 4))), workers=workers, passes=passes)


def _linear(rng: np.random.Generator, count: int) -> Linear:
    size = int(rng.integers(1, 3))
    n, p = count * size, int(rng.integers(count * size, count * size + 4))
    kind = rng.integers(4)
    j = rng.standard_normal((n, p))
    if kind == 1:
        j = rng.standard_normal(p) + rng.choice([0.1, 0.3, 1.0]) * j
    elif kind == 2:
        j = np.eye(n, p) + 0.1 * j
    elif kind == 3:
        j[size:] = np.tile(j[:size], (count - 1, 1)) + 0.2 * rng.standard_normal((n - size, p))
    return Linear(j, size, float(rng.choice([0.05, 0.3, 1.0, 1.5, 1.8])), float(rng.choice([0.1, 0.5, 1.0])))


def claimed(problem: Linear) -> Conditions:
    """What the program says of a start at distance 1 from the zeros."""
    j = problem.jacobian
    n = len(j)
    batches = problem.batches
    values = np.linalg.svd(j, compute_uv=False)
    parts = fixed_parts(Ball(j @ j.T), None, batches.partition(n), 1)
    numbers = BatchNumbers(
        batches, float(values[-1]), float(values[-1] ** 2), float(values[0]), 1.0, 0.0, 1.0, np.zeros((n, 1)),
        parts, workers_of(parts, Ball(j @ j.T), None, batches, 1, Worker(parts, float(values[0]), 1.0)), FLAT, None,
    )  # fmt: skip
    rule = Rule.of(_settings(problem.eta, problem.delta), SquareLoss(), batches, n, 1)
    found = conditions(numbers, rule, Radii(0.0, 1.0, 1.0, 1.0))
    assert found is not None
    return found


def _settings(eta: float | str, delta: float) -> ClippedSettings:
    return GradientDescentSettings(eta) if delta == 1 else DeltaGClipSettings(eta, gamma=1e-300, delta=delta)


def worst(problem: Linear, rng: np.random.Generator, orders: int = 24) -> float:
    """The largest factor of D^2 in an epoch that was found: orders, and step sizes by coordinate ascent."""
    j, eta, best = problem.jacobian, problem.eta, 0.0
    q, _ = np.linalg.qr(j.T)
    cut = [rows @ q for rows in problem.cut]
    if problem.workers is None:
        every = [[list(order)] for order in itertools.permutations(range(len(cut)))]
        rng.shuffle(every)
    else:
        every = [problem.order(rng) for _ in range(orders)]
    sizes = (eta * problem.delta, eta * (1 + problem.delta) / 2, eta)

    def factor(order: list[list[int]], h: list[float]) -> float:
        taken, mean = iter(h), np.zeros((q.shape[1], q.shape[1]))
        for own in order:
            at = np.eye(q.shape[1])
            for k in own:
                at -= next(taken) * cut[k].T @ (cut[k] @ at)
            mean += at / len(order)
        return float(np.linalg.norm(mean, 2) ** 2)

    for order in every[:orders]:
        for first in (sizes[0], sizes[2]):
            h = [first] * sum(len(own) for own in order)
            now = factor(order, h)
            for k in range(len(h)):
                tried = [(factor(order, [*h[:k], size, *h[k + 1 :]]), size) for size in sizes]
                now, h[k] = max(tried)
            best = max(best, now)
    return best


# --- small networks ---


@dataclass(frozen=True)
class Network:
    """F = U tanh(W X^T / sqrt d) / sqrt m with targets F(c): c is a zero, and the centre."""

    centre: Arrays
    numbers: BatchNumbers
    rule: Rule
    radii: Radii
    found: Conditions
    batches: Batches

    def split(self, w: Array) -> tuple[Array, Array]:
        """W and U of a vector of weights."""
        first, last = self.centre.weights
        return w[: first.size].reshape(first.shape), w[first.size :].reshape(last.shape)

    def at(self, w: Array, rows: Array) -> tuple[Array, Array]:
        """r_B, sample major, and J_B, dense."""
        first, last = self.split(w)
        x = self.centre.kappa[0] * self.centre.x[rows]
        act = np.tanh(x @ first.T)  # (b, m)
        slope, kappa = 1 - act**2, self.centre.kappa[1]
        r = kappa * act @ last.T - self.centre.y[rows]
        c, m = last.shape
        by_first = kappa * np.einsum("cm,bm,bd->bcmd", last, slope, x).reshape(len(x) * c, -1)
        by_last = np.zeros((len(x), c, c, m))
        for k in range(c):
            by_last[:, k, k] = kappa * act
        return r.ravel(), np.hstack([by_first, by_last.reshape(len(x) * c, -1)])

    @property
    def vector(self) -> Array:
        """The centre's weights."""
        return np.concatenate([a.ravel() for a in self.centre.weights])

    def nearest(self, w: Array) -> Array:
        """The zero near w of least distance, by Newton's method for the constrained problem."""
        z, rows = w.copy(), np.arange(len(self.centre.x))
        for _ in range(40):
            r, j = self.at(z, rows)
            # Least change from w: z - w in the range of J^T, r + J (z' - z) = 0.
            step = np.linalg.lstsq(j, -r - j @ (w - z), rcond=None)[0]
            moved = w + step
            if np.linalg.norm(moved - z) <= 1e-14 * (1 + np.linalg.norm(z)):
                break
            z = moved
        return z


def network(rng: np.random.Generator, share: float = 1.0, *, workers: bool = False) -> Network | None:
    """A network with its numbers at `share` of the largest distance at which they close; None where none is seen."""
    n, d, c = int(rng.integers(2, 5)), int(rng.integers(2, 5)), int(rng.integers(1, 3))
    m = int(rng.choice([8, 16, 40]))
    x = rng.standard_normal((n, d))
    last = rng.choice([-1.0, 1.0], (c, m)) if rng.random() < 0.5 else rng.standard_normal((c, m))
    first = rng.standard_normal((m, d))
    kappa = (d**-0.5, m**-0.5)
    y = kappa[1] * np.tanh(kappa[0] * x @ first.T) @ last.T
    centre = Arrays((first, last), (None, None), kappa, (0.0, 0.0), "tanh", x, y)
    many = int(rng.choice([k for k in range(1, n + 1) if n % k == 0])) if workers else None
    size, order = int(rng.integers(1, n // (many or 1) + 1)), str(rng.choice(["fixed", "shuffle"]))
    batches = Batches(size, order, workers=many, passes=int(rng.integers(1, 4)) if workers else 1)
    numbers = numbers_at(centre, centre, batches)
    delta = float(rng.choice([0.2, 0.5, 1.0]))
    share_of_step = float(rng.choice([0.02, 0.1, 0.5, 1.0, 1.5]))
    eta = share_of_step / numbers.parts.largest(0.0)
    rule = Rule.of(_settings(eta, delta), SquareLoss(), batches, n, c)
    far = replace(numbers, distance=1.0)
    most = reach(far, rule)
    if most <= 1e-9:
        return None
    numbers = replace(numbers, distance=share * most)
    radii, found = search(numbers, rule)
    return None if found is None else Network(centre, numbers, rule, radii, found, batches)


@dataclass
class Outcome:
    """Of one run: bound over attained, smallest; below 1 is a violation."""

    rate: float = np.inf
    stay: float = np.inf
    growth: float = np.inf
    residual: float = np.inf
    path: float = np.inf

    @property
    def broken(self) -> bool:
        """Whether one of them is violated by more than rounding."""
        return min(self.rate, self.stay, self.growth, self.residual, self.path) < 1 - 1e-7


def adversarial_run(net: Network, rng: np.random.Generator, epochs: int = 8, tries: int = 12) -> Outcome:
    """A start at the largest distance allowed, each epoch the worst that was tried by one of three criteria."""
    base, rows = net.vector, np.arange(len(net.centre.x))
    r, j = net.at(base, rows)
    away = net.numbers.distance
    kind, criterion = rng.integers(3), rng.integers(3)
    directions = (np.linalg.svd(j)[2][len(j) - 1], j.T @ rng.standard_normal(len(j)), rng.standard_normal(base.size))
    direction = directions[kind]
    w = base + away * direction / np.linalg.norm(direction)
    out, path = Outcome(), 0.0
    delta = net.found.floor
    z = net.nearest(w)
    for _ in range(epochs):
        d = float(np.linalg.norm(w - z))
        if d < 1e-7 * away:
            break
        r, _ = net.at(w, rows)
        out.residual = min(out.residual, float(np.linalg.norm(r)) / (net.found.sg * d))
        best, kept = -np.inf, None
        for _ in range(tries):
            trial = _epoch(net, w, z, rng, delta)
            score = {0: np.linalg.norm(trial[0] - z), 1: np.linalg.norm(trial[0] - base), 2: rng.random()}[criterion]
            if score > best:
                best, kept = score, trial
        assert kept is not None
        after, inside, from_zero, length = kept
        out.growth = min(out.growth, net.radii.g * d / inside)
        out.stay = min(out.stay, (net.radii.v + net.radii.eps) / from_zero)
        path += length
        new = net.nearest(after)
        left = float(np.linalg.norm(after - new))
        fall = 1 - (left / d) ** 2
        out.rate = min(out.rate, fall / (1 - net.found.rate))
        w, z = after, new
    out.path = net.found.path / path if path > 0 else np.inf
    return out


def _epoch(
    net: Network, w: Array, z: Array, rng: np.random.Generator, delta: float
) -> tuple[Array, float, float, float]:
    """After one epoch or round: weights, largest distance from z and from the centre inside, and mean length."""
    n, fixed = len(net.centre.x), net.batches.order == "fixed"
    order = np.arange(n) if fixed else rng.permutation(n)
    inside = from_zero = length = 0.0
    ends = []
    for part in order.reshape(-1, net.batches.part(n)):
        cut = []
        for turn in range(net.batches.passes):
            again = part if fixed or turn == 0 else rng.permutation(part)
            batches = [again[k : k + net.batches.size] for k in range(0, len(part), net.batches.size)]
            rng.shuffle(batches)
            cut += batches
        pattern, at = rng.integers(4), w.copy()
        for k, rows in enumerate(cut):
            low = (pattern == 1) or (pattern == 2 and k % 2 == 0) or (pattern == 3 and rng.random() < 0.5)
            h = net.rule.eta * (delta if low else 1.0)
            r, j = net.at(at, rows)
            step = h * (j.T @ r)
            at = at - step
            length += float(np.linalg.norm(step)) / (n // len(part))
            inside = max(inside, float(np.linalg.norm(at - z)))
            from_zero = max(from_zero, float(np.linalg.norm(at - net.vector)))
        ends.append(at)
    return np.mean(ends, axis=0), inside, from_zero, length
