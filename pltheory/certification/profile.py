"""The profile of a network over balls around its weights: sig, L_F, ell and beta as functions of the radius.

Float64, round-off not counted: verdicts built on this module reach HOLDS and no further.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.optimize import brentq

from ..measure.linearization import Linearization
from ..measure.spectrum import extremes
from ..nets.ball import GraphBounds
from ..nets.centre import Centre as GraphCentre
from ..problem.surroundings import undisturbed
from ..theory import Bound, NumericalFailureError
from ..theory.arithmetic import ARRAYS, FLOATS
from ..theory.ball_bounds import BallBounds
from ..theory.bound import Direction
from ..theory.formulas import smoothness
from .layers import layer_bounds

GRID = 4000
"""Radii at which a profile is tabulated; between them every reading is rounded to the safe side."""
CONSTANT = 2.0**100
"""A radius up to which a Jacobian that does not use up its smallest singular value is taken for constant."""
AMPLE = 100.0
"""Times ||r_0|| / sigma_min(J), the radius of a constant Jacobian's profile."""

FAR = 1e6
"""Times what a profile has to use up: from there on the search for its last radius is narrowed by halves first."""

Array = np.ndarray


@dataclass(frozen=True)
class Profile:
    """Bounds over the balls B(w_0, s), tabulated on an increasing grid of s from 0 to where sig vanishes.

    Scaled to the loss in use: for c * 1/2 ||F - y||^2 the Jacobian and residual are multiplied by sqrt(c).

    Attributes:
        radii: grid s_0 = 0 < .. < s_N, shape (N+1,).
        sig: lower bounds of sigma_min(J) on the balls, nonincreasing.
        lipschitz: upper bounds L_F of ||J||.
        ell: upper bounds of the Lipschitz constant of J.
        integral: lower bounds of int_0^s sig, by right end points.
        residual: ||r_0||.
        lambda_0: smallest kernel eigenvalue at the centre, with its direction.
        bounds: what was tabulated (summed loss).
    """

    radii: Array
    sig: Array
    lipschitz: Array
    ell: Array
    integral: Array
    residual: float
    lambda_0: Bound
    bounds: BallBounds

    @property
    def loss(self) -> float:
        """L_0 = 1/2 ||r_0||^2."""
        return 0.5 * self.residual**2

    @property
    def beta(self) -> Array:
        """Upper bounds of lambda_max(Hess L) where L <= L_0, one per radius."""
        return np.asarray(smoothness(self.residual, self.lipschitz, self.ell))


@undisturbed
def profile(
    lin: Linearization,
    residual: float,
    scale: float = 1.0,
    *,
    spectrum: tuple[Bound, Bound] | None = None,
    as_guess: bool = False,
) -> Profile:
    """Tabulate the bounds of Theorem G1 (THEORY_GRAPHS section 4) around the linearisation's weights.

    Args:
        lin: a class-N network linearised at w_0.
        residual: ||F(w_0) - y||, unscaled.
        scale: c where the loss in use is c * 1/2 ||F - y||^2.
        spectrum: smallest and largest eigenvalue of the (unscaled) kernel, if known.
        as_guess: accept eigenvalues without direction: the profile is then a guess to be proved, not a bound.

    Raises:
        NotAvailableError: the activation is not smooth.
        NumericalFailureError: a norm is not finite.
    """
    return tabulated(layer_bounds(lin), spectrum or extremes(lin.kernel), residual, scale, as_guess=as_guess)


def profile_of_graph(
    at: GraphCentre,
    residual: float,
    scale: float = 1.0,
    *,
    spectrum: tuple[Bound, Bound] | None = None,
    as_guess: bool = False,
) -> Profile:
    """The same of a graph linearised in floats. Other arguments and errors as `profile`."""
    bounds = GraphBounds.of(at)
    return tabulated(bounds, spectrum or extremes(torch.from_numpy(at.kernel)), residual, scale, as_guess=as_guess)


