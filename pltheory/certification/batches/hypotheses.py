"""What theorems about mini-batches ask at a centre, inequalities of pairs of doubles, and the claim that they make."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from ...optim import ClippedSettings, StepSettings, certifiable
from ...problem.problem import Problem
from ...rigor import environment
from ...rigor.errors import NoVerdictError
from ...theory.statement import Statement
from ..claim import Claim, Inequality, bounds
from ..stored import Stored
from ..stored_graph import stored
from .conditions import Rule, high, low
from .numbers import BatchNumbers, hidden_layer
from .zero import near_zero

POSITIVE = "0 < lambda_min(K(c))"
NEAR = "alpha + int_0^eps dJ / sigma_min(J(c)) <= eps"
START = "|w_0 - c| + eps <= D"
STEP = "eta beta < 2"
CLIPPED = "0 < delta"
PROFILE = "0 < sg"


class Stepped(Protocol):
    """What was found for a step size."""

    @property
    def eta(self) -> float: ...  # noqa: D102


R = TypeVar("R")
C = TypeVar("C", bound=Stepped)
Sides = dict[str, tuple[float, float]]
Directed = dict[str, tuple[Literal["lower", "upper"], float]]


@dataclass(frozen=True, eq=False)
class AtCentre(ABC):
    """A theorem held against a problem at a centre.

    Attributes:
        start, centre: the stored doubles at w_0 and at c.
        numbers: at the centre.
        rule: the steps, eta a number where the hypotheses were found to hold.
        radii: eps, D, and the theorem's own, g among them.
        found: what the hypotheses compare at these, as computed; None where they have no meaning.
        names: the hypotheses in their order.
    """

    start: Stored
    centre: Stored
    numbers: BatchNumbers
    rule: Rule
    radii: Any
    found: Any
    names: ClassVar[tuple[str, ...]]

    @property
    def closes(self) -> bool:
        """Whether the hypotheses hold as computed."""
        return self.found is not None

    @abstractmethod
    def counted(self) -> Any:
        """What the hypotheses compare with round-off counted; None where one fails."""

    @abstractmethod
    def own_sides(self, c: Any) -> Sides:
        """Both sides of the theorem's own hypotheses."""

    @abstractmethod
    def own_bounds(self, c: Any) -> Directed:
        """The theorem's own bounds, with their direction."""

    @abstractmethod
    def own_witness(self) -> dict[str, float]:
        """The theorem's own numbers, for a recheck to begin with."""

    def inequalities(self, c: Any) -> tuple[Inequality, ...]:
        """The hypotheses as pairs of doubles, in their order."""
        common = {
            POSITIVE: (0.0, self.numbers.lambda_min),
            NEAR: (high(c.needed), self.radii.eps),
            START: (high(c.start), self.radii.d),
            STEP: (high(c.eta * c.beta), 2.0),
            CLIPPED: (0.0, low(c.floor)),
            PROFILE: (0.0, low(c.sg)),
        }
        return self._paired(common | self.own_sides(c))

    def as_computed(self) -> tuple[Inequality, ...]:
        """The hypotheses as computed in floats; those that were not reached have NaN sides."""
        if self.found is not None:
            return self.inequalities(self.found)
        n, r = self.numbers, self.radii
        needed = math.nan
        if math.isfinite(r.eps) and n.sigma > 0:
            needed = n.alpha + n.whole_share * n.moduli().sum_to(r.eps) / n.sigma
        return self._paired({POSITIVE: (0.0, n.lambda_min), NEAR: (needed, r.eps)})

    def _paired(self, sides: Sides) -> tuple[Inequality, ...]:
        pairs = ((name, *sides.get(name, (math.nan, math.nan))) for name in self.names)
        return tuple(Inequality(name, left, "<=" if "<=" in name else "<", right) for name, left, right in pairs)

    def proved(self, statement: Statement, settings: StepSettings, loss: str) -> Claim:
        """The hypotheses with round-off counted.

        Args:
            statement: the theorem in words.
            settings: the step rule that was asked for.
            loss: name of the problem's loss.

        Raises:
            NoVerdictError: an overflow, or the hypotheses have no meaning with round-off counted.
        """
        rule = certifiable(settings)
        if self.found is None:
            return Claim(statement, self.start, loss, rule, shortfall="no numbers were found at which it closes")
        rule = replace(rule, eta=self.rule.eta)
        c = self.counted()
        if c is None:
            raise NoVerdictError("with round-off counted a hypothesis fails")
        environment.require()
        n, r = self.numbers, self.radii
        common: Directed = {
            "lambda_min": ("lower", n.lambda_min),
            "beta": ("upper", high(c.beta)),
            "floor": ("lower", low(c.floor)),
            "profile": ("lower", low(c.sg)),
            "lost": ("upper", high(c.x)),
            "rate": ("upper", high(c.rate)),
            "required": ("upper", high(c.path)),
            "lipschitz": ("upper", high(c.whole)),
        }
        why = f"no recheck reads Theorem {statement.id} but of one hidden layer: not written"
        return Claim(
            statement,
            self.start,
            loss,
            rule,
            bounds(**common, **self.own_bounds(c)),
            self.inequalities(c),
            {**{f"c_{name}": value for name, value in self.centre.named().items()}, "multiplier": n.multiplier},
            {"batch": n.batches.size, "eps": r.eps, "start": r.d, "growth": r.g, **self.own_witness()},
            unwritten="" if hidden_layer(self.start) else why,
        )


A = TypeVar("A", bound=AtCentre)


def held_at_centres(
    problem: Problem, settings: StepSettings, at: Callable[[Stored, Stored, ClippedSettings], A]
) -> list[A]:
    """A theorem with the zero near w_0 as centre, and where that does not close with w_0 itself.

    Args:
        problem: network of class N or G, and data.
        settings: step rule, eta a number or "c/beta".
        at: from the stored doubles at w_0 and at the centre, and the step rule.

    Raises:
        NotAvailableError: not of class N or G, not smooth, or steps that certificates do not speak of.
        NoVerdictError: an overflow, or an eigenvalue bound that cannot be verified.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    rule = certifiable(settings)
    start, centres = start_and_centres(problem)
    found: list[A] = []
    for centre in centres:
        found.append(at(start, centre, rule))
        if found[-1].closes:
            break
    return found


def fixed_step(rule: Rule, search: Callable[[Rule], tuple[R, C | None]]) -> tuple[Rule, R, C | None]:
    """What a search finds; where the step was "c/beta", of the number that it has found for it."""
    radii, found = search(rule)
    if found is not None and rule.multiple is not None:
        rule = rule.fixed(found.eta)
        radii, found = search(rule)
    return rule, radii, found


def start_and_centres(problem: Problem) -> tuple[Stored, list[Stored]]:
    """The stored doubles at w_0, and at the centres to be tried: the zero near w_0, then w_0 itself.

    Raises:
        NotAvailableError: not of class N or G, or not smooth.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    environment.require()
    start, zero = stored(problem), near_zero(problem)
    return start, [start] if zero is None else [stored(zero), start]
