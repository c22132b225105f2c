r"""B+ (L1): nearer end of a cell

Theorem B+ (L1): a monotone curve is within the diagonal over root 2 of one of two grid points.

Components of $v(T)$ are monotone in T, so inside a cell with ends $v_0, v_1$ each is $v_0 + x_k(v_1 - v_0)$ with $0
\le x_k \le 1$; as $x^2 + (1 - x)^2 \le 1$ the squared distances to both ends add up to at most $\|v_1 - v_0\|^2$ and
the nearer end is within $\|v_1 - v_0\|/\sqrt2$. Written for three components.

Source: Theorem B+, (L1).
"""

import sympy as sp

from ..language import LEAST, Cert, Define, Mutant, ge, term
from ..statement import claim

N = 3
_R = range(N)
share, width = sp.symbols(f"x1:{N + 1}"), sp.symbols(f"c1:{N + 1}")
_START = sum((x * c) ** 2 for x, c in zip(share, width, strict=True))
_END = sum(((1 - x) * c) ** 2 for x, c in zip(share, width, strict=True))

ASSUMPTIONS = {
    **{f"x{k + 1}>=0": ge(share[k]) for k in _R},
    **{f"x{k + 1}<=1": ge(1, share[k]) for k in _R},
}

CONCLUSIONS = {
    "halves": ge(1, share[0] ** 2 + (1 - share[0]) ** 2),
    "nearer end": ge(sum(c**2 for c in width), 2 * LEAST(_START, _END)),
}

nearer = sp.Symbol("nearer")

PROOF = (
    Define(nearer, LEAST(_START, _END)),
    Cert("halves", CONCLUSIONS["halves"], sum=(term("x1>=0", "x1<=1", c=2),)),
    Cert(
        "nearer end",
        CONCLUSIONS["nearer end"],
        sum=(
            term("nearer/first"),
            term("nearer/second"),
            *[term(f"x{k + 1}>=0", f"x{k + 1}<=1", c=2, sq=(width[k],)) for k in _R],
        ),
    ),
)


def _mutants(c):
    at = dict(zip(share, [1, 1, 0], strict=True)) | dict(zip(width, [1, 0, 1], strict=True))
    yield Mutant(
        "half the diagonal",
        c.but(swap={CONCLUSIONS["nearer end"]: ge(sum(c**2 for c in width), 4 * LEAST(_START, _END))}),
        at,
    )
    yield Mutant("outside the cell", c.but(drop=("x1<=1",)), {**at, share[0]: 3})


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: {s: rng.uniform(0, 1) for s in share} | {c: rng.uniform(-2, 2) for c in width},
)
