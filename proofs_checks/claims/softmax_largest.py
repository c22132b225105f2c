r"""softmax: s1 and s2 at most the largest probability P, which moves by at most sqrt 2/4 of the way

Where no probability exceeds P, both derivatives of softmax along a unit vector h are at most P.

$h^T D\phi\,h = \mathrm{Var}_p(h) =: V \le \sum_i p_i h_i^2 \le P$. Entry i of $D^2\phi[h,h]$ is $p_i(g_i^2 - V)$
with $g_i = h_i - m$, so its square norm is at most $P\sum_i p_i(g_i^2 - V)^2 = P(\sum_i p_i g_i^4 - V^2)$. Here
$g_i^2 \le (1 - p_i)^2 + \sum_{j \ne i} p_j^2 \le 1 + P$ by Cauchy and Schwarz, which leaves
$P((1 + P)V - V^2) = P^2 - P(P - V)(1 - V)$. A probability has the derivative $p_i g_i$ along h, and $p_i^2 g_i^2 \le
2 p_i^2(1 - p_i)^2 \le 1/8$: over a way of length t no probability gains more than $t\sqrt 2/4$. The first is attained
at two equal probabilities P and h = (1, -1)/sqrt 2, the last at P = 1/2; the second is where P tends to 0, at one
entry. Written for three entries.

Source: theory of layered graphs section 6, softmax, at the centre.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..statement import claim

N = 3
_R = range(N)
p, h = sp.symbols(f"p1:{N + 1}"), sp.symbols(f"h1:{N + 1}")
m, P, V = sp.symbols("m P V")
_G = [q - m for q in h]
_SIZE = sum(q**2 for q in h)
_SECOND = sum(p[i] ** 2 * (_G[i] ** 2 - V) ** 2 for i in _R)
_PAIRS = [(i, j) for j in _R for i in range(j)]
# g_i = a . h with a = e_i - p.
_A = [[(1 if i == k else 0) - p[i] for i in _R] for k in _R]
_ALONG = [sum(a * b for a, b in zip(row, h, strict=True)) for row in _A]
_LENGTH = [sum(a**2 for a in row) for row in _A]

ASSUMPTIONS = {
    **{f"p{i + 1}>=0": ge(p[i]) for i in _R},
    **{f"P>=p{i + 1}": ge(P, p[i]) for i in _R},
    "mass": eq(sum(p), 1),
    "unit": eq(_SIZE, 1),
    "mean": eq(m, sum(p[i] * h[i] for i in _R)),
    "variance": eq(V, sum(p[i] * _G[i] ** 2 for i in _R)),
}

CONCLUSIONS = {
    "s1": ge(P, V),
    "s2": ge(P**2, _SECOND),
    "move": ge(sp.Rational(1, 8), p[0] ** 2 * _G[0] ** 2),
}


def _lagrange(k):
    """|a|^2 |h|^2 - (a . h)^2 as squares."""
    return tuple(term(sq=(_A[k][i] * h[j] - _A[k][j] * h[i],)) for i, j in _PAIRS)


PROOF = (
    Cert("P>=0", ge(P), sum=(term("P>=p1"), term("p1>=0"))),
    Cert(
        "s1",
        CONCLUSIONS["s1"],
        sum=(*[term(f"P>=p{i + 1}", sq=(h[i],)) for i in _R], term(sq=(m,))),
        mod={"unit": -P, "mean": -2 * m, "mass": -(m**2), "variance": -1},
    ),
    Cert(
        "V<=1",
        ge(1, V),
        sum=(*[term(f"p{j + 1}>=0", sq=(h[i],)) for i in _R for j in _R if j != i], term(sq=(m,))),
        mod={"unit": -1, "mean": -2 * m, "mass": -(m**2) - _SIZE, "variance": -1},
    ),
    *[
        Cert(
            f"reach {k + 1}",
            ge(1 + P, _G[k] ** 2),
            sum=(
                term(f"p{k + 1}>=0", c=2),
                *[term(f"p{j + 1}>=0", f"P>=p{j + 1}") for j in _R],
                *_lagrange(k),
            ),
            mod={"unit": -_LENGTH[k], "mean": _ALONG[k] + _G[k], "mass": -P},
        )
        for k in _R
    ],
    Cert(
        "fourth moment",
        ge((1 + P) * V, sum(p[i] * _G[i] ** 4 for i in _R)),
        sum=tuple(term(f"p{i + 1}>=0", f"reach {i + 1}", sq=(_G[i],)) for i in _R),
        mod={"variance": 1 + P},
    ),
    Cert(
        "s2",
        CONCLUSIONS["s2"],
        sum=(
            *[term(f"p{i + 1}>=0", f"P>=p{i + 1}", sq=(_G[i] ** 2 - V,)) for i in _R],
            term("P>=0", "fourth moment"),
            term("P>=0", "s1", "V<=1"),
        ),
        mod={"variance": -2 * P * V, "mass": -P * V**2},
    ),
    Cert(
        "slope",
        ge(2 * (1 - p[0]) ** 2, _G[0] ** 2),
        sum=(term("p2>=0", "p3>=0", c=2), *_lagrange(0)),
        mod={"unit": -_LENGTH[0], "mean": _ALONG[0] + _G[0], "mass": -(1 - p[0] + p[1] + p[2])},
    ),
    Cert(
        "move",
        CONCLUSIONS["move"],
        sum=(
            term("slope", sq=(p[0],)),
            term(c="1/2", sq=(p[0] - sp.Rational(1, 2),)),
            *[term("p1>=0", f"p{j}>=0", c=2, sq=(p[0] - sp.Rational(1, 2),)) for j in (2, 3)],
        ),
        mod={"mass": -2 * p[0] * (p[0] - sp.Rational(1, 2)) ** 2},
    ),
)


def _at(weights, along):
    """The point with these probabilities and this unit vector."""
    weights, along = [sp.Rational(w) for w in weights], [sp.Rational(a) for a in along]
    mean = sum(w * a for w, a in zip(weights, along, strict=True))
    return {
        **dict(zip(p, weights, strict=True)),
        **dict(zip(h, along, strict=True)),
        m: mean,
        P: max(weights),
        V: sum(w * (a - mean) ** 2 for w, a in zip(weights, along, strict=True)),
    }


def _mutants(c):
    # 5^2 + 5^2 is nearly 7^2: (119, -120)/169 is a unit vector with entries nearly opposite.
    opposite = ("119/169", "-120/169", 0)
    even = ("1/2", "1/2", 0)
    yield Mutant("s1 = 9 P/10", c.but(swap={CONCLUSIONS["s1"]: ge(sp.Rational(9, 10) * P, V)}), _at(even, opposite))
    yield Mutant(
        "s2 = 2 P/5",
        c.but(swap={CONCLUSIONS["s2"]: ge(4 * P**2 / 25, _SECOND)}),
        _at(("6/20", "7/20", "7/20"), ("20/25", "-9/25", "-12/25")),
    )
    yield Mutant(
        "1/9 in place of 1/8",
        c.but(swap={CONCLUSIONS["move"]: ge(sp.Rational(1, 9), p[0] ** 2 * _G[0] ** 2)}),
        _at(even, opposite),
    )
    yield Mutant(
        "P below a probability", c.but(drop=("P>=p1",)), {**_at(("3/4", "1/4", 0), opposite), P: sp.Rational(1, 4)}
    )


def _draw(rng):
    weights = [rng.random() for _ in _R]
    weights = [w / sum(weights) for w in weights]
    along = [rng.gauss(0, 1) for _ in _R]
    size = sum(a * a for a in along) ** 0.5
    along = [a / size for a in along]
    mean = sum(w * a for w, a in zip(weights, along, strict=True))
    return {
        **dict(zip(p, weights, strict=True)),
        **dict(zip(h, along, strict=True)),
        m: mean,
        P: max(weights) + rng.choice([0.0, 0.1]),
        V: sum(w * (a - mean) ** 2 for w, a in zip(weights, along, strict=True)),
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
