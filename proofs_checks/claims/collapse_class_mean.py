r"""class means: sum |f - mean|^2 <= sum |f - y|^2

Theorem NC: a class whose target is one vector is no farther from its mean than from its target, and biases drop out.

$\sum_i(f_i - y)^2 = \sum_i(f_i - \bar f)^2 + m(\bar f - y)^2$ for the m samples of a class, coordinate by coordinate;
and with $f_i = wz_i + b$, $f_i - \bar f = w(z_i - \bar z)$. Written for three samples.

Source: derivation of neural collapse, Theorem NC.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..statement import claim

_R = range(3)
f, z = sp.symbols("f1:4"), sp.symbols("z1:4")
y, w, b = sp.symbols("y w b")
_THIRD = sp.Rational(1, 3)
_MEAN, _FEATURE = sum(f) / 3, sum(z) / 3

ASSUMPTIONS = {f"f{i + 1}": eq(f[i], w * z[i] + b) for i in _R}

CONCLUSIONS = {
    "deviation": ge(sum((f[i] - y) ** 2 for i in _R), sum((f[i] - _MEAN) ** 2 for i in _R)),
    "bias": eq(f[0] - _MEAN, w * (z[0] - _FEATURE)),
}

PROOF = (
    Cert("deviation", CONCLUSIONS["deviation"], sum=(term(sq=(_MEAN - y,), c=3),)),
    Cert("bias", CONCLUSIONS["bias"], mod={"f1": 2 * _THIRD, "f2": -_THIRD, "f3": -_THIRD}),
)


def _mutants(c):
    at = {f[0]: 1, f[1]: 0, f[2]: 0, z[0]: 1, z[1]: 0, z[2]: 0, w: 1, b: 0, y: "1/3"}
    half = ge(sum((f[i] - y) ** 2 for i in _R) / 2, sum((f[i] - _MEAN) ** 2 for i in _R))
    yield Mutant("half of it", c.but(swap={CONCLUSIONS["deviation"]: half}), at)
    shifted = {**at, b: 1, **{f[i]: at[f[i]] + 1 for i in _R}}
    kept = eq(f[0] - _MEAN, w * (z[0] - _FEATURE) + b)
    yield Mutant("the bias stays", c.but(swap={CONCLUSIONS["bias"]: kept}), shifted)


def _draw(rng):
    at = {k: rng.uniform(-2, 2) for k in (*z, y, w, b)}
    return at | {f[i]: at[w] * at[z[i]] + at[b] for i in _R}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
