"""Theorem F1: mini-batches, every order of the batches in every epoch."""

from __future__ import annotations

import math

from ..certification.batches.certify import GROWTH, LOST, STAYS, EveryOrder, every_order
from ..certification.batches.conditions import high, reach
from ..certification.batches.hypotheses import PROFILE, STEP
from ..optim import StepSettings
from ..optim.guard import uniform_floor
from ..problem.batches import Batches
from ..problem.problem import Problem
from ..runs.epochs import EpochPromise
from ..runs.promise import Promise
from .on_batches import BatchTheorem, Found, rows
from .protocol import Question

HOW = {
    STEP: "beta the largest ||J_B||^2 where the iterates are",
    GROWTH: "then the distance grows by no more than g within an epoch",
    PROFILE: "then the residual is at least sg times the distance",
    LOST: "share of an epoch's decrease that curvature takes",
    STAYS: "then all iterates are within V of the zero",
}


def promised(question: Question, found: Found[EveryOrder]) -> EpochPromise | None:
    """Per step and per epoch; None where the hypotheses were not found to hold."""
    c, r = found.at.found, found.at.radii
    if c is None:
        return None
    factor, path, slope, least = float(c.rate), float(c.path), high(c.whole), float(c.sg)
    if found.claim is not None:
        factor, path = found.claim["rate"], found.claim["required"]
        slope, least = found.claim["lipschitz"], found.claim["profile"]
    root, n = math.sqrt(question.problem.scale), found.at.numbers
    batches, radius = n.batches, r.eps + r.v + r.d
    return EpochPromise(
        eta=found.at.rule.eta,
        floor=uniform_floor(question.settings),
        radius=(batches.workers or 1) * path,  # the run's is that of all workers, and R bounds their mean
        count=batches.count(len(question.problem.x)),
        averaged=batches.workers or 0,
        factor=factor,
        start=r.d,
        stay=r.v,
        growth=r.g,
        slope=root * slope,
        least=root * least,
        bend=math.sqrt(found.at.rule.most) * float(max(n.parts.top_shares) * n.moduli().lipschitz(radius)),
    )


class EveryOrderOfBatches(BatchTheorem[EveryOrder]):
    """The distance to a zero in place of the loss: every batch of a linear problem lowers it."""

    id = "F1"
    title = "mini-batches in every order"
    hypotheses = rows(EveryOrder.names, HOW)
    conclusion = (
        "for every order of the batches in every epoch, with D_e the distance to the zeros of L at its start: "
        "D_{e+1}^2 <= q D_e^2, path length at most R, w_t converges to a zero of L"
    )
    claims: tuple[str, ...] = ("batch_step", "batch_epoch", "batch_inside", "batch_fejer", "batch_half")
    orders = ("shuffle", "fixed")

    def look(self, problem: Problem, settings: StepSettings, batches: Batches) -> EveryOrder:
        """The best of both centres."""
        return every_order(problem, settings, batches)

    def reach(self, at: EveryOrder) -> float:
        """The distance from a zero within which it closes."""
        return reach(at.numbers, at.rule)

    def concluded(self, question: Question, found: Found[EveryOrder]) -> str:
        """The conclusion, and the partitions of which it speaks."""
        batches = found.at.numbers.batches
        which = "the partition in the order of the samples" if batches.order == "fixed" else "every partition"
        return f"for {which} into batches of {batches.size} and {self.conclusion.removeprefix('for ')}"

    def promise(self, question: Question, found: Found[EveryOrder]) -> Promise | None:
        """Per step and per epoch."""
        return promised(question, found)


THEOREM = EveryOrderOfBatches()
