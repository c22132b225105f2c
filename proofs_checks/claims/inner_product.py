r"""Cauchy and Schwarz, and the triangle inequality, by bounds of the norms

Inner products and sums of two vectors whose norms are bounded.

If $\|x\| \le X$ and $\|y\| \le Y$ then $|\langle x, y\rangle| \le X Y$ and $\|x + y\| \le X + Y$. Two entries stand
for any number.

Source: elementary.
"""

import math

import sympy as sp

from ..language import Cases, Cert, Mutant, ge, term
from ..statement import claim

x, y = sp.symbols("x1:3"), sp.symbols("y1:3")
X, Y = sp.symbols("X Y")
_DOT = x[0] * y[0] + x[1] * y[1]

ASSUMPTIONS = {
    "X>=0": ge(X),
    "Y>=0": ge(Y),
    "x": ge(X**2, x[0] ** 2 + x[1] ** 2),
    "y": ge(Y**2, y[0] ** 2 + y[1] ** 2),
}

CONCLUSIONS = {
    "above": ge(X * Y, _DOT),
    "below": ge(_DOT, -X * Y),
    "sum": ge((X + Y) ** 2, sum((p + q) ** 2 for p, q in zip(x, y, strict=True))),
}


def _bound(name, dot):
    # With D = dot - X Y > 0: -D^2 = (X Y)^2 - dot^2 + 2 D X Y, a nonnegative sum: a contradiction.
    return Cases(
        name,
        CONCLUSIONS[name],
        on=X * Y - dot,
        left=(Cert("order", CONCLUSIONS[name], sum=(term(name),)),),
        right=(Cert("order", CONCLUSIONS[name], times=(name,), sum=(term("squares"), term(name, "X Y>=0", c=2))),),
    )


PROOF = (
    Cert("X Y>=0", ge(X * Y), sum=(term("X>=0", "Y>=0"),)),
    Cert(
        "squares",
        ge((X * Y) ** 2, _DOT**2),
        sum=(term("x", sq=(Y,)), *[term("y", sq=(p,)) for p in x], term(sq=(x[0] * y[1] - x[1] * y[0],))),
    ),
    _bound("above", _DOT),
    _bound("below", -_DOT),
    Cert("sum", CONCLUSIONS["sum"], sum=(term("x"), term("y"), term("above", c=2))),
)


def _mutants(c):
    at = {**dict(zip((*x, *y), (1, 0, 1, 0), strict=True)), X: 1, Y: 1}
    yield Mutant("half the product", c.but(swap={CONCLUSIONS["above"]: ge(X * Y / 2, _DOT)}), at)
    squares = ge(X**2 + Y**2, sum((p + q) ** 2 for p, q in zip(x, y, strict=True)))
    yield Mutant("the root of the sum of squares", c.but(swap={CONCLUSIONS["sum"]: squares}), at)
    yield Mutant("a longer vector", c.but(drop=("x",)), {**at, X: 0})


def _draw(rng):
    v, w = ([rng.gauss(0, 1) for _ in x] for _ in range(2))
    if rng.random() < 0.3:
        w = [rng.uniform(-1, 1) * p for p in v]
    return {**dict(zip((*x, *y), (*v, *w), strict=True)), X: math.hypot(*v) + 1e-9, Y: math.hypot(*w) + 1e-9}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
