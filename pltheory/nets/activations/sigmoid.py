"""The logistic function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...rigor.tables import FLAT, STEP, Shape
from .protocol import Activation, Split, above

if TYPE_CHECKING:
    from torch import Tensor

S2 = above(1 / (6 * math.sqrt(3)))
S2_CLOSED = "1/(6*sqrt(3))"


def series(x: Any) -> Any:
    """The function on power series of python-flint."""
    return 1 / ((-x).exp() + 1)


class Sigmoid(Activation):
    """1 / (1 + e^-z)."""

    name = "sigmoid"
    s1 = 0.25
    s2 = S2
    s3 = 0.125
    closed_forms = ("1/4", S2_CLOSED, "1/8")
    bound = 1.0
    # Decreasing majorants of the tails: with q = 1 - act(x) <= e^-x, act' <= q and |act''| <= q.
    shape = Shape(7, 39, series, STEP, FLAT, (lambda x: (-x).exp(),) * 3)
    # The step has the slope at 0; r falls like exp(-|u|), its poles are at +-i pi.
    split = Split("step", math.sqrt(8 / math.pi), 0.0, 1.0, 42.0)
    module = "torch.nn:Sigmoid"
    calls = ("torch:sigmoid", "torch:Tensor.sigmoid")

    def value(self, z: Tensor) -> Tensor:
        """act(z)."""
        return z.sigmoid()

    def derivative(self, z: Tensor) -> Tensor:
        """act(z) act(-z)."""
        return derivative(z)

    def second(self, z: Tensor) -> Tensor:
        """act'(z) (act(-z) - act(z))."""
        return second(z)


def derivative(z: Tensor) -> Tensor:
    """act'(z)."""
    # act(z) act(-z) keeps its relative accuracy in both tails; s (1 - s) loses it in the right one.
    return z.sigmoid() * (-z).sigmoid()


def second(z: Tensor) -> Tensor:
    """act''(z)."""
    return derivative(z) * ((-z).sigmoid() - z.sigmoid())
