"""Theorem F2: mini-batches drawn at random, with high probability and in the mean."""

from __future__ import annotations

import math

from ..certification.batches.certify_drawn import ALLOWED, GROWN, LEFT, LOST, Drawn, drawn_batches
from ..certification.batches.drawn import drawn_reach
from ..certification.batches.hypotheses import PROFILE, STEP
from ..optim import StepSettings
from ..problem.batches import Batches
from ..problem.problem import Problem
from ..theory.digits import above, below
from .on_batches import BatchTheorem, Found, rows
from .protocol import Question, options_of

HOW = {
    STEP: "beta the largest ||J_B||^2 of any subset where the iterates are",
    GROWN: "then the distance to that zero grows by no more than G before the ball is left",
    PROFILE: "then the residual is at least sg times the distance to the zeros",
    LOST: "share of the mean decrease that curvature takes",
    LEFT: "by Markov's inequality, or by a supermartingale where x G <= .4",
}


class BatchesAtRandom(BatchTheorem[Drawn]):
    """The mean of the squared distance to the zeros falls; a supermartingale bounds how far a run may stray."""

    id = "F2"
    title = "mini-batches drawn at random"
    hypotheses = rows(Drawn.names, HOW)
    conclusion = (
        "every step sees a subset drawn anew: with probability at least 1 - p all iterates stay within G D of a zero "
        "of L and w_t converges to a zero of L; in expectation over the batches, the runs that leave counted as 0, "
        "D_t^2 <= q^t D^2 and the path length is at most R; of a single run nothing is claimed"
    )
    claims = (
        "batch_step",
        "batch_epoch",
        "drawn_step",
        "drawn_mean",
        "drawn_share",
        "drawn_exponential",
        "drawn_supermartingale",
    )
    orders = ("random",)
    options = ("failure",)

    def look(self, problem: Problem, settings: StepSettings, batches: Batches) -> Drawn:
        """With p = .05."""
        return drawn_batches(problem, settings, batches)

    def asked(self, question: Question) -> Drawn:
        """With p = `failure`."""
        allowed = options_of(question, {"failure": ALLOWED})["failure"]
        assert question.batches is not None
        return drawn_batches(question.problem, question.settings, question.batches, float(allowed))

    def reach(self, at: Drawn) -> float:
        """The distance from a zero within which it closes."""
        return drawn_reach(at.numbers, at.rule, at.allowed)

    def concluded(self, question: Question, found: Found[Drawn]) -> str:
        """The conclusion with its numbers, and the radius that the classical route asks for with the same p."""
        c, r = found.at.found, found.at.radii
        if c is None:
            return self.conclusion
        failure, rate, path = float(c.failure), float(c.rate), float(c.path)
        if found.claim is not None:
            failure, rate, path = found.claim["failure"], found.claim["rate"], found.claim["required"]
        return (
            f"{self.conclusion}; here p = {above(failure, 3)}, G D = {above(r.g * r.d, 4)}, "
            f"1 - q = {below(1 - rate, 3)}, R = {above(path, 4)}; "
            f"for p = {found.at.allowed:g} the radius of [LZB22, Theorem 7] is about {classical(question, found):.3g}"
        )


def classical(question: Question, found: Found[Drawn]) -> float:
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
