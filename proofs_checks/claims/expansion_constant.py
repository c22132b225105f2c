r"""||I - h H|| <= max(1 + h nu, h beta - 1)

Theorem D: a step of constant length expands along negative curvature only.

For an eigenvalue $-\nu \le \lambda \le \beta$ and $h \ge 0$: $|1 - h\lambda| \le \max(1 + h\nu, h\beta - 1)$, which
is $1 + h\nu$ when $h \le 2/\beta$. H being symmetric, $\|I - hH\|$ is the largest such modulus; in Theorem D $\nu =
\bar r\,\ell$.

Source: theory section 4, Theorem D, constant step. In Coq: Expansion.constant_derivative_bound.
"""

import sympy as sp

from ..language import GREATEST, Cases, Cert, Define, Mutant, ge, gt, term
from ..notation import beta, expansion_constant, h
from ..statement import claim

lam, nu, factor = sp.symbols("lam nu factor")
_FACTOR = expansion_constant(h, beta, nu)
_LONG, _SHORT = 1 + h * nu, h * beta - 1

ASSUMPTIONS = {
    "beta>0": gt(beta),
    "nu>=0": ge(nu),
    "h>=0": ge(h),
    "h beta<=2": ge(2, h * beta),
    "lam>=-nu": ge(lam, -nu),
    "lam<=beta": ge(beta, lam),
}

CONCLUSIONS = {"below": ge(_FACTOR, 1 - h * lam), "above": ge(_FACTOR, h * lam - 1), "simple": ge(_LONG, _FACTOR)}

PROOF = (
    Define(factor, GREATEST(_LONG, _SHORT)),
    Cert("below", ge(factor, 1 - h * lam), sum=(term("factor/first"), term("h>=0", "lam>=-nu"))),
    Cert("above", ge(factor, h * lam - 1), sum=(term("factor/second"), term("h>=0", "lam<=beta"))),
    Cases(
        "which",
        ge(_LONG, factor),
        zero="factor/either",
        on=(factor - _LONG, factor - _SHORT),
        left=(Cert("equal", ge(_LONG, factor), mod={"which": -1}),),
        right=(Cert("smaller", ge(_LONG, factor), sum=(term("h beta<=2"), term("h>=0", "nu>=0")), mod={"which": -1}),),
    ),
)


def _draw(rng):
    be, n = rng.uniform(0.1, 3), rng.uniform(0, 1)
    return {beta: be, nu: n, h: rng.uniform(0, 2) / be, lam: rng.uniform(-n, be)}


def _mutants(c):
    yield Mutant(
        "no negative curvature counted",
        c.but(swap={c.conclusions["below"]: ge(1, 1 - h * lam)}),
        {beta: 1, nu: 1, h: 1, lam: -1},
    )
    yield Mutant("h above 2/beta", c.but(drop=("h beta<=2",)), {beta: 1, nu: 0, h: 3, lam: 1})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
