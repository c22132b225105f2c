"""A network of one hidden layer at stored weights, for any number of outputs: kernel and residual in balls.

F_ic = kappa_2 sum_k U_ck act(w_k . x^_i) + tau_2 b_c,  x^_i = [kappa_1 x_i, tau_1]
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat

from .arithmetic import ACTIVATIONS, Row, largest_of, matrix, root
from .fields import Array

_CHUNK = 256
"""Units worked on at a time."""


@dataclass(frozen=True)
class Hidden:
    """The layer's stored numbers; a bias is None where there is none."""

    activation: str
    kappas: list[float]
    taus: list[float]
    first: Array
    first_bias: Array | None
    last: Array
    last_bias: Array | None
    x: Array
    y: Array

    def inputs(self) -> arb_mat:
        """X^, (n, d + 1) with a bias."""
        scaled = matrix(self.x) * arb(self.kappas[0])
        if self.first_bias is None:
            return scaled
        return arb_mat([[*row, arb(self.taus[0])] for row in scaled.tolist()])

    def column(self) -> arb:
        """Largest norm of a column of U."""
        squares = (sum((arb(v) ** 2 for v in column), arb(0)) for column in self.last.T.tolist())
        return root(largest_of(squares))

    def _units(self) -> Iterator[tuple[Array, list[Row], list[Row]]]:
        """Part of U, and act and act' of the samples at its units, (n, units)."""
        weights = self.first
        if self.first_bias is not None:
            weights = np.hstack([weights, self.first_bias[:, None]])
        inputs, evaluate = self.inputs(), ACTIVATIONS[self.activation][0]
        for start in range(0, len(weights), _CHUNK):
            part = slice(start, start + _CHUNK)
            z = (inputs * matrix(weights[part]).transpose()).tolist()
            pairs = [[evaluate(v) for v in row] for row in z]
            yield (
                self.last[:, part],
                [[p[0] for p in row] for row in pairs],
                [[p[1] for p in row] for row in pairs],
            )

    def kernel(self) -> tuple[arb_mat, arb_mat]:
        """J J^T, (n C, n C) with samples major, and F - y as a column."""
        n, outputs = self.y.shape
        slopes, features = arb_mat(n * outputs, n * outputs), arb_mat(n, n)
        values = arb_mat(n, outputs)
        for head, act, slope in self._units():
            rows = arb_mat([[arb(u) * d for u, d in zip(h, at, strict=True)] for at in slope for h in head.tolist()])
            slopes += rows * rows.transpose()
            s = arb_mat(act)
            features += s * s.transpose()
            values += s * matrix(head).transpose()
        gram, square = self.inputs(), arb(self.kappas[1]) ** 2
        gram = gram * gram.transpose()
        shift = arb(0) if self.last_bias is None else arb(self.taus[1]) ** 2
        entries = slopes.tolist()
        for i, j in itertools.product(range(n), repeat=2):
            for p, q in itertools.product(range(outputs), repeat=2):
                at = gram[i, j] * entries[i * outputs + p][j * outputs + q]
                if p == q:
                    at += features[i, j]
                entries[i * outputs + p][j * outputs + q] = square * at + (shift if p == q else arb(0))
        return arb_mat(entries), self._residual(values)

    def _residual(self, values: arb_mat) -> arb_mat:
        bias = [arb(0)] * self.y.shape[1]
        if self.last_bias is not None:
            bias = [arb(self.taus[1]) * v for v in self.last_bias.tolist()]
        scale, targets = arb(self.kappas[1]), self.y.tolist()
        rows = zip(values.tolist(), targets, strict=True)
        return arb_mat([[scale * f + b - y] for row, own in rows for f, b, y in zip(row, bias, own, strict=True)])
