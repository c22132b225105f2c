"""Theorem M3 rechecked: gains of heavy ball on a circle over the rationals, and the ball from the stored arrays.

A gain is claimed as its square. On |z| = q with x = cos phi, `|D|^2 = q^2 P(x)`, `P = (A x - be)^2 + B^2 (1 - x^2)`;
that `g^2 P(x) - (l0 - l1 x)` is nowhere negative is decided by its discriminant at both ends of the spectrum, and is
concave in between. The free responses are sums of squares of the series of z^2 / D, in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flint import arb, fmpq

from .ball_bounds import bounds_of, compare_kinks
from .ball_claim import POSITIVE, OnBall, Table, about, read_network, with_kinks
from .checks import Checks, Comparison, Tick, positive
from .fields import FALSE, Stop, damaged, number
from .file import Admit, Common, Stored, read_bounds, read_hypotheses, read_recursion, read_witness
from .graph.file import GraphStored
from .iterate import share_of
from .quadratic import rational

BOUNDS = {
    "residual": "upper", "lambda_min": "lower", "norm": "upper", "change": "upper", "lipschitz": "upper",
    "envelope": "upper", "required": "upper", "rate": "upper",
}  # fmt: skip
COMPLEX, CIRCLE = "0 < 4 m - (1 + m - kap)^2 at both ends of the spectrum", "m < q^2 < 1"
GAINS = "gains on the circle |z| = q, exact at both ends of the spectrum"
SMALL, INSIDE = "om (g_2 + sqrt(g_1 g_4)) < 1", "eta U / sqrt(1 - q^2) < R"
HYPOTHESES: Table = [POSITIVE, *((name, "<") for name in (COMPLEX, CIRCLE, GAINS, SMALL, INSIDE))]
UNCLIPPED = ("L_F N <= gamma", "<=")
SQUARES = ("step_to_residual", "across", "gradient_to_buffer", "free_residual", "free_buffer")
NUMBERS = ("radius", "q", "low", "high", *SQUARES)


@dataclass(frozen=True)
class AcceleratedClaim(OnBall):
    """What a certificate of Theorem M3 says: a ball without a grid, and the gains.

    Attributes:
        momentum: m.
        witness: the numbers of the gains.
    """

    momentum: float
    witness: dict[str, float]


def clips(c: Common) -> bool:
    """Whether a step of the rule can be shorter than eta."""
    return c.gamma != float("inf") and c.delta != 1


def known_of(c: Stored | GraphStored) -> Table:
    """The hypotheses of a certificate with their relations."""
    return [*with_kinks(c, HYPOTHESES, 1), *([UNCLIPPED] if clips(c) else [])]


def read_accelerated(text: dict[str, Any], path: Path, admit: Admit) -> AcceleratedClaim:
    """The claim of a certificate of Theorem M3, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    stored = read_network(text, path, admit, {}, list(NUMBERS))
    momentum, nesterov, clip = read_recursion(text)
    if nesterov or clip != "gradient" or momentum == 0:
        damaged("optimizer.nesterov", "Theorem M3 speaks of heavy ball with the gradient clipped, or nothing")
    witness = {name: number(*read_witness(text, name)) for name in NUMBERS}
    for name, value in witness.items():
        if not value > 0:
            damaged(f"witness.{name}", f"{value} is not positive")
    if witness["low"] > witness["high"]:
        damaged("witness.low", "is above witness.high")
    on = about(
        stored, radius=witness["radius"], grid=[], sigma=[], bounds=read_bounds(text, BOUNDS),
        hypotheses=read_hypotheses(text, known_of(stored)),
    )  # fmt: skip
    return AcceleratedClaim(on, momentum, witness)


def nowhere_negative(a: fmpq, b: fmpq, c: fmpq) -> bool:
    """Whether a x^2 + b x + c >= 0 for all real x, of a > 0."""
    return bool(a > 0 and b * b <= 4 * a * c)


