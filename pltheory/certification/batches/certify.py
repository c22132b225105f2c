"""Theorems F1 and F4 held against a problem: every hypothesis an inequality between two numbers at a centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...optim import ClippedSettings, StepSettings
from ...problem.batches import Batches
from ...problem.loss import Loss
from ...problem.problem import Problem
from ...rigor.arithmetic import INTERVALS
from ...rigor.scalar import interval
from ..stored import Stored
from .conditions import Conditions, Radii, Rule, conditions, high, low, search
from .hypotheses import (
    CLIPPED,
    NEAR,
    POSITIVE,
    PROFILE,
    START,
    STEP,
    AtCentre,
    Directed,
    Sides,
    fixed_step,
    held_at_centres,
)
from .numbers import numbers_at

GROWTH = "1 <= g^2 (1 - eta M(g D)^2 / (4 a))"
LOST = "x < 1"
STAYS = "D^2 (1 + A^2 / (1 - x)) + eta M0(V)^2 V^2 / (4 a) <= V^2"
GROWTH_OF_WORKER = "1 <= g^2 (1 - eta Mx(g D)^2 / (4 a))"
WORKERS_STAY = "D^2 (1 + A^2 / (1 - x)) + eta M0x(V)^2 V^2 / (4 a) <= V^2"


@dataclass(frozen=True, eq=False)
class EveryOrder(AtCentre):
    """Theorem F1; the start is any point of a ball around w_0.

    Attributes:
        spread: radius of that ball.
    """

    radii: Radii
    found: Conditions | None
    spread: float = 0.0

    growth: ClassVar[str] = GROWTH
    stays: ClassVar[str] = STAYS
    names = (POSITIVE, NEAR, START, STEP, CLIPPED, GROWTH, PROFILE, LOST, STAYS)

    def counted(self) -> Conditions | None:
        """In intervals."""
        return conditions(self.numbers, self.rule, self.radii, self.spread, INTERVALS, interval)

    def own_sides(self, c: Any) -> Sides:
        """Of the growth within an epoch, of what curvature takes, and of staying."""
        square = interval(self.radii.v) * interval(self.radii.v)
        return {self.growth: (1.0, low(c.growth)), LOST: (high(c.x), 1.0), self.stays: (high(c.right), square.lo)}

    def own_bounds(self, c: Any) -> Directed:
        """Om."""
        return {"truncation": ("upper", high(c.om))}

    def own_witness(self) -> dict[str, float]:
        """The partition, V and the ball of starts."""
        every = int(self.numbers.batches.order != "fixed")
        return {"every_partition": every, "stay": self.radii.v, "spread": self.spread}


class AveragedSteps(EveryOrder):
    """Theorem F4: local steps of workers, then the average."""

    growth = GROWTH_OF_WORKER
    stays = WORKERS_STAY
    names = (POSITIVE, NEAR, START, STEP, CLIPPED, GROWTH_OF_WORKER, PROFILE, LOST, WORKERS_STAY)

    def own_witness(self) -> dict[str, float]:
        """The partition, V, K and the passes of a round."""
        batches = self.numbers.batches
        assert batches.workers is not None
        told = {"every_partition": int(batches.order != "fixed"), "stay": self.radii.v}
        return {**told, "workers": batches.workers, "passes": batches.passes}


def every_order(problem: Problem, settings: StepSettings, batches: Batches, *, spread: float = 0.0) -> EveryOrder:
    """The theorem with the zero near w_0 as centre, and where that does not do with w_0 itself.

    Args:
        problem: network of class N or G, and data.
        settings: step rule, eta a number or "c/beta".
        batches: of order "fixed" for that partition; of any other order for every partition. With workers Theorem F4,
            otherwise F1.
        spread: the start is any point within this of the problem's weights.

    Raises:
        NotAvailableError, NoVerdictError, RoundingEnvironmentError: as `held_at_centres`.
    """

    def at(start: Stored, centre: Stored, rule: ClippedSettings) -> EveryOrder:
        return at_centre(start, centre, rule, problem.objective, batches, spread=spread)

    tried = held_at_centres(problem, settings, at)
    return tried[-1] if tried[-1].closes else tried[0]


def at_centre(
    start: Stored,
    centre: Stored,
    settings: ClippedSettings,
    loss: Loss,
    batches: Batches,
    *,
    spread: float = 0.0,
) -> EveryOrder:
    """The same with that centre; `start` and `centre` are one network and its data at two sets of weights.

    Raises:
        NoVerdictError, RoundingEnvironmentError: as `every_order`.
    """
    numbers = numbers_at(start, centre, batches)
    rule = Rule.of(settings, loss, batches, *start.y.shape)
    rule, radii, found = fixed_step(rule, lambda r: search(numbers, r, spread))
    kind = AveragedSteps if batches.averaged else EveryOrder
    return kind(start, centre, numbers, rule, radii, found, spread)
