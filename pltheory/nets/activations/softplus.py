"""softplus, whose derivative is the logistic function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...rigor.tables import FLAT, RAMP, Shape
from . import sigmoid
from .protocol import Activation, Split

if TYPE_CHECKING:
    from torch import Tensor, nn


def _series(x: Any) -> Any:
    # The constant coefficient decides the side; both forms are the same function.
    return ((-x).exp() + 1).log() + x if float(x[0].mid()) > 0 else (x.exp() + 1).log()


class Softplus(Activation):
    """log(1 + e^z)."""

    name = "softplus"
    s1 = 1.0
    s2 = 0.25
    s3 = sigmoid.S2
    closed_forms = ("1", "1/4", sigmoid.S2_CLOSED)
    # act(x) - max(x, 0) = log(1 + e^-|x|) <= e^-|x|; its derivatives are those of the logistic function.
    shape = Shape(7, 39, _series, RAMP, FLAT, (lambda x: (-x).exp(),) * 3)
    split = Split("ramp", math.sqrt(8 / math.pi), reach=42.0)
    module = "torch.nn:Softplus"
    module_attributes = frozenset({"beta", "threshold"})
    calls = ("torch.nn.functional:softplus", "torch:logaddexp", "torch:zeros_like")

    def value(self, z: Tensor) -> Tensor:
        """log(e^z + e^0)."""
        import torch

        return torch.logaddexp(z, torch.zeros_like(z))

    def derivative(self, z: Tensor) -> Tensor:
        """The logistic function."""
        return z.sigmoid()

    def second(self, z: Tensor) -> Tensor:
        """Its derivative."""
        return sigmoid.derivative(z)

    def computed_by(self, module: nn.Module) -> bool:
        """At beta = 1, from a threshold of 40 on.

        torch replaces softplus by the identity above its threshold, 20 by default, a jump of 2e-9; from 40 on the two
        agree in float64.
        """
        beta, threshold = vars(module)["beta"], vars(module)["threshold"]
        return bool(beta == 1.0 and threshold >= 40)
