r"""kernel profile: h >= 1 - theta gives K >= (1 - theta)^2 K_0

Theorem E: how the kernel is bounded below along its own directions at the centre.

For $u = Rq$, $g = J_0^Tu$ and $h = \langle J^Tu, g\rangle$: if $\|g\| = 1$ and $h \ge 1 - \theta$, $\theta \le 1$,
then $\|J^Tu\|^2 \ge (1 - \theta)^2$. If only $\|g\|^2 \ge 1 - e$, $e < 1$, and $h \ge \|g\|^2 - \theta$ with $0 \le
\theta \le 1 - e$, then $\|J^Tu\|^2 \ge (1 - \theta/(1 - e))^2\|g\|^2$, where $\|g\|^2 = u^TK_0u$. Two entries stand for
any number: Cauchy and Schwarz.

Source: theory of layered graphs section 5, Theorem E.
"""

import math

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim

theta, e, h, h1, G, V, K = sp.symbols("theta e h h1 G V K")
# J^T u in the first case and in the second.
unit, g, v, k = sp.symbols("o1:3"), sp.symbols("g1:3"), sp.symbols("v1:3"), sp.symbols("k1:3")
_V, _K = v[0] ** 2 + v[1] ** 2, k[0] ** 2 + k[1] ** 2

ASSUMPTIONS = {
    "theta>=0": ge(theta),
    "e<1": gt(1, e),
    "e>=0": ge(e),
    "theta<=1-e": ge(1 - e, theta),
    "unit": eq(unit[0] ** 2 + unit[1] ** 2, 1),
    "h": eq(h, unit[0] * v[0] + unit[1] * v[1]),
    "h>=": ge(h, 1 - theta),
    # The same with a root of the kernel that was computed.
    "G": eq(G, g[0] ** 2 + g[1] ** 2),
    "G>=": ge(G, 1 - e),
    "h1": eq(h1, g[0] * k[0] + g[1] * k[1]),
    "h1>=": ge(h1, G - theta),
    "V": eq(V, _V),
    "K": eq(K, _K),
}

CONCLUSIONS = {
    "kernel": ge(V, (1 - theta) ** 2),
    "kernel, R computed": ge(K, (1 - theta / (1 - e)) ** 2 * G),
}

_WHOLE, _REST = h + 1 - theta, 1 - e - theta
_GAP = theta * (G - 1 + e)

PROOF = (
    Cert("theta<=1", ge(1, theta), sum=(term("theta<=1-e"), term("e>=0"))),
    Cert(
        "kernel",
        CONCLUSIONS["kernel"],
        sum=(
            term(sq=(v[0] * unit[1] - v[1] * unit[0],)),
            term("h>=", "h>="),
            term("h>=", "theta<=1", c=2),
        ),
        mod={"unit": -_V, "h": -(h + unit[0] * v[0] + unit[1] * v[1]), "V": 1},
    ),
    Cert("G>0", gt(G), sum=(term("e<1"), term("G>="))),
    Cert(
        "Cauchy and Schwarz",
        ge(_K * G, h1**2),
        sum=(term(sq=(k[0] * g[1] - k[1] * g[0],)),),
        mod={"G": _K, "h1": -(h1 + g[0] * k[0] + g[1] * k[1])},
    ),
    Cert("G-theta>=0", ge(G, theta), sum=(term("G>="), term("theta<=1-e"))),
    Cert("h1^2", ge(h1**2, (G - theta) ** 2), sum=(term("h1>=", "h1>="), term("h1>=", "G-theta>=0", c=2))),
    # (1 - e)(G - theta) - (1 - e - theta) G = theta (G - 1 + e).
    Cert("gap", ge(_GAP), sum=(term("theta>=0", "G>="),)),
    Cert(
        "scaled",
        ge(_K * (1 - e) ** 2, _REST**2 * G),
        times=("G>0",),
        sum=(
            term("Cauchy and Schwarz", sq=(1 - e,)),
            term("h1^2", sq=(1 - e,)),
            term("gap", "gap"),
            term("gap", "theta<=1-e", "G>0", c=2),
        ),
    ),
    Cert(
        "kernel, R computed",
        CONCLUSIONS["kernel, R computed"],
        times=("e<1", "e<1"),
        sum=(term("scaled"),),
        mod={"K": (1 - e) ** 2},
    ),
)


def _mutants(claim):
    at = dict(zip((*unit, *g, *v, *k), (1, 0, 1, 0, "1/2", 0, "1/2", 0), strict=True))
    at |= {theta: "1/2", e: 0, h: "1/2", h1: "1/2", G: 1, V: "1/4", K: "1/4"}
    yield Mutant(
        "1 - theta in place of its square",
        claim.but(swap={CONCLUSIONS["kernel"]: ge(V, 1 - theta)}),
        at,
    )
    yield Mutant(
        "theta above 1",
        claim.but(drop=("theta<=1-e",)),
        {**at, theta: 3, v[0]: 0, h: 0, k[0]: 0, h1: 0, V: 0, K: 0},
    )
    # |g|^2 = 16/25 and J^T u = g/10: h loses nine tenths of |g|^2.
    yield Mutant(
        "theta in place of theta/(1 - e)",
        claim.but(swap={CONCLUSIONS["kernel, R computed"]: ge(K, (1 - theta) ** 2 * G)}),
        {**at, e: "9/25", G: "16/25", g[0]: "4/5", theta: "72/125", k[0]: "2/25", h1: "8/125", K: "4/625"},
    )


def _draw(rng):
    angle, slack = rng.uniform(0, 6.28), rng.uniform(0, 0.3)
    o = [math.cos(angle), math.sin(angle)]
    size = math.sqrt(1 - slack * rng.random())
    base = [size * c + rng.uniform(-0.05, 0.05) for c in o]
    first, second = ([c + rng.uniform(-0.3, 0.3) for c in o] for _ in range(2))
    square = base[0] ** 2 + base[1] ** 2
    dot = sum(a * b for a, b in zip(o, first, strict=True))
    dot1 = sum(a * b for a, b in zip(base, second, strict=True))
    return {
        **dict(zip((*unit, *g, *v, *k), (*o, *base, *first, *second), strict=True)),
        V: sum(c * c for c in first), K: sum(c * c for c in second),
        e: slack, G: square, h: dot, h1: dot1, theta: max(0.0, 1 - dot, square - dot1) + rng.uniform(0, 0.1),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
