"""Theorem W2: weight decay, for a number of steps: the loss falls to a floor, and the weights stay in a ball."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from ..certification.balls import Balls
from ..certification.claim import Claim
from ..certification.decay import certify_decay
from ..certification.horizon import FORMS, Found, Horizon, search
from ..certification.profile import Profile
from ..optim import StepSettings
from ..problem.problem import Problem
from ..runs.decay_promise import FloorPromise
from ..runs.promise import Promise
from ..theory.digits import above
from ..theory.verdict import Row
from .ball import HEADROOM
from .ball_constants import BallConstants
from .hypotheses import CLIPPED, POSITIVE, SMOOTH, fits_into_ball, shortfall, step_below, steps_are
from .on_ball import Ball, TheoremOnBall, proved
from .protocol import Question
from .sharper import profile_for, sharper
from .sources import OWN


@dataclass(frozen=True)
class Decayed(Ball):
    """A ball with a horizon on it.

    Attributes:
        weights: upper bound of ||w|| on the ball.
        lipschitz: upper bound of ||J|| on it.
        horizon: the number of steps and what follows after them.
    """

    weights: float
    lipschitz: float
    horizon: Horizon

    clipped: ClassVar[str] = "the norm that is clipped on the ball"


def norm_of(problem: Problem) -> float:
    """||w|| over all parameters."""
    return math.hypot(*(float(p.detach().double().norm()) for p in problem.parameters()))


def _ball(p: Profile, at: Found) -> Decayed:
    h, on = at.horizon, at.on
    constants = BallConstants(
        ratio=h.ratio,
        best_radius=at.radius,
        holds=h.holds,
        radius=at.radius,
        required=float(on.radii[h.end]) if h.holds else math.inf,
        beta=h.beta,
        eta=h.eta,
        mu=h.mu if h.holds else 0.0,
        delta=h.floor,
        rate=None,
        eta_limit=0.0,
        needed=h.reached,
        available=h.available,
    )
    return Decayed(constants, None, p, on.weights, on.lipschitz, h)


class DecayToFloor(TheoremOnBall):
    """Decay moves the weights along the zeros as well, so that a ball holds them for some steps and no longer."""

    id = "W2"
    title = "weight decay, for a number of steps"
    citation = OWN
    hypotheses = (
        SMOOTH,
        POSITIVE,
        steps_are("weight decay, h_t in (0, eta]"),
        CLIPPED,
        step_below("eta <= 1/beta", 1.0, "<="),
        fits_into_ball("||r_0|| + L_F W P < k int_{W P}^R sig", symbol=""),
    )
    conclusion = (
        "for the first T steps w_t stays within rho of w_0 and L_{t+1} <= (1 - h_t mu) L_t + h_t mu F with "
        "F = (lambda W)^2 / (2 mu), decoupled lambda eta_t / h_t for lambda; of later steps, of a limit and of a zero "
        "of L nothing is claimed"
    )
    claims = ("decay_step", "decay_excess", "decay_path")
    forms = FORMS
    at_checkpoint = True
    certifiable = True

    def search(self, question: Question) -> Decayed | None:
        """The ball and horizon of the profile's grid with the least bound of the loss; None where there is no profile.

        Where nothing closes on the plain profile, Theorem E sharpens it.
        """
        p = question.at.profile
        if p is None:
            return None
        weights = norm_of(question.problem)
        found = _ball(p, search(question.settings, p, weights))
        return sharper(question, found, lambda q: _ball(q, search(question.settings, q, weights)))

    def prove(self, question: Question, found: Decayed) -> Decayed:
        """The same ball with proved constants, and a horizon that they allow."""
        sharp = found.profile is not question.at.profile
        at = search(question.settings, found.profile, norm_of(question.problem), HEADROOM)
        radii = [at.radius] if at.radius == found.constants.radius else [at.radius, found.constants.radius]
        balls = Balls(question.problem, radii, found.profile, question.at.centre, sharp)
        c = certify_decay(balls, question.settings, self.statement)
        c.require_holds()
        return self._proved(found, c)

    def _proved(self, found: Decayed, c: Claim) -> Decayed:
        constants = proved(found.constants, c)
        horizon = replace(
            found.horizon,
            steps=int(c.numbers["steps"]),
            eta=c.eta,
            reached=c["reached"],
            available=c.inequalities[-1].right,
            beta=c["beta"],
            mu=c["mu"],
            floor=c["floor"],
            limit=c["limit"],
            loss=c["loss_end"],
        )
        weights = math.nextafter(c["weights"] + c.numbers["radius"], math.inf)
        return Decayed(constants, c, found.profile, weights, c["lipschitz"], horizon)

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """On a ball chosen by a profile made here."""
        weights = norm_of(problem)
        guess, sharp = profile_for(problem, lambda p: search(settings, p, weights, HEADROOM).horizon.holds)
        radius = search(settings, guess, weights, HEADROOM).radius
        return certify_decay(Balls(problem, [radius], guess, sharp=sharp), settings, self.statement)

    def concluded(self, question: Question, found: Decayed) -> str:
        """And the numbers: how many steps, the floor, and the loss after them."""
        h = found.horizon
        counted = "" if found.counted else ", as computed"
        return (
            f"{self.conclusion}; here T = {h.steps}, F ≤ {above(h.limit, 4)}, L_T ≤ {above(h.loss, 4)}{counted}, "
            f"rho ≤ {above(found.constants.required, 4)}"
        )

    def promise(self, question: Question, found: Decayed) -> Promise | None:
        """What the proof says of every step up to the horizon."""
        r, h, how = found.constants, found.horizon, question.settings.recursion
        return FloorPromise(
            eta=r.eta,
            floor=r.delta if how.schedule.constant else 0.0,
            radius=r.required,
            until=h.steps,
            mu=r.mu,
            beta=r.beta,
            profile=found.profile,
            how=how,
            lipschitz=found.lipschitz,
            limit=h.limit,
            loss_end=h.loss,
        )

    def shortfall(self, question: Question, found: Decayed | None, rows: list[Row]) -> str:
        """What is open; where it is the ball, how far decay alone may move the weights in the steps asked for."""
        more = []
        if found is not None and not found.constants.holds and found.constants.ratio <= 1:
            h = found.horizon
            alone = above(found.weights * h.shrunk, 3)
            more.append(
                f"in {h.steps} step{'s' * (h.steps != 1)} decay alone may move the weights by {alone} in a ball "
                f"of R = {found.constants.radius:.3g}: smaller lambda, eta or weights would leave more of it"
            )
        return shortfall(question, rows, more)


THEOREM = DecayToFloor()
