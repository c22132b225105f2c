r"""third central moment of values in an interval, r^3/(6 sqrt 3)

The third moment about the mean of a law on an interval of length r is at most $r^3/(6\sqrt 3)$.

If $-a \le y_i \le b$, $\sum p_i = 1$, $p_i \ge 0$ and $\sum p_i y_i = 0$ then $\sum p_i y_i^3 \le \sqrt{1/108}\,(a +
b)^3$. For $b \ge 2a$ the cubic $(b - y)(y + a)(y + b - a)$ is nonnegative on the interval and its mean is $ab(b - a) -
\sum p_i y_i^3$; the two points -a and b attain this. Else $(b - y)(y + b/2)^2$ gives $b^3/4 \le (2/27)(a + b)^3$.
Written for three values; more values add terms of the same form.

Source: theory of layered graphs section 6, softmax.
"""

from fractions import Fraction

import sympy as sp

from ..language import ROOT, Cases, Cert, Define, Mutant, Use, eq, ge, term
from ..notation import u, x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

N = 3
_R = range(N)
a, b = sp.symbols("a b")
p, v = sp.symbols(f"p1:{N + 1}"), sp.symbols(f"y1:{N + 1}")
r = a + b
THIRD = sum(p[i] * v[i] ** 3 for i in _R)
CONSTANT = ROOT(sp.Rational(1, 108))

ASSUMPTIONS = {
    **{f"p{i + 1}>=0": ge(p[i]) for i in _R},
    "mass": eq(sum(p), 1),
    "mean": eq(sum(p[i] * v[i] for i in _R)),
    **{f"low {i + 1}": ge(v[i] + a) for i in _R},
    **{f"high {i + 1}": ge(b - v[i]) for i in _R},
}

CONCLUSIONS = {"bound": ge(CONSTANT * r**3, THIRD)}

_GOAL = ge(u * r**3, THIRD)
_TWO = a * b * (b - a)
_SMALL = sp.Rational(2, 27)

PROOF = (
    Cert(
        "a>=0",
        ge(a),
        sum=tuple(term(f"p{i + 1}>=0", f"low {i + 1}") for i in _R),
        mod={"mass": -a, "mean": -1},
    ),
    Cert(
        "b>=0",
        ge(b),
        sum=tuple(term(f"p{i + 1}>=0", f"high {i + 1}") for i in _R),
        mod={"mass": -b, "mean": 1},
    ),
    Cert("r>=0", ge(r), sum=(term("a>=0"), term("b>=0"))),
    Cert("1/108>=0", ge(sp.Rational(1, 108)), sum=(term(c="1/108"),)),
    Define(u, CONSTANT),
    Cert("u r^3>=0", ge(u * r**3), sum=(term("u/nonneg", "r>=0", "r>=0", "r>=0"),)),
    Cases(
        "side",
        _GOAL,
        on=b - 2 * a,
        left=(
            Cert(
                "two points",
                ge(_TWO, THIRD),
                sum=(
                    *[term(f"p{i + 1}>=0", f"high {i + 1}", f"low {i + 1}", f"low {i + 1}") for i in _R],
                    *[term(f"p{i + 1}>=0", f"high {i + 1}", f"low {i + 1}", "side") for i in _R],
                ),
                mod={"mass": -_TWO, "mean": -((b - a) ** 2 + a * b)},
            ),
            Cert("two points>=0", ge(_TWO), sum=(term("a>=0", "b>=0", "side"), term("a>=0", "a>=0", "b>=0"))),
            # r^6 - 108 q^2 (r^2 - 4 q) = (r^2 - 6 q)^2 (r^2 + 12 q) with q = a b.
            Cert(
                "squares",
                ge((u * r**3) ** 2, _TWO**2),
                sum=(
                    term(c="1/108", sq=(r, r**2 - 6 * a * b)),
                    term("a>=0", "b>=0", c="12/108", sq=(r**2 - 6 * a * b,)),
                ),
                mod={"u/square": r**6},
            ),
            Use("root", MONOTONE_ROOT, {x: _TWO, y: u * r**3}),
            Cert("bound", _GOAL, sum=(term("root/x<=y"), term("two points"))),
        ),
        right=(
            Cert(
                "touching",
                ge(b**3 / 4, THIRD),
                sum=tuple(term(f"p{i + 1}>=0", f"high {i + 1}", sq=(v[i] + b / 2,)) for i in _R),
                mod={"mass": -(b**3) / 4, "mean": -3 * b**2 / 4},
            ),
            Cert(
                "short",
                ge(_SMALL * r**3, b**3 / 4),
                sum=(
                    term("side", c="1/27", sq=(r,)),
                    term("side", "r>=0", "b>=0", c="1/18"),
                    term("side", c="1/12", sq=(b,)),
                ),
            ),
            Cert("2/27>=0", ge(_SMALL), sum=(term(c=_SMALL),)),
            Cert("constants", ge(u**2, _SMALL**2), sum=(term(c="11/2916"),), mod={"u/square": 1}),
            Use("root", MONOTONE_ROOT, {x: _SMALL, y: u}),
            Cert("bound", _GOAL, sum=(term("root/x<=y", "r>=0", "r>=0", "r>=0"), term("short"), term("touching"))),
        ),
    ),
)


def _two_points(low, high, weight, factor):
    """Whether the law with that weight at high refutes factor times the bound; the mean need not be 0."""
    third, length = weight * high**3 + (1 - weight) * low**3, high - low
    return third > 0 and third**2 > factor**2 * length**6 / 108


def _mutants(c):
    share = Fraction(21, 100)
    yield Mutant(
        "a hundredth less",
        c.but(swap={CONCLUSIONS["bound"]: ge(sp.Rational(99, 100) * CONSTANT * r**3, THIRD)}),
        lambda: _two_points(-share, 1 - share, share, Fraction(99, 100)),
    )
    yield Mutant("about another point", c.but(drop=("mean",)), lambda: _two_points(0, 1, 1, 1))


def _draw(rng):
    values = [rng.uniform(-1, 1) for _ in _R]
    weights = [rng.random() + 1e-3 for _ in _R]
    weights = [w / sum(weights) for w in weights]
    mean = sum(w * z for w, z in zip(weights, values, strict=True))
    values = [z - mean for z in values]
    return {
        **dict(zip(p, weights, strict=True)),
        **dict(zip(v, values, strict=True)),
        a: -min(values),
        b: max(values),
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
