r"""softmax: s1 = 1/2, s2 = sqrt 2/(3 sqrt 3)

The first two derivatives of softmax along h: the variance and the third central moment of h under its weights.

$h^T D\phi\,h = \mathrm{Var}_p(h) \le (\max h - \min h)^2/4 \le \|h\|^2/2$, and $|\sum_i p_i(h_i - m)^3| \le
\sqrt{2/27}\,\|h\|^3$, since $\max h - \min h \le \sqrt 2\|h\|$. Softmax is a gradient, so $D^2\phi$ is a symmetric
trilinear form, whose norm is its supremum over equal arguments (Banach). Written for three entries in falling order;
more entries lie between the first and the last.

Source: theory of layered graphs section 6, softmax.
"""

import sympy as sp

from ..language import Cert, Define, Mutant, Use, eq, ge, term
from ..notation import u
from ..statement import claim
from .third_moment import CLAIM as THIRD_MOMENT
from .third_moment import CONSTANT, a, b, p, v

N = len(p)
_R = range(N)
h, m = sp.symbols(f"h1:{N + 1}"), sp.Symbol("m")
_SIZE = sum(q**2 for q in h)
_RANGE = h[0] - h[-1]
_VARIANCE = sum(p[i] * (h[i] - m) ** 2 for i in _R)
_THIRD = sum(p[i] * (h[i] - m) ** 3 for i in _R)

ASSUMPTIONS = {
    **{f"p{i + 1}>=0": ge(p[i]) for i in _R},
    "mass": eq(sum(p), 1),
    "mean": eq(m, sum(p[i] * h[i] for i in _R)),
    "h1>=h2": ge(h[0], h[1]),
    "h2>=h3": ge(h[1], h[2]),
}

CONCLUSIONS = {
    "s1": ge(_SIZE / 2, _VARIANCE),
    "s2": ge(sp.Rational(2, 27) * _SIZE**3, _THIRD**2),
}

_UP = {**dict(zip(v, [q - m for q in h], strict=True)), a: m - h[-1], b: h[0] - m}
_DOWN = {**dict(zip(v, [m - q for q in h], strict=True)), a: h[0] - m, b: m - h[-1]}

PROOF = (
    Cert("range", ge(2 * _SIZE, _RANGE**2), sum=(term(sq=(h[0] + h[2],)), term(c=2, sq=(h[1],)))),
    Cert("size", ge(_SIZE), sum=tuple(term(sq=(q,)) for q in h)),
    Cert("h1>=h3", ge(h[0], h[2]), sum=(term("h1>=h2"), term("h2>=h3"))),
    Cert("h1>=h1", ge(h[0], h[0])),
    # sum p (h1 - h)(h - h3) >= 0; the first and the last entry give 0.
    Cert(
        "s1",
        CONCLUSIONS["s1"],
        sum=(
            term("p2>=0", "h1>=h2", "h2>=h3"),
            term(sq=(m - (h[0] + h[2]) / 2,)),
            term("range", c="1/4"),
        ),
        mod={"mass": h[0] * h[2] - m**2, "mean": h[0] + h[2] - 2 * m},
    ),
    Cert("about m", eq(sum(p[i] * (h[i] - m) for i in _R)), mod={"mean": -1, "mass": -m}),
    Cert("about m, turned", eq(sum(p[i] * (m - h[i]) for i in _R)), mod={"mean": 1, "mass": m}),
    Cert("1/108>=0", ge(sp.Rational(1, 108)), sum=(term(c="1/108"),)),
    Define(u, CONSTANT),
    Use("up", THIRD_MOMENT, _UP),
    Use("down", THIRD_MOMENT, _DOWN),
    Cert(
        "s2",
        CONCLUSIONS["s2"],
        sum=(
            term("up/bound", "down/bound"),
            term("range", c="1/108", sq=(2 * _SIZE,)),
            term("range", "size", c="1/54", sq=(_RANGE,)),
            term("range", c="1/108", sq=(_RANGE**2,)),
        ),
        mod={"u/square": -(_RANGE**6)},
    ),
)


def _mutants(c):
    at = dict(zip((*p, *h), ("1/2", 0, "1/2", 1, 0, -1), strict=True)) | {m: 0}
    yield Mutant("s1 = 9/20", c.but(swap={CONCLUSIONS["s1"]: ge(sp.Rational(9, 20) * _SIZE, _VARIANCE)}), at)
    yield Mutant(
        "s2^2 = 73/1000",
        c.but(swap={CONCLUSIONS["s2"]: ge(sp.Rational(73, 1000) * _SIZE**3, _THIRD**2)}),
        {**at, p[0]: "21/100", p[2]: "79/100", m: "-58/100"},
    )
    yield Mutant("weights without mass 1", c.but(drop=("mass",)), {**at, p[0]: 2, p[2]: 2})


def _draw(rng):
    values = sorted((rng.uniform(-1, 1) for _ in _R), reverse=True)
    weights = [rng.random() for _ in _R]
    weights = [w / sum(weights) for w in weights]
    mean = sum(w * z for w, z in zip(weights, values, strict=True))
    return {**dict(zip(p, weights, strict=True)), **dict(zip(h, values, strict=True)), m: mean}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
