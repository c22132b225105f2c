"""Theorem F2's hypotheses at numbers eps, D, xi and G, in floats or with round-off counted, and the search for xi.

Up to the first t with W_t > xi, W_t the sum of h ell_B |r_B| over the steps, the iterates are in the ball of radius
eps + G D and the zeros nearest to them in that of radius R = eps + 2 G D.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from ...rigor.errors import NoVerdictError
from ...theory.arithmetic import FLOATS, Arithmetic, Scalar
from ...theory.batches import (
    drawn_lost,
    drawn_path,
    drawn_rate,
    exponential_above,
    faded,
    gap,
    left_by_markov,
    left_by_martingale,
)
from .conditions import LEAST_RADIUS, SLACK, Rule, high, least_eps, low
from .numbers import BatchNumbers

MOST_LOST = 0.4
"""A double above 2 / 5; the supermartingale asks for x G at most 2 / 5."""
FINEST, COARSEST, TRIED = 1e-4, 8.0, 64
"""The xi that are tried, in a geometric sequence; then between the neighbours of the best."""


@dataclass(frozen=True)
class Radii:
    """The numbers by which the theorem is applied.

    Attributes:
        eps: a zero lies within this of the centre.
        d: D, the start lies within this of that zero.
        xi: what W_t may come to.
        g: G, at least exp(xi / 2): the distance to that zero grows by no more.
    """

    eps: float
    d: float
    xi: float
    g: float


@dataclass(frozen=True)
class DrawnConditions:
    """What the hypotheses compare, and what follows; numbers of one arithmetic.

    Attributes:
        needed, start: the right sides of (N) and of |w_0 - c| + eps <= D.
        grown: exp(xi / 2).
        eta, beta: eta s, and the largest ||J_B||^2.
        floor: delta, clipping counted where it has faded.
        sg, x, taken: of the theorem, and x G.
        failure: the probability that W_t ever exceeds xi.
        rate, path: of the means.
        whole: L_F.
    """

    needed: Scalar
    start: Scalar
    grown: Scalar
    eta: Scalar
    beta: Scalar
    floor: Scalar
    sg: Scalar
    x: Scalar
    taken: Scalar
    failure: Scalar
    rate: Scalar
    path: Scalar
    whole: Scalar


def drawn_conditions(
    n: BatchNumbers,
    rule: Rule,
    at: Radii,
    ops: Arithmetic = FLOATS,
    number: Callable[[Any], Scalar] = float,
) -> DrawnConditions | None:
    """The hypotheses at these numbers; None where one fails so far that the others have no meaning.

    Args:
        n: at the centre, of every partition: what holds for each of its batches holds for every subset.
        rule: the steps.
        at: eps, D, xi and G.
        ops, number: the arithmetic.
    """
    m, above = n.moduli(ops, number), ops.above
    eps, d, xi, g, sigma = (number(value) for value in (at.eps, at.d, at.xi, at.g, n.sigma))
    wide = g * d
    inner = eps + wide
    radius = inner + wide
    beta = number(n.parts.largest(above(m.change(inner))))
    outer = number(n.parts.largest(above(m.change(radius))))
    eta = number(rule.eta) * number(rule.most) if rule.multiple is None else number(rule.multiple) / beta
    a = gap(eta, beta)
    sg = sigma - number(n.whole_share) * m.mean(inner, wide)
    if not (low(a) > 0 and low(sg) > 0):
        return None
    floor = number(rule.delta)
    if math.isfinite(rule.gamma):
        floor = faded(floor, number(1.0), number(rule.gamma) / number(rule.most), outer * wide, ops)
    if not low(floor) > 0:
        return None
    samples, lipschitz = len(n.multiplier), m.lipschitz(radius)
    p = number(Fraction(n.batches.size, samples))
    x = drawn_lost(number(n.parts.spread()) * lipschitz, d, a, floor, sg, ops)
    taken = x * g
    if not high(taken) < 1:
        return None
    failure = left_by_markov(x, g, xi)
    if high(taken) < MOST_LOST and low(x) > 0:
        ell = number(max(n.parts.top_shares)) * lipschitz
        failure = ops.minimum(failure, left_by_martingale(x, g, xi, eta, a, ell, d, ops))
    return DrawnConditions(
        needed=number(n.alpha) + number(n.whole_share) * m.sum_to(eps) / sigma,
        start=number(n.distance) + eps,
        grown=exponential_above(xi / 2),
        eta=eta,
        beta=beta,
        floor=floor,
        sg=sg,
        x=x,
        taken=taken,
        failure=failure,
        rate=drawn_rate(eta, a, floor, p, sg, x, g),
        path=drawn_path(eta, beta, p, d, a, floor, sg, x, g, ops),
        whole=number(n.whole) + number(n.whole_share) * m.change(radius),
    )


def drawn_search(n: BatchNumbers, rule: Rule) -> tuple[Radii, DrawnConditions | None]:
    """The numbers at which the probability of leaving is least, as computed; None where x G < 1 at none of them."""
    eps = least_eps(n, n.moduli())
    d = max((n.distance + eps) * SLACK, LEAST_RADIUS)
    if not math.isfinite(d) or n.sigma <= 0:
        return Radii(eps, d, math.nan, math.nan), None

    def tried(xi: float) -> tuple[float, Radii, DrawnConditions | None]:
        at = Radii(eps, d, xi, exponential_above(xi / 2) * SLACK)
        try:
            found = drawn_conditions(n, rule, at)
        except (OverflowError, NoVerdictError):
            found = None
        return (math.inf if found is None else float(found.failure)), at, found

    step = (COARSEST / FINEST) ** (1 / (TRIED - 1))
    best = min((tried(FINEST * step**k) for k in range(TRIED)), key=lambda t: t[0])
    around = best[1].xi / step
    best = min([best, *(tried(around * step ** (2 * k / TRIED)) for k in range(TRIED + 1))], key=lambda t: t[0])
    return best[1], best[2]


def drawn_reach(n: BatchNumbers, rule: Rule, allowed: float) -> float:
    """About the largest distance of a start from the centre at which the ball is left with no more probability."""
    short, far = 0.0, n.distance
    for _ in range(20):
        middle = 0.5 * (short + far)
        found = drawn_search(replace(n, distance=middle), rule)[1]
        short, far = (middle, far) if found is not None and found.failure <= allowed else (short, middle)
    return short
