"""Theorem W2 proved on one ball: a horizon that a search found, with every number rounded outward."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..optim import ClippedSettings, StepSettings, certifiable
from ..rigor.errors import NoVerdictError
from ..rigor.roundoff import Array, mul_up, sum_up
from ..rigor.scalar import Interval, integral_below, interval
from ..theory.formulas import loss_floor, rate_classic, slack
from ..theory.statement import Statement
from .balls import Balls
from .centre import Centre
from .claim import Claim, Inequality, bounds
from .conclusion import floor_below, path_end
from .horizon import FORMS, OnBall, best_horizon, clipped_norm, reached, runs
from .stored import Stored
from .trajectory.network import norm
from .verified_profile import points_of, positive_and_smooth, verified_profile


def weights_above(a: Stored) -> float:
    """Upper bound of ||w_0||, of all stored parameters."""
    return norm([v for name, v in a.named().items() if name[0] in "Wb"]).hi


def certify_decay(balls: Balls, settings: StepSettings, statement: Statement) -> Claim:
    """Prove Theorem W2 on one ball; arguments and errors as `certify` of a ball.

    Args:
        balls: to be tried.
        settings: step rule with weight decay.
        statement: the theorem in words.
    """
    rule, loss = certifiable(settings, FORMS), str(balls.problem.objective)
    return balls.proved(lambda centre, radius: _build(loss, rule, statement, centre, radius))


def _build(loss: str, rule: ClippedSettings, statement: Statement, centre: Centre, radius: float) -> Claim:
    on, how = verified_profile(centre, loss, radius, points_of(centre)), rule.recursion
    start = weights_above(centre.arrays)
    weights = interval((interval(start) + interval(radius)).hi)
    residual, lipschitz = interval(on.residual.hi), interval(on.lipschitz.hi)
    numbers = OnBall(
        on.grid, on.sigma, integral_below(on.grid, on.sigma), residual.hi, lipschitz.hi, on.ell.hi, weights.hi
    )  # fmt: skip
    # A little room, for what follows is rounded outward; where there is none, the search says so by one step.
    tried = best_horizon(rule, numbers, 1 + 2.0**-30)
    if not tried.eta > 0:
        raise NoVerdictError(f"eta = {rule.eta} underflows at beta = {tried.beta:.3g}")
    # Rounded down so that beta eta, which is verified below, does not pass 1 by the last place.
    eta = tried.eta if rule.multiple is None else math.nextafter(tried.eta * (1 - 2.0**-40), 0.0)
    factors, repeats = runs(rule, tried.steps)
    decay = interval(float(how.weight_decay))
    shrunk = decay * interval(eta) * _total(factors, repeats)
    most = interval(max(0.0, reached(residual, lipschitz, weights, shrunk).hi))
    beta = on.beta(most)
    left = slack(beta, interval(eta))
    first = min(int(np.searchsorted(on.grid, (weights * shrunk).hi)), len(on.grid) - 1)
    sums = integral_below(on.grid[first:], on.sigma[first:])
    available = np.concatenate([np.zeros(first), [max(0.0, (left * interval(float(s))).lo) for s in sums]])
    end = path_end(available, most.hi)
    mu = interval(on.mu(end))
    positive, *kinks = positive_and_smooth(centre, radius)
    inequalities = (
        positive,
        Inequality("beta eta <= 1", (beta * interval(eta)).hi, "<=", 1.0),
        *kinks,
        Inequality("||r_0|| + L_F W P < k int_{W P}^R sig", most.hi, "<", float(available[-1])),
    )
    read = clipped_norm(how, most, lipschitz, weights)
    floor = floor_below(rule.gamma, rule.delta, read)
    proved = all(i.holds for i in inequalities) and mu.lo > 0 and floor > 0
    limit = after = math.inf
    if proved:
        strength = decay if how.coupled else decay / interval(floor)
        limit = loss_floor(strength, weights, mu).hi
        after = _after((residual * residual / 2).hi, limit, mu, interval(floor) * interval(eta), factors, repeats)
    return Claim(
        statement,
        centre.arrays,
        loss,
        replace(rule, eta=eta),
        bounds=bounds(
            residual=("upper", on.residual.hi),
            weights=("upper", start),
            lambda_min=("lower", on.lambda_min),
            lipschitz=("upper", lipschitz.hi),
            ell=("upper", on.ell.hi),
            reached=("upper", most.hi),
            beta=("upper", beta.hi),
            required=("upper", float(on.grid[end])),
            mu=("lower", mu.lo),
            floor=("lower", floor),
            limit=("upper", limit),
            loss_end=("upper", after),
        ),
        inequalities=inequalities,
        witness={"grid": on.grid, "sigma": on.sigma, "factors": factors, "repeats": repeats},
        numbers={"radius": radius, "steps": tried.steps},
        shortfall=""
        if proved or not all(i.holds for i in inequalities)
        else "no PL* constant, or no floor of the steps",
        recursion=True,
    )


def _total(factors: Array, repeats: Array) -> Interval:
    """The sum of the factors over the steps; upper end."""
    return interval(float(sum_up(mul_up(factors, repeats))))


def _after(start: float, limit: float, mu: Interval, step: Interval, factors: Array, repeats: Array) -> float:
    """Upper bound of F + (L_0 - F)_+ prod (1 - mu h_t), steps of at least `step` times each factor."""
    product = interval(1.0)
    for f, count in zip(factors.tolist(), repeats.tolist(), strict=True):
        one = rate_classic(mu, step * interval(f), 1.0).hi
        product = interval((product * _power(interval(min(1.0, max(0.0, one))), int(count))).hi)
    above = interval(max(0.0, (interval(start) - interval(limit)).hi))
    return (interval(limit) + above * interval(max(0.0, product.hi))).hi


def _power(x: Interval, n: int) -> Interval:
    """x^n for x in [0, 1], by squaring; upper end."""
    found = interval(1.0)
    while n:
        if n % 2:
            found = interval(max(0.0, (found * x).hi))
        x, n = interval(max(0.0, (x * x).hi)), n // 2
    return found
