"""Theorem L rechecked: the gauge of the loss, the way to the level, and the ball, from the stored arrays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from .arithmetic import root
from .ball import KINKS, Bounds, Claim, GraphClaim, bounds_of, kept
from .checks import Check, Checks, Tick, clipping_floor, positive
from .fields import ACCEPTED, FALSE, SCHEMAS, UNSURE, Stop, damaged, number
from .file import Admit, Stored, read_bounds, read_hypotheses, read_stored, read_witness
from .gauges import Form, form_of
from .graph.ball import GraphBall
from .graph.file import GraphStored, read_graph

BOUNDS = {
    "loss": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "slope": "upper", "beta": "upper",
    "length": "upper", "required": "upper", "mu": "lower", "floor": "lower", "steps": "upper", "accuracy": "lower",
}  # fmt: skip
ARRAYS = {"grid": 1, "sigma": 1, "levels": 1, "gauges": 1}
NUMBERS = ("radius", "level")
HYPOTHESES = [
    ("0 < lambda_min(K(w_0))", "<"),
    ("beta eta < 2", "<"),
    ("0 < sig(rho)", "<"),
    ("rho and a last step, rho + eta L_F Gam(L_0) <= R", "<="),
    ("int_eps^{L_0} dv / gam < (1 - beta eta / 2) int_0^rho sig", "<"),
]


@dataclass(frozen=True, kw_only=True)
class Way:
    """What a certificate of Theorem L says of the loss, beside its ball; `loss` is "sum", as kernel and profile are.

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


@dataclass(frozen=True, kw_only=True)
class LevelClaim(Way, Claim):
    """Of a fully connected network."""


@dataclass(frozen=True, kw_only=True)
class GraphLevelClaim(Way, GraphClaim):
    """Of a network of class G."""


def read_level(text: dict[str, Any], path: Path, admit: Admit) -> LevelClaim | GraphLevelClaim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    if text["schema"] == SCHEMAS[0]:
        damaged("schema", "Theorem L has no certificates of this schema")
    arrays = dict(ARRAYS)
    weighted = isinstance(text.get("loss"), str) and text["loss"].startswith("weighted")
    if weighted:
        arrays["weights"] = 1
    layered = isinstance(text.get("network"), dict) and "nodes" in text["network"]
    stored = (read_graph if layered else read_stored)(text, path, admit, arrays, list(NUMBERS))
    known = list(HYPOTHESES)
    if isinstance(stored, GraphStored) and stored.kinks:
        known.insert(2, KINKS)
    return claim_of(stored, text, 0.0, read_bounds(text, BOUNDS), read_hypotheses(text, known), "", admit)


def claim_of(
    stored: Stored | GraphStored,
    text: dict[str, Any],
    spread: float,
    bounds: dict[str, float],
    hypotheses: list[tuple[float, str, float]],
    prefix: str,
    admit: Admit,
) -> LevelClaim | GraphLevelClaim:
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
    grid, sigma, levels, gauges = (stored.more[name] for name in ("grid", "sigma", "levels", "gauges"))
    for name, values, at in (("sigma", sigma, grid), ("gauges", gauges, levels)):
        if values.shape != at.shape or at.size < 2 or (values < 0).any():
            damaged(f"arrays.{name}", "must have one nonnegative number for each of two or more points")
    if grid[0] != 0 or not (np.diff(grid) > 0).all() or grid[-1] != radius:
        damaged("arrays.grid", f"must start at 0, increase strictly and end at the radius, {radius!r}")
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
    kind = GraphLevelClaim if isinstance(stored, GraphStored) else LevelClaim
    return kind(
        **vars(replace(stored, loss="sum")), radius=radius, bounds=bounds, hypotheses=hypotheses, grid=grid.tolist(),
        sigma=sigma.tolist(), admit=admit, spread=spread, form=form, level=level, levels=levels.tolist(),
        gauges=gauges.tolist(),
    )  # fmt: skip


