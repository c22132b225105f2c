"""Random small problems for Theorem T, and what an adversary finds against its numbers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import torch
from flint import arb, ctx

from pltheory.certification.finite.expansion import Momentum
from pltheory.certification.finite.run import FiniteRun, Rule, _Run, follow
from pltheory.certification.stored import Arrays
from pltheory.problem.loss import named
from tests.oracles.exact_run import ExactRun, outputs
from tests.oracles.exact_trajectory import norm

LOSSES = ("square", "cross-entropy", "logistic")
BITS = 200


@dataclass(frozen=True)
class Drawn:
    """A problem and a rule."""

    kind: str
    loss: str
    mean: bool
    start: Arrays
    rule: Rule


def drawn(seed: int, steps: int = 10) -> Drawn:
    """Network, data, batches and rule from a seed."""
    rng = np.random.default_rng(seed)
    kind = ("plain", "heavy ball", "nesterov")[seed % 3]
    loss = LOSSES[seed // 3 % 3]
    n, d = int(rng.integers(3, 7)), int(rng.integers(2, 4))
    outs = int(rng.integers(2, 4)) if loss == "cross-entropy" else int(rng.integers(1, 3))
    widths = [d, int(rng.integers(3, 7)), *([int(rng.integers(2, 5))] if rng.random() < 0.25 else []), outs]
    scale = float(rng.choice([0.5, 1.0, 2.0]))
    weights = tuple(scale * rng.standard_normal((q, p)) for p, q in itertools.pairwise(widths))
    bias = rng.random() < 0.5
    biases = tuple(rng.standard_normal(len(w)) if bias else None for w in weights)
    kappa = tuple(float(1 / np.sqrt(w.shape[1])) for w in weights)
    x = rng.standard_normal((n, d))
    if loss == "cross-entropy":
        y = np.eye(outs)[rng.integers(0, outs, n)]
    else:
        y = rng.choice([-1.0, 1.0], (n, outs)) if loss == "logistic" else rng.standard_normal((n, outs))
    start = Arrays(
        weights, biases, kappa, tuple(0.7 if bias else 0.0 for _ in weights),
        str(rng.choice(["tanh", "sigmoid"])), x, y,
    )  # fmt: skip
    mean = bool(rng.random() < 0.5)
    order = [rng.permutation(n)[: int(rng.integers(1, n + 1))] for _ in range(steps)]
    batches = tuple(tuple(map(int, rows)) for rows in order)
    m = 0.0 if kind == "plain" else float(rng.choice([0.3, 0.5, 0.9]))
    clipped = rng.random() < 0.6
    gamma, delta = (float(rng.choice([0.1, 0.5])), float(rng.choice([0.1, 0.5]))) if clipped else (np.inf, 1.0)
    eta = float(rng.choice([0.02, 0.1, 0.4])) * (1 - m)
    rule = Rule(
        (eta,) * steps, gamma, delta, m, kind == "nesterov", batches, named(loss, "mean" if mean else "sum"),
    )  # fmt: skip
    return Drawn(kind, loss, mean, start, rule)


@dataclass
class Found:
    """Ratios of a bound over what was attained, by name; what was broken."""

    ratios: dict[str, list[float]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def held(self, name: str, bound: float, attained: float) -> None:
        """The bound must be no smaller."""
        if not bound >= attained * (1 - 1e-12):
            self.broken.append(f"{name}: {attained!r} above {bound!r}")
        if attained > 0:
            self.ratios.setdefault(name, []).append(bound / attained)


def pair_norm(run: FiniteRun, first: list[arb], second: list[arb]) -> arb:
    """The norm of pairs, from entries."""
    if not isinstance(run.expansion, Momentum):
        return sum((v * v for v in first), arb(0)).sqrt()
    m = arb(run.rule.m)
    al = (m * m if run.rule.nesterov else m) / (1 - m)
    c = arb(run.expansion.root) ** 2
    z = sum(((v + al * u) * (v + al * u) for v, u in zip(first, second, strict=True)), arb(0))
    return (z + c * sum((u * u for u in second), arb(0))).sqrt()


def followed_exactly(p: Drawn) -> Found:
    """The exact run beside the certified one: distances, gradients, and what is enclosed at the end."""
    found = Found()
    run = follow(p.start, p.rule)
    if run.outcome is None:
        return found
    again = _Run(p.start, p.rule, run.expansion)
    exact = ExactRun.from_start(p.start, p.loss, mean=p.mean)
    before = ctx.prec
    ctx.prec = BITS
    try:
        path = arb(0)
        for t, record in enumerate(run.records):
            size = norm(exact.on(p.rule.batches[t]))
            found.held("gradient", record.gradient.hi, float(size))
            if not size >= arb(record.gradient.lo):
                found.broken.append(f"step {t}: gradient below {record.gradient.lo}")
            path += exact.advance(p.rule.batches[t], p.rule)
            again.advance()
            eps = run.records[t + 1].eps if t + 1 < run.steps else run.eps
            # The same machine, the same minute: the second pass of the same floats ends where the first did.
            apart = pair_norm(run, *_apart(exact, again, p))
            found.held("eps", eps, float(apart))
        o = run.outcome
        first = [e for a, b in zip(exact.parameters, p.start.parameters, strict=True) for e in _difference(a, b)]
        enclosed = {
            "loss": (o.loss, exact.value()), "path": (o.path, path),
            "distance": (o.distance, sum((e * e for e in first), arb(0)).sqrt()),
        }  # fmt: skip
        for name, (interval, value) in enclosed.items():
            if not (arb(interval.lo) <= value.upper() and value.lower() <= arb(interval.hi)):
                found.broken.append(f"{name}: {value.str(20)} outside {interval}")
        margins = _margins(outputs(exact, p.start.x), p.start.y)
        if margins is not None:
            right, wrong = sum(bool(m > 0) for m in margins), sum(bool(m < 0) for m in margins)
            if o.right is None or o.wrong is None or o.right > right or o.wrong > wrong:
                found.broken.append(f"classes: {o.right}, {o.wrong} claimed, {right}, {wrong} found")
            if not all(m >= arb(o.margin) for m in margins):
                found.broken.append("margin")
    finally:
        ctx.prec = before
    return found


def _apart(exact: ExactRun, again: _Run, p: Drawn) -> tuple[list[arb], list[arb]]:
    eta = p.rule.eta[0]
    if not again.state.d:
        first, _ = exact.apart(again.state.w, [b * 0.0 for b in again.state.w], eta)
        return first, []
    return exact.apart(again.state.w, again.state.d, eta)


def _difference(a, b) -> list[arb]:
    from tests.oracles.exact_trajectory import entries, matrix

    return entries(a - matrix(b))


def _margins(u: list[list[arb]], y: np.ndarray) -> list[arb] | None:
    rows = y.tolist()
    if y.shape[1] == 1:
        return [v[0] * t[0] for v, t in zip(u, rows, strict=True)] if (np.abs(y) == 1).all() else None
    if not (((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()):
        return None
    found = []
    for row, targets in zip(u, rows, strict=True):
        own = targets.index(1.0)
        others = [v for k, v in enumerate(row) if k != own]
        best = others[0]
        for v in others[1:]:
            best = best.max(v)
        found.append(row[own] - best)
    return found


# --- the expansion of one step over a ball ----------------------------------------------------------------------------


class StepMap:
    """One step of the recursion on flat (w, d) in float64 torch."""

    def __init__(self, p: Drawn, rows: tuple[int, ...]) -> None:
        self.p, index = p, list(rows)
        self.x, self.y = torch.from_numpy(p.start.x[index]), torch.from_numpy(p.start.y[index])
        self.share = float(p.rule.loss.share(len(rows), p.start.y.shape[1]))
        self.shapes = [v.shape for v in p.start.parameters]

    def loss(self, w: torch.Tensor) -> torch.Tensor:
        parts = [
            q.reshape(s) for q, s in zip(w.split([int(np.prod(s)) for s in self.shapes]), self.shapes, strict=True)
        ]
        net, act = self.p.start, {"tanh": torch.tanh, "sigmoid": torch.sigmoid}[self.p.start.activation]
        biases = iter(parts[net.depth :])
        a = self.x
        for l in range(net.depth):
            z = net.kappa[l] * a @ parts[l].T
            z = z if net.biases[l] is None else z + net.tau[l] * next(biases)
            a = act(z)
        if self.p.loss == "square":
            return self.share * (z - self.y).square().sum() / 2
        if self.p.loss == "cross-entropy":
            return -self.share * (torch.log_softmax(z, 1) * self.y).sum()
        return self.share * torch.nn.functional.softplus(-self.y * z).sum()

    def __call__(self, state: torch.Tensor) -> torch.Tensor:
        rule = self.p.rule
        w, d = state.chunk(2)
        (g,) = torch.autograd.grad(self.loss(w), w, create_graph=True)
        # What is never clipped has no quotient of infinities.
        factor = torch.clamp(rule.gamma / g.norm(), rule.delta, 1.0) if np.isfinite(rule.gamma) else 1.0
        push = rule.eta[0] * factor * g
        held = rule.m * d - push
        return torch.cat([w + rule.m * held - push if rule.nesterov else w + held, held])

    def expansion(self, state: torch.Tensor, norm_of: np.ndarray) -> float:
        """The norm of its derivative, states being measured by |norm_of (w, d)|."""
        jacobian = torch.autograd.functional.jacobian(self, state, vectorize=True).numpy()
        return float(np.linalg.norm(norm_of @ jacobian @ np.linalg.pinv(norm_of), 2))


def expanded(seed: int, radius: float, tries: int = 12) -> Found:
    """Lip_t over a ball of the norm of pairs, against the derivative at points of it."""
    p, found, rng = drawn(seed, steps=3), Found(), np.random.default_rng([seed, 1])
    run = _Run(p.start, p.rule, follow(p.start, p.rule).expansion)
    for rows in p.rule.batches:
        run.eps = radius
        state = run.state
        run.advance()
        w = np.concatenate([v.ravel() for v in state.w])
        d = np.concatenate([v.ravel() for v in state.d]) if state.d else np.zeros_like(w)
        eye, none = np.eye(len(w)), np.zeros((len(w), len(w)))
        moving = run.expansion if isinstance(run.expansion, Momentum) else None
        # Without momentum the state is w alone, and what the map makes of d does not count.
        measure = np.block([[eye, none], [none, none]])
        if moving is not None:
            m = p.rule.m
            al = (m * m if p.rule.nesterov else m) / (1 - m)
            measure = np.block([[eye, al * eye], [none, moving.root * eye]])
        step = StepMap(p, rows)
        for k in range(tries):
            off = np.linalg.pinv(measure) @ rng.standard_normal(2 * len(w))
            off *= (radius if k else 0.0) / np.linalg.norm(measure @ off)
            at = torch.from_numpy(np.concatenate([w, d]) + off).requires_grad_()
            found.held("Lip", run.records[-1].factor, step.expansion(at, measure))
    return found
