r"""counterexample: mu > beta on a small ball

On a ball too small for gradient flow mu may exceed beta: an explicit loss, twice continuously differentiable. With y
= x^2 let L = y/2 - 1/100 for y >= 9/100 and that plus 14 (9/100 - y)^3 below; x_0 = 1, R = 7/10.

$L(x) = x^2/2 - 1/100$ for $|x| \ge 3/10$, with $14(9/100 - x^2)^3$ added for $|x| < 3/10$, is $C^2$ and nonnegative.
From $x_0 = 1$ with $R = 7/10$: S lies in $[3/10, 1]$, there $L'' = 1 = \beta$ and L is $50/49$-PL*; and indeed $R <
\sqrt{2L_0/\mu}$.

Source: theory section 3, after Theorem A'.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..notation import x, y, z
from ..statement import claim

nine = sp.Rational(9, 100)
MU, BETA, RADIUS, LOSS = sp.Rational(50, 49), sp.Integer(1), sp.Rational(7, 10), sp.Rational(49, 100)

ASSUMPTIONS = {
    # A point x of S, y its square; z = 9/100 - y ranges over the inner part.
    "ball": ge(RADIUS, 1 - x),
    "y": eq(y, x**2),
    "level": ge(1, y),
    "z>=0": ge(z),
    "z<=9/100": ge(nine, z),
}

CONCLUSIONS = {
    "outer part": ge(y, nine),
    "pl": ge(y / 2, MU * (y / 2 - sp.Rational(1, 100))),
    "L>=0 inside": ge((nine - z) / 2 - sp.Rational(1, 100) + 14 * z**3),
    "mu>beta": gt(MU, BETA),
    "R too small": gt(2 * LOSS, MU * RADIUS**2),
}

PROOF = (
    Cert("x>=3/10", ge(x, sp.Rational(3, 10)), sum=(term("ball"),)),
    Cert(
        "outer part",
        CONCLUSIONS["outer part"],
        sum=(term(sq=(x - sp.Rational(3, 10),)), term("x>=3/10", c="3/5")),
        mod={"y": 1},
    ),
    Cert("pl", CONCLUSIONS["pl"], sum=(term("level", c="1/98"),)),
    # 14 z^3 - z/2 falls on [0, 9/100]: its value there minus that at the right end is (9/100 - z) times
    # 1/2 - 14 (z^2 + 9 z/100 + 81/10^4), and that factor is positive.
    Cert(
        "slope",
        gt(sp.Rational(1, 2) - 14 * (z**2 + nine * z + nine**2)),
        sum=(
            term(c=sp.Rational(1, 2) - 42 * nine**2),
            term("z<=9/100", c=28 * nine),
            term("z>=0", "z<=9/100", c=14),
        ),
    ),
    Cert(
        "L>=0 inside",
        CONCLUSIONS["L>=0 inside"],
        sum=(term(c=14 * nine**3 - sp.Rational(1, 100)), term("z<=9/100", "slope")),
    ),
    Cert("mu>beta", CONCLUSIONS["mu>beta"], sum=(term(c=MU - BETA),)),
    Cert("R too small", CONCLUSIONS["R too small"], sum=(term(c=2 * LOSS - MU * RADIUS**2),)),
)


def refutes_mu_le_beta():
    """The example has mu > beta on its S and R below sqrt(2 L_0/mu)."""
    return bool(MU > BETA and MU * RADIUS**2 < 2 * LOSS)


def _mutants(c):
    larger = ge(y / 2, sp.Rational(51, 49) * (y / 2 - sp.Rational(1, 100)))
    yield Mutant("mu = 51/49", c.but(swap={c.conclusions["pl"]: larger}), {y: 1, z: 0, x: 1})
    yield Mutant(
        "the smaller extension with 13",
        c.but(swap={c.conclusions["L>=0 inside"]: ge((nine - z) / 2 - sp.Rational(1, 100) + 13 * z**3)}),
        {y: 1, z: nine, x: 1},
    )


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: (lambda t: {x: t, y: t * t, z: rng.uniform(0, 0.09)})(rng.uniform(0.3, 1)),
)
