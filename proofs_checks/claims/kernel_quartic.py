r"""a quartic form in the direction, bounded by eigenvalues of Gram matrices

Theorem E: the gradient of $h_q$ at the centre is quadratic in q, and its square is a form in pairs of entries of q.

Let $v = \sum_{kl} q_kq_lS_{kl}$ with $S_{kl} = S_{lk}$ and $\|q\| = 1$. The vector z of all $q_kq_l$ has norm 1, and
$\|v\|^2$ is $z^TGz$ for G of the inner products of S_{kl} and S_{k'l'}, and as well for G with its four indices paired
otherwise, since z is symmetric: the largest eigenvalue of G, or of the mean over the three pairings, bounds it. So
does the largest eigenvalue of $\sum_l$ of the inner products of $S_{kl}$ and $S_{k'l}$, by Cauchy and Schwarz in l.
Two directions and two parameters stand for any number.

Source: theory of layered graphs section 5, Theorem E, th_1.
"""

import math

import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..statement import claim

_R = range(2)
q = sp.symbols("q1:3")
S = {}
for _k, _l in ((1, 1), (1, 2), (2, 2)):
    S[_k - 1, _l - 1] = S[_l - 1, _k - 1] = sp.symbols(f"S{_k}{_l}_1:3")
lam, top, norm2 = sp.symbols("lam top n")


def _dot(first, second):
    return sum(f * g for f, g in zip(first, second, strict=True))


_V = [sum(q[k] * q[i] * S[k, i][j] for k in _R for i in _R) for j in _R]
_ROWS = [[sum(q[k] * S[k, i][j] for k in _R) for j in _R] for i in _R]
"""sum_k q_k S_kl for every l."""
_PAIRS = [(k, i) for k in _R for i in _R]
_UNIT = q[0] ** 2 + q[1] ** 2


def _form(first, second):
    """z^T G z with the indices of G paired by both functions of (k, l, k', l')."""
    return sum(
        q[k] * q[i] * q[m] * q[n] * _dot(S[first(k, i, m, n)], S[second(k, i, m, n)])
        for k, i in _PAIRS
        for m, n in _PAIRS
    )


_AS_THEY_ARE = _form(lambda k, i, m, n: (k, i), lambda k, i, m, n: (m, n))
_OTHER = _form(lambda k, i, m, n: (k, m), lambda k, i, m, n: (i, n))
_THIRD = _form(lambda k, i, m, n: (k, n), lambda k, i, m, n: (m, i))

ASSUMPTIONS = {
    "unit": eq(_UNIT, 1),
    "n": eq(norm2, _dot(_V, _V)),
    # Of a matrix with largest eigenvalue lam, or top: its form at a vector of norm 1.
    "lam": ge(lam * sum((q[k] * q[i]) ** 2 for k, i in _PAIRS), (_AS_THEY_ARE + _OTHER + _THIRD) / 3),
    "top": ge(top * _UNIT, sum(_dot(row, row) for row in _ROWS)),
}

CONCLUSIONS = {
    "norm of z": eq(sum((q[k] * q[i]) ** 2 for k, i in _PAIRS), 1),
    "as they are": eq(norm2, _AS_THEY_ARE),
    "paired otherwise": eq(norm2, _OTHER),
    "mean of pairings": ge(lam, norm2),
    "one index": ge(top, norm2),
}

PROOF = (
    Cert("norm of z", CONCLUSIONS["norm of z"], mod={"unit": _UNIT + 1}),
    Cert("as they are", CONCLUSIONS["as they are"], mod={"n": 1}),
    Cert("paired otherwise", CONCLUSIONS["paired otherwise"], mod={"n": 1}),
    Cert(
        "mean of pairings",
        CONCLUSIONS["mean of pairings"],
        sum=(term("lam"),),
        mod={"norm of z": -lam, "n": -1},
    ),
    Cert(
        "one index",
        CONCLUSIONS["one index"],
        sum=(
            term("top"),
            *[term(sq=(q[0] * _ROWS[1][j] - q[1] * _ROWS[0][j],)) for j in _R],
        ),
        mod={"unit": -top - sum(_dot(row, row) for row in _ROWS), "n": -1},
    ),
)


def _mutants(c):
    # q = (3/5, 4/5) and S_kl = q_k q_l in the first parameter: v = (1, 0), and every bound is attained.
    at = {q[0]: "3/5", q[1]: "4/5", lam: 1, top: 1, norm2: 1}
    at |= dict(zip((*S[0, 0], *S[0, 1], *S[1, 1]), ("9/25", 0, "12/25", 0, "16/25", 0), strict=True))
    yield Mutant("half of the eigenvalue", c.but(swap={CONCLUSIONS["one index"]: ge(top / 2, norm2)}), at)
    yield Mutant("half of the mean's", c.but(swap={CONCLUSIONS["mean of pairings"]: ge(lam / 2, norm2)}), at)
    # Twice q: v is four times as long, and eigenvalues do not know it.
    twice = {**at, q[0]: "6/5", q[1]: "8/5", norm2: 16}
    yield Mutant("q of any length", c.but(drop=("unit",)), twice)


def _draw(rng):
    angle = rng.uniform(0, 6.28)
    at = {q[0]: math.cos(angle), q[1]: math.sin(angle)}
    at |= {e: rng.gauss(0, 1) for pair in ((0, 0), (0, 1), (1, 1)) for e in S[pair]}
    value = {
        k: float(sp.sympify(e).subs(at)) for k, e in {"n": _dot(_V, _V), "top": sum(_dot(r, r) for r in _ROWS)}.items()
    }
    slack = rng.choice((1e-12, rng.random()))
    return {**at, norm2: value["n"], lam: value["n"] + slack, top: value["top"] + slack}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
