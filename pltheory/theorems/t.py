"""Theorem T: the exact run over finitely many stored steps, enclosed around the computed one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..certification.claim import Claim
from ..certification.finite import FiniteRun, Outcome, finite_claim, follow
from ..certification.finite.outputs import OUTPUT_LOSSES
from ..certification.finite.rule import stored_rule
from ..certification.stored import require_unchanged, stored_arrays
from ..optim import StepSettings, certifiable
from ..optim.recursion import Form
from ..problem.batches import Batches
from ..problem.loss import Loss
from ..problem.problem import Problem
from ..runs.finite import FinitePromise
from ..runs.loop import Progress
from ..runs.promise import Promise
from ..theory import Bound, Direction, InvalidInputError
from ..theory.digits import above, below
from ..theory.verdict import Comparison, Fact, Row, unknown
from .hypotheses import SMOOTH, shortfall
from .protocol import STEPS, Hypothesis, Question, Theorem, options_of
from .sources import OWN

DEFAULT_STEPS = 100
"""T where nothing else is said."""


@dataclass(frozen=True)
class Followed:
    """A run that was followed, round-off counted.

    Attributes:
        eta: the largest step.
        result: what came of it.
        claim: the certificate, whether it holds or not.
    """

    eta: float
    result: FiniteRun
    claim: Claim


def _closes(q: Question, found: Followed | None) -> Row:
    return unknown("not looked at") if found is None else closed(found.result)


def closed(r: FiniteRun) -> Row:
    """Whether the last step was reached."""
    counts = ", ".join(f"{k} {v}" for k, v in r.branches.items()) or "none"
    how = f"T = {r.steps} steps ({counts}), growth 10^{math.log10(max(r.growth, 1.0)):.1f}"
    return Row(Fact("finite", f"|x_T - w_T| ≤ {above(r.apart, 2)}", True if r.outcome is not None else None), how)


def _narrow(q: Question, found: Followed | None) -> Row:
    return narrowed(None if found is None else found.result.outcome)


def narrowed(outcome: Outcome | None) -> Row:
    """Whether the enclosure of the loss says something."""
    if outcome is None:
        return unknown("the last step was not reached")
    width = Bound(outcome.width, Direction.UPPER, "round-off included", rounded=True)
    first = Bound(outcome.first.lo, Direction.LOWER, "round-off included", rounded=True)
    return Row(Comparison(width, "<", first, "width"), said(outcome))


def said(o: Outcome) -> str:
    """What is enclosed, in a phrase; numbers are rounded outward."""
    parts = [f"training loss between {below(o.loss.lo)} and {above(o.loss.hi)}"]
    if o.right is not None and o.wrong is not None:
        sure = o.right + o.wrong == o.samples
        counts = f"{o.right} of {o.samples}" if sure else f"{o.right} to {o.samples - o.wrong} of {o.samples}"
        share = f"{o.right / o.samples:.4g} " if sure else ""
        parts.append(f"accuracy {share}({counts}), margin at least {below(o.margin, 4)}")
    parts.append(f"{below(o.distance.lo, 7)} to {above(o.distance.hi, 7)} away from w_0")
    parts.append(f"path {below(o.path.lo, 7)} to {above(o.path.hi, 7)}")
    return ", ".join(parts)


def promised(eta: float, r: FiniteRun) -> FinitePromise | None:
    """What a run of the same steps must show at step T; None where that was not reached."""
    if r.outcome is None:
        return None
    return FinitePromise(
        eta, since=r.steps, outcome=r.outcome, factors=tuple(s.factor for s in r.records),
        spread=r.expansion.spread, reach=r.expansion.reach,
    )  # fmt: skip


class FiniteTime(Theorem):
    """Exact iterates of stored steps within a proved distance of the computed ones; what follows at the last."""

    id = "T"
    title = "verified finite time"
    citation = OWN
    hypotheses = (
        SMOOTH,
        Hypothesis("the error recursion closes over T steps", _closes),
        Hypothesis("the loss after T steps is enclosed, narrower than L(w_0)", _narrow),
    )
    conclusion = (
        "loss, accuracy, margin, distance and path of the exact iterate after T stored steps from w_0, with momentum "
        "from an empty buffer, d_0 = 0, are as enclosed, whatever sigma_min and eta are"
    )
    claims = (
        "expansion_constant",
        "expansion_band",
        "matrix_norm",
        "momentum_coordinates",
        "momentum_ends",
        "trajectory_error",
    )
    forms = frozenset({Form.PLAIN, Form.SCHEDULED, Form.INSIDE})
    losses = tuple(OUTPUT_LOSSES)
    options = ("steps",)

    certifiable = True

    def outside(self, batches: Batches | None, loss: Loss) -> str:
        """It speaks of any batches, since they are stored, one after another; empty where it does of the loss."""
        return self.outside_workers(batches) if loss.name in self.losses else super().outside(batches, loss)

    def search(self, question: Question) -> Followed | None:
        """The run over the stored steps.

        Raises:
            InvalidInputError: a number of steps out of its range.
            NotAvailableError: another network than fully connected smooth layers, or a rule that it does not follow.
        """
        steps = options_of(question, {"steps": DEFAULT_STEPS})["steps"]
        if not 1 <= steps <= STEPS:
            raise InvalidInputError(f"theorem.options.steps = {steps}: allowed are 1 to {STEPS}")
        question.require_fully_connected(self.id)
        return self._followed(question.problem, question.settings, steps, question.batches, question.progress)

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """The certificate of `DEFAULT_STEPS` steps that see all samples."""
        return self._followed(problem, settings, DEFAULT_STEPS, None, None).claim

    def proof_on_batches(self, problem: Problem, settings: StepSettings, batches: Batches) -> Claim:
        """The same of steps that see these batches."""
        return self._followed(problem, settings, DEFAULT_STEPS, batches, None).claim

    def _followed(
        self, problem: Problem, settings: StepSettings, steps: int, batches: Batches | None, progress: Progress | None
    ) -> Followed:
        start, chosen = stored_arrays(problem), certifiable(settings, self.forms)
        eta, rule = stored_rule(problem, start, chosen, batches, steps)

        def told(t: int, eps: float, growth: float) -> None:
            if progress is not None:
                progress(t, steps, f"enclosing, error {eps:.0e}")

        found = follow(start, rule, told)
        require_unchanged(start, stored_arrays(problem))
        claim = finite_claim(self.statement, str(problem.objective), replace(chosen, eta=eta), found)
        return Followed(eta, found, claim)

    def certificate(self, found: Followed) -> Claim | None:
        """The run, where everything about it is proved."""
        return found.claim if found.claim.holds else None

    def step(self, question: Question, found: Followed | None) -> float | None:
        """Eta of the run."""
        return None if found is None else found.eta

    def concluded(self, question: Question, found: Followed) -> str:
        """The enclosures in words."""
        o = found.result.outcome
        return self.conclusion if o is None else f"after {found.result.steps} steps the exact iterate has {said(o)}"

    def promise(self, question: Question, found: Followed) -> Promise | None:
        """What a run of the same steps must show at step T."""
        return promised(found.eta, found.result)

    def shortfall(self, question: Question, found: Followed | None, rows: list[Row]) -> str:
        """Where the run was lost."""
        return shortfall(question, rows) if found is None else found.result.obstruction


THEOREM = FiniteTime()
