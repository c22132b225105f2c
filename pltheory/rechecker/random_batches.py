"""Theorem F2 rechecked: mini-batches drawn at random, from the numbers eps, D, xi and G of a certificate.

A step sees b of the n samples, every subset with the same probability. Bounds of every subset of b samples are those
that Theorem F1 takes for every partition; the squared moduli of a subset have mean at most b / n times their sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flint import arb

from . import batch_centre
from .arithmetic import largest_of, root
from .batch_centre import Centre, away, numbers_at_centre, own_arrays
from .batch_parts import every_subset
from .checks import Checks, Comparison, Tick, positive
from .fields import damaged
from .file import Admit, Stored, read_bounds, read_hypotheses, read_stored

BOUNDS = {
    "lambda_min": "lower", "beta": "upper", "floor": "lower", "profile": "lower", "lost": "upper",
    "failure": "upper", "rate": "upper", "required": "upper", "lipschitz": "upper",
}  # fmt: skip
HYPOTHESES = [
    *batch_centre.HYPOTHESES,
    ("exp(xi / 2) <= G", "<="),
    ("0 < sg", "<"),
    ("x G < 1", "<"),
    ("P(the ball is ever left) <= p", "<="),
]
NUMBERS = ("eps", "start", "growth", "xi", "allowed")


@dataclass(frozen=True)
class Claim(Stored):
    """What a certificate of Theorem F2 says; attributes as in its file."""

    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    batch: int
    eps: float
    start: float
    growth: float
    xi: float
    allowed: float

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return 4

    @property
    def unit(self) -> arb:
        """Factor of the loss of a batch; all have b samples."""
        return arb(1) if self.loss == "sum" else 1 / arb(self.batch)


def read_random_batches(text: dict[str, Any], path: Path, admit: Admit) -> Claim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    stored = read_stored(text, path, admit, own_arrays(text), ("batch", *NUMBERS))
    values, batch = numbers_at_centre(stored, text, NUMBERS)
    if not values["allowed"] < 1:
        damaged("witness.allowed", f"{values['allowed']} is no probability below 1")
    return Claim(
        **vars(stored), bounds=read_bounds(text, BOUNDS), hypotheses=read_hypotheses(text, HYPOTHESES),
        batch=batch, **values,
    )  # fmt: skip


def check_random_batches(c: Claim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem F2."""
    at = Centre(c, c.bounds["lambda_min"], tick)
    tick("subsets of the samples")
    parts = every_subset(c.y.shape, c.batch, at.kernel, at.gram)
    tick("hypotheses")
    layer = at.layer
    eps, d, g, xi = arb(c.eps), arb(c.start), arb(c.growth), arb(c.xi)
    wide = g * d
    inner, radius = eps + wide, eps + 2 * wide
    eta, near, far = arb(c.eta) * c.unit, layer.change(inner), layer.change(radius)
    beta = parts.largest(near)
    a = 2 - eta * beta
    positive("2 - eta beta", a)
    sg = at.profile(inner + wide / 2)
    positive("sg", sg)
    floor = arb(c.delta)
    if arb(c.gamma).is_finite():
        floor = floor.max(arb(1).min(arb(c.gamma) / c.unit / (parts.largest(far) * wide)))
    positive("delta", floor)
    ell = layer.curvature(radius)
    x = parts.spread() * ell * d / (a * root(floor) * sg)
    positive("1 - x G", 1 - x * g)
    seen = arb(c.batch) / len(c.x)
    failure = 2 * x / ((1 - x * g) * xi)
    if x * g <= arb("0.4"):
        e = root(eta / a) * ell * largest_of(share for _, share in parts.tops) * wide
        k = (e + root(e * e + 4)) / 2
        failure = failure.min((-2 / (g * k * k) * (xi * (1 / (5 * x) - g / 2) - 1)).exp())
    claimed = Comparison(c, BOUNDS, HYPOTHESES, checks)
    claimed.hypotheses(
        (arb(0), at.least),
        (at.nearest(eps), eps),
        (away(c) + eps, d),
        (eta * beta, arb(2)),
        (arb(0), floor),
        ((xi / 2).exp(), g),
        (arb(0), sg),
        (x * g, arb(1)),
        (failure, arb(c.allowed)),
    )
    claimed.bounds(
        lambda_min=at.least, beta=beta, floor=floor, profile=sg, lost=x, failure=failure,
        rate=1 - a * eta * floor * seen * sg * sg * (1 - x * g),
        required=2 * root(eta * beta) * d / (a * root(eta * floor * seen) * sg * (1 - x * g)),
        lipschitz=at.norm(radius),
    )  # fmt: skip
