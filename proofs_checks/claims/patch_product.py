r"""patches against weights: ||E D^T||_F <= ||E|| ||D||_F, attained

What a change of the weights does to the values of an affine node, over a batch and all positions.

With $\|E v\| \le N\|v\|$ for the rows v of the change D: $\|E D^T\|_F^2 = \sum_o\|E\delta_o\|^2 \le N^2\|D\|_F^2$;
over groups with N the largest of their norms. If $\|E\beta\| = N\|\beta\|$, the change with rows $\alpha_o\beta$
attains it. Written for two rows of patches, two groups of one output each, and for the last statement two outputs.

Source: theory of layered graphs section 2, L1a.
"""

import numpy as np
import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..samplers import generator, spectral_norm
from ..statement import claim

_R = range(2)
# Patches of two groups, and the rows of the change that meet them.
first = [[sp.Symbol(f"e{i}{k}") for k in (1, 2)] for i in (1, 2)]
second = [[sp.Symbol(f"f{i}{k}") for k in (1, 2)] for i in (1, 2)]
u, v, alpha, beta = sp.symbols("u1:3"), sp.symbols("v1:3"), sp.symbols("al1:3"), sp.symbols("be1:3")
N, N1, N2 = sp.symbols("N N1 N2")


def _image(patches, row):
    return sum(sum(patches[i][k] * row[k] for k in _R) ** 2 for i in _R)


def _square(row):
    return sum(e**2 for e in row)


ASSUMPTIONS = {
    "first group": ge(N1**2 * _square(u), _image(first, u)),
    "second group": ge(N2**2 * _square(v), _image(second, v)),
    "N1": ge(N**2, N1**2),
    "N2": ge(N**2, N2**2),
    "top": eq(_image(first, beta), N1**2 * _square(beta)),
}

CONCLUSIONS = {
    "product": ge(N**2 * (_square(u) + _square(v)), _image(first, u) + _image(second, v)),
    "attained": eq(
        sum(_image(first, [a * b for b in beta]) for a in alpha),
        N1**2 * sum((a * b) ** 2 for a in alpha for b in beta),
    ),
}

PROOF = (
    Cert(
        "product",
        CONCLUSIONS["product"],
        sum=(
            term("first group"),
            term("second group"),
            *[term("N1", sq=(e,)) for e in u],
            *[term("N2", sq=(e,)) for e in v],
        ),
    ),
    Cert("attained", CONCLUSIONS["attained"], mod={"top": _square(alpha)}),
)


def _mutants(claim):
    at = {e: 0 for matrix in (first, second) for row in matrix for e in row}
    at |= {first[0][0]: 1, second[0][0]: 2, N: 2, N1: 1, N2: 2}
    at |= dict(zip((*u, *v, *alpha, *beta), (1, 0, 1, 0, 1, 1, 1, 0), strict=True))
    mean = ge((N1**2 + N2**2) / 2 * (_square(u) + _square(v)), _image(first, u) + _image(second, v))
    yield Mutant("the mean of the groups", claim.but(swap={CONCLUSIONS["product"]: mean}), {**at, u[0]: 0})
    yield Mutant("the norm of one group", claim.but(drop=("N2",)), {**at, N: 1})
    half = eq(
        sum(_image(first, [a * b for b in beta]) for a in alpha),
        N1**2 * sum((alpha[0] * b) ** 2 for b in beta),
    )
    yield Mutant("one output in place of both", claim.but(swap={CONCLUSIONS["attained"]: half}), at)


def _draw(rng):
    g = generator(rng)
    patches = g.normal(size=(2, 2, 2))
    tops = [np.linalg.svd(e)[2][0] for e in patches]
    rows = g.normal(size=(2, 2))
    if rng.random() < 0.4:  # groups of one norm, each met along its largest direction: attained
        patches, rows = np.array([e / spectral_norm(e) for e in patches]), tops
    norms = np.linalg.norm(patches, 2, axis=(1, 2))
    entries = (*rows[0], *rows[1], *g.normal(size=2), *tops[0])
    values = dict(zip((*u, *v, *alpha, *beta), map(float, entries), strict=True))
    for matrix, entries in ((first, patches[0]), (second, patches[1])):
        values |= {matrix[i][k]: float(entries[i, k]) for i in _R for k in _R}
    slightly = 1 + 1e-12
    return values | {N1: float(norms[0]), N2: float(norms[1]) * slightly, N: float(max(norms)) * slightly}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
