r"""products of rows: ||J V|| <= max ||B_i|| ||E|| ||V||_F

What a change of a node's weights does to the outputs: patches first, then each sample's backward rows.

$(JV)_i = B_i\,\mathrm{vec}(E_iV^T)$, so with $\|B_i\| \le \bar b$ and $\sum_i\|E_iV^T\|_F^2 \le \|E\|^2\|V\|_F^2$
(claim patch_product): $\|JV\| \le \bar b\,\|E\|\,\|V\|_F$, for any arrays in place of B and E. With one position
$\max_i\|e_i\|\, \|B\|$ is a bound too (claim khatri_rao); with more it is not. Written for two samples of two
positions and two outputs.

Source: theory of layered graphs section 2, L3.
"""

import numpy as np
import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..samplers import generator, spectral_norm
from ..statement import claim

_R = range(2)
B = [[[sp.Symbol(f"b{i}{o}{p}") for p in (1, 2)] for o in (1, 2)] for i in (1, 2)]
# A patch of one entry per sample and position, and the weight's change v: m = e v.
e = [[sp.Symbol(f"e{i}{p}") for p in (1, 2)] for i in (1, 2)]
m = [[sp.Symbol(f"m{i}{p}") for p in (1, 2)] for i in (1, 2)]
v, top, size = sp.symbols("v top size")
_IMAGE = [sum(sum(B[i][o][p] * m[i][p] for p in _R) ** 2 for o in _R) for i in _R]
_PATCHES = sum(x**2 for row in m for x in row)

ASSUMPTIONS = {
    **{f"m{i + 1}{p + 1}": eq(m[i][p], e[i][p] * v) for i in _R for p in _R},
    **{f"sample {i + 1}": ge(top**2 * sum(x**2 for x in m[i]), _IMAGE[i]) for i in _R},
    "patches": ge(size**2, sum(x**2 for row in e for x in row)),
}

CONCLUSIONS = {"product": ge(top**2 * size**2 * v**2, sum(_IMAGE))}

PROOF = (
    Cert(
        "patches times v",
        ge(size**2 * v**2, _PATCHES),
        sum=(term("patches", sq=(v,)),),
        mod={f"m{i + 1}{p + 1}": -(m[i][p] + e[i][p] * v) for i in _R for p in _R},
    ),
    Cert(
        "product",
        CONCLUSIONS["product"],
        sum=(*[term(f"sample {i + 1}") for i in _R], term("patches times v", sq=(top,))),
    ),
)


def _mutants(claim):
    # Two samples with one patch direction, at different positions, where their backward rows sit: J = (1, 1).
    at = {x: 0 for sample in B for row in sample for x in row} | {x: 0 for row in (*e, *m) for x in row}
    at |= {B[0][0][0]: 1, B[1][0][1]: 1, e[0][0]: 1, e[1][1]: 1, m[0][0]: 1, m[1][1]: 1, v: 1, top: 1, size: "3/2"}
    yield Mutant(
        "the largest patch of one sample in place of ||E||",
        claim.but(swap={claim.hypotheses["patches"]: ge(size**2, e[0][0] ** 2 + e[0][1] ** 2)}),
        {**at, size: 1},
    )
    half = ge(top**2 * size**2 * v**2 / 2, sum(_IMAGE))
    yield Mutant("half the bound", claim.but(swap={CONCLUSIONS["product"]: half}), at)
    yield Mutant("a sample above the largest", claim.but(drop=("sample 2",)), {**at, B[1][0][1]: 9})


def _draw(rng):
    g = generator(rng)
    back, patches, change = g.normal(size=(2, 2, 2)), g.normal(size=(2, 2)), g.normal()
    if rng.random() < 0.4:  # backward rows of one norm and patches along their largest direction: attained
        back = np.array([b / spectral_norm(b) for b in back])
        patches = np.array([g.normal() * np.linalg.svd(b)[2][0] for b in back])
    values = {v: change, size: float((patches**2).sum() ** 0.5) * (1 + 1e-12)}
    values |= {B[i][o][p]: float(back[i, o, p]) for i in _R for o in _R for p in _R}
    values |= {e[i][p]: float(patches[i, p]) for i in _R for p in _R}
    values |= {m[i][p]: float(patches[i, p]) * change for i in _R for p in _R}
    return values | {top: max(map(spectral_norm, back))}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
