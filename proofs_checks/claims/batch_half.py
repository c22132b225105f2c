r"""a block off the diagonal of a positive matrix

Theorem F1, what an epoch sees (T2): a block off the diagonal of a positive semidefinite matrix has at most half of its
norm.

For $0 \preceq A \preceq \lambda$ with diagonal p, r and q beside it, $pr \ge q^2$ and $(\lambda - p)(\lambda - r) \ge
q^2$ give $4q^2 \le \lambda^2$. Two unit vectors, one for each half, make this of every pair of blocks.

Source: theory of mini-batches section 2, lemma (T), T2.
"""

import sympy as sp

from ..language import Cases, Cert, Mutant, ge, term
from ..statement import claim

p, q, r, lam = sp.symbols("p q r lambda")

ASSUMPTIONS = {
    "p>=0": ge(p),
    "r>=0": ge(r),
    "p<=lam": ge(lam, p),
    "r<=lam": ge(lam, r),
    "below": ge(p * r, q**2),
    "above": ge((lam - p) * (lam - r), q**2),
}

CONCLUSIONS = {"half": ge(lam**2, 4 * q**2)}

PROOF = (
    Cert("lam>=0", ge(lam), sum=(term("p<=lam"), term("p>=0"))),
    Cases(
        "small diagonal",
        CONCLUSIONS["half"],
        on=lam - p - r,
        left=(
            Cert(
                "from below",
                CONCLUSIONS["half"],
                sum=(
                    term("below", c=4),
                    term("small diagonal", "lam>=0"),
                    term("small diagonal", "p>=0"),
                    term("small diagonal", "r>=0"),
                    term(sq=(p - r,)),
                ),
            ),
        ),
        right=(
            Cert(
                "from above",
                CONCLUSIONS["half"],
                sum=(
                    term("above", c=4),
                    term("small diagonal", "lam>=0"),
                    term("small diagonal", "p<=lam"),
                    term("small diagonal", "r<=lam"),
                    term(sq=(p - r,)),
                ),
            ),
        ),
    ),
)


def _mutants(c):
    at = {p: "1/2", q: "1/2", r: "1/2", lam: 1}
    yield Mutant("a third", c.but(swap={CONCLUSIONS["half"]: ge(lam**2, 9 * q**2)}), at)
    yield Mutant("not below its norm", c.but(drop=("above",)), {**at, p: 1, r: 1, q: 1})
    yield Mutant("not positive", c.but(drop=("below",)), {**at, p: 0, r: 0, q: 1})


def _draw(rng):
    top = rng.uniform(0.1, 2)
    one, two = rng.random() * top, rng.random() * top
    most = min(one * two, (top - one) * (top - two)) ** 0.5
    return {p: one, r: two, lam: top, q: rng.uniform(-1, 1) * most}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
