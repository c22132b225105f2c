"""What delta-GClip and its two limits share: h = eta min(1, max(delta, gamma / ||grad L||)).

Certificates, and the rechecker, speak of these steps alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from torch import Tensor
from torch.optim.optimizer import ParamsT

from ..theory import InvalidInputError
from ..theory.arithmetic import FLOATS, Arithmetic, Scalar
from ..theory.formulas import effective_delta, step_size
from ._descent import Descent, refuse
from ._division import NormGroup
from ._functional import clipped_step
from .protocol import StepSettings, number


@dataclass(frozen=True)
class ClippedSettings(StepSettings):
    """What the clipped rules share; it is none itself.

    Attributes:
        gamma: clipping threshold, in the units of the gradient; infinite for gradient descent. For c L use c gamma.
        delta: the floor of the step, h >= eta delta; 1 for gradient descent, 0 for GClip.
    """

    gamma: float = math.inf
    delta: float = 1.0

    def check(self) -> None:
        """Refuse a gamma that is not positive, and the delta or gamma that the rule does not have."""
        if not number(self.gamma) > 0:
            raise InvalidInputError(f"optimizer.gamma = {self.gamma!r}: must be positive")
        self.check_delta()

    def check_delta(self) -> None:
        """Refuse a delta, or a gamma, that this rule does not have."""
        super().check()

    def step_size(self, eta: Scalar, grad_norm: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
        """Eta min(1, max(delta, gamma / ||grad L||))."""
        return step_size(eta, self.gamma, self.delta, grad_norm, ops)

    @property
    def floor(self) -> float:
        """Delta."""
        return self.delta

    def delta_on(self, grad_bound: float) -> float:
        """max(delta, min(1, gamma / bound)) (THEORY section 1)."""
        if grad_bound == 0:
            return 1.0  # the gradient vanishes, and then h = eta
        return effective_delta(self.gamma, self.delta, grad_bound)

    def for_loss(self, c: float) -> Self:
        """The rule with the same iterates on c L: eta / c and c gamma."""
        eta = self.eta if isinstance(self.eta, str) else self.eta / c
        return replace(self, eta=eta, gamma=self.gamma * c)


class ClippedDescent(Descent):
    """Descent by h = lr min(1, max(delta, gamma / ||grad||)) for any gamma in (0, inf] and delta in [0, 1]."""

    shared: ClassVar[tuple[str, ...]] = ("gamma", "delta")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        gamma: float,
        delta: float,
        foreach: bool | None,
        norm_group: NormGroup,
    ) -> None:
        if not (isinstance(gamma, int | float) and gamma > 0):
            refuse("gamma", gamma, "a positive number (inf never clips)")
        super().__init__(params, lr, {"gamma": gamma, "delta": delta}, foreach, norm_group)

    def h(self, lr: float | Tensor, norm: Tensor) -> Tensor:
        """lr min(1, max(delta, gamma / norm))."""
        return clipped_step(lr, self.defaults["gamma"], self.defaults["delta"], norm)
