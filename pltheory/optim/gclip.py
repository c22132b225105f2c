"""GClip, delta-GClip without a floor: the step rule and its torch optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from ..theory import InvalidInputError
from ._division import NormGroup
from .clipped import ClippedDescent, ClippedSettings
from .doubles import number


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

    def without_buffer(self, params: Sequence[Tensor], eta: float) -> Optimizer:
        """`GClip`."""
        return GClip(params, lr=eta, gamma=self.gamma)


class GClip(ClippedDescent):
    """Gradient clipping by norm, h = lr min(1, gamma / ||grad||): `DeltaGClip` with delta = 0.

    The same iterates as `torch.nn.utils.clip_grad_norm_(params, gamma)` before SGD, up to rounding and that
    function's 1e-6 in the denominator.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        gamma: float,
        *,
        foreach: bool | None = None,
        norm_group: NormGroup = None,
    ) -> None:
        super().__init__(params, lr, gamma, 0.0, foreach, norm_group)
