"""Theorem F4: workers take local steps on mini-batches of their own parts, then their weights are averaged."""

from __future__ import annotations

from ..certification.batches.certify import GROWTH_OF_WORKER, LOST, WORKERS_STAY, AveragedSteps, EveryOrder
from ..certification.batches.hypotheses import PROFILE, STEP
from .f1 import EveryOrderOfBatches
from .on_batches import Found, rows
from .protocol import Question

HOW = {
    STEP: "beta the largest ||J_B||^2 of a worker's batch where the iterates are",
    GROWTH_OF_WORKER: "then the distance grows by no more than g on the way of any worker in a round",
    PROFILE: "then the residual is at least sg times the distance",
    LOST: "share of a round's decrease that curvature takes",
    WORKERS_STAY: "then all local iterates are within V of the zero",
}


class LocalSteps(EveryOrderOfBatches):
    """F1's argument for every worker by itself; the squared distance of an average is at most the average of theirs."""

    id = "F4"
    title = "local steps, averaged"
    hypotheses = rows(AveragedSteps.names, HOW)
    conclusion = (
        "K workers with equal parts of the samples, each with whole passes through its part in every round, in any "
        "order of its batches, then averaged with weights 1/K; with D_e the distance to the zeros of L at the start of "
        "round e: D_{e+1}^2 <= q D_e^2, the mean of the workers' paths and the path from average to average at most R, "
        "the averages converge to a zero of L"
    )
    claims = (
        "batch_step", "batch_epoch", "batch_inside", "batch_fejer", "batch_half",
        "averaged_distance", "averaged_seen", "averaged_round",
    )  # fmt: skip
    averaged = True

    def concluded(self, question: Question, found: Found[EveryOrder]) -> str:
        """The conclusion, with the workers, the passes and the parts of which it speaks."""
        batches = found.at.numbers.batches
        which = "consecutive samples" if batches.order == "fixed" else "any samples, other ones in every round"
        count = f"K = {batches.workers}, passes = {batches.passes}, batches of {batches.size}"
        return f"{count}, the parts {which}: {self.conclusion}"


THEOREM = LocalSteps()
