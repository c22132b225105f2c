"""Theorems about mini-batches: a zero of the loss near the weights, and hypotheses that are pairs of doubles there."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ..certification.batches.hypotheses import CLIPPED, NEAR, POSITIVE, START, AtCentre
from ..certification.claim import Claim, Inequality
from ..optim import StepSettings
from ..problem.batches import Batches
from ..problem.problem import Problem
from ..theory import Bound, Direction, NotAvailableError
from ..theory.verdict import Comparison, Row, unknown
from .hypotheses import SMOOTH, shortfall
from .protocol import Hypothesis, Question, Theorem
from .sources import OWN

STEPS_TO_ZERO = 20.0
"""Kernels at which the zero near the weights is looked for."""
COMMON = {
    POSITIVE: "at the centre c",
    NEAR: "then a zero of the loss is within eps of c",
    START: "then w_0 is within D of that zero",
    CLIPPED: "floor of h_t / eta, clipping counted where gradients are small",
}
"""What those hypotheses are for that say the same in each of them."""

A = TypeVar("A", bound=AtCentre)


@dataclass(frozen=True)
class Found(Generic[A]):
    """A theorem at a centre.

    Attributes:
        at: the centre and what was found there.
        claim: the proof, where round-off is counted.
    """

    at: A
    claim: Claim | None = None

    @property
    def sides(self) -> dict[str, Inequality]:
        """The hypotheses by name."""
        return {i.name: i for i in (self.at.as_computed() if self.claim is None else self.claim.inequalities)}


def judged(name: str, how: str) -> Callable[[Question, Found[A] | None], Row]:
    """What judges the hypothesis of that name, and says what it is for."""

    def judge(q: Question, found: Found[A] | None) -> Row:
        if found is None:
            return unknown("not looked at")
        side = found.sides[name]
        if math.isnan(side.left) or math.isnan(side.right):
            return unknown(how)
        counted = found.claim is not None
        left, right = Bound(side.left, Direction.UPPER, how, counted), Bound(side.right, Direction.LOWER, how, counted)
        # What is only to be positive, or at least 1, is what was measured.
        if name.startswith(("0 <", "1 <=")):
            return Row(Comparison(right, ">" if side.relation == "<" else ">=", left), how)
        return Row(Comparison(left, side.relation, right), how)

    return judge


def rows(names: Iterable[str], how: Mapping[str, str]) -> tuple[Hypothesis, ...]:
    """The hypotheses of a theorem in their order; `how` says what its own are for."""
    known = {**COMMON, **how}
    return SMOOTH, *(Hypothesis(name, judged(name, known[name])) for name in names)


class BatchTheorem(Theorem, Generic[A]):
    """A theorem whose steps see mini-batches; a subclass says what it looks for at a centre."""

    citation = OWN
    at_checkpoint = True
    certifiable = True

    @abstractmethod
    def look(self, problem: Problem, settings: StepSettings, batches: Batches) -> A:
        """The theorem at the zero near w_0, else at w_0, with the options left as they are."""

    @abstractmethod
    def reach(self, at: A) -> float:
        """The distance from a zero within which it closes; 0 where none is known."""

    def asked(self, question: Question) -> A:
        """As `look`, with the question's options."""
        assert question.batches is not None
        return self.look(question.problem, question.settings, question.batches)

    def search(self, question: Question) -> Found[A] | None:
        """The theorem at the zero near w_0, else at w_0; None where the kernel is singular.

        Raises:
            InvalidInputError: an option out of its range.
            NotAvailableError: a network without bounds, or more work than is allowed.
        """
        at = question.at
        if at.singular is not None:
            return None
        if at.unavailable is not None or at.profile is None:
            raise NotAvailableError(at.unavailable or "no bounds over a ball")
        if at.profile.bounds.kinked:
            raise NotAvailableError(f"Theorem {self.id} speaks of smooth networks only")
        outputs, size = question.problem.y.numel(), sum(p.numel() for p in question.problem.parameters())
        question.allow(STEPS_TO_ZERO * (float(outputs) ** 2 * size / max(1, question.problem.x[0].numel())))
        return Found(self.asked(question))

    def prove(self, question: Question, found: Found[A]) -> Found[A]:
        """The same numbers with round-off counted."""
        claim = found.at.proved(self.statement, question.settings, str(question.problem.objective))
        claim.require_holds()
        return replace(found, claim=claim)

    def proof_on_batches(self, problem: Problem, settings: StepSettings, batches: Batches) -> Claim:
        """The proof at the zero near the weights, or at the weights."""
        return self.look(problem, settings, batches).proved(self.statement, settings, str(problem.objective))

    def certificate(self, found: Found[A]) -> Claim | None:
        """The proof, where a recheck can read it."""
        return found.claim if found.claim is not None and not found.claim.unwritten else None

    def step(self, question: Question, found: Found[A] | None) -> float | None:
        """Eta, where numbers were found."""
        return None if found is None or found.at.found is None else found.at.rule.eta

    def shortfall(self, question: Question, found: Found[A] | None, rows: list[Row]) -> str:
        """What is open, and the distance from a zero at which it would close."""
        if found is None or found.at.closes:
            return shortfall(question, rows)
        near = self.reach(found.at)
        away = f"w_0 is {found.at.numbers.distance:.4g} from the centre"
        closes = f"it closes within {near:.3g}" if near > 0 else "it closes at no distance that was tried"
        return f"{away}; {closes}"
