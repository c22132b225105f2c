"""Theorem F2: mini-batches drawn at random, with high probability and in the mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..certification.batches.certify import CLIPPED, NEAR, POSITIVE, PROFILE, START, STEP
from ..certification.batches.certify_drawn import (
    ALLOWED,
    GROWN,
    LEFT,
    LOST,
    NAMES,
    Drawn,
    drawn_as_computed,
    drawn_batches,
    proved_drawn,
)
from ..certification.batches.drawn import drawn_reach
from ..certification.claim import Claim, Inequality
from ..optim import StepSettings
from ..problem.batches import Batches
from ..problem.problem import Problem
from ..rigor.errors import NoVerdictError
from ..theory import Bound, Direction, InvalidInputError, NotAvailableError
from ..theory.verdict import Comparison, Row, unknown
from .f1 import STEPS_TO_ZERO
from .hypotheses import SMOOTH, shortfall
from .protocol import Hypothesis, Question, Theorem, options_of
from .sources import PROJECT


@dataclass(frozen=True)
class Found:
    """The theorem at a centre.

    Attributes:
        at: the centre and what was found there.
        claim: the proof, where round-off is counted.
    """

    at: Drawn
    claim: Claim | None = None

    @property
    def sides(self) -> dict[str, Inequality]:
        """The hypotheses by name."""
        found = drawn_as_computed(self.at) if self.claim is None else self.claim.inequalities
        return {i.name: i for i in found}


HOW = {
    POSITIVE: "at the centre c",
    NEAR: "then a zero of the loss is within eps of c",
    START: "then w_0 is within D of that zero",
    STEP: "beta the largest ||J_B||^2 of any subset where the iterates are",
    CLIPPED: "floor of h_t / eta, clipping counted where gradients are small",
    GROWN: "then the distance to that zero grows by no more than G before the ball is left",
    PROFILE: "then the residual is at least sg times the distance to the zeros",
    LOST: "share of the mean decrease that curvature takes",
    LEFT: "by Markov's inequality, or by a supermartingale where x G <= .4",
}


def _judged(name: str) -> Callable[[Question, Found | None], Row]:
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


class BatchesAtRandom(Theorem):
    """The mean of the squared distance to the zeros falls; a supermartingale bounds how far a run may stray."""

    id = "F2"
    title = "mini-batches drawn at random"
    citation = PROJECT
    hypotheses = (SMOOTH, *(Hypothesis(name, _judged(name)) for name in NAMES))
    conclusion = (
        "every step sees a subset drawn anew: with probability at least 1 - p all iterates stay within G D of a zero "
        "of L and w_t converges to a zero of L; in expectation over the batches, the runs that leave counted as 0, "
        "D_t^2 <= q^t D^2 and the path length is at most R; of a single run nothing is claimed"
    )
    claims = ("batch_step", "batch_epoch", "drawn_share", "drawn_exponential", "drawn_supermartingale")
    orders = ("random",)
    options = ("failure",)
    at_checkpoint = True
    certifiable = True

    def search(self, question: Question) -> Found | None:
        """The theorem at the zero near w_0, else at w_0; None where the kernel is singular.

        Raises:
            InvalidInputError: `failure` is no probability above 0 and below 1.
            NotAvailableError: a network without bounds, or more work than is allowed.
        """
        allowed = options_of(question, {"failure": ALLOWED})["failure"]
        if not 0 < allowed < 1:
            raise InvalidInputError(f"theorem.options.failure = {allowed!r}: allowed are numbers above 0 and below 1")
        at = question.at
        if at.singular is not None:
            return None
        if at.unavailable is not None or at.profile is None:
            raise NotAvailableError(at.unavailable or "no bounds over a ball")
        if at.profile.bounds.kinked:
            raise NotAvailableError("Theorem F2 speaks of smooth networks only")
        assert question.batches is not None
        outputs, size = question.problem.y.numel(), sum(p.numel() for p in question.problem.parameters())
        question.allow(STEPS_TO_ZERO * (float(outputs) ** 2 * size / max(1, question.problem.x[0].numel())))
        return Found(drawn_batches(question.problem, question.settings, question.batches, float(allowed)))

    def prove(self, question: Question, found: Found) -> Found:
        """The same numbers with round-off counted."""
        claim = proved_drawn(found.at, self.statement, question.settings, str(question.problem.objective))
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
        """The proof at the zero near the weights, or at the weights, with p = .05."""
        outside = self.outside(batches, problem.objective)
        if outside:
            raise InvalidInputError(outside)
        return proved_drawn(drawn_batches(problem, settings, batches), self.statement, settings, str(problem.objective))

    def certificate(self, found: Found) -> Claim | None:
        """The proof, where a recheck can read it."""
        return found.claim if found.claim is not None and not found.claim.unwritten else None

    def step(self, question: Question, found: Found | None) -> float | None:
        """Eta, where x G < 1."""
        return None if found is None or found.at.found is None else found.at.rule.eta

    def concluded(self, question: Question, found: Found) -> str:
        """The conclusion with its numbers, and the radius that the classical route asks for with the same p."""
        c, r = found.at.found, found.at.radii
        if c is None:
            return self.conclusion
        failure, rate, path = float(c.failure), float(c.rate), float(c.path)
        if found.claim is not None:
            failure, rate, path = found.claim["failure"], found.claim["rate"], found.claim["required"]
        return (
            f"{self.conclusion}; here p = {failure:.3g}, G D = {r.g * r.d:.4g}, 1 - q = {1 - rate:.3g}, "
            f"R = {path:.4g}; "
            f"for p = {found.at.allowed:g} the radius of [LZB22, Theorem 7] is about {classical(question, found):.3g}"
        )

    def shortfall(self, question: Question, found: Found | None, rows: list[Row]) -> str:
        """What is open, and the distance from a zero at which it would close."""
        if found is None or found.at.closes:
            return shortfall(question, rows)
        near = drawn_reach(found.at.numbers, found.at.rule, found.at.allowed)
        away = f"w_0 is {found.at.numbers.distance:.4g} from the centre"
        closes = f"it closes within {near:.3g}" if near > 0 else "it closes at no distance that was tried"
        return f"{away}; {closes}"


def classical(question: Question, found: Found) -> float:
    """2 sqrt(2 beta L_0) / (mu p) of [LZB22, Theorem 7], L and mu of the mean over the batches, as computed.

    With sums over batches of which each sample is in a share p_b: L_0 = p_b |r_0|^2 / 2 and mu = p_b sigma^2, beta that
    of one batch. sigma is that of the centre, where the classical theorem asks for the smallest in its ball: its radius
    is no smaller than this.
    """
    n, c = found.at.numbers, found.at.found
    assert c is not None
    p = question.problem
    share = n.batches.size / len(p.x)
    residual = float(p.residual().detach().norm())
    return 2 * math.sqrt(float(c.beta) / share) * residual / (n.lambda_min * found.at.allowed)


THEOREM = BatchesAtRandom()
