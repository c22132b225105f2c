r"""a round: what curvature adds, in the mean over the workers

Theorem F4: the mean of what curvature adds for each worker is at most the product of two roots of means.

Let X and Y be means over some workers of $M_k^2$ and $S_k^2$ and P that of $M_kS_k$, with $P^2 \le XY$. With one more,
of weight $\omega$ and numbers m and s, $(P + \omega ms)^2 \le (X + \omega m^2)(Y + \omega s^2)$. So
$\sum\omega_kM_kS_k \le \mathrm{Mw}\,S$, and with $|w^{k,n_k} - z|^2 \le d^2 - aS_k^2 + bM_kS_k$ of each worker,
$b = \sqrt\eta\,gd$, their mean y, and the share of the start that the weights leave, is at most
$d^2 - S(aS - b\,\mathrm{Mw})$; $d'^2 \le y$ of the average.

Source: theory of mini-batches section 5a, Theorem F4.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import a
from ..statement import claim

P, X, Y, m, s, omega, b, d, after, S, W, mean = sp.symbols("P X Y m s omega b d d1 S Mw y")

ASSUMPTIONS = {
    "omega>=0": ge(omega),
    "X>0": gt(X),
    "so far": ge(X * Y, P**2),
    "b>=0": ge(b),
    "sums": ge(W * S, P),
    "S": ge(Y, S**2),
    "a>=0": ge(a),
    "workers": ge(d**2 - a * Y + b * P, mean),
    "average": ge(mean, after**2),
}

CONCLUSIONS = {
    "added": ge((X + omega * m**2) * (Y + omega * s**2), (P + omega * m * s) ** 2),
    "round": ge(d**2 - S * (a * S - b * W), after**2),
}

PROOF = (
    Cert(
        "added",
        CONCLUSIONS["added"],
        times=("X>0",),
        sum=(
            term("so far", "X>0"),
            term("so far", "omega>=0", sq=(m,)),
            term("omega>=0", sq=(X * s - P * m,)),
        ),
    ),
    Cert(
        "round",
        CONCLUSIONS["round"],
        sum=(term("average"), term("workers"), term("sums", "b>=0"), term("S", "a>=0")),
    ),
)


def _mutants(c):
    at = {P: 1, X: 1, Y: 1, m: 1, s: 1, omega: 1, b: 1, d: 1, a: 1, S: 1, W: 1, mean: 1, after: 1}
    yield Mutant(
        "the largest and the mean taken for one another",
        c.but(swap={CONCLUSIONS["added"]: ge((X + omega * m**2) * (Y + omega * s**2) / 2, (P + omega * m * s) ** 2)}),
        at,
    )
    yield Mutant("a worker of negative weight", c.but(drop=("omega>=0",)), {**at, omega: -1, m: 2, s: "1/2"})
    yield Mutant(
        "a round without what curvature adds",
        c.but(swap={CONCLUSIONS["round"]: ge(d**2 - a * S**2, after**2)}),
        at,
    )
    yield Mutant("an average farther than the mean", c.but(drop=("average",)), {**at, after: 2})


def _draw(rng):
    one, two, far = rng.uniform(0.1, 2), rng.uniform(0.1, 2), rng.uniform(0.1, 2)
    gap = far**2 / two * rng.random()
    both, size, bend = (one * two) ** 0.5 * rng.random(), two**0.5, rng.random()
    left = far**2 - gap * two + bend * both
    return {
        P: both, X: one, Y: two * 1.0001, m: rng.uniform(0, 2), s: rng.uniform(0, 2), omega: rng.random(), b: bend,
        d: far, a: gap, S: size, W: both / size * 1.001, mean: left - 0.001 * abs(left),
        after: max(0.0, 0.99 * left - 0.001) ** 0.5,
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
