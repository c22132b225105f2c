"""How steps are made of gradients: momentum, what is clipped, weight decay, and the schedule of the step size.

With lr_t = eta f_t and clip(v) = min(1, max(delta, gamma / ||v||)) of a clipped rule,

    clip of the gradient   b_{t+1} = m b_t + clip(g_t) g_t,   w_{t+1} = w_t - lr_t b_{t+1}
    its Nesterov form      the same b,                        w_{t+1} = w_t - lr_t (m b_{t+1} + clip(g_t) g_t)
    clip of the buffer     b_{t+1} = m b_t + g_t,             w_{t+1} = w_t - lr_t clip(b_{t+1}) b_{t+1}

which is torch.optim.SGD without dampening. Which theorem speaks of it depends on where the changing factor stands.
Weight decay, of steps without momentum:

    coupled      u_t = g_t + weight_decay w_t,   w_{t+1} = w_t - lr_t clip(u_t) u_t
    decoupled    w_{t+1} = w_t - lr_t (clip(g_t) g_t + weight_decay w_t)

The second is torch's clip_grad_norm_ followed by torch.optim.SGD with weight_decay; where nothing is clipped they are
the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from ..theory import InvalidInputError
from .doubles import number
from .schedule import CONSTANT, Schedule, require_known

Clip = Literal["gradient", "buffer"]
CLIPS: tuple[Clip, ...] = ("gradient", "buffer")


class Form(StrEnum):
    """What a theorem about steps may speak of."""

    PLAIN = "steps without momentum, eta constant"
    SCHEDULED = "steps without momentum, any schedule"
    INSIDE = "momentum with eta constant and the gradient clipped"
    OUTSIDE = "heavy-ball momentum with the buffer clipped or nothing clipped, any schedule"
    ANY = "any steps that are stored"
    DECAYED = "weight decay without momentum, any schedule"
    REGULARISED = "coupled weight decay without momentum, eta constant"


@dataclass(frozen=True)
class Recursion:
    """Momentum, clip and schedule of a step rule.

    Attributes:
        momentum: m in [0, 1); 0 for none.
        nesterov: torch's Nesterov form.
        clip: what the rule's norm is of, "gradient" or "buffer".
        schedule: factors of eta.
        weight_decay: lambda >= 0.
        decoupled: whether the decay stands beside the gradient, and not in what is clipped.

    Raises:
        InvalidInputError: a value outside its range, Nesterov or a clip of the buffer without momentum, or both; weight
            decay with momentum, of which no theorem speaks, or a decoupled one that is 0.
    """

    momentum: float = 0.0
    nesterov: bool = False
    clip: Clip = "gradient"
    schedule: Schedule = CONSTANT
    weight_decay: float = 0.0
    decoupled: bool = False

    def __post_init__(self) -> None:
        if not 0 <= number(self.momentum) < 1:
            raise InvalidInputError(f"optimizer.momentum = {self.momentum!r}: must lie in [0, 1)")
        if type(self.nesterov) is not bool:
            raise InvalidInputError(f"optimizer.nesterov = {self.nesterov!r}: must be true or false")
        if self.clip not in CLIPS:
            raise InvalidInputError(f"optimizer.clip = {self.clip!r}: allowed are {' and '.join(map(repr, CLIPS))}")
        require_known(self.schedule)
        if self.nesterov and not self.momentum > 0:
            raise InvalidInputError("optimizer.nesterov = true: needs momentum > 0")
        if self.clip == "buffer" and not self.momentum > 0:
            raise InvalidInputError("optimizer.clip = 'buffer': needs momentum > 0")
        if self.clip == "buffer" and self.nesterov:
            raise InvalidInputError("optimizer.nesterov = true: with clip = 'buffer' no theorem speaks of it")
        if not 0 <= number(self.weight_decay) < math.inf:
            raise InvalidInputError(f"optimizer.weight_decay = {self.weight_decay!r}: must be a number of at least 0")
        if type(self.decoupled) is not bool:
            raise InvalidInputError(f"optimizer.decoupled_weight_decay = {self.decoupled!r}: must be true or false")
        if self.decoupled and not self.weight_decay > 0:
            raise InvalidInputError("optimizer.decoupled_weight_decay = true: needs weight_decay > 0")
        if self.weight_decay > 0 and self.momentum > 0:
            said = f"optimizer.weight_decay = {self.weight_decay!r}"
            raise InvalidInputError(f"{said}: with momentum no theorem speaks of it")

    @property
    def plain(self) -> bool:
        """Whether it is none of all this."""
        return self == PLAIN

    @property
    def coupled(self) -> bool:
        """Whether what is clipped is the gradient with the decay's term."""
        return self.weight_decay > 0 and not self.decoupled

    def forms(self, *, clipped: bool) -> frozenset[Form]:
        """What it is an instance of.

        Args:
            clipped: whether the rule ever clips.
        """
        if self.weight_decay > 0:
            inside = self.schedule.constant and self.coupled
            return frozenset({Form.DECAYED} | ({Form.REGULARISED} if inside else set()))
        found = {Form.ANY}
        if self.momentum == 0:
            found |= {Form.SCHEDULED} | ({Form.PLAIN} if self.schedule.constant else set())
        else:
            if self.schedule.constant and self.clip == "gradient":
                found.add(Form.INSIDE)
            if not self.nesterov and (self.clip == "buffer" or not clipped):
                found.add(Form.OUTSIDE)
        return frozenset(found)

    @property
    def words(self) -> str:
        """It in a phrase."""
        said = []
        if self.momentum > 0:
            said.append(f"{'Nesterov ' if self.nesterov else ''}momentum {self.momentum:g}")
            if self.clip == "buffer":
                said.append("clip of the buffer")
        if self.weight_decay > 0:
            said.append(f"{'decoupled ' if self.decoupled else ''}weight decay {self.weight_decay:g}")
        if not self.schedule.constant:
            said.append(f"schedule {self.schedule.name}")
        return ", ".join(said) or "constant steps without momentum"

    def section(self) -> dict[str, Any]:
        """What reports write of it; nothing where it is plain."""
        if self.plain:
            return {}
        found = {
            "momentum": float(self.momentum),
            "nesterov": self.nesterov,
            "clip": self.clip,
            "schedule": self.schedule.section(),
        }
        if self.weight_decay == 0:
            return found
        return {**found, "weight_decay": float(self.weight_decay), "decoupled_weight_decay": self.decoupled}


PLAIN = Recursion()
