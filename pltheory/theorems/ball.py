"""Theorems about one ball around the weights: the search for its radius, the proof on it, the promise.

With eta fixed, any single R at which the inequalities hold is a proof, so a search over R is not circular. Where eta is
c / beta, the chosen R fixes beta and so eta.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..certification.balls import Balls
from ..certification.centre import Centre
from ..certification.certificate import BallCondition, Radius, certify
from ..certification.claim import Claim
from ..certification.conclusion import path_end
from ..certification.profile import Array, Profile
from ..optim import StepSettings
from ..optim.guard import floor_on
from ..problem.problem import Problem
from ..runs.promise import BallPromise, Promise
from ..theory import InvalidInputError
from ..theory.arithmetic import ARRAYS
from ..theory.formulas import rate, slack
from ..theory.verdict import Row
from .ball_constants import BallConstants
from .hypotheses import shortfall
from .measured import profile_at
from .on_ball import Ball, TheoremOnBall, proved
from .protocol import Question
from .sharper import profile_for, sharper

HEADROOM = 1.02
"""A proof's ball is chosen where the float search sees that much more than is needed, so that lower sums still fit."""


class BallTheorem(TheoremOnBall):
    """A theorem whose hypotheses hold on a ball B(w_0, R); a subclass says what the radius condition asks for.

    Attributes:
        step_numerator: eta stays below this number over beta.
        step_closed: whether equality is allowed there.
        along_path: whether the PL* constant at a step is that of the path up to it.
    """

    step_numerator: float = 2.0
    step_closed: bool = False
    along_path: bool = False

    @property
    def condition(self) -> BallCondition | None:
        """The radius condition in the form that is proved with round-off counted; None for one that is not."""
        return None

    @property
    def certifiable(self) -> bool:  # type: ignore[override]
        """Whether there is a proof."""
        return self.condition is not None

    @abstractmethod
    def sides(self, p: Profile, eta: Array, delta: Array) -> tuple[Array, Array]:
        """(needed, available) of the radius condition at every radius of a profile, shape (N+1,) each."""

    @abstractmethod
    def constants(self, p: Profile, beta: float, eta: float, i: int, needed: float) -> tuple[float, float]:
        """(required radius, mu) on the ball of index i; an infinite radius where there is none."""

    def largest_step(self, p: Profile) -> Array:
        """The step sizes allowed, shape (N+1,)."""
        return self.step_numerator / p.beta

    def floors(self, p: Profile, settings: StepSettings) -> Array:
        """A delta with h >= eta delta on each ball."""
        return np.array([floor_on(settings, float(g)) for g in p.lipschitz * p.residual])

    def rate(self, mu: float, beta: float, eta: float, delta: float) -> float:
        """The loss's factor per step."""
        return float(rate(mu, beta, eta, delta))

    def search_radius(self, p: Profile, settings: StepSettings, *, headroom: float = 1.0) -> BallConstants:
        """Search the grid of radii of a profile.

        Args:
            p: bounds around w_0.
            settings: the step rule; its eta may be a multiple of 1/beta.
            headroom: choose the smallest ball whose ratio exceeds this, or half of what the best one has to spare.
        """
        delta = self.floors(p, settings)
        c = settings.multiple
        eta = c / p.beta if c is not None else np.full_like(p.radii, float(settings.eta))
        needed, available, ratio = self._ratio(p, eta, delta)
        fulfilled = (ratio > 1) & self._allowed(p, eta)
        best = int(np.argmax(ratio))
        roomy = fulfilled & (ratio >= min(headroom, 0.5 * (1 + float(ratio[best]))))
        i = int(np.argmax(roomy)) if roomy.any() else best
        holds = bool(fulfilled.any())
        beta, step, floor = float(p.beta[i]), float(eta[i]), float(delta[i])
        required, mu = self.constants(p, beta, step, i, float(needed[i]))
        return BallConstants(
            ratio=float(ratio[best]),
            best_radius=float(p.radii[best]),
            holds=holds,
            radius=float(p.radii[i]),
            required=required,
            beta=beta,
            eta=step,
            mu=mu,
            delta=floor,
            rate=min(self.rate(mu, beta, step, floor), 1.0) if holds else None,
            eta_limit=self._eta_limit(p, delta),
            needed=float(needed[best]),
            available=float(available[best]),
        )

    def _ratio(self, p: Profile, eta: Array, delta: Array) -> tuple[Array, Array, Array]:
        # Where sig has vanished the required radius is infinite; where eta exceeds 2 / beta it has no meaning.
        with np.errstate(divide="ignore", invalid="ignore"):
            needed, available = self.sides(p, eta, delta)
            ratio = available / needed
            valid = (p.sig > 0) & (slack(p.beta, eta) > 0) & ~np.isnan(ratio)
        return np.where(valid, needed, np.inf), available, np.where(valid, ratio, 0.0)

    def _allowed(self, p: Profile, eta: Array) -> Array:
        limit = self.largest_step(p)
        return eta <= limit if self.step_closed else eta < limit

    def _eta_limit(self, p: Profile, delta: Array) -> float:
        """Largest step of a logarithmic grid below 2/beta(0) at which some radius fulfils the conditions."""
        for eta in np.geomspace(2 / p.beta[0], 1e-4 / p.beta[0], 100):
            steps = np.full_like(p.radii, eta)
            if ((self._ratio(p, steps, delta)[2] > 1) & self._allowed(p, steps)).any():
                return float(eta)
        return 0.0

    def search(self, question: Question) -> Ball | None:
        """The ball of the profile's grid; None where there is no profile."""
        p = question.at.profile
        if p is None:
            return None
        found = self.ball(p, question.settings)
        return sharper(question, found, lambda q: self.ball(q, question.settings)) if self.certifiable else found

    def ball(self, p: Profile, settings: StepSettings) -> Ball:
        """What a search of the profile finds."""
        return Ball(self.search_radius(p, settings), None, p)

    def certify_near(
        self,
        problem: Problem,
        settings: StepSettings,
        guess: Profile,
        centre: Centre | None = None,
        *,
        sharp: bool = False,
    ) -> Claim:
        """Prove the hypotheses on a ball chosen by a float64 profile, which is trusted for nothing else.

        Args:
            problem: network of class N or G, and data.
            settings: step rule; "c/beta" is turned into a double with the verified beta.
            guess: the profile.
            centre: verified numbers from `enclose`, if at hand; the certificate is then about its arrays.
            sharp: whether the profile is one that Theorem E sharpened.

        Raises:
            InvalidInputError: the theorem has no certificate, or the network or the data changed meanwhile.
            NotAvailableError: neither of class N nor of class G.
            NoVerdictError: an overflow, or an eigenvalue bound that cannot be verified.
            RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
        """
        if self.condition is None:
            raise InvalidInputError(f"theorem = {self.id!r}: has no certificate")
        found = self.search_radius(guess, settings, headroom=HEADROOM)
        # A residual of zero needs no ball at all; the smallest one of the grid is as good and can be written down.
        radius = max(found.radius, float(guess.radii[1]))
        # Round-off may ask for more room than a ball chosen in floating point has to spare.
        radii = [radius] if found.best_radius <= radius else [radius, found.best_radius]
        return self.certified(Balls(problem, radii, guess, centre, sharp), settings)

    def certified(self, balls: Balls, settings: StepSettings) -> Claim:
        """The claim on the first of the balls on which the hypotheses are proved."""
        assert self.condition is not None
        return certify(balls, settings, self.condition)

    def ratio(self, p: Profile, settings: StepSettings) -> float:
        """The largest ratio over the balls of a profile."""
        return self.search_radius(p, settings).ratio

    def prove(self, question: Question, found: Ball) -> Ball:
        """The ball with proved constants, where the theorem has a proof."""
        if self.condition is None:
            return found
        p = found.profile
        sharp = p is not question.at.profile
        claim = self.certify_near(question.problem, question.settings, p, question.at.centre, sharp=sharp)
        return self._proved(found, claim)

    def near(self, problem: Problem, settings: StepSettings, options: Mapping[str, Any], buffer: float = 0.0) -> Ball:
        """The ball at a problem's weights, in floats; a buffer at the start is of theorems about momentum."""
        return self.ball(profile_at(problem), settings)

    def proved_near(self, problem: Problem, settings: StepSettings, found: Ball, centre: Centre | None) -> Ball:
        """The same with proved constants, about a centre where one is at hand.

        Raises:
            NoVerdictError: the hypotheses are not proved.
        """
        return self._proved(found, self.certify_near(problem, settings, found.profile, centre))

    def _proved(self, found: Ball, c: Claim) -> Ball:
        c.require_holds()
        return Ball(proved(found.constants, c), c, found.profile)

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """As `certify_near`, on a ball chosen by a profile made here."""
        guess, sharp = profile_for(problem, lambda p: self.search_radius(p, settings).holds)
        return self.certify_near(problem, settings, guess, sharp=sharp)

    def promise(self, question: Question, found: Ball) -> Promise | None:
        """Rate, path length, and at every step the inequalities that the proof rests on."""
        r = found.constants
        return BallPromise(
            eta=r.eta,
            floor=r.delta,
            rate=r.rate,
            radius=r.required,
            mu=r.mu,
            beta=r.beta,
            profile=found.profile if self.along_path else None,
        )

    def shortfall(self, question: Question, found: Ball | None, rows: list[Row]) -> str:
        """What is open, and the step size or the residual at which it would close."""
        more = []
        if found is not None and not found.constants.holds and question.at.profile is not None:
            r = found.constants
            if r.eta_limit > 0:
                more.append(f"it closes at eta = {r.eta_limit:.3g}")
            elif 0 < r.ratio <= 1:
                more.append(f"it would close at ||r_0|| below {r.ratio * question.at.profile.residual:.3g}")
            if found.nearest_kink and not found.kinks.value:
                more.append(f"the balls end at a kink: {found.nearest_kink}")
        return shortfall(question, rows, more)


