r"""a step on a strongly convex loss: the gradient shrinks by max(1 - h tau, h beta - 1)

Theorem W1: what a run is held against. The gradient after a step is $(I - hH)u$ with H the Hessian averaged along it,
whose eigenvalues x lie between $\tau$ and $\beta$.

If $q \ge 1 - h\tau$, $q \ge h\beta - 1$, $h \ge 0$ and $\tau \le x \le \beta$, then $-q \le 1 - hx \le q$; and $q < 1$
for $h\tau > 0$ and $h\beta < 2$ where q is the larger of the two.

Source: theory of momentum section 6, Theorem W1.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, term
from ..notation import beta, h, q, x
from ..statement import claim

tau = sp.Symbol("tau")

ASSUMPTIONS = {
    "h>=0": ge(h),
    "tau<=x": ge(x, tau),
    "x<=beta": ge(beta, x),
    "slow": ge(q - 1 + h * tau),
    "fast": ge(q + 1 - h * beta),
}

CONCLUSIONS = {"above": ge(q - 1 + h * x), "below": ge(q + 1 - h * x)}

PROOF = (
    Cert("above", CONCLUSIONS["above"], sum=(term("slow"), term("h>=0", "tau<=x"))),
    Cert("below", CONCLUSIONS["below"], sum=(term("fast"), term("h>=0", "x<=beta"))),
)


def _draw(rng):
    low, step = rng.uniform(0.1, 1), rng.uniform(0, 2)
    high = low * rng.uniform(1, 4)
    return {
        tau: low, beta: high, h: step, x: rng.uniform(low, high), q: max(1 - step * low, step * high - 1),
    }  # fmt: skip


def _mutants(c):
    at = {tau: 1, beta: 2, h: "1/4", x: 1, q: "3/4"}
    yield Mutant("eigenvalues below tau", c.but(drop=("tau<=x",)), {**at, x: "1/2"})
    yield Mutant("eigenvalues above beta", c.but(drop=("x<=beta",)), {**at, h: 1, q: 1, x: 3})
    yield Mutant("long steps", c.but(drop=("fast",)), {**at, h: 1, q: "1/2", x: 2})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
