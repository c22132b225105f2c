"""Theorem W1: coupled weight decay near a local minimiser of the loss with its decay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ..certification.balls import Balls
from ..certification.claim import Claim
from ..certification.minimiser import FORMS, Minimum, certify_minimiser, search
from ..certification.profile import Profile
from ..optim import StepSettings
from ..problem.problem import Problem
from ..runs.minimiser_promise import MinimiserPromise
from ..runs.promise import Promise
from ..theory import Bound, Direction, NotAvailableError
from ..theory.bound import given
from ..theory.digits import above
from ..theory.verdict import Comparison, Row, unknown
from .ball import HEADROOM
from .ball_constants import BallConstants
from .hypotheses import CLIPPED, SMOOTH, shortfall, step_below, steps_are
from .measured import profile_at
from .on_ball import Ball, TheoremOnBall
from .protocol import Hypothesis, Question
from .sources import OWN


@dataclass(frozen=True)
class Convex(Ball):
    """A ball on which the loss with its decay is strongly convex.

    Attributes:
        minimum: what follows on it.
        lipschitz: upper bound of ||J|| on it.
        apart: upper bound of the distance of the minimiser from w_0.
    """

    minimum: Minimum
    lipschitz: float
    apart: float

    clipped: ClassVar[str] = "the norm that is clipped on the ball"


def _convex(q: Question, found: Convex | None) -> Row:
    if found is None:
        return unknown("no bounds over a ball")
    m = found.minimum
    how = f"(||r_0|| + L_F R) ell, or the contracted form, on R = {m.radius:.4g}"
    curvature = Bound(m.curvature, Direction.UPPER, how, found.counted)
    return Row(Comparison(curvature, "<", given(q.settings.recursion.weight_decay, "lambda")), how)


def _inside(q: Question, found: Convex | None) -> Row:
    if found is None:
        return unknown("no bounds over a ball")
    m = found.minimum
    how = f"the gradient at w_0, {above(m.gradient, 4)}, over k tau"
    if not m.tau > 0:
        return unknown("tau = lambda - ||sum r Hess f|| is not positive")
    needed = Bound(m.required, Direction.UPPER, how, found.counted)
    return Row(Comparison(given(m.radius), ">", needed, "R"), how)


class LocalMinimiser(TheoremOnBall):
    """The loss with its decay is strongly convex on a ball that holds one stationary point, which the steps reach."""

    id = "W1"
    title = "weight decay, near a local minimiser"
    citation = OWN
    hypotheses = (
        SMOOTH,
        steps_are("coupled weight decay, eta constant"),
        CLIPPED,
        step_below("eta < 2/beta, beta with the decay", 2.0, "<"),
        Hypothesis("||sum r Hess f|| < lambda on B(w_0, R)", _convex),
        Hypothesis("||grad L_lambda(w_0)|| < k tau R", _inside),
    )
    conclusion = (
        "L_lambda = L + (lambda / 2) ||w||^2 has exactly one stationary point w* in the ball, a local minimiser; "
        "L_lambda(w_t) - L_lambda(w*) falls by q a step, path length at most rho, w_t converges to w*; that the loss "
        "is small there is not claimed"
    )
    claims = ("decay_convex", "decay_gradient", "potential_step")
    forms = FORMS
    at_checkpoint = True
    certifiable = True

    def search(self, question: Question) -> Convex | None:
        """The smallest ball of the profile's grid that closes; None where there is no profile.

        Raises:
            NotAvailableError: a network of class G.
        """
        question.require_fully_connected(self.id)
        p = question.at.profile
        return None if p is None else _ball(p, *search(question.problem, question.settings, p))

    def prove(self, question: Question, found: Convex) -> Convex:
        """The same with round-off counted."""
        p, problem, settings = found.profile, question.problem, question.settings
        roomy = search(problem, settings, p, HEADROOM)[0].radius
        radii = sorted({roomy, found.minimum.radius}, reverse=True)
        c = certify_minimiser(Balls(problem, radii, p, question.at.centre), settings, self.statement)
        c.require_holds()
        proved = Minimum(
            radius=c.numbers["radius"],
            eta=c.eta,
            curvature=c["curvature"],
            tau=c["tau"],
            beta=c["beta"],
            gradient=c["gradient"],
            required=c["required"],
            floor=c["floor"],
            rate=c["rate"],
        )
        return replace(_ball(p, proved, c["lipschitz"]), certificate=c, apart=c["distance"])

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """On a ball chosen by a profile made here."""
        if not problem.of_class_n:
            raise NotAvailableError(f"Theorem {self.id} speaks of fully connected smooth networks only")
        guess = profile_at(problem)
        radius = search(problem, settings, guess, HEADROOM)[0].radius
        return certify_minimiser(Balls(problem, [radius], guess), settings, self.statement)

    def concluded(self, question: Question, found: Convex) -> str:
        """And the numbers: where the minimiser is, and the rate."""
        m = found.minimum
        counted = "" if found.counted else ", as computed"
        return (
            f"{self.conclusion}; here ||w* - w_0|| ≤ {above(found.apart, 4)}, rho ≤ {above(m.required, 4)}, "
            f"q ≤ {above(m.rate, 4)}{counted}"
        )

    def promise(self, question: Question, found: Convex) -> Promise | None:
        """What the proof says of every step."""
        m = found.minimum
        return MinimiserPromise(
            eta=m.eta,
            floor=m.floor,
            radius=m.required,
            how=question.settings.recursion,
            tau=m.tau,
            beta=m.beta,
            gradient=m.gradient,
        )

    def shortfall(self, question: Question, found: Convex | None, rows: list[Row]) -> str:
        """What is open; where convexity is, what would have to be smaller."""
        more = []
        if found is not None and not found.minimum.tau > 0:
            more.append(
                "the residual's curvature outweighs the decay: it takes weights that decay has shrunk so far that the "
                "network bends little, a larger lambda, or a smaller residual"
            )
        return shortfall(question, rows, more)


def _ball(p: Profile, m: Minimum, lipschitz: float) -> Convex:
    constants = BallConstants(
        ratio=m.ratio,
        best_radius=m.radius,
        holds=m.holds,
        radius=m.radius,
        required=m.required,
        beta=m.beta,
        eta=m.eta,
        mu=0.0,
        delta=m.floor,
        rate=None,
        eta_limit=0.0,
        needed=m.required,
        available=m.radius,
    )
    return Convex(constants, None, p, m, lipschitz, m.gradient / m.tau if m.tau > 0 else float("inf"))


THEOREM = LocalMinimiser()
