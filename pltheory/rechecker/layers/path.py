"""The passes of `iterate` on pairs: outputs and gradient of a fully connected network, whole arrays at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from ..arithmetic import ACTIVATIONS
from ..file import Stored
from ..iterate import share_of
from ..midpoint import Upper
from ..pairs.functions import PairTable
from ..pairs.pair import Pair
from ..pairs.products import times
from ..pairs.step import PairWeights


@dataclass(frozen=True)
class LayersSeen:
    """inputs: kappa_l A_{l-1}, (n, m_{l-1}); hidden: Z_l, l = 1..L; slopes: act'(Z_l); residual: F - y, (n, C)."""

    inputs: list[Pair]
    hidden: list[Pair]
    slopes: list[Pair]
    residual: Pair


class LayerPath:
    """A network's passes.

    Args:
        c: the network at the start, its data and settings.
        functions: its activation and the derivative.
    """

    def __init__(self, c: Stored, functions: tuple[PairTable, PairTable]) -> None:
        self.c, self._functions = c, functions
        self._s1, self._s2 = (Upper.of(s()) for s in ACTIVATIONS[c.activation][1:])
        self._x, self._y = Pair.of(c.x), Pair.of(c.y)
        self._ones = Pair.of(np.ones((1, len(c.x))))

    def forward(self, at: PairWeights) -> LayersSeen:
        """As `iterate.forward`."""
        c, value, last = self.c, self._x, len(at.weights) - 1
        inputs, hidden, slopes = [], [], []
        for l, (w, b) in enumerate(zip(at.weights, at.biases, strict=True)):
            inputs.append(value.scaled(arb(c.kappas[l])))
            z = times(inputs[l], w.T)
            if b is not None:
                z = z + b.scaled(arb(c.taus[l]))
            if l < last:
                found, slope = (f(z) for f in self._functions)
                value, slope = found.widened(z.err * self._s1), slope.widened(z.err * self._s2)
                hidden.append(z)
                slopes.append(slope)
        return LayersSeen(inputs, hidden, slopes, z - self._y)

    def gradient(self, at: PairWeights, seen: LayersSeen) -> PairWeights:
        """As `iterate.gradient`."""
        c, v = self.c, seen.residual.scaled(share_of(self.c))
        weights: list[Pair] = []
        biases: list[Pair | None] = []
        for l in reversed(range(len(at.weights))):
            weights.append(times(v.T, seen.inputs[l]))
            biases.append(None if at.biases[l] is None else times(self._ones, v).scaled(arb(c.taus[l])))
            if l:
                v = times(v, at.weights[l]).scaled(arb(c.kappas[l])) * seen.slopes[l - 1]
        return PairWeights(weights[::-1], biases[::-1])
