"""Theorem L rechecked: the gauge of the loss, the way to the level, and the ball, from the stored arrays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from .ball_bounds import bounds_of, compare_kinks, integral, profile
from .ball_claim import POSITIVE, OnBall, Table, about, read_network, read_profile, require_values, with_kinks
from .checks import Check, Checks, Comparison, Tick, clipping_floor, positive
from .fields import FALSE, UNSURE, Stop, damaged, number
from .file import Admit, Stored, read_bounds, read_hypotheses, read_witness
from .gauges import Form, form_of
from .graph.file import GraphStored

BOUNDS = {
    "loss": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "slope": "upper", "beta": "upper",
    "length": "upper", "required": "upper", "mu": "lower", "floor": "lower", "steps": "upper", "accuracy": "lower",
}  # fmt: skip
ARRAYS = {"grid": 1, "sigma": 1, "levels": 1, "gauges": 1}
NUMBERS = ("radius", "level")
STEP, POSITIVE_THERE = "beta eta < 2", "0 < sig(rho)"
INSIDE = "rho and a last step, rho + eta L_F Gam(L_0) <= R"
LAST = "int_eps^{L_0} dv / gam < (1 - beta eta / 2) int_0^rho sig"
HYPOTHESES: Table = [POSITIVE, (STEP, "<"), (POSITIVE_THERE, "<"), (INSIDE, "<="), (LAST, "<")]


@dataclass(frozen=True)
class LevelClaim(OnBall):
    """What a certificate of Theorem L says: a ball, and the loss; that of the ball is "sum", as kernel and profile are.

    Attributes:
        form: the loss in use.
        level: eps.
        levels: losses from eps to L_0.
        gauges: claimed lower bounds of gam there.
    """

    form: Form
    level: float
    levels: list[float]
    gauges: list[float]


def read_level(text: dict[str, Any], path: Path, admit: Admit) -> LevelClaim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    arrays = dict(ARRAYS)
    weighted = isinstance(text.get("loss"), str) and text["loss"].startswith("weighted")
    if weighted:
        arrays["weights"] = 1
    stored = read_network(text, path, admit, arrays, list(NUMBERS))
    known = with_kinks(stored, HYPOTHESES, 2)
    return claim_of(stored, text, 0.0, read_bounds(text, BOUNDS), read_hypotheses(text, known), "", admit)


def claim_of(
    stored: Stored | GraphStored,
    text: dict[str, Any],
    spread: float,
    bounds: dict[str, float],
    hypotheses: list[tuple[float, str, float]],
    prefix: str,
    admit: Admit,
) -> LevelClaim:
    """What a text claims of the way down to a level.

    Args:
        stored: the start, with the arrays of `ARRAYS`.
        text: with the numbers of `NUMBERS`.
        spread: radius of the ball of starts.
        bounds, hypotheses: of Theorem L.
        prefix: before the names of its numbers.
        admit: asked before Theorem E is computed.

    Raises:
        Stop: with code DAMAGED.
    """
    radius, level = (number(*read_witness(text, prefix + name)) for name in NUMBERS)
    grid, sigma = read_profile(stored.more, radius)
    require_values(stored.more, "gauges", "levels")
    levels, gauges = stored.more["levels"], stored.more["gauges"]
    if levels[0] != level or level < 0 or not (np.diff(levels) > 0).all() or levels[-1] != bounds["loss"]:
        damaged(
            "arrays.levels", f"must start at the level, {level!r}, increase strictly and end at bounds.{prefix}loss"
        )
    if spread < 0:
        damaged("bounds.apart", f"{spread} is not allowed")
    form = form_of(stored.loss, stored.y, stored.more.get("weights"))
    if level == 0 and not form.squares:
        damaged(f"witness.{prefix}level", "must be positive for this loss")
    if level == 0 and bounds["steps"] != 0:
        damaged(f"bounds.{prefix}steps", "must be 0: of the way to a loss of zero no number of steps is claimed")
    on = about(
        replace(stored, loss="sum"), radius=radius, bounds=bounds, hypotheses=hypotheses, grid=grid, sigma=sigma,
        admit=admit, spread=spread,
    )  # fmt: skip
    return LevelClaim(on, form, level, levels.tolist(), gauges.tolist())


def check_level(claim: LevelClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem L."""
    c, form = claim.on, claim.form
    claimed = Comparison(c, BOUNDS, with_kinks(c, HYPOTHESES, 2), checks)
    at, zero, eta = bounds_of(c, tick), arb(0), arb(c.eta)
    claimed.bounds(loss=form.value(at.outputs))
    length, count = _way(claim, checks, tick)
    slope = form.upper(arb(c.bounds["loss"]))
    sigma, changes = profile(c, at, arb(1), checks, tick)
    lipschitz, ell = at.largest + changes[-1], at.steepness(c.radius)
    beta = form.curvature * lipschitz**2 + slope * ell
    left = 1 - beta * eta / 2
    claimed.bounds(slope=slope, lipschitz=lipschitz, ell=ell, beta=beta, length=length, lambda_min=at.least)
    claimed.hypothesis(POSITIVE[0], zero, at.least)
    claimed.hypothesis(STEP, beta * eta, arb(2))
    compare_kinks(c, at, c.radius, claimed)
    j, sums = c.place, integral(c.grid, sigma)
    gradient = lipschitz * slope
    claimed.hypothesis(POSITIVE_THERE, zero, sigma[j])
    claimed.hypothesis(INSIDE, arb(c.grid[j]) + (eta * gradient if claim.level > 0 else zero), arb(c.radius))
    claimed.hypothesis(LAST, length, left * sums[j])
    checks.required(c.bounds["required"], ("(1 - beta eta / 2) int sig", left * sums[j]), ("length", length))
    mu, floor = sigma[j] ** 2, clipping_floor(c, gradient)
    claimed.bounds(mu=mu, floor=floor)
    if claim.level > 0:
        shortest, longest = ((h * eta) * (1 - beta * h * eta / 2) for h in (floor, arb(1)))
        least = shortest.min(longest) * mu
        positive("b sig(rho)^2", least)
        claimed.bounds(steps=1 + count / least)
    else:
        steps = c.bounds["steps"]
        checks.fact("bounds.steps", f"{steps!r} = 0", "no number of steps is claimed", steps == 0)
    _accuracy(claim, checks)


