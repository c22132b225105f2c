"""Verified numbers of a network at its weights: what every proof about a ball starts from.

A theorem about a ball may be asked of every start w in B(w_0, e) at once. What is within s of w is within s + e of w_0,
so `s -> sig(s + e)` is a profile about w, and L_F, ell on B(w_0, R + e) are bounds on B(w, R); with `L_F(e) >= ||J||`
over B(w_0, e) the outputs of w are within `L_F(e) e` of those of w_0. So a centre with a spread e gives the theorem
those numbers, and its proof is one about each of the starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..rigor.arithmetic import INTERVALS
from ..rigor.midrad import Ball
from ..rigor.roundoff import Array, add_up, mul_up, sqrt_up
from ..rigor.scalar import interval
from ..theory import Bound
from ..theory.arithmetic import Arithmetic, Scalar
from ..theory.ball_bounds import BallBounds, Number
from .kernel_profile import KernelCentre, kernel_profile
from .stored import Stored


@dataclass(frozen=True)
class Centre:
    """Verified numbers at the weights; everything the bounds over a ball start from.

    Attributes:
        arrays: the network and data that the numbers are of.
        bounds: over balls, from upper bounds of norms.
        lambda_min: verified lower bound of the smallest kernel eigenvalue (summed loss).
        lambda_max: verified upper bound of the largest.
        residual: upper bound of ||F(w_0) - y||.
        outputs: F(w_0), (n, C).
        kernel: the verified numbers of Theorem E, where they are to be used.
        gram: K(w_0) and F(w_0) - y as balls, where they are kept.
        spread: e; `bounds` are then about any start in B(w_0, e), and `residual` and `outputs` hold at each of them,
            while lambda_min, lambda_max and `kernel` are of the weights w_0.
        buffer: upper bound of ||d_0|| of a start with momentum, which is then z_0 = w_0 + alpha d_0; None where the
            buffer is empty.
    """

    arrays: Stored
    bounds: BallBounds
    lambda_min: Bound
    lambda_max: Bound
    residual: float
    outputs: Ball
    kernel: KernelCentre | None = None
    gram: tuple[Ball, Ball] | None = None
    spread: float = 0.0
    buffer: float | None = None


@dataclass(frozen=True)
class FromWithin:
    """Bounds over balls about any start in B(w_0, e), from those about w_0; of changes, from J(w_0) on.

    Attributes:
        of: about w_0.
        spread: e.
    """

    of: BallBounds
    spread: float

    def change(self, s: Scalar, ops: Arithmetic, number: Number) -> Scalar:
        """As in `BallBounds`, over s + e."""
        return self.of.change(s + number(self.spread), ops, number)

    def lipschitz(self, radius: Scalar, ops: Arithmetic, number: Number) -> Scalar:
        """As in `BallBounds`, over R + e."""
        return self.of.lipschitz(radius + number(self.spread), ops, number)

    @property
    def kinked(self) -> bool:
        """As in `BallBounds`."""
        return self.of.kinked

    def kinks(self, radius: float, ops: Arithmetic, number: Number) -> int:
        """As in `BallBounds`, over R + e."""
        return self.of.kinks(float(add_up(radius, self.spread)), ops, number)

    def nearest_kink(self, radius: float) -> str:
        """As in `BallBounds`, over R + e."""
        return self.of.nearest_kink(float(add_up(radius, self.spread)))


def from_within(centre: Centre, spread: float) -> Centre:
    """The numbers for every start within `spread` of the weights of a centre that has none."""
    bounds = FromWithin(centre.bounds, spread)
    change = bounds.change(interval(0.0), INTERVALS, interval).hi
    lipschitz = add_up(sqrt_up(max(0.0, centre.lambda_max.at_most())), change)
    moved = mul_up(lipschitz, spread)
    return replace(
        centre,
        bounds=bounds,
        residual=float(add_up(centre.residual, moved)),
        # What outputs move in norm, none of them moves by more.
        outputs=Ball(centre.outputs.mid, add_up(centre.outputs.rad, moved)),
        gram=None,
        spread=spread,
    )


def kept_over(centre: Centre, grid: Sequence[float] | Array, sigma: float) -> Array:
    """Theorem E's lower bounds of sigma_min(J) within the radii of a grid from 0 of any start; 0 where it is not used.

    Args:
        centre: at the weights.
        grid: the radii.
        sigma: a lower bound of sigma_min(J(w_0)).
    """
    if centre.kernel is None:
        return np.zeros(len(grid))
    if not centre.spread:
        return kernel_profile(centre.kernel, np.asarray(grid), sigma)
    return kernel_profile(centre.kernel, np.append(0.0, add_up(np.asarray(grid), centre.spread)), sigma)[1:]
