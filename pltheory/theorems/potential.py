"""Theorems about any steps h_t in (0, eta]: rho_0 < k int sig on a ball, k by the law of the steps.

The constant k takes the place of 1 - beta eta / 2 in Theorem B; the loss falls by a factor for each step, so that of a
schedule whose steps have a finite sum no zero is claimed, but the loss that it ends at is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..certification.any_steps import certify_steps, horizon, later_rate, loss_at_end
from ..certification.balls import Balls
from ..certification.centre import Centre
from ..certification.claim import Claim
from ..certification.conclusion import path_end
from ..certification.profile import Profile
from ..certification.steps import At, Law
from ..optim import ClippedSettings, StepSettings, certifiable
from ..problem.problem import Problem
from ..runs.potential import PotentialPromise
from ..runs.promise import Promise
from ..theory import Bound, Direction
from ..theory.digits import above
from ..theory.formulas import smoothness
from ..theory.potential import Constants
from ..theory.verdict import Comparison, Fact, Row, unknown
from .ball import IntegralTheorem
from .ball_constants import BallConstants
from .hypotheses import ZERO, fits_into_ball
from .measured import profile_at
from .on_ball import Ball
from .protocol import Hypothesis, Question

SEARCHES = 16
"""Radii at which k is searched for where eta is a number."""


@dataclass(frozen=True)
class StepsBall(Ball):
    """A ball with what the law of the steps found on it.

    Attributes:
        found: k and the rest.
        at: the numbers that it was found from.
        loss_end: upper bound of the loss after the horizon of the schedule.
        tail: lower bound of the schedule's factors after it.
    """

    found: Constants
    at: At
    loss_end: float
    tail: float


def _steps(q: Question, found: StepsBall | None) -> Row:
    how = q.settings.recursion
    return Row(Fact("h_t in (0, eta]", how.words, True), "by construction: eta is the largest step of the schedule")


def _falls(q: Question, found: StepsBall | None) -> Row:
    if found is None:
        return unknown("no bounds over a ball")
    how = f"found at beta eta = {found.at.beta * found.at.eta:.4g}, with C = {found.found.c:.4g}"
    return Row(Comparison(Bound(found.found.k, Direction.LOWER, how, found.counted), ">", ZERO, "k"), how)


STEPS = Hypothesis("h_t in (0, eta]", _steps)
FALLS = Hypothesis("a potential that falls, k > 0", _falls)
INTEGRAL = fits_into_ball("rho_0 < k int_0^R sig", symbol="")


class PotentialTheorem(IntegralTheorem):
    """Rho_0 < k int sig; a subclass gives the law.

    Attributes:
        law: of the steps.
    """

    law: Law

    def search_radius(self, p: Profile, settings: StepSettings, *, headroom: float = 1.0) -> BallConstants:
        """Search the grid of radii of a profile; arguments as of `BallTheorem`."""
        return self.search_ball(p, settings, headroom=headroom).constants

    def search_ball(
        self, p: Profile, settings: StepSettings, *, headroom: float = 1.0, buffer: float = 0.0
    ) -> StepsBall:
        """The same with what the law found, and for a buffer of that length at the start."""
        rule, law, how = certifiable(settings, self.law.forms), self.law, settings.recursion
        carried = (buffer * p.lipschitz / p.residual) ** 2 if buffer else 0.0
        beta = smoothness(p.residual * np.sqrt(1 + law.excess(how, carried)), p.lipschitz, p.ell)
        eta = rule.multiple / beta if rule.multiple is not None else np.full_like(p.radii, float(rule.eta))
        at = [
            At(float(b), float(h), float(p.sig[0]), float(p.lipschitz[0]), float(lip), p.residual, buffer)
            for b, h, lip in zip(beta, eta, p.lipschitz, strict=True)
        ]
        found = self._found(rule, at)
        k = np.array([f.k if f.omega > 0 else 0.0 for f in found])
        start = np.array([law.start(how, a, f.c).hi for a, f in zip(at, found, strict=True)])
        with np.errstate(all="ignore"):
            ratio = np.where((k > 0) & (p.sig > 0), k * p.integral / start, 0.0)
        best = int(np.argmax(ratio))
        roomy = (ratio > 1) & (ratio >= min(headroom, 0.5 * (1 + float(ratio[best]))))
        i = int(np.argmax(roomy)) if roomy.any() else best
        holds = bool((ratio > 1).any())
        required, mu = math.inf, 0.0
        if holds:
            end = path_end(k[i] * p.integral[: i + 1], float(start[i]))
            required, mu = float(p.radii[end]), float(p.sig[end] ** 2)
        here, one = at[i], found[i]
        floor = law.floor(rule, here, one) if holds else 0.0
        factors, tail = horizon(rule)
        loss_end, rate = p.loss, None
        if holds:
            fallen = loss_at_end(law, rule, here, one, mu, floor, factors)
            loss_end = (fallen * law.start(how, here, one.c_rate) ** 2 * law.apart(how, here, one.c_rate)).hi / 2
            rate = later_rate(law, rule, here, one, mu, floor, tail)
        constants = BallConstants(
            ratio=float(ratio[best]),
            best_radius=float(p.radii[best]),
            holds=holds,
            radius=float(p.radii[i]),
            required=required,
            beta=here.beta,
            eta=here.eta,
            mu=mu,
            delta=floor,
            rate=rate,
            eta_limit=0.0,
            needed=float(start[best]),
            available=float(k[best] * p.integral[best]),
        )
        return StepsBall(constants, None, p, one, here, loss_end, tail)

    def _found(self, rule: ClippedSettings, at: Sequence[At]) -> list[Constants]:
        """By radius; where eta is c / beta one search serves all: eps and the bound on C are worst at the centre.

        Elsewhere what is found at some radii serves those before it, whose beta is smaller.
        """
        if rule.multiple is not None:
            return [self.law.find(rule.recursion, at[0])] * len(at)
        searched = np.unique(np.linspace(0, len(at) - 1, SEARCHES).astype(int)).tolist()
        some = [self.law.find(rule.recursion, at[j]) for j in searched]
        return [some[int(np.searchsorted(searched, j))] for j in range(len(at))]

    def ball(self, p: Profile, settings: StepSettings) -> Ball:
        """With what the law found."""
        return self.search_ball(p, settings)

    def near(
        self, problem: Problem, settings: StepSettings, options: Mapping[str, Any], buffer: float = 0.0
    ) -> StepsBall:
        """As of `BallTheorem`, for a buffer of that length at the start."""
        return self.search_ball(profile_at(problem), settings, buffer=buffer)

    def certified(self, balls: Balls, settings: StepSettings) -> Claim:
        """By `certify_steps`."""
        return certify_steps(balls, settings, self.law, self.statement)

    def prove(self, question: Question, found: Ball) -> StepsBall:
        """The same ball with proved constants."""
        return self._with_constants(super().prove(question, found))

    def proved_near(self, problem: Problem, settings: StepSettings, found: Ball, centre: Centre | None) -> StepsBall:
        """As of `BallTheorem`."""
        return self._with_constants(super().proved_near(problem, settings, found, centre))

    def _with_constants(self, proved: Ball) -> StepsBall:
        c = proved.certificate
        assert c is not None
        numbers = {name: c.numbers[name] for name in self.law.numbers}
        constants = Constants(**{"xi": 1.0, "c": 0.0, "omega": 1.0, "c_rate": 0.0, **numbers})
        at = At(c["beta"], c.eta, float(c.witness["sigma"].max()), c["largest"], c["lipschitz"], c["residual"])
        return StepsBall(proved.constants, c, proved.profile, constants, at, c["loss_end"], float(c.numbers["tail"]))

    def concluded(self, question: Question, found: Ball) -> str:
        """And the loss at the end of the schedule, a number that follows: nothing is asked of it."""
        assert isinstance(found, StepsBall)
        schedule = question.settings.recursion.schedule
        if schedule.constant:
            return ""
        end = f"L_T ≤ {above(found.loss_end, 4)} at T = {schedule.horizon}{'' if found.counted else ', as computed'}"
        return f"{self.conclusion}; here {end} and {'L_t -> 0 later' if found.tail > 0 else 'no zero is claimed'}"

    def promise(self, question: Question, found: Ball) -> Promise | None:
        """What the law says of every step."""
        assert isinstance(found, StepsBall)
        r, how = found.constants, question.settings.recursion
        return PotentialPromise(
            eta=r.eta,
            floor=r.delta if how.schedule.constant else 0.0,
            rate=r.rate if how.schedule.constant and how.momentum == 0 else None,
            radius=r.required,
            mu=r.mu,
            beta=r.beta,
            profile=found.profile,
            how=how,
            found=found.found,
            loss_end=found.loss_end,
            lagging=self.law.outside,
        )
