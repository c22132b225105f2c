"""Verified bounds on one ball, as proofs read them: sig on a grid of radii, L_F and ell at its edge."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..optim import ClippedSettings
from ..rigor.arithmetic import INTERVALS
from ..rigor.errors import NoVerdictError
from ..rigor.interval_arrays import INTERVAL_ARRAYS, intervals
from ..rigor.roundoff import Array, sqrt_down, sqrt_up
from ..rigor.scalar import Interval, integral_below, interval
from ..theory import NotAvailableError
from ..theory.formulas import smoothness
from .centre import Centre, kept_over
from .claim import Inequality

POINTS = 160
"""Radii at which the verified profile is evaluated; the integral is a lower sum over them."""
SHARP_POINTS = 640
"""The same where the kernel's own direction is followed, whose bound is itself an integral over the grid."""

KINKS = "arguments that may meet a kink on B(w_0, R)"
"""Name of the hypothesis of a network with kinks: then its pieces are frozen on the ball (Theorem P)."""


@dataclass(frozen=True)
class VerifiedProfile:
    """Bounds in the scale of the loss in use, round-off counted.

    Attributes:
        grid: radii from 0 to R.
        sigma: lower bounds of sigma_min(J) on their balls.
        residual: enclosure of an upper bound of ||r_0||.
        norm: of ||J(w_0)||, or of J at any start that the centre is about.
        change: of sup ||J - J_0|| on B(w_0, R).
        lipschitz: of ||J|| on the ball of radius `edge`.
        ell: of the Lipschitz constant of J there.
        root: of sqrt(c), the loss in use being c/2 ||F - y||^2.
        lambda_min: lower bound of the smallest eigenvalue of K(w_0).
        edge: at least R.
    """

    grid: Array
    sigma: Array
    residual: Interval
    norm: Interval
    change: Interval
    lipschitz: Interval
    ell: Interval
    root: Interval
    lambda_min: float
    edge: float

    def available(self, k: Interval) -> Array:
        """Lower bounds of k int_0^s sig at the radii."""
        return np.array([(k * interval(float(s))).lo for s in integral_below(self.grid, self.sigma)])

    def mu(self, end: int) -> float:
        """Lower bound of sig^2 at that radius."""
        return max(0.0, (interval(float(self.sigma[end])) ** 2).lo)

    def beta(self, residual: Interval) -> Interval:
        """Smoothness where ||r|| is at most the upper end of `residual`, as one double."""
        return interval(smoothness(interval(residual.hi), interval(self.lipschitz.hi), interval(self.ell.hi)).hi)


def loss_root(loss: str, samples: int) -> Interval:
    """sqrt(c) of the loss in use, c/2 ||F - y||^2.

    Raises:
        NotAvailableError: it is another loss.
    """
    if loss == "sum":
        return interval(1.0)
    if loss == "mean":
        return INTERVALS.sqrt(interval(1.0) / interval(float(samples)))
    raise NotAvailableError(f"it speaks of the square loss, not of {loss}")


def verified_profile(
    centre: Centre, loss: str, radius: float, points: int, edge: float | None = None
) -> VerifiedProfile:
    """The bounds on B(w_0, R).

    Args:
        centre: verified numbers at w_0.
        loss: "sum" or "mean".
        radius: R.
        points: intervals of the grid.
        edge: radius of the ball for L_F and ell, R if None.

    Raises:
        NoVerdictError: an overflow, or a radius without a grid of doubles.
    """
    edge = radius if edge is None else edge
    root = loss_root(loss, len(centre.arrays.x))
    sigma_0 = interval(float(sqrt_down(max(0.0, centre.lambda_min.at_least()))))
    sigma_max = interval(float(sqrt_up(max(0.0, centre.lambda_max.at_most()))))
    grid = np.linspace(0.0, radius, points + 1)
    if not (np.diff(grid) > 0).all():
        raise NoVerdictError(f"a ball of radius {radius:.3g} has no grid of doubles")
    over_grid = changes_over(centre, np.append(grid, edge) if edge > radius else grid)
    changes = over_grid[: len(grid)]
    kept = kept_over(centre, grid, sigma_0.lo)
    # Both are lower bounds of sigma_min(J) on the ball.
    lower = [max((sigma_0 - c).lo, float(k)) for c, k in zip(changes, kept, strict=True)]
    return VerifiedProfile(
        grid=grid,
        sigma=np.array([max(0.0, (interval(s) * root).lo) for s in lower]),
        residual=interval(centre.residual) * root,
        # A start may be beside w_0 already.
        norm=(sigma_max + changes[0]) * root,
        change=changes[-1] * root,
        lipschitz=(sigma_max + over_grid[-1]) * root,
        ell=centre.bounds.lipschitz(interval(edge), INTERVALS, interval) * root,
        root=root,
        lambda_min=(interval(centre.lambda_min.at_least()) * root * root).lo,
        edge=edge,
    )


def changes_over(centre: Centre, grid: np.ndarray) -> list[Interval]:
    """Upper bounds of ||J(w) - J(w_0)|| within the radii, from 0, of any start: by the rows, or the way times ell."""
    # All radii in one pass over arrays: in turn, this loop was most of the time of a proof at few samples.
    direct, ell = (
        bound(intervals(grid[1:]), INTERVAL_ARRAYS, intervals)
        for bound in (centre.bounds.change, centre.bounds.lipschitz)
    )
    found = [centre.bounds.change(interval(0.0), INTERVALS, interval) if centre.spread else interval(0.0)]
    for j, (s, t) in enumerate(pairwise(map(interval, grid.tolist()))):
        # On the way from s to t the Jacobian moves by no more than (t - s) ell(t), as it did up to s.
        found.append(interval(min(direct[j].hi, (interval(found[-1].hi) + (t - s) * ell[j]).hi)))
    return found


def points_of(centre: Centre, plain: int = POINTS) -> int:
    """How many intervals the grid has: `plain` where the kernel's own direction is not followed."""
    return SHARP_POINTS if centre.kernel is not None else plain


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
