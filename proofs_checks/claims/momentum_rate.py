r"""the rate with momentum: E' <= (1 - 2 omega mu h / a) E

Theorem M, rate: the potential falls by a share of itself.

Of a step as in the claim before, with $q = 2\omega$, $W \ge |1 - q|$, $V > 0$ and $2VA \ge \frac{\eta}{a}B^2$ where
W takes the place of $1 - q$ and 0 that of $\xi$: $E - E' \ge \omega r X^2$, and as $X^2 \ge 2\sigma^2E$ with $\mu =
\sigma^2$, $E' \le (1 - 2\omega\mu r)E$.

Source: theory of momentum section 2, Theorem M, step 4.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, term
from ..notation import G, beta, m, q, sigma
from ..statement import claim
from .momentum_step import AT, ONE_LESS, SHORTER, STEP, UP, C, E, V, X, a, alpha, draw, inner, r, top
from .momentum_step import fall as lost

W, level = sp.symbols("W level")
A = 1 - q / 2 - beta * top / 2 - C * a**2 * top / 2
B = W * beta * alpha + C * m * a

ASSUMPTIONS = {
    **STEP,
    "q>=0": ge(q),
    "W above": ge(W, 1 - q),
    "W below": ge(W, q - 1),
    "below": ge(inner, -E),
    "above": ge(E, inner),
    "potential": ge(2 * V * A, top * B**2),
    "PL*": ge(X**2, 2 * sigma**2 * level),
}

CONCLUSIONS = {"rate": ge((1 - q * sigma**2 * r) * level, level - lost)}

PROOF = (
    ONE_LESS,
    Cert(
        "rate",
        CONCLUSIONS["rate"],
        times=UP,
        sum=(
            term("fall", *UP),
            term("PL*", "q>=0", "r>=0", *UP, c="1/2"),
            term("W above", "above", "r>=0", *UP, c="1/2"),
            term("W below", "below", "r>=0", *UP, c="1/2"),
            term("error", "q>=0", "r>=0", *UP, c="1/2"),
            *SHORTER[:-1],
            term("r>=0", c="1/2", sq=(V * sp.Symbol("D") - top * B * G,)),
        ),
        mod={"X^2": -q * r * V * top / 2},
    ),
)


def _draw(rng):
    at = draw(rng)
    return {**at, W: abs(1 - at[q]), level: at[X] ** 2 / (2 * at[sigma] ** 2 + 1e-9) * rng.uniform(0, 1)}


def _mutants(c):
    at = {**AT, sigma: "1/2", q: 1, W: 0, level: 2, top: "1/4"}
    yield Mutant(
        "twice the rate",
        c.but(swap={CONCLUSIONS["rate"]: ge((1 - 2 * q * sigma**2 * r) * level, level - lost)}),
        at,
    )
    yield Mutant("a step beyond the longest", c.but(drop=("r<=top",)), {**at, r: "3/2", lost: "3/8"})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
