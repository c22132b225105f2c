"""Theorem F1: mini-batches, every order of the batches in every epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..certification.batches.certify import (
    CLIPPED,
    GROWTH,
    LOST,
    NAMES,
    NEAR,
    POSITIVE,
    PROFILE,
    START,
    STAYS,
    STEP,
    EveryOrder,
    as_computed,
    every_order,
    proved,
)
from ..certification.batches.conditions import high, reach
from ..certification.claim import Claim, Inequality
from ..optim import StepSettings
from ..optim.guard import uniform_floor
from ..problem.batches import Batches
from ..problem.problem import Problem
from ..rigor.errors import NoVerdictError
from ..runs.epochs import EpochPromise
from ..runs.promise import Promise
from ..theory import Bound, Direction, InvalidInputError, NotAvailableError
from ..theory.verdict import Comparison, Row, unknown
from .hypotheses import SMOOTH, shortfall
from .protocol import Hypothesis, Question, Theorem
from .sources import PROJECT

STEPS_TO_ZERO = 20.0
"""Kernels at which the zero near the weights is looked for."""


@dataclass(frozen=True)
class Found:
    """The theorem at a centre.

    Attributes:
        at: the centre and what was found there.
        claim: the proof, where round-off is counted.
    """

    at: EveryOrder
    claim: Claim | None = None

    @property
    def sides(self) -> dict[str, Inequality]:
        """The hypotheses by name."""
        found = as_computed(self.at) if self.claim is None else self.claim.inequalities
        return {i.name: i for i in found}


HOW = {
    POSITIVE: "at the centre c",
    NEAR: "then a zero of the loss is within eps of c",
    START: "then w_0 is within D of that zero",
    STEP: "beta the largest ||J_B||^2 where the iterates are",
    CLIPPED: "floor of h_t / eta, clipping counted where gradients are small",
    GROWTH: "then the distance grows by no more than g within an epoch",
    PROFILE: "then the residual is at least sg times the distance",
    LOST: "share of an epoch's decrease that curvature takes",
    STAYS: "then all iterates are within V of the zero",
}


def judged(name: str) -> Callable[[Question, Found | None], Row]:
    """What judges the hypothesis of that name."""

    def judge(q: Question, found: Found | None) -> Row:
        if found is None:
            return unknown("not looked at")
        side = found.sides[name]
        if math.isnan(side.left) or math.isnan(side.right):
            return unknown(HOW[name])
        counted = found.claim is not None
        left = Bound(side.left, Direction.UPPER, HOW[name], counted)
        right = Bound(side.right, Direction.LOWER, HOW[name], counted)
        return Row(Comparison(left, side.relation, right), HOW[name])

    return judge


def promised(question: Question, found: Found) -> EpochPromise | None:
    """Per step and per epoch; None where the hypotheses were not found to hold."""
    c, r = found.at.found, found.at.radii
    if c is None:
        return None
    factor, path, slope, least = float(c.rate), float(c.path), high(c.whole), float(c.sg)
    if found.claim is not None:
        factor, path = found.claim["rate"], found.claim["required"]
        slope, least = found.claim["lipschitz"], found.claim["profile"]
    root = math.sqrt(question.problem.scale)
    return EpochPromise(
        eta=found.at.rule.eta,
        floor=uniform_floor(question.settings),
        radius=path,
        count=found.at.numbers.parts.count,
        factor=factor,
        start=r.d,
        stay=r.v,
        growth=r.g,
        slope=root * slope,
        least=root * least,
    )


class EveryOrderOfBatches(Theorem):
    """The distance to a zero in place of the loss: every batch of a linear problem lowers it."""

    id = "F1"
    title = "mini-batches in every order"
    citation = PROJECT
    hypotheses = (SMOOTH, *(Hypothesis(name, judged(name)) for name in NAMES))
    conclusion = (
        "for every order of the batches in every epoch, with D_e the distance to the zeros of L at its start: "
        "D_{e+1}^2 <= q D_e^2, path length at most R, w_t converges to a zero of L"
    )
    claims = ("batch_step", "batch_epoch", "batch_fejer", "batch_half")
    orders = ("shuffle", "fixed")
    at_checkpoint = True
    certifiable = True

    def search(self, question: Question) -> Found | None:
        """The theorem at the zero near w_0, else at w_0; None where the kernel is singular.

        Raises:
            NotAvailableError: a network without bounds, or more work than is allowed.
        """
        at = question.at
        if at.singular is not None:
            return None
        if at.unavailable is not None or at.profile is None:
            raise NotAvailableError(at.unavailable or "no bounds over a ball")
        if at.profile.bounds.kinked:
            raise NotAvailableError("Theorem F1 speaks of smooth networks only")
        assert question.batches is not None
        outputs, size = question.problem.y.numel(), sum(p.numel() for p in question.problem.parameters())
        question.allow(STEPS_TO_ZERO * (float(outputs) ** 2 * size / max(1, question.problem.x[0].numel())))
        return Found(every_order(question.problem, question.settings, question.batches)[-1])

    def prove(self, question: Question, found: Found) -> Found:
        """The same numbers with round-off counted."""
        claim = proved(found.at, self.statement, question.settings, str(question.problem.objective))
        if not claim.holds:
            failing = next(i for i in claim.inequalities if not i.holds)
            raise NoVerdictError(f"{failing.name}, {failing.left:.10g} against {failing.right:.10g}")
        return replace(found, claim=claim)

    def certify(self, problem: Problem, settings: StepSettings) -> Claim:
        """Refused: it speaks of batches.

        Raises:
            InvalidInputError: always.
        """
        raise InvalidInputError(self.outside(None, problem.objective))

    def certify_batches(self, problem: Problem, settings: StepSettings, batches: Batches) -> Claim:
        """The proof at the zero near the weights, or at the weights."""
        outside = self.outside(batches, problem.objective)
        if outside:
            raise InvalidInputError(outside)
        return proved(every_order(problem, settings, batches)[-1], self.statement, settings, str(problem.objective))

    def certificate(self, found: Found) -> Claim | None:
        """The proof, where a recheck can read it."""
        return found.claim if found.claim is not None and not found.claim.unwritten else None

    def step(self, question: Question, found: Found | None) -> float | None:
        """Eta, where the hypotheses hold."""
        return None if found is None or found.at.found is None else found.at.rule.eta

    def promise(self, question: Question, found: Found) -> Promise | None:
        """Per step and per epoch."""
        return promised(question, found)

    def shortfall(self, question: Question, found: Found | None, rows: list[Row]) -> str:
        """What is open, and the distance from a zero at which it would close."""
        if found is None or found.at.found is not None:
            return shortfall(question, rows)
        near = reach(found.at.numbers, found.at.rule)
        away = f"w_0 is {found.at.numbers.distance:.4g} from the centre"
        closes = f"it closes within {near:.3g}" if near > 0 else "it closes at no distance that was tried"
        return f"{away}; {closes}"


THEOREM = EveryOrderOfBatches()
