r"""B+ (L4), (L5): a sum of matrices in unknown directions

Theorem B+ (L4) and (L5): what a direction of which only the length is known can do.

For matrices $A_l$ and numbers $g_l$: $\|\sum_l g_lA_l\| \le |g|\,\|\sum_lA_lA_l^T\|^{1/2}$, since for every x, with
$v_l = A_l^Tx$, $|\sum_l g_lv_l|^2 \le |g|^2\sum_l|v_l|^2$. For a vector y of length at most e, $yy^T \preceq e^2I$:
with $c = \hat X^T(D_j \circ x)$ that is $(c \cdot y)^2 \le e^2|c|^2$, and summed over j the square norm of (L5).
Written for three matrices and two entries.

Source: Theorem B+, (L4), (L5).
"""

import sympy as sp

from ..language import Cert, Mutant, ge, term
from ..statement import claim

_L, _N = range(3), range(2)
g = sp.symbols("g1:4")
v = [[sp.Symbol(f"v{k + 1}{i + 1}") for i in _N] for k in _L]
c, y = sp.symbols("c1:3"), sp.symbols("y1:3")
top, size, e = sp.symbols("top size e")
_G = sum(s**2 for s in g)
_SUM = sum(sum(g[k] * v[k][i] for k in _L) ** 2 for i in _N)
_DOT = sum(s * t for s, t in zip(c, y, strict=True))

ASSUMPTIONS = {
    # size is |x|, and top a bound of the root of the norm of the sum of the A A^T.
    "together": ge(top**2 * size**2, sum(s**2 for row in v for s in row)),
    "length": ge(e**2, sum(s**2 for s in y)),
}

CONCLUSIONS = {
    "sum": ge(_G * top**2 * size**2, _SUM),
    "one": ge(e**2 * sum(s**2 for s in c), _DOT**2),
}

PROOF = (
    # Lagrange's identity, entry by entry.
    Cert(
        "sum",
        CONCLUSIONS["sum"],
        sum=(
            *[term("together", sq=(s,)) for s in g],
            *[term(sq=(g[k] * v[j][i] - g[j] * v[k][i],)) for i in _N for k in _L for j in range(k)],
        ),
    ),
    Cert(
        "one",
        CONCLUSIONS["one"],
        sum=(*[term("length", sq=(s,)) for s in c], term(sq=(c[0] * y[1] - c[1] * y[0],))),
    ),
)


def _mutants(claim):
    at = dict.fromkeys((*g, *(s for row in v for s in row), *c, *y), 1) | {top: 1, size: 3, e: 2}
    largest = ge(g[0] ** 2 * top**2 * size**2, _SUM)
    yield Mutant("the largest share in place of the length", claim.but(swap={CONCLUSIONS["sum"]: largest}), at)
    yield Mutant("matrices that are longer", claim.but(drop=("together",)), {**at, size: 1})
    half = ge(e**2 * sum(s**2 for s in c) / 2, _DOT**2)
    yield Mutant(
        "half of the square norm",
        claim.but(swap={CONCLUSIONS["one"]: half}),
        {**at, c[1]: 0, y[1]: 0, e: 1},
    )


def _draw(rng):
    at = {s: rng.uniform(-1, 1) for s in (*g, *(s for row in v for s in row), *c, *y)}
    length = sum(at[s] ** 2 for row in v for s in row) ** 0.5
    return at | {size: 1.0, top: 1.000001 * length, e: 1.000001 * sum(at[s] ** 2 for s in y) ** 0.5}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
