"""Theorem L: down to a level of the loss, by a gauge of the loss and a profile of the network.

**Statement** (THEORY_LOSSES section 2). Let `gam(v) <= ||grad l|| <= Gam(v)` where l = v, `Hess l <= M`, sig a
nonincreasing lower profile of sigma_min(J) on [0, R], `beta = M L_F^2 + Gam(L_0) ell` on B(w_0, R), `beta eta < 2`,
`a = 1 - beta eta / 2`, steps in [eta delta, eta]. Let `a int_0^rho sig >= Phi = int_eps^{L_0} dv / gam(v)`,
sig(rho) > 0 and `rho + eta L_F Gam(L_0) <= R`. Then some L_T <= eps, the path until then is at most rho up to the
level, and L decreases; `T <= 1 + int_eps^{L_0} dv / gam^2 / (b sig(rho)^2)`, b the least of h (1 - beta h / 2) over
the steps. For eps = 0 with Phi finite, w_t converges to a zero of L within rho, and rho <= R is enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..optim import ClippedSettings, StepSettings, certifiable
from ..problem.gauge import Gauge, path_above, steps_above
from ..problem.loss import Loss, WeightedSquareLoss
from ..rigor.arithmetic import INTERVALS
from ..rigor.errors import NoVerdictError
from ..rigor.roundoff import Array, sqrt_down, sqrt_up
from ..rigor.scalar import integral_below, interval
from ..theory.formulas import decrease, slack
from ..theory.statement import Statement
from .balls import Balls
from .centre import Centre, kept_over
from .claim import Claim, Inequality, bounds
from .conclusion import floor_below, path_end
from .verified_profile import KINKS, POINTS, SHARP_POINTS, changes_over

LEVELS = 256
"""Losses at which the gauge is bounded, in a geometric row from eps to L_0."""
ROOM = 1.0 + 2.0**-20
"""What is claimed of the loss and the gauge is worse than what was found by that factor: a recheck rounds otherwise."""
PATH = "int_eps^{L_0} dv / gam < (1 - beta eta / 2) int_0^rho sig"
"""Names of the hypotheses about the ball."""
INSIDE = "rho and a last step, rho + eta L_F Gam(L_0) <= R"
NAMES = ("0 < lambda_min(K(w_0))", "beta eta < 2", "0 < sig(rho)", INSIDE, PATH)
"""Of all hypotheses of a smooth network."""


@dataclass(frozen=True)
class Descent:
    """What a loss says of the way from a value to a level; round-off counted.

    Attributes:
        start: L_0, an upper bound.
        level: eps; 0 where the way to a zero of the loss is meant.
        length: upper bound of Phi = int dv / gam from eps to L_0.
        count: upper bound of int dv / gam^2; infinite at level 0.
        slope: upper bound of Gam(L_0).
        curvature: upper bound of M.
        levels: losses from eps to L_0 at which gam is bounded, increasing; (0, L_0) where Phi has a closed form.
        gauges: lower bounds of gam there.
    """

    start: float
    level: float
    length: float
    count: float
    slope: float
    curvature: float
    levels: Array
    gauges: Array


def descent(gauge: Gauge, start: float, level: float) -> Descent:
    """The way from a loss to a level.

    Args:
        gauge: of the loss in use.
        start: L_0 > level.
        level: eps, 0 only for a gauge with a closed form.

    Raises:
        NoVerdictError: there is no way between them in doubles.
    """
    top, m = float(gauge.upper(np.array(start))), interval(gauge.curvature).hi
    closed = gauge.integral(level, start)
    if level == 0:
        if closed is None:
            raise NoVerdictError("the way to a loss of zero is infinite")
        levels = np.array([0.0, start])
        return Descent(start, 0.0, closed.hi, math.inf, top, m, levels, gauge.lower(levels))
    levels = np.geomspace(level, start, LEVELS + 1)
    levels[0], levels[-1] = level, start
    if not (np.diff(levels) > 0).all():
        raise NoVerdictError(f"the loss {start:.3g} is too near to the level {level:.3g}")
    sums, gauges = path_above(gauge, levels)
    gauges = gauges / ROOM
    length = float(sums[0]) * ROOM**2 if closed is None else closed.hi
    return Descent(start, level, length, steps_above(gauges, levels), top, m, levels, gauges)


def graduated(way: Descent, gauge: Gauge) -> Descent:
    """The same way with gam bounded at many losses, also where Phi needed none of them: what a run is held against.

    Args:
        way: to a level.
        gauge: of the loss in use.
    """
    if way.level > 0:
        return way
    levels = np.concatenate([[0.0], np.geomspace(2.0**-100 * way.start, way.start, 4 * LEVELS)])
    return replace(way, levels=levels, gauges=gauge.lower(levels) / ROOM)


def default_level(loss: Loss, start: float, n: int, outputs: int) -> float:
    """eps where none is given: 0 where a loss of zero can be reached, else what forces accuracy 1, below L_0."""
    if loss.gauge(n, outputs).integral(0.0, start) is not None:
        return 0.0
    certain = loss.level_of_accuracy(n, outputs)
    return 0.1 * start if certain is None else min(0.5 * start, certain)


def certify_level(balls: Balls, settings: StepSettings, statement: Statement, level: float) -> Claim:
    """Prove Theorem L's hypotheses on one ball; arguments and errors as `certify` of a ball.

    Args:
        balls: to be tried; the problem's loss has a gauge.
        settings: step rule.
        statement: the theorem in words.
        level: eps, in the scale of the loss in use.
    """
    rule, loss = certifiable(settings), balls.problem.objective
    weights = {"weights": np.array(loss.weights)} if isinstance(loss, WeightedSquareLoss) else {}

    def build(centre: Centre, radius: float) -> Claim:
        y = centre.arrays.y
        start = loss.enclose(centre.outputs, y).hi * ROOM
        if not start > level:
            raise NoVerdictError(f"the loss at the start, {start:.6g}, is at most the level, {level:.6g}")
        way, certain = descent(loss.gauge(*y.shape), start, level), loss.level_of_accuracy(*y.shape)
        right = float(certain is not None and 0 < level <= certain)
        return _claim(str(loss), rule, centre, radius, way, right, weights, statement)

    return balls.proved(build)


def _claim(
    loss: str,
    rule: ClippedSettings,
    centre: Centre,
    radius: float,
    way: Descent,
    right: float,
    weights: dict[str, Array],
    statement: Statement,
) -> Claim:
    sigma_0 = interval(float(sqrt_down(max(0.0, centre.lambda_min.at_least()))))
    sigma_max = interval(float(sqrt_up(max(0.0, centre.lambda_max.at_most()))))
    grid = np.linspace(0.0, radius, (SHARP_POINTS if centre.kernel is not None else 2 * POINTS) + 1)
    if not (np.diff(grid) > 0).all():
        raise NoVerdictError(f"a ball of radius {radius:.3g} has no grid of doubles")
    changes = changes_over(centre, grid)
    kept = kept_over(centre, grid, sigma_0.lo)
    sigma = np.array([max(0.0, (sigma_0 - c).lo, float(k)) for c, k in zip(changes, kept, strict=True)])
    lipschitz = sigma_max + changes[-1]
    ell = centre.bounds.lipschitz(interval(radius), INTERVALS, interval)
    beta = interval((interval(way.curvature) * lipschitz**2 + interval(way.slope) * ell).hi)
    eta = rule.multiple / beta.hi if rule.multiple is not None else float(rule.eta)
    if not eta > 0:
        raise NoVerdictError(f"eta = {rule.eta} underflows at beta = {beta.hi:.3g}")
    left = slack(beta, interval(eta))
    available = np.array([(left * interval(float(s))).lo for s in integral_below(grid, sigma)])
    end = path_end(available, way.length * (1 + 2.0**-40))
    rho, gradient = float(grid[end]), lipschitz * interval(way.slope)
    reach = rho if way.level == 0 else (interval(rho) + interval(eta) * gradient).hi
    floor = floor_below(rule.gamma, rule.delta, gradient)
    least = INTERVALS.minimum(decrease(beta, interval(eta) * interval(floor)), decrease(beta, interval(eta)))
    inequalities = [
        Inequality(NAMES[0], 0.0, "<", centre.lambda_min.at_least()),
        Inequality(NAMES[1], (beta * interval(eta)).hi, "<", 2.0),
        Inequality(NAMES[2], 0.0, "<", float(sigma[end])),
        Inequality(INSIDE, reach, "<=", radius),
        Inequality(PATH, way.length, "<", float(available[end])),
    ]
    if centre.bounds.kinked:
        met = centre.bounds.kinks(radius, INTERVALS, interval)
        inequalities.insert(2, Inequality(KINKS, float(met), "<=", 0.0))
    held = all(i.holds for i in inequalities)
    mu = max(0.0, (interval(float(sigma[end])) ** 2).lo)
    # Of a way to zero no number of steps is claimed.
    steps = (interval(1) + interval(way.count) / (least * interval(mu))).hi if way.level > 0 and held else 0.0
    return Claim(
        statement,
        centre.arrays,
        loss,
        replace(rule, eta=eta),
        bounds=bounds(
            loss=("upper", way.start),
            lambda_min=("lower", centre.lambda_min.at_least()),
            lipschitz=("upper", lipschitz.hi),
            ell=("upper", ell.hi),
            slope=("upper", way.slope),
            beta=("upper", beta.hi),
            length=("upper", way.length),
            required=("upper", rho),
            mu=("lower", mu),
            floor=("lower", floor),
            steps=("upper", steps),
            accuracy=("lower", right if held else 0.0),
        ),
        inequalities=tuple(inequalities),
        witness={"grid": grid, "sigma": sigma, "levels": way.levels, "gauges": way.gauges, **weights},
        numbers={"radius": radius, "level": way.level},
    )
