"""How many steps weight decay leaves to a ball (Theorem W2), in floating point: a horizon that is proved afterwards.

On B(w_0, R) with W = ||w_0|| + R, let P be the sum of the shares by which the steps shrink the weights, in either form
lambda eta times the sum of the schedule's factors. Decay alone moves the weights by at most W P and raises the residual
by at most L_F W P: `||r_0|| + L_F W P < (1 - beta eta / 2) int_{W P}^R sig` keeps them in the ball. Any number of steps
for which that holds is a proof; the search looks for the one after which the bound of the loss is least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..optim import ClippedSettings, StepSettings, certifiable
from ..optim.recursion import Form, Recursion
from ..rigor.roundoff import Array
from ..rigor.scalar import Interval, interval
from ..theory.formulas import loss_floor, rate_classic, slack, smoothness
from .conclusion import floor_below, path_end
from .profile import Profile

FORMS = frozenset({Form.DECAYED})
MOST_STEPS = 10**6
"""Of a horizon: a certificate of more is asked for by nobody who counts them."""
SHARES = np.geomspace(1.0, 1e-6, 49)
"""Of the largest P that the ball allows, those that are tried."""
BALLS = 48
"""Radii of a profile that are tried."""


def reached(residual: Any, lipschitz: Any, weights: Any, shrunk: Any) -> Any:
    """The largest residual on the way, ||r_0|| + L_F W P: decay moves the weights, the Jacobian the outputs.

    Args:
        residual: ||r_0||.
        lipschitz: L_F.
        weights: W.
        shrunk: P.
    """
    return residual + lipschitz * weights * shrunk


def clipped_norm(how: Recursion, residual: Interval, lipschitz: Interval, weights: Interval) -> Interval:
    """Upper end: the norm that the clip reads, at most L_F ||r||, where the decay's term is in it + lambda W."""
    gradient = lipschitz * residual
    return interval((gradient + interval(float(how.weight_decay)) * weights).hi if how.coupled else gradient.hi)


@dataclass(frozen=True)
class OnBall:
    """Numbers on a ball, in the scale of the loss in use.

    Attributes:
        radii: from 0 to R.
        sigma: lower bounds of sigma_min(J) at them.
        integral: lower bounds of the integral of sigma up to them.
        residual: upper bound of ||r_0||.
        lipschitz, ell: upper bounds on the ball.
        weights: upper bound of ||w|| on the ball, ||w_0|| + R.
    """

    radii: Array
    sigma: Array
    integral: Array
    residual: float
    lipschitz: float
    ell: float
    weights: float

    def beta(self, shrunk: float) -> float:
        """Smoothness where the residual is at most what it may reach."""
        return float(smoothness(reached(self.residual, self.lipschitz, self.weights, shrunk), self.lipschitz, self.ell))

    def available(self, shrunk: float, k: float) -> Array:
        """k times the integral from W P on, at the radii; 0 before it."""
        start = int(np.searchsorted(self.radii, self.weights * shrunk))
        if start >= len(self.radii):
            return np.zeros_like(self.integral)
        return np.maximum(0.0, k * (self.integral - self.integral[start]))


@dataclass(frozen=True)
class Horizon:
    """A number of steps and what follows after them.

    Attributes:
        steps: T.
        eta: the largest step.
        shrunk: P.
        reached: ||r_0|| + L_F W P.
        available: k int_{W P}^R sig.
        beta: of the residual reached.
        end: index of the radius that the weights do not pass.
        mu: sig there, squared.
        floor: lower bound of the clip's factor.
        strength: lambda of the coupled form that the steps are, lambda / floor at most where it is decoupled.
        limit: F.
        loss: bound of the loss after T steps.
    """

    steps: int
    eta: float
    shrunk: float
    reached: float
    available: float
    beta: float
    end: int
    mu: float
    floor: float
    strength: float
    limit: float
    loss: float

    @property
    def ratio(self) -> float:
        """What there is over what is needed."""
        return self.available / self.reached if self.reached > 0 else math.inf

    @property
    def holds(self) -> bool:
        """Whether it closes, as computed."""
        return self.available > self.reached and self.eta * self.beta <= 1 + 2.0**-50 and self.mu > 0


def runs(rule: ClippedSettings, steps: int) -> tuple[Array, Array]:
    """The factors of the first so many steps, and of how many steps in a row each is."""
    schedule = rule.recursion.schedule
    if schedule.constant:
        return np.ones(1), np.array([float(steps)])
    return schedule.factors(steps), np.ones(steps)


