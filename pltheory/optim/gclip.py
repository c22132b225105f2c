"""GClip, delta-GClip without a floor: the step rule and its torch optimizer."""

from __future__ import annotations

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
class GClipSettings(ClippedSettings):
    """GClip, h_t = eta min(1, gamma / ||grad L||): delta-GClip at delta = 0."""

    gamma: float = 1.0
    delta: float = 0.0

    name = "gclip"
    words = "gradient clipping by norm"
    keys = ("gamma",)

    def check_delta(self) -> None:
        """There is none."""
        if number(self.delta) != 0:
            raise InvalidInputError(f"optimizer.delta = {self.delta!r}: gclip has no delta")

    def optimizer(self, params: Sequence[Tensor], eta: float) -> Optimizer:
        """`GClip`."""
        from .citizens import GClip

        return GClip(params, lr=eta, gamma=self.gamma, **self.keywords)
