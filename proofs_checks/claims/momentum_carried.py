r"""a buffer that is carried over lengthens the path of w by al |d|

A run with momentum that starts with a buffer: how much longer the path of the weights is than that of the point ahead.

With $a = 1 - m$ a step of heavy ball has $\|d'\| \le m\|d\| + hG$ and moves w by $\|d'\|$, $\alpha a = m$; Nesterov's
form moves w by at most $m\|d'\| + hG$, $\alpha a = m^2$. In both the length of the step of w plus $\alpha\|d'\|$ is at
most $\alpha\|d\|$ plus $hG/a$, which is the length of the step of $z = w + \alpha d$. Summed up, the path of w is at
most that of z plus $\alpha\|d_0\|$.

Source: theory of momentum section 1.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim

m, al, an, h, g, d, d1, heavy, nesterov = sp.symbols("m al an h G D D1 sw sn")
_A = 1 - m

ASSUMPTIONS = {
    "m>=0": ge(m),
    "a>0": gt(_A),
    "heavy ball's al": eq(_A * al, m),
    "Nesterov's al": eq(_A * an, m**2),
    "buffer": ge(m * d + h * g, d1),
    "step of heavy ball": ge(d1, heavy),
    "step of Nesterov": ge(m * d1 + h * g, nesterov),
}

CONCLUSIONS = {
    "heavy ball": ge(al * d * _A + h * g, _A * (heavy + al * d1)),
    "Nesterov": ge(an * d * _A + h * g, _A * (nesterov + an * d1)),
}

PROOF = (
    Cert(
        "heavy ball",
        CONCLUSIONS["heavy ball"],
        sum=(term("a>0", "step of heavy ball"), term("buffer")),
        mod={"heavy ball's al": d - d1},
    ),
    Cert(
        "Nesterov",
        CONCLUSIONS["Nesterov"],
        sum=(term("a>0", "step of Nesterov"), term("m>=0", "buffer")),
        mod={"Nesterov's al": d - d1},
    ),
)


def _mutants(c):
    # m = 1/2, no gradient: d' = 1/2 d, so the path to come is d (heavy ball), or d / 2 (Nesterov).
    at = {m: "1/2", al: 1, an: "1/2", h: 0, g: 1, d: 2, d1: 1, heavy: 1, nesterov: "1/2"}
    yield Mutant(
        "no part of the buffer's own",
        c.but(swap={CONCLUSIONS["heavy ball"]: ge(h * g, _A * heavy)}),
        at,
    )
    yield Mutant(
        "Nesterov's al of heavy ball's step",
        c.but(swap={CONCLUSIONS["heavy ball"]: ge(an * d * _A + h * g, _A * (heavy + an * d1))}),
        at,
    )
    whole = {**at, h: 1, d: 0, d1: 1, heavy: 1, nesterov: "3/2"}
    yield Mutant(
        "a step of z that is not divided by a",
        c.but(swap={CONCLUSIONS["Nesterov"]: ge(an * d + h * g, nesterov + an * d1)}),
        whole,
    )


def _draw(rng):
    x = {m: rng.uniform(0.01, 0.95), h: rng.uniform(0, 2), g: rng.uniform(0, 2), d: rng.uniform(0, 2)}
    x |= {al: x[m] / (1 - x[m]), an: x[m] ** 2 / (1 - x[m])}
    x[d1] = rng.random() * (x[m] * x[d] + x[h] * x[g])
    return {**x, heavy: rng.random() * x[d1], nesterov: rng.random() * (x[m] * x[d1] + x[h] * x[g])}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