def _way(c: LevelClaim, checks: Checks, tick: Tick) -> tuple[arb, arb]:
    """int dv / gam and int dv / gam^2 from the level to the loss at the start, by the claimed gauges."""
    for j, (v, g) in enumerate(zip(c.levels, c.gauges, strict=True)):
        tick(f"gauge at a loss of {v:.3g}")
        checks.fact(f"arrays.gauges[{j}]", f">= {g!r}", f"gam({v!r})", c.form.below_gauge(g, v))
    ends = arb(c.levels[0]), arb(c.levels[-1])
    if c.level == 0:
        return c.form.path(*ends), arb(0)
    if any(g == 0 for g in c.gauges[:-1]):
        raise Stop(FALSE, "arrays.gauges", "must be positive above the level")
    pieces = [(arb(b) - a) / g for (a, b), g in zip(itertools.pairwise(c.levels), c.gauges, strict=False)]
    count = sum((p / g for p, g in zip(pieces, c.gauges, strict=False)), arb(0))
    return (c.form.path(*ends) if c.form.squares else sum(pieces, arb(0))), count


def _accuracy(c: LevelClaim, checks: Checks) -> None:
    """Accuracy 1 at the level: the sum of all terms is below ln 2, so that each of them is."""
    claim, limit = c.on.bounds["accuracy"], c.form.share * arb(2).log()
    if claim <= 0:
        good = True
    else:
        forced = claim <= 1 and not c.form.squares and c.level > 0
        if forced and not (arb(c.level) < limit) and not (arb(c.level) >= limit):
            checks.append(Check("bounds.accuracy", f">= {claim!r}", f"eps against {limit.str(17)}", UNSURE))
            return
        good = forced and bool(arb(c.level) < limit)
    checks.fact("bounds.accuracy", f">= {claim!r}", f"1 below a loss of {limit.str(17)}", good)
