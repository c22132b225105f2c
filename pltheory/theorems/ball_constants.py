"""The constants of a theorem on one ball."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BallConstants:
    """What a theorem's radius condition says of one problem.

    Attributes:
        ratio: largest value over R of (available) / (required): the condition needs more than 1.
        best_radius: the R at which that ratio is reached.
        holds: whether some R of the grid fulfils radius and step conditions.
        radius: the ball chosen: the smallest that fulfils them, else the best.
        required: radius that the theorem asks for at the chosen ball; for Theorem B the root rho, infinite if none.
        beta: upper bound of lambda_max(Hess L) on the chosen ball where L <= L_0; NaN of a proof that has none.
        eta: step size on that ball.
        mu: the PL* constant that the rate uses; of Theorem M3, which uses none, that of the ball.
        delta: floor of the steps, h >= eta delta, on that ball.
        rate: proven factor of the loss per step, or None where the condition fails.
        eta_limit: the largest step size tried at which some R fulfils the conditions; 0 if none was found.
        needed: what the radius condition asks for at the best radius; of a proof, on its ball.
        available: what there is.
    """

    ratio: float
    best_radius: float
    holds: bool
    radius: float
    required: float
    beta: float
    eta: float
    mu: float
    delta: float
    rate: float | None
    eta_limit: float
    needed: float
    available: float
