r"""tokens that flip: greedy and Lagrange bounds of the knapsack

How much the tokens that change their piece can weigh: every multiplier bounds it, and the best one is greedy's.

Token k weighs $v_k$ and changes its piece, $x_k = 1$, only if it moves by its margin: $x_kc_k \le z_k^2$, while $\sum
z_k^2 \le$ cap. So $\sum x_kc_k \le$ cap, and for every $x_k \in [0, 1]$ and $\lambda \ge 0$: $\sum x_kv_k \le
\lambda\,\mathrm{cap} + \sum(v_k - \lambda c_k)_+$. In falling order of $v_k/c_k$, filled up to a part $\theta$ of the
second token, greedy's $v_1 + \theta v_2$ is the bound of $\lambda = v_2/c_2$. Three tokens stand for any number.

Source: theory of networks with kinks section 4, knapsack.
"""

import sympy as sp

from ..language import GREATEST, Cert, Define, Mutant, eq, ge, gt, term
from ..statement import claim

N = 3
_R = range(N)
v, c, x, z, p = (sp.symbols(f"{letter}1:{N + 1}") for letter in "vcxzp")
lam, cap, theta = sp.symbols("lam cap theta")
_VALUE = sum(x[k] * v[k] for k in _R)
_COST = sum(x[k] * c[k] for k in _R)
_OVER = [GREATEST(v[k] - lam * c[k], 0) for k in _R]
_GREEDY = v[0] + theta * v[1]

ASSUMPTIONS = {
    "lam>=0": ge(lam),
    **{f"x{k + 1}>=0": ge(x[k]) for k in _R},
    **{f"x{k + 1}<=1": ge(1, x[k]) for k in _R},
    **{f"flip {k + 1}": ge(z[k] ** 2, x[k] * c[k]) for k in _R},
    "move": ge(cap, sum(e**2 for e in z)),
    # Greedy: the first token whole and a part of the second.
    "v2>=0": ge(v[1]),
    "c2>0": gt(c[1]),
    "first": ge(v[0] * c[1], v[1] * c[0]),
    "last": ge(v[1] * c[2], v[2] * c[1]),
    "full": eq(cap, c[0] + theta * c[1]),
}

CONCLUSIONS = {
    "capacity": ge(cap, _COST),
    "Lagrange": ge(lam * cap + sum(_OVER), _VALUE),
    "greedy": ge(_GREEDY, _VALUE),
    "greedy is Lagrange": eq(_GREEDY, v[1] / c[1] * cap + v[0] - v[1] / c[1] * c[0]),
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
    Cert(
        "greedy",
        CONCLUSIONS["greedy"],
        times=("c2>0",),
        sum=(term("v2>=0", "capacity"), term("x1<=1", "first"), term("x3>=0", "last")),
        mod={"full": -v[1]},
    ),
    Cert("greedy is Lagrange", CONCLUSIONS["greedy is Lagrange"], mod={"full": -v[1] / c[1]}),
)


def _mutants(claim):
    # Tokens of weight 2, 1, 1 and margin 1; two of them may flip.
    at = dict(zip((*v, *c, *x, *z), (2, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0), strict=True))
    at |= {lam: 1, cap: 2, theta: 1}
    yield Mutant(
        "half the multiplier's price",
        claim.but(swap={CONCLUSIONS["Lagrange"]: ge(lam * cap / 2 + sum(_OVER), _VALUE)}),
        at,
    )
    yield Mutant(
        "one token less",
        claim.but(swap={CONCLUSIONS["greedy"]: ge(v[0], _VALUE)}),
        at,
    )
    yield Mutant("any order", claim.but(drop=("first",)), {**at, v[0]: 0, x[0]: 0, z[0]: 0, cap: 1, theta: 0})
    yield Mutant(
        "a token that flips below its margin",
        claim.but(drop=("flip 3",)),
        {**at, x[2]: 1},
    )


def _draw(rng):
    cost = [rng.uniform(0.1, 1) for _ in _R]
    ratio = sorted((rng.uniform(0, 2) for _ in _R), reverse=True)
    part = rng.uniform(0, 1)
    most = cost[0] + part * cost[1]
    # What greedy takes, or any part of each token, made to use the capacity up.
    taken = [1.0, part, 0.0] if rng.random() < 0.3 else [rng.random() for _ in _R]
    size = sum(t * q for t, q in zip(taken, cost, strict=True))
    taken = [min(1.0, t * most / size) for t in taken]
    moved = [t * q for t, q in zip(taken, cost, strict=True)]
    return {
        **dict(zip(v, [r * q for r, q in zip(ratio, cost, strict=True)], strict=True)),
        **dict(zip((*c, *x, *z), (*cost, *taken, *[m**0.5 for m in moved]), strict=True)),
        lam: rng.choice((*ratio, rng.uniform(0, 3))),
        cap: most,
        theta: part,
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
