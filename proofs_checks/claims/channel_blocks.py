r"""one convolution: the residual's Hessian is block diagonal over channels

Theorem D's curvature exactly, for one affine node, an activation, a map within channels and a linear head.

Along $w_o + s\omega_o$, $V_o + s\nu_o$: $\sum_i r_iF_i$ has the second derivative $\sum_o(\omega_o^TQ_o\omega_o +
2\nu_oP_o^T\omega_o)$ with $Q_o = \sum_t g_{to}V_o\,act''(z_{to})e_{to}e_{to}^T$, $P_o = \sum_t
g_{to}\,act'(z_{to})e_{to}$; t runs over samples and positions, $g_{to} = \kappa' r_iL_o[p]$, e is the patch. If every
block lies between $-N$ and N so does the whole, with the largest of them. For straight pieces $Q_o = 0$, and the
block's norm is $\|P_o\|$, attained at both ends. Written for two t, two channels, patches of two entries.

Source: theory of layered graphs section 7, G3, and theory of networks with kinks section 6.
"""

import math

import numpy as np
import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..samplers import generator
from ..statement import claim

_R = range(2)


def _matrix(letter):
    return [[sp.Symbol(f"{letter}{i}{k}") for k in (1, 2)] for i in (1, 2)]


# By t and channel: weights, values and derivatives of the activation, and both entries of the patches.
g, f, f1, f2 = map(_matrix, ("g", "f", "df", "ddf"))
e = [[[sp.Symbol(f"e{t}{o}{k}") for k in (1, 2)] for o in (1, 2)] for t in (1, 2)]
omega = _matrix("w")
V, nu, n = sp.symbols("V1:3"), sp.symbols("nu1:3"), sp.symbols("n1:3")
s, N = sp.symbols("s N")
# A block of straight pieces: a vector P, its norm and where it is tried.
P, x = sp.symbols("P1:3"), sp.symbols("x1:3")
y, norm = sp.symbols("y norm")


def _dot(a, b):
    return sum(p * q for p, q in zip(a, b, strict=True))


_MOVE = [[_dot(e[t][o], omega[o]) for o in _R] for t in _R]
_TO_SECOND = [[f[t][o] + s * f1[t][o] * _MOVE[t][o] + s**2 * f2[t][o] * _MOVE[t][o] ** 2 / 2 for o in _R] for t in _R]
_OUTPUT = sum((V[o] + s * nu[o]) * g[t][o] * _TO_SECOND[t][o] for t in _R for o in _R)
_VALUE = sum(V[o] * g[t][o] * f[t][o] for t in _R for o in _R)
_FIRST = sum(g[t][o] * (nu[o] * f[t][o] + V[o] * f1[t][o] * _MOVE[t][o]) for t in _R for o in _R)
_Q = [[[sum(g[t][o] * V[o] * f2[t][o] * e[t][o][j] * e[t][o][k] for t in _R) for k in _R] for j in _R] for o in _R]
_P = [[sum(g[t][o] * f1[t][o] * e[t][o][k] for t in _R) for k in _R] for o in _R]
_BLOCK = [
    sum(omega[o][j] * _Q[o][j][k] * omega[o][k] for j in _R for k in _R) + 2 * nu[o] * _dot(_P[o], omega[o]) for o in _R
]
_REST = sum(nu[o] * g[t][o] * f2[t][o] * _MOVE[t][o] ** 2 for t in _R for o in _R)
_SIZE = [_dot(omega[o], omega[o]) + nu[o] ** 2 for o in _R]
_STRAIGHT = 2 * y * _dot(P, x)

ASSUMPTIONS = {
    **{f"block {o + 1} above": ge(n[o] * _SIZE[o], _BLOCK[o]) for o in _R},
    **{f"block {o + 1} below": ge(_BLOCK[o], -n[o] * _SIZE[o]) for o in _R},
    **{f"n{o + 1}": ge(N, n[o]) for o in _R},
    "norm>0": gt(norm),
    "norm": eq(norm**2, _dot(P, P)),
}

