"""Theorem M2 rechecked: the quadratic forms over the rationals, and the ball from the stored arrays.

With Delta the step of v = w + al d, and `h = tau eta`, the step of a form in (G, d, E) = (eta g, d, eta e) lowers the
energy by at least `-<G + E, Delta> - (b/2)||Delta||^2 + (C/2)(||d||^2 - ||m d - tau G||^2)`. It has to exceed
`(k/2)(Q ||Delta||^2 + (||G + E||^2 + C eps ||d||^2) / Q)`, and `omega tau (||G + E||^2 + C eps ||d||^2)` for the rate,
wherever `||E|| <= al b ||d||`, at both ends of every interval of tau.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb, fmpq

from .arithmetic import root
from .ball import KINKS, Bounds, Claim, GraphClaim, LayerBounds, kept
from .checks import Check, Checks, Tick, clipping_floor
from .fields import ACCEPTED, FALSE, SCHEMAS, UNSURE, Array, Stop, damaged, number
from .file import Admit, Stored, read_bounds, read_hypotheses, read_recursion, read_stored, read_witness
from .graph.ball import GraphBall
from .graph.file import GraphStored, read_graph

BOUNDS = {
    "residual": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "beta": "upper",
    "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
}  # fmt: skip
HYPOTHESES = [
    ("0 < lambda_min(K(w_0))", "<"),
    ("0 < pivots of the quadratic forms", "<"),
    ("R + al ||r_0|| / sqrt(c) <= R'", "<="),
    ("||r_0|| < k int_0^R sig", "<"),
]
NUMBERS = ("radius", "edge", "ahead", "weight", "k", "omega")
MOST_PIECES = 64

Vector = tuple[fmpq, fmpq, fmpq]
Matrix = list[list[fmpq]]


@dataclass(frozen=True, kw_only=True)
class QuadraticClaim(Claim):
    """What a certificate of Theorem M2 says of a fully connected network; `at` is its witness."""

    at: dict[str, float]
    momentum: float
    nesterov: bool
    pieces: Array


@dataclass(frozen=True, kw_only=True)
class GraphQuadraticClaim(GraphClaim):
    """The same of a network of class G."""

    at: dict[str, float]
    momentum: float
    nesterov: bool
    pieces: Array


Read = QuadraticClaim | GraphQuadraticClaim


def read_quadratic(text: dict[str, Any], path: Path, admit: Admit) -> Read:
    """The claim of a certificate of Theorem M2, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    if text["schema"] == SCHEMAS[0]:
        damaged("schema", "Theorem M2 has no certificates of this schema")
    arrays = {"grid": 1, "sigma": 1, "pieces": 2}
    layered = isinstance(text.get("network"), dict) and "nodes" in text["network"]
    stored: Stored | GraphStored
    stored = (read_graph if layered else read_stored)(text, path, admit, arrays, list(NUMBERS))
    at = {name: number(*read_witness(text, name)) for name in NUMBERS}
    for name in ("radius", "edge", "weight", "k", "omega"):
        if not at[name] > 0:
            damaged(f"witness.{name}", f"{at[name]} is not positive")
    if at["ahead"] < 0:
        damaged("witness.ahead", f"{at['ahead']} is negative")
    grid, sigma, pieces = (stored.more[name] for name in arrays)
    if sigma.shape != grid.shape or grid.size < 2 or (sigma < 0).any():
        damaged("arrays.sigma", "must have one nonnegative number for each of two or more radii")
    if grid[0] != 0 or not (np.diff(grid) > 0).all() or grid[-1] != at["radius"]:
        damaged("arrays.grid", f"must start at 0, increase strictly and end at the radius, {at['radius']!r}")
    if pieces.shape[1] != 7 or not 1 <= len(pieces) <= MOST_PIECES:
        damaged("arrays.pieces", f"must have 7 columns and 1 to {MOST_PIECES} rows")
    low, high = pieces[:, 0], pieces[:, 1]
    if not (low[0] > 0 and (low <= high).all() and (low[1:] == high[:-1]).all() and high[-1] == 1):
        damaged("arrays.pieces", "must be intervals that follow one another up to 1")
    if not ((pieces[:, 2] > 0).all() and (pieces[:, 3:] >= 0).all()):
        damaged("arrays.pieces", "Q must be positive, multipliers nonnegative")
    known = list(HYPOTHESES)
    if isinstance(stored, GraphStored) and stored.kinks:
        known.insert(1, KINKS)
    kind = GraphQuadraticClaim if isinstance(stored, GraphStored) else QuadraticClaim
    momentum, nesterov, clip = read_recursion(text)
    if clip != "gradient" or momentum == 0:
        damaged("optimizer.clip", "Theorem M2 speaks of momentum with the gradient clipped")
    return kind(
        **vars(stored), at=at, radius=at["radius"], momentum=momentum, nesterov=nesterov, pieces=pieces, admit=admit,
        bounds=read_bounds(text, BOUNDS), hypotheses=read_hypotheses(text, known), grid=grid.tolist(),
        sigma=sigma.tolist(),
    )  # fmt: skip


