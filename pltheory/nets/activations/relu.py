"""ReLU: measured, never certified; known by name so that its verdict can say why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .protocol import Activation, Split

if TYPE_CHECKING:
    from torch import Tensor


class Relu(Activation):
    """max(z, 0); |act'| <= 1 but the derivative jumps at 0. Derivatives are those off the kink, as autograd has it."""

    name = "relu"
    smooth = False
    s1 = 1.0
    s2 = math.inf
    s3 = math.inf
    split = Split("ramp", 0.0)
    module = "torch.nn:ReLU"
    module_attributes = frozenset({"inplace"})
    calls = ("torch.nn.functional:relu", "torch:Tensor.relu")

    def value(self, z: Tensor) -> Tensor:
        """max(z, 0)."""
        return z.relu()

    def derivative(self, z: Tensor) -> Tensor:
        """1 where z > 0, else 0."""
        return (z > 0).to(z.dtype)

    def second(self, z: Tensor) -> Tensor:
        """0."""
        import torch

        return torch.zeros_like(z)