def check_level(c: LevelClaim | GraphLevelClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem L."""
    at = bounds_of(c, tick)

    def bound(name: str, value: arb) -> None:
        checks.compare(f"bounds.{name}", c.bounds[name], value, BOUNDS[name])

    names = [name for name, _ in HYPOTHESES]
    kinks = isinstance(c, GraphLevelClaim) and bool(c.kinks)
    if kinks:
        names.insert(2, KINKS[0])

    def hypothesis(i: int, low: arb, high: arb) -> None:
        checks.hypothesis(i, c.hypotheses[i], names[i], low, high)

    zero, eta = arb(0), arb(c.eta)
    bound("loss", c.form.value(at.outputs))
    length, count = _way(c, checks, tick)
    slope = c.form.upper(arb(c.bounds["loss"]))
    profile, change = _profile(c, at, checks, tick)
    lipschitz, ell = at.largest + change, at.steepness(c.radius)
    beta = c.form.curvature * lipschitz**2 + slope * ell
    left = 1 - beta * eta / 2
    for name, value in (("slope", slope), ("lipschitz", lipschitz), ("ell", ell), ("beta", beta), ("length", length)):
        bound(name, value)
    bound("lambda_min", at.least)
    hypothesis(0, zero, at.least)
    hypothesis(1, beta * eta, arb(2))
    if isinstance(at, GraphBall) and kinks:
        hypothesis(2, arb(at.meeting(c.radius)), zero)
    first, required = len(names) - 3, c.bounds["required"]
    if required not in c.grid:
        raise Stop(FALSE, "bounds.required", f"the claim {required!r} is not a point of the grid")
    j = c.grid.index(required)
    widths = [arb(q) - p for p, q in itertools.pairwise(c.grid)]
    sums = [zero, *itertools.accumulate(w * s for w, s in zip(widths, profile[1:], strict=True))]
    gradient = lipschitz * slope
    reach = arb(required) if c.level == 0 else arb(required) + eta * gradient
    hypothesis(first, zero, profile[j])
    hypothesis(first + 1, reach, arb(c.radius))
    hypothesis(first + 2, length, left * sums[j])
    mu, floor = profile[j] ** 2, clipping_floor(c, gradient)
    bound("mu", mu)
    bound("floor", floor)
    if c.level > 0:
        shortest, longest = ((h * eta) * (1 - beta * h * eta / 2) for h in (floor, arb(1)))
        least = shortest.min(longest) * mu
        positive("b sig(rho)^2", least)
        bound("steps", 1 + count / least)
    _accuracy(c, checks)


def _way(c: LevelClaim | GraphLevelClaim, checks: Checks, tick: Tick) -> tuple[arb, arb]:
    """int dv / gam and int dv / gam^2 from the level to the loss at the start, by the claimed gauges."""
    for j, (v, g) in enumerate(zip(c.levels, c.gauges, strict=True)):
        tick(f"gauge at a loss of {v:.3g}")
        good = c.form.below_gauge(g, v)
        checks.append(Check(f"arrays.gauges[{j}]", f">= {g!r}", f"gam({v!r})", ACCEPTED if good else FALSE))
    ends = arb(c.levels[0]), arb(c.levels[-1])
    if c.level == 0:
        return c.form.path(*ends), arb(0)
    if any(g == 0 for g in c.gauges[:-1]):
        raise Stop(FALSE, "arrays.gauges", "must be positive above the level")
    pieces = [(arb(b) - a) / g for (a, b), g in zip(itertools.pairwise(c.levels), c.gauges, strict=False)]
    count = sum((p / g for p, g in zip(pieces, c.gauges, strict=False)), arb(0))
    return (c.form.path(*ends) if c.form.squares else sum(pieces, arb(0))), count


def _profile(c: LevelClaim | GraphLevelClaim, at: Bounds, checks: Checks, tick: Tick) -> tuple[list[arb], arb]:
    """sig at every radius of the grid, and the change of J on the whole ball."""
    sigma_0, change, zero = root(at.least), arb(0), arb(0)
    profile = []
    for s in c.grid:
        tick(f"profile at radius {s:.3g}")
        change = at.change(s)
        profile.append((sigma_0 - change).max(zero))
    if any(not sigma >= claim for sigma, claim in zip(profile, c.sigma, strict=True)):
        shares = kept(c, at, tick)
        if shares is not None:
            profile = [sigma.max(sigma_0 * share) for sigma, share in zip(profile, shares, strict=True)]
    for j, (sigma, claim) in enumerate(zip(profile, c.sigma, strict=True)):
        checks.compare(f"arrays.sigma[{j}]", claim, sigma, "lower")
    return profile, change


def _accuracy(c: LevelClaim | GraphLevelClaim, checks: Checks) -> None:
    """Accuracy 1 at the level: the sum of all terms is below ln 2, so that each of them is."""
    claim, limit = c.bounds["accuracy"], c.form.share * arb(2).log()
    if claim <= 0:
        good = True
    else:
        forced = claim <= 1 and not c.form.squares and c.level > 0
        if forced and not (arb(c.level) < limit) and not (arb(c.level) >= limit):
            checks.append(Check("bounds.accuracy", f">= {claim!r}", f"eps against {limit.str(17)}", UNSURE))
            return
        good = forced and bool(arb(c.level) < limit)
    checks.append(
        Check("bounds.accuracy", f">= {claim!r}", f"1 below a loss of {limit.str(17)}", ACCEPTED if good else FALSE)
    )
