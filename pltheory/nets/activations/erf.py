"""The error function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...rigor.tables import STEP, Shape
from .protocol import Activation, Split, above

if TYPE_CHECKING:
    from torch import Tensor


def _gauss(x: Any) -> Any:
    """(2 / sqrt(pi)) exp(-x^2)."""
    from flint import arb

    return 2 / arb.pi().sqrt() * (-x * x).exp()


class Erf(Activation):
    """(2 / sqrt(pi)) int_0^z exp(-x^2) dx."""

    name = "erf"
    s1 = above(2 / math.sqrt(math.pi))
    s2 = above(2 * math.sqrt(2) * math.exp(-0.5) / math.sqrt(math.pi), 8)
    s3 = above(4 / math.sqrt(math.pi))
    closed_forms = ("2/sqrt(pi)", "2*sqrt(2)*exp(-1/2)/sqrt(pi)", "4/sqrt(pi)")
    bound = 1.0
    odd = True
    shape = Shape(
        8,
        7,
        lambda x: x.erf(),
        STEP,
        ((0, -1), (0, 0), (0, 0)),
        (lambda x: x.erfc(), _gauss, lambda x: 2 * x * _gauss(x)),
    )
    split = Split("step", math.sqrt(0.5), -1.0, 2.0)
    calls = ("torch:Tensor.erf",)

    def value(self, z: Tensor) -> Tensor:
        """erf z."""
        return z.erf()

    def derivative(self, z: Tensor) -> Tensor:
        """(2 / sqrt(pi)) exp(-z^2)."""
        return 2 / math.sqrt(math.pi) * (-z * z).exp()

    def second(self, z: Tensor) -> Tensor:
        """-2 z act'(z)."""
        return -4 / math.sqrt(math.pi) * z * (-z * z).exp()
