r"""hardswish: s1 = 3/2, s2 = 1/3, js = 1/2

The constants of $z\,\min(\max(z + 3, 0), 6)/6$, which has two kinks and is curved between them.

Let $l \le -3 \le m, n \le 3 \le t$. The slope is 0 at l, $m/3 + 1/2 \in [-1/2, 3/2]$ at m, 1 at t: two slopes differ
by at most a third of the distance, and 1/2 where kinks lie between, also where both do. Values $0$, $m(m + 3)/6$, t
differ by at most 3/2 times the distance. At the kinks the slopes jump by 1/2, and at 3 the slope reaches 3/2.

Source: theory of networks with kinks section 1.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..statement import claim

low, m, n, top = sp.symbols("l m n t")
_THIRD, _HALF, _S1 = sp.Rational(1, 3), sp.Rational(1, 2), sp.Rational(3, 2)


def _slope(e):
    return e / 3 + _HALF


def _value(e):
    return e * (e + 3) / 6


ASSUMPTIONS = {
    "l<=-3": ge(-3, low),
    "m>=-3": ge(m, -3),
    "m<=3": ge(3, m),
    "n>=-3": ge(n, -3),
    "n<=m": ge(m, n),
    "t>=3": ge(top, 3),
}

CONCLUSIONS = {
    "between the kinks": eq(_slope(m) - _slope(n), _THIRD * (m - n)),
    "over the first kink": ge(_THIRD * (m - low) + _HALF, _slope(m)),
    "over the first kink, falling": ge(_slope(m), -(_THIRD * (m - low) + _HALF)),
    "over the second kink": ge(_THIRD * (top - m) + _HALF, 1 - _slope(m)),
    "over the second kink, falling": ge(1 - _slope(m), -(_THIRD * (top - m) + _HALF)),
    "over both": ge(_THIRD * (top - low) + _HALF, 1),
    "slope above": ge(_S1, _slope(m)),
    "slope below": ge(_slope(m), -_HALF),
    "values": ge(_S1 * (m - n), _value(m) - _value(n)),
    "values, falling": ge(_value(m) - _value(n), -_S1 * (m - n)),
    "values over the first kink": ge(_S1 * (m - low), _value(m)),
    "values over the first kink, falling": ge(_value(m), -_S1 * (m - low)),
    "values over the second kink": ge(_S1 * (top - m), top - _value(m)),
    "values over the second kink, rising": ge(top - _value(m), 0),
    "jump at -3": eq(0 - _slope(-3), _HALF),
    "jump at 3": eq(_slope(3) - 1, _HALF),
}

PROOF = (
    Cert("n<=3", ge(3, n), sum=(term("n<=m"), term("m<=3"))),
    Cert("between the kinks", CONCLUSIONS["between the kinks"]),
    Cert("over the first kink", CONCLUSIONS["over the first kink"], sum=(term("l<=-3", c="1/3"), term())),
    Cert(
        "over the first kink, falling",
        CONCLUSIONS["over the first kink, falling"],
        sum=(term("m>=-3", c="2/3"), term("l<=-3", c="1/3")),
    ),
    Cert("over the second kink", CONCLUSIONS["over the second kink"], sum=(term("t>=3", c="1/3"), term())),
    Cert(
        "over the second kink, falling",
        CONCLUSIONS["over the second kink, falling"],
        sum=(term("m<=3", c="2/3"), term("t>=3", c="1/3")),
    ),
    Cert(
        "over both",
        CONCLUSIONS["over both"],
        sum=(term("t>=3", c="1/3"), term("l<=-3", c="1/3"), term(c="3/2")),
    ),
    Cert("slope above", CONCLUSIONS["slope above"], sum=(term("m<=3", c="1/3"),)),
    Cert("slope below", CONCLUSIONS["slope below"], sum=(term("m>=-3", c="1/3"),)),
    # The values differ by (m - n)(m + n + 3)/6.
    Cert(
        "values",
        CONCLUSIONS["values"],
        sum=(term("n<=m", "m<=3", c="1/6"), term("n<=m", "n<=3", c="1/6")),
    ),
    Cert(
        "values, falling",
        CONCLUSIONS["values, falling"],
        sum=(term("n<=m", "m>=-3", c="1/6"), term("n<=m", "n>=-3", c="1/6"), term("n<=m")),
    ),
    Cert(
        "values over the first kink",
        CONCLUSIONS["values over the first kink"],
        sum=(term("l<=-3", c="3/2"), term("m>=-3", "m<=3", c="1/6"), term("m>=-3")),
    ),
    Cert(
        "values over the first kink, falling",
        CONCLUSIONS["values over the first kink, falling"],
        sum=(term("l<=-3", c="3/2"), term("m>=-3", "m>=-3", c="1/6"), term("m>=-3")),
    ),
    # t - m (m + 3)/6 = t - 3 + (3 - m)(m + 6)/6.
    Cert(
        "values over the second kink",
        CONCLUSIONS["values over the second kink"],
        sum=(term("t>=3", c="1/2"), term("m<=3", "m<=3", c="1/6")),
    ),
    Cert(
        "values over the second kink, rising",
        CONCLUSIONS["values over the second kink, rising"],
        sum=(term("t>=3"), term("m<=3", "m>=-3", c="1/6"), term("m<=3", c="1/2")),
    ),
    Cert("jump at -3", CONCLUSIONS["jump at -3"]),
    Cert("jump at 3", CONCLUSIONS["jump at 3"]),
)


def _mutants(c):
    at = {low: -3, m: 3, n: 3, top: 3}
    yield Mutant("s1 = 1", c.but(swap={CONCLUSIONS["slope above"]: ge(1, _slope(m))}), at)
    less = ge(1 - _slope(m), -(_THIRD * (top - m) + sp.Rational(2, 5)))
    yield Mutant("js = 2/5", c.but(swap={CONCLUSIONS["over the second kink, falling"]: less}), at)
    flat = eq(_slope(m) - _slope(n), (m - n) / 4)
    yield Mutant("s2 = 1/4", c.but(swap={CONCLUSIONS["between the kinks"]: flat}), {**at, n: -3})


def _draw(rng):
    first, second = sorted(rng.choice((-3.0, 3.0, rng.uniform(-3, 3))) for _ in range(2))
    return {low: -3 - rng.choice((0.0, rng.random())), m: second, n: first, top: 3 + rng.choice((0.0, rng.random()))}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
