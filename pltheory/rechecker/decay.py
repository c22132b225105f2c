"""Theorem W2 rechecked: for how many steps weight decay leaves the weights in the ball, and the loss after them.

With W = ||w_0|| + R and P = lambda eta times the sum of the schedule's factors over the steps, decay alone moves the
weights by at most W P, and `||r_0|| + L_F W P < (1 - beta eta / 2) int_{W P}^R sig` keeps them in the ball.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from .arithmetic import blocks, matrix
from .ball_bounds import compare_kinks, integral, on_ball
from .ball_claim import POSITIVE, Claim, GraphClaim, OnBall, about, read_network, read_profile, with_kinks
from .checks import Checks, Comparison, Tick, clipping_floor, positive
from .fields import Array, damaged, number
from .file import Admit, read_bounds, read_decay, read_hypotheses, read_witness

BOUNDS = {
    "residual": "upper", "weights": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper",
    "reached": "upper", "beta": "upper", "required": "upper", "mu": "lower", "floor": "lower", "limit": "upper",
    "loss_end": "upper",
}  # fmt: skip
STEP, LAST = "beta eta <= 1", "||r_0|| + L_F W P < k int_{W P}^R sig"
HYPOTHESES = [POSITIVE, (STEP, "<="), (LAST, "<")]
MOST_RUNS, MOST_STEPS = 10**6, 10**9


@dataclass(frozen=True)
class DecayClaim(OnBall):
    """What a certificate of Theorem W2 says: a ball, and the steps on it.

    Attributes:
        decay: lambda.
        decoupled: whether it stands beside the gradient.
        factors, repeats: of the schedule, and of how many steps in a row each is.
    """

    decay: float
    decoupled: bool
    factors: list[float]
    repeats: list[int]


def read_floor(text: dict[str, Any], path: Path, admit: Admit) -> DecayClaim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    arrays = {"grid": 1, "sigma": 1, "factors": 1, "repeats": 1}
    stored = read_network(text, path, admit, arrays, ["radius", "steps"])
    decay, decoupled = read_decay(text)
    radius = number(*read_witness(text, "radius"))
    grid, sigma = read_profile(stored.more, radius)
    factors, repeats = stored.more["factors"], stored.more["repeats"]
    if not 1 <= factors.size <= MOST_RUNS or not ((factors >= 0) & (factors <= 1)).all():
        damaged("arrays.factors", f"must have 1 to {MOST_RUNS} numbers in [0, 1]")
    whole = repeats.shape == factors.shape and ((repeats >= 1) & (repeats <= MOST_STEPS) & (repeats % 1 == 0)).all()
    if not whole or repeats.sum() > MOST_STEPS:
        damaged("arrays.repeats", f"must have a whole number for each factor, at most {MOST_STEPS} in all")
    counts = [int(n) for n in repeats.tolist()]
    steps, field = read_witness(text, "steps")
    if type(steps) is not int or steps != sum(counts):
        damaged(field, f"must be the sum of the repeats, {sum(counts)}")
    on = about(
        stored, radius=radius, bounds=read_bounds(text, BOUNDS),
        hypotheses=read_hypotheses(text, with_kinks(stored, HYPOTHESES, -1)), grid=grid, sigma=sigma, admit=admit,
    )  # fmt: skip
    return DecayClaim(on, decay, decoupled, factors.tolist(), counts)


def norm(arrays: list[Array | None]) -> arb:
    """The Euclidean norm of all entries of some arrays."""
    total = arb(0)
    for a in arrays:
        if a is not None:
            flat = np.ascontiguousarray(a).reshape(1, -1)
            for block in blocks(flat, 1):
                row = matrix(block)
                total += (row * row.transpose())[0, 0]
    return total.sqrt()


def parameters(c: Claim | GraphClaim) -> list[Array | None]:
    """All weights and biases that are stored."""
    weights, biases = c.parameters if isinstance(c, GraphClaim) else (c.weights, c.biases)
    return [*weights, *biases]


def check_floor(claim: DecayClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem W2."""
    c = claim.on
    claimed = Comparison(c, BOUNDS, with_kinks(c, HYPOTHESES, -1), checks)
    found = on_ball(c, checks, tick)
    zero, one, eta, decay = arb(0), arb(1), arb(c.eta), arb(claim.decay)
    start = norm(parameters(c))
    longest = start + arb(c.radius)
    shrunk = decay * eta * sum((arb(f) * n for f, n in zip(claim.factors, claim.repeats, strict=True)), zero)
    alone = longest * shrunk
    reached = found.residual + found.lipschitz * alone
    beta = found.lipschitz**2 + reached * found.ell
    k = one - beta * eta / 2
    claimed.bounds(
        residual=found.residual, weights=start, lambda_min=found.at.least * found.share, lipschitz=found.lipschitz,
        ell=found.ell, reached=reached, beta=beta,
    )  # fmt: skip
    claimed.hypothesis(POSITIVE[0], zero, found.at.least)
    claimed.hypothesis(STEP, beta * eta, one)
    compare_kinks(c, found.at, c.radius, claimed)
    # Decay alone reaches the first radius of the grid that is certainly not below W P, or it fills the ball.
    best = c.falling
    first = next((j for j, s in enumerate(c.grid) if arb(s) >= alone), len(c.grid) - 1)
    sums = [zero] * first + integral(c.grid[first:], best[first:])
    claimed.hypothesis(LAST, reached, k * sums[-1])
    j = c.place
    checks.required(c.grid[j], ("k int sig", k * sums[j]), ("the residual", reached))
    mu = best[j] ** 2
    positive("sig(rho)", best[j])
    claimed.bounds(mu=mu)
    # With the claim's own mu: below F a smaller one lets the loss rise by less.
    low = arb(c.bounds["mu"])
    positive("mu", low)
    read = found.lipschitz * reached + (zero if claim.decoupled else decay * longest)
    floor = clipping_floor(c, read)
    positive("floor of the steps", floor)
    strength = decay / floor if claim.decoupled else decay
    limit = (strength * longest) ** 2 / (2 * low)
    claimed.bounds(floor=floor, limit=limit)
    tick("loss after the steps")
    product = one
    for f, n in zip(claim.factors, claim.repeats, strict=True):
        product = product * (one - mu * floor * eta * arb(f)).min(one).max(zero) ** n
    claimed.bounds(loss_end=limit + (found.residual**2 / 2 - limit).max(zero) * product)
