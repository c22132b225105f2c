"""How steps are made of gradients: momentum, what is clipped, and the schedule of the step size.

With lr_t = eta f_t and clip(v) = min(1, max(delta, gamma / ||v||)) of a clipped rule,

    clip of the gradient   b_{t+1} = m b_t + clip(g_t) g_t,   w_{t+1} = w_t - lr_t b_{t+1}
    its Nesterov form      the same b,                        w_{t+1} = w_t - lr_t (m b_{t+1} + clip(g_t) g_t)
    clip of the buffer     b_{t+1} = m b_t + g_t,             w_{t+1} = w_t - lr_t clip(b_{t+1}) b_{t+1}

which is torch.optim.SGD without dampening. Which theorem speaks of it depends on where the changing factor stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from ..theory import InvalidInputError
from .doubles import number
from .schedule import CONSTANT, Schedule

Clip = Literal["gradient", "buffer"]
CLIPS: tuple[Clip, ...] = ("gradient", "buffer")


class Form(StrEnum):
    """What a theorem about steps may speak of."""

    PLAIN = "steps without momentum, eta constant"
    SCHEDULED = "steps without momentum, any schedule"
    INSIDE = "momentum with eta constant and the gradient clipped"
    OUTSIDE = "heavy-ball momentum with the buffer clipped or nothing clipped, any schedule"
    ANY = "any steps that are stored"


@dataclass(frozen=True)
class Recursion:
    """Momentum, clip and schedule of a step rule.

    Attributes:
        momentum: m in [0, 1); 0 for none.
        nesterov: torch's Nesterov form.
        clip: what the rule's norm is of, "gradient" or "buffer".
        schedule: factors of eta.

    Raises:
        InvalidInputError: a value outside its range, Nesterov or a clip of the buffer without momentum, or both.
    """

    momentum: float = 0.0
    nesterov: bool = False
    clip: Clip = "gradient"
    schedule: Schedule = CONSTANT

    def __post_init__(self) -> None:
        if not 0 <= number(self.momentum) < 1:
            raise InvalidInputError(f"optimizer.momentum = {self.momentum!r}: must lie in [0, 1)")
        if type(self.nesterov) is not bool:
            raise InvalidInputError(f"optimizer.nesterov = {self.nesterov!r}: must be true or false")
        if self.clip not in CLIPS:
            raise InvalidInputError(f"optimizer.clip = {self.clip!r}: allowed are {' and '.join(map(repr, CLIPS))}")
        if not isinstance(self.schedule, Schedule):
            raise InvalidInputError(f"optimizer.schedule = {self.schedule!r}: must be a schedule")
        if self.nesterov and not self.momentum > 0:
            raise InvalidInputError("optimizer.nesterov = true: needs momentum > 0")
        if self.clip == "buffer" and not self.momentum > 0:
            raise InvalidInputError("optimizer.clip = 'buffer': needs momentum > 0")
        if self.clip == "buffer" and self.nesterov:
            raise InvalidInputError("optimizer.nesterov = true: with clip = 'buffer' no theorem speaks of it")

    @property
    def plain(self) -> bool:
        """Whether it is none of all this."""
        return self == PLAIN

    def forms(self, *, clipped: bool) -> frozenset[Form]:
        """What it is an instance of.

        Args:
            clipped: whether the rule ever clips.
        """
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
        if not self.schedule.constant:
            said.append(f"schedule {self.schedule.name}")
        return ", ".join(said) or "constant steps without momentum"

    def section(self) -> dict[str, Any]:
        """What reports write of it; nothing where it is plain."""
        if self.plain:
            return {}
        return {
            "momentum": float(self.momentum),
            "nesterov": self.nesterov,
            "clip": self.clip,
            "schedule": self.schedule.section(),
        }


PLAIN = Recursion()
