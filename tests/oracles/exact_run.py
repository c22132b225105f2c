"""Exact runs over stored batches with a buffer, as torch.optim.SGD writes them, in ball arithmetic at high precision.

Independent of `pltheory`: the buffer b, not d = -eta b, the loss's derivative by its definition, one entry at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from .exact_trajectory import Exact, entries, matrix, norm


def outputs(net: Exact, x: np.ndarray) -> list[list[arb]]:
    """F at these inputs."""
    whole, y = (net.x, net.y), np.zeros((len(x), net.y.shape[1]))
    kept: list[arb_mat] = []
    probe = Exact(net.weights, net.biases, net.kappa, net.tau, net.activation, x, y)
    probe.slope = lambda z: kept.append(z) or z  # type: ignore[method-assign, func-returns-value]
    probe.gradient()
    assert whole == (net.x, net.y)
    return kept[0].tolist()


def loss_of(name: str, u: list[list[arb]], y: np.ndarray) -> arb:
    """Summed over samples."""
    total = arb(0)
    for row, targets in zip(u, y.tolist(), strict=True):
        if name == "square":
            total += sum(((v - t) * (v - t) for v, t in zip(row, targets, strict=True)), arb(0)) / 2
        elif name == "cross-entropy":
            chance = [v.exp() for v in row]
            total -= (chance[targets.index(1.0)] / sum(chance, arb(0))).log()
        else:
            total += sum(((1 + (-t * v).exp()).log() for v, t in zip(row, targets, strict=True)), arb(0))
    return total


@dataclass
class ExactRun(Exact):
    """The iterate and its buffer.

    Attributes:
        loss: "square", "cross-entropy" or "logistic".
        mean: whether a batch's loss is the mean over it.
        data: all inputs and targets; x and y are those of the batch in use.
        buffer: b, weights then biases.
    """

    loss: str = "square"
    mean: bool = False
    data: tuple[np.ndarray, np.ndarray] = field(default_factory=lambda: (np.empty(0), np.empty(0)))
    buffer: list[arb_mat] = field(default_factory=list)

    @classmethod
    def from_start(cls, net, loss: str, *, mean: bool) -> ExactRun:
        """From a FloatNetwork with data."""
        plain = Exact.of(net, net.x, net.y)
        made = cls(**vars(plain), loss=loss, mean=mean, data=(net.x, net.y))
        made.buffer = [p * 0 for p in made.parameters]
        return made

    @property
    def parameters(self) -> list[arb_mat]:
        return [*self.weights, *(b for b in self.biases if b is not None)]

    def slope(self, z: arb_mat) -> arb_mat:
        y = self.y.tolist()
        if self.loss == "square":
            return z - matrix(self.y)
        rows = []
        for row, targets in zip(z.tolist(), y, strict=True):
            if self.loss == "cross-entropy":
                chance = [v.exp() for v in row]
                whole = sum(chance, arb(0))
                rows.append([c / whole - t for c, t in zip(chance, targets, strict=True)])
            else:
                rows.append([-t * (1 - 1 / (1 + (-t * v).exp())) for v, t in zip(row, targets, strict=True)])
        return arb_mat(rows)

    def on(self, rows: tuple[int, ...]) -> list[arb_mat]:
        """The gradient on a batch."""
        index = list(rows)
        self.x, self.y = self.data[0][index], self.data[1][index]
        self.scale = Fraction(1, self._terms(len(rows))) if self.mean else Fraction(1)
        weights, biases = self.gradient()
        return [*weights, *(b for b in biases if b is not None)]

    def advance(self, rows: tuple[int, ...], rule) -> arb:
        """`b = m b + clip(g) g; w -= eta b`, or Nesterov's `w -= eta (m b + clip(g) g)`; the length of the step."""
        g = self.on(rows)
        size = norm(g)
        factor = arb(1)
        if size > arb(rule.gamma):
            factor = arb(rule.delta).max(arb(rule.gamma) / size)
        g = [p * factor for p in g]
        m, eta = arb(rule.m), arb(rule.eta[0])
        self.buffer = [b * m + p for b, p in zip(self.buffer, g, strict=True)]
        along = [b * m + p for b, p in zip(self.buffer, g, strict=True)] if rule.nesterov else self.buffer
        moved = [p * eta for p in along]
        after = [p - s for p, s in zip(self.parameters, moved, strict=True)]
        rest = iter(after)
        self.weights = [next(rest) for _ in self.weights]
        self.biases = [None if b is None else next(rest) for b in self.biases]
        return norm(moved)

    def value(self) -> arb:
        """The loss over all samples."""
        total = loss_of(self.loss, outputs(self, self.data[0]), self.data[1])
        return total / self._terms(len(self.data[0])) if self.mean else total

    def _terms(self, count: int) -> int:
        """What a mean divides by: torch's SoftMarginLoss counts every output."""
        return count * (self.data[1].shape[1] if self.loss == "logistic" else 1)

    def apart(self, w: list[np.ndarray], d: list[np.ndarray], eta: float) -> tuple[list[arb], list[arb]]:
        """Entries of w - (this iterate) and of d + eta b."""
        first = [e for p, v in zip(self.parameters, w, strict=True) for e in entries(matrix(v) - p)]
        second = [e for b, v in zip(self.buffer, d, strict=True) for e in entries(matrix(v) + b * arb(eta))]
        return first, second
