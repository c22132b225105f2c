"""delta-GClip: the step rule and its torch optimizer.

[TMSSR25] Tucat, Mukherjee, Sen, Sun, Rivasplata, "Regularized Gradient Clipping Provably Trains Wide and Deep
Neural Networks", TMLR 2025, arXiv:2404.08624.
"""

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
class DeltaGClipSettings(ClippedSettings):
    """delta-GClip, h_t = eta min(1, max(delta, gamma / ||grad L||)) with 0 < delta < 1 [TMSSR25]."""

    gamma: float = 1.0
    delta: float = 0.1

    name = "delta-gclip"
    words = "gradient clipping whose step never falls below eta delta"
    keys = ("gamma", "delta")

    def check_delta(self) -> None:
        """Delta lies in (0, 1)."""
        if not 0 < number(self.delta) < 1:
            raise InvalidInputError(f"optimizer.delta = {self.delta!r}: must lie in (0, 1)")

    def optimizer(self, params: Sequence[Tensor], eta: float) -> Optimizer:
        """`DeltaGClip`."""
        from .citizens import DeltaGClip

        return DeltaGClip(params, lr=eta, gamma=self.gamma, delta=self.delta, **self.keywords)