# --- the forms, over the rationals ------------------------------------------------------------------------------------


def rational(x: float) -> fmpq:
    """A double as the fraction that it is."""
    exact = Fraction(x)
    return fmpq(exact.numerator, exact.denominator)


def _square(v: Vector, w: Vector, factor: fmpq, into: Matrix) -> None:
    """Add factor <v, .><w, .>, made symmetric."""
    for i, j in itertools.product(range(3), range(3)):
        into[i][j] += factor * (v[i] * w[j] + w[i] * v[j]) / 2


def smallest_minor_ratio(matrix: Matrix) -> fmpq:
    """The smallest of the ratios of leading minors up to the first that is not positive: Sylvester's criterion."""
    a, b, c = matrix
    first = a[0]
    second = a[0] * b[1] - a[1] * b[0]
    third = (
        a[0] * (b[1] * c[2] - b[2] * c[1])
        - a[1] * (b[0] * c[2] - b[2] * c[0])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
    )  # fmt: skip
    if first <= 0:
        return first
    if second <= 0:
        return second / first
    return min(first, second / first, third / second)


def forms_of(c: Read, tau: fmpq, q: fmpq, price: fmpq, slower: fmpq) -> tuple[Matrix, Matrix]:
    """The form for the path and that for the rate, at one step size."""
    m, al, weight = (rational(x) for x in (c.momentum, c.at["ahead"], c.at["weight"]))
    k, omega = rational(c.at["k"]), rational(c.at["omega"])
    smooth = rational(c.bounds["beta"]) * rational(c.eta)
    stiff = rational(c.eta) * rational(max(c.sigma)) ** 2
    zero, one = fmpq(0), fmpq(1)
    g: Vector = (one, zero, zero)
    d: Vector = (zero, one, zero)
    e: Vector = (zero, zero, one)
    after: Vector = (-tau, m, zero)  # d_{t+1}
    ahead: Vector = (one, zero, one)  # the gradient at v
    # v + Delta = w' + al d', with w' = w + d' or, in Nesterov's form, w + m d' - h g.
    if c.nesterov:
        delta: Vector = tuple((m + al) * p - al * q_ - tau * r for p, q_, r in zip(after, d, g, strict=True))  # type: ignore[assignment]
    else:
        delta = tuple((1 + al) * p - al * q_ for p, q_ in zip(after, d, strict=True))  # type: ignore[assignment]
    found = []
    for bend, pull, multiplier in ((smooth + k * q, k / q, price), (smooth, 2 * omega * tau, slower)):
        into: Matrix = [[fmpq(0)] * 3 for _ in range(3)]
        _square(ahead, delta, fmpq(-1), into)
        _square(delta, delta, -bend / 2, into)
        _square(d, d, weight / 2, into)
        _square(after, after, -weight / 2, into)
        _square(ahead, ahead, -pull / 2, into)
        _square(d, d, -pull * weight * stiff / 2, into)
        _square(d, d, -multiplier * (al * smooth) ** 2, into)
        _square(e, e, multiplier, into)
        found.append(into)
    return found[0], found[1]


def smallest_pivot(c: Read) -> fmpq:
    """Over all forms of the certificate."""
    found = []
    for row in c.pieces.tolist():
        low, high, q, *prices = (rational(x) for x in row)
        for tau, price, slower in ((low, prices[0], prices[2]), (high, prices[1], prices[3])):
            found += [smallest_minor_ratio(form) for form in forms_of(c, tau, q, price, slower)]
    return min(found)


