r"""one hidden layer: units move at most s in all, N2(s) by a multiplier

The largest jump that one hidden layer can make within s: each unit flips the samples within its own move.

Unit k moves by $t_k$, $\sum t_k^2 \le s^2$, and flips the samples j with $d_{jk} \le t_k$. What it contributes to the
norm is 0, or $V_{jk} = |a_k|^2v_{jk}$ for one j with $d_{jk} \le t_k$. For every $\lambda \ge 0$ and $w_k \ge 0$ with
$w_k \ge V_{jk} - \lambda d_{jk}^2$ for all j: the contributions are at most $\lambda s^2 + \sum w_k$. For a pair with
a step of at most $\nu$ unit k flips only samples within $t_k + n_k$, and $\sum(t_k + n_k)^2 \le (s + \nu)^2$. Written
for two units of two samples.

Source: theory of networks with kinks section 5, N2.
"""

import math

import sympy as sp

from ..language import Cert, Mutant, Use, ge, term
from ..statement import claim
from .inner_product import CLAIM as INNER_PRODUCT
from .inner_product import X, Y, x, y

_R = range(2)
d = [[sp.Symbol(f"d{j}{k}") for k in (1, 2)] for j in (1, 2)]
v = [[sp.Symbol(f"V{j}{k}") for k in (1, 2)] for j in (1, 2)]
# Which sample decides what a unit contributes: at most one.
pick = [[sp.Symbol(f"p{j}{k}") for k in (1, 2)] for j in (1, 2)]
t, n, w = sp.symbols("t1:3"), sp.symbols("n1:3"), sp.symbols("w1:3")
lam, s, nu = sp.symbols("lam s nu")
_SUM = sum(pick[j][k] * v[j][k] for j in _R for k in _R)

ASSUMPTIONS = {
    "lam>=0": ge(lam),
    "s>=0": ge(s),
    "nu>=0": ge(nu),
    **{f"p{j + 1}{k + 1}>=0": ge(pick[j][k]) for j in _R for k in _R},
    **{f"one of unit {k + 1}": ge(1, sum(pick[j][k] for j in _R)) for k in _R},
    **{f"reach of unit {k + 1}": ge(t[k] ** 2, sum(pick[j][k] * d[j][k] ** 2 for j in _R)) for k in _R},
    "move": ge(s**2, sum(e**2 for e in t)),
    "step": ge(nu**2, sum(e**2 for e in n)),
    **{f"w{k + 1}>=0": ge(w[k]) for k in _R},
    **{f"w{k + 1}, sample {j + 1}": ge(w[k], v[j][k] - lam * d[j][k] ** 2) for j in _R for k in _R},
}

CONCLUSIONS = {
    "N2": ge(lam * s**2 + sum(w), _SUM),
    "pairs": ge((s + nu) ** 2, sum((a + b) ** 2 for a, b in zip(t, n, strict=True))),
}

PROOF = (
    Cert(
        "N2",
        CONCLUSIONS["N2"],
        sum=(
            term("lam>=0", "move"),
            *[term("lam>=0", f"reach of unit {k + 1}") for k in _R],
            *[term(f"p{j + 1}{k + 1}>=0", f"w{k + 1}, sample {j + 1}") for j in _R for k in _R],
            *[term(f"w{k + 1}>=0", f"one of unit {k + 1}") for k in _R],
        ),
    ),
    Use("sum", INNER_PRODUCT, {**dict(zip((*x, *y), (*t, *n), strict=True)), X: s, Y: nu}),
    Cert("pairs", CONCLUSIONS["pairs"], sum=(term("sum/sum"),)),
)


def _mutants(c):
    at = {e: 1 for row in (*d, *v) for e in row} | {e: 0 for row in pick for e in row}
    at |= {pick[0][0]: 1, t[0]: 1, t[1]: 0, n[0]: 1, n[1]: 0, w[0]: "1/2", w[1]: "1/2", lam: "1/2", s: 1, nu: 1}
    yield Mutant("without the multiplier's price", c.but(swap={CONCLUSIONS["N2"]: ge(sum(w) * 3 / 4, _SUM)}), at)
    yield Mutant(
        "s^2 + nu^2 for pairs",
        c.but(swap={CONCLUSIONS["pairs"]: ge(s**2 + nu**2, sum((a + b) ** 2 for a, b in zip(t, n, strict=True)))}),
        at,
    )
    yield Mutant(
        "the nearest sample alone in w",
        c.but(drop=("w1, sample 2",)),
        {**at, pick[0][0]: 0, pick[1][0]: 1, v[1][0]: 9},
    )


def _draw(rng):
    near = [[rng.uniform(0, 1) for _ in _R] for _ in _R]
    near[1] = [a + b for a, b in zip(*near, strict=True)]
    worth = [[rng.uniform(0, 1) for _ in _R] for _ in _R]
    worth[1] = [a + b for a, b in zip(*worth, strict=True)]
    price, moves, picks = rng.uniform(0, 2), [], [[0.0, 0.0], [0.0, 0.0]]
    for k in _R:
        j = rng.choice((None, 0, 1))
        moves.append(0.0 if j is None else near[j][k])
        if j is not None:
            picks[j][k] = 1.0
    steps = [rng.gauss(0, 1) for _ in _R]
    return {
        **{d[j][k]: near[j][k] for j in _R for k in _R},
        **{v[j][k]: worth[j][k] for j in _R for k in _R},
        **{pick[j][k]: picks[j][k] for j in _R for k in _R},
        **dict(zip((*t, *n), (*moves, *steps), strict=True)),
        **{w[k]: max(0.0, *[worth[j][k] - price * near[j][k] ** 2 for j in _R]) for k in _R},
        lam: price,
        s: math.hypot(*moves),
        nu: math.hypot(*steps),
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
