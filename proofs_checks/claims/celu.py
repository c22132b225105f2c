r"""ELU(1), CELU: s1 = 1, s2 = 1/alpha, no jump

The derivative of CELU, $e^{\min(z, 0)/\alpha}$, has no jump and a Lipschitz constant; ELU(1) is CELU with $\alpha =
1$.

For $\alpha > 0$ the derivative lies in $(0, 1]$ and $|D(z') - D(z)| \le |z' - z|/\alpha$, also across 0.

Source: theory of networks with kinks section 1.
"""

import math

import sympy as sp

from ..language import LEAST, Cases, Cert, Cited, Define, Mutant, Use, ge, gt, said, term
from ..notation import d, x, y, z
from ..statement import claim
from .least_change import CLAIM as LEAST_CHANGE
from .least_change import p, p1, q, q1

z1, alpha, D, D1 = sp.symbols("z1 alpha D D1")


def exponential(at, result):
    """A value of the exponential."""
    return said("the exponential of {0} is {1}", at, result)


EXPONENTIAL = Cited(
    "exponential_below_0",
    "analysis",
    r"For $x \le y \le 0$: $0 < e^x \le 1$ and $e^y - e^x \le y - x$ (mean value theorem), and $e^y \ge e^x$.",
    {"x<=y": ge(y, x), "y<=0": ge(-y), "at x": exponential(x, p), "at y": exponential(y, q)},
    {"positive": gt(p), "at most 1": ge(1, q), "change": ge(y - x, q - p), "grows": ge(q, p)},
)

_AT, _AT1 = LEAST(z, 0) / alpha, LEAST(z1, 0) / alpha

ASSUMPTIONS = {
    "alpha>0": gt(alpha),
    "up": ge(d, z1 - z),
    "down": ge(d, z - z1),
    "D": exponential(_AT, D),
    "D1": exponential(_AT1, D1),
}

CONCLUSIONS = {
    "s1": ge(1, D),
    "positive": gt(D),
    "s2 up": ge(d / alpha, D1 - D),
    "s2 down": ge(d / alpha, D - D1),
}

u, u1 = sp.symbols("u u1")


def _ordered(low, high, grows, falls, change):
    """The four facts where the first argument is at most the second."""
    (at_low, slope_low), (at_high, slope_high) = low, high
    return (
        Cert("order", ge(at_high, at_low), times=("alpha>0",), sum=(term("which"),)),
        Use("exponential", EXPONENTIAL, {x: at_low, y: at_high, p: slope_low, q: slope_high}),
        Cert("low", ge(1, slope_low), sum=(term("exponential/at most 1"), term("exponential/grows"))),
        Cert("high", gt(slope_high), sum=(term("exponential/positive"), term("exponential/grows"))),
        Cert("move", ge(d / alpha, at_high - at_low), times=("alpha>0",), sum=(term(change),)),
        Cert(grows, CONCLUSIONS[grows], sum=(term("move"), term("exponential/change"))),
        Cert(falls, CONCLUSIONS[falls], sum=(term("d/alpha>=0"), term("exponential/grows"))),
    )


_HERE, _THERE = (_AT, D), (_AT1, D1)

PROOF = (
    Cert("d>=0", ge(d), sum=(term("up", c="1/2"), term("down", c="1/2"))),
    Cert("d/alpha>=0", ge(d / alpha), times=("alpha>0",), sum=(term("d>=0"),)),
    Define(u, LEAST(z, 0)),
    Define(u1, LEAST(z1, 0)),
    Use("least", LEAST_CHANGE, {p: z, p1: z1, q: sp.Integer(0), q1: sp.Integer(0)}),
    Cert("z below 0", ge(-_AT), times=("alpha>0",), sum=(term("u/second"),)),
    Cert("z1 below 0", ge(-_AT1), times=("alpha>0",), sum=(term("u1/second"),)),
    Cases(
        "which",
        CONCLUSIONS,
        on=u1 - u,
        left=_ordered(_HERE, _THERE, "s2 up", "s2 down", "least/up"),
        right=_ordered(_THERE, _HERE, "s2 down", "s2 up", "least/down"),
    ),
)


def _mutants(c):
    yield Mutant(
        "s2 = 9/(10 alpha)",
        c.but(swap={CONCLUSIONS["s2 up"]: ge(sp.Rational(9, 10) * d / alpha, D1 - D)}),
        # From -1/10 to 0 with alpha = 1.
        lambda: _one_less_exponential(sp.Rational(1, 10)) > sp.Rational(9, 100),
    )
    yield Mutant(
        "s2 = 1 for every alpha",
        c.but(swap={CONCLUSIONS["s2 up"]: ge(d, D1 - D)}),
        # From -1/20 to 0 with alpha = 1/2.
        lambda: _one_less_exponential(sp.Rational(1, 10)) > sp.Rational(1, 20),
    )


def _one_less_exponential(y):
    """A lower bound of 1 - e^-y: e^-y < 1 - y + y^2/2."""
    return y - y**2 / 2


def _draw(rng):
    scale, first, by = rng.uniform(0.2, 3), rng.uniform(-3, 1), rng.uniform(-1, 1) * rng.choice((1, 0.01))
    slopes = [math.exp(min(e, 0.0) / scale) for e in (first, first + by)]
    return {z: first, z1: first + by, d: abs(by), alpha: scale, D: slopes[0], D1: slopes[1]}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
