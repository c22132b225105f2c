"""Theorem L: down to a level of any loss with a gauge."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ..certification.balls import Balls
from ..certification.centre import Centre
from ..certification.claim import Claim
from ..certification.conclusion import path_end
from ..certification.level import INSIDE, PATH, Descent, certify_level, default_level, descent, graduated
from ..certification.profile import Profile
from ..certification.sharpened import sharpened, sharpening_cost
from ..optim import StepSettings
from ..optim.guard import floor_on
from ..problem.loss import KINDS
from ..problem.problem import Problem
from ..runs.level import LevelPromise
from ..runs.promise import Promise
from ..theory import Bound, Direction, InvalidInputError, NotAvailableError, NumericalFailureError
from ..theory.bound import given
from ..theory.digits import above, below
from ..theory.formulas import decrease, slack
from ..theory.verdict import Comparison, Fact, Row, unknown
from .ball import HEADROOM
from .ball_constants import BallConstants
from .hypotheses import CLIPPED, POSITIVE, SMOOTH, STEP, shortfall
from .measured import profile_at
from .on_ball import Ball, TheoremOnBall, proved
from .protocol import Hypothesis, Question, options_of
from .sources import OWN


@dataclass(frozen=True)
class Reached(Ball):
    """A ball on which the way down to a level fits, by search or proved.

    Attributes:
        way: from the loss at the start to the level.
        steps: upper bound of the steps to the level; infinite where there is none.
        certain: a loss at or below which every sample is classified right; None where the loss says nothing of it.
        sharp: whether Theorem E sharpened the profile.
    """

    way: Descent
    steps: float
    certain: float | None
    sharp: bool

    clipped: ClassVar[str] = "||grad L|| ≤ L_F Gam(L_0)"


def _gauge(q: Question, found: Reached | None) -> Row:
    loss = q.problem.objective
    needed = "gam(l) ≤ ||grad l|| ≤ Gam(l), Hess l ≤ M"
    if found is None:
        return Row(Fact(needed, str(loss), True), f"{loss.words}; closed forms")
    way = found.way
    how = f"{loss.words}; M = {way.curvature:.4g}, Gam(L_0) ≤ {above(way.slope, 4)}"
    if way.level > 0:
        how += f", gam(eps) ≥ {below(way.gauges[0], 4)}"
    return Row(Fact(needed, loss.name, True), how)


def _way(q: Question, found: Reached | None) -> Row:
    if found is None:
        return unknown("no bounds over a ball")
    how = f"eps = {found.way.level:.6g}, L_0 ≤ {above(found.way.start, 6)}; "
    how += (
        f"verified on R = {found.constants.radius:.4g}"
        if found.counted
        else f"best at R = {found.constants.radius:.4g}"
    )
    return Row(Comparison(found.available, ">", found.needed), how)


class DownToALevel(TheoremOnBall):
    """The gauge of the loss integrated from its value at the start to a level, against the profile of the network."""

    id = "L"
    title = "integrated gradient inequality, any loss with a gauge"
    citation = OWN
    hypotheses = (
        Hypothesis("a loss with a gauge", _gauge),
        SMOOTH,
        POSITIVE,
        CLIPPED,
        STEP,
        Hypothesis(f"{PATH}; {INSIDE}", _way),
    )
    conclusion = (
        "L_t falls to at most eps, within T steps if eps > 0; up to there the path is at most rho; for eps = 0 w_t "
        "converges to a zero of L"
    )
    claims = ("gauge_of_a_sample", "level_step", "level_path")
    losses = tuple(KINDS)
    options = ("level",)
    at_checkpoint = True
    certifiable = True

    def search(self, question: Question) -> Reached | None:
        """The smallest ball that fulfils the condition, else the best.

        Raises:
            InvalidInputError: a level that is no positive number, or of 0 where no zero can be reached.
            NotAvailableError: the loss at the start is at most the level.
        """
        p, problem = question.at.profile, question.problem
        if p is None:
            return None
        options_of(question, {"level": 0.0})
        way = way_of(problem, question.options.get("level"))
        found = self._on(_unscaled(p, problem.unit), problem, question.settings, way)
        if found.constants.holds or question.at.singular is not None:
            return found
        with contextlib.suppress(NotAvailableError, NumericalFailureError):
            question.allow(sharpening_cost(problem))
            sharp = _unscaled(question.at.sharpened, problem.unit)
            more = replace(self._on(sharp, problem, question.settings, way), sharp=True)
            if more.constants.ratio > found.constants.ratio:
                return more
        return found

    def _on(self, p: Profile, problem: Problem, settings: StepSettings, way: Descent, headroom: float = 1.0) -> Reached:
        """The ball of a grid, by a profile of F itself."""
        gradient = p.lipschitz * way.slope
        beta = way.curvature * p.lipschitz**2 + way.slope * p.ell
        c = settings.multiple
        eta = c / beta if c is not None else np.full_like(p.radii, float(settings.eta))
        room = slack(beta, eta)
        # The radius that is left for the path when the last step is inside as well.
        left = p.radii - (eta * gradient if way.level > 0 else 0.0)
        j = np.searchsorted(p.radii, left, side="right") - 1
        available = np.where((j >= 0) & (room > 0), room * p.integral[np.clip(j, 0, None)], 0.0)
        length = max(way.length, np.finfo(float).tiny)
        with np.errstate(over="ignore"):
            ratio = available / length
        best = int(np.argmax(ratio))
        enough = ratio > 1
        roomy = enough & (ratio >= min(headroom, 0.5 * (1 + float(ratio[best]))))
        i = int(np.argmax(roomy)) if roomy.any() else best
        k = path_end(room[i] * p.integral, way.length)
        holds = bool(enough.any())
        floor = float(floor_on(settings, float(gradient[i])))
        step, curvature = float(eta[i]), float(beta[i])
        mu = float(p.sig[k] ** 2) if holds else 0.0
        least = min(float(decrease(curvature, step * floor)), float(decrease(curvature, step))) * mu
        constants = BallConstants(
            ratio=float(ratio[best]),
            best_radius=float(p.radii[best]),
            holds=holds,
            radius=float(p.radii[i]),
            required=float(p.radii[k]) if holds else math.inf,
            beta=curvature,
            eta=step,
            mu=mu,
            delta=floor,
            rate=None,
            eta_limit=0.0,
            needed=way.length,
            available=float(available[i]),
        )
        steps = 1 + way.count / least if least > 0 else math.inf
        certain = problem.objective.level_of_accuracy(*problem.y.shape)
        return Reached(constants, None, p, way, steps, certain, sharp=False)

    def prove(self, question: Question, found: Reached) -> Reached:
        """The same ball with proved constants."""
        return self.proved_near(question.problem, question.settings, found, question.at.centre)

    def proved_near(self, problem: Problem, settings: StepSettings, found: Reached, centre: Centre | None) -> Reached:
        """The same ball with proved constants, about a centre where one is at hand.

        Raises:
            NoVerdictError: the hypotheses are not proved.
        """
        claim = self.certified_on(problem, settings, found, centre)
        claim.require_holds()
        constants = proved(found.constants, claim)
        way = replace(
            found.way, start=claim["loss"], length=claim["length"], slope=claim["slope"],
            levels=claim.witness["levels"], gauges=claim.witness["gauges"],
        )  # fmt: skip
        return replace(found, constants=constants, certificate=claim, way=way, steps=claim["steps"] or math.inf)

    def certified_on(
        self, problem: Problem, settings: StepSettings, found: Reached, centre: Centre | None = None
    ) -> Claim:
        """The proof near a ball that was found in floats, whose numbers are trusted for nothing else."""
        p, way = found.profile, found.way
        on = self._on(p, problem, settings, way, HEADROOM).constants
        radius = max(on.radius, float(p.radii[1]))
        # Round-off may ask for more room than a ball chosen in floating point has to spare.
        radii = [radius] if on.best_radius <= radius else [radius, on.best_radius]
        balls = Balls(problem, radii, centre=centre, sharp=found.sharp)
        return certify_level(balls, settings, self.statement, way.level)

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """The proof on a ball found here, down to the level that the loss has by itself."""
        return self.certified_on(problem, settings, self.near(problem, settings, {}))

    def near(
        self, problem: Problem, settings: StepSettings, options: Mapping[str, Any], buffer: float = 0.0
    ) -> Reached:
        """The ball at a problem's weights, in floats; with Theorem E's profile where that alone closes.

        Args:
            problem: network and data.
            settings: the step rule.
            options: the theorem's own.
            buffer: at the start, of theorems about momentum.

        Raises:
            InvalidInputError, NotAvailableError: as `search`.
        """
        found = self.found_at(problem, settings, options.get("level"))
        if not found.constants.holds:
            with contextlib.suppress(NotAvailableError, NumericalFailureError):
                found = self.found_at(problem, settings, options.get("level"), sharp=True)
        return found

    def found_at(
        self, problem: Problem, settings: StepSettings, level: object = None, *, sharp: bool = False
    ) -> Reached:
        """The ball at a problem's weights, in floats; sharp: with Theorem E's profile."""
        way, p = way_of(problem, level), profile_at(problem)
        p = _unscaled(sharpened(problem, p) if sharp else p, problem.unit)
        return replace(self._on(p, problem, settings, way), sharp=sharp)

    def consequences(self, question: Question, found: Reached) -> list[Row]:
        """The level and when it is met, and that every sample is classified right there."""
        way = found.way
        if way.level == 0:
            return []
        steps = Bound(found.steps, Direction.UPPER, "", found.counted)
        rows = [Row(Comparison(steps, "<", given(math.inf), "T"), f"L_T ≤ {above(way.level, 6)}", "the level is met")]
        if found.certain is not None:
            level = Bound(way.level, Direction.UPPER, "", found.counted)
            how = "every sample's loss is then below ln 2"
            rows.append(Row(Comparison(level, "<=", given(found.certain), "L_T"), how, "training accuracy 1 at step T"))
        return rows

    def promise(self, question: Question, found: Reached) -> Promise | None:
        """Decrease, gauge, path and steps until the level is met."""
        r, problem = found.constants, question.problem
        way = graduated(found.way, problem.objective.gauge(*problem.y.shape))
        return LevelPromise(
            eta=r.eta, floor=r.delta, radius=r.required, level=way.level, beta=r.beta, mu=r.mu,
            count=found.steps, way=way, profile=found.profile,
        )  # fmt: skip

    def shortfall(self, question: Question, found: Reached | None, rows: list[Row]) -> str:
        """What is open, and how far the profile would reach."""
        more = []
        if found is not None and not found.constants.holds and 0 < found.constants.ratio <= 1:
            more.append(f"the profile allows {found.constants.ratio:.3g} of the way to eps = {found.way.level:.4g}")
        return shortfall(question, rows, more)


def way_of(problem: Problem, level: object) -> Descent:
    """The way from the loss at the weights to a level; None takes the loss's own.

    Raises:
        InvalidInputError: a level that is not allowed.
        NotAvailableError: the loss at the start is at most the level.
    """
    loss, shape = problem.objective, problem.y.shape
    start = float(problem.value().detach())
    if level is None:
        level = default_level(loss, start, *shape)
    elif isinstance(level, bool) or not isinstance(level, int | float) or not 0 <= level < math.inf:
        raise InvalidInputError(f"theorem.options.level = {level!r}: allowed is a number from 0 on")
    elif level == 0 and loss.gauge(*shape).integral(0.0, 1.0) is None:
        raise InvalidInputError(
            f"theorem.options.level = 0: the way to a {loss.name} of 0 is infinite; allowed are numbers above 0"
        )
    if not start > level:
        raise NotAvailableError(f"the loss at the start, {start:.4g}, is at most the level, {level:.4g}")
    return descent(loss.gauge(*shape), start, float(level))


def _unscaled(p: Profile, unit: float) -> Profile:
    """Of F itself; that of the square loss is scaled by the root of its share."""
    if unit == 1.0:
        return p
    arrays = {name: getattr(p, name) / math.sqrt(unit) for name in ("sig", "lipschitz", "ell", "integral")}
    return replace(p, **arrays, residual=p.residual / math.sqrt(unit))


THEOREM = DownToALevel()