def _compare_profile(c: Read, at: Bounds, scale: arb, checks: Checks, tick: Tick) -> None:
    """What is claimed of sig at every radius of the grid."""
    sigma_0, found = root(at.least), []
    for s in c.grid:
        tick(f"profile at radius {s:.3g}")
        found.append((sigma_0 - at.change(s)).max(arb(0)))
    if any(not sigma * scale >= claim for sigma, claim in zip(found, c.sigma, strict=True)):
        shares = kept(c, at, tick)
        if shares is not None:
            found = [sigma.max(sigma_0 * share) for sigma, share in zip(found, shares, strict=True)]
    for j, (sigma, claim) in enumerate(zip(found, c.sigma, strict=True)):
        checks.compare(f"arrays.sigma[{j}]", claim, sigma * scale, "lower")


def check_quadratic(c: Read, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem M2."""
    at: Bounds = GraphBall.of(c, tick) if isinstance(c, GraphQuadraticClaim) else LayerBounds(c, tick)
    zero, eta = arb(0), arb(c.eta)
    share = arb(1) / len(c.x) if c.loss == "mean" else arb(1)
    scale = share.sqrt()
    names = [name for name, _ in HYPOTHESES]
    if isinstance(c, GraphQuadraticClaim) and c.kinks:
        names.insert(1, KINKS[0])

    def bound(name: str, value: arb) -> None:
        checks.compare(f"bounds.{name}", c.bounds[name], value, BOUNDS[name])

    def hypothesis(name: str, low: arb, high: arb) -> None:
        i = names.index(name)
        checks.hypothesis(i, c.hypotheses[i], name, low, high)

    residual = at.residual * scale
    _compare_profile(c, at, scale, checks, tick)
    lipschitz = (at.largest + at.change(c.at["edge"])) * scale
    ell = at.steepness(c.at["edge"]) * scale
    bound("residual", residual)
    bound("lambda_min", at.least * share)
    bound("lipschitz", lipschitz)
    bound("ell", ell)
    bound("beta", lipschitz**2 + residual * ell)
    hypothesis(names[0], zero, at.least)  # of J J^T itself, in which the loss's 1/n has no part
    if KINKS[0] in names:
        assert isinstance(at, GraphBall)
        hypothesis(KINKS[0], arb(at.meeting(c.at["edge"])), zero)
    pivot = smallest_pivot(c)
    hypothesis(HYPOTHESES[1][0], zero, arb(pivot))
    behind = arb(c.at["ahead"]) * residual * (eta / arb(c.at["weight"])).sqrt()
    hypothesis(HYPOTHESES[2][0], arb(c.at["radius"]) + behind, arb(c.at["edge"]))
    # The forms know sig by its largest value claimed, so that the potential is that of the profile claimed too.
    claimed = [arb(s) for s in c.sigma]
    widths = [arb(q) - p for p, q in itertools.pairwise(c.grid)]
    best = list(itertools.accumulate(reversed(claimed), lambda a, b: a.max(b)))[::-1]
    sums = [zero, *itertools.accumulate(w * s for w, s in zip(widths, best[1:], strict=True))]
    hypothesis(HYPOTHESES[3][0], residual, arb(c.at["k"]) * sums[-1])
    required = c.bounds["required"]
    if required not in c.grid:
        raise Stop(FALSE, "bounds.required", f"the claim {required!r} is not a point of the grid")
    j = c.grid.index(required)
    available = arb(c.at["k"]) * sums[j]
    code = ACCEPTED if available >= residual else FALSE if available < residual else UNSURE
    what = f"k int sig = {available.str(17)}, ||r_0|| = {residual.str(17)}"
    checks.append(Check("bounds.required", f"<= {required!r}", what, code))
    # No more than the forms know of sig.
    mu = best[j] ** 2
    bound("mu", mu)
    slowed = 1 + lipschitz**2 * arb(c.at["ahead"]) ** 2 * eta / arb(c.at["weight"])
    floor = clipping_floor(c, lipschitz * residual * slowed.sqrt())
    bound("floor", floor)
    covered = ACCEPTED if c.pieces[0, 0] <= c.bounds["floor"] else FALSE
    checks.append(Check("arrays.pieces", f"from {c.pieces[0, 0]!r}", f"steps from {c.bounds['floor']!r} eta", covered))
    bound("rate", 1 - 2 * arb(c.at["omega"]) * mu * floor * eta)
    linear = ACCEPTED if c.bounds["rate"] < 1 and c.bounds["mu"] > 0 else FALSE
    checks.append(Check("bounds.rate", f"{c.bounds['rate']!r} < 1", "a linear rate", linear))
