r"""k in closed form with the step size outside of the buffer: 1 - beta eta / b*

Theorem Mb without a search: below $b^*/\beta$ the conditions of its step are met by $u = m/\beta$ and $\xi = 1$.

Let $0 < m < 1$, $a = 1 - m$, $b^* = 2a^2/(1 + m)$, heavy ball's, $k = 1 - \beta\eta/b^* > 0$ and $\eta\sigma^2 \le
a^2$. Then $V > 0$, and $2VA \ge \eta B^2$ both for the path, with that k, and for the rate, with $\omega = k/2$.

Source: theory of momentum section 3, closed form.
"""

import sympy as sp

from pltheory.theory.potential import limit

from ..language import Cert, Mutant, ge, gt, term
from ..notation import beta, eta, m, q, sigma
from ..statement import claim
from . import momentum_buffer_step as step
from .momentum_buffer_step import W, a, u, xi

K = 1 - beta * eta / limit(m, m)
_AT = {u: m / beta, q: K, xi: sp.Integer(1), W: 1 - K}
V, A, B, A_RATE, B_RATE = (e.xreplace(_AT) for e in (step.V, step.A, step.B, step.A_RATE, step.B_RATE))

ASSUMPTIONS = {
    "m>0": gt(m),
    "m<1": gt(1, m),
    "beta>0": gt(beta),
    "eta>=0": ge(eta),
    "k>0": gt(K),
    "steep": ge(a**2, eta * sigma**2),
}

CONCLUSIONS = {
    "V>0": gt(V),
    "path": ge(2 * V * A, eta * B**2),
    "rate": ge(2 * V * A_RATE, eta * B_RATE**2),
}

PROOF = (
    Cert("1+m>0", gt(1 + m), sum=(term("m>0"), term())),
    # With kappa = 1 - k: beta V = m a (a^2 (m + kappa^2) + k (a beta eta / 2 + a^2 - eta sigma^2)).
    Cert(
        "V>0",
        CONCLUSIONS["V>0"],
        times=("beta>0",),
        sum=(
            term("m>0", "m>0", "m<1", "m<1", "m<1"),
            term("m>0", "m<1", sq=(a * (1 - K),)),
            term("m>0", "m<1", "m<1", "k>0", "beta>0", "eta>=0", c="1/2"),
            term("m>0", "m<1", "k>0", "steep"),
        ),
    ),
    Cert(
        "path",
        CONCLUSIONS["path"],
        sum=(
            term("m>0", "eta>=0", sq=(m * a * K,)),
            term("1+m>0", "m<1", "k>0", "beta>0", "eta>=0", "eta>=0", c="1/2", sq=(m,)),
            term("1+m>0", "k>0", "eta>=0", "steep", sq=(m,)),
        ),
    ),
    Cert("k a>0", gt(K * a), sum=(term("k>0", "m<1"),)),
    Cert("rate", CONCLUSIONS["rate"], sum=(term("path"), term("V>0", "k a>0"))),
)


def _mutants(c):
    # m = 1/2: b* = 1/3.
    at = {m: "1/2", beta: 1, eta: "1/6", sigma: 0}
    yield Mutant("steps above b*", c.but(drop=("k>0",)), {**at, eta: 1})
    yield Mutant("a profile too steep", c.but(drop=("steep",)), {**at, sigma: 9})


def _draw(rng):
    mm, be = rng.uniform(0.05, 0.95), rng.uniform(0.1, 3)
    step_size = rng.random() * float(limit(mm, mm)) / be
    return {m: mm, beta: be, eta: step_size, sigma: (1 - mm) / step_size**0.5 * rng.random()}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
