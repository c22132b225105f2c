"""Theorem F3: stored mini-batches first, then every order of the batches in every epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..certification.batches.certify import EveryOrder
from ..certification.batches.hypotheses import START
from ..certification.claim import Claim
from ..certification.handover import FROM_END, Handover, hand_over, handover_claim
from ..optim import StepSettings
from ..problem.batches import Batches
from ..problem.problem import Problem
from ..runs.handover import HandoverPromise
from ..runs.promise import Promise
from ..theory import NotAvailableError
from ..theory.digits import above, below
from ..theory.verdict import Row, unknown
from . import f1, t
from .hypotheses import SMOOTH, shortfall
from .on_batches import COMMON, judged
from .on_batches import Found as OnCentre
from .protocol import STEPS, Hypothesis, Question, Theorem
from .sources import OWN


@dataclass(frozen=True)
class Found:
    """A stored run, and Theorem F1 from its end.

    Attributes:
        at: both, F1 as computed.
        claim: the proof, where round-off is counted in F1 too.
        of_then: F1's part of it.
    """

    at: Handover
    claim: Claim | None = None
    of_then: Claim | None = None

    @property
    def then(self) -> OnCentre[EveryOrder] | None:
        """Theorem F1 from the end of the run."""
        return None if self.at.then is None else OnCentre(self.at.then, self.of_then)


def _closes(q: Question, found: Found | None) -> Row:
    return unknown("no end of the run was found") if found is None else t.closed(found.at.run)


def _narrow(q: Question, found: Found | None) -> Row:
    return t.narrowed(None if found is None else found.at.run.outcome)


def _then(name: str) -> Hypothesis:
    judge = judged(name, {**COMMON, **f1.HOW}[name])

    def from_end(q: Question, found: Found | None) -> Row:
        row = judge(q, None if found is None else found.then)
        return replace(row, how="then x_T is within D of that zero") if name == START else row

    return Hypothesis(FROM_END if name == START else name, from_end)


class StoredThenEveryOrder(Theorem):
    """The exact iterate after stored steps is known so well that every order may follow."""

    id = "F3"
    title = "stored mini-batches, then every order"
    citation = OWN
    hypotheses = (
        SMOOTH,
        Hypothesis("the error recursion closes over T steps", _closes),
        Hypothesis("the loss after T steps is enclosed, narrower than L(w_0)", _narrow),
        *map(_then, EveryOrder.names),
    )
    conclusion = (
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, for every order of the batches "
        "in every epoch, with D_e the distance to the zeros of L at its start: D_{e+1}^2 <= q D_e^2, path length at "
        "most R, w_t converges to a zero of L"
    )
    claims = (
        "expansion_constant", "expansion_band", "matrix_norm", "trajectory_error", "batch_step", "batch_epoch",
        "batch_inside", "batch_fejer", "batch_half",
    )  # fmt: skip
    orders = ("shuffle", "fixed")
    certifiable = True

    def search(self, question: Question) -> Found | None:
        """The stored run up to where Theorem F1 closes, enclosed; None where it does not within the steps allowed.

        Raises:
            NotAvailableError: another network than fully connected smooth layers.
        """
        question.require_fully_connected(self.id)
        assert question.batches is not None
        told = question.progress
        found = hand_over(
            question.problem,
            question.settings,
            question.batches,
            min(question.steps, STEPS),
            None if told is None else lambda steps: told(steps, STEPS, "until every order may follow"),
            None if told is None else lambda step, eps, growth: told(step, STEPS, f"enclosing, error {eps:.0e}"),
        )
        return None if found is None else Found(found)

    def prove(self, question: Question, found: Found) -> Found:
        """F1's hypotheses with round-off counted; those of the run had it counted already."""
        return self._proved(question.problem, question.settings, found)

    def _proved(self, problem: Problem, settings: StepSettings, found: Found) -> Found:
        assert found.at.then is not None
        loss = str(problem.objective)
        then = found.at.then.proved(f1.THEOREM.statement, settings, loss)
        claim = handover_claim(self.statement, loss, settings, found.at, then)
        claim.require_holds()
        return replace(found, claim=claim, of_then=then)

    def proof_on_batches(self, problem: Problem, settings: StepSettings, batches: Batches) -> Claim:
        """The proof, the stored run as long as it must be."""
        found = hand_over(problem, settings, batches, STEPS)
        if found is None or found.then is None or found.then.found is None:
            raise NotAvailableError(_short(found, STEPS))
        claim = self._proved(problem, settings, Found(found)).claim
        assert claim is not None
        return claim

    def certificate(self, found: Found) -> Claim | None:
        """The proof, where a recheck can read it."""
        return found.claim if found.claim is not None and not found.claim.unwritten else None

    def step(self, question: Question, found: Found | None) -> float | None:
        """Eta of the run."""
        return None if found is None else found.at.eta

    def concluded(self, question: Question, found: Found) -> str:
        """The conclusion with T, the growth of the error, and q."""
        run, then = found.at.run, found.then
        if then is None or then.at.found is None:
            return self.conclusion
        q = float(then.at.found.rate) if found.claim is None else found.claim["then_rate"]
        return (
            f"after T = {run.steps} stored steps the exact iterate is within {above(run.apart, 2)} of the computed "
            f"one (growth 10^{math.log10(max(run.growth, 1.0)):.1f}); from there on, for every order of the batches, "
            f"D_{{e+1}}^2 <= (1 - {below(1 - q, 3)}) D_e^2 per epoch, and w_t converges to a zero of L"
        )

    def promise(self, question: Question, found: Found) -> Promise | None:
        """Loss and path at step T, and F1's inequalities from there on."""
        first, then = t.promised(found.at.eta, found.at.run), found.then
        later = None if then is None else f1.promised(question, then)
        if first is None or later is None:
            return None
        return HandoverPromise(
            found.at.eta, floor=later.floor, radius=later.radius, since=first.since, first=first, then=later
        )

    def shortfall(self, question: Question, found: Found | None, rows: list[Row]) -> str:
        """What stops it."""
        if found is not None and found.at.then is not None and found.at.then.found is not None:
            return shortfall(question, rows)
        return _short(None if found is None else found.at, min(question.steps, STEPS))


def _short(found: Handover | None, most: int) -> str:
    if found is None:
        return f"within {most} steps of whole epochs the run comes to no place from which Theorem F1 closes"
    if found.then is None:
        return found.run.obstruction
    return f"with eps_T = {found.run.apart:.3g} Theorem F1 does not close from the end of the run"


THEOREM = StoredThenEveryOrder()
