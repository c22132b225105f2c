r"""the knapsack filled up in falling order of weight over cost

Greedy filling bounds what a capacity can hold, and it is the bound of the best multiplier.

In falling order of $v_k/c_k$, filled up to a part $\theta$ of the second token: $\sum x_kv_k \le v_1 + \theta v_2$
for all $x_k \in [0, 1]$ with $\sum x_kc_k \le$ cap $= c_1 + \theta c_2$. This is the bound of claim knapsack at
$\lambda = v_2/c_2$, where the first token's excess is nonnegative and the last one's is not positive. Three tokens
stand for any number.

Source: theory of networks with kinks section 4, knapsack.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim
from .knapsack import c, cap, v, x

_R = range(3)
theta = sp.Symbol("theta")
_VALUE = sum(x[k] * v[k] for k in _R)
_GREEDY = v[0] + theta * v[1]
_LAMBDA = v[1] / c[1]

ASSUMPTIONS = {
    **{f"x{k + 1}>=0": ge(x[k]) for k in _R},
    **{f"x{k + 1}<=1": ge(1, x[k]) for k in _R},
    "capacity": ge(cap, sum(x[k] * c[k] for k in _R)),
    "v2>=0": ge(v[1]),
    "c2>0": gt(c[1]),
    "first": ge(v[0] * c[1], v[1] * c[0]),
    "last": ge(v[1] * c[2], v[2] * c[1]),
    "full": eq(cap, c[0] + theta * c[1]),
}

CONCLUSIONS = {
    "greedy": ge(_GREEDY, _VALUE),
    "the multiplier's bound": eq(_GREEDY, _LAMBDA * cap + v[0] - _LAMBDA * c[0]),
    "excess of the first": ge(v[0] - _LAMBDA * c[0]),
    "excess of the last": ge(0, v[2] - _LAMBDA * c[2]),
}

PROOF = (
    Cert(
        "greedy",
        CONCLUSIONS["greedy"],
        times=("c2>0",),
        sum=(term("v2>=0", "capacity"), term("x1<=1", "first"), term("x3>=0", "last")),
        mod={"full": -v[1]},
    ),
    Cert("the multiplier's bound", CONCLUSIONS["the multiplier's bound"], mod={"full": -_LAMBDA}),
    Cert("excess of the first", CONCLUSIONS["excess of the first"], times=("c2>0",), sum=(term("first"),)),
    Cert("excess of the last", CONCLUSIONS["excess of the last"], times=("c2>0",), sum=(term("last"),)),
)


def _mutants(claim):
    # Tokens of weight 2, 1, 1 and cost 1; room for two of them.
    at = dict(zip((*v, *c, *x), (2, 1, 1, 1, 1, 1, 1, 1, 0), strict=True)) | {cap: 2, theta: 1}
    yield Mutant("whole tokens alone", claim.but(swap={CONCLUSIONS["greedy"]: ge(v[0], _VALUE)}), at)
    yield Mutant("any order", claim.but(drop=("first",)), {**at, v[0]: 0, x[0]: 0, cap: 1, theta: 0})
    yield Mutant("beyond the capacity", claim.but(drop=("capacity",)), {**at, x[2]: 1})


def _draw(rng):
    cost = [rng.uniform(0.1, 1) for _ in _R]
    ratio = sorted((rng.uniform(0, 2) for _ in _R), reverse=True)
    part = rng.uniform(0, 1)
    most = cost[0] + part * cost[1]
    # What greedy takes, or any part of each token, made to use the capacity up.
    taken = [1.0, part, 0.0] if rng.random() < 0.3 else [rng.random() for _ in _R]
    size = sum(t * q for t, q in zip(taken, cost, strict=True))
    taken = [min(1.0, t * most / size) for t in taken]
    worth = [r * q for r, q in zip(ratio, cost, strict=True)]
    return {**dict(zip((*v, *c, *x), (*worth, *cost, *taken), strict=True)), cap: most, theta: part}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
