r"""the mean of the exponential does not rise

Theorem F2, supermartingale: what curvature adds in the mean is less than what the step takes away.

With $X = E[us] \le \nu a\kappa A/5$, $Y = E[ws^2]$, $2dY = \nu aA^2$ and $A \ge \kappa d$: $1 + X - .408\,Y \le 1$.
And with $d'^2$ for the mean of the squared distance and $m$ for that of the distance, $2dm \le d^2 + d'^2$ and
$a\kappa(1 - y)Ad \le d^2 - d'^2$ give $d - m \ge a\kappa(1 - y)A/2$, which sums to the path.

Source: theory of mini-batches section 4, Theorem F2, proof of (ii) and (iii).
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..notation import a, kappa
from ..statement import claim

X, Y, A, d, nu, m, y, after = sp.symbols("X Y A d nu m y d1")

ASSUMPTIONS = {
    "a>0": gt(a),
    "kappa>0": gt(kappa),
    "d>0": gt(d),
    "nu>0": gt(nu),
    "A>=0": ge(A),
    "seen": ge(A, kappa * d),
    "added": ge(nu * a * kappa * A / 5, X),
    "taken": eq(2 * d * Y, nu * a * A**2),
    "of means": ge(d**2 + after**2, 2 * d * m),
    "fall": ge(d**2 - after**2, a * kappa * (1 - y) * A * d),
}

CONCLUSIONS = {
    "supermartingale": ge(1, 1 + X - sp.Rational(408, 1000) * Y),
    "distance": ge(d - m, a * kappa * (1 - y) * A / 2),
}

PROOF = (
    Cert(
        "supermartingale",
        CONCLUSIONS["supermartingale"],
        times=("d>0",),
        sum=(
            term("added", "d>0"),
            term("nu>0", "a>0", "A>=0", "seen", c="204/1000"),
            term("nu>0", "a>0", "A>=0", "kappa>0", "d>0", c="4/1000"),
        ),
        mod={"taken": sp.Rational(204, 1000)},
    ),
    Cert(
        "distance",
        CONCLUSIONS["distance"],
        times=("d>0",),
        sum=(term("of means", c="1/2"), term("fall", c="1/2")),
    ),
)


def _mutants(c):
    at = {a: 1, kappa: 1, d: 1, nu: 1, A: 1, X: "1/5", Y: "1/2", m: 0, y: 0, after: 0}
    yield Mutant(
        "less kept of what the step takes",
        c.but(swap={CONCLUSIONS["supermartingale"]: ge(1, 1 + X - sp.Rational(39, 100) * Y)}),
        at,
    )
    yield Mutant("steps that see less", c.but(drop=("seen",)), {**at, A: "1/2", X: "1/10", Y: "1/8"})
    yield Mutant(
        "twice the decrease",
        c.but(swap={CONCLUSIONS["distance"]: ge(d - m, a * kappa * (1 - y) * A)}),
        {**at, m: "1/2"},
    )


def _draw(rng):
    gap, see, dist, rate = rng.uniform(0.1, 2), rng.uniform(0.05, 0.6), rng.uniform(0.1, 2), rng.uniform(0.1, 2)
    lost = rng.uniform(0, 0.9)
    seen = see * dist * rng.uniform(1, 1.2)
    left = max(0.0, dist**2 - gap * see * (1 - lost) * seen * dist) * rng.random()
    return {
        a: gap, kappa: see, d: dist, nu: rate, y: lost, A: seen, X: rate * gap * see * seen / 5 * rng.random(),
        Y: rate * gap * seen**2 / (2 * dist), after: left**0.5, m: (dist**2 + left) / (2 * dist) * rng.random(),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
