"""A theorem about a ball asked of every start within e of the stored weights w_0.

What is within s of such a start is within s + e of w_0, so every bound over a ball is taken on the larger one about
w_0; J changes from J(w_0) on, and outputs and residual move by at most `L_F(e) e` on the way to the start.
"""

from __future__ import annotations

import math
from typing import Any

from flint import arb


def outward(s: float, spread: float) -> float:
    """A double of at least s + spread; s itself where there is no spread."""
    return math.nextafter(s + spread, math.inf) if spread else s


class FromWithin:
    """Bounds for every start within `spread` of the weights, by those about the weights.

    Args:
        of: about the weights; what has been asked of them is for no larger radius.
        spread: e.
    """

    def __init__(self, of: Any, spread: float) -> None:
        self.of, self._spread = of, spread
        self.least: arb = of.least
        self.largest: arb = of.largest
        moved = (of.largest + of.change(spread)) * spread
        around = moved.union(-moved)
        self.residual: arb = of.residual + moved
        self.outputs = [[v + around for v in row] for row in of.outputs]

    def change(self, s: float) -> arb:
        """Of J from J(w_0) on, within s of a start."""
        found: arb = self.of.change(outward(s, self._spread))
        return found

    def steepness(self, radius: float) -> arb:
        """ell on the ball about any start."""
        found: arb = self.of.steepness(outward(radius, self._spread))
        return found
