"""Theorem M2: momentum with larger steps, by a quadratic form checked over the rationals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from ..certification.centre import Centre
from ..certification.claim import Claim
from ..certification.enclose import enclose
from ..certification.profile import Profile
from ..certification.quadratic.certify import (
    DEFINITE,
    EDGE,
    FORMS,
    POTENTIAL,
    Proposal,
    certify_quadratic,
    propose,
)
from ..certification.quadratic.witness import Witness
from ..certification.sharpened import with_kernel
from ..certification.stored import require_unchanged
from ..certification.stored_graph import stored
from ..optim import ClippedSettings, StepSettings, certifiable
from ..problem.problem import Problem
from ..runs.momentum_promise import QuadraticPromise
from ..runs.promise import Promise
from ..theory import Bound, Direction, NotAvailableError
from ..theory.arithmetic import FLOATS
from ..theory.formulas import slowed
from ..theory.verdict import Comparison, Row, unknown
from .ball import HEADROOM
from .ball_constants import BallConstants
from .hypotheses import CLIPPED, EMPTY_BUFFER, POSITIVE, SMOOTH, ZERO, shortfall
from .on_ball import Ball, TheoremOnBall, proved
from .protocol import Hypothesis, Question
from .sharper import profile_for, sharper
from .sources import OWN


@dataclass(frozen=True)
class Found(Ball):
    """A ball with a witness.

    Attributes:
        witness: of the quadratic forms.
        edge: R'.
        pivot: the smallest pivot of the forms; a positive number where they are definite.
    """

    witness: Witness
    edge: float
    pivot: float

    @property
    def kinks(self) -> Bound:
        """How many arguments may meet a kink on the ball of radius R', where L_F and ell are taken."""
        met = 0 if self.counted else self.profile.bounds.kinks(self.edge, FLOATS, float)
        how = f"{met or 'no'} arguments meet one on the ball R' = {self.edge:.4g}" + ", verified" * self.counted
        return Bound(float(met), Direction.UPPER, how, self.counted)


