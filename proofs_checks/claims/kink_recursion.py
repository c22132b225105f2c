r"""error recursion of a computed trajectory over kinks

Theorem D where some margin fails: how far apart two gradient steps end whose starts are at most eps apart.

With $J' = J(w')$, J at w, $\bar J$ the mean between, $r' = r + \bar J\,dw$: step(w') - step(w) $= (I - hJ'^T\bar J)dw
- h(J' - J)^Tr$. Let $\|J'\| \le L_F$, $hL_F^2 \le 2$, and let $\bar J - J'$ and $J' - J$ have norm at most $k =
\kappa + \ell\epsilon$. Then $\|dw\| \le \epsilon$ gives at most $(1 + hL_Fk)\epsilon + hk\|r\|$, and with an error of
at most $\rho$ in the computed step $\rho$ more. Two outputs and two parameters stand for any number.

Source: theory of networks with kinks section 6.
"""

import math

import numpy as np
import sympy as sp

from ..language import Cert, Mutant, Use, eq, ge, term
from ..notation import ell, h, kappa, rho
from ..samplers import generator, spectral_norm
from ..statement import claim
from .inner_product import CLAIM as INNER_PRODUCT
from .inner_product import X, Y, x, y

_R = range(2)


def _matrix(letter):
    return [[sp.Symbol(f"{letter}{i}{k}") for k in (1, 2)] for i in (1, 2)]


HERE, THERE, MEAN = _matrix("j"), _matrix("k"), _matrix("m")
d, r, error = sp.symbols("d1:3"), sp.symbols("r1:3"), sp.symbols("e1:3")
eps, lipschitz, size = sp.symbols("eps L_F size")


def _times(matrix, v):
    return [sum(matrix[i][k] * v[k] for k in _R) for i in _R]


def _back(matrix, v):
    return [sum(matrix[i][k] * v[i] for i in _R) for k in _R]


def _minus(a, b):
    return [[p - q for p, q in zip(*rows, strict=True)] for rows in zip(a, b, strict=True)]


def _square(v):
    return sum(e**2 for e in v)


_THERE_D, _OFF = _times(THERE, d), _times(_minus(MEAN, THERE), d)
_JUMP = _back(_minus(THERE, HERE), r)
_AFTER = [r[i] + _times(MEAN, d)[i] for i in _R]
_APART = [d[k] - h * (_back(THERE, _AFTER)[k] - _back(HERE, r)[k]) for k in _R]
_FIRST = [d[k] - h * _back(THERE, _THERE_D)[k] for k in _R]
_SECOND = [-h * e for e in _back(THERE, _OFF)]
_THIRD = [-h * e for e in _JUMP]
_K = kappa + ell * eps
_BOUND = (1 + h * lipschitz * _K) * eps + h * _K * size

ASSUMPTIONS = {
    "h>=0": ge(h),
    "L_F>=0": ge(lipschitz),
    "kappa>=0": ge(kappa),
    "ell>=0": ge(ell),
    "eps>=0": ge(eps),
    "rho>=0": ge(rho),
    "size>=0": ge(size),
    "h L_F^2<=2": ge(2, h * lipschitz**2),
    "dw": ge(eps**2, _square(d)),
    "r": ge(size**2, _square(r)),
    # Spectral norms, on the vectors that occur.
    "J' on J' dw": ge(lipschitz**2 * _square(_THERE_D), _square(_back(THERE, _THERE_D))),
    "J' on the rest": ge(lipschitz**2 * _square(_OFF), _square(_back(THERE, _OFF))),
    "mean": ge(_K**2 * _square(d), _square(_OFF)),
    "jump": ge(_K**2 * _square(r), _square(_JUMP)),
    "error": ge(rho**2, _square(error)),
}

CONCLUSIONS = {
    "identity": eq(_APART[0], d[0] - h * _back(THERE, _times(MEAN, d))[0] - h * _JUMP[0]),
    "no expansion": ge(_square(d), _square(_FIRST)),
    "steps": ge(_BOUND**2, _square(_APART)),
    "recursion": ge((_BOUND + rho) ** 2, _square([p + e for p, e in zip(_APART, error, strict=True)])),
}


def _sum(name, first, second, bounds):
    return Use(name, INNER_PRODUCT, {**dict(zip((*x, *y), (*first, *second), strict=True)), X: bounds[0], Y: bounds[1]})


_BOUNDS = (eps, h * lipschitz * _K * eps, h * _K * size)

