"""Gradient descent, delta-GClip that never clips: the step rule and its torch optimizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..theory import InvalidInputError
from .clipped import ClippedSettings
from .doubles import number

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer


@dataclass(frozen=True)
class GradientDescentSettings(ClippedSettings):
    """Gradient descent, h_t = eta: gamma is infinite and delta is 1."""

    name = "gd"
    words = "gradient descent"

    def check_delta(self) -> None:
        """There is neither."""
        if self.gamma != math.inf or number(self.delta) != 1:
            raise InvalidInputError(
                f"optimizer.delta = {self.delta!r}, optimizer.gamma = {self.gamma!r}: gd has neither"
            )

    def optimizer(self, params: Sequence[Tensor], eta: float) -> Optimizer:
        """`GradientDescent`."""
        from .citizens import GradientDescent

        return GradientDescent(params, lr=eta, **self.keywords)
