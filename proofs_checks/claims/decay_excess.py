r"""the loss above the floor: e' <= (1 - mu h) e

Theorem W2: over the steps, what the loss has above F shrinks by a factor for each.

Let $L' \le (1 - \mu h)L + h\mu F$ with $\mu h \le 1$ and $0 \le h_0 \le h$, and $e \ge 0$ with $e \ge L - F$. Then
$(1 - \mu h_0)e \ge 0$ and $(1 - \mu h_0)e \ge L' - F$; with $F = (\lambda W)^2/(2\mu)$, $\mu F = \frac12(\lambda W)^2$.

Source: theory of momentum section 6, Theorem W2.
"""

import sympy as sp

from pltheory.theory import formulas

from ..language import Cert, Mutant, eq, ge, gt, shipped, term
from ..notation import L, h, mu, rate_classic
from ..statement import claim

after, F, W, lam, low, e = sp.symbols("L1 F W lambda h0 e")
loss_floor = shipped(formulas.loss_floor)

ASSUMPTIONS = {
    "mu>0": gt(mu),
    "low>=0": ge(low),
    "low<=h": ge(h, low),
    "short": ge(rate_classic(mu, h, 1)),
    "step": ge(rate_classic(mu, h, 1) * L + h * mu * F, after),
    "e>=0": ge(e),
    "above": ge(e, L - F),
    "floor": eq(F, loss_floor(lam, W, mu)),
}

CONCLUSIONS = {
    "next": ge(rate_classic(mu, low, 1) * e, after - F),
    "next>=0": ge(rate_classic(mu, low, 1) * e),
    "added": eq(mu * F, (lam * W) ** 2 / 2),
}

PROOF = (
    Cert(
        "next",
        CONCLUSIONS["next"],
        sum=(term("step"), term("short", "above"), term("mu>0", "low<=h", "e>=0")),
    ),
    Cert("next>=0", CONCLUSIONS["next>=0"], sum=(term("short", "e>=0"), term("mu>0", "low<=h", "e>=0"))),
    Cert("added", CONCLUSIONS["added"], mod={"floor": mu}),
)


def _draw(rng):
    m, size, lm = rng.uniform(0.1, 2), rng.uniform(0, 3), rng.uniform(0, 1)
    hv, floor = rng.uniform(0, 1) / m, (lm * size) ** 2 / (2 * m)
    before = rng.uniform(0, 3) * floor
    return {
        mu: m, h: hv, low: hv * rng.random(), F: floor, W: size, lam: lm, L: before,
        e: max(0.0, before - floor) * rng.uniform(1, 2), after: (1 - m * hv) * before + hv * m * floor,
    }  # fmt: skip


def _mutants(c):
    at = {mu: 1, h: "1/2", low: "1/2", F: 1, W: 1, lam: "1414/1000", L: 3, e: 2, after: 2}
    at = {**at, lam: 2, W: 1, F: 2, L: 4, e: 2, after: 3}
    twice = ge((1 - 2 * mu * low) * e, after - F)
    yield Mutant("twice the rate", c.but(swap={CONCLUSIONS["next"]: twice}), at)
    yield Mutant("steps below the shortest", c.but(drop=("low<=h",)), {**at, h: "1/4", after: "7/2"})
    yield Mutant("an excess that the loss passes", c.but(drop=("above",)), {**at, e: 1})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
