"""Verified numbers of a network at its weights: what every proof about a ball starts from."""

from __future__ import annotations

from dataclasses import dataclass

from ..rigor.midrad import Ball
from ..theory import Bound
from ..theory.ball_bounds import BallBounds
from .kernel_profile import KernelCentre
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
    """

    arrays: Stored
    bounds: BallBounds
    lambda_min: Bound
    lambda_max: Bound
    residual: float
    outputs: Ball
    kernel: KernelCentre | None = None
    gram: tuple[Ball, Ball] | None = None
