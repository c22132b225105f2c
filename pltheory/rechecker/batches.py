"""Theorems F1 and F4 rechecked: mini-batches in every order, from the numbers eps, D, V and g of a certificate.

One hidden layer alone (THEORY_BATCH 7). A batch's Jacobian is within share * change(s) of the centre's in a ball of
radius s, its share the norm of its inputs; for every partition the samples stand for the batches. F1 is F4 with one
worker and one pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from flint import arb

from . import batch_centre
from .arithmetic import largest_of, root
from .batch_centre import Centre, away, numbers_at_centre, own_arrays
from .batch_parts import batches_of
from .checks import Checks, Comparison, Tick, positive
from .fields import damaged, number
from .file import Admit, Stored, read_bounds, read_hypotheses, read_stored, read_witness

BOUNDS = {
    "lambda_min": "lower", "beta": "upper", "floor": "lower", "profile": "lower", "truncation": "upper",
    "lost": "upper", "rate": "upper", "required": "upper", "lipschitz": "upper",
}  # fmt: skip
HYPOTHESES = [
    *batch_centre.HYPOTHESES,
    ("1 <= g^2 (1 - eta M(g D)^2 / (4 a))", "<="),
    ("0 < sg", "<"),
    ("x < 1", "<"),
    ("D^2 (1 + A^2 / (1 - x)) + eta M0(V)^2 V^2 / (4 a) <= V^2", "<="),
]
OF_WORKERS = [
    *batch_centre.HYPOTHESES,
    ("1 <= g^2 (1 - eta Mx(g D)^2 / (4 a))", "<="),
    *HYPOTHESES[6:8],
    ("D^2 (1 + A^2 / (1 - x)) + eta M0x(V)^2 V^2 / (4 a) <= V^2", "<="),
]
"""Those of Theorem F4."""
NUMBERS = ("eps", "start", "stay", "growth", "spread")
MOST_PASSES = 10**6


@dataclass(frozen=True)
class Claim(Stored):
    """What a certificate of Theorem F1 says; attributes as in its file."""

    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    batch: int
    every: bool
    eps: float
    start: float
    stay: float
    growth: float
    spread: float
    workers: int = 1
    passes: int = 1

    named: ClassVar[list[tuple[str, str]]] = HYPOTHESES

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return 4

    @property
    def sizes(self) -> list[int]:
        """Of the batches that occur."""
        rest = len(self.x) // self.workers % self.batch
        return [self.batch, rest] if rest else [self.batch]

    @property
    def units(self) -> tuple[arb, arb]:
        """Smallest and largest factor of the loss of a batch."""
        if self.loss == "sum":
            return arb(1), arb(1)
        return 1 / arb(max(self.sizes)), 1 / arb(min(self.sizes))


@dataclass(frozen=True)
class OfWorkers(Claim):
    """What a certificate of Theorem F4 says."""

    named: ClassVar[list[tuple[str, str]]] = OF_WORKERS


def read_batches(text: dict[str, Any], path: Path, admit: Admit) -> Claim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    stored = read_stored(text, path, admit, own_arrays(text), ("batch", "every_partition", *NUMBERS))
    spread, field = read_witness(text, "spread")
    return claim_of(stored, text, number(spread, field), read_bounds(text, BOUNDS), read_hypotheses(text, HYPOTHESES))


def read_workers(text: dict[str, Any], path: Path, admit: Admit) -> OfWorkers:
    """The same of Theorem F4.

    Raises:
        Stop: with code DAMAGED.
    """
    own = ("batch", "every_partition", "workers", "passes", *NUMBERS[:-1])
    stored = read_stored(text, path, admit, own_arrays(text), own)
    counts: dict[str, int] = {}
    for name in ("workers", "passes"):
        value, field = read_witness(text, name)
        if type(value) is not int or not 1 <= value <= MOST_PASSES:
            damaged(field, f"not a whole number from 1 to {MOST_PASSES}")
        counts[name] = value
    n = len(stored.x)
    if counts["workers"] > n or n % counts["workers"]:
        damaged("witness.workers", f"does not divide {n}, the number of samples")
    claim = claim_of(stored, text, 0.0, read_bounds(text, BOUNDS), read_hypotheses(text, OF_WORKERS))
    if claim.batch > n // counts["workers"]:
        damaged("witness.batch", f"more than {n // counts['workers']}, the samples of a worker")
    return OfWorkers(**{**vars(claim), **counts})


def claim_of(
    stored: Stored,
    text: dict[str, Any],
    spread: float,
    bounds: dict[str, float],
    hypotheses: list[tuple[float, str, float]],
    prefix: str = "",
) -> Claim:
    """What a text claims of every order of its batches.

    Args:
        stored: the start, with the arrays of `own_arrays`.
        text: with the numbers of `NUMBERS`, batch and every_partition.
        spread: radius of the ball of starts.
        bounds, hypotheses: of Theorem F1.
        prefix: before the names of its numbers.

    Raises:
        Stop: with code DAMAGED.
    """
    values, batch = numbers_at_centre(stored, text, NUMBERS[:-1], prefix)
    if spread < 0:
        damaged("witness.spread", f"{spread} is not allowed")
    every, field = read_witness(text, f"{prefix}every_partition")
    if type(every) is not int or every not in (0, 1):
        damaged(field, "neither 0 nor 1")
    return Claim(
        **vars(stored), bounds=bounds, hypotheses=hypotheses, batch=batch, every=bool(every), spread=spread, **values
    )


def check_batches(c: Claim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem F1 or F4."""
    at = Centre(c, c.bounds["lambda_min"], tick)
    tick("batches")
    norms = (at.norm(arb(0)), at.share)
    parts, workers = batches_of(c.y.shape, c.batch, c.workers, at.kernel, at.gram, norms, every=c.every)
    tick("hypotheses")
    layer = at.layer
    eps, d, v, g = arb(c.eps), arb(c.start), arb(c.stay), arb(c.growth)
    inner, radius, tau = eps + v, eps + v + d, g * d
    small, most = c.units
    eta = arb(c.eta) * most
    near, far = layer.change(inner), layer.change(radius)
    beta = parts.largest(near)
    a = 2 - eta * beta
    positive("2 - eta beta", a)
    sg = at.profile(inner + d / 2)
    positive("sg", sg)
    ell = layer.curvature(radius)
    om = root(arb(c.workers)) * largest_of(w.truncation(c.passes, eta, near, far, ell, tau) for w in workers)
    mean = arb(c.passes) / c.workers
    share = root(mean) * parts.spread()
    most_share = root(arb(c.passes)) * largest_of(w.parts.spread() for w in workers)
    of_epoch, of_zero = layer.remainder(tau, inner), layer.remainder(v, eps)
    ratio = small / most
    floor = arb(c.delta) * ratio
    if arb(c.gamma).is_finite():
        floor = floor.max(ratio.min(arb(c.gamma) / most / (parts.largest(far) * tau)))
    positive("delta", floor)
    kap = root(eta * floor) * sg / om
    x = root(eta) * share * of_epoch * g / (a * kap)
    positive("1 - x", 1 - x)
    allowed = root(eta) * share * of_zero * v / (a * kap * d)
    right = d * d * (1 + allowed**2 / (1 - x)) + eta * (most_share * of_zero) ** 2 * v * v / (4 * a)
    claimed = Comparison(c, BOUNDS, c.named, checks)
    claimed.hypotheses(
        (arb(0), at.least),
        (at.nearest(eps), eps),
        (away(c) + eps + arb(c.spread), d),
        (eta * beta, arb(2)),
        (arb(0), floor),
        (arb(1), g * g * (1 - eta * (most_share * of_epoch) ** 2 / (4 * a))),
        (arb(0), sg),
        (x, arb(1)),
        (right, v * v),
    )
    claimed.bounds(
        lambda_min=at.least, beta=beta, floor=floor, profile=sg, truncation=om, lost=x,
        rate=1 - a * kap * kap * (1 - x), lipschitz=at.norm(radius),
        required=2 * root(eta * mean * parts.summed(near)) * d / (a * kap * (1 - x)),
    )  # fmt: skip