class UniformTheorem(BallTheorem):
    """One PL* constant on the whole ball: the radius that it asks for must fit into the ball.

    Attributes:
        formula: the radius by (L_0, mu, beta, eta) where it needs no more; such a theorem has a proof.
    """

    formula: Radius | None = None

    @property
    def condition(self) -> BallCondition | None:
        """By the formula."""
        return None if self.formula is None else BallCondition(self.statement, self.formula)

    def radius(self, p: Profile, eta: Array, delta: Array) -> Array:
        """The radius asked for at every radius of a profile, shape (N+1,); here by the formula."""
        assert self.formula is not None
        return np.asarray(self.formula(p.loss, np.minimum(p.sig**2, p.beta), p.beta, eta, ARRAYS))

    def sides(self, p: Profile, eta: Array, delta: Array) -> tuple[Array, Array]:
        """The radius asked for, and R."""
        return self.radius(p, eta, delta), p.radii

    def constants(self, p: Profile, beta: float, eta: float, i: int, needed: float) -> tuple[float, float]:
        """The radius asked for, and sig(R)^2."""
        return needed, float(min(p.sig[i] ** 2, beta))


class IntegralTheorem(BallTheorem):
    """The PL* constant integrated along the path [Theorem B]: any ball into which the root rho fits."""

    along_path = True

    @property
    def condition(self) -> BallCondition:
        """||r_0|| < (1 - beta eta / 2) int_0^R sig."""
        return BallCondition(self.statement, None)

    def sides(self, p: Profile, eta: Array, delta: Array) -> tuple[Array, Array]:
        """||r_0||, and (1 - beta eta / 2) int_0^R sig."""
        return np.full_like(p.radii, p.residual), slack(p.beta, eta) * p.integral

    def constants(self, p: Profile, beta: float, eta: float, i: int, needed: float) -> tuple[float, float]:
        """An upper bound of rho with (1 - beta eta/2) int_0^rho sig = ||r_0||, and sig there squared."""
        available = slack(beta, eta) * p.integral[: i + 1]
        if not available[-1] >= p.residual:
            return float("inf"), 0.0
        j = path_end(available, p.residual)
        return float(p.radii[j]), float(p.sig[j] ** 2)
