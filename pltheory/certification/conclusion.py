"""What Theorem B concludes once the potential outweighs the residual: where the path ends, mu there, and the rate.

With sig a lower profile of sigma_min(J) and `available(s) = (1 - beta eta / 2) int_0^s sig`, the path is no longer than
the first radius rho with `available(rho) >= ||r_0||`; along it mu = sig(rho)^2, and `L_{t+1} <= q L_t` with q the rate
at mu, beta and a floor with `h_t >= eta floor`. The proof on a ball, the last step of a trajectory and the search in
floating point read it here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..rigor.arithmetic import INTERVALS
from ..rigor.roundoff import Array
from ..rigor.scalar import Interval, interval
from ..theory.formulas import effective_delta, rate


def path_end(available: Array, residual: float) -> int:
    """Index of the first radius with available >= residual; of the last radius where there is none."""
    return min(int(np.searchsorted(available, residual, side="left")), len(available) - 1)


def floor_below(gamma: float, delta: float, gradient: Interval) -> float:
    """Lower bound of a factor with h_t >= eta floor wherever the gradient's norm is at most the upper end."""
    if gamma == float("inf"):
        return 1.0
    return effective_delta(interval(gamma), interval(delta), interval(gradient.hi), INTERVALS).lo


def rate_above(mu: float, beta: Interval, eta: float, floor: float) -> float:
    """Upper bound of the loss's factor per step."""
    return rate(interval(max(0.0, mu)), beta, interval(eta), interval(floor), INTERVALS).hi


@dataclass(frozen=True)
class Conclusion:
    """Theorem B's conclusion on a grid of radii.

    Attributes:
        end: index of the radius within which the path ends.
        mu: lower bound of sig^2 there.
        rate: upper bound of the loss's factor per step.
    """

    end: int
    mu: float
    rate: float


def conclude(
    sigma: Array,
    available: Array,
    residual: float,
    beta: Interval,
    eta: float,
    floor: float,
    scale: Interval | None = None,
) -> Conclusion:
    """The conclusion where `residual < available[-1]` is proved.

    Args:
        sigma: lower bounds of sig at the radii.
        available: lower bounds of (1 - beta eta / 2) int sig up to them, nondecreasing.
        residual: upper bound of ||r_0||.
        beta: of the loss in use.
        eta: step size.
        floor: with h_t >= eta floor.
        scale: c where sigma is that of J itself and the loss in use is c/2 ||F - y||^2; None where sigma is scaled.
    """
    end = path_end(available, residual)
    mu = interval(float(sigma[end])) ** 2
    in_use = mu if scale is None else scale * mu
    return Conclusion(end, max(0.0, mu.lo), rate_above(in_use.lo, beta, eta, floor))
