r"""k in closed form: 1 - beta eta / b*

Theorem M without a search: below $b^*/\beta$ the conditions of its step are met by $c = a_p\beta/a^2$ and $\xi = 1$.

Let $a = 1 - m > 0$, $\alpha = a_p/a$ with $a_p > 0$ ($a_p = m$ for heavy ball, $m^2$ for Nesterov's form), $b^* =
2a^2/(a + 2a_p)$, $r = \eta/a$ and $k = 1 - \beta\eta/b^* > 0$. If $r\sigma^2 \le a$, that is $\eta\sigma^2 \le a^2$,
then $V > 0$, and $2VA \ge rB^2$ both for the path, with that k, and for the rate, with $\omega = k/2$.

Source: theory of momentum section 2, closed form.
"""

import sympy as sp

from pltheory.theory.potential import limit

from ..language import Cert, Mutant, ge, gt, term
from ..notation import beta, m, q, sigma
from ..statement import claim
from . import momentum_rate, momentum_step
from .momentum_rate import W
from .momentum_step import C, a, alpha, top, xi

ap = sp.Symbol("a_p")
K = 1 - beta * a * top / limit(m, ap)
_AT = {C: ap * beta / a**2, alpha: ap / a, q: K, xi: sp.Integer(1), W: 1 - K}
V = momentum_step.V.xreplace(_AT)
PATH = momentum_step.A.xreplace(_AT), momentum_step.B.xreplace(_AT)
RATE = momentum_rate.A.xreplace(_AT), momentum_rate.B.xreplace(_AT)

ASSUMPTIONS = {
    "m>0": gt(m),
    "m<1": gt(1, m),
    "ap>0": gt(ap),
    "beta>0": gt(beta),
    "r>=0": ge(top),
    "k>0": gt(K),
    "steep": ge(a, top * sigma**2),
}

CONCLUSIONS = {
    "V>0": gt(V),
    "path": ge(2 * V * PATH[0], top * PATH[1] ** 2),
    "rate": ge(2 * V * RATE[0], top * RATE[1] ** 2),
}

_LEAD = ap * beta / a

PROOF = (
    Cert("1+m>0", gt(1 + m), sum=(term("m>0"), term())),
    Cert("ap beta>0", gt(ap * beta / a), times=("m<1",), sum=(term("ap>0", "beta>0"),)),
    # With kappa = 1 - k: V a^2 / (ap beta) = a (m + kappa^2) + k (a beta r / 2 + (a - r sigma^2)).
    Cert(
        "V>0",
        CONCLUSIONS["V>0"],
        times=("m<1",),
        sum=(
            term("m<1", "m>0", "ap beta>0"),
            term("m<1", "ap beta>0", sq=(1 - K,)),
            term("m<1", "ap beta>0", "k>0", "beta>0", "r>=0", c="1/2"),
            term("ap beta>0", "k>0", "steep"),
        ),
    ),
    Cert(
        "path",
        CONCLUSIONS["path"],
        times=("m<1",),
        sum=(
            term("m<1", "m>0", "r>=0", sq=(_LEAD * K,)),
            term("m<1", "1+m>0", "k>0", "beta>0", "r>=0", "r>=0", c="1/2", sq=(_LEAD,)),
            term("1+m>0", "k>0", "r>=0", "steep", sq=(_LEAD,)),
        ),
    ),
    Cert("rate", CONCLUSIONS["rate"], sum=(term("path"), term("V>0", "k>0"))),
)


def _mutants(c):
    # m = ap = 1/2, beta = 1: b* = 1/3, and r = 1/3 makes k = 1/2.
    at = {m: "1/2", ap: "1/2", beta: 1, top: "1/3", sigma: 0}
    yield Mutant("steps above b*", c.but(drop=("k>0",)), {**at, top: 2})
    yield Mutant("a profile too steep", c.but(drop=("steep",)), {**at, sigma: 9})


def _draw(rng):
    mm = rng.uniform(0.05, 0.95)
    lead, be = rng.choice((mm, mm**2)), rng.uniform(0.1, 3)
    step = rng.random() * float(limit(mm, lead)) / be / (1 - mm)
    return {m: mm, ap: lead, beta: be, top: step, sigma: ((1 - mm) / step) ** 0.5 * rng.random()}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
