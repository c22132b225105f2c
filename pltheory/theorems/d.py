"""Theorem D: a verified trajectory from the initialisation, and Theorem C where it ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..certification.claim import Claim
from ..certification.trajectory import (
    TrajectoryCertificate,
    certify_graph_trajectory,
    certify_kinked_trajectory,
    certify_trajectory,
)
from ..certification.trajectory.claim import trajectory_claim
from ..nets.channels import Channels
from ..nets.graph import Graph
from ..nets.kinds.affine import Affine
from ..optim import StepSettings
from ..problem.problem import Problem
from ..rigor.scalar import interval
from ..runs.promise import Promise
from ..theory import Bound, Direction, NotAvailableError
from ..theory.bound import given
from ..theory.digits import above
from ..theory.verdict import Comparison, Fact, Row, unknown
from .hypotheses import POSITIVE, SMOOTH, shortfall
from .protocol import STEPS, Hypothesis, Question, Theorem
from .sources import PROJECT

FEWEST_STEPS = 20
"""Steps below which a trajectory is not worth its start."""
_WEIGHT = 20.0
"""Times the multiplications of a graph's forward pass that an enclosed step costs, its reference points included."""


def _prover(graph: Graph | None) -> Callable[..., TrajectoryCertificate]:
    if graph is None:
        return certify_trajectory
    return certify_kinked_trajectory if graph.kinked else certify_graph_trajectory


def _multiplications(graph: Graph) -> int:
    """Of one sample's way through the graph."""
    kinds = (node.kind for node in graph.nodes)
    return sum(k.patches.size * graph.groups[k.group].weight.shape[1] for k in kinds if isinstance(k, Affine))


@dataclass(frozen=True)
class Followed:
    """A trajectory that was followed, round-off counted.

    Attributes:
        result: what came of it.
        claim: the certificate, whether it holds or not.
    """

    result: TrajectoryCertificate
    claim: Claim

    @property
    def proved(self) -> bool:
        """Whether everything about it is proved, round-off included."""
        return self.result.status == "CERTIFIED"

    @property
    def kinks(self) -> Bound:
        """How many arguments of functions with kinks are too near one at a step; at most one, where it stopped."""
        how = "no argument within 2 eps_t of a kink at any step"
        if self.result.at_kink:
            how = self.result.obstruction
        return Bound(float(self.result.at_kink), Direction.UPPER, how, rounded=True)

    @property
    def lambda_min(self) -> Bound:
        """Lower bound of the smallest eigenvalue of the kernel at w_T."""
        value = max(0.0, (interval(self.result.scale) * interval(self.result.lambda_min)).lo)
        how = "Cholesky factor with verified residual" if value > 0 else "the last step was never tried"
        return Bound(value, Direction.LOWER, how, rounded=True)


def _closes(q: Question, found: Followed | None) -> Row:
    if found is None:
        return unknown("not looked at")
    c = found.result
    counts = ", ".join(f"{k} {v}" for k, v in c.branches.items()) or "none"
    how = f"T = {c.steps} steps ({counts}), growth 10^{math.log10(max(c.growth, 1.0)):.1f}"
    return Row(Fact("eps_T small", f"eps_T ≤ {above(c.eps, 2)}", True if found.proved else None), how)


def _from_the_end(q: Question, found: Followed | None) -> Row:
    if found is None:
        return unknown("not looked at")
    c, how = found.result, "round-off included"
    if c.basin is None:
        return unknown("never tried")
    if c.distance is not None:
        how = f"1 - q = {1 - c.basin.rate:.3g} from w_T on, limit within {c.distance:.4g} of w_0"
    ratio = Bound(c.basin.ratio, Direction.LOWER, how, found.proved)
    if not found.proved:
        ratio = Bound(c.basin.ratio, Direction.ESTIMATE, how)
    return Row(Comparison(ratio, ">", given(1.0), "ratio"), how)


class VerifiedTrajectory(Theorem):
    """Exact iterates within eps_t of the computed ones, until Theorem C holds at every start in B(w_T, eps_T)."""

    id = "D"
    title = "verified trajectory from the initialisation"
    citation = PROJECT
    hypotheses = (
        SMOOTH,
        Hypothesis("lambda_min(K(w_T)) > 0", POSITIVE.judge),
        Hypothesis("the error recursion closes over T steps", _closes),
        Hypothesis("Theorem C, with kinks N, at w_T from every start in B(w_T, eps_T)", _from_the_end),
    )
    conclusion = (
        "exact iterates from w_0 stay within eps_t of the computed ones for t <= T and converge to a zero of L "
        "at rate q from then on"
    )
    claims = ("expansion_constant", "expansion_band", "trajectory_error", "last_step", "step_floor", "jump_path")
    certifiable = True

    def search(self, question: Question) -> Followed | None:
        """The trajectory; None where the kernel is singular.

        Raises:
            NotAvailableError: another network, or more work than is allowed.
        """
        if question.at.singular is not None:
            return None
        if question.at.unavailable is not None:
            raise NotAvailableError(question.at.unavailable)
        problem, asked_for = question.problem, question.work == math.inf
        graph = question.at.graph
        if graph is not None and not graph.kinked and not asked_for and Channels.of(graph) is None:
            raise NotAvailableError(
                "not tried: for another graph than convolution, activation, pooling or flattening, dense head the "
                "error grows with ||r|| ell: ask for it by its name"
            )
        outputs = problem.y.numel()
        step = float(outputs * sum(p.numel() for p in problem.parameters()) + outputs**3)
        if graph is not None:
            step += _WEIGHT * len(problem.x) * _multiplications(graph)
        allowed = question.steps if asked_for else min(question.steps, int(question.work / step))
        if allowed < FEWEST_STEPS:
            question.allow(question.steps * step)
        said, told = None, question.progress
        if told is not None:

            def said(t: int, residual: float, eps: float, growth: float) -> None:
                told(t, allowed, f"enclosing, ||r|| = {residual:.1e}, error {eps:.0e}")

        followed = _prover(graph)(problem, question.settings, steps_limit=allowed, progress=said)
        return Followed(followed, trajectory_claim(self.statement, problem, question.settings, followed))

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """The certificate of a trajectory of at most `STEPS` steps."""
        prove = _prover(None if problem.of_class_n else problem.reading.graph)
        found = prove(problem, settings, steps_limit=STEPS)
        return trajectory_claim(self.statement, problem, settings, found)

    def certificate(self, found: Followed) -> Claim | None:
        """The trajectory, where everything about it is proved and a recheck can read it."""
        return found.claim if found.proved and not found.claim.unwritten else None

    def step(self, question: Question, found: Followed | None) -> float | None:
        """Eta of the trajectory."""
        return None if found is None else found.result.eta

    def promise(self, question: Question, found: Followed) -> Promise | None:
        """Theorem C's conclusion holds at every start in B(w_T, eps_T), so of this run as well as of the exact one."""
        c = found.result
        b = c.basin
        if b is None or not b.holds:
            return None
        return Promise(c.eta, floor=b.floor, rate=b.rate, radius=b.rho, since=c.steps)

    def shortfall(self, question: Question, found: Followed | None, rows: list[Row]) -> str:
        """Where the trajectory stopped."""
        return shortfall(question, rows) if found is None else found.result.obstruction


THEOREM = VerifiedTrajectory()
