"""GELU, with the normal distribution function itself and not its approximation by tanh."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...rigor.tables import FLAT, RAMP, Shape
from .protocol import Activation, Split, above

if TYPE_CHECKING:
    from torch import Tensor, nn


def _series(x: Any) -> Any:
    from flint import arb

    return x * (-x * arb(0.5).sqrt()).erfc() / 2


def _normal(x: Any) -> Any:
    """Density of the standard normal distribution."""
    from flint import arb

    return (-x * x / 2).exp() / (2 * arb.pi()).sqrt()


def _upper_tail(x: Any) -> Any:
    """1 - Phi(x)."""
    from flint import arb

    return (x * arb(0.5).sqrt()).erfc() / 2


class Gelu(Activation):
    """z Phi(z), Phi the distribution function of the standard normal distribution and phi its density."""

    name = "gelu"
    s1 = above((1 + math.erf(1)) / 2 + math.exp(-1) / math.sqrt(math.pi), 8)
    s2 = above(math.sqrt(2 / math.pi))
    s3 = 0.778769635057
    closed_forms = ("(1+erf(1))/2+exp(-1)/sqrt(pi)", "sqrt(2/pi)", None)
    # act' = Phi + x phi and act'' = (2 - x^2) phi, |2 - x^2| <= x^2 for x >= 1; the majorants decrease from 2 on.
    shape = Shape(
        8,
        10,
        _series,
        RAMP,
        FLAT,
        (
            lambda x: x * _upper_tail(x),
            lambda x: _upper_tail(x) + x * _normal(x),
            lambda x: x * x * _normal(x),
        ),
    )
    split = Split("ramp", 1.0, reach=9.5, spacing=0.35)  # E max(u + Z, 0) = u Phi(u) + phi(u)
    module = "torch.nn:GELU"
    module_attributes = frozenset({"approximate"})
    calls = ("torch.nn.functional:gelu", "torch:Tensor.erfc", "torch:Tensor.exp")

    def value(self, z: Tensor) -> Tensor:
        """z Phi(z)."""
        return z * _distribution(z)

    def derivative(self, z: Tensor) -> Tensor:
        """Phi(z) + z phi(z)."""
        return _distribution(z) + z * _density(z)

    def second(self, z: Tensor) -> Tensor:
        """(2 - z^2) phi(z)."""
        return _density(z) * (2 - z * z)

    def computed_by(self, module: nn.Module) -> bool:
        """Without the approximation by tanh."""
        return bool(module.approximate == "none")


def _distribution(z: Tensor) -> Tensor:
    return 0.5 * (-z / math.sqrt(2)).erfc()


def _density(z: Tensor) -> Tensor:
    return (-0.5 * z * z).exp() / math.sqrt(2 * math.pi)
