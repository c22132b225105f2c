"""Step sizes that change along the run: factors of eta, which is the largest of them.

A schedule is one class of this file, listed in `SCHEDULES`; what a scheduler of torch does is `Recorded`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..theory import InvalidInputError
from .doubles import number

if TYPE_CHECKING:
    from torch.optim import Optimizer

MOST_STEPS = 10**9


@dataclass(frozen=True)
class Schedule:
    """Factors f_t in [0, 1]: the step size at step t is eta f_t. A subclass is a frozen dataclass of its arguments.

    Attributes:
        name: what configurations and reports call it.
        words: what it is, in a line.

    Raises:
        InvalidInputError: an argument outside its range.
    """

    name: ClassVar[str] = ""
    words: ClassVar[str] = ""

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Refuse arguments outside their ranges.

        Raises:
            InvalidInputError: "optimizer.schedule.key = value: " and what is allowed.
        """
        raise InvalidInputError(f"{type(self).__name__} is no schedule")

    def at(self, t: int) -> float:
        """f_t for t = 0, 1, .."""
        raise NotImplementedError

    def least_from(self, t: int) -> float:
        """A lower bound of f_s over all s >= t; where it is positive, the steps sum to infinity."""
        raise NotImplementedError

    @property
    def horizon(self) -> int:
        """How many factors a certificate speaks of one by one; of those after it, by their lower bound."""
        raise NotImplementedError

    @property
    def constant(self) -> bool:
        """Whether f_t = 1 for all t."""
        return False

    def factors(self, steps: int) -> np.ndarray:
        """f_0 .. f_{steps-1}, shape (steps,)."""
        return np.array([self.at(t) for t in range(steps)])

    def section(self) -> dict[str, Any]:
        """Its name and arguments."""
        return {"name": self.name, **asdict(self)}

    def _require_steps(self, key: str) -> None:
        value = getattr(self, key)
        if type(value) is not int or not 1 <= value <= MOST_STEPS:
            allowed = f"allowed are whole numbers of steps from 1 to {MOST_STEPS}"
            raise InvalidInputError(f"optimizer.schedule.{key} = {value!r}: {allowed}")

    def _require_share(self, key: str, *, closed: bool) -> None:
        value = getattr(self, key)
        x = number(value)
        if not (0 <= x <= 1 if closed else 0 < x < 1):
            allowed = "[0, 1], as a share of eta" if closed else "(0, 1)"
            raise InvalidInputError(f"optimizer.schedule.{key} = {value!r}: must lie in {allowed}")


@dataclass(frozen=True)
class Constant(Schedule):
    """f_t = 1."""

    name = "constant"
    words = "one step size"

    def check(self) -> None:
        """Nothing to check."""

    def at(self, t: int) -> float:
        """1."""
        return 1.0

    def least_from(self, t: int) -> float:
        """1."""
        return 1.0

    @property
    def horizon(self) -> int:
        """One step like another."""
        return 1

    @property
    def constant(self) -> bool:
        """Yes."""
        return True


@dataclass(frozen=True)
class Warmup(Schedule):
    """f_t = min(1, (t + 1) / length)."""

    length: int

    name = "warmup"
    words = "rises to eta over length steps and stays"

    def check(self) -> None:
        """A number of steps."""
        self._require_steps("length")

    @property
    def horizon(self) -> int:
        """Length."""
        return self.length

    def at(self, t: int) -> float:
        """min(1, (t + 1) / length)."""
        return min(1.0, (t + 1) / self.length)

    def least_from(self, t: int) -> float:
        """f_t: it does not fall."""
        return self.at(t)


