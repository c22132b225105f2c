r"""the exponential of a small change

Theorem F2, supermartingale: $e^v \le 1 + v + .51v^2$ for $-1 \le v \le .04$, and what it gives for $v = us - ws^2$.

Let $u, s \ge 0$, $w > 0$, $ws^2 \le 1$, $25u^2 \le 4w$ and $v = us - ws^2$. Then $-1 \le v \le .04$ and $v^2 \le 1.16\,
ws^2$. Where $E \le 1 + v + v^2/2 + v^3/6 + v^4/12$, as $E = e^v$ is for $v \le .04$, $E \le 1 + us - .408\,ws^2$.

Source: theory of mini-batches section 4, Theorem F2, proof of (iii).
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim

u, s, w, v, E = sp.symbols("u s w v E")
HIGH, TWO = sp.Rational(1, 25), sp.Rational(51, 100)

ASSUMPTIONS = {
    "u>=0": ge(u),
    "s>=0": ge(s),
    "w>0": gt(w),
    "w s^2<=1": ge(1, w * s**2),
    "share": ge(4 * w, 25 * u**2),
    "v": eq(v, u * s - w * s**2),
    "Taylor": ge(1 + v + v**2 / 2 + v**3 / 6 + v**4 / 12, E),
}

CONCLUSIONS = {
    "low": ge(v, -1),
    "high": ge(HIGH, v),
    "square": ge(sp.Rational(116, 100) * w * s**2, v**2),
    "exponential": ge(1 + v + TWO * v**2, E),
    "mean": ge(1 + u * s - sp.Rational(408, 1000) * w * s**2, E),
}

PROOF = (
    Cert("low", CONCLUSIONS["low"], sum=(term("w s^2<=1"), term("u>=0", "s>=0")), mod={"v": 1}),
    Cert(
        "high",
        CONCLUSIONS["high"],
        times=("w>0",),
        sum=(term("share", c="1/100"), term(sq=(w * s - u / 2,))),
        mod={"v": -w},
    ),
    Cert(
        "square",
        CONCLUSIONS["square"],
        sum=(
            term("share", c="1/25", sq=(s,)),
            term("w>0", "w s^2<=1", sq=(s,)),
            term("u>=0", "s>=0", "w>0", c=2, sq=(s,)),
        ),
        mod={"v": -(v + u * s - w * s**2)},
    ),
    Cert(
        "exponential",
        CONCLUSIONS["exponential"],
        sum=(
            term("Taylor"),
            term("low", "high", c="1/12", sq=(v,)),
            term("high", c="13/150", sq=(v,)),
            term(c="2/625", sq=(v,)),
        ),
    ),
    Cert(
        "mean",
        CONCLUSIONS["mean"],
        sum=(term("exponential"), term("square", c=TWO), term("w>0", c="1/2500", sq=(s,))),
        mod={"v": -1},
    ),
)


def _mutants(c):
    at = {u: "2/5", s: "1/2", w: 1, v: "-1/20", E: "951/1000"}
    yield Mutant(
        "half of the square",
        c.but(swap={CONCLUSIONS["exponential"]: ge(1 + v + v**2 / 2, E)}),
        {**at, s: "1/5", v: "1/25", E: "10408107/10000000"},
    )
    yield Mutant(
        "all of w s^2 kept",
        c.but(swap={CONCLUSIONS["mean"]: ge(1 + u * s - w * s**2, E)}),
        {**at, v: "-1/20", E: "9512/10000"},
    )
    yield Mutant("w s^2 not bounded", c.but(drop=("w s^2<=1",)), {**at, u: 0, s: 2, v: -4, E: 0})
    yield Mutant("a large share", c.but(drop=("share",)), {**at, u: 2, s: 1, v: 1, E: "27/10"})


def _draw(rng):
    curved, size = rng.uniform(0.1, 2), rng.random()
    root = size / curved**0.5
    push = 0.4 * curved**0.5 * rng.random()
    change = push * root - curved * root**2
    most = 1 + change + change**2 / 2 + change**3 / 6 + change**4 / 12
    return {u: push, s: root, w: curved, v: change, E: most * (1 - 1e-9)}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
