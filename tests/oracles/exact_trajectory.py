"""The exact trajectory by ball arithmetic at high precision: class N, any depth, written out with lists of arb.

Independent of `pltheory`: it reads the stored doubles of a network and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, ctx

PRECISION = 900
"""Bits: naive balls lose a few bits a step, and the runs here are short."""


def _tanh(z: arb) -> tuple[arb, arb]:
    t = z.tanh()
    return t, 1 - t * t


def _sigmoid(z: arb) -> tuple[arb, arb]:
    s = 1 / (1 + (-z).exp())
    return s, s * (1 - s)


ACTIVATIONS = {"tanh": _tanh, "sigmoid": _sigmoid}


def matrix(x: np.ndarray) -> arb_mat:
    """Doubles as exact balls."""
    x = np.atleast_2d(x)
    return arb_mat([[arb(float(v)) for v in row] for row in x])


def entries(m: arb_mat) -> list[arb]:
    return [m[i, j] for i in range(m.nrows()) for j in range(m.ncols())]


def norm(parts: list[arb_mat]) -> arb:
    return sum((e * e for part in parts for e in entries(part)), arb(0)).sqrt()


@dataclass
class Exact:
    """delta-GClip in exact arithmetic up to balls of negligible radius.

    weights and biases are the iterate; biases may hold None.
    """

    weights: list[arb_mat]
    biases: list[arb_mat | None]
    kappa: list[float]
    tau: list[float]
    activation: str
    x: np.ndarray
    y: np.ndarray
    scale: Fraction = Fraction(1)

    @classmethod
    def of(cls, net, x: np.ndarray, y: np.ndarray, scale: Fraction = Fraction(1)) -> Exact:
        """From a FloatNetwork, whose arrays are doubles."""
        ctx.prec = PRECISION
        biases = [None if b is None else matrix(b) for b in net.biases]
        return cls(
            [matrix(w) for w in net.weights], biases, list(net.kappa), list(net.tau), net.activation, x, y, scale
        )

    def slope(self, z: arb_mat) -> arb_mat:
        """Derivative of the loss in the outputs, for c = 1."""
        return z - matrix(self.y)

    def gradient(self) -> tuple[list[arb_mat], list[arb_mat | None]]:
        """grad L of c/2 ||F - y||^2, layer by layer."""
        act = ACTIVATIONS[self.activation]
        n, depth = self.x.shape[0], len(self.weights)
        a = matrix(self.x)
        inputs, slopes = [], []
        for l, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            inputs.append(a)
            z = a * w.transpose() * arb(self.kappa[l])
            if b is not None:
                z = arb_mat([[z[i, j] + arb(self.tau[l]) * b[0, j] for j in range(z.ncols())] for i in range(n)])
            if l < depth - 1:
                pairs = [[act(z[i, j]) for j in range(z.ncols())] for i in range(n)]
                a = arb_mat([[p[0] for p in row] for row in pairs])
                slopes.append(arb_mat([[p[1] for p in row] for row in pairs]))
        v = self.slope(z) * (arb(self.scale.numerator) / self.scale.denominator)
        weights: list[arb_mat] = [None] * depth
        biases: list[arb_mat | None] = [None] * depth
        for l in reversed(range(depth)):
            weights[l] = v.transpose() * inputs[l] * arb(self.kappa[l])
            if self.biases[l] is not None:
                sums = [sum((v[i, j] for i in range(n)), arb(0)) * arb(self.tau[l]) for j in range(v.ncols())]
                biases[l] = arb_mat([sums])
            if l:
                u = v * self.weights[l] * arb(self.kappa[l])
                s = slopes[l - 1]
                v = arb_mat([[u[i, j] * s[i, j] for j in range(u.ncols())] for i in range(n)])
        return weights, biases

    def step(self, eta: float, gamma: float, delta: float) -> str:
        """One exact step; returns the branch taken."""
        gw, gb = self.gradient()
        size = norm([*gw, *(b for b in gb if b is not None)])
        branch, h = "full", arb(eta)
        if gamma != float("inf") and size > arb(gamma):
            floor = arb(delta) * size >= arb(gamma)
            branch, h = ("floor", arb(eta) * arb(delta)) if floor else ("band", arb(eta) * arb(gamma) / size)
        elif gamma != float("inf"):
            assert size <= arb(gamma), "the precision does not decide the branch"
        self.weights = [w - g * h for w, g in zip(self.weights, gw, strict=True)]
        self.biases = [None if b is None or g is None else b - g * h for b, g in zip(self.biases, gb, strict=True)]
        return branch

    def distance(self, net) -> arb:
        """Distance to a FloatNetwork."""
        apart = [w - matrix(v) for w, v in zip(self.weights, net.weights, strict=True)]
        apart += [b - matrix(v) for b, v in zip(self.biases, net.biases, strict=True) if b is not None]
        return norm(apart)
