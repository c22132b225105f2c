"""SiLU, the argument times its logistic function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ...rigor.tables import FLAT, RAMP, Shape
from . import sigmoid
from .protocol import Activation, Split

if TYPE_CHECKING:
    from torch import Tensor


class Silu(Activation):
    """z s(z), s the logistic function."""

    name = "silu"
    # The suprema of the first and third derivative have no elementary closed form; decimals rounded up.
    s1 = 1.099839320130
    s2 = 0.5
    s3 = 0.308181515797
    closed_forms = (None, "1/2", None)
    # With q = 1 - s(x) <= e^-x: |x s - x| = x q, |(x s)' - 1| <= q + x q, |(x s)''| = |2 s' + x s''| <= (2 + x) q; x s
    # at -x is x q, and so on by symmetry.
    shape = Shape(7, 44, lambda x: x * sigmoid.series(x), RAMP, FLAT, (lambda x: (x + 2) * (-x).exp(),) * 3)
    split = Split("ramp", math.sqrt(8 / math.pi), reach=46.0)
    module = "torch.nn:SiLU"
    module_attributes = frozenset({"inplace"})
    calls = ("torch.nn.functional:silu", "torch:Tensor.sigmoid")

    def value(self, z: Tensor) -> Tensor:
        """z s(z)."""
        return z * z.sigmoid()

    def derivative(self, z: Tensor) -> Tensor:
        """s + z s'."""
        return z.sigmoid() + z * sigmoid.derivative(z)

    def second(self, z: Tensor) -> Tensor:
        """2 s' + z s''."""
        return 2 * sigmoid.derivative(z) + z * sigmoid.second(z)
