"""The last step of Theorem D: Theorem C at the computed w_T, with slack for every start in B(w_T, eps).

Let sig, L_F, ell be bounds about w_T, valid on B(w_T, R + eps). Every start w in B(w_T, eps) has
`||r(w)|| <= rbar = ||r(w_T)|| + L_F(eps) eps`; a point within s of w is within s + eps of w_T, so `s -> sig(s + eps)`
is a profile about w on B(w, R), and where the loss has not risen the Hessian there is at most
`beta = L_F(R + eps)^2 + rbar ell(R + eps)`. With eta < 2 / beta, Theorem B at w asks for
`||r(w)|| < (1 - beta eta / 2) int_eps^{R + eps} sig`, for which rbar below the right side suffices. Its path is then at
most rho, the root of `(1 - beta eta / 2) int_eps^{eps + rho} sig = rbar`, and its rate has `mu = sig(rho + eps)^2`.
For the loss c L the same holds with c eta in place of eta.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...rigor.roundoff import Array, add_up, down, mul_up
from ...rigor.scalar import Interval, certainly_less, integral_below, interval
from ...theory.formulas import slack, smoothness
from ..conclusion import conclude, floor_below
from .bounds import BallsAbout

GRID = 96
"""Radii at which the profile about w_T is tabulated."""


@dataclass(frozen=True)
class Basin:
    """Theorem C at w_T for every start in B(w_T, eps); every number is rounded in its own direction.

    Attributes:
        holds: whether the inequality is proved.
        eps: radius of the ball of starts.
        residual: rbar, upper bound of ||r|| over that ball.
        beta: upper bound of lambda_max(Hess L), summed loss.
        available: lower bound of (1 - beta eta / 2) int_eps^{R + eps} sig, which must exceed rbar.
        sigma: lower bound of sigma_min(J(w_T)).
        rho: upper bound of the path length from any start; infinite where the inequality fails.
        mu: lower bound of the PL* constant, summed loss; 0 where it fails.
        floor: lower bound of the step size over eta; 0 where it fails.
        rate: upper bound of the factor of the loss per step; 1 where it fails.
        grid: radii about w_T from eps to R + eps; empty where it fails.
        sig: lower bounds of sigma_min(J) on the balls of those radii.
        lipschitz, ell: upper bounds of ||J|| and of its Lipschitz constant on the largest of them.
        kap: upper bounds of the Jacobian's jumps at the radii, where pieces may change (Theorem N); else empty.
    """

    holds: bool
    eps: float
    residual: float
    beta: float
    available: float
    sigma: float
    rho: float = np.inf
    mu: float = 0.0
    floor: float = 0.0
    rate: float = 1.0
    grid: tuple[float, ...] = ()
    sig: tuple[float, ...] = ()
    lipschitz: float = np.inf
    ell: float = np.inf
    kap: tuple[float, ...] = ()

    @property
    def ratio(self) -> float:
        """available / rbar, a number to show: above 1 where the inequality holds."""
        return self.available / self.residual if self.residual > 0 else np.inf


def basin(
    ref: BallsAbout, residual: float, eps: float, eta: float, gamma: float, delta: float, scale: Interval
) -> Basin:
    """Search a radius R at which Theorem C holds from every start in B(w_ref, eps).

    Args:
        ref: bounds about w_T.
        residual: upper bound of ||r(w_T)||.
        eps: radius of the ball of starts.
        eta, gamma, delta: the settings.
        scale: c of the loss in use.

    Raises:
        NoVerdictError: overflow, or a bound that could not be established.
    """
    sigma = ref.sigma_lower()
    last = _last_radius(ref, sigma)
    if not eps < 0.5 * last:  # NaN included; so large a ball of starts leaves no room, nor a grid of floats
        return Basin(False, eps, residual, np.inf, 0.0, sigma)
    grid = eps + np.linspace(0.0, last - eps, GRID + 1)
    grid[0] = eps
    sig, jacobian, ell = _profile(ref, sigma, grid)
    integral = integral_below(grid, sig)
    rbar = (interval(residual) + interval(jacobian[0]) * eps).hi
    step = scale * eta
    best = Basin(False, eps, rbar, np.inf, 0.0, sigma)
    for k in range(1, grid.size):
        if not sig[k] > 0.0:
            break
        beta = smoothness(interval(rbar), interval(jacobian[k]), interval(ell[k])).hi
        left = slack(interval(beta), step)
        available = (left * interval(integral[k])).lo
        tried = Basin(False, eps, rbar, beta, available, sigma)
        if tried.available > best.available:
            best = tried
        if certainly_less(rbar, available) and certainly_less(0, left):
            floor = floor_below(gamma, delta, scale * interval(jacobian[k]) * interval(rbar))
            outweighed = np.array([(left * interval(i)).lo for i in integral[: k + 1]])
            found = conclude(sig, outweighed, rbar, scale * interval(beta), eta, floor, scale)
            return replace(
                tried,
                # A rate that rounds to 1 is no linear rate: then nothing is claimed.
                holds=found.rate < 1.0 and found.mu > 0.0,
                # Up to grid[end] = eps + rho the integral has reached rbar.
                rho=float(add_up(grid[found.end], -eps)),
                mu=found.mu,
                floor=floor,
                rate=found.rate,
                grid=tuple(map(float, grid[: k + 1])),
                sig=tuple(map(float, sig[: k + 1])),
                lipschitz=float(jacobian[k]),
                ell=float(ell[k]),
            )
    return best


def _last_radius(ref: BallsAbout, sigma: float) -> float:
    """About the radius at which sigma is used up; a guess, any positive number is valid."""
    if sigma <= 0.0:
        return 1.0
    high = 1.0
    while ref.change_within(high) < sigma:
        high *= 2.0
    low = 0.0
    for _ in range(8):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if ref.change_within(middle) < sigma else (low, middle)
    return high


def _profile(ref: BallsAbout, sigma: float, grid: Array) -> tuple[Array, Array, Array]:
    """Lower bounds of sig, upper bounds of ||J|| and of ell on the balls of the grid's radii about w_ref."""
    ell = np.array([ref.ell_within(float(s)) for s in grid])
    direct = np.array([ref.change_within(float(s)) for s in grid])
    # int_0^s ell <= s ell(s), by right end points: ell is nondecreasing.
    total = float(mul_up(grid[0], ell[0]))
    summed = [total]
    for j in range(1, grid.size):
        total = float(add_up(total, mul_up(add_up(grid[j], -grid[j - 1]), ell[j])))
        summed.append(total)
    change = np.minimum(direct, np.array(summed))
    return np.maximum(0.0, down(sigma - change)), add_up(ref.jacobian, change), ell
