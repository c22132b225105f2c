r"""tokens that flip: the knapsack, bounded by any multiplier

How much the tokens that change their piece can weigh, when all tokens together move by no more than a capacity.

Token k weighs $v_k$ and changes its piece, $x_k = 1$, only if it moves by its margin: $x_kc_k \le z_k^2$, while $\sum
z_k^2 \le$ cap. So $\sum x_kc_k \le$ cap, and for every $x_k \in [0, 1]$ and $\lambda \ge 0$: $\sum x_kv_k \le
\lambda\,\mathrm{cap} + \sum(v_k - \lambda c_k)_+$. Three tokens stand for any number.

Source: theory of networks with kinks section 4, knapsack.
"""

import sympy as sp

from ..language import GREATEST, Cert, Define, Mutant, ge, term
from ..statement import claim

N = 3
_R = range(N)
v, c, x, z, p = (sp.symbols(f"{letter}1:{N + 1}") for letter in "vcxzp")
lam, cap = sp.symbols("lam cap")
_VALUE = sum(x[k] * v[k] for k in _R)
_COST = sum(x[k] * c[k] for k in _R)
_OVER = [GREATEST(v[k] - lam * c[k], 0) for k in _R]

ASSUMPTIONS = {
    "lam>=0": ge(lam),
    **{f"x{k + 1}>=0": ge(x[k]) for k in _R},
    **{f"x{k + 1}<=1": ge(1, x[k]) for k in _R},
    **{f"flip {k + 1}": ge(z[k] ** 2, x[k] * c[k]) for k in _R},
    "move": ge(cap, sum(e**2 for e in z)),
}

CONCLUSIONS = {
    "capacity": ge(cap, _COST),
    "Lagrange": ge(lam * cap + sum(_OVER), _VALUE),
}

PROOF = (
    Cert(
        "capacity",
        CONCLUSIONS["capacity"],
        sum=(term("move"), *[term(f"flip {k + 1}") for k in _R]),
    ),
    *[Define(p[k], _OVER[k]) for k in _R],
    # An item taken by the part x: p - x (v - lam c) = x (p - (v - lam c)) + (1 - x) p.
    Cert(
        "Lagrange",
        CONCLUSIONS["Lagrange"],
        sum=(
            term("lam>=0", "capacity"),
            *[term(f"x{k + 1}>=0", f"p{k + 1}/first") for k in _R],
            *[term(f"x{k + 1}<=1", f"p{k + 1}/second") for k in _R],
        ),
    ),
)


def _mutants(claim):
    # Tokens of weight 2, 1, 1 and margin 1; two of them may flip.
    at = dict(zip((*v, *c, *x, *z), (2, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0), strict=True)) | {lam: 1, cap: 2}
    half = ge(lam * cap / 2 + sum(_OVER), _VALUE)
    yield Mutant("half the multiplier's price", claim.but(swap={CONCLUSIONS["Lagrange"]: half}), at)
    yield Mutant("a token that flips below its margin", claim.but(drop=("flip 3",)), {**at, x[2]: 1})
    # Nothing flips and every token weighs less than nothing.
    none = {**at, **dict.fromkeys(v, -9), **dict.fromkeys(x, 0), lam: -1, cap: 9}
    yield Mutant("a negative multiplier", claim.but(drop=("lam>=0",)), none)


def _draw(rng):
    cost, worth = ([rng.uniform(0.1, 1) for _ in _R] for _ in range(2))
    most = rng.uniform(0, sum(cost))
    # Any part of each token, made to use the capacity up, or what greedy takes.
    taken, left = [rng.random() for _ in _R], most
    if rng.random() < 0.5:
        for k in sorted(_R, key=lambda k: -worth[k] / cost[k]):
            taken[k] = max(0.0, min(1.0, left / cost[k]))
            left -= taken[k] * cost[k]
    size = sum(t * q for t, q in zip(taken, cost, strict=True))
    taken = [min(1.0, t * most / size) for t in taken]
    moved = [t * q for t, q in zip(taken, cost, strict=True)]
    return {
        **dict(zip((*v, *c, *x, *z), (*worth, *cost, *taken, *[m**0.5 for m in moved]), strict=True)),
        lam: rng.choice((*[p / q for p, q in zip(worth, cost, strict=True)], rng.uniform(0, 3))),
        cap: most + 1e-12,
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
