"""GClip, delta-GClip without a floor: the step rule and its torch optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from ..theory import InvalidInputError
from ._division import NormGroup
from ._keywords import Keywords, refuse
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

    def optimizer(self, params: Sequence[Tensor], eta: float) -> Optimizer:
        """`GClip`."""
        return GClip(params, lr=eta, gamma=self.gamma, **self.keywords)


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
        norm_group: NormGroup = None,
        **keywords: Unpack[Keywords],
    ) -> None:
        super().__init__(params, lr, {"gamma": gamma, "delta": 0.0}, keywords, norm_group)

    def check_delta(self, values: Mapping[str, Any]) -> None:
        """There is none."""
        if number(values["delta"]) != 0:
            refuse("delta", values["delta"], "0 in GClip; DeltaGClip has delta in (0, 1)")
