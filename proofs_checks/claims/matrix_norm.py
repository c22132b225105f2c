r"""norm of a 2 x 2 matrix

Theorem T: the larger singular value of a 2 x 2 matrix, half the sum of two roots, bounds what it does to a vector.

For $M$ with rows (p, q) and (r, s) and $N = (\sqrt{(p + s)^2 + (q - r)^2} + \sqrt{(p - s)^2 + (q + r)^2})/2$: $|M (x,
y)|^2 \le N^2 (x^2 + y^2)$. M is half a rotation times the first root plus half a reflection times the second.

Source: derivations, Theorem T section 3.
"""

import sympy as sp

from ..language import ROOT, Cases, Cert, Define, Mutant, ge, term
from ..notation import s, x, y
from ..statement import claim

p, q, r, first, second = sp.symbols("p q r first second")
_FIRST, _SECOND = (p + s) ** 2 + (q - r) ** 2, (p - s) ** 2 + (q + r) ** 2
# Twice what the rotation and the reflection make of (x, y).
_A = ((p + s) * x + (q - r) * y, (r - q) * x + (p + s) * y)
_B = ((p - s) * x + (q + r) * y, (q + r) * x + (s - p) * y)
_DOT = _A[0] * _B[0] + _A[1] * _B[1]
_IMAGE = (p * x + q * y) ** 2 + (r * x + s * y) ** 2
_LENGTH = x**2 + y**2
_PRODUCT = first * second * _LENGTH

ASSUMPTIONS = {"0>=0": ge(sp.Integer(0))}

CONCLUSIONS = {"norm": ge(((ROOT(_FIRST) + ROOT(_SECOND)) / 2) ** 2 * _LENGTH, _IMAGE)}

PROOF = (
    Cert("first^2>=0", ge(_FIRST), sum=(term(sq=(p + s,)), term(sq=(q - r,)))),
    Cert("second^2>=0", ge(_SECOND), sum=(term(sq=(p - s,)), term(sq=(q + r,)))),
    Define(first, ROOT(_FIRST)),
    Define(second, ROOT(_SECOND)),
    Cert("length>=0", ge(_LENGTH), sum=(term(sq=(x,)), term(sq=(y,)))),
    # Cauchy and Schwarz, by Lagrange's identity.
    Cert(
        "squares",
        ge(_PRODUCT**2, _DOT**2),
        sum=(term(sq=(_A[0] * _B[1] - _A[1] * _B[0],)),),
        mod={"first/square": second**2 * _LENGTH**2, "second/square": _FIRST * _LENGTH**2},
    ),
    Cert("product>=0", ge(_PRODUCT), sum=(term("first/nonneg", "second/nonneg", "length>=0"),)),
    Cases(
        "order",
        ge(_PRODUCT, _DOT),
        on=_PRODUCT - _DOT,
        left=(Cert("below", ge(_PRODUCT, _DOT), sum=(term("order"),)),),
        # With D = dot - product > 0: -D^2 is a nonnegative sum: a contradiction.
        right=(
            Cert(
                "below",
                ge(_PRODUCT, _DOT),
                sum=(term("squares"), term("order", "product>=0", c=2)),
                times=("order",),
            ),
        ),
    ),
    Cert(
        "norm",
        CONCLUSIONS["norm"],
        sum=(term("order", c="1/2"),),
        mod={"first/square": _LENGTH / 4, "second/square": _LENGTH / 4},
    ),
)


def _draw(rng):
    return {k: rng.uniform(-2, 2) for k in (p, q, r, s, x, y)}


def _mutants(c):
    flipped = [ROOT(e.subs(r, -r)) for e in (_FIRST, _SECOND)]
    wrong = ge((sum(flipped) / 2) ** 2 * _LENGTH, _IMAGE)
    at = {p: 1, q: "3/4", r: "3/4", s: 1, x: 1, y: 1}
    yield Mutant("the other sign of an entry", c.but(swap={CONCLUSIONS["norm"]: wrong}), at)


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
