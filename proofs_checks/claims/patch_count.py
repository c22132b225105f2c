r"""patches: ||T(W)|| <= omega ||W||_F, omega^2 the multiplicity

Weights shared over positions, with every entry of the input in at most mult patches.

$\sum_p\|W e_p(a)\|^2 \le \|W\|_F^2\sum_p\|e_p(a)\|^2 \le \mathrm{mult}\,\|W\|_F^2\|a\|^2$, and for the transposed
map, which adds up to mult terms at one place, Cauchy and Schwarz: $(\sum_{j \le m} v_j)^2 \le m\sum_j v_j^2$. Written
for a convolution of two entries on three, mult = 2, and for three terms at one place; on a circle, with constant
weights and input, the bound is attained.

Source: theory of layered graphs section 2, L1b, L1c, L1e.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..statement import claim

a, w, b = sp.symbols("a1:4"), sp.symbols("w1:3"), sp.symbols("b1:3")
v = sp.symbols("v1:4")
alpha, weight = sp.symbols("alpha weight")
_PATCHES = ((0, 1), (1, 2))
_SLOTS = sum(a[k] ** 2 for patch in _PATCHES for k in patch)
_IMAGE = sum(sum(w[j] * a[k] for j, k in enumerate(patch)) ** 2 for patch in _PATCHES)
_BACK = [w[0] * b[0], w[1] * b[0] + w[0] * b[1], w[1] * b[1]]
_W, _A, _B = (sum(e**2 for e in vector) for vector in (w, a, b))
_CIRCLE = sum(sum(weight * alpha for _ in range(3)) ** 2 for _ in range(3))

ASSUMPTIONS = {}

CONCLUSIONS = {
    "patches": ge(_W * _SLOTS, _IMAGE),
    "count": ge(2 * _A, _SLOTS),
    "norm": ge(2 * _W * _A, _IMAGE),
    "gather": ge(3 * sum(e**2 for e in v), sum(v) ** 2),
    "transposed": ge(2 * _W * _B, sum(e**2 for e in _BACK)),
    "attained": eq(_CIRCLE, 3 * (3 * weight**2) * (3 * alpha**2)),
}

PROOF = (
    # Lagrange's identity, patch by patch.
    Cert(
        "patches",
        CONCLUSIONS["patches"],
        sum=tuple(term(sq=(w[0] * a[k] - w[1] * a[j],)) for j, k in _PATCHES),
    ),
    Cert("count", CONCLUSIONS["count"], sum=(term(sq=(a[0],)), term(sq=(a[2],)))),
    Cert(
        "norm",
        CONCLUSIONS["norm"],
        sum=(term("patches"), *[term("count", sq=(e,)) for e in w]),
    ),
    Cert(
        "gather",
        CONCLUSIONS["gather"],
        sum=tuple(term(sq=(v[i] - v[j],)) for i in range(3) for j in range(i)),
    ),
    Cert(
        "transposed",
        CONCLUSIONS["transposed"],
        sum=(term(sq=(w[1] * b[0] - w[0] * b[1],)), term(sq=(_BACK[0],)), term(sq=(_BACK[2],))),
    ),
    Cert("attained", CONCLUSIONS["attained"]),
)


def _mutants(c):
    at = dict(zip((*a, *w, *b, *v), (1, 2, 1, 1, 1, 1, 1, 1, 1, 1), strict=True)) | {alpha: 1, weight: 1}
    yield Mutant("omega = 1", c.but(swap={CONCLUSIONS["norm"]: ge(_W * _A, _IMAGE)}), at)
    yield Mutant(
        "three terms counted twice",
        c.but(swap={CONCLUSIONS["gather"]: ge(2 * sum(e**2 for e in v), sum(v) ** 2)}),
        at,
    )


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: {s: rng.uniform(-1, 1) for s in (*a, *w, *b, *v, alpha, weight)},
)
