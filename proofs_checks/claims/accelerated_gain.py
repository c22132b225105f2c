r"""suprema over the circle: a parabola against a line

Theorem M3: the gains of heavy ball on $|z| = q$, for one eigenvalue.

With $x = \cos\varphi$, $A = q + m/q$, $B = q - m/q$, $b = 1 + m - \kappa$: $|D|^2 = q^2P(x)$ with $P(x) = (Ax - b)^2
+ B^2(1 - x^2)$. If G > 0, m > 0 and $B^2vG^2 - (4ml_0 - Abl_1)G - l_1^2/4 \ge 0$, $v = 4m - b^2$, then $GP(x) \ge
l_0 - l_1x$ for all x; and if $GB^2v \ge 4m\kappa$ then $GP(x) \ge \kappa$. The lines of the gains: $|z - m|^2 = q^2
+ m^2 - 2mqx$ and $|z - 1|^2 = q^2 + 1 - 2qx$.

Source: theory of momentum section 5, suprema.
"""

import math

import sympy as sp

from pltheory.theory.acceleration import Circle

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim

m, q, kap, x, y, l0, l1, gain, other = sp.symbols("m q kap x y l0 l1 gain other")
AT = Circle(m, q, kap)
SUM, DIFFERENCE = AT.half_sum, AT.half_difference
P = (SUM * x - AT.be) ** 2 + DIFFERENCE**2 * (1 - x**2)
# z = q (x + i y) on the circle.
_RE, _IM = q * x, q * y
_D = (_RE**2 - _IM**2 - AT.be * _RE + m, 2 * _RE * _IM - AT.be * _IM)

ASSUMPTIONS = {
    "m>0": gt(m),
    "q>0": gt(q),
    "gain>0": gt(gain),
    "other>=0": ge(other),
    "circle": eq(x**2 + y**2, 1),
    "quotient": ge(AT.quotient(l0, l1, gain)),
    "square across": ge(AT.across(other)),
}

CONCLUSIONS = {
    "D": eq(_D[0] ** 2 + _D[1] ** 2, q**2 * P),
    "z - m": eq((_RE - m) ** 2 + _IM**2, q**2 + m**2 - 2 * m * q * x),
    "z - 1": eq((_RE - 1) ** 2 + _IM**2, q**2 + 1 - 2 * q * x),
    "gain": ge(gain * P, l0 - l1 * x),
    "across": ge(other * P, kap),
}

_SLOPE = l1 - 2 * SUM * AT.be * gain

PROOF = (
    Cert(
        "D",
        CONCLUSIONS["D"],
        mod={"circle": q**4 * (x**2 + y**2 + 1) - 2 * m * q**2 + AT.be**2 * q**2 - 2 * AT.be * q**3 * x},
    ),
    Cert("z - m", CONCLUSIONS["z - m"], mod={"circle": q**2}),
    Cert("z - 1", CONCLUSIONS["z - 1"], mod={"circle": q**2}),
    Cert(
        "gain",
        CONCLUSIONS["gain"],
        times=("gain>0", "m>0"),
        sum=(term(c="1/16", sq=(8 * m * gain * x + _SLOPE,)), term("quotient", c="1/4")),
    ),
    Cert(
        "across",
        CONCLUSIONS["across"],
        times=("m>0",),
        sum=(term("other>=0", c="1/4", sq=(4 * m * x - SUM * AT.be,)), term("square across", c="1/4")),
    ),
)


def _mutants(c):
    # m = 1/4, q = 1, kap = 5/4: be = 0, A = 5/4, B = 3/4, v = 1, P = 9/16 + x^2, smallest at x = 0.
    at = {m: "1/4", q: 1, kap: "5/4", x: 0, y: 1, l0: "9/16", l1: 0, gain: 1, other: "20/9"}
    yield Mutant(
        "half the gain",
        c.but(swap={CONCLUSIONS["gain"]: ge(gain * P, 2 * (l0 - l1 * x))}),
        at,
    )
    yield Mutant("without v", c.but(swap={CONCLUSIONS["across"]: ge(other * P, 2 * kap)}), at)
    yield Mutant("no discriminant", c.but(drop=("quotient",)), {**at, gain: "1/2"})


def _draw(rng):
    mm = rng.uniform(0.05, 0.95)
    root = math.sqrt(mm)
    qq = root + (1 - root) * rng.uniform(0.05, 0.95)
    kk = rng.uniform((1 - root) ** 2, (1 + root) ** 2)
    angle = rng.uniform(0, 2 * math.pi)
    at = Circle(mm, qq, kk)
    line = rng.choice(((qq * qq + mm * mm, 2 * mm * qq), (qq * qq + 1, 2 * qq)))
    least, over = at.least_quotient(*line), at.least_across()
    point = {m: mm, q: qq, kap: kk, x: math.cos(angle), y: math.sin(angle), l0: line[0], l1: line[1]}
    return {**point, gain: 1.0001 * least, other: 1.0001 * over}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
