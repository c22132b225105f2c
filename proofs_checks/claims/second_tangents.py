r"""second derivative of a layered graph: sources at N, P and M nodes

Second tangents obey the recursion of first ones without the parameters' own term, with a source at each node.

Along $w + sV$, to second order: P: $\ddot z = T(W)\ddot a + 2T(V)\dot a$; N: $\ddot a = D\phi\,\ddot z +
D^2\phi[\dot z,\dot z]$; M: $\ddot z = \beta(\ddot a, a') + \beta(a, \ddot a') + 2\beta(\dot a, \dot a')$. The output's
is the sum over nodes of the source carried by $B_v$, the sum over paths to the output; here for a graph of three nodes
with a skip.

Source: theory of layered graphs section 2, L4.
"""

import sympy as sp

from ..language import Cert, Mutant, eq
from ..statement import claim

s, w, v = sp.symbols("s w v")
a, a1, a2, b, b1, b2 = sp.symbols("a a1 a2 b b1 b2")
f, f1, f2 = sp.symbols("f f1 f2")
c1, c2, c3, t12, t13, t23 = sp.symbols("c1 c2 c3 t12 t13 t23")
z1, z2, z3 = sp.symbols("z1 z2 z3")
_A = a + s * a1 + s**2 * a2 / 2
_B = b + s * b1 + s**2 * b2 / 2
_STEP = s * a1 + s**2 * a2 / 2

ASSUMPTIONS = {
    "node 1": eq(z1, c1),
    "node 2": eq(z2, t12 * z1 + c2),
    "node 3": eq(z3, t13 * z1 + t23 * z2 + c3),
}

CONCLUSIONS = {
    "P": eq(
        (w + s * v) * _A,
        w * a + s * (v * a + w * a1) + s**2 * (w * a2 + 2 * v * a1) / 2 + s**3 * v * a2 / 2,
    ),
    "N": eq(
        f + f1 * _STEP + f2 * _STEP**2 / 2,
        f + s * f1 * a1 + s**2 * (f1 * a2 + f2 * a1**2) / 2 + s**3 * (f2 * a1 * a2 / 2 + s * f2 * a2**2 / 8),
    ),
    "M": eq(
        _A * _B,
        a * b
        + s * (a1 * b + a * b1)
        + s**2 * (a2 * b + a * b2 + 2 * a1 * b1) / 2
        + s**3 * ((a1 * b2 + a2 * b1) / 2 + s * a2 * b2 / 4),
    ),
    "carried": eq(z3, (t13 + t23 * t12) * c1 + t23 * c2 + c3),
}

PROOF = (
    Cert("P", CONCLUSIONS["P"]),
    Cert("N", CONCLUSIONS["N"]),
    Cert("M", CONCLUSIONS["M"]),
    Cert(
        "carried",
        CONCLUSIONS["carried"],
        mod={"node 3": 1, "node 2": t23, "node 1": t13 + t23 * t12},
    ),
)


def _mutants(claim):
    names = (s, w, v, a, a1, a2, b, b1, b2, f, f1, f2, c1, c2, c3, t12, t13, t23, z1)
    at = {**dict.fromkeys(names, 1), z2: 2, z3: 4}
    once = eq(
        (w + s * v) * _A,
        w * a + s * (v * a + w * a1) + s**2 * (w * a2 + v * a1) / 2 + s**3 * v * a2 / 2,
    )
    yield Mutant("one mixed term at a P node", claim.but(swap={CONCLUSIONS["P"]: once}), at)
    yield Mutant(
        "without the skip",
        claim.but(swap={CONCLUSIONS["carried"]: eq(z3, t23 * t12 * c1 + t23 * c2 + c3)}),
        at,
    )


def _draw(rng):
    free = (s, w, v, a, a1, a2, b, b1, b2, f, f1, f2, c1, c2, c3, t12, t13, t23)
    at = {q: rng.uniform(-1, 1) for q in free}
    at[z1] = at[c1]
    at[z2] = at[t12] * at[z1] + at[c2]
    return at | {z3: at[t13] * at[z1] + at[t23] * at[z2] + at[c3]}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
