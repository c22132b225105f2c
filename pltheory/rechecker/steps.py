"""Theorems S, M and Mb rechecked: a ball, the law of the steps on it, and the loss at the end of a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from .ball_bounds import compare_kinks, integral, on_ball
from .ball_claim import POSITIVE, OnBall, Table, about, read_network, read_profile, with_kinks
from .checks import Checks, Comparison, Tick, clipping_floor
from .fields import damaged, number
from .file import Admit, Stored, read_bounds, read_hypotheses, read_recursion, read_witness
from .graph.file import GraphStored
from .laws import LAWS, Steps, exact

BOUNDS = {
    "residual": "upper", "start": "upper", "lambda_min": "lower", "largest": "upper", "lipschitz": "upper",
    "ell": "upper", "beta": "upper", "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
    "loss_end": "upper",
}  # fmt: skip
LAST = ("rho_0 < k int_0^R sig", "<")
MOST_STEPS = 10**6


def hypotheses_of(theorem: str) -> Table:
    """Those of a smooth network."""
    return [POSITIVE, *LAWS[theorem].own, LAST]


@dataclass(frozen=True)
class Claim(OnBall):
    """What a certificate of Theorem S, M or Mb says: a ball, and steps."""

    steps: Steps


def read_steps(text: dict[str, Any], path: Path, admit: Admit) -> Claim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    arrays = {"grid": 1, "sigma": 1, "factors": 1}
    stored = read_network(text, path, admit, arrays, ["radius", "tail", *LAWS[text["theorem"]].numbers])
    known = with_kinks(stored, hypotheses_of(stored.theorem), -1)
    return claim_of(stored, text, 0.0, 0.0, read_bounds(text, BOUNDS), read_hypotheses(text, known), "", admit)


def claim_of(
    stored: Stored | GraphStored,
    text: dict[str, Any],
    spread: float,
    buffer: float,
    bounds: dict[str, float],
    hypotheses: list[tuple[float, str, float]],
    prefix: str,
    admit: Admit,
) -> Claim:
    """What a text claims of steps from its weights on.

    Args:
        stored: the start, with `grid`, `sigma` and `factors`; its theorem is S, M or Mb.
        text: with the theorem's numbers.
        spread: radius of the ball of starts.
        buffer: upper bound of ||d_0||, of M.
        bounds, hypotheses: of the theorem.
        prefix: before the names of its numbers.
        admit: asked before Theorem E is computed.

    Raises:
        Stop: with code DAMAGED.
    """
    law, (m, nesterov, clip) = LAWS[stored.theorem], read_recursion(text)
    radius, factors = number(*read_witness(text, f"{prefix}radius")), stored.more["factors"]
    grid, sigma = read_profile(stored.more, radius)
    tail = number(*read_witness(text, f"{prefix}tail"))
    given = {name: number(*read_witness(text, prefix + name)) for name in law.numbers}
    steps = Steps(m, nesterov, clip, stored.gamma != float("inf"), factors.tolist(), tail, given, buffer)
    if not law.speaks_of(steps):
        damaged("optimizer.momentum", f"Theorem {stored.theorem} does not speak of this recursion")
    if not 1 <= factors.size <= MOST_STEPS or not ((factors >= 0) & (factors <= 1)).all():
        damaged("arrays.factors", f"must have 1 to {MOST_STEPS} numbers in [0, 1]")
    if not 0 <= tail <= 1:
        damaged(f"witness.{prefix}tail", f"{tail} is not in [0, 1]")
    if not law.scheduled and not ((factors == 1).all() and tail == 1):
        damaged("arrays.factors", f"Theorem {stored.theorem} speaks of one step size: factors and tail must be 1")
    ahead = (arb(m) ** (2 if nesterov else 1) / (1 - arb(m)) * arb(buffer)).upper()
    beyond = float(np.nextafter(float(ahead), np.inf)) if buffer else 0.0
    on = about(
        stored, radius=radius, bounds=bounds, hypotheses=hypotheses, grid=grid, sigma=sigma, admit=admit,
        spread=spread, beyond=beyond,
    )  # fmt: skip
    return Claim(on, steps)


def check_steps(claim: Claim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem S, M or Mb."""
    c, steps = claim.on, claim.steps
    claimed = Comparison(c, BOUNDS, with_kinks(c, hypotheses_of(c.theorem), -1), checks)
    found = on_ball(c, checks, tick)
    zero, one, k, best = arb(0), arb(1), arb(steps.numbers["k"]), c.falling
    law = LAWS[c.theorem](steps, c.eta, c.bounds, max(c.sigma))
    start = law.start(found, steps.numbers.get("c", 0.0))
    claimed.bounds(
        residual=found.residual, lambda_min=found.at.least * found.share, largest=found.largest,
        lipschitz=found.lipschitz, ell=found.ell, beta=found.lipschitz**2 + law.highest(found) * found.ell,
    )  # fmt: skip
    claimed.hypothesis(POSITIVE[0], zero, found.at.least)
    for (name, _), (left, right) in zip(law.own, law.sides(), strict=True):
        claimed.hypothesis(name, exact(left), exact(right))
    compare_kinks(c, found.at, c.radius, claimed)
    sums = integral(c.grid, best)
    claimed.bounds(start=start)
    claimed.hypothesis(LAST[0], start, k * sums[-1])
    j = c.place
    checks.required(c.grid[j], ("k int sig", k * sums[j]), ("rho_0", start))
    mu, floor = best[j] ** 2, clipping_floor(c, law.clipped(found, start))
    claimed.bounds(mu=mu, floor=floor)
    tick("loss at the end of the schedule")
    product, known = one, dict[float, arb]()
    for f in steps.factors:
        if f not in known:
            known[f] = law.factor(mu, floor, f, f).min(one).max(zero)
        product = product * known[f]
    rated = steps.numbers.get("c_rate", 0.0)
    # Of a later factor of the schedule no more is said than that it lies in [tail, 1].
    claimed.bounds(
        loss_end=law.start(found, rated) ** 2 / 2 * product * law.apart(found, rated),
        rate=law.factor(mu, floor, steps.tail, 1.0).min(one) if steps.tail > 0 else one,
    )
    linear = c.bounds["mu"] > 0 and bool(np.isfinite(c.bounds["loss_end"]))
    checks.fact("bounds.mu", f"{c.bounds['mu']!r} > 0", "what the rate rests on", linear)
    checks.fact("optimizer.eta", f"{c.eta!r} > 0", "the largest step", c.eta > 0)
