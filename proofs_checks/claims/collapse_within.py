r"""within-class variation: x <= sqrt((f/s)^2 + e2 g^2) <= e1/s + sqrt(e2) h

Theorem NC, NC1: the two parts of the variation are orthogonal; the stated bound adds them.

Let $x$ be the variation within classes of the last-layer features, $f \le e_1$ that of the outputs and $g \le h$ that
of what the layer before the last reads, $s^2x^2 \le f^2 + s^2e_2g^2$, $s > 0$. Then $x \le \sqrt{f^2/s^2 + e_2g^2} \le
e_1/s + \sqrt{e_2}\,h$. With $b$ the spread of the class means, $Sb \ge c$ and $c + e_1 \ge T > e_1$: $x^2/b^2 \le
(xS/(T - e_1))^2$.

Source: derivation of neural collapse, Theorem NC.
"""

import sympy as sp

from pltheory.theory import formulas

from ..language import ROOT, Cert, Define, Mutant, Use, ge, gt, shipped, term
from ..notation import x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

e1, f, s, e2, g, h, u, v = sp.symbols("e1 f s e2 g h u v")
S, b, c, T = sp.symbols("S b c T")
within_class = shipped(formulas.within_class)
within_class_apart = shipped(formulas.within_class_apart)
class_variability = shipped(formulas.class_variability)
_APART = within_class_apart(f, s, e2, g)
_RADICAND = f * f / (s * s) + e2 * g * g

ASSUMPTIONS = {
    "s>0": gt(s),
    "x>=0": ge(x),
    "f>=0": ge(f),
    "g>=0": ge(g),
    "e2>=0": ge(e2),
    "f<=e1": ge(e1, f),
    "g<=h": ge(h, g),
    "parts": ge(f**2 + s**2 * e2 * g**2, s**2 * x**2),
    "b>=0": ge(b),
    "S b>=c": ge(S * b, c),
    "triangle": ge(c + e1, T),
    "T>e1": gt(T, e1),
}

CONCLUSIONS = {
    "apart": ge(_APART, x),
    "stated": ge(within_class(e1, s, e2, h), _APART),
    "nc1": ge(class_variability(x, S, T, e1) * b**2, x**2),
}

PROOF = (
    Cert("s^2>0", gt(s * s), sum=(term("s>0", "s>0"),)),
    Cert("radicand>=0", ge(_RADICAND), sum=(term(sq=(f / s,)), term("e2>=0", sq=(g,)))),
    Define(u, ROOT(_RADICAND)),
    Define(v, ROOT(e2)),
    Cert("squares", ge(u**2, x**2), times=("s^2>0",), sum=(term("parts"),), mod={"u/square": s**2}),
    Use("root", MONOTONE_ROOT, {x: x, y: u}),
    Cert("apart", CONCLUSIONS["apart"], sum=(term("root/x<=y"),)),
    Cert("e1>=0", ge(e1), sum=(term("f<=e1"), term("f>=0"))),
    Cert("h>=0", ge(h), sum=(term("g<=h"), term("g>=0"))),
    Cert("sum>=0", ge(e1 + s * v * h), sum=(term("e1>=0"), term("s>0", "v/nonneg", "h>=0"))),
    Cert("s u>=0", ge(s * u), sum=(term("s>0", "u/nonneg"),)),
    Cert(
        "sum squares",
        ge((e1 + s * v * h) ** 2, (s * u) ** 2),
        sum=(
            term("e1>=0", "s>0", "v/nonneg", "h>=0", c=2),
            term("f<=e1", "f>=0"),
            term("f<=e1", "e1>=0"),
            term("e2>=0", "g<=h", "g>=0", sq=(s,)),
            term("e2>=0", "g<=h", "h>=0", sq=(s,)),
        ),
        mod={"u/square": -(s**2), "v/square": s**2 * h**2},
    ),
    Use("sum", MONOTONE_ROOT, {x: s * u, y: e1 + s * v * h}),
    Cert("stated", CONCLUSIONS["stated"], times=("s>0",), sum=(term("sum/x<=y"),)),
    Cert("reach", ge(S * b, T - e1), sum=(term("S b>=c"), term("triangle"))),
    Cert("(T - e1)^2>0", gt((T - e1) ** 2), sum=(term("T>e1", "T>e1"),)),
    Cert(
        "nc1",
        CONCLUSIONS["nc1"],
        times=("(T - e1)^2>0",),
        sum=(term("reach", "reach", sq=(x,)), term("reach", "T>e1", sq=(x,), c=2)),
    ),
)


def _draw(rng):
    at = {k: rng.uniform(0, 2) for k in (f, g, e2)} | {s: rng.uniform(0.1, 2)}
    most = (at[f] ** 2 / at[s] ** 2 + at[e2] * at[g] ** 2) ** 0.5
    at |= {e1: at[f] * rng.uniform(1, 2), h: at[g] * rng.uniform(1, 2), x: most * rng.uniform(0, 1)}
    far = at[e1] + rng.uniform(0.01, 2)
    seen = max(0.0, far - at[e1]) * rng.uniform(1, 2)
    at |= {T: far, c: seen, S: rng.uniform(0.1, 2)}
    return at | {b: seen / at[S] * rng.uniform(1, 2)}


def _mutants(claim):
    at = {s: 1, f: 3, e1: 3, g: 4, h: 4, e2: 1, x: 5, b: 1, S: 1, c: 1, T: 4}
    off = ge(within_class(e1, s, 0, h), _APART)
    yield Mutant("what lies across left out", claim.but(swap={CONCLUSIONS["stated"]: off}), at)
    yield Mutant("variation of the outputs above e1", claim.but(drop=("f<=e1",)), {**at, e1: 0, T: 1})
    yield Mutant("variation above its parts", claim.but(drop=("parts",)), {**at, x: 6})
    yield Mutant("means that nothing keeps apart", claim.but(drop=("triangle",)), {**at, c: "1/2", b: "1/2"})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
