r"""features along and across the row space: |W z|^2 >= s^2 |r|^2, |p|^2 <= e2 |h|^2

Theorem NC: a feature splits into a part that the last layer sees and one that balance makes small.

Let $z = Vh = r + p$ with $r$ in the row space of $W$ and $p$ orthogonal to it, so that $Wp = 0$ and $\langle r,
p\rangle = 0$; $\|Wr\| \ge s\|r\|$ there, and $p^T(VV^T - W^TW)p \le e_2\|p\|^2$. Then $\|z\|^2 = \|r\|^2 +
\|p\|^2$, $\|Wz\|^2 \ge s^2\|r\|^2$ and $\|p\|^2 \le e_2\|h\|^2$: $\|p\|^2 = \langle V^Tp, h\rangle$ and
$\|V^Tp\|^2 \le e_2\|p\|^2$. With $z - \bar z = V(h - \bar h)$ it holds of the differences from class means; summed
over samples, of Frobenius norms. Written for three features, two outputs and two inputs.

Source: derivation of neural collapse, Theorem NC.
"""

import numpy as np
import sympy as sp

from ..language import Cases, Cert, Mutant, eq, ge, term
from ..samplers import generator
from ..statement import claim

_D, _TWO = range(3), range(2)
s, e2 = sp.symbols("s e2")
r, p, h = sp.symbols("r1:4"), sp.symbols("p1:4"), sp.symbols("h1:3")
W = [[sp.Symbol(f"w{j}{i}") for i in (1, 2, 3)] for j in (1, 2)]
V = [[sp.Symbol(f"v{i}{k}") for k in (1, 2)] for i in (1, 2, 3)]


def _dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


_WP, _WR = [_dot(row, p) for row in W], [_dot(row, r) for row in W]
_VP = [sum(V[i][k] * p[i] for i in _D) for k in _TWO]
_Z = [r[i] + p[i] for i in _D]
_P2, _R2, _H2 = _dot(p, p), _dot(r, r), _dot(h, h)
_INNER = _dot(_VP, h)

ASSUMPTIONS = {
    "e2>=0": ge(e2),
    "orthogonal": eq(_dot(r, p)),
    **{f"W p {j + 1}": eq(_WP[j]) for j in _TWO},
    **{f"z {i + 1}": eq(_Z[i], _dot(V[i], h)) for i in _D},
    "gain": ge(_dot(_WR, _WR), s**2 * _R2),
    "imbalance": ge(e2 * _P2, _dot(_VP, _VP) - _dot(_WP, _WP)),
}

CONCLUSIONS = {
    "split": eq(_dot(_Z, _Z), _R2 + _P2),
    "along": ge(sum((_WR[j] + _WP[j]) ** 2 for j in _TWO), s**2 * _R2),
    "across": ge(e2 * _H2, _P2),
}

PROOF = (
    Cert("split", CONCLUSIONS["split"], mod={"orthogonal": 2}),
    Cert(
        "along",
        CONCLUSIONS["along"],
        sum=(term("gain"),),
        mod={f"W p {j + 1}": 2 * _WR[j] + _WP[j] for j in _TWO},
    ),
    # |p|^2 = <V^T p, h>, and Cauchy and Schwarz by Lagrange's identity.
    Cert(
        "times |p|^2",
        ge(_P2 * (e2 * _H2 - _P2)),
        sum=(
            *[term("imbalance", sq=(h[k],)) for k in _TWO],
            term(sq=(_VP[0] * h[1] - _VP[1] * h[0],)),
        ),
        mod={
            **{f"W p {j + 1}": -_WP[j] * _H2 for j in _TWO},
            **{f"z {i + 1}": -(_P2 + _INNER) * p[i] for i in _D},
            "orthogonal": _P2 + _INNER,
        },
    ),
    Cases(
        "order",
        CONCLUSIONS["across"],
        on=e2 * _H2 - _P2,
        left=(Cert("below", CONCLUSIONS["across"], sum=(term("order"),)),),
        # With D = |p|^2 - e2 |h|^2 > 0: -D^2 = |p|^2 (-D) + e2 |h|^2 D, a nonnegative sum: a contradiction.
        right=(
            Cert(
                "below",
                CONCLUSIONS["across"],
                sum=(term("times |p|^2"), *[term("order", "e2>=0", sq=(h[k],)) for k in _TWO]),
                times=("order",),
            ),
        ),
    ),
)


def _mutants(c):
    at = {x: 0 for x in (*r, *p, *h)} | {x: 0 for row in (*W, *V) for x in row}
    # W sees the first feature, V carries one input to the second: e2 = 1.
    at |= {W[0][0]: 1, V[1][0]: 1, h[0]: 1, p[1]: 1, s: 1, e2: 1}
    half = ge(e2 * _H2 / 2, _P2)
    yield Mutant("half of what lies across", c.but(swap={CONCLUSIONS["across"]: half}), at)
    yield Mutant("no balance", c.but(drop=("imbalance",)), {**at, e2: "1/2"})
    # Both layers have norm 1 and agree in norm; they see different features.
    first = c.hypotheses["imbalance"]
    norms = ge(e2, sum(x**2 for row in V for x in row) - sum(x**2 for row in W for x in row))
    yield Mutant("balance of norms alone", c.but(swap={first: norms}), {**at, e2: 0})
    yield Mutant("a part that W sees", c.but(drop=("W p 1",)), {**at, W[0][1]: 1, e2: 0})


def _draw(rng):
    g = generator(rng)
    last, before, inputs = g.normal(size=(2, 3)), g.normal(size=(3, 2)), g.normal(size=2)
    if rng.random() < 0.3:  # an input that goes across alone, as far as balance lets it
        inputs = np.linalg.pinv(before) @ np.cross(last[0], last[1])
    rows, z = np.linalg.svd(last, full_matrices=False)[2], before @ inputs
    along = rows.T @ (rows @ z)
    across = z - along
    size = across @ across
    imbalance = max(0.0, (np.sum((before.T @ across) ** 2) - np.sum((last @ across) ** 2)) / size) if size else 0.0
    values = {s: float(np.linalg.svd(last)[1][-1]) * (1 - 1e-12), e2: float(imbalance) * (1 + 1e-12)}
    values |= {r[i]: float(along[i]) for i in _D} | {p[i]: float(across[i]) for i in _D}
    values |= {h[k]: float(inputs[k]) for k in _TWO}
    values |= {W[j][i]: float(last[j, i]) for j in _TWO for i in _D}
    return values | {V[i][k]: float(before[i, k]) for i in _D for k in _TWO}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
