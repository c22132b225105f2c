"""What Theorem T asks of a loss of the outputs: its derivative enclosed, and how fast that changes.

Its value is `Loss.enclose`. Losses are sums over the samples here; a mean over them is a factor outside. Exponentials
are those of ball arithmetic, entry by entry: a batch has few outputs.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from flint import arb, ctx

from ...rigor.midrad import Ball
from ...rigor.roundoff import Array, add_up, finite, mul_up, quiet
from ...rigor.scalar import interval

_BITS = 96


class OutputLoss(Protocol):
    """A convex loss of the outputs with a continuous second derivative, summed over samples; y are its targets."""

    @property
    def most(self) -> float:
        """Upper bound of the largest eigenvalue of its Hessian in the outputs, whatever they are."""
        ...

    def slope(self, outputs: Ball, y: Array) -> Ball:
        """Its derivative in the outputs, (n, C)."""
        ...

    def bend(self, outputs: Ball, y: Array, moved: float) -> float:
        """Upper bound of the largest eigenvalue of its Hessian where no sample's outputs move by more than `moved`."""
        ...


class SquareOutputs:
    """1/2 ||F - y||^2."""

    most = 1.0

    def slope(self, outputs: Ball, y: Array) -> Ball:
        """F - y."""
        return outputs - Ball(y)

    def bend(self, outputs: Ball, y: Array, moved: float) -> float:
        """1."""
        return 1.0


class CrossEntropyOutputs:
    """The sum of -ln p_y, p the softmax of a sample's outputs; y has one 1 a row, and zeros."""

    most = 0.5

    @quiet
    def slope(self, outputs: Ball, y: Array) -> Ball:
        """p - y."""
        return _softmax(outputs) - Ball(y)

    @quiet
    def bend(self, outputs: Ball, y: Array, moved: float) -> float:
        """The largest of 2 p_c (1 - p_c), a row sum of diag(p) - p p^T: Gershgorin's bound of its eigenvalues.

        A probability moves by at most half of what the sample's outputs move: its gradient in them has the norm
        p_c |e_c - p|, at most sqrt 2 p_c (1 - p_c).
        """
        p = _softmax(outputs)
        off = np.broadcast_to(add_up(p.rad, mul_up(0.5, moved)), p.shape)
        # p (1 - p) falls with the distance from 1/2.
        away = np.maximum(0.0, np.nextafter(np.abs(p.mid - 0.5) * (1 - 2.0**-50) - off, -np.inf))
        largest = interval(1) / 4 - interval(float(np.min(away))) ** 2
        return min(self.most, (2 * largest).hi)


class LogisticOutputs:
    """The sum of ln(1 + e^(-y u)), y the labels +1 and -1, an output a label."""

    most = 0.25

    @quiet
    def slope(self, outputs: Ball, y: Array) -> Ball:
        """-y / (1 + e^(y u))."""
        with ctx.workprec(_BITS):
            return _ball([[-s / (1 + (s * v).exp()) for v, s in zip(*r, strict=True)] for r in _labelled(outputs, y)])

    def bend(self, outputs: Ball, y: Array, moved: float) -> float:
        """p (1 - p) at its largest; p = 1 / (1 + e^u) moves by at most a quarter of what u does."""
        with ctx.workprec(_BITS):
            off = arb(moved) / 4
            largest = arb(0)
            for row in _balls(outputs):
                for v in row:
                    away = 1 / (1 + v.exp()) + off.union(-off) - arb(1) / 2
                    largest = largest.max(arb(1) / 4 - (away * away).max(arb(0)))
            return min(self.most, math.nextafter(float(largest.upper()), math.inf))


OUTPUT_LOSSES: dict[str, OutputLoss] = {
    "square": SquareOutputs(),
    "cross-entropy": CrossEntropyOutputs(),
    "logistic": LogisticOutputs(),
}
"""By the names of `pltheory.problem.loss`."""


def _balls(x: Ball) -> list[list[arb]]:
    rad = np.broadcast_to(x.rad, x.shape)
    return [[arb(m, r) for m, r in zip(*row, strict=True)] for row in zip(x.mid.tolist(), rad.tolist(), strict=True)]


def _labelled(x: Ball, y: Array) -> list[tuple[list[arb], list[float]]]:
    return list(zip(_balls(x), y.tolist(), strict=True))


def _softmax(outputs: Ball) -> Ball:
    with ctx.workprec(_BITS):
        found = []
        for row in _balls(outputs):
            top = max(float(v.mid()) for v in row)
            powers = [(v - top).exp() for v in row]
            whole = sum(powers, arb(0))
            found.append([v / whole for v in powers])
        return _ball(found)


def _ball(rows: list[list[arb]]) -> Ball:
    mid = np.array([[float(v.mid()) for v in row] for row in rows])
    apart = [[float(abs(v - m).upper()) for v, m in zip(*both, strict=True)] for both in zip(rows, mid, strict=True)]
    return Ball(mid, np.asarray(float(np.nextafter(np.max(finite(np.array(apart), "softmax")), np.inf))))
