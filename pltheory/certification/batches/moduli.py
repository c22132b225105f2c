"""How far the Jacobian of a batch may be from the centre's, and a zero from where it is linearised.

Of one hidden layer the moduli are in proportion to the batch's share, ||X^_B||. Of any other network those of all
samples stand for every batch, whose share is then 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...theory.arithmetic import FLOATS, Arithmetic, Scalar
from ...theory.ball_bounds import BallBounds, Number
from ...theory.batches import HiddenLayer

CELLS = 32
"""Right ends by which a mean over a range of radii is bounded."""


class Moduli(Protocol):
    """Upper bounds, to be multiplied by a batch's share; distances are from the centre."""

    def change(self, s: Scalar) -> Scalar:
        """||J_B(w) - J_B(c)|| for |w - c| <= s."""
        ...

    def sum_to(self, s: Scalar) -> Scalar:
        """Integral of `change` from 0 to s."""
        ...

    def mean(self, low: Scalar, width: Scalar) -> Scalar:
        """Mean of `change` from low to low + width."""
        ...

    def lipschitz(self, radius: Scalar) -> Scalar:
        """Of J_B on the ball."""
        ...

    def remainder(self, t: Scalar, reach: Scalar, span: Scalar) -> Scalar:
        """m_B(t) where one of both points is within reach of the centre, both within span."""
        ...


@dataclass(frozen=True)
class LayerModuli:
    """Of one hidden layer (THEORY_BATCH 7)."""

    layer: HiddenLayer
    ops: Arithmetic = FLOATS
    number: Number = float

    def change(self, s: Scalar) -> Scalar:
        """As in `Moduli`."""
        return self.layer.change(s, self.ops)

    def sum_to(self, s: Scalar) -> Scalar:
        """Half of change(s) s, for it is linear."""
        return self.change(s) * s / 2

    def mean(self, low: Scalar, width: Scalar) -> Scalar:
        """In the middle, for it is linear."""
        return self.change(low + width / 2)

    def lipschitz(self, radius: Scalar) -> Scalar:
        """As in `Moduli`."""
        return self.layer.lipschitz(radius, self.ops)

    def remainder(self, t: Scalar, reach: Scalar, span: Scalar) -> Scalar:
        """As in `Moduli`."""
        return self.layer.remainder(t, reach, self.ops)


@dataclass(frozen=True)
class WholeModuli:
    """Of any network with bounds over balls (THEORY 5, THEORY_GRAPHS 3 and 4), of all samples."""

    bounds: BallBounds
    ops: Arithmetic = FLOATS
    number: Number = float

    def change(self, s: Scalar) -> Scalar:
        """As in `Moduli`."""
        return self.bounds.change(s, self.ops, self.number)

    def sum_to(self, s: Scalar) -> Scalar:
        """By the right end, or by the Lipschitz constant."""
        return self.ops.minimum(self.change(s) * s, self.lipschitz(s) * s * s / 2)

    def mean(self, low: Scalar, width: Scalar) -> Scalar:
        """By right ends."""
        ends = [self.change(low + width * (k / CELLS)) for k in range(1, CELLS + 1)]
        return sum(ends[1:], ends[0]) / CELLS

    def lipschitz(self, radius: Scalar) -> Scalar:
        """As in `Moduli`."""
        return self.bounds.lipschitz(radius, self.ops, self.number)

    def remainder(self, t: Scalar, reach: Scalar, span: Scalar) -> Scalar:
        """By the Lipschitz constant."""
        return self.lipschitz(span) * t
