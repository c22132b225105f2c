r"""a step with weight decay: L' <= (1 - mu h) L + h (lambda W)^2 / 2

Theorem W2, rate: what decay adds to the loss is no more than half of h times the square of its own term.

Let $u = g + \lambda w$ with $\|g\| = G$, $\|u\| = U$, $\|w\| = n \le W$, so that $2\langle g,u\rangle = G^2 + U^2 -
\lambda^2n^2$; $L' \le L - h\langle g,u\rangle + \frac{\beta}{2}h^2U^2$, $0 \le h$, $\beta h \le 1$ and $G^2 \ge 2\mu
L$. Then $L' \le (1 - \mu h)L + \frac{h}{2}(\lambda W)^2$.

Source: theory of momentum section 6, Theorem W2.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..notation import G, L, beta, h, mu, rate_classic, slack
from ..statement import claim

after, inner, U, W, n, lam = sp.symbols("L1 p U W n lambda")

ASSUMPTIONS = {
    "h>=0": ge(h),
    "short": ge(slack(beta, 2 * h)),
    "descent": ge(L - h * inner + beta / 2 * h**2 * U**2, after),
    "inner": eq(2 * inner, G**2 + U**2 - lam**2 * n**2),
    "PL*": ge(G**2, 2 * mu * L),
    "n>=0": ge(n),
    "n<=W": ge(W, n),
}

CONCLUSIONS = {"rate": ge(rate_classic(mu, h, 1) * L + h * (lam * W) ** 2 / 2, after)}

PROOF = (
    Cert(
        "rate",
        CONCLUSIONS["rate"],
        sum=(
            term("descent"),
            term("h>=0", "PL*", c="1/2"),
            term("h>=0", "short", c="1/2", sq=(U,)),
            term("h>=0", "n<=W", "n<=W", c="1/2", sq=(lam,)),
            term("h>=0", "n<=W", "n>=0", sq=(lam,)),
        ),
        mod={"inner": h / 2},
    ),
)


def _draw(rng):
    be, lm, g, w = rng.uniform(0.1, 3), rng.uniform(0, 1), rng.uniform(0, 2), rng.uniform(0, 2)
    hv, turn = rng.uniform(0, 1) / be, rng.uniform(-1, 1)
    u = (g * g + 2 * turn * g * lm * w + (lm * w) ** 2) ** 0.5
    product = (g * g + u * u - (lm * w) ** 2) / 2
    m, share = rng.uniform(0.1, 2), rng.uniform(0, 1)
    before = g * g / (2 * m) * share
    return {
        beta: be, h: hv, mu: m, G: g, U: u, n: w, W: w * rng.uniform(1, 2), lam: lm, inner: product, L: before,
        after: before - hv * product + be / 2 * hv**2 * u * u,
    }  # fmt: skip


def _mutants(c):
    # beta = h = mu = 1: at the floor the gradient is as long as the decay's term, and takes it away.
    at = {beta: 1, h: 1, mu: 1, G: 1, U: 0, n: 1, W: 1, lam: 1, inner: 0, L: "1/2", after: "1/2"}
    half = ge(rate_classic(mu, h, 1) * L + h * (lam * W) ** 2 / 4, after)
    yield Mutant("half of what decay adds", c.but(swap={CONCLUSIONS["rate"]: half}), at)
    yield Mutant("weights longer than W", c.but(drop=("n<=W",)), {**at, W: "1/2"})
    # One mode without decay: (1 - beta h)^2 of the loss is left, at beta h = 3/2 more than 1 - 3/2.
    far = {beta: 1, h: "3/2", mu: 1, G: 1, U: 1, n: 0, W: 0, lam: 0, inner: 1, L: "1/2", after: "1/8"}
    yield Mutant("steps up to 2 / beta", c.but(drop=("short",)), far)


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