@dataclass(frozen=True)
class StepDecay(Schedule):
    """f_t = factor^(t // every), as torch's StepLR; length says how many steps the loss is bounded after."""

    every: int
    factor: float
    length: int

    name = "step"
    words = "times factor after every so many steps"

    def check(self) -> None:
        """A number of steps and a factor in (0, 1)."""
        self._require_steps("every")
        self._require_steps("length")
        self._require_share("factor", closed=False)

    @property
    def horizon(self) -> int:
        """Length."""
        return self.length

    def at(self, t: int) -> float:
        """factor^(t // every)."""
        return float(self.factor ** (t // self.every))

    def least_from(self, t: int) -> float:
        """0: the steps have a finite sum."""
        return 0.0


@dataclass(frozen=True)
class Falling(Schedule):
    """From 1 to final over length steps, and final from there on; a subclass says along what."""

    length: int
    final: float = 0.0

    def check(self) -> None:
        """A number of steps and a share of eta."""
        self._require_steps("length")
        self._require_share("final", closed=True)

    @property
    def horizon(self) -> int:
        """Length."""
        return self.length

    def at(self, t: int) -> float:
        """Final, or final + (1 - final) times the share that is left."""
        if t >= self.length:
            return float(self.final)
        return min(1.0, max(self.final, self.final + (1 - self.final) * self.left(t / self.length)))

    def left(self, passed: float) -> float:
        """From 1 at 0 to 0 at 1, monotone."""
        raise NotImplementedError

    def least_from(self, t: int) -> float:
        """Final."""
        return float(self.final)


@dataclass(frozen=True)
class Cosine(Falling):
    """f_t = final + (1 - final) (1 + cos(pi t / length)) / 2 for t < length, and final from there on."""

    name = "cosine"
    words = "falls along a cosine to final over length steps and stays"

    def left(self, passed: float) -> float:
        """A half wave of the cosine."""
        return (1 + math.cos(math.pi * passed)) / 2


@dataclass(frozen=True)
class Linear(Falling):
    """f_t = 1 - (1 - final) t / length for t < length, and final from there on."""

    name = "linear"
    words = "falls linearly to final over length steps and stays"

    def left(self, passed: float) -> float:
        """A line."""
        return 1 - passed


@dataclass(frozen=True)
class Recorded(Schedule):
    """The factors f_0 .. f_{T-1} one by one, and 0 from there on: nothing is known of later steps.

    Attributes:
        values: the factors.
    """

    values: tuple[float, ...]

    name = "recorded"
    words = "factors one by one, then 0"

    def check(self) -> None:
        """Numbers in [0, 1], at least one."""
        if type(self.values) is not tuple or not self.values:
            raise InvalidInputError("optimizer.schedule.values: must be a tuple of factors, at least one")
        for t, f in enumerate(self.values):
            if not 0 <= number(f) <= 1:
                raise InvalidInputError(
                    f"optimizer.schedule: factor {f!r} at step {t}: must lie in [0, 1], eta is the largest step"
                )

    @property
    def horizon(self) -> int:
        """As many as are recorded."""
        return len(self.values)

    def at(self, t: int) -> float:
        """The factor, or 0."""
        return float(self.values[t]) if t < len(self.values) else 0.0

    def least_from(self, t: int) -> float:
        """0."""
        return 0.0

    @classmethod
    def of(cls, make: Callable[[Optimizer], Any], *, eta: float, steps: int) -> Recorded:
        """What a scheduler of torch does to the step size over that many steps.

        Args:
            make: from an optimizer to its scheduler, e.g. `lambda o: CosineAnnealingLR(o, T_max=100)`.
            eta: the largest step of the schedule; the optimizer begins with it.
            steps: how many steps are recorded, one `scheduler.step()` after each.

        Raises:
            InvalidInputError: the scheduler exceeds eta, changes anything but the step size, or needs to be told more
                than that a step was taken.
        """
        import torch

        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=eta, momentum=0.5)
        kept = {key: value for key, value in optimizer.param_groups[0].items() if key not in ("params", "lr")}
        scheduler = make(optimizer)
        factors = []
        for t in range(steps):
            group = optimizer.param_groups[0]
            for key, value in kept.items():
                if type(group.get(key)) is not type(value) or group[key] != value:
                    raise InvalidInputError(f"optimizer.schedule: a scheduler that changes the {key} has no theorem")
            lr = float(group["lr"])
            if not 0 <= lr <= eta:
                raise InvalidInputError(
                    f"optimizer.schedule: step size {lr:.6g} at step {t}, eta = {eta:.6g}: allowed are [0, eta]"
                )
            factors.append(lr / eta)
            optimizer.step()
            try:
                scheduler.step()
            except TypeError:
                raise InvalidInputError(
                    f"optimizer.schedule: {type(scheduler).__name__} asks for more than the number of steps"
                ) from None
        return cls(tuple(factors))


CONSTANT = Constant()
SCHEDULES: dict[str, type[Schedule]] = {s.name: s for s in (Constant, Warmup, StepDecay, Cosine, Linear)}
"""Those that a configuration can name."""
KNOWN: tuple[type[Schedule], ...] = (*SCHEDULES.values(), Recorded)
"""All of them. Of no other class is it known that its factors lie in [0, 1], nor that `least_from` holds."""


def require_known(given: object) -> None:
    """Refuse what is not exactly one of this file's schedules: a subclass may say anything.

    Raises:
        InvalidInputError: it is not.
    """
    if type(given) not in KNOWN:
        allowed = ", ".join(kind.__name__ for kind in KNOWN)
        raise InvalidInputError(
            f"optimizer.schedule = {given!r}: allowed are {allowed}; any other is Recorded, factor by factor"
        )


def schedule(name: str, arguments: Mapping[str, Any], *, steps: int) -> Schedule:
    """The schedule of that name.

    Args:
        name: one of `SCHEDULES`.
        arguments: by their names; `length` is `steps` where it is left out.
        steps: of the run.

    Raises:
        InvalidInputError: there is none, an argument that it does not have, or one outside its range.
    """
    if name not in SCHEDULES:
        raise InvalidInputError(f"optimizer.schedule = {name!r}: allowed are {', '.join(SCHEDULES)}")
    kind = SCHEDULES[name]
    known = {f.name: f for f in fields(kind)}
    for key in arguments:
        if key not in known:
            raise InvalidInputError(f"optimizer.schedule.{key}: {name} has {' and '.join(known) or 'no arguments'}")
    given = {**({"length": steps} if "length" in known else {}), **arguments}
    for key, f in known.items():
        if key not in given and f.default is MISSING:
            raise InvalidInputError(f"optimizer.schedule.{key}: missing; {name} needs it")
    return kind(**given)
