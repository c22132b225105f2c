"""Theorem M3: acceleration, heavy ball where the Jacobian barely moves."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..certification.accelerated import (
    CIRCLE,
    CONSTANT,
    FORMS,
    GAINS,
    OSCILLATING,
    PATH,
    UNCLIPPED,
    Accelerated,
    Spectrum,
    certify_accelerated,
    gains,
    proposals,
    propose,
)
from ..certification.claim import Claim
from ..certification.enclose import enclose
from ..certification.profile import Profile
from ..certification.stored import require_unchanged
from ..certification.stored_graph import stored
from ..optim import ClippedSettings, StepSettings, certifiable
from ..problem.problem import Problem
from ..rigor.arithmetic import INTERVALS
from ..rigor.scalar import below, interval
from ..runs.momentum_promise import AcceleratedPromise
from ..runs.promise import Promise
from ..theory import Bound, Direction, NotAvailableError
from ..theory.arithmetic import FLOATS
from ..theory.bound import given
from ..theory.verdict import Comparison, Fact, Row, unknown
from .ball_constants import BallConstants
from .hypotheses import EMPTY_BUFFER, POSITIVE, SMOOTH, ZERO, shortfall
from .measured import profile_at
from .on_ball import TheoremOnBall
from .protocol import Hypothesis, Question
from .sources import OWN


@dataclass(frozen=True)
class Found:
    """A ball and a circle, or the same with proved constants.

    Attributes:
        constants: of the ball.
        at: as computed, or what was proved.
        certificate: the proof, where there is one.
        kinks: how many arguments may meet a kink on the ball.
    """

    constants: BallConstants
    at: Accelerated
    certificate: Claim | None
    kinks: Bound

    @property
    def counted(self) -> bool:
        """Whether round-off is counted."""
        return self.certificate is not None

    @property
    def lambda_min(self) -> Bound | None:
        """Proved lower bound of the smallest kernel eigenvalue at w_0; None where a search left it as measured."""
        return None if self.certificate is None else self.certificate.bounds["lambda_min"]

    def side(self, name: str, computed: float, *, left: bool) -> Bound:
        """A side of an inequality: as proved, or as computed."""
        kind = Direction.UPPER if left else Direction.LOWER
        if self.certificate is None:
            return Bound(computed, kind, "as computed")
        proved = next(i for i in self.certificate.inequalities if i.name == name)
        return Bound(proved.left if left else proved.right, kind, "verified", rounded=True)


_NONE = "no ball and circle fulfil the conditions"


def _heavy_ball(q: Question, found: Found | None) -> Row:
    how = q.settings.recursion
    if how.nesterov:
        return Row(Fact("heavy ball", "Nesterov", False), "the theorem is about heavy ball")
    return Row(Fact("heavy ball", "heavy ball", True), f"momentum {how.momentum:g}")


def _unclipped(q: Question, found: Found | None) -> Row:
    rule = q.settings
    if isinstance(rule, ClippedSettings) and not rule.clips:
        return Row(Fact("h_t = eta", "nothing is clipped", True), "by construction")
    if found is None or not isinstance(rule, ClippedSettings):
        return unknown(_NONE)
    left = found.side(UNCLIPPED, found.at.lipschitz * found.at.envelope, left=True)
    return Row(Comparison(left, "<=", given(rule.gamma), ""), "||grad L(w_t)|| <= L_F N")


def _oscillating(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown(_why_not(q))
    at = found.at.at
    how = f"eta K in [{at.low:.4g}, {at.high:.4g}], between (1 - sqrt m)^2 and (1 + sqrt m)^2"
    value = found.side(OSCILLATING, float(at.oscillating), left=False)
    return Row(Comparison(value, ">", ZERO, ""), how)


def _circle(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown(_NONE)
    value = found.side(CIRCLE, float(found.at.at.inside), left=False)
    return Row(Comparison(value, ">", ZERO, ""), f"q = {found.at.at.q:.6g}, sqrt m = {math.sqrt(found.at.at.m):.6g}")


def _gains(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown(_NONE)
    g = gains(found.at.squares)
    how = f"g_1 = {g.step_to_residual:.4g} eta, g_2 = {g.across:.4g} sqrt(eta), g_4 = {g.gradient_to_buffer:.4g}"
    return Row(Fact("nonnegative over the rationals", how, found.at.at.holds(found.at.squares)), how)


def _constant(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown(_NONE)
    how = f"||J - J_0|| <= {found.at.change:.4g} on R = {found.at.radius:.4g}"
    return Row(Comparison(found.side(CONSTANT, found.at.closed, left=True), "<", given(1.0), ""), how)


def _path(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown(_NONE)
    how = f"N = {found.at.envelope:.4g}, loss factor q^2 = {found.at.at.q**2:.6g} a step"
    return Row(Comparison(found.side(PATH, found.at.path, left=True), "<", given(found.at.radius), ""), how)


def _why_not(q: Question) -> str:
    p, rule = q.at.profile, q.settings
    if p is None or not p.sig[0] > 0 or not isinstance(rule, ClippedSettings) or rule.recursion.momentum == 0:
        return _NONE
    eta = rule.multiple / float(p.beta[0]) if rule.multiple is not None else float(rule.eta)
    at = Spectrum(rule.recursion.momentum, 0.5, eta * float(p.sig[0]) ** 2, eta * float(p.lipschitz[0]) ** 2)
    if at.oscillating > 0:
        return _NONE
    root = math.sqrt(at.m)
    return (
        f"eta K in [{at.low:.3g}, {at.high:.3g}], needed between (1 - sqrt m)^2 = {(1 - root) ** 2:.3g} and "
        f"(1 + sqrt m)^2 = {(1 + root) ** 2:.3g}"
    )


class Acceleration(TheoremOnBall):
    """The factor of momentum's linear theory, where the Jacobian stays near its start."""

    id = "M3"
    title = "acceleration by momentum"
    citation = OWN
    hypotheses = (
        SMOOTH,
        POSITIVE,
        EMPTY_BUFFER,
        Hypothesis("heavy ball", _heavy_ball),
        Hypothesis("nothing is clipped", _unclipped),
        Hypothesis(OSCILLATING, _oscillating),
        Hypothesis(CIRCLE, _circle),
        Hypothesis(GAINS, _gains),
        Hypothesis(CONSTANT, _constant),
        Hypothesis(PATH, _path),
    )
    conclusion = (
        "from an empty buffer, d_0 = 0: |r(w_t)| <= N q^t, 2 L_t <= N^2 rate^t with rate = q^2, path length at most "
        "required, w_t converges to a zero of L"
    )
    claims = ("accelerated_gain", "accelerated_ends", "accelerated_free", "accelerated_loop")
    forms = FORMS
    at_checkpoint = True
    certifiable = True

    def search(self, question: Question) -> Found | None:
        """The ball and circle at which the residual falls first."""
        p, rule = question.at.profile, question.settings
        if p is None or not isinstance(rule, ClippedSettings) or rule.recursion.nesterov:
            return None
        if question.at.singular is not None or not p.sig[0] > 0:
            return None
        at = propose(p, rule)
        return None if at is None else _found(p, at)

    def prove(self, question: Question, found: Found) -> Found:
        """The same with proved constants."""
        rule = certifiable(question.settings, self.forms)
        claim = certify_accelerated(str(question.problem.objective), rule, question.at.centre, found.at, self.statement)
        claim.require_holds()
        return _proved(found, claim)

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """As `prove`, on a ball and a circle chosen by a profile made here."""
        return self.certify_near(problem, settings, profile_at(problem))

    def ratio(self, p: Profile, settings: StepSettings) -> float:
        """R over the path on the best ball and circle; 0 where the conditions fail on all."""
        rule = certifiable(settings, self.forms)
        if rule.recursion.nesterov:
            return 0.0
        return max((one.radius / one.path for one in proposals(p, rule)), default=0.0)

    def certify_near(self, problem: Problem, settings: StepSettings, guess: Profile) -> Claim:
        """The proof on a ball and a circle chosen by a profile, which is trusted for nothing else.

        Raises:
            NotAvailableError: no ball and circle fulfil the conditions, or Nesterov's form.
        """
        rule = certifiable(settings, self.forms)
        if rule.recursion.nesterov:
            raise NotAvailableError(f"Theorem {self.id} speaks of heavy ball, not of Nesterov's form")
        at = propose(guess, rule)
        if at is None:
            raise NotAvailableError(f"Theorem {self.id}: {_NONE}")
        arrays = stored(problem)
        claim = certify_accelerated(str(problem.objective), rule, enclose(arrays), at, self.statement)
        require_unchanged(claim.arrays, stored(problem))
        return claim

    def promise(self, question: Question, found: Found) -> Promise | None:
        """The envelope of the residual, its weighted sum and the path."""
        at, p = found.at, question.at.profile
        assert p is not None
        g = gains(at.squares)
        return AcceleratedPromise(
            eta=at.eta,
            floor=1.0,
            rate=at.at.q**2,
            radius=at.path,
            q=at.at.q,
            envelope=at.envelope / p.residual if p.residual > 0 else 1.0,
            gains=g,
            change=math.sqrt(at.eta) * at.change,
            least=at.at.low / at.eta,
        )

    def shortfall(self, question: Question, found: Found | None, rows: list[Row]) -> str:
        """What is open."""
        return shortfall(question, rows)


