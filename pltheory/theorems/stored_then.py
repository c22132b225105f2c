"""A run that Theorem T encloses, and a theorem about a ball from where it ends, for every start within its error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

from ..certification.centre import Centre
from ..certification.claim import Claim
from ..certification.end import centre_at, followed_by, from_end, length, point_ahead, problem_at
from ..certification.finite import FiniteRun, follow
from ..certification.finite.rule import stored_rule
from ..certification.finite.run import Enough
from ..certification.finite.step import Pair
from ..certification.stored import require_unchanged, stored_arrays
from ..certification.trajectory.growth import Expansion
from ..optim import ClippedSettings, StepSettings, certifiable
from ..problem.batches import Batches
from ..problem.loss import Loss
from ..problem.problem import Problem
from ..rigor.errors import NoVerdictError
from ..runs.handover import HandoverPromise
from ..runs.loop import Progress
from ..runs.promise import Promise
from ..theory import Bound, Direction, InvalidInputError, NotAvailableError
from ..theory.digits import above
from ..theory.verdict import Comparison, Row, unknown
from . import t
from .hypotheses import SMOOTH, shortfall
from .on_ball import Ball
from .protocol import STEPS, Hypothesis, Question, Theorem, options_of
from .sources import OWN

GROWING = 1.2
"""Steps up to the next look over those up to the last."""

MARGIN = 1.1
"""By so much there is more than what is needed, as computed, where the stored run ends."""


class NearWeights(Protocol):
    """A theorem about a ball around any weights, in floats and proved about a centre."""

    @property
    def id(self) -> str:
        """As of `Theorem`."""
        ...

    def near(self, problem: Problem, settings: StepSettings, options: Mapping[str, Any], buffer: float = 0.0) -> Ball:
        """The ball at a problem's weights, in floats, for a buffer of that length at the start."""
        ...

    def proved_near(self, problem: Problem, settings: StepSettings, found: Any, centre: Centre | None) -> Ball:
        """The same with proved constants, for every start that the centre is about."""
        ...

    def promise(self, question: Question, found: Any) -> Promise | None:
        """As of `Theorem`."""
        ...

    def consequences(self, question: Question, found: Any) -> list[Row]:
        """As of `Theorem`."""
        ...


@dataclass(frozen=True)
class Found:
    """A run that was followed, round-off counted, and what holds from its end on.

    Attributes:
        eta: the largest step.
        run: of the stored steps.
        then: the theorem's ball about the end, proved; None where it is not.
        claim: of both, where both are proved.
        obstruction: what failed; empty where nothing did.
    """

    eta: float
    run: FiniteRun
    then: Ball | None
    claim: Claim | None
    obstruction: str


def _closes(q: Question, found: Found | None) -> Row:
    return unknown("not looked at") if found is None else t.closed(found.run)


def _narrow(q: Question, found: Found | None) -> Row:
    return t.narrowed(None if found is None else found.run.outcome)


def _later(name: str) -> Hypothesis:
    said = from_end(name)

    def judge(q: Question, found: Found | None) -> Row:
        if found is None or found.claim is None:
            return unknown("not proved from the end of the run")
        side = next(i for i in found.claim.inequalities if i.name == said)
        how = "for every start in B(w~_T, eps_T), round-off included"
        left, right = (
            Bound(value, kind, how, rounded=True)
            for value, kind in ((side.left, Direction.UPPER), (side.right, Direction.LOWER))
        )
        positive = side.left == 0 and side.relation == "<"
        return Row(Comparison(right, ">", left) if positive else Comparison(left, side.relation, right), how)

    return Hypothesis(said, judge)


def followed_then(names: Sequence[str]) -> tuple[Hypothesis, ...]:
    """Theorem T's hypotheses, and those of a theorem about a ball, named as its certificate names them."""
    return (
        SMOOTH,
        Hypothesis("the error recursion closes over T steps", _closes),
        Hypothesis("the loss after T steps is enclosed, narrower than L(w_0)", _narrow),
        *map(_later, names),
    )