def tabulated(
    bounds: BallBounds, spectrum: tuple[Bound, Bound], residual: float, scale: float, *, as_guess: bool
) -> Profile:
    """A profile from the kernel's extreme eigenvalues, with their directions."""
    smallest, largest = spectrum
    # An eigenvalue below the solver's resolution is known to no digit: nothing positive may be built on it.
    known = as_guess or smallest.kind is Direction.EXACT
    sigma_0 = math.sqrt(max(0.0, smallest.value)) if known else 0.0
    lam = replace(smallest, value=scale * smallest.value)
    return profile_from_bounds(bounds, sigma_0, math.sqrt(largest.value), residual, lam, scale)


def profile_from_bounds(
    bounds: BallBounds, sigma_0: float, sigma_max: float, residual: float, lambda_0: Bound, scale: float = 1.0
) -> Profile:
    """The same from bounds over balls.

    Args:
        bounds: of the Jacobian's change.
        sigma_0: lower bound of sigma_min(J(w_0)).
        sigma_max: upper bound of ||J(w_0)||.
        residual: upper bound of ||r_0||.
        lambda_0: what is reported as the smallest eigenvalue, already scaled.
        scale: as in `profile`; the other arguments are unscaled.

    Raises:
        NumericalFailureError: a number is not finite.
    """
    if not math.isfinite(sigma_max + residual):
        raise NumericalFailureError("the kernel or the residual is not finite")
    last = _before_kinks(bounds, _last_radius(bounds, sigma_0, residual))
    radii = np.linspace(0.0, last, GRID + 1)
    return on_grid(bounds, radii, sigma_0, sigma_max, residual, lambda_0, scale)


def on_grid(
    bounds: BallBounds,
    radii: Array,
    sigma_0: float,
    sigma_max: float,
    residual: float,
    lambda_0: Bound,
    scale: float,
    other: Array | float = 0.0,
) -> Profile:
    """The profile at given radii; other are lower bounds of sigma_min(J) there, unscaled, from somewhere else.

    Raises:
        NumericalFailureError: a number is not finite.
    """
    ell = np.asarray(bounds.lipschitz(radii, ARRAYS, float))
    widths = np.diff(radii)
    # ell grows with the radius, so right end points bound its integral from above.
    by_integral = np.concatenate([[0.0], np.cumsum(widths * ell[1:])])
    change = np.minimum(bounds.change(radii, ARRAYS, float), by_integral)
    sig = np.maximum(np.maximum(0.0, sigma_0 - change), other)
    integral = np.concatenate([[0.0], np.cumsum(widths * sig[1:])])
    if not (np.isfinite(change).all() and np.isfinite(ell).all()):
        raise NumericalFailureError("a bound over the ball is not finite")
    root = math.sqrt(scale)
    return Profile(
        radii, root * sig, root * (sigma_max + change), root * ell, root * integral, root * residual, lambda_0, bounds
    )


def _before_kinks(bounds: BallBounds, last: float) -> float:
    """A radius up to `last` at which no argument meets a kink; half of one at which one does, where there is none."""
    if not bounds.kinked or not bounds.kinks(last, FLOATS, float):
        return last
    low, high = last * 2.0**-60, last
    if bounds.kinks(low, FLOATS, float):
        return 0.5 * low
    while high > 1.05 * low:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if bounds.kinks(middle, FLOATS, float) else (middle, high)
    return low


def _last_radius(bounds: BallBounds, sigma_0: float, residual: float) -> float:
    """A radius at which both bounds of the Jacobian's change have used up sigma_0.

    Where the network is linear in its parameters nothing is used up: then far more than a zero of the loss can be away.
    """
    if sigma_0 == 0.0:
        return 1.0

    def left(s: float) -> float:
        return float(bounds.change(s, FLOATS, float)) - sigma_0

    high = 1.0
    while left(high) < 0:
        high *= 2
        if high > CONSTANT:
            return AMPLE * residual / sigma_0 or 1.0
    # A deep network's bound may overflow at a radius far beyond the one that is looked for.
    while not left(high) < FAR * sigma_0:
        high /= 2
    # The integral of ell may use sigma_0 up a little later than the direct bound: by less than a half where seen;
    # stopping early only loses profile, it never overstates it.
    return 1.5 * float(brentq(left, 0.0, high))
