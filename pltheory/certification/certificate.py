"""A theorem about one ball proved: every hypothesis an inequality between two verified numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..optim import ClippedSettings, StepSettings, certifiable
from ..problem.problem import Problem
from ..rigor import environment
from ..rigor.arithmetic import INTERVALS
from ..rigor.errors import NoVerdictError
from ..rigor.interval_arrays import INTERVAL_ARRAYS, intervals
from ..rigor.roundoff import Array, sqrt_down, sqrt_up
from ..rigor.scalar import Interval, certainly_less, integral_below, interval
from ..theory.arithmetic import Arithmetic, Scalar
from ..theory.formulas import slack, smoothness
from ..theory.statement import Statement
from .centre import Centre
from .claim import Claim, Inequality, bounds
from .conclusion import conclude, floor_below, rate_above
from .enclose import enclose
from .kernel_profile import kernel_profile
from .profile import Profile
from .sharpened import with_kernel
from .stored import require_unchanged
from .stored_graph import stored

POINTS = 160
"""Radii at which the verified profile is evaluated; the integral is a lower sum over them."""
SHARP_POINTS = 640
"""The same where the kernel's own direction is followed, whose bound is itself an integral over the grid."""

KINKS = "arguments that may meet a kink on B(w_0, R)"
"""Name of the hypothesis of a network with kinks: then its pieces are frozen on the ball (Theorem P)."""

Radius = Callable[[Scalar, Scalar, Scalar, Scalar, Arithmetic], Scalar]
"""(L_0, mu, beta, eta, arithmetic) to the radius asked for; it grows as mu falls."""


@dataclass(frozen=True)
class BallCondition:
    """What a theorem asks of its ball beyond smoothness and step size.

    Attributes:
        statement: the theorem in words.
        radius: the radius asked for at one PL* constant on the whole ball; None asks for
            ||r_0|| < (1 - beta eta / 2) int_0^R sig instead.
    """

    statement: Statement
    radius: Radius | None

    @property
    def integrated(self) -> bool:
        """Whether sig is integrated along the path."""
        return self.radius is None


