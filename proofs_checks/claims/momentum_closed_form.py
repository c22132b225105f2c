r"""k in closed form, heavy ball with h_t = eta

Theorem M2 without a search: al = 0, C = m^2, in the units of one step.

Let $d' = md - g$, $v = 1 - m^2 - b$, $X^2 = \|g\|^2 + m^2\varepsilon\|d\|^2$ and $L' \le L + \langle g, d'\rangle +
(b/2)\|d'\|^2$. Then $E - E' \ge \frac12\|g\|^2 + \frac v2\|d'\|^2$, and with $k^2 = (v - 2\varepsilon)/(1 +
2\varepsilon)$, $k \ge 0$: $E - E' \ge k\|d'\|X$. One coordinate stands for any number.

Source: theory of momentum section 4, closed form of M2.
"""

import sympy as sp

from pltheory.theory.forms import closed_form_squared

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim

m, b, eps, g, d, k, X, length, lv, lw = sp.symbols("m b eps g d k X length L_v L_w")
_D1 = m * d - g
_V = 1 - m**2 - b
_FALL = lv + m**2 * d**2 / 2 - lw - m**2 * _D1**2 / 2
_LEAST = g**2 / 2 + _V * _D1**2 / 2

ASSUMPTIONS = {
    "eps>=0": ge(eps),
    "1+2eps>0": gt(1 + 2 * eps),
    "k>=0": ge(k),
    "k^2": eq(k**2, closed_form_squared(m, b, eps)),
    "X^2": eq(X**2, g**2 + m**2 * eps * d**2),
    "l^2": eq(length**2, _D1**2),
    "descent": ge(lv + g * _D1 + b * _D1**2 / 2, lw),
}

CONCLUSIONS = {
    "falls": ge(_FALL, _LEAST),
    "path": ge(_FALL, k * length * X),
}

_MORE = 1 + 2 * eps

PROOF = (
    Cert("falls", CONCLUSIONS["falls"], sum=(term("descent"),)),
    # (m d)^2 = (d' + g)^2 <= 2 d'^2 + 2 g^2.
    Cert("X", ge((1 + 2 * eps) * g**2 + 2 * eps * _D1**2, X**2), sum=(term("eps>=0", sq=(_D1 - g,)),), mod={"X^2": -1}),
    Cert("k2", eq(_MORE * k**2, _V - 2 * eps), mod={"k^2": _MORE}),
    Cert(
        "path",
        CONCLUSIONS["path"],
        times=("1+2eps>0",),
        sum=(
            term("falls", "1+2eps>0"),
            term("X", c="1/2"),
            term(c="1/2", sq=(_MORE * k * length - X,)),
            term("eps>=0", "eps>=0", c=2, sq=(_D1,)),
        ),
        mod={"l^2": -(_MORE**2) * k**2 / 2, "k2": -_MORE * _D1**2 / 2},
    ),
)


def _mutants(c):
    # m = 0: a step of gradient descent on a parabola, b = 3/4 and so k = 1/2; L falls by exactly (5/8) g^2.
    at = {m: 0, b: "3/4", eps: 0, g: 1, d: 0, k: "1/2", X: 1, length: 1, lv: "5/8", lw: 0}
    yield Mutant("twice k", c.but(swap={CONCLUSIONS["path"]: ge(_FALL, 2 * k * length * X)}), at)
    yield Mutant("all of the gradient", c.but(swap={CONCLUSIONS["falls"]: ge(_FALL, _LEAST + g**2 / 4)}), at)
    yield Mutant("no descent", c.but(drop=("descent",)), {**at, lw: 2})


def _draw(rng):
    x = {m: rng.uniform(0, 0.9), eps: rng.uniform(0, 0.02), g: rng.gauss(0, 1), d: rng.gauss(0, 1), lv: rng.random()}
    x[b] = rng.uniform(0, 1) * (1 - x[m] ** 2 - 2 * x[eps])
    after = x[m] * x[d] - x[g]
    square = x[g] ** 2 + x[m] ** 2 * x[eps] * x[d] ** 2
    kk = (1 - x[m] ** 2 - x[b] - 2 * x[eps]) / (1 + 2 * x[eps])
    x |= {X: square**0.5, length: abs(after), k: max(0.0, kk) ** 0.5}
    return {**x, lw: x[lv] + x[g] * after + x[b] * after**2 / 2}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
