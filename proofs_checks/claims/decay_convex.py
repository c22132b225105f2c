r"""strong convexity: the gradient bounds how far down the minimum is, and where

Theorem W1: a strongly convex function is PL* with the same constant, its minimiser is near where its gradient is small.

Let M be the loss with its weight decay, $\tau$-strongly convex on a ball: from a point with gradient of norm G to one
at distance d, $M_1 \ge M - Gd + \frac\tau2d^2$. Then $G^2 \ge 2\tau(M - M_1)$. If the second point is stationary, also
$M \ge M_1 + \frac\tau2d^2$, and $G \ge \tau d$. On the sphere of radius R about the start, where the gradient has norm
$G_0 < \tau R$, it points outwards: $\langle\nabla M, w - w_0\rangle \ge \tau R^2 - G_0R > 0$.

Source: theory of momentum section 6, Theorem W1.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import G, R, d
from ..statement import claim

before, after, tau, start, outward, inner = sp.symbols("M M1 tau G0 o p")

ASSUMPTIONS = {
    "tau>0": gt(tau),
    "d>0": gt(d),
    "R>0": gt(R),
    "below": ge(after, before - G * d + tau / 2 * d**2),
    "stationary": ge(before, after + tau / 2 * d**2),
    "steep": gt(tau * R, start),
    "start": ge(inner, -start * R),
    "monotone": ge(outward - inner, tau * R**2),
}

CONCLUSIONS = {
    "PL*": ge(G**2, 2 * tau * (before - after)),
    "near": ge(G, tau * d),
    "outwards": gt(outward),
}

PROOF = (
    Cert("PL*", CONCLUSIONS["PL*"], sum=(term("tau>0", "below", c=2), term(sq=(G - tau * d,)))),
    Cert("near", CONCLUSIONS["near"], times=("d>0",), sum=(term("below"), term("stationary"))),
    Cert("outwards", CONCLUSIONS["outwards"], sum=(term("monotone"), term("start"), term("steep", "R>0"))),
)


def _draw(rng):
    # A quadratic in one direction, its minimum 0.
    t, away, radius = rng.uniform(0.1, 2), rng.uniform(0.1, 2), rng.uniform(0.1, 2)
    bend = t * rng.uniform(1, 2)
    slope = t * radius * rng.random() * 0.99
    product = -slope * radius * rng.random()
    return {
        tau: t, d: away, R: radius, G: bend * away, before: bend / 2 * away**2, after: 0, start: slope,
        inner: product, outward: product + t * radius**2 * rng.uniform(1, 2),
    }  # fmt: skip


def _mutants(c):
    at = {tau: 1, d: 1, R: 1, G: 1, before: "1/2", after: 0, start: "1/2", inner: "-1/2", outward: "1/2"}
    yield Mutant("twice as far down", c.but(swap={CONCLUSIONS["PL*"]: ge(G**2, 4 * tau * (before - after))}), at)
    yield Mutant("twice as far away", c.but(swap={CONCLUSIONS["near"]: ge(G, 2 * tau * d)}), at)
    yield Mutant("a gradient as long as tau R", c.but(drop=("steep",)), {**at, start: 1, inner: -1, outward: 0})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
