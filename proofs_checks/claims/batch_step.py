r"""a step on one batch, seen from a zero

Theorem F1, one step: for every batch the distance to a zero falls but for what curvature adds.

Let z be a zero, $t = |w - z|$, $r = |r_B(w)|$, and $h = k^2 \le \eta$ the step. With $p = r_B \cdot J_B(w - z) \ge r^2
- rmt/2$ and $n = |J_B^Tr_B|^2 \le \beta r^2$, $|w^+ - z|^2 = t^2 - 2hp + h^2n$. Then, for $a = 2 - \eta\beta > 0$ and
$s = kr$, $|w^+ - z|^2 \le t^2 - as^2 + kmts \le t^2 + hm^2t^2/(4a)$.

Source: theory of mini-batches section 2, lemma (P).
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import beta, eta
from ..statement import claim

t, r, k, m, p, n = sp.symbols("t r k m p n")
GAP = 2 - eta * beta
_NEXT = t**2 - 2 * k**2 * p + k**4 * n
_FIRST = t**2 - GAP * (k * r) ** 2 + k * m * t * (k * r)

ASSUMPTIONS = {
    "a>0": gt(GAP),
    "beta>=0": ge(beta),
    "h<=eta": ge(eta, k**2),
    "remainder": ge(p, r**2 - r * m * t / 2),
    "norm": ge(beta * r**2, n),
}

CONCLUSIONS = {
    "first": ge(_FIRST, _NEXT),
    "second": ge(t**2 + (k * m * t) ** 2 / (4 * GAP), _NEXT),
}

PROOF = (
    Cert(
        "first",
        CONCLUSIONS["first"],
        sum=(
            term("remainder", c=2, sq=(k,)),
            term("norm", sq=(k**2,)),
            term("h<=eta", "beta>=0", sq=(k * r,)),
        ),
    ),
    Cert(
        "second",
        CONCLUSIONS["second"],
        times=("a>0",),
        sum=(term("first", "a>0"), term(c="1/4", sq=(k * m * t - 2 * GAP * k * r,))),
    ),
)


def _mutants(c):
    # One sample and one parameter, F = w: t = r = k = 1 at eta = beta = 1, where the step ends in the zero.
    at = {t: 1, r: 1, k: 1, m: 0, p: 1, n: 1, eta: 1, beta: 1}
    yield Mutant(
        "a = 2",
        c.but(swap={CONCLUSIONS["first"]: ge(t**2 - 2 * (k * r) ** 2 + k * m * t * k * r, _NEXT)}),
        at,
    )
    yield Mutant("a step above eta", c.but(drop=("h<=eta",)), {**at, k: 2, n: 1})
    yield Mutant("no remainder", c.but(drop=("remainder",)), {**at, p: "1/2"})
    yield Mutant("a batch of larger norm", c.but(drop=("norm",)), {**at, n: 2})


def _draw(rng):
    size, bound, share = rng.uniform(0.1, 2), rng.uniform(0.1, 2), rng.uniform(0, 1.9)
    step, dist, bend = (share / bound * rng.random()) ** 0.5, rng.uniform(0.1, 2), rng.uniform(0, 1)
    return {
        t: dist, r: size, k: step, m: bend, beta: bound, eta: share / bound + 1e-9,
        p: size**2 - rng.uniform(-1, 1) * size * bend * dist / 2, n: rng.random() * bound * size**2,
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
