r"""free response: sums of squares of a recursion in closed form

Theorem M3: the free responses of residual and buffer, for one eigenvalue.

Let $\psi_{t+1} = b\psi_t - m\psi_{t-1}$, $\psi_0 = 1$, $\psi_{-1} = 0$, $p = q^{-2}$, $S_0 = \sum p^t\psi_t^2$ and
$S_1 = \sum p^t\psi_t\psi_{t-1}$. Multiplied by $p^{t+1}\psi_t$ and squared times $p^{t+1}$, summed, the recursion
reads $S_1 + mpS_1 = bpS_0$ and $S_0 - 1 = p(b^2S_0 + m^2pS_0 - 2bmS_1)$. The residual's mode is $\psi_t -
m\psi_{t-1}$, whose sum is $S_0 + m^2pS_0 - 2mS_1$, the buffer's $\sqrt\kappa\,\psi_t$. A square that fulfils its
polynomial of `Circle` is no less.

Source: theory of momentum section 5, suprema.
"""

import math

import sympy as sp

from pltheory.theory.acceleration import Circle

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim

m, q, kap, s0, s1, residual, buffer = sp.symbols("m q kap S0 S1 residual buffer")
AT = Circle(m, q, kap)
_P, _MP = 1 / q**2, m / q**2

ASSUMPTIONS = {
    "m>0": gt(m),
    "q>0": gt(q),
    "1+mp>0": gt(1 + _MP),
    "undamped>0": gt((1 - _MP) * ((1 + _MP) ** 2 - AT.be**2 * _P)),
    "product": eq(s1 + _MP * s1, AT.be * _P * s0),
    "square": eq(s0 - 1, _P * (AT.be**2 * s0 + m * _MP * s0 - 2 * AT.be * m * s1)),
    "square of residual": ge(AT.free_residual(residual)),
    "square of buffer": ge(AT.free_buffer(buffer)),
}

CONCLUSIONS = {
    "S0": eq((1 - _MP) * ((1 + _MP) ** 2 - AT.be**2 * _P) * s0, 1 + _MP),
    "residual": ge(residual, s0 + m * _MP * s0 - 2 * m * s1),
    "buffer": ge(buffer, kap * s0),
}

PROOF = (
    Cert("S0", CONCLUSIONS["S0"], mod={"square": 1 + _MP, "product": -2 * AT.be * _MP}),
    Cert(
        "residual",
        CONCLUSIONS["residual"],
        times=("undamped>0", "1+mp>0"),
        sum=(term("square of residual", "1+mp>0"),),
        mod={
            "S0": -((1 + m * _MP) * (1 + _MP) - 2 * m * AT.be * _P),
            "product": 2 * m * (1 - _MP) * ((1 + _MP) ** 2 - AT.be**2 * _P),
        },
    ),
    Cert("buffer", CONCLUSIONS["buffer"], times=("undamped>0",), sum=(term("square of buffer"),), mod={"S0": -kap}),
)


def _mutants(c):
    # q = 1, m = 1/4, kap = 5/4: psi = 1, 0, -1/4, 0, 1/16, ..., S0 = 16/15, S1 = 0.
    at = {m: "1/4", q: 1, kap: "5/4", s0: "16/15", s1: 0, residual: "17/15", buffer: "4/3"}
    yield Mutant(
        "the residual without m",
        c.but(swap={CONCLUSIONS["residual"]: ge(residual, s0 + 2 * m * s0 - 2 * m * s1)}),
        at,
    )
    yield Mutant("the buffer with kap^2", c.but(swap={CONCLUSIONS["buffer"]: ge(buffer, kap**2 * s0)}), at)
    yield Mutant("any square", c.but(drop=("square of residual",)), {**at, residual: 1})


def _draw(rng):
    mm = rng.uniform(0.05, 0.95)
    root = math.sqrt(mm)
    qq = root + (1 - root) * rng.uniform(0.05, 0.95)
    kk = rng.uniform((1 - root) ** 2, (1 + root) ** 2)
    at, p = Circle(mm, qq, kk), 1 / qq**2
    ratio = at.be * p / (1 + mm * p)
    first = 1 / (1 - p * (at.be**2 + mm**2 * p - 2 * at.be * mm * ratio))
    point = {m: mm, q: qq, kap: kk, s0: first, s1: ratio * first}
    return {**point, residual: at.least_free_residual() * 1.0001, buffer: at.least_free_buffer() * 1.0001}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
