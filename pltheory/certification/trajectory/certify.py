"""Theorem D: exact delta-GClip from the given weights, proved to reach a zero-loss point at a linear rate.

**Statement.** Let w_0, the data and kappa, tau, eta, gamma, delta be the stored doubles, and x_t the iterates of
delta-GClip from x_0 = w_0 in exact real arithmetic. Float64 steps give w_1, .., w_T. With eps_0 = 0 and
`eps_{t+1} = Lip_t eps_t + rho_t`, where rho_t bounds the distance of the computed from the exact step at w_t
(`step`) and Lip_t the Lipschitz constant of the exact step over B(w_t, eps_t) (`bounds`),
`||w_t - x_t|| <= eps_t` for all t <= T. If Theorem C holds at w_T for every start in B(w_T, eps_T)
(`basin`), it holds at x_T: x_t converges to a point of zero loss, `L(x_{t+1}) <= q L(x_t)` for t >= T.

Proof of the recursion. `||w_{t+1} - x_{t+1}|| <= ||w_{t+1} - G(w_t)|| + ||G(w_t) - G(x_t)||`, and x_t is in the ball.

The proof needs no property of the computed run: any floats w_t close to their exact images would do.

**Replay.** Float64 steps are not reproduced bit for bit by another BLAS, so nothing is recorded that depends on the
bits of w_1, .., w_{T-1}: the bounds of a step are taken over B(w_t, 2 eps_t), which holds all of B(x_t, eps_t), and are
therefore true of the exact x_t and the ball of radius eps_t about it. A second implementation follows x_t in arithmetic
of its own and meets the same claims (`claim`, `recheck.trajectory`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from ...nets.graph import Graph
from ...optim import ClippedSettings, StepSettings, certifiable
from ...problem.problem import Problem
from ...rigor import environment
from ...rigor.errors import NoVerdictError
from ...rigor.roundoff import add_up, down, mul_up
from ...rigor.scalar import Interval, interval
from ...theory.formulas import smoothness
from ..stored import FloatNetwork, Stored, require_unchanged, stored_arrays
from .basin import Basin, basin
from .bounds import reference
from .curvature import data_gram, hidden_layer_curvature
from .growth import growth
from .network import distance_up, forward
from .step import Step, enclose_step, gradient

Status = Literal["CERTIFIED", "UNDECIDED"]
Progress = Callable[[int, float, float, float], None]
"""Called after each step with t, ||r||, eps and the product of the growth factors."""

UNDECIDED_BRANCH = "undecided"
_TRY = 1.15
"""The last step is tried where its estimate promises that ratio."""
_AGAIN = 0.95
"""After a failed try, the residual must shrink by that factor before the next one."""
_NEGLIGIBLE = 1e-6
"""Growth a step below which the sharper bound of the curvature is not worth its time."""
_HEADROOM = 1.0 + 2.0**-10
"""Curvatures are stated by that factor larger than found, so that bounds found in another way confirm them; growth by
10^6 in all becomes larger by 1.4%."""


class KinkError(NoVerdictError):
    """An argument of a function with a kink may meet it within the error."""


@dataclass(frozen=True)
class StepRecord:
    """Step t, from w_t to w_{t+1}.

    Attributes:
        eps: bound of ||w_t - x_t||.
        rho: bound of ||w_{t+1} - G(w_t)||.
        factor: Lip_t. It and what follows is valid on B(w_t, 2 eps_t), so on B(x_t, eps_t).
        residual: upper bound of ||r||.
        lipschitz: upper bound of ||J||.
        curvature: upper bound of ||sum_i r_i Hess f_i||, summed loss.
        concave: upper bound of minus its smallest eigenvalue; `curvature` where no other is known.
        beta: upper bound of the Hessian's norm, loss in use.
        gradient: enclosure of ||grad L||, loss in use.
        branches: the branches of the step that can occur.
    """

    eps: float
    rho: float
    factor: float
    residual: float
    lipschitz: float
    curvature: float
    concave: float
    beta: float
    gradient: Interval
    branches: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TrajectoryCertificate:
    """What was proved about the trajectory, or where the proof stopped.

    Attributes:
        status: CERTIFIED, or UNDECIDED with the obstruction.
        eta, gamma, delta: the doubles that the exact iteration uses.
        scale: c of the loss in use, c/2 ||F - y||^2.
        start: w_0 and the data.
        steps: T.
        eps: eps_T.
        growth: upper bound of the product of the Lip_t.
        branches: number of steps decided to be full, band or floor over the whole ball, and undecided ones.
        displacement: upper bound of ||w_T - w_0||.
        basin: Theorem C at w_T; None where it was never tried.
        records: one per step.
        final: the computed w_T.
        obstruction: a sentence saying what failed; empty where CERTIFIED.
        at_kink: whether that is an argument too near a kink.
    """

    status: Status
    eta: float
    gamma: float
    delta: float
    scale: Fraction
    start: Stored
    steps: int
    eps: float
    growth: float
    branches: dict[str, int]
    displacement: float
    basin: Basin | None
    records: tuple[StepRecord, ...]
    final: FloatNetwork | Graph
    obstruction: str
    at_kink: bool = False

    @property
    def lambda_min(self) -> float:
        """Lower bound of the smallest eigenvalue of K(w_T), summed loss; 0 where the last step was never tried."""
        sigma = 0.0 if self.basin is None else self.basin.sigma
        return max(0.0, float(down(sigma * sigma)))

    @property
    def distance(self) -> float | None:
        """Upper bound of the distance from w_0 to the zero-loss point, and to every exact iterate from x_T on."""
        if self.basin is None or not self.basin.holds:
            return None
        return float(add_up(self.displacement, self.eps, self.basin.rho))


class _Run:
    """The loop's state: w_t, its error bound, and what has been recorded.

    Everything that depends on how a network is stored is in the methods from `take` to `step`; those here are of
    class N.
    """

    start: Any
    net: Any
    origin: Any
    ref: Any

    def __init__(self, problem: Problem, settings: ClippedSettings) -> None:
        self.start = self.take(problem)
        self.x, self.y = self.start.x, self.start.y
        self.net = self.origin = self.begin()
        self.scale = problem.share
        self.factor = interval(self.scale)
        self.rule = settings
        self.gamma, self.delta = float(settings.gamma), float(settings.delta)
        self.eps, self.growth = 0.0, 1.0
        self.records: list[StepRecord] = []
        self.basin: Basin | None = None
        self.at = self.look()
        self.ref = self.refer()
        self.eta = self._eta(settings)
        self.next_try = math.inf

    # --- of the class of network ---

    def take(self, problem: Problem) -> Any:
        """The stored doubles that the verdict is about."""
        return stored_arrays(problem)

    def begin(self) -> Any:
        """w_0, and what the data alone decide."""
        self.gram = data_gram(self.start, self.x)
        return self.start

    def look(self) -> Any:
        """The forward pass at w_t."""
        return forward(self.net, self.x, self.y)

    def about(self, least: float) -> Any:
        """Bounds about w_t on a ball of at least that radius."""
        return reference(self.net, self.at, least)

    def distance(self, other: Any) -> float:
        """Upper bound of ||w_t - other||."""
        return distance_up(self.net, other)

    def curvature(self, residual: float) -> tuple[float, float]:
        """Upper bounds over B(w_t, 2 eps_t) of ||E|| and -lambda_min(E), E = sum_i r_i Hess f_i, from one of ||r||."""
        general = float(mul_up(residual, self.ref.ell))
        if self.gram is not None and not self.negligible(general):
            found = hidden_layer_curvature(self.net, self.at, self.gram, self.radius, self.ref.lipschitz)
            general = min(general, found)
        return general, general

    def step(self) -> Step:
        """The computed step from w_t."""
        found = gradient(self.net, self.at, self.ref.lipschitz, self.scale)
        return enclose_step(self.net, found, self.eta, self.gamma, self.delta)

    # --- of the loop ---

    def negligible(self, curvature: float) -> bool:
        """Whether a sharper bound of the curvature is not worth its time."""
        return self.eta * float(self.scale) * curvature < _NEGLIGIBLE

    def _eta(self, settings: StepSettings) -> float:
        """The step size; of "c/beta", beta is the smoothness bound at w_0. Any double is an honest choice."""
        multiple = settings.multiple
        if multiple is None:
            return float(settings.eta)
        beta = float(self.scale) * smoothness(self.at.residual_norm.hi, self.ref.jacobian, self.ref.ell)
        return float(multiple / beta)

    @property
    def t(self) -> int:
        return len(self.records)

    @property
    def radius(self) -> float:
        """Radius about w_t of the ball that bounds are about; it holds the ball of radius eps_t about x_t."""
        return 2.0 * self.eps

    def refer(self) -> Any:
        """Make w_t the reference point."""
        self.ref = self.about(self.radius)
        return self.ref

    def cover(self) -> None:
        """Make sure that B(w_t, 2 eps_t) lies in the ball of the reference point."""
        away = self.distance(self.ref.network)
        # Written so that a NaN asks for a new reference point.
        if not add_up(away, self.radius) <= self.ref.radius:
            self.refer()
            if not self.radius <= self.ref.radius:
                raise NoVerdictError(f"eps = {self.eps:.3g} is not inside any ball with bounds")

    def finished(self) -> bool:
        """Try the last step where its estimate is promising; True where it is proved."""
        residual = self.at.residual_norm.hi
        ref = self.ref
        step = float(self.scale) * self.eta
        promise = (1 - 0.5 * ref.jacobian**2 * step) * ref.sigma_estimate**2 / (2 * ref.ell)
        if not (promise > _TRY * (residual + ref.lipschitz * self.eps) and residual < self.next_try):
            return False
        self.next_try = _AGAIN * residual
        here = self.about(self.eps)
        self.basin = basin(here, residual, self.eps, self.eta, self.gamma, self.delta, self.factor)
        return self.basin.holds

    def advance(self) -> None:
        """One step, its error and its growth."""
        step = self.step()
        lipschitz = self.ref.lipschitz
        residual = float(add_up(self.at.residual_norm.hi, mul_up(lipschitz, self.radius)))
        curvature, concave = (float(mul_up(_HEADROOM, bound)) for bound in self.curvature(residual))
        args = (step.grad, self.eta, self.gamma, self.delta, self.factor)
        grown = growth(curvature, lipschitz, self.radius, *args, concave)
        self.records.append(
            StepRecord(
                self.eps,
                step.rho,
                grown.factor,
                residual,
                lipschitz,
                curvature,
                concave,
                grown.beta,
                grown.grad,
                tuple(sorted(grown.branches)),
            )
        )
        eps = float(add_up(mul_up(grown.factor, self.eps), step.rho))
        self.growth = float(mul_up(self.growth, max(grown.factor, 1.0)))
        if not math.isfinite(eps):
            raise NoVerdictError("the error recursion overflows")
        self.eps, self.net = eps, step.network
        self.at = self.look()
        self.cover()

    def lost(self) -> bool:
        """Whether the error alone is larger than any residual the last step is likely to allow."""
        allowed = self.ref.sigma_estimate**2 / (2 * self.ref.ell)
        return self.ref.lipschitz * self.eps > max(4 * allowed, self.at.residual_norm.hi)

    def certificate(self, status: Status, obstruction: str, at_kink: bool = False) -> TrajectoryCertificate:
        counts = Counter(r.branches[0] if len(r.branches) == 1 else UNDECIDED_BRANCH for r in self.records)
        return TrajectoryCertificate(
            status,
            self.eta,
            self.gamma,
            self.delta,
            self.scale,
            self.start,
            self.t,
            self.eps,
            self.growth,
            dict(counts),
            self.distance(self.origin),
            self.basin,
            tuple(self.records),
            self.net,
            obstruction,
            at_kink,
        )


def certify_trajectory(
    problem: Problem,
    settings: StepSettings,
    *,
    steps_limit: int,
    progress: Progress | None = None,
) -> TrajectoryCertificate:
    """Run delta-GClip in float64 and prove where the exact iteration from the same weights goes (Theorem D).

    Args:
        problem: a class-N network with a smooth activation, and data.
        settings: eta, gamma, delta; of eta = "c/beta", beta is the smoothness bound at the initial weights.
        steps_limit: the most steps to take.
        progress: called after each step.

    Raises:
        InvalidInputError: the network or the data changed meanwhile.
        NotAvailableError: not of class N, an activation that is not smooth, or a step rule that it does not follow.
        NoVerdictError: the bounds at the initial weights overflow.
        RoundingEnvironmentError: the processor does not round as the bounds presuppose.
    """
    environment.require()
    return follow(_Run(problem, certifiable(settings)), problem, steps_limit, progress)


def follow(run: _Run, problem: Problem, steps_limit: int, progress: Progress | None) -> TrajectoryCertificate:
    """Take steps until Theorem C holds, or until it is seen that it will not. Arguments as `certify_trajectory`."""
    status: Status = "UNDECIDED"
    at_kink = False
    try:
        while True:
            if run.finished():
                status, why = "CERTIFIED", ""
                break
            if run.t >= steps_limit:
                why = f"after {run.t} steps Theorem C does not hold yet: {_shortfall(run)}; {_worst(run)}"
                break
            if run.lost():
                why = f"the error recursion does not close: at step {run.t} eps = {run.eps:.3g}; {_worst(run)}"
                break
            run.advance()
            if progress is not None:
                progress(run.t, run.at.residual_norm.hi, run.eps, run.growth)
    except NoVerdictError as error:
        status, why, at_kink = "UNDECIDED", f"step {run.t}: {error}; {_worst(run)}", isinstance(error, KinkError)
    environment.require()
    require_unchanged(run.start, run.take(problem))
    return run.certificate(status, why, at_kink)


def _shortfall(run: _Run) -> str:
    residual = run.at.residual_norm.hi
    if run.basin is None:
        promise = run.ref.sigma_estimate**2 / (2 * run.ref.ell)
        return f"residual {residual:.3g}, about {promise:.3g} is needed; eps = {run.eps:.3g}"
    return f"ratio {run.basin.ratio:.3g} at its last trial, residual now {residual:.3g}; eps = {run.eps:.3g}"


def _worst(run: _Run) -> str:
    """The step with the largest growth factor, and the growth so far."""
    if not run.records:
        return "no step was taken"
    t = int(np.argmax([r.factor for r in run.records]))
    record = run.records[t]
    return (
        f"growth so far {run.growth:.3g}, largest factor {record.factor:.4g} at step {t} "
        f"({' or '.join(record.branches)}, residual {record.residual:.3g})"
    )
