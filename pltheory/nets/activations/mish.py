"""Mish, the argument times tanh of its softplus."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...rigor.tables import FLAT, RAMP, Shape
from .protocol import Activation, Split

if TYPE_CHECKING:
    from torch import Tensor


def _series(x: Any) -> Any:
    # With e = e^x: tanh(log(1 + e)) = (e^2 + 2 e) / (e^2 + 2 e + 2); the constant coefficient decides the side.
    if float(x[0].mid()) > 0:
        q = (-x).exp()
        return x * (2 * q + 1) / (2 * q * q + 2 * q + 1)
    e = x.exp()
    return x * (e * e + 2 * e) / (e * e + 2 * e + 2)


class Mish(Activation):
    """z g(z), g = tanh(log(1 + e^z))."""

    name = "mish"
    # None of the suprema has an elementary closed form; decimals rounded up.
    s1 = 1.088498161252
    s2 = 0.644204637237
    s3 = 0.588412044870
    # With q = e^-|x|: g <= q on the left, 1 - g <= q on the right, and |g'|, |g''| <= q beyond 3; act' = g + x g',
    # act'' = 2 g' + x g''.
    shape = Shape(8, 42, _series, RAMP, FLAT, (lambda x: (x + 2) * (-x).exp(),) * 3)
    # Poles where e^z = -1 +- i, at a distance of 3 pi / 4.
    split = Split("ramp", math.sqrt(8 / math.pi), reach=44.0, spacing=0.35)
    module = "torch.nn:Mish"
    module_attributes = frozenset({"inplace"})
    calls = (
        "torch.nn.functional:mish", "torch:Tensor.exp", "torch:Tensor.log1p", "torch:Tensor.tanh",
        "torch:Tensor.sigmoid",
    )  # fmt: skip

    def value(self, z: Tensor) -> Tensor:
        """z g."""
        return z * _gate(z)

    def derivative(self, z: Tensor) -> Tensor:
        """g + z g', g' = (1 - g^2) s, s the logistic function."""
        g = _gate(z)
        return g + z * (1 - g * g) * z.sigmoid()

    def second(self, z: Tensor) -> Tensor:
        """2 g' + z g'', g'' = g' (1 - s - 2 g s)."""
        g, s = _gate(z), z.sigmoid()
        return (1 - g * g) * s * (2 + z * (1 - s - 2 * g * s))


def _gate(z: Tensor) -> Tensor:
    # An exponential that overflows gives 1, its limit.
    return z.exp().log1p().tanh()
