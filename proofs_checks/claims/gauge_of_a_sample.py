r"""cross-entropy of a sample: its gradient by 1 - p_y

How large the gradient of the cross-entropy in the outputs is, by the probability of the right class.

For one sample the gradient is $p - e_y$, so its square is $(1 - p_y)^2 + \sum_{c \ne y} p_c^2$ with $\sum_{c \ne y} p_c
= 1 - p_y$: at least $\frac{C}{C - 1}(1 - p_y)^2$ by Cauchy and Schwarz, and at most $2(1 - p_y)^2$. Three classes stand
for any number.

Source: theory of other losses section 1, gauge of the cross-entropy.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..statement import claim

own, first, second, square = sp.symbols("p_y p_1 p_2 gg")
_MISSED = 1 - own

ASSUMPTIONS = {
    "p1>=0": ge(first),
    "p2>=0": ge(second),
    "sum": eq(own + first + second, 1),
    "gradient": eq(square, (own - 1) ** 2 + first**2 + second**2),
}

CONCLUSIONS = {
    "lower": ge(square, sp.Rational(3, 2) * _MISSED**2),
    "upper": ge(2 * _MISSED**2, square),
}

_REST = 1 - own + first + second

PROOF = (
    # 1 - p_y is p_1 + p_2, and twice the sum of squares is the square of the sum and that of the difference.
    Cert(
        "lower",
        CONCLUSIONS["lower"],
        sum=(term(c="1/2", sq=(first - second,)),),
        mod={"gradient": 1, "sum": _REST / 2},
    ),
    Cert(
        "upper",
        CONCLUSIONS["upper"],
        sum=(term("p1>=0", "p2>=0", c=2),),
        mod={"gradient": -1, "sum": -_REST},
    ),
)


def _mutants(c):
    # One other class takes all that is missed: then the lower bound for two classes is wrong for three.
    even = {own: sp.Rational(1, 2), first: sp.Rational(1, 4), second: sp.Rational(1, 4), square: sp.Rational(3, 8)}
    yield Mutant("the factor of two classes", c.but(swap={CONCLUSIONS["lower"]: ge(square, 2 * _MISSED**2)}), even)
    one = {own: sp.Rational(1, 2), first: sp.Rational(1, 2), second: 0, square: sp.Rational(1, 2)}
    yield Mutant("an upper factor of one", c.but(swap={CONCLUSIONS["upper"]: ge(_MISSED**2, square)}), one)


def _draw(rng):
    parts = [rng.random() ** 3 for _ in range(3)]
    p = [v / sum(parts) for v in parts]
    return {own: p[0], first: p[1], second: p[2], square: (p[0] - 1) ** 2 + p[1] ** 2 + p[2] ** 2}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