def _found(p: Profile, at: Accelerated) -> Found:
    constants = BallConstants(
        ratio=at.radius / at.path,
        best_radius=at.radius,
        holds=True,
        radius=at.radius,
        required=at.path,
        beta=at.beta,
        eta=at.eta,
        mu=max(0.0, float(p.sig[0]) - at.change) ** 2,
        delta=1.0,
        rate=at.at.q**2,
        eta_limit=0.0,
        needed=at.path,
        available=at.radius,
    )
    met = p.bounds.kinks(at.radius, FLOATS, float) if p.bounds.kinked else 0
    return Found(constants, at, None, Bound(float(met), Direction.UPPER, f"on the ball R = {at.radius:.4g}"))


def _proved(found: Found, claim: Claim) -> Found:
    numbers = claim.numbers
    squares = {name: numbers[name] for name in found.at.squares}
    at = replace(
        found.at,
        eta=claim.eta,
        change=claim["change"],
        lipschitz=claim["lipschitz"],
        at=Spectrum(found.at.at.m, numbers["q"], numbers["low"], numbers["high"]),
        squares=squares,
        envelope=claim["envelope"],
        path=claim["required"],
    )
    least = INTERVALS.sqrt(interval(claim["lambda_min"])) - interval(claim["change"])
    constants = replace(
        found.constants,
        ratio=below(at.radius / at.path),
        required=at.path,
        beta=math.nan,  # nothing rests on it, and no bound of it is in the claim
        eta=at.eta,
        mu=max(0.0, (interval(max(0.0, least.lo)) ** 2).lo),
        rate=claim["rate"],
        needed=at.path,
        available=at.radius,
    )
    kinks = replace(found.kinks, value=0.0, method=f"on the ball R = {at.radius:.4g}, verified", rounded=True)
    return Found(constants, at, claim, kinks)


THEOREM = Acceleration()
