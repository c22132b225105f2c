r"""from forms at samples to ell: fourth powers, Minkowski, |t^T Q t|

The norm steps between the second derivative's terms and the norm of the matrix Q.

Over samples: $\sum p_i^4 \le \max_i p_i^2\sum p_i^2$, and $\sum(p_i^2 + d\,q_i^2)^2 \le (P + dQ)^2$ for $P^2 = \sum
p_i^4$, $Q^2 = \sum q_i^4$, d nonnegative. Over groups: $|t^TMt| \le \|M\|\,\|t\|^2$. Written for three samples and two
groups; every size has the same certificates with more pairs.

Source: theory of layered graphs section 4, Theorem G1.
"""

import sympy as sp

from ..language import Cert, Mutant, Use, eq, ge, term
from ..notation import x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

N = 3
_R = range(N)
p, q = sp.symbols(f"p1:{N + 1}"), sp.symbols(f"q1:{N + 1}")
top, d, P, Q, norm = sp.symbols("top d P Q norm")
t, v = sp.symbols("t1:3"), sp.symbols("v1:3")
_CROSS = sum(a**2 * b**2 for a, b in zip(p, q, strict=True))
_T, _V = t[0] ** 2 + t[1] ** 2, v[0] ** 2 + v[1] ** 2
_DOT = t[0] * v[0] + t[1] * v[1]

ASSUMPTIONS = {
    **{f"p{i + 1}": ge(top**2, p[i] ** 2) for i in _R},
    "d>=0": ge(d),
    "P>=0": ge(P),
    "Q>=0": ge(Q),
    "P": eq(P**2, sum(a**4 for a in p)),
    "Q": eq(Q**2, sum(b**4 for b in q)),
    # v = M t.
    "norm": ge(norm**2 * _T, _V),
}

CONCLUSIONS = {
    "fourth powers": ge(top**2 * sum(a**2 for a in p), sum(a**4 for a in p)),
    "Minkowski": ge((P + d * Q) ** 2, sum((a**2 + d * b**2) ** 2 for a, b in zip(p, q, strict=True))),
    "form": ge((norm * _T) ** 2, _DOT**2),
}

PROOF = (
    Cert("fourth powers", CONCLUSIONS["fourth powers"], sum=tuple(term(f"p{i + 1}", sq=(p[i],)) for i in _R)),
    Cert("P Q>=0", ge(P * Q), sum=(term("P>=0", "Q>=0"),)),
    Cert("cross>=0", ge(_CROSS), sum=tuple(term(sq=(a, b)) for a, b in zip(p, q, strict=True))),
    # P^2 Q^2 - A B = P^2 (Q^2 - B) + B (P^2 - A); then Lagrange's identity.
    Cert(
        "squares",
        ge((P * Q) ** 2, _CROSS**2),
        sum=tuple(term(sq=(p[i] ** 2 * q[j] ** 2 - p[j] ** 2 * q[i] ** 2,)) for i in _R for j in range(i)),
        mod={"Q": P**2, "P": sum(b**4 for b in q)},
    ),
    Use("cross", MONOTONE_ROOT, {x: _CROSS, y: P * Q}),
    Cert(
        "Minkowski",
        CONCLUSIONS["Minkowski"],
        sum=(term("d>=0", "cross/x<=y", c=2),),
        mod={"P": 1, "Q": d**2},
    ),
    Cert(
        "form",
        CONCLUSIONS["form"],
        sum=(*[term("norm", sq=(a,)) for a in t], term(sq=(t[0] * v[1] - t[1] * v[0],))),
    ),
)


def _mutants(claim):
    at = dict(zip((*p, *q, *t, *v), (1, 0, 0, 1, 0, 0, 1, 1, 1, 1), strict=True))
    at |= {top: 1, d: 1, P: 1, Q: 1, norm: 1}
    sums = sum((a**2 + d * b**2) ** 2 for a, b in zip(p, q, strict=True))
    yield Mutant(
        "the root of the sum of squares",
        claim.but(swap={CONCLUSIONS["Minkowski"]: ge(P**2 + d**2 * Q**2, sums)}),
        at,
    )
    yield Mutant("half the norm", claim.but(swap={CONCLUSIONS["form"]: ge((norm * _T) ** 2 / 4, _DOT**2)}), at)
    yield Mutant("one sample above the largest", claim.but(drop=("p1",)), {**at, top: 0})


def _draw(rng):
    at = {s: rng.uniform(-1, 1) for s in (*p, *q, *t, *v)}
    return at | {
        top: max(abs(at[a]) for a in p),
        d: rng.uniform(0, 2),
        P: sum(at[a] ** 4 for a in p) ** 0.5,
        Q: sum(at[b] ** 4 for b in q) ** 0.5,
        norm: ((at[v[0]] ** 2 + at[v[1]] ** 2) / (at[t[0]] ** 2 + at[t[1]] ** 2)) ** 0.5,
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
