r"""an epoch of batches: the rate, and what is left for the path

Theorem F1, one epoch: what the batches saw together makes the distance fall.

Let d and d' be the distances to the zeros at the start of an epoch and after it, and S the root of the sum of
$h|r_B|^2$ over its steps. From $S \ge \kappa d$ and $d'^2 \le d^2 - S(aS - xa\kappa d)$ with $0 \le x < 1$: $d'^2 \le
(1 - a\kappa^2(1 - x))d^2$, and $a\kappa(1 - x)Sd \le d^2 - d'^2$.

Source: theory of mini-batches section 3, Theorem F1, rate and (**).
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import a, kappa, x
from ..statement import claim

d, after, S = sp.symbols("d d1 S")

ASSUMPTIONS = {
    "a>0": gt(a),
    "kappa>0": gt(kappa),
    "d>=0": ge(d),
    "S>=0": ge(S),
    "x>=0": ge(x),
    "x<1": gt(1, x),
    "seen": ge(S, kappa * d),
    "epoch": ge(d**2 - S * (a * S - x * a * kappa * d), after**2),
}

CONCLUSIONS = {
    "rate": ge((1 - a * kappa**2 * (1 - x)) * d**2, after**2),
    "path": ge(d**2 - after**2, a * kappa * (1 - x) * S * d),
}

PROOF = (
    Cert(
        "rate",
        CONCLUSIONS["rate"],
        sum=(
            term("epoch"),
            term("a>0", "seen", "S>=0"),
            term("a>0", "seen", "x<1", "kappa>0", "d>=0"),
        ),
    ),
    Cert("path", CONCLUSIONS["path"], sum=(term("epoch"), term("a>0", "S>=0", "seen"))),
)


def _mutants(c):
    # A linear problem, x = 0, that sees exactly kappa d.
    at = {a: 1, kappa: "1/2", d: 1, S: "1/2", x: 0, after: "866025/1000000"}
    yield Mutant(
        "twice the rate",
        c.but(swap={CONCLUSIONS["rate"]: ge((1 - 2 * a * kappa**2 * (1 - x)) * d**2, after**2)}),
        at,
    )
    yield Mutant(
        "the rate as if no curvature took its share",
        c.but(swap={CONCLUSIONS["rate"]: ge((1 - a * kappa**2) * d**2, after**2)}),
        {**at, x: "1/2", after: "9/10"},
    )
    yield Mutant("an epoch that sees less", c.but(drop=("seen",)), {**at, S: 0, after: 1})


def _draw(rng):
    gap, see, dist, lost = rng.uniform(0.1, 2), rng.uniform(0.05, 0.6), rng.uniform(0.1, 2), rng.uniform(0, 0.95)
    total = see * dist * rng.uniform(1, 1.1)
    left = dist**2 - total * (gap * total - lost * gap * see * dist)
    return {a: gap, kappa: see, d: dist, S: total, x: lost, after: max(0.0, left) ** 0.5 * rng.random()}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