class StoredThen(Theorem):
    """The exact iterate after stored steps is known so well that a theorem about a ball holds from there on.

    Attributes:
        then: the theorem that follows.
        defaults: of the options; 0 steps are as many as it takes until `then` closes.
    """

    then: NearWeights
    defaults: ClassVar[Mapping[str, Any]] = {"steps": 0}
    citation = OWN
    certifiable = True

    def outside(self, batches: Batches | None, loss: Loss) -> str:
        """It speaks of any batches that end: later steps see all samples."""
        if batches is None or loss.name not in self.losses:
            return super().outside(None, loss)
        if batches.until is None:
            speaks = f"Theorem {self.id} speaks of steps that see all samples after the stored ones"
            return f"{speaks}: run.batch_until is missing"
        return ""

    def search(self, question: Question) -> Found:
        """The stored run, enclosed, and the proof from its end on.

        Raises:
            InvalidInputError: an option that is not allowed.
            NotAvailableError: another network than fully connected smooth layers, or nothing is left to be said.
        """
        options = options_of(question, self.defaults)
        if not 0 <= options["steps"] <= STEPS:
            raise InvalidInputError(f"theorem.options.steps = {options['steps']}: allowed are 1 to {STEPS}")
        question.require_fully_connected(self.id)
        q = question
        return self._found(q.problem, q.settings, q.batches, q.options, min(q.steps, STEPS), q.progress)

    def _found(
        self,
        problem: Problem,
        settings: StepSettings,
        batches: Batches | None,
        options: Mapping[str, Any],
        most: int,
        progress: Progress | None,
    ) -> Found:
        start, chosen = stored_arrays(problem), certifiable(settings, self.forms)
        steps, first = options.get("steps", 0), 1 if batches is None else batches.until or 1
        most = steps or most
        if most < first:
            raise InvalidInputError(f"theorem.options.steps = {most}: is below run.batch_until = {first}")
        eta, rule = stored_rule(problem, start, chosen, batches, most)
        chosen = replace(chosen, eta=eta)

        def told(step: int, eps: float, growth: float) -> None:
            if progress is not None:
                progress(step, most, f"enclosing, error {eps:.0e}")

        run = follow(start, rule, told, None if steps else self._looks(problem, chosen, options, first))
        require_unchanged(start, stored_arrays(problem))
        if run.outcome is None or run.obstruction:
            return Found(eta, run, None, None, run.obstruction)
        there = problem_at(problem, point_ahead(run.final, run.expansion))
        found = self._near(there, chosen, options, run.steps, length(run.final))
        if not found.constants.holds:
            why = f"after {run.steps} steps Theorem {self.then.id} does not close: there is {found.constants.ratio:.3g}"
            return Found(eta, run, None, None, f"{why} of what is needed")
        try:
            then = self.then.proved_near(there, chosen, found, centre_at(run))
        except NoVerdictError as error:
            return Found(eta, run, None, None, f"from B(w~_T, {run.apart:.3g}): {error}")
        assert then.certificate is not None
        claim = followed_by(self.statement, str(problem.objective), chosen, run, then.certificate)
        return Found(eta, run, then, claim, "")

    def _near(
        self, there: Problem, settings: ClippedSettings, options: Mapping[str, Any], step: int, buffer: float
    ) -> Ball:
        try:
            return self.then.near(there, settings, options, buffer)
        except NotAvailableError as error:
            raise NotAvailableError(f"after {step} stored steps: {error}") from None

    def _looks(self, problem: Problem, settings: ClippedSettings, options: Mapping[str, Any], first: int) -> Enough:
        """Whether the theorem that follows closes with room, asked after growing numbers of steps from `first` on."""
        due = first

        def enough(step: int, state: Pair, expansion: Expansion) -> bool:
            nonlocal due
            if step < due:
                return False
            due = max(step + 1, math.ceil(GROWING * step))
            there = problem_at(problem, point_ahead(state, expansion))
            on = self._near(there, settings, options, step, length(state)).constants
            return on.holds and on.ratio > MARGIN

        return enough

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """The proof, the stored run as long as it must be."""
        return self._claim(problem, settings, None)

    def proof_on_batches(self, problem: Problem, settings: StepSettings, batches: Batches) -> Claim:
        """The same where the first steps see batches."""
        return self._claim(problem, settings, batches)

    def _claim(self, problem: Problem, settings: StepSettings, batches: Batches | None) -> Claim:
        found = self._found(problem, settings, batches, {}, STEPS, None)
        if found.claim is None:
            raise NoVerdictError(found.obstruction)
        return found.claim

    def certificate(self, found: Found) -> Claim | None:
        """The proof, where a recheck can read it."""
        return found.claim if found.claim is not None and not found.claim.unwritten else None

    def step(self, question: Question, found: Found | None) -> float | None:
        """Eta of the run."""
        return None if found is None else found.eta

    def concluded(self, question: Question, found: Found) -> str:
        """The conclusion with T and the growth of the error."""
        run = found.run
        return (
            f"after T = {run.steps} stored steps the exact iterate is within {above(run.apart, 2)} of the computed one "
            f"(growth 10^{math.log10(max(run.growth, 1.0)):.1f}); {self.conclusion}"
        )

    def consequences(self, question: Question, found: Found) -> list[Row]:
        """Those of the theorem that follows, whose steps are counted from the end of the stored ones."""
        if found.then is None:
            return []
        rows = self.then.consequences(question, found.then)
        return [replace(r, how=f"{r.how}; steps counted from the end of the stored ones") for r in rows]

    def promise(self, question: Question, found: Found) -> HandoverPromise | None:
        """Loss and path at step T, and the inequalities of the theorem that follows from there on."""
        first = t.promised(found.eta, found.run)
        later = None if found.then is None else self.then.promise(question, found.then)
        if first is None or later is None:
            return None
        return HandoverPromise(
            found.eta, floor=later.floor, radius=later.radius, since=first.since, level=later.level, first=first,
            then=later.beside(found.run.apart, 0.0),
        )  # fmt: skip

    def shortfall(self, question: Question, found: Found | None, rows: list[Row]) -> str:
        """What stops it."""
        return shortfall(question, rows) if found is None or not found.obstruction else found.obstruction