PROOF = (
    Cert("identity", CONCLUSIONS["identity"]),
    # With u = J' dw: |dw|^2 - |dw - h J'^T u|^2 = h (2 - h L_F^2) |u|^2 + h^2 (L_F^2 |u|^2 - |J'^T u|^2).
    Cert(
        "no expansion",
        CONCLUSIONS["no expansion"],
        sum=(*[term("h>=0", "h L_F^2<=2", sq=(e,)) for e in _THERE_D], term("J' on J' dw", sq=(h,))),
    ),
    Cert("k>=0", ge(_K), sum=(term("kappa>=0"), term("ell>=0", "eps>=0"))),
    Cert("first", ge(_BOUNDS[0] ** 2, _square(_FIRST)), sum=(term("dw"), term("no expansion"))),
    Cert("second>=0", ge(_BOUNDS[1]), sum=(term("h>=0", "L_F>=0", "k>=0", "eps>=0"),)),
    Cert(
        "second",
        ge(_BOUNDS[1] ** 2, _square(_SECOND)),
        sum=(
            term("dw", sq=(h, lipschitz, _K)),
            term("mean", sq=(h, lipschitz)),
            term("J' on the rest", sq=(h,)),
        ),
    ),
    Cert("third>=0", ge(_BOUNDS[2]), sum=(term("h>=0", "k>=0", "size>=0"),)),
    Cert("third", ge(_BOUNDS[2] ** 2, _square(_THIRD)), sum=(term("r", sq=(h, _K)), term("jump", sq=(h,)))),
    _sum("two", _FIRST, _SECOND, _BOUNDS[:2]),
    Cert("two>=0", ge(_BOUNDS[0] + _BOUNDS[1]), sum=(term("eps>=0"), term("second>=0"))),
    _sum(
        "three",
        [p + q for p, q in zip(_FIRST, _SECOND, strict=True)],
        _THIRD,
        (_BOUNDS[0] + _BOUNDS[1], _BOUNDS[2]),
    ),
    Cert("steps", CONCLUSIONS["steps"], sum=(term("three/sum"),)),
    Cert("steps>=0", ge(_BOUND), sum=(term("two>=0"), term("third>=0"))),
    _sum("all", _APART, error, (_BOUND, rho)),
    Cert("recursion", CONCLUSIONS["recursion"], sum=(term("all/sum"),)),
)


def _mutants(c):
    at = {e: 0 for matrix in (HERE, THERE, MEAN) for row in matrix for e in row}
    at |= {d[0]: 1, d[1]: 0, r[0]: 0, r[1]: 0, error[0]: 0, error[1]: 0, h: 1, ell: 0, rho: 0, size: 0, eps: 1}
    # One parameter: J' = 1 and a mean of -1, so that the step moves two points apart.
    at |= {THERE[0][0]: 1, MEAN[0][0]: -1, lipschitz: 1, kappa: 2}
    yield Mutant(
        "no expansion beside the jump",
        c.but(swap={CONCLUSIONS["steps"]: ge((eps + h * _K * size) ** 2, _square(_APART))}),
        at,
    )
    yield Mutant(
        "the jump's part halved",
        c.but(swap={CONCLUSIONS["steps"]: ge((_BOUND - h * _K * size / 2) ** 2, _square(_APART))}),
        {**at, MEAN[0][0]: 0, THERE[0][0]: 0, HERE[0][0]: 1, lipschitz: 0, kappa: 1, r[0]: 1, size: 1},
    )
    yield Mutant("a step of any length", c.but(drop=("h L_F^2<=2",)), {**at, MEAN[0][0]: 1, kappa: 0, h: 3})


def _draw(rng):
    g = generator(rng)
    here = g.normal(size=(2, 2))
    there, mean = (here + rng.uniform(0, 0.5) * g.normal(size=(2, 2)) for _ in range(2))
    if rng.random() < 0.3:  # a jump against the direction of the step
        there, mean = np.diag([1.0, 0.0]), np.diag([-rng.random(), 0.0])
    norm, move, res, off = spectral_norm(there), g.normal(size=2), g.normal(size=2), g.normal(size=2)
    if rng.random() < 0.3:
        move, res = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    most = max(spectral_norm(mean - there), spectral_norm(there - here))
    far = float(np.linalg.norm(move))
    share = rng.random()
    values = {
        h: rng.uniform(0, 2) / norm**2, lipschitz: norm, kappa: share * most, ell: (1 - share) * most / far, eps: far,
        size: float(np.linalg.norm(res)), rho: math.hypot(*off),
        **dict(zip((*d, *r, *error), map(float, (*move, *res, *off)), strict=True)),
    }  # fmt: skip
    for matrix, entries in ((HERE, here), (THERE, there), (MEAN, mean)):
        values |= {matrix[i][k]: float(entries[i, k]) for i in _R for k in _R}
    return values


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
