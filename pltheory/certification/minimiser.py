"""Theorem W1 on one ball: the loss with its weight decay is strongly convex there, and its minimiser is inside.

With E >= ||sum_i r_i Hess f_i|| on B(w_0, R), `L + (lambda / 2) ||w||^2` has a Hessian between tau = lambda - E and
beta = L_F^2 + E + lambda there. If tau > 0 and its gradient at w_0 is below (1 - beta eta / 2) tau R, it has exactly
one stationary point in the ball, and steps of any size up to eta lead there. E is `(||r_0|| + L_F R) ell`, or with one
hidden layer the contracted form of Theorem D, whichever is smaller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..optim import ClippedSettings, StepSettings, certifiable
from ..optim.recursion import Form
from ..problem.problem import Problem
from ..rigor.roundoff import ETA, U, add_up, mul_up, quiet
from ..rigor.scalar import interval
from ..theory import NotAvailableError
from ..theory.arithmetic import FLOATS
from ..theory.formulas import rate, slack
from ..theory.statement import Statement
from .balls import Balls
from .centre import Centre
from .claim import Claim, Inequality, bounds
from .conclusion import floor_below, rate_above
from .profile import Profile
from .stored import Arrays, stored_arrays
from .trajectory.curvature import data_gram, hidden_layer_curvature
from .trajectory.network import forward, norm
from .trajectory.step import gradient
from .verified_profile import step_of, verified_profile

FORMS = frozenset({Form.REGULARISED})
BALLS = 60
"""Radii that are tried, three for every factor of two."""
SMALLEST = 2.0**-60
"""A radius, where the gradient at w_0 vanishes."""


class Network:
    """The stored network and its forward pass, for the two numbers that no profile has.

    Args:
        arrays: of class N.

    Raises:
        NoVerdictError: overflow or NaN.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.arrays, self._seen = arrays, forward(arrays, arrays.x, arrays.y)
        self._gram = data_gram(arrays, arrays.x)

    def curvature(self, radius: float, residual: float, lipschitz: float, ell: float) -> float:
        """Upper bound of ||sum_i r_i Hess f_i|| within R, summed loss.

        Args:
            radius: R.
            residual: upper bound of ||r_0||.
            lipschitz, ell: upper bounds on the ball.
        """
        general = float(mul_up(add_up(residual, mul_up(lipschitz, radius)), ell))
        if self._gram is None:
            return general
        return min(general, hidden_layer_curvature(self.arrays, self._seen, self._gram, radius, lipschitz))

    @quiet
    def gradient(self, lipschitz: float, problem: Problem, decay: float) -> float:
        """Upper bound of ||grad L(w_0) + lambda w_0||.

        Args:
            lipschitz: upper bound of ||J(w_0)||, summed loss.
            problem: for the scale of the loss in use.
            decay: lambda.
        """
        found, weights = gradient(self.arrays, self._seen, lipschitz, problem.share), self.arrays.parameters
        joined = [g + decay * w for g, w in zip(found.arrays, weights, strict=True)]
        # A product and a sum are rounded, each by half a unit in the last place of what it gives.
        shrunk, length = mul_up(decay, norm(weights).hi), norm(joined).hi
        count = float(sum(w.size for w in weights))
        rounded = add_up(mul_up(2 * U, add_up(shrunk, length)), mul_up(2 * ETA, count))
        return float(add_up(length, found.apart, rounded))


@dataclass(frozen=True)
class Minimum:
    """What follows on a ball.

    Attributes:
        radius: R.
        eta: the step size.
        curvature: E.
        tau: lambda - E.
        beta: L_F^2 + E + lambda.
        gradient: of the loss with its decay, at w_0.
        required: gradient / (k tau), the length of the path; infinite where there is none.
        floor: lower bound of h_t / eta.
        rate: factor of what the loss with its decay has above its minimum.
    """

    radius: float
    eta: float
    curvature: float
    tau: float
    beta: float
    gradient: float
    required: float
    floor: float
    rate: float

    @property
    def ratio(self) -> float:
        """R over what is needed."""
        return self.radius / self.required if self.required > 0 else math.inf

    @property
    def holds(self) -> bool:
        """Whether it closes, as computed."""
        return self.tau > 0 and self.eta * self.beta < 2 and self.ratio > 1


def at_radius(
    rule: ClippedSettings, radius: float, residual_curvature: float, lipschitz: float, steepest: float
) -> Minimum:
    """What follows on a ball, in floating point.

    Args:
        rule: with coupled weight decay.
        radius: R.
        residual_curvature: E, in the scale of the loss in use.
        lipschitz: L_F on the ball, likewise.
        steepest: the gradient's norm at w_0.
    """
    lam = rule.recursion.weight_decay
    tau, beta = lam - residual_curvature, lipschitz**2 + residual_curvature + lam
    eta = rule.multiple / beta if rule.multiple is not None else float(rule.eta)
    k = float(slack(beta, eta))
    required = steepest / (k * tau) if tau > 0 and k > 0 else math.inf
    if not math.isfinite(required):
        return Minimum(radius, eta, residual_curvature, tau, beta, steepest, math.inf, 0.0, 1.0)
    floor = floor_below(rule.gamma, rule.delta, interval(steepest + beta * required))
    q = min(1.0, float(rate(tau, beta, eta, floor)))
    return Minimum(radius, eta, residual_curvature, tau, beta, steepest, required, floor, q)


