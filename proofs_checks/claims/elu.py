r"""ELU: s1 = max(1, alpha), s2 = alpha, js = |1 - alpha|

The constants of a function that is z above 0 and $\alpha(e^z - 1)$ below.

Let $x \le y \le 0 \le t$ with $p = e^x$, $q = e^y$. The slopes are $\alpha p$, $\alpha q$ and 1: those below 0 differ
by at most $\alpha$ times the distance, and over the kink by $|1 - \alpha|$ more. Values differ by at most $S$ times the
distance for any $S \ge 1, \alpha$. For $\alpha = 1$ nothing jumps.

Source: theory of networks with kinks section 1.
"""

import math

import sympy as sp

from ..language import Cert, Mutant, Use, ge, gt, term
from ..notation import x, y
from ..statement import claim
from .celu import EXPONENTIAL, exponential
from .least_change import p, q

alpha, top, s1, js = sp.symbols("alpha t S j")

ASSUMPTIONS = {
    "alpha>0": gt(alpha),
    "x<=y": ge(y, x),
    "y<=0": ge(-y),
    "t>=0": ge(top),
    "at x": exponential(x, p),
    "at y": exponential(y, q),
    "at 0": exponential(sp.Integer(0), sp.Integer(1)),
    "s1>=1": ge(s1, 1),
    "s1>=alpha": ge(s1, alpha),
    "js>=1-alpha": ge(js, 1 - alpha),
    "js>=alpha-1": ge(js, alpha - 1),
}

CONCLUSIONS = {
    "slopes below": ge(alpha * (y - x), alpha * q - alpha * p),
    "slopes below, rising": ge(alpha * q - alpha * p),
    "slopes over the kink": ge(alpha * (top - y) + js, 1 - alpha * q),
    "slopes over the kink, falling": ge(alpha * (top - y) + js, alpha * q - 1),
    "slope below": ge(s1, alpha * q),
    "slope above": ge(s1, 1),
    "values below": ge(s1 * (y - x), alpha * (q - 1) - alpha * (p - 1)),
    "values over the kink": ge(s1 * (top - y), top - alpha * (q - 1)),
    "values over the kink, rising": ge(top - alpha * (q - 1)),
}

PROOF = (
    Use("below", EXPONENTIAL, {x: x, y: y, p: p, q: q}),
    Cert("0<=0", ge(sp.Integer(0))),
    Use("to 0", EXPONENTIAL, {x: y, y: sp.Integer(0), p: q, q: sp.Integer(1)}),
    Cert("slopes below", CONCLUSIONS["slopes below"], sum=(term("alpha>0", "below/change"),)),
    Cert("slopes below, rising", CONCLUSIONS["slopes below, rising"], sum=(term("alpha>0", "below/grows"),)),
    # 1 - alpha q = 1 - alpha + alpha (1 - q), and 1 - q is at most -y.
    Cert(
        "slopes over the kink",
        CONCLUSIONS["slopes over the kink"],
        sum=(term("js>=1-alpha"), term("alpha>0", "to 0/change"), term("alpha>0", "t>=0")),
    ),
    Cert(
        "slopes over the kink, falling",
        CONCLUSIONS["slopes over the kink, falling"],
        sum=(term("js>=alpha-1"), term("alpha>0", "to 0/grows"), term("alpha>0", "t>=0"), term("alpha>0", "y<=0")),
    ),
    Cert("slope below", CONCLUSIONS["slope below"], sum=(term("s1>=alpha"), term("alpha>0", "to 0/grows"))),
    Cert("slope above", CONCLUSIONS["slope above"], sum=(term("s1>=1"),)),
    Cert(
        "values below",
        CONCLUSIONS["values below"],
        sum=(term("alpha>0", "below/change"), term("s1>=alpha", "x<=y")),
    ),
    Cert(
        "values over the kink",
        CONCLUSIONS["values over the kink"],
        sum=(term("s1>=1", "t>=0"), term("s1>=alpha", "y<=0"), term("alpha>0", "to 0/change")),
    ),
    Cert(
        "values over the kink, rising",
        CONCLUSIONS["values over the kink, rising"],
        sum=(term("t>=0"), term("alpha>0", "to 0/grows")),
    ),
)


def _mutants(c):
    at = {alpha: 2, x: 0, y: 0, p: 1, q: 1, top: 0, s1: 2, js: 1}
    yield Mutant("s1 = 1", c.but(drop=("s1>=alpha",)), {**at, s1: 1})
    yield Mutant("no jump", c.but(drop=("js>=alpha-1",)), {**at, js: 0})
    yield Mutant("no jump, alpha below 1", c.but(drop=("js>=1-alpha",)), {**at, alpha: "1/2", s1: 1, js: 0})
    yield Mutant(
        "s2 = 9/10 alpha",
        c.but(swap={CONCLUSIONS["slopes below"]: ge(sp.Rational(9, 10) * alpha * (y - x), alpha * q - alpha * p)}),
        # From -1/10 to 0: e^-y < 1 - y + y^2/2.
        lambda: sp.Rational(1, 10) - sp.Rational(1, 200) > sp.Rational(9, 100),
    )


def _draw(rng):
    scale, last = rng.choice((1.0, rng.uniform(0.1, 3))), -rng.choice((0.0, rng.uniform(0, 3)))
    first = last - rng.choice((0.0, rng.uniform(0, 2)))
    return {
        alpha: scale, x: first, y: last, p: math.exp(first), q: math.exp(last), top: rng.choice((0.0, rng.random())),
        s1: max(1.0, scale), js: abs(1 - scale),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
