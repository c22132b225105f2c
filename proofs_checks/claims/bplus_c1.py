r"""B+ (I2): sup Psi <= Psi(p)/2 + max slope

Theorem B+ (I2): an upper bound of the supremum in c1 from any trial point, by concavity.

$\sup_q\Psi(q)$ over the simplex is at most $\Psi(p)/2 + \max_k\partial_k\Psi(p)$ for every trial p: with it $c_1$ is
bounded from above whatever point the search for the supremum ended at. Written for three eigenvalues.

Source: Theorem B+, (I2).
"""

import sympy as sp

from ..bplus import CONCAVE_HOMOGENEOUS, SLOPES, WEIGHTS, Q, psi, psi_p, top
from ..language import Cert, Mutant, Use, eq, ge, term
from ..statement import claim

ASSUMPTIONS = {
    **CONCAVE_HOMOGENEOUS.hypotheses,
    **{f"q{k}>=0": ge(q) for k, q in enumerate(Q, start=1)},
    "simplex": eq(sum(Q), 1),
    **{f"slope {k}": ge(top, d) for k, d in enumerate(SLOPES, start=1)},
}

CONCLUSIONS = {"bound": ge(psi_p / 2 + top, psi)}

PROOF = (
    Use("Psi", CONCAVE_HOMOGENEOUS),
    Cert(
        "bound",
        CONCLUSIONS["bound"],
        sum=(
            term("Psi/concave"),
            term("Psi/Euler back"),
            *[term(f"q{k}>=0", f"slope {k}") for k in range(1, len(WEIGHTS) + 1)],
        ),
        mod={"simplex": -top},
    ),
)


def _root(q1, q2):
    """Psi = sqrt(4 q1 + q2) is concave and homogeneous of degree 1/2: its supremum on the simplex is 2, at (1, 0)."""
    return sp.sqrt(4 * q1 + q2)


def _mutants(c):
    # At the trial (0, 1): Psi = 1, slopes 2 and 1/2.
    yield Mutant(
        "the value at the trial point",
        c.but(swap={CONCLUSIONS["bound"]: ge(psi_p, psi)}),
        lambda: bool(_root(1, 0) > _root(0, 1)),
    )
    yield Mutant(
        "the smallest slope",
        c.but(drop=("slope 1",)),
        lambda: bool(_root(1, 0) > _root(0, 1) / 2 + sp.Rational(1, 2)),
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