def certify(
    problem: Problem,
    settings: StepSettings,
    condition: BallCondition,
    radii: Sequence[float],
    guess: Profile,
    *,
    centre: Centre | None = None,
    sharp: bool = False,
) -> Claim:
    """Prove a theorem's hypotheses on one ball with arithmetic that counts its own rounding.

    Args:
        problem: network of class N or G, and data.
        settings: step rule; "c/beta" is turned into a double with the verified beta.
        condition: what the theorem asks for.
        radii: R of the ball, and others to be tried where the hypotheses are not proved on that.
        guess: the float64 profile, trusted for nothing but where to look for eigenvalues.
        centre: verified numbers from `enclose`, if at hand; the certificate is then about its arrays.
        sharp: whether Theorem E is to sharpen the profile.

    Returns:
        A claim whose `holds` says whether every inequality is proved.

    Raises:
        InvalidInputError: the network or the data changed meanwhile.
        NotAvailableError: not of class N or G, not smooth, or a step rule that certificates do not speak of.
        NoVerdictError: an overflow, or an eigenvalue bound that cannot be verified.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    rule = certifiable(settings)

    def build(at: Centre, radius: float) -> Claim:
        return _build(str(problem.objective), rule, at, radius, condition)

    return proved_on(problem, build, radii, guess, centre=centre, sharp=sharp)


def proved_on(
    problem: Problem,
    build: Callable[[Centre, float], Claim],
    radii: Sequence[float],
    guess: Profile,
    *,
    centre: Centre | None = None,
    sharp: bool = False,
) -> Claim:
    """The first claim that holds on one of the balls, else the last. Arguments and errors as `certify`.

    Args:
        problem: network and data.
        build: from the centre and a radius to a claim.
        radii: R of the balls.
        guess: the float64 profile.
        centre: verified numbers, if at hand.
        sharp: whether Theorem E is to sharpen the profile.
    """
    environment.require()
    share = problem.share
    live = centre is None
    if centre is None:
        centre = enclose(stored(problem), spectrum=_eigenvalues(guess, float(share)))
    if sharp:
        centre = with_kernel(centre)
    for radius in radii:
        claim = build(centre, radius)
        if claim.holds:
            break
    # Pools may have been restarted with other flags meanwhile.
    environment.require()
    if live:
        require_unchanged(claim.arrays, stored(problem))
    return claim


def _eigenvalues(guess: Profile, scale: float) -> tuple[float | None, float | None]:
    """The extreme kernel eigenvalues that a profile was made from; None for one that it does not know well."""
    smallest, largest = guess.lambda_0.value / scale, float(guess.lipschitz[0]) ** 2 / scale
    # Below that share of the largest, a smallest eigenvalue from LAPACK may be off by more than the proof loses.
    return smallest if smallest > 2.0**-30 * largest else None, largest if largest > 0 else None


@dataclass(frozen=True)
class Verified:
    """Verified numbers on one ball, in the scale of the loss in use.

    Attributes:
        root: of the loss's scale.
        residual: ||r_0||.
        largest: ||J(w_0)||, its upper end an upper bound.
        grid: radii from 0 to R.
        sigma: lower bounds of sigma_min(J) at them.
        lipschitz: L_F on the ball, likewise.
        ell: likewise.
    """

    root: Interval
    residual: Interval
    largest: Interval
    grid: Array
    sigma: Array
    lipschitz: Interval
    ell: Interval

    def beta(self, residual: Interval) -> Interval:
        """Smoothness where ||r|| is at most the upper end of `residual`, as one double."""
        return interval(smoothness(interval(residual.hi), interval(self.lipschitz.hi), interval(self.ell.hi)).hi)


def verified(loss: str, centre: Centre, radius: float, points: int) -> Verified:
    """The bounds of a network on one ball.

    Args:
        loss: "sum" or "mean".
        centre: of the ball.
        radius: R.
        points: of the grid, where the kernel's own direction is not followed.

    Raises:
        NoVerdictError: an overflow, or a radius that has no grid of doubles.
    """
    root = interval(1.0)
    if loss == "mean":
        root = INTERVALS.sqrt(interval(1.0) / interval(float(len(centre.arrays.x))))
    sigma_0 = interval(float(sqrt_down(max(0.0, centre.lambda_min.at_least()))))
    sigma_max = interval(float(sqrt_up(max(0.0, centre.lambda_max.at_most()))))
    residual = interval(centre.residual) * root
    grid = np.linspace(0.0, radius, (SHARP_POINTS if centre.kernel is not None else points) + 1)
    if not (np.diff(grid) > 0).all():
        raise NoVerdictError(f"a ball of radius {radius:.3g} has no grid of doubles")
    changes = changes_over(centre, grid)
    kept = np.zeros(len(grid)) if centre.kernel is None else kernel_profile(centre.kernel, grid, sigma_0.lo)
    # Both are lower bounds of sigma_min(J) on the ball.
    lower = [max((sigma_0 - c).lo, float(k)) for c, k in zip(changes, kept, strict=True)]
    sigma = np.array([max(0.0, (interval(s) * root).lo) for s in lower])
    lipschitz = (sigma_max + changes[-1]) * root
    ell = centre.bounds.lipschitz(interval(radius), INTERVALS, interval) * root
    return Verified(root, residual, sigma_max * root, grid, sigma, lipschitz, ell)


def step_of(rule: ClippedSettings, beta: Interval) -> float:
    """Eta as a double, "c/beta" with the verified beta.

    Raises:
        NoVerdictError: it underflows.
    """
    eta = rule.multiple / beta.hi if rule.multiple is not None else float(rule.eta)
    if not eta > 0:
        raise NoVerdictError(f"eta = {rule.eta} underflows at beta = {beta.hi:.3g}")
    return eta


def positive_and_smooth(centre: Centre, radius: float) -> list[Inequality]:
    """A positive kernel, and of a network with kinks that none is met."""
    found = [Inequality("0 < lambda_min(K(w_0))", 0.0, "<", centre.lambda_min.at_least())]
    if centre.bounds.kinked:
        found.append(Inequality(KINKS, float(centre.bounds.kinks(radius, INTERVALS, interval)), "<=", 0.0))
    return found


def _build(loss: str, rule: ClippedSettings, centre: Centre, radius: float, condition: BallCondition) -> Claim:
    on = verified(loss, centre, radius, POINTS if condition.integrated else 1)
    root, residual, grid, sigma, lipschitz, ell = on.root, on.residual, on.grid, on.sigma, on.lipschitz, on.ell
    beta = on.beta(residual)
    eta = step_of(rule, beta)
    left = slack(beta, interval(eta))
    first, *kinks = positive_and_smooth(centre, radius)
    inequalities = [first, Inequality("beta eta < 2", (beta * interval(eta)).hi, "<", 2.0), *kinks]
    floor = floor_below(rule.gamma, rule.delta, lipschitz * residual)
    if condition.integrated:
        available = np.array([(left * interval(float(s))).lo for s in integral_below(grid, sigma)])
        name = "||r_0|| < (1 - beta eta / 2) int_0^R sig"
        inequalities.append(Inequality(name, residual.hi, "<", float(available[-1])))
        found = conclude(sigma, available, residual.hi, beta, eta, floor)
        required, mu, q = float(grid[found.end]), found.mu, found.rate
    else:
        required, mu, more = _uniform(condition, float(sigma[-1]), residual, beta, eta, left, radius)
        inequalities.append(more)
        q = rate_above(mu, beta, eta, floor)
    proved = all(i.holds for i in inequalities)
    return Claim(
        condition.statement,
        centre.arrays,
        loss,
        replace(rule, eta=eta),
        bounds=bounds(
            residual=("upper", residual.hi),
            lambda_min=("lower", (interval(centre.lambda_min.at_least()) * root * root).lo),
            lipschitz=("upper", lipschitz.hi),
            ell=("upper", ell.hi),
            beta=("upper", beta.hi),
            required=("upper", required),
            mu=("lower", mu),
            floor=("lower", floor),
            # Where mu is tiny the last rounding may pass 1, which q never does.
            rate=("upper", min(q, 1.0) if proved else 1.0),
        ),
        inequalities=tuple(inequalities),
        witness={"grid": grid, "sigma": sigma},
        numbers={"radius": radius},
    )


def changes_over(centre: Centre, grid: np.ndarray) -> list[Interval]:
    """Upper bounds of ||J(w) - J(w_0)|| at the radii of a grid from 0: by the rows, or by the way there times ell."""
    # All radii in one pass over arrays: in turn, this loop was most of the time of a proof at few samples.
    direct, ell = (
        bound(intervals(grid[1:]), INTERVAL_ARRAYS, intervals)
        for bound in (centre.bounds.change, centre.bounds.lipschitz)
    )
    found = [interval(0.0)]
    for j, (s, t) in enumerate(pairwise(map(interval, grid.tolist()))):
        # On the way from s to t the Jacobian moves by no more than (t - s) ell(t), as it did up to s.
        found.append(interval(min(direct[j].hi, (interval(found[-1].hi) + (t - s) * ell[j]).hi)))
    return found


def _uniform(
    condition: BallCondition,
    sigma: float,
    residual: Interval,
    beta: Interval,
    eta: float,
    left: Interval,
    radius: float,
) -> tuple[float, float, Inequality]:
    """One PL* constant on the ball, and the radius it asks for."""
    mu = interval(max(0.0, (interval(sigma) ** 2).lo))
    if not certainly_less(interval(0.0), mu) or not certainly_less(interval(0.0), left):
        return float("inf"), mu.lo, Inequality("0 < sig(R)", 0.0, "<", 0.0)
    loss = interval(residual.hi) ** 2 / interval(2.0)
    assert condition.radius is not None
    # The radius grows as mu falls, so the lower bound of sig gives an upper bound of the radius; mu <= beta because
    # sig(R)^2 <= lambda_min <= ||J||^2 <= beta at the centre.
    needed = condition.radius(loss, interval(mu.lo), beta, interval(eta), INTERVALS)
    return needed.hi, mu.lo, Inequality(f"radius of Theorem {condition.statement.id} < R", needed.hi, "<", radius)
