r"""two gains in a loop: N and U, and the path

Theorem M3: what a change om of the Jacobian adds to the weighted norms of residual and buffer.

If $r \le R + \omega(g_2r + g_1u)$ and $u \le U + \omega(g_4r + g_2u)$ with $1 - \omega g_2 > 0$ and $\det = (1 -
\omega g_2)^2 - \omega^2g_1g_4 > 0$, then $r \le ((1-\omega g_2)R + \omega g_1U)/\det$ and $u \le ((1 - \omega g_2)U
+ \omega g_4R)/\det$: the matrix has a nonnegative inverse. Of the path, by Cauchy and Schwarz one step at a time: if
$p \ge 0$, $p^2 \le SA$, then $(p + wa)^2 \le (S + w^2)(A + a^2)$.

Source: theory of momentum section 5, proof of M3.
"""

import sympy as sp

from pltheory.theory.acceleration import Gains

from ..language import Cert, Mutant, ge, gt, term
from ..statement import claim

om, g1, g2, g4, r, u, free_r, free_u = sp.symbols("om g1 g2 g4 r u R_f U_f")
p, big, energy, w, a = sp.symbols("p S A w a")
GAINS = Gains(g1, g2, g4, free_r, free_u)
N, BUFFER = GAINS.weighted(om, free_r, free_u)
_X, _Y, _Z = om * g2, om * g1, om * g4
_DET = (1 - _X) * (1 - _X) - _Y * _Z

ASSUMPTIONS = {
    "om>=0": ge(om),
    "g1>=0": ge(g1),
    "g4>=0": ge(g4),
    "below 1": gt(1 - _X),
    "det>0": gt(_DET),
    "r": ge(free_r + _X * r + _Y * u, r),
    "u": ge(free_u + _Z * r + _X * u, u),
    "S>0": gt(big),
    "path": ge(big * energy, p**2),
}

CONCLUSIONS = {
    "residual": ge(N, r),
    "buffer": ge(BUFFER, u),
    "path": ge((big + w**2) * (energy + a**2), (p + w * a) ** 2),
}

PROOF = (
    Cert(
        "residual",
        CONCLUSIONS["residual"],
        times=("det>0",),
        sum=(term("r", "below 1"), term("om>=0", "g1>=0", "u")),
    ),
    Cert(
        "buffer",
        CONCLUSIONS["buffer"],
        times=("det>0",),
        sum=(term("u", "below 1"), term("om>=0", "g4>=0", "r")),
    ),
    Cert(
        "path of one more",
        CONCLUSIONS["path"],
        times=("S>0",),
        sum=(term("path", "S>0"), term("path", sq=(w,)), term(sq=(big * a - w * p,))),
    ),
)


def _mutants(c):
    at = {om: "1/2", g1: 1, g2: 1, g4: 0, free_r: 1, free_u: 1, r: 4, u: 2, p: 1, big: 1, energy: 1, w: 1, a: 1}
    yield Mutant("without the loop", c.but(swap={CONCLUSIONS["residual"]: ge(free_r + _X * r, r)}), at)
    yield Mutant(
        "the free response alone",
        c.but(swap={CONCLUSIONS["buffer"]: ge(free_u, u)}),
        at,
    )
    yield Mutant(
        "a loop that is not closed",
        c.but(drop=("below 1",)),
        {**at, om: 2, g1: 0, r: 0, u: 0},
    )


def _draw(rng):
    x = {om: rng.uniform(0, 0.5), g1: rng.uniform(0, 1), g2: rng.uniform(0, 1), g4: rng.uniform(0, 1)}
    x |= {free_r: rng.uniform(1, 2), free_u: rng.uniform(1, 2), r: rng.uniform(0, 1), u: rng.uniform(0, 1)}
    s, t = rng.uniform(0.1, 2), rng.uniform(0.1, 2)
    return {**x, big: s, energy: t, p: rng.random() * (s * t) ** 0.5, w: rng.random(), a: rng.random()}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