CONCLUSIONS = {
    "second derivative": eq(_OUTPUT, _VALUE + s * _FIRST + s**2 * sum(_BLOCK) / 2 + s**3 * _REST / 2),
    "above": ge(N * sum(_SIZE), sum(_BLOCK)),
    "below": ge(sum(_BLOCK), -N * sum(_SIZE)),
    "straight above": ge(norm * (_dot(x, x) + y**2), _STRAIGHT),
    "straight below": ge(_STRAIGHT, -norm * (_dot(x, x) + y**2)),
    "straight, attained": eq(
        _STRAIGHT.xreplace({y: norm, x[0]: P[0], x[1]: P[1]}),
        norm * (_dot(P, P) + norm**2),
    ),
}


def _within(name):
    return Cert(
        name,
        CONCLUSIONS[name],
        sum=(
            *[term(f"block {o + 1} {name}") for o in _R],
            *[term(f"n{o + 1}", sq=(b,)) for o in _R for b in (*omega[o], nu[o])],
        ),
    )


def _straight(name, sign):
    """The gap times the norm of P is a square, up to the norm's own equation."""
    return Cert(
        name,
        CONCLUSIONS[name],
        times=("norm>0",),
        sum=tuple(term(sq=(norm * a - sign * y * b,)) for a, b in zip(x, P, strict=True)),
        mod={"norm": y**2},
    )


PROOF = (
    Cert("second derivative", CONCLUSIONS["second derivative"]),
    _within("above"),
    _within("below"),
    _straight("straight above", 1),
    _straight("straight below", -1),
    Cert("straight, attained", CONCLUSIONS["straight, attained"], mod={"norm": -norm}),
)


def _mutants(c):
    # One channel at work, at V = 0: the output is s^2 g act' e w nu.
    at = {a: 0 for matrix in (g, f, f1, f2, omega) for row in matrix for a in row}
    at |= {a: 0 for matrix in e for row in matrix for a in row} | dict.fromkeys((*V, *nu), 0)
    at |= {g[0][0]: 1, f1[0][0]: 1, e[0][0][0]: 1, omega[0][0]: 1, nu[0]: 1, n[0]: 1, n[1]: 0, N: 1, s: 1}
    at |= {P[0]: 1, P[1]: 0, norm: 1, x[0]: 1, x[1]: 0, y: 1}
    once = sum(_BLOCK) - sum(nu[o] * _dot(_P[o], omega[o]) for o in _R)
    wrong = eq(_OUTPUT, _VALUE + s * _FIRST + s**2 * once / 2 + s**3 * _REST / 2)
    yield Mutant("one mixed term", c.but(swap={CONCLUSIONS["second derivative"]: wrong}), at)
    yield Mutant("a channel above the largest", c.but(drop=("n1",)), {**at, N: "1/2"})
    half = ge(norm * (_dot(x, x) + y**2) / 2, _STRAIGHT)
    yield Mutant("half the norm of P", c.but(swap={CONCLUSIONS["straight above"]: half}), at)


def _draw(rng):
    r = generator(rng)
    values = {a: float(r.normal()) for matrix in (g, f, f1, f2) for row in matrix for a in row}
    values |= {a: float(r.normal()) for matrix in e for row in matrix for a in row}
    values |= {a: float(r.normal()) for a in (*V, *P, *x, y)}
    values |= {s: float(r.normal()), norm: math.hypot(values[P[0]], values[P[1]])}
    if rng.random() < 0.3:  # where the bound is attained
        values |= {x[0]: values[P[0]], x[1]: values[P[1]], y: values[norm]}
    for o in _R:
        patches = np.array([[values[q] for q in e[t][o]] for t in _R])
        weights = np.array([values[g[t][o]] for t in _R])
        block = np.zeros((3, 3))
        for t in _R:
            block[:2, :2] += weights[t] * values[V[o]] * values[f2[t][o]] * np.outer(patches[t], patches[t])
            block[:2, 2] += weights[t] * values[f1[t][o]] * patches[t]
        block[2, :2] = block[:2, 2]
        eigenvalues, vectors = np.linalg.eigh(block)
        worst = vectors[:, rng.choice((0, 2))] if rng.random() < 0.5 else r.normal(size=3)
        values |= dict(zip((*omega[o], nu[o]), map(float, worst), strict=True))
        values[n[o]] = float(abs(eigenvalues).max()) * (1 + 1e-12)
    return values | {N: max(values[n[0]], values[n[1]])}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
