r"""balance of two linear layers: D' = a^2 D + h^2 (G^T G - E E^T)

Theorem NC: what a step of gradient descent with weight decay makes of the imbalance of two linear layers, exactly.

Let $F = WVH$ with gradients $G = RV^T$ of $W$ and $E = W^TR$ of $V$, $R = \nabla_F L\,H^T$, and $W' = aW - hG$,
$V' = aV - hE$. As $W^TG = W^TRV^T = EV^T$, the terms in $ah$ cancel: $D = W^TW - VV^T$ becomes $D' = a^2D + h^2(G^TG -
EE^T)$. With coupled decay $a = 1 - h\lambda$, whatever $h$ is; decoupled, $a = 1 - \eta\lambda$. A bias is a column
of V. Written for two outputs, features and inputs.

Source: derivation of neural collapse, balance.
"""

import sympy as sp

from ..language import Cert, Mutant, eq
from ..statement import claim

a, h = sp.symbols("a h")


def _matrix(name):
    return sp.Matrix(2, 2, lambda i, j: sp.Symbol(f"{name}{i + 1}{j + 1}"))


W, V, R, W1, V1 = (_matrix(name) for name in ("w", "v", "r", "W", "V"))
G, E = R * V.T, W.T * R
_PLACES = ((0, 0), (0, 1), (1, 1))


def _entries(matrix):
    return {f"{i + 1}{j + 1}": matrix[i, j] for i in range(2) for j in range(2)}


_AFTER = W1.T * W1 - V1 * V1.T
_CURVED = h**2 * (G.T * G - E * E.T)
_BEFORE = a**2 * (W.T * W - V * V.T)

ASSUMPTIONS = {
    **{f"W'{k}": eq(e) for k, e in _entries(W1 - a * W + h * G).items()},
    **{f"V'{k}": eq(e) for k, e in _entries(V1 - a * V + h * E).items()},
}

CONCLUSIONS = {f"D'{i + 1}{j + 1}": eq(_AFTER[i, j], (_BEFORE + _CURVED)[i, j]) for i, j in _PLACES}

# W'_ki W'_kj less its value at the step: one factor at a time.
_STEP_W, _STEP_V = a * W - h * G, a * V - h * E


def _cofactors(i, j):
    found = dict.fromkeys(ASSUMPTIONS, sp.Integer(0))
    for k in range(2):
        found[f"W'{k + 1}{i + 1}"] += W1[k, j]
        found[f"W'{k + 1}{j + 1}"] += _STEP_W[k, i]
        found[f"V'{i + 1}{k + 1}"] -= V1[j, k]
        found[f"V'{j + 1}{k + 1}"] -= _STEP_V[i, k]
    return {name: e for name, e in found.items() if e != 0}


PROOF = tuple(Cert(f"D'{i + 1}{j + 1}", CONCLUSIONS[f"D'{i + 1}{j + 1}"], mod=_cofactors(i, j)) for i, j in _PLACES)


def _at(w, v, r, decay, step):
    w, v, r = sp.Matrix(w), sp.Matrix(v), sp.Matrix(r)
    values = ((W, w), (V, v), (R, r), (W1, decay * w - step * r * v.T), (V1, decay * v - step * w.T * r))
    return {s: x for m, n in values for s, x in zip(m, n, strict=True)} | {a: decay, h: step}


def _mutants(c):
    at = _at([[1, 0], [0, 2]], [[1, 1], [0, 1]], [[1, 0], [1, 1]], sp.Rational(1, 2), 1)
    first = CONCLUSIONS["D'11"]
    flow = eq(_AFTER[0, 0], _BEFORE[0, 0])
    yield Mutant("as the flow has it, without h^2", c.but(swap={first: flow}), at)
    once = eq(_AFTER[0, 0], (_BEFORE / a + _CURVED)[0, 0])
    yield Mutant("one factor of decay", c.but(swap={first: once}), at)
    yield Mutant("a step that is none", c.but(drop=("V'11",)), {**at, V1[0, 0]: 5})


def _draw(rng):
    def draw():
        return [[rng.uniform(-1, 1) for _ in range(2)] for _ in range(2)]

    at = _at(draw(), draw(), draw(), rng.uniform(0, 1), rng.uniform(0, 1))
    return {s: float(x) for s, x in at.items()}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