def _definite(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown("no form was found that is definite")
    w = found.witness
    how = f"k = {w.k:.4g}, al = {w.ahead:.4g}, c eta = {w.weight:.4g}, omega = {w.omega:.4g}"
    how += ", exact" if found.counted else ", as computed"
    return Row(Comparison(Bound(found.pivot, Direction.LOWER, how, found.counted), ">", ZERO, "pivots"), how)


def _inside(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown("no bounds over a ball")
    r = found.constants
    how = f"L_F and ell on R' = {found.edge:.4g}, sig on R = {r.radius:.4g}"
    if found.certificate is not None:
        needed = next(i.left for i in found.certificate.inequalities if i.name == EDGE)
    else:
        needed = found.edge
    right = Bound(found.edge, Direction.EXACT, how, rounded=True)
    return Row(Comparison(Bound(needed, Direction.UPPER, how, found.counted), "<=", right, ""), how)


def _integral(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown("no bounds over a ball")
    how = f"{'verified' if found.counted else 'best'} on R = {found.constants.radius:.4g}"
    return Row(Comparison(found.available, ">", found.needed, ""), how)


class QuadraticForm(TheoremOnBall):
    """Larger steps with momentum: a potential found by a search, and proved by rational arithmetic."""

    id = "M2"
    title = "momentum by a quadratic form"
    citation = OWN
    hypotheses = (
        SMOOTH,
        POSITIVE,
        EMPTY_BUFFER,
        CLIPPED,
        Hypothesis(DEFINITE, _definite),
        Hypothesis(EDGE, _inside),
        Hypothesis(POTENTIAL, _integral),
    )
    conclusion = (
        "from an empty buffer, d_0 = 0, with v_t = w_t + al d_t, E_t = L(v_t) + c/2 |d_t|^2: E_t <= q^t L_0, "
        "|r(w_t)|^2 <= 2 (1 + L_F^2 al^2/c) E_t, path of v at most rho, w_t converges to a zero of L"
    )
    claims = (
        "gradient_between",
        "momentum_ahead",
        "momentum_form",
        "momentum_concave",
        "momentum_inside",
        "momentum_path",
        "momentum_closed_form",
        "integral_root",
    )
    forms = FORMS
    at_checkpoint = True
    certifiable = True

    def search(self, question: Question) -> Found | None:
        """The smallest ball that fulfils the conditions, with Theorem E's profile where the plain one does not do."""
        p, rule = question.at.profile, question.settings
        if p is None or not isinstance(rule, ClippedSettings):
            return None
        return sharper(question, _found(p, rule), lambda q: _found(q, rule))

    def prove(self, question: Question, found: Found) -> Found:
        """The same with proved constants."""
        rule = certifiable(question.settings, self.forms)
        p = found.profile
        centre = question.at.centre if p is question.at.profile else with_kernel(question.at.centre)
        claim = self._certify(question.problem, rule, centre, p)
        claim.require_holds()
        constants, at = proved(found.constants, claim), claim.numbers
        witness = Witness(at["ahead"], at["weight"], at["k"], at["omega"], claim.witness["pieces"])
        pivot = next(i.right for i in claim.inequalities if i.name == DEFINITE)
        return Found(constants, claim, p, witness, at["edge"], pivot)

    def _certify(self, problem: Problem, rule: ClippedSettings, centre: Centre, guess: Profile) -> Claim:
        proposal = propose(guess, rule, HEADROOM)
        if proposal is None:
            raise NotAvailableError(f"Theorem {self.id}: no quadratic form was found for these steps")
        edges = [proposal.edge]
        best = propose(guess, rule, math.inf)
        if best is not None and best.edge > proposal.edge:
            edges.append(best.edge)
        return certify_quadratic(str(problem.objective), rule, centre, edges, proposal.witness, self.statement)

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """As `prove`, on a ball chosen by a profile made here."""
        rule = certifiable(settings, self.forms)

        def holds(p: Profile) -> bool:
            found = _found(p, rule)
            return found is not None and found.constants.holds

        guess, sharp = profile_for(problem, holds)
        arrays = stored(problem)
        centre = enclose(arrays)
        claim = self._certify(problem, rule, with_kernel(centre) if sharp else centre, guess)
        require_unchanged(claim.arrays, stored(problem))
        return claim

    def ratio(self, p: Profile, settings: StepSettings) -> float:
        """k int sig over ||r_0|| on the best ball; 0 where there is no form."""
        found = _found(p, certifiable(settings, self.forms))
        return 0.0 if found is None else found.constants.ratio

    def certify_near(self, problem: Problem, settings: StepSettings, guess: Profile) -> Claim:
        """The proof on a ball chosen by a profile, which is trusted for nothing else."""
        claim = self._certify(problem, certifiable(settings, self.forms), enclose(stored(problem)), guess)
        require_unchanged(claim.arrays, stored(problem))
        return claim

    def promise(self, question: Question, found: Found) -> Promise | None:
        """The envelope of the residual, the length of d_t, and how far w_t and v_t go."""
        r, w, p = found.constants, found.witness, found.profile
        if found.certificate is not None:
            lipschitz = found.certificate["lipschitz"]
        else:
            lipschitz = float(p.lipschitz[min(int(p.radii.searchsorted(found.edge)), len(p.radii) - 1)])
        return QuadraticPromise(
            eta=r.eta,
            floor=r.delta,
            rate=r.rate,
            ahead=w.ahead,
            weight=w.weight / r.eta,
            omega=w.omega,
            rho=r.required,
            slowed=slowed(lipschitz, w.ahead, w.weight / r.eta),
        )

    def shortfall(self, question: Question, found: Found | None, rows: list[Row]) -> str:
        """What is open, and the residual at which it would close."""
        more = []
        if found is not None and not found.constants.holds and 0 < found.constants.ratio <= 1:
            more.append(f"it would close at ||r_0|| below {found.constants.ratio * found.profile.residual:.3g}")
        return shortfall(question, rows, more)


def _found(p: Profile, rule: ClippedSettings) -> Found | None:
    at = propose(p, rule) if p.sig[0] > 0 else None
    if at is None:
        return None
    holds = at.available > p.residual
    mu = float(p.sig[at.end]) ** 2 if holds else 0.0
    constants = BallConstants(
        ratio=at.available / p.residual if p.residual > 0 else math.inf,
        best_radius=at.radius,
        holds=holds,
        radius=at.radius,
        required=float(p.radii[at.end]) if holds else math.inf,
        beta=at.beta,
        eta=at.eta,
        mu=mu,
        delta=at.floor,
        rate=1 - 2 * at.witness.omega * mu * at.floor * at.eta if holds else None,
        eta_limit=0.0,
        needed=p.residual,
        available=at.available,
    )
    pivot = _as_computed(p, at, rule)
    return Found(constants, None, p, at.witness, at.edge, pivot)


def _as_computed(p: Profile, at: Proposal, rule: ClippedSettings) -> float:
    """The smallest pivot at the computed numbers."""
    how = rule.recursion
    stiff = Fraction(at.eta) * Fraction(float(p.sig[0])) ** 2
    return float(at.witness.least_pivot(how.momentum, how.nesterov, Fraction(at.beta) * Fraction(at.eta), stiff))


THEOREM = QuadraticForm()
