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

from flint import arb, fmpq

from .ball_bounds import bounds_of, compare_kinks, integral, profile
from .ball_claim import POSITIVE, OnBall, Table, about, read_network, read_profile, with_kinks
from .checks import Checks, Comparison, Tick, clipping_floor
from .fields import Array, damaged, number
from .file import Admit, read_bounds, read_hypotheses, read_recursion, read_witness
from .iterate import share_of

BOUNDS = {
    "residual": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "beta": "upper",
    "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
}  # fmt: skip
PIVOTS, INSIDE, LAST = (
    "0 < pivots of the quadratic forms", "R + al ||r_0|| / sqrt(c) <= R'", "||r_0|| < k int_0^R sig",
)  # fmt: skip
HYPOTHESES: Table = [POSITIVE, (PIVOTS, "<"), (INSIDE, "<="), (LAST, "<")]
NUMBERS = ("radius", "edge", "ahead", "weight", "k", "omega")
MOST_PIECES = 64

Vector = tuple[fmpq, fmpq, fmpq]
Matrix = list[list[fmpq]]


@dataclass(frozen=True)
class QuadraticClaim(OnBall):
    """What a certificate of Theorem M2 says: a ball, and a witness of the forms.

    Attributes:
        at: the numbers of the witness.
        momentum, nesterov: of the recursion.
        pieces: the witness's intervals of tau.
    """

    at: dict[str, float]
    momentum: float
    nesterov: bool
    pieces: Array


def read_quadratic(text: dict[str, Any], path: Path, admit: Admit) -> QuadraticClaim:
    """The claim of a certificate of Theorem M2, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    arrays = {"grid": 1, "sigma": 1, "pieces": 2}
    stored = read_network(text, path, admit, arrays, list(NUMBERS))
    at = {name: number(*read_witness(text, name)) for name in NUMBERS}
    for name in ("radius", "edge", "weight", "k", "omega"):
        if not at[name] > 0:
            damaged(f"witness.{name}", f"{at[name]} is not positive")
    if at["ahead"] < 0:
        damaged("witness.ahead", f"{at['ahead']} is negative")
    grid, sigma = read_profile(stored.more, at["radius"])
    pieces = stored.more["pieces"]
    if pieces.shape[1] != 7 or not 1 <= len(pieces) <= MOST_PIECES:
        damaged("arrays.pieces", f"must have 7 columns and 1 to {MOST_PIECES} rows")
    low, high = pieces[:, 0], pieces[:, 1]
    if not (low[0] > 0 and (low <= high).all() and (low[1:] == high[:-1]).all() and high[-1] == 1):
        damaged("arrays.pieces", "must be intervals that follow one another up to 1")
    if not ((pieces[:, 2] > 0).all() and (pieces[:, 3:] >= 0).all()):
        damaged("arrays.pieces", "Q must be positive, multipliers nonnegative")
    momentum, nesterov, clip = read_recursion(text)
    if clip != "gradient" or momentum == 0:
        damaged("optimizer.clip", "Theorem M2 speaks of momentum with the gradient clipped")
    on = about(
        stored, radius=at["radius"], bounds=read_bounds(text, BOUNDS), grid=grid, sigma=sigma, admit=admit,
        hypotheses=read_hypotheses(text, with_kinks(stored, HYPOTHESES, 1)),
    )  # fmt: skip
    return QuadraticClaim(on, at, momentum, nesterov, pieces)


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


def forms_of(c: QuadraticClaim, tau: fmpq, q: fmpq, price: fmpq, slower: fmpq) -> tuple[Matrix, Matrix]:
    """The form for the path and that for the rate, at one step size."""
    m, al, weight = (rational(x) for x in (c.momentum, c.at["ahead"], c.at["weight"]))
    k, omega = rational(c.at["k"]), rational(c.at["omega"])
    smooth = rational(c.on.bounds["beta"]) * rational(c.on.eta)
    stiff = rational(c.on.eta) * rational(max(c.on.sigma)) ** 2
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


def smallest_pivot(c: QuadraticClaim) -> fmpq:
    """Over all forms of the certificate."""
    found = []
    for row in c.pieces.tolist():
        low, high, q, *prices = (rational(x) for x in row)
        for tau, price, slower in ((low, prices[0], prices[2]), (high, prices[1], prices[3])):
            found += [smallest_minor_ratio(form) for form in forms_of(c, tau, q, price, slower)]
    return min(found)


def check_quadratic(claim: QuadraticClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem M2."""
    c, witness = claim.on, {name: arb(value) for name, value in claim.at.items()}
    claimed = Comparison(c, BOUNDS, with_kinks(c, HYPOTHESES, 1), checks)
    at, share, zero, eta = bounds_of(c, tick), share_of(c), arb(0), arb(c.eta)
    scale, k = share.sqrt(), witness["k"]
    residual = at.residual * scale
    profile(c, at, scale, checks, tick)
    lipschitz = (at.largest + at.change(claim.at["edge"])) * scale
    ell = at.steepness(claim.at["edge"]) * scale
    claimed.bounds(
        residual=residual, lambda_min=at.least * share, lipschitz=lipschitz, ell=ell, beta=lipschitz**2 + residual * ell
    )  # fmt: skip
    claimed.hypothesis(POSITIVE[0], zero, at.least)  # of J J^T itself, in which the loss's 1/n has no part
    compare_kinks(c, at, claim.at["edge"], claimed)
    claimed.hypothesis(PIVOTS, zero, arb(smallest_pivot(claim)))
    behind = witness["ahead"] * residual * (eta / witness["weight"]).sqrt()
    claimed.hypothesis(INSIDE, witness["radius"] + behind, witness["edge"])
    # The forms know sig by its largest value claimed, so that the potential is that of the profile claimed too.
    best = c.falling
    sums = integral(c.grid, best)
    claimed.hypothesis(LAST, residual, k * sums[-1])
    j = c.place
    checks.required(c.grid[j], ("k int sig", k * sums[j]), ("||r_0||", residual))
    # No more than the forms know of sig.
    mu = best[j] ** 2
    slowed = 1 + lipschitz**2 * witness["ahead"] ** 2 * eta / witness["weight"]
    floor = clipping_floor(c, lipschitz * residual * slowed.sqrt())
    claimed.bounds(mu=mu, floor=floor)
    first, least = claim.pieces[0, 0], c.bounds["floor"]
    checks.fact("arrays.pieces", f"from {first!r}", f"steps from {least!r} eta", bool(first <= least))
    claimed.bounds(rate=1 - 2 * witness["omega"] * mu * floor * eta)
    checks.linear(c.bounds)
