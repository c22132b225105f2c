"""Gradient descent, delta-GClip that never clips: the step rule and its torch optimizer."""

from __future__ import annotations

import math
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
        return GradientDescent(params, lr=eta, **self.keywords)


class GradientDescent(ClippedDescent):
    """Plain gradient descent, h = lr: `DeltaGClip` with delta = 1 or gamma = inf.

    `torch.optim.SGD` to the last bit for finite gradients in float32 and float64, at the cost of one more
    pass over the gradients for `grad_norm`.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        *,
        norm_group: NormGroup = None,
        **keywords: Unpack[Keywords],
    ) -> None:
        super().__init__(params, lr, {"gamma": math.inf, "delta": 1.0}, keywords, norm_group)

    def check_delta(self, values: Mapping[str, Any]) -> None:
        """There is neither."""
        if values["gamma"] != math.inf or number(values["delta"]) != 1:
            said = (values["gamma"], values["delta"])
            refuse("gamma, delta", said, "inf, 1 in GradientDescent; DeltaGClip has delta in (0, 1)")