def search(problem: Problem, settings: StepSettings, p: Profile, headroom: float = 1.0) -> tuple[Minimum, float]:
    """The smallest ball that closes with that much room, else the one nearest to it; and L_F on it.

    Raises:
        NotAvailableError: the network is not of class N.
    """
    rule, share = certifiable(settings, FORMS), float(problem.share)
    at, root = Network(stored_arrays(problem)), math.sqrt(float(problem.share))
    decay, norm_0, residual = rule.recursion.weight_decay, float(p.lipschitz[0]) / root, p.residual / root
    steepest = at.gradient(norm_0, problem, decay)
    # No ball is small enough for less than that; the profile's own radii end where sig does, which is not asked for.
    least = max(steepest / decay, SMALLEST)
    found = []
    for radius in (least * 2.0 ** (np.arange(1, BALLS) / 3)).tolist():
        lipschitz = norm_0 + float(p.bounds.change(radius, FLOATS, float))
        ell = float(p.bounds.lipschitz(radius, FLOATS, float))
        if not math.isfinite(residual * ell + lipschitz * radius * ell):
            break
        e = share * at.curvature(radius, residual, lipschitz, ell)
        found.append((at_radius(rule, radius, e, root * lipschitz, steepest), root * lipschitz))
    closing = [f for f in found if f[0].holds]
    roomy = [f for f in closing if f[0].ratio >= headroom]
    if roomy or closing:
        return (roomy or closing)[0]
    return max(found, key=lambda f: (f[0].ratio, f[0].tau))


def certify_minimiser(balls: Balls, settings: StepSettings, statement: Statement) -> Claim:
    """Prove Theorem W1 on one ball; arguments and errors as `certify` of a ball.

    Args:
        balls: to be tried; the network is of class N.
        settings: step rule with coupled weight decay.
        statement: the theorem in words.
    """
    rule = certifiable(settings, FORMS)
    return balls.proved(lambda centre, radius: _build(balls.problem, rule, statement, centre, radius))


def _build(problem: Problem, rule: ClippedSettings, statement: Statement, centre: Centre, radius: float) -> Claim:
    if not isinstance(centre.arrays, Arrays):
        raise NotAvailableError("Theorem W1 speaks of fully connected smooth networks only")
    on = verified_profile(centre, str(problem.objective), radius, 1)
    # Both numbers are of the summed loss.
    at, share, root = Network(centre.arrays), interval(problem.share), on.root
    decay = interval(float(rule.recursion.weight_decay))
    e = share * interval(
        at.curvature(radius, (on.residual / root).hi, (on.lipschitz / root).hi, (on.ell / root).hi)
    )  # fmt: skip
    steepest = interval(at.gradient((on.norm / root).hi, problem, float(rule.recursion.weight_decay)))
    lipschitz = interval(on.lipschitz.hi)
    tau, beta = decay - interval(e.hi), interval((lipschitz * lipschitz + interval(e.hi) + decay).hi)
    eta = step_of(rule, beta)
    k = slack(beta, interval(eta))
    needed = math.inf
    if tau.lo > 0 and k.lo > 0:
        needed = (steepest / (k * interval(tau.lo))).hi
    inequalities = (
        Inequality("||sum r Hess f|| < lambda on B(w_0, R)", e.hi, "<", decay.lo),
        Inequality("beta eta < 2", (beta * interval(eta)).hi, "<", 2.0),
        Inequality("||grad L_lambda(w_0)|| / (k tau) < R", needed, "<", radius),
    )
    proved = all(i.holds for i in inequalities)
    floor, q, apart = 0.0, 1.0, math.inf
    if proved:
        floor = floor_below(rule.gamma, rule.delta, steepest + beta * interval(needed))
        q = min(1.0, rate_above(tau.lo, beta, eta, floor))
        apart = (steepest / interval(tau.lo)).hi
    return Claim(
        statement,
        centre.arrays,
        str(problem.objective),
        replace(rule, eta=eta),
        bounds=bounds(
            residual=("upper", on.residual.hi),
            lipschitz=("upper", lipschitz.hi),
            ell=("upper", on.ell.hi),
            curvature=("upper", e.hi),
            tau=("lower", tau.lo),
            beta=("upper", beta.hi),
            gradient=("upper", steepest.hi),
            required=("upper", needed),
            distance=("upper", apart),
            floor=("lower", floor),
            rate=("upper", q),
        ),
        inequalities=inequalities,
        numbers={"radius": radius},
        recursion=True,
    )