def gains_hold(m: fmpq, q: fmpq, kap: fmpq, square: dict[str, fmpq]) -> bool:
    """Whether the squares are those of gains for the eigenvalue kap, and of its free responses."""
    be, half_sum, half_difference = 1 + m - kap, q + m / q, q - m / q
    # P(x) = p2 x^2 + p1 x + p0.
    p2, p1, p0 = half_sum**2 - half_difference**2, -2 * half_sum * be, be**2 + half_difference**2

    def below(of: fmpq, l0: fmpq, l1: fmpq) -> bool:
        return nowhere_negative(of * p2, of * p1 + l1, of * p0 - l0)

    through = below(q * q * square["step_to_residual"], q * q + m * m, 2 * m * q)
    across = below(square["across"], kap, fmpq(0))
    back = below(square["gradient_to_buffer"], q * q + 1, 2 * q)
    # s_0 = sum p^t psi_t^2 and s_1 = sum p^t psi_t psi_{t-1} from psi_{t+1} = be psi_t - m psi_{t-1}, p = q^-2.
    p = 1 / (q * q)
    ratio = be * p / (1 + m * p)  # s_1 / s_0
    left = 1 - p * be * be - m * m * p * p + 2 * be * m * p * ratio
    if left <= 0:
        return False
    s_0 = 1 / left
    free_residual = s_0 * (1 + m * m * p - 2 * m * ratio)
    free_buffer = kap * s_0
    free = free_residual <= square["free_residual"] and free_buffer <= square["free_buffer"]
    return bool(through and across and back and free)


def check_accelerated(claim: AcceleratedClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem M3."""
    c, w = claim.on, claim.witness
    claimed = Comparison(c, BOUNDS, known_of(c), checks)
    at, share = bounds_of(c, tick), share_of(c)
    zero, one, eta, scale = arb(0), arb(1), arb(c.eta), share.sqrt()
    residual, least, norm = at.residual * scale, at.least * share, at.largest * scale
    change = at.change(w["radius"]) * scale
    claimed.bounds(residual=residual, lambda_min=least, norm=norm, change=change, lipschitz=norm + change)
    claimed.hypothesis(POSITIVE[0], zero, at.least)  # of J J^T itself, in which the loss's 1/n has no part
    compare_kinks(c, at, w["radius"], claimed)
    checks.compare("witness.low", w["low"], eta * least, "lower")
    checks.compare("witness.high", w["high"], eta * norm**2, "upper")
    m, q = rational(claim.momentum), rational(w["q"])
    ends = [rational(w["low"]), rational(w["high"])]
    square = {name: rational(w[name]) for name in SQUARES}
    claimed.hypothesis(COMPLEX, zero, arb(min(4 * m - (1 + m - kap) ** 2 for kap in ends)))
    claimed.hypothesis(CIRCLE, zero, arb(min(q * q - m, 1 - q * q)))
    # Off the row space of J_0 the gradient reaches the buffer through z / (z - m).
    off = square["gradient_to_buffer"] * (q - m) ** 2 >= q * q
    held = off and all(gains_hold(m, q, kap, square) for kap in ends)
    claimed.hypothesis(GAINS, zero, one if held else zero)
    if not held:
        raise Stop(FALSE, "witness", "a gain is larger than claimed")
    g1, g2, g4, free_r, free_u = (arb(w[name]).sqrt() for name in SQUARES)
    om = eta.sqrt() * change
    claimed.hypothesis(SMALL, om * (g2 + (g1 * g4).sqrt()), one)
    # r <= R_f + om (g2 r + g1 u), u <= U_f + om (g4 r + g2 u): a matrix whose inverse is nonnegative.
    a, b, d = om * g2, om * g1, om * g4
    det = (1 - a) ** 2 - b * d
    positive("1 - om g_2", 1 - a)
    positive("det", det)
    envelope = ((1 - a) * free_r + b * free_u) * residual / det
    buffer = ((1 - a) * free_u + d * free_r) * residual / det
    path = eta.sqrt() * buffer / (1 - arb(q) ** 2).sqrt()
    claimed.bounds(envelope=envelope)
    claimed.hypothesis(INSIDE, path, arb(w["radius"]))
    claimed.bounds(required=path)
    if clips(c):
        claimed.hypothesis(UNCLIPPED[0], (norm + change) * envelope, arb(c.gamma))
    claimed.bounds(rate=arb(q) ** 2)
    checks.fact("bounds.rate", f"{c.bounds['rate']!r} < 1", "a linear rate", c.bounds["rate"] < 1)
