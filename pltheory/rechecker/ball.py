"""Theorems A, A', B and C rechecked: the bounds over the ball and the inequalities, from the stored arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flint import arb

from .arithmetic import root
from .ball_bounds import Found, compare_kinks, integral, on_ball
from .ball_claim import POSITIVE, BallClaim, Claim, GraphClaim, Table, about, read_network, read_profile, with_kinks
from .checks import Checks, Comparison, Tick, clipping_floor, loss_factor, positive
from .fields import damaged, number
from .file import Admit, Stored, read_bounds, read_hypotheses, read_witness
from .graph.file import GraphStored

BOUNDS = {
    "residual": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "beta": "upper",
    "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
}  # fmt: skip


def read_ball(text: dict[str, Any], path: Path, admit: Admit) -> Claim | GraphClaim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    stored = read_network(text, path, admit, {"grid": 1, "sigma": 1}, ["radius"])
    known = with_kinks(stored, HYPOTHESES[stored.theorem], 2)
    return claim_of(stored, text, 0.0, read_bounds(text, BOUNDS), read_hypotheses(text, known), "", admit)


def claim_of(
    stored: Stored | GraphStored,
    text: dict[str, Any],
    spread: float,
    bounds: dict[str, float],
    hypotheses: list[tuple[float, str, float]],
    prefix: str,
    admit: Admit,
) -> Claim | GraphClaim:
    """What a text claims of a ball about its weights.

    Args:
        stored: the start, with `grid` and `sigma`; its theorem is A, A', B or C.
        text: with a number `radius`.
        spread: radius of the ball of starts.
        bounds, hypotheses: of the theorem.
        prefix: before the name of its number.
        admit: asked before Theorem E is computed.

    Raises:
        Stop: with code DAMAGED.
    """
    radius = number(*read_witness(text, f"{prefix}radius"))
    grid, sigma = read_profile(stored.more, radius)
    if spread < 0:
        damaged("bounds.apart", f"{spread} is not allowed")
    return about(
        stored, radius=radius, bounds=bounds, hypotheses=hypotheses, grid=grid, sigma=sigma, admit=admit, spread=spread
    )


def check_ball(c: Claim | GraphClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem A, A', B or C."""
    claimed = Comparison(c, BOUNDS, with_kinks(c, HYPOTHESES[c.theorem], 2), checks)
    found = on_ball(c, checks, tick)
    residual, lipschitz, ell, eta = found.residual, found.lipschitz, found.ell, arb(c.eta)
    beta = lipschitz**2 + residual * ell
    left = 1 - beta * eta / 2
    claimed.bounds(
        residual=residual, lambda_min=found.at.least * found.share, lipschitz=lipschitz, ell=ell, beta=beta
    )  # fmt: skip
    claimed.hypothesis(POSITIVE[0], arb(0), found.at.least)  # of J J^T itself, in which the loss's 1/n has no part
    claimed.hypothesis("beta eta < 2", beta * eta, arb(2))
    compare_kinks(c, found.at, c.radius, claimed)
    last, path = PATHS[c.theorem]
    mu = path(c, found, left, checks, partial(claimed.hypothesis, last))
    floor = clipping_floor(c, lipschitz * residual)
    claimed.bounds(mu=mu, floor=floor, rate=loss_factor(mu, beta, eta, floor))


Tell = Callable[[arb, arb], None]
"""Compares both sides of the last hypothesis with what is claimed of them."""


def _uniform(c: BallClaim, f: Found, left: arb, checks: Checks, last: Tell, *, tight: bool) -> arb:
    """sig(R)^2, where the radius of Theorem A, or the smaller one of A', is below R."""
    sigma = f.profile[-1]
    mu, beta = sigma**2, f.lipschitz**2 + f.residual * f.ell
    positive("sig(R)", sigma)
    positive("1 - beta eta / 2", left)
    needed = f.residual / (sigma * left)
    if tight:
        positive("beta - mu", beta - mu)
        needed *= (1 + root(1 - 2 * mu * arb(c.eta) * left)) / 2
    last(needed, arb(c.radius))
    checks.compare("bounds.required", c.bounds["required"], needed, BOUNDS["required"])
    return mu


def _summed(c: BallClaim, f: Found, left: arb, checks: Checks, last: Tell) -> arb:
    """sig(rho)^2, where the profile outweighs the residual up to R, and up to rho."""
    sums = integral(c.grid, f.profile)
    last(f.residual, left * sums[-1])
    # The path ends before g_j if the profile up to there outweighs the residual.
    j = c.place
    checks.required(c.grid[j], ("(1 - beta eta / 2) int sig", left * sums[j]), ("||r_0||", f.residual))
    return f.profile[j] ** 2


_SUM = "||r_0|| < (1 - beta eta / 2) int_0^R sig", _summed
PATHS: dict[str, tuple[str, Callable[[BallClaim, Found, arb, Checks, Tell], arb]]] = {
    "A": ("radius of Theorem A < R", partial(_uniform, tight=False)),
    "A'": ("radius of Theorem A' < R", partial(_uniform, tight=True)),
    "B": _SUM,
    "C": _SUM,
}
"""Theorem to its last hypothesis, and what confirms it and gives mu."""
HYPOTHESES: dict[str, Table] = {
    theorem: [POSITIVE, ("beta eta < 2", "<"), (last, "<")] for theorem, (last, _) in PATHS.items()
}
