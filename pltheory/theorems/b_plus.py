"""Theorem B+: a region per neuron, and the residual's own direction."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..certification.bplus import BPlusResult, certify_bplus
from ..certification.bplus.claim import bplus_claim
from ..certification.claim import Claim
from ..optim import StepSettings
from ..problem.problem import Problem
from ..runs.promise import BallPromise, Promise
from ..theory import Bound, Direction, NotAvailableError
from ..theory.bound import given
from ..theory.digits import above
from ..theory.verdict import Comparison, Fact, Row, unknown
from .ball_constants import BallConstants
from .hypotheses import CLIPPED, POSITIVE, STEP, shortfall
from .protocol import Hypothesis, Question, Theorem
from .sources import PROJECT


@dataclass(frozen=True)
class Region:
    """What the search for regions found.

    Attributes:
        result: the verdict with its numbers.
        delta: the step rule's own floor.
        certificate: the proof, where round-off was counted.
    """

    result: BPlusResult
    delta: float
    certificate: Claim | None

    @property
    def counted(self) -> bool:
        """Whether round-off is counted."""
        return self.certificate is not None

    @property
    def reached(self) -> bool:
        """Whether a region was found."""
        return self.result.verdict != "UNDECIDED"

    @property
    def eta(self) -> Bound:
        """The step size, a double."""
        return given(self.result.eta)

    @property
    def beta(self) -> Bound:
        """Upper bound of lambda_max(Hess L) along the run, infinite where no region was found."""
        verified = "verified" if self.counted else "as computed"
        how = (
            f"beta ≤ {above(self.result.beta, 4)} along the run, {verified}" if self.reached else "no region was found"
        )
        return Bound(self.result.beta, Direction.UPPER, how, self.counted)

    @property
    def floor(self) -> Bound:
        """Lower bound of h_t / eta."""
        if not self.reached:
            return given(self.delta)
        return Bound(self.result.floor, Direction.LOWER, "Lemma 1 and ||grad L|| ≤ L_F ||r_0||", self.counted)

    @property
    def lambda_min(self) -> Bound:
        """Lower bound of lambda_min(K(w_0))."""
        proof = self.result.proof
        if proof is None:
            return Bound(self.result.lambda_0, Direction.LOWER, "as computed")
        return Bound(proof.lambda_min, Direction.LOWER, "verified", rounded=True)


def _network(q: Question, found: Region | None) -> Row:
    needed = "class N, L = 1, C = 1"
    if found is None:
        return Row(Fact(needed, "-", None), "not looked at")
    return Row(Fact(needed, "yes", True), "by inspection")


def _consistent(q: Question, found: Region | None) -> Row:
    if found is None:
        return unknown("not looked at")
    r = found.result
    if not found.reached:
        return unknown(r.shortfall)
    verified = "verified" if found.counted else "as computed"
    how = f"||R (K - K_0) R|| ≤ eps, {len(r.inequalities)} inequalities, {verified}"
    return Row(Comparison(Bound(r.eps, Direction.UPPER, how, found.counted), "<", given(1.0), "eps"), how)


class PerNeuronRegions(Theorem):
    """One hidden layer and one output: the kernel's change by every neuron, against the residual's own decay."""

    id = "B+"
    title = "per-neuron regions and the residual's own direction"
    citation = PROJECT
    hypotheses = (
        Hypothesis("one hidden layer, one output, smooth activation", _network),
        POSITIVE,
        CLIPPED,
        STEP,
        Hypothesis("self-consistency (SC1), (SC2), (SC3) in every phase", _consistent),
    )
    conclusion = "L_t <= q^t L_0, lambda_min(K(w_t)) >= mu along the run, w_t converges to a zero of L"
    claims = (
        "bplus_c1", "bplus_discretisation", "bplus_solved", "bplus_nearer_end", "bplus_gam",
        "bplus_directions", "bplus_consistency", "bplus_curvature", "descent_rate",
    )  # fmt: skip
    certifiable = True

    def search(self, question: Question) -> Region | None:
        """The regions, with round-off counted where that is asked for; None where the kernel is singular.

        Raises:
            NotAvailableError: another network, or more work than is allowed.
        """
        if question.at.singular is not None:
            return None
        if question.at.unavailable is not None:
            raise NotAvailableError(question.at.unavailable)
        question.require_fully_connected(self.id)
        problem, asked_for = question.problem, question.work == math.inf
        units = sum(p.shape[0] for p in problem.parameters() if p.ndim == 2)
        question.allow(4.0 * problem.y.numel() ** 3 * units)  # the kernel's change by every neuron
        found = certify_bplus(problem, question.settings, rigorous=question.rigorous, refinements=1 if asked_for else 0)
        proved = found.proof is not None
        certificate = bplus_claim(self.statement, problem, question.settings, found) if proved else None
        return Region(found, question.settings.floor, certificate)

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """The certificate, its search refined."""
        found = certify_bplus(problem, settings, rigorous=True, refinements=1)
        return bplus_claim(self.statement, problem, settings, found)

    def certificate(self, found: Region) -> Claim | None:
        """The proof of the regions."""
        return found.certificate

    def step(self, question: Question, found: Region | None) -> float | None:
        """Eta of the regions."""
        return None if found is None or not found.reached else found.result.eta

    def ball_constants(self, found: Region | None) -> BallConstants | None:
        """The constants along the run, on no ball."""
        if found is None or not found.reached or found.result.rate is None:
            return None
        r, none = found.result, math.inf
        return BallConstants(
            ratio=math.nan, best_radius=none, holds=True, radius=none, required=none, beta=r.beta, eta=r.eta, mu=r.mu,
            delta=r.floor, rate=r.rate, eta_limit=0.0, needed=none, available=none,
        )  # fmt: skip

    def promise(self, question: Question, found: Region) -> Promise | None:
        """The rate, and at every step the inequalities that it rests on."""
        r = found.result
        if r.rate is None:
            return None
        floor = question.settings.floor
        return BallPromise(eta=r.eta, floor=floor, rate=r.rate, radius=None, mu=r.mu, beta=r.beta)

    def shortfall(self, question: Question, found: Region | None, rows: list[Row]) -> str:
        """What the search said."""
        return shortfall(question, rows) if found is None else found.result.shortfall


THEOREM = PerNeuronRegions()
