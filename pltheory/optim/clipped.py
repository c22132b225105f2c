"""What delta-GClip and its two limits share: h = eta min(1, max(delta, gamma / ||grad L||)).

Certificates, and the rechecker, speak of these steps alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from ..theory import InvalidInputError
from ..theory.arithmetic import FLOATS, Arithmetic, Scalar
from ..theory.formulas import effective_delta, step_size
from .protocol import StepSettings, number
from .recursion import Clip, Form, Recursion
from .schedule import CONSTANT, Schedule

if TYPE_CHECKING:
    from ._keywords import Keywords


@dataclass(frozen=True)
class ClippedSettings(StepSettings):
    """What the clipped rules share; it is none itself.

    Attributes:
        gamma: clipping threshold, in the units of the gradient; infinite for gradient descent. For c L use c gamma.
        delta: the floor of the step, h >= eta delta; 1 for gradient descent, 0 for GClip.
        momentum: m in [0, 1); 0 for none.
        nesterov: torch's Nesterov form of it.
        clip: whether the norm in the step is that of the "gradient" or of the "buffer", m b + grad L.
        schedule: factors of eta, which is the largest step of the schedule.
        weight_decay: lambda >= 0, in the units of the loss over those of the weights squared. For c L use c lambda.
        decoupled_weight_decay: whether it stands beside the gradient; else it is clipped with it.
    """

    gamma: float = math.inf
    delta: float = 1.0
    momentum: float = field(default=0.0, kw_only=True)
    nesterov: bool = field(default=False, kw_only=True)
    clip: Clip = field(default="gradient", kw_only=True)
    schedule: Schedule = field(default=CONSTANT, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)
    decoupled_weight_decay: bool = field(default=False, kw_only=True)

    options = ("momentum", "nesterov", "clip", "schedule", "weight_decay", "decoupled_weight_decay")

    @property
    def recursion(self) -> Recursion:
        """Momentum, clip, schedule and weight decay."""
        return Recursion(
            self.momentum, self.nesterov, self.clip, self.schedule, self.weight_decay, self.decoupled_weight_decay
        )

    @property
    def clips(self) -> bool:
        """Whether a step can be shorter than eta."""
        return self.gamma != math.inf and self.delta != 1

    @property
    def forms(self) -> frozenset[Form]:
        """What its steps are an instance of."""
        return self.recursion.forms(clipped=self.clips)

    @property
    def keywords(self) -> Keywords:
        """What the torch optimizer of the rule is told of momentum and weight decay."""
        return {
            "momentum": self.momentum,
            "nesterov": self.nesterov,
            "clip": self.clip,
            "weight_decay": self.weight_decay,
            "decoupled_weight_decay": self.decoupled_weight_decay,
        }

    def check(self) -> None:
        """Refuse a gamma that is not positive, what the rule does not have, and a recursion out of its range."""
        _ = self.recursion
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
        """The rule with the same iterates on c L: eta / c, c gamma and c lambda."""
        eta = self.eta if isinstance(self.eta, str) else self.eta / c
        return replace(self, eta=eta, gamma=self.gamma * c, weight_decay=self.weight_decay * c)
