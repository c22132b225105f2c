"""The sine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rigor.tables import FLAT, Shape
from .protocol import Activation, Split

if TYPE_CHECKING:
    from torch import Tensor


class Sin(Activation):
    """sin z; every derivative is a shifted sine, of modulus at most 1."""

    name = "sin"
    s1 = s2 = s3 = 1.0
    closed_forms = ("1", "1", "1")
    bound = 1.0
    odd = True
    # It has no asymptote: beyond the table it is taken for 0, off by at most 1.
    shape = Shape(7, 64, lambda x: x.sin(), FLAT, FLAT, (lambda x: x**0,) * 3)
    split = Split("wave", 1.0)
    calls = ("torch:Tensor.sin", "torch:Tensor.cos")

    def value(self, z: Tensor) -> Tensor:
        """sin z."""
        return z.sin()

    def derivative(self, z: Tensor) -> Tensor:
        """cos z."""
        return z.cos()

    def second(self, z: Tensor) -> Tensor:
        """-sin z."""
        return -z.sin()
