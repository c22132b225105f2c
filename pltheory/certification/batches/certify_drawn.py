"""Theorem F2 held against a problem: every hypothesis an inequality between two numbers at a centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...optim import ClippedSettings, StepSettings
from ...problem.batches import Batches
from ...problem.loss import Loss
from ...problem.problem import Problem
from ...rigor.arithmetic import INTERVALS
from ...rigor.scalar import interval
from ...theory import InvalidInputError
from ..stored import Stored
from .conditions import Rule, high
from .drawn import DrawnConditions, Radii, drawn_conditions, drawn_search
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

GROWN = "exp(xi / 2) <= G"
LOST = "x G < 1"
LEFT = "P(the ball is ever left) <= p"
ALLOWED = 0.05
"""p, where it is not given."""


@dataclass(frozen=True, eq=False)
class Drawn(AtCentre):
    """Theorem F2.

    Attributes:
        allowed: p, the probability with which the ball may be left.
    """

    radii: Radii
    found: DrawnConditions | None
    allowed: float

    names = (POSITIVE, NEAR, START, STEP, CLIPPED, GROWN, PROFILE, LOST, LEFT)

    @property
    def closes(self) -> bool:
        """Whether the ball is left with no more than the allowed probability, as computed."""
        return self.found is not None and self.found.failure <= self.allowed

    def counted(self) -> DrawnConditions | None:
        """In intervals."""
        return drawn_conditions(self.numbers, self.rule, self.radii, INTERVALS, interval)

    def own_sides(self, c: Any) -> Sides:
        """Of the growth, of what curvature takes, and of leaving."""
        return {
            GROWN: (high(c.grown), self.radii.g),
            LOST: (high(c.taken), 1.0),
            LEFT: (high(c.failure), self.allowed),
        }

    def own_bounds(self, c: Any) -> Directed:
        """The probability that the ball is left."""
        return {"failure": ("upper", high(c.failure))}

    def own_witness(self) -> dict[str, float]:
        """Xi and p."""
        return {"xi": self.radii.xi, "allowed": self.allowed}


def drawn_batches(problem: Problem, settings: StepSettings, batches: Batches, allowed: float = ALLOWED) -> Drawn:
    """The theorem with the zero near w_0 as centre, and where that does not do with w_0 itself.

    Args:
        problem: network of class N or G, and data.
        settings: step rule, eta a number or "c/beta".
        batches: of order "random".
        allowed: p.

    Raises:
        InvalidInputError: p is not above 0 and below 1.
        NotAvailableError, NoVerdictError, RoundingEnvironmentError: as `held_at_centres`.
    """

    def at(start: Stored, centre: Stored, rule: ClippedSettings) -> Drawn:
        return drawn_at(start, centre, rule, problem.objective, batches, allowed)

    tried = held_at_centres(problem, settings, at)
    if tried[-1].closes:
        return tried[-1]
    return next((at for at in tried if at.found is not None), tried[0])


def drawn_at(
    start: Stored, centre: Stored, settings: ClippedSettings, loss: Loss, batches: Batches, allowed: float = ALLOWED
) -> Drawn:
    """The same with that centre; `start` and `centre` are one network and its data at two sets of weights.

    Raises:
        InvalidInputError, NoVerdictError, RoundingEnvironmentError: as `drawn_batches`.
    """
    if not 0 < allowed < 1:
        raise InvalidInputError(f"theorem.options.failure = {allowed!r}: allowed are numbers above 0 and below 1")
    numbers = numbers_at(start, centre, batches)
    rule = Rule.of(settings, loss, batches, *start.y.shape)
    rule, radii, found = fixed_step(rule, lambda r: drawn_search(numbers, r))
    return Drawn(start, centre, numbers, rule, radii, found, allowed)
