"""A step of delta-GClip from weights that are pairs, and the distances between such weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat

from ..fields import Array
from ..file import Common
from ..iterate import Weights, step_size
from ..midpoint import Upper
from .pair import Pair
from .products import norm


@dataclass(frozen=True)
class PairWeights:
    """Weights and biases by layers or groups, a bias None where there is none; as weights their errors are 0."""

    weights: list[Pair]
    biases: list[Pair | None]

    @classmethod
    def of(cls, weights: list[Array], biases: list[Array | None]) -> PairWeights:
        """Doubles."""
        return cls([Pair.of(w) for w in weights], [None if b is None else Pair.of(b) for b in biases])

    @property
    def parts(self) -> list[Pair]:
        """All parameters."""
        return [*self.weights, *(b for b in self.biases if b is not None)]

    @property
    def floats(self) -> tuple[list[Array], list[Array | None]]:
        """Doubles near the weights."""
        return [w.high for w in self.weights], [None if b is None else b.high for b in self.biases]

    def balls(self) -> tuple[Weights, arb]:
        """The same weights with the digits of the ball arithmetic in use, and their distance from these."""
        found = [_matrix(p) for p in self.parts]
        shift = sum((r * r for m in found for r in (m - m.mid()).entries()), arb(0)).upper().max(arb(0)).sqrt()
        middle = [m.mid() for m in found]
        biases = iter(middle[len(self.weights) :])
        weights = Weights(middle[: len(self.weights)], [None if b is None else next(biases) for b in self.biases])
        return weights, shift.upper()


def _matrix(p: Pair) -> arb_mat:
    rows, columns = p.high.shape if p.high.ndim == 2 else (1, p.high.size)
    high, low = (arb_mat(rows, columns, part.ravel().tolist()) for part in (p.high, p.low))
    return high + low


def distance(a: PairWeights, b: PairWeights) -> arb:
    """Enclosure of the Euclidean distance over all parameters."""
    return norm([p - q for p, q in zip(a.parts, b.parts, strict=True)])


def step(c: Common, at: PairWeights, along: PairWeights, size: arb) -> tuple[PairWeights, arb]:
    """As `iterate.step`: sums near the exact step from these weights, and how far they may be from it.

    Args:
        c: settings.
        at: the weights.
        along: the gradient there.
        size: enclosure of its norm.
    """
    h = -step_size(c, size)
    found = [p + g.scaled(h) for p, g in zip(at.parts, along.parts, strict=True)]
    rounding = Upper(np.array([float(p.err.value) for p in found])).norm()
    rest = iter([p.exact for p in found])
    weights = [next(rest) for _ in at.weights]
    after = PairWeights(weights, [None if b is None else next(rest) for b in at.biases])
    return after, arb(float(rounding.value)) if np.isfinite(rounding.value) else arb.pos_inf()
