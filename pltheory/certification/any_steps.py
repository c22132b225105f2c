"""Theorems S, M and Mb proved on one ball: the integral of the profile, and the loss at the end of a schedule."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..optim import ClippedSettings, StepSettings, certifiable
from ..rigor.arithmetic import INTERVALS
from ..rigor.errors import NoVerdictError
from ..rigor.roundoff import Array
from ..rigor.scalar import Interval, interval
from ..theory.potential import Constants, ahead
from ..theory.statement import Statement
from .balls import Balls
from .centre import Centre
from .claim import Claim, Inequality, bounds
from .conclusion import path_end
from .steps import At, Law
from .verified_profile import points_of, positive_and_smooth, step_of, verified_profile

INSIDE_NAMES = (
    "0 < lambda_min(K(w_0))", "0 < k", "k <= xi", "xi <= 1", "0 < V of the path", "potential of the path", "0 < omega",
    "0 < V of the rate", "potential of the rate", "rho_0 < k int_0^R sig",
)  # fmt: skip
"""Of Theorem M's hypotheses, the network being smooth."""
MOST_FACTORS = 10**6
"""Factors of a schedule in a file that a recheck reads."""


def certify_steps(balls: Balls, settings: StepSettings, law: Law, statement: Statement) -> Claim:
    """Prove a theorem about steps on one ball; arguments and errors as `certify` of a ball.

    Args:
        balls: to be tried.
        settings: step rule.
        law: of the theorem.
        statement: the theorem in words.
    """
    rule, loss = certifiable(settings, law.forms), str(balls.problem.objective)
    return balls.proved(lambda centre, radius: _build(loss, rule, law, statement, centre, radius))


def _build(loss: str, rule: ClippedSettings, law: Law, statement: Statement, centre: Centre, radius: float) -> Claim:
    how, buffer = rule.recursion, centre.buffer or 0.0
    # w_t lies behind z_t by alpha ||d_t||, which the buffer at the start adds to.
    behind = interval(ahead(Fraction(how.momentum), how.nesterov)) * interval(buffer)
    edge = (interval(radius) + behind).hi if buffer else None
    on = verified_profile(centre, loss, radius, points_of(centre), edge)
    at = At(0.0, 0.0, float(on.sigma.max()), on.norm.hi, on.lipschitz.hi, on.residual.hi, buffer)
    highest = on.residual * INTERVALS.sqrt(1 + interval(Fraction(float(law.excess(how, at.carried)))))
    beta = on.beta(highest)
    eta = step_of(rule, beta)
    at = replace(at, beta=beta.hi, eta=eta)
    found = law.find(how, at)
    first, *kinks = positive_and_smooth(centre, radius)
    inequalities = [first, *law.inequalities(how, at, found), *kinks]
    start = law.start(how, at, found.c)
    if buffer and start.hi > highest.hi:
        raise NoVerdictError(f"rho_0 = {start.hi:.6g} is above what beta allows for, {highest.hi:.6g}")
    available = np.maximum(on.available(interval(found.k)), 0.0)
    inequalities.append(Inequality("rho_0 < k int_0^R sig", start.hi, "<", float(available[-1])))
    end = path_end(available, start.hi)
    mu = on.mu(end)
    proved = all(i.holds for i in inequalities)
    floor = law.floor(rule, at, found) if proved else 0.0
    factors, tail = horizon(rule)
    highest_loss = law.start(how, at, found.c_rate) ** 2 / interval(2.0)
    loss_end = highest_loss
    if proved:
        fallen = loss_at_end(law, rule, at, found, mu, floor, factors)
        loss_end = highest_loss * fallen * law.apart(how, at, found.c_rate)
    later = later_rate(law, rule, at, found, mu, floor, tail) if proved else 1.0
    # Where a run arrives with a buffer, the point ahead of its weights is stored, and how near to it the exact one is.
    carried = {} if centre.buffer is None else {f"c_{name}": value for name, value in centre.arrays.named().items()}
    state = {} if centre.buffer is None else {"off": centre.spread, "buffer": centre.buffer}
    return Claim(
        statement,
        centre.arrays,
        loss,
        replace(rule, eta=eta),
        bounds=bounds(
            residual=("upper", on.residual.hi),
            start=("upper", start.hi),
            lambda_min=("lower", on.lambda_min),
            largest=("upper", on.norm.hi),
            lipschitz=("upper", on.lipschitz.hi),
            ell=("upper", on.ell.hi),
            beta=("upper", beta.hi),
            required=("upper", float(on.grid[end])),
            mu=("lower", mu),
            floor=("lower", floor),
            rate=("upper", later),
            loss_end=("upper", loss_end.hi),
        ),
        inequalities=tuple(inequalities),
        witness={"grid": on.grid, "sigma": on.sigma, "factors": factors, **carried},
        numbers={"radius": radius, "tail": tail, **{name: getattr(found, name) for name in law.numbers}, **state},
        recursion=True,
        unwritten=unwritten(len(factors)),
    )


def unwritten(factors: int) -> str:
    """Why no file holds so many factors; empty where one does."""
    if factors <= MOST_FACTORS:
        return ""
    return (
        f"no file is written of {factors} factors of a schedule: a recheck reads at most {MOST_FACTORS}; "
        "give the schedule a smaller length"
    )


def horizon(rule: ClippedSettings) -> tuple[Array, float]:
    """The factors f_0 .. f_{T-1} that are spoken of one by one, and a lower bound of all later ones."""
    steps = rule.schedule.horizon
    return rule.schedule.factors(steps), float(rule.schedule.least_from(steps))


def step_between(eta: float, floor: float, least: float, most: float) -> tuple[Interval, Interval]:
    """The shortest and the longest step whose factor of the schedule lies between two."""
    return interval(eta) * interval(least) * interval(floor), interval(eta) * interval(most)


def later_rate(
    law: Law, rule: ClippedSettings, at: At, found: Constants, mu: float, floor: float, tail: float
) -> float:
    """Upper end of the factor of a step after the schedule, whose own factor is known to lie in [tail, 1] only."""
    return min(1.0, law.factor(rule.recursion, at, found, mu, *step_between(at.eta, floor, tail, 1.0)).hi)


def loss_at_end(
    law: Law, rule: ClippedSettings, at: At, found: Constants, mu: float, floor: float, factors: Array
) -> Interval:
    """Upper end: the product of the potential's factors over the schedule; each factor in [0, 1]."""
    known: dict[float, Interval] = {}
    product = interval(1.0)
    for f in factors.tolist():
        if f not in known:
            one = law.factor(rule.recursion, at, found, mu, *step_between(at.eta, floor, f, f))
            known[f] = interval(min(1.0, max(0.0, one.hi)))
        product = interval(max(0.0, (product * known[f]).hi))
    return product
