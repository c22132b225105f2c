r"""gains of nearly balanced layers: s^2 and S^2 from the product

Theorem NC: the singular values of the last layer from those of the product of the last two, up to their imbalance.

Let $u$ be a unit left singular vector of $W$, $x = W^Tu$, $t = \|x\|^2$, so that $\|Wx\|^2 = t^2$, and $a =
\|V^Tx\|^2 = \|(WV)^Tu\|^2$; $|t^2 - a| = |x^TDx| \le e_2t$. For the largest, $a \le p^2$ gives $t \le (\sqrt{e_2^2 +
4p^2} + e_2)/2$; for the smallest, $a \ge q^2$ gives $t \ge (\sqrt{e_2^2 + 4q^2} - e_2)/2$. Balanced, $t = p$ and $t =
q$: the condition number of $W$ is the root of that of $WV$.

Source: derivation of neural collapse, Theorem NC.
"""

import sympy as sp

from pltheory.theory import formulas

from ..language import ROOT, Cases, Cert, Define, Mutant, Use, ge, shipped, term
from ..notation import x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

t, a, p, t1, a1, q, e2, u, v = sp.symbols("t a p t1 a1 q e2 u v")
greatest_gain, least_gain = shipped(formulas.greatest_gain), shipped(formulas.least_gain)

ASSUMPTIONS = {
    "e2>=0": ge(e2),
    "largest": ge(e2 * t, t**2 - a),
    "a<=p^2": ge(p**2, a),
    "t1>=0": ge(t1),
    "smallest": ge(e2 * t1, a1 - t1**2),
    "a1>=q^2": ge(a1, q**2),
}

CONCLUSIONS = {"greatest": ge(greatest_gain(p, e2), t), "least": ge(t1, least_gain(q, e2))}


def _radicand(z):
    return e2 * e2 + 4 * z * z


PROOF = (
    Cert("u^2>=0", ge(_radicand(p)), sum=(term(sq=(e2,)), term(sq=(p,), c=4))),
    Cert("v^2>=0", ge(_radicand(q)), sum=(term(sq=(e2,)), term(sq=(q,), c=4))),
    Define(u, ROOT(_radicand(p))),
    Define(v, ROOT(_radicand(q))),
    Cert(
        "above",
        ge(u**2, (2 * t - e2) ** 2),
        sum=(term("largest", c=4), term("a<=p^2", c=4)),
        mod={"u/square": 1},
    ),
    Cases(
        "order",
        CONCLUSIONS["greatest"],
        on=u + e2 - 2 * t,
        left=(Cert("side", CONCLUSIONS["greatest"], sum=(term("order", c="1/2"),)),),
        # With D = 2 t - e2 - u > 0: -D^2 = (u^2 - (2 t - e2)^2) + 2 u D, a nonnegative sum: a contradiction.
        right=(
            Cert(
                "side",
                CONCLUSIONS["greatest"],
                sum=(term("above", c="1/2"), term("order", "u/nonneg")),
                times=("order",),
            ),
        ),
    ),
    Cert(
        "below",
        ge((2 * t1 + e2) ** 2, v**2),
        sum=(term("smallest", c=4), term("a1>=q^2", c=4)),
        mod={"v/square": -1},
    ),
    Cert("right>=0", ge(2 * t1 + e2), sum=(term("t1>=0", c=2), term("e2>=0"))),
    Use("root", MONOTONE_ROOT, {x: v, y: 2 * t1 + e2}),
    Cert("least", CONCLUSIONS["least"], sum=(term("root/x<=y", c="1/2"),)),
)


def _draw(rng):
    at = {k: rng.uniform(0, 2) for k in (t, t1, e2)}
    at |= {a: at[t] ** 2 + rng.uniform(-1, 1) * at[e2] * at[t], a1: at[t1] ** 2 + rng.uniform(-1, 1) * at[e2] * at[t1]}
    return at | {p: max(0.0, at[a]) ** 0.5 * rng.uniform(1, 2), q: max(0.0, at[a1]) ** 0.5 * rng.uniform(0, 1)}


def _mutants(c):
    at = {e2: "3/2", t: 2, a: 1, p: 1, t1: "1/2", a1: 1, q: 1}
    without = ge(greatest_gain(p, 0), t)
    yield Mutant("as if balanced, from above", c.but(swap={CONCLUSIONS["greatest"]: without}), at)
    without = ge(t1, least_gain(q, 0))
    yield Mutant("as if balanced, from below", c.but(swap={CONCLUSIONS["least"]: without}), at)
    yield Mutant("a larger product", c.but(drop=("a<=p^2",)), {**at, p: 0})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