def at_horizon(rule: ClippedSettings, on: OnBall, steps: int, eta: float) -> Horizon:
    """What follows after so many steps, in floating point."""
    how, (factors, repeats) = rule.recursion, runs(rule, steps)
    shrunk = how.weight_decay * eta * float(factors @ repeats)
    most, beta = reached(on.residual, on.lipschitz, on.weights, shrunk), on.beta(shrunk)
    available = on.available(shrunk, float(slack(beta, eta)))
    end = path_end(available, most)
    mu = float(on.sigma[end]) ** 2
    read = clipped_norm(how, interval(most), interval(on.lipschitz), interval(on.weights))
    floor = floor_below(rule.gamma, rule.delta, read)
    strength = how.weight_decay if how.coupled else how.weight_decay / floor if floor > 0 else math.inf
    limit = loss = math.inf
    if mu > 0 and math.isfinite(strength):
        limit = loss_floor(strength, on.weights, mu)
        each = np.clip(rate_classic(mu, floor * eta * factors, 1.0), 0.0, 1.0)
        loss = limit + max(0.0, on.residual**2 / 2 - limit) * float(np.prod(each**repeats))
    return Horizon(
        steps, eta, shrunk, float(most), float(available[-1]), beta, end, mu, floor, strength, limit, loss
    )  # fmt: skip


def best_horizon(rule: ClippedSettings, on: OnBall, headroom: float = 1.0) -> Horizon:
    """The number of steps after which the bound of the loss is least, of those with that much room; else one step."""
    schedule, decay = rule.recursion.schedule, rule.recursion.weight_decay
    if not schedule.constant:
        total = float(schedule.factors(schedule.horizon).sum())
        eta = _eta(rule, on.beta(decay * _eta(rule, on.beta(0.0)) * total))
        return at_horizon(rule, on, schedule.horizon, eta)
    most = _most_shrunk(rule, on, headroom)
    tried: dict[int, float] = {}
    for shrunk in (most * SHARES).tolist():
        eta = _eta(rule, on.beta(shrunk))
        if not eta > 0:
            continue
        each = decay * eta
        # A share may underflow, and then so do as many as are asked for.
        steps = MOST_STEPS if each * MOST_STEPS <= shrunk else int(shrunk / each)
        if steps >= 1:
            tried.setdefault(steps, eta)
    found = [at_horizon(rule, on, steps, eta) for steps, eta in tried.items()]
    closing = [h for h in found if h.holds]
    if closing:
        return min(closing, key=lambda h: h.loss)
    return at_horizon(rule, on, 1, _eta(rule, on.beta(decay * _eta(rule, on.beta(0.0)))))


def _eta(rule: ClippedSettings, beta: float) -> float:
    return rule.multiple / beta if rule.multiple is not None else float(rule.eta)


def _most_shrunk(rule: ClippedSettings, on: OnBall, headroom: float) -> float:
    """The largest P that the ball has room for: more P asks for more and leaves less."""
    low, high = 0.0, float(on.radii[-1]) / on.weights if on.weights > 0 else 1.0
    for _ in range(60):
        shrunk = (low + high) / 2
        beta = on.beta(shrunk)
        available = on.available(shrunk, float(slack(beta, _eta(rule, beta))))[-1]
        fits = available > headroom * reached(on.residual, on.lipschitz, on.weights, shrunk)
        low, high = (shrunk, high) if fits else (low, shrunk)
    return low


@dataclass(frozen=True)
class Found:
    """A ball of a profile and a horizon on it.

    Attributes:
        index: of the ball's radius in the profile.
        on: the numbers on it.
        horizon: what follows.
    """

    index: int
    on: OnBall
    horizon: Horizon

    @property
    def radius(self) -> float:
        """R."""
        return float(self.on.radii[-1])


def search(rule: StepSettings, p: Profile, weights: float, headroom: float = 1.0) -> Found:
    """The ball and the horizon with the least bound of the loss, in floating point; else those nearest to closing.

    Args:
        rule: with weight decay.
        p: bounds around w_0.
        weights: ||w_0||.
        headroom: what there is over what is needed, at least, where some ball has it.
    """
    clipped = certifiable(rule, FORMS)
    tried = np.unique(np.linspace(1, len(p.radii) - 1, BALLS).astype(int)).tolist()
    found = [_on(clipped, p, weights, i, headroom) for i in tried]
    closing = [f for f in found if f.horizon.holds]
    if closing:
        return min(closing, key=lambda f: f.horizon.loss)
    return max(found, key=lambda f: f.horizon.ratio) if headroom == 1 else search(rule, p, weights)


def _on(rule: ClippedSettings, p: Profile, weights: float, i: int, headroom: float) -> Found:
    on = OnBall(
        p.radii[: i + 1],
        p.sig[: i + 1],
        p.integral[: i + 1],
        p.residual,
        float(p.lipschitz[i]),
        float(p.ell[i]),
        weights + float(p.radii[i]),
    )
    return Found(i, on, best_horizon(rule, on, headroom))
