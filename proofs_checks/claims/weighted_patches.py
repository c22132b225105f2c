r"""weights on outputs: one norm per channel; propagated through a layer

Changes of values with a weight on every entry, as a weighted norm per channel and not the largest weight.

For $c \ge 0$: $\|c \circ (E D^T)\|_F^2 = \sum_o\|\mathrm{diag}(c_o)E\,\delta_o\|^2 \le N_c^2\|D\|_F^2$ with $N_c$ the
largest of the norms of $\mathrm{diag}(c_o)E$, and at most $\bar c^2\|E\|^2\|D\|_F^2$ with $\bar c$ the largest weight.
Propagated, $\|c \circ (T(W + D)a)\| \le (T_c + \bar c\,\tau\|D\|_F)\|a\|$, where $T_c$ bounds $\mathrm{diag}(c)T(W)$
and $\tau\|D\|_F$ bounds $T(D)$; squares add up over samples. Two samples, channels and inputs stand for any number.

Source: theory of layered graphs section 2, L2.
"""

import numpy as np
import sympy as sp

from ..language import Cert, Mutant, Use, ge, term
from ..samplers import frobenius_norm, generator, spectral_norm
from ..statement import claim
from .inner_product import CLAIM as INNER_PRODUCT
from .inner_product import X, Y, x, y

_R = range(2)


def _matrix(letter):
    return [[sp.Symbol(f"{letter}{i}{k}") for k in (1, 2)] for i in (1, 2)]


def _row(letter):
    return sp.symbols(f"{letter}1:3")


# c[i][o] is the weight of sample i at channel o.
c, E, D = _matrix("c"), _matrix("e"), _matrix("d")
N, Nc, top, Tc, tau, size, A = sp.symbols("N Nc top Tc tau size A")
a, old, new = _row("a"), _row("p"), _row("q")


def _square(row):
    return sum(e**2 for e in row)


def _through(row):
    """E times a row of the change, per sample."""
    return [sum(E[i][k] * row[k] for k in _R) for i in _R]


_CHANNEL = [_square([c[i][o] * _through(D[o])[i] for i in _R]) for o in _R]
_D = sum(_square(row) for row in D)
_WEIGHTED = [c[0][k] * new[k] for k in _R]

ASSUMPTIONS = {
    **{f"channel {o + 1}": ge(Nc**2 * _square(D[o]), _CHANNEL[o]) for o in _R},
    **{f"weight {i + 1}{o + 1}": ge(top**2, c[i][o] ** 2) for i in _R for o in _R},
    **{f"patches {o + 1}": ge(N**2 * _square(D[o]), _square(_through(D[o]))) for o in _R},
    # For the first sample's row a of A: old is diag(c) T(W) a, new is T(D) a.
    "Tc>=0": ge(Tc),
    "tau>=0": ge(tau),
    "size>=0": ge(size),
    "A>=0": ge(A),
    "top>=0": ge(top),
    "A": ge(A**2, _square(a)),
    "old": ge(Tc**2 * _square(a), _square(old)),
    "new": ge((tau * size) ** 2 * _square(a), _square(new)),
}

CONCLUSIONS = {
    "channels": ge(Nc**2 * _D, sum(_CHANNEL)),
    "largest weight": ge(top**2 * N**2 * _D, sum(_CHANNEL)),
    "propagated": ge(((Tc + top * tau * size) * A) ** 2, _square([s + t for s, t in zip(old, _WEIGHTED, strict=True)])),
}

PROOF = (
    Cert("channels", CONCLUSIONS["channels"], sum=tuple(term(f"channel {o + 1}") for o in _R)),
    Cert(
        "largest weight",
        CONCLUSIONS["largest weight"],
        sum=(
            *[term(f"patches {o + 1}", sq=(top,)) for o in _R],
            *[term(f"weight {i + 1}{o + 1}", sq=(_through(D[o])[i],)) for i in _R for o in _R],
        ),
    ),
    Cert("old>=0", ge(Tc * A), sum=(term("Tc>=0", "A>=0"),)),
    Cert("old part", ge((Tc * A) ** 2, _square(old)), sum=(term("A", sq=(Tc,)), term("old"))),
    Cert("new>=0", ge(top * tau * size * A), sum=(term("top>=0", "tau>=0", "size>=0", "A>=0"),)),
    Cert(
        "new part",
        ge((top * tau * size * A) ** 2, _square(_WEIGHTED)),
        sum=(
            term("A", sq=(top, tau, size)),
            term("new", sq=(top,)),
            *[term(f"weight 1{k + 1}", sq=(new[k],)) for k in _R],
        ),
    ),
    Use(
        "both",
        INNER_PRODUCT,
        {**dict(zip((*x, *y), (*old, *_WEIGHTED), strict=True)), X: Tc * A, Y: top * tau * size * A},
    ),
    Cert("propagated", CONCLUSIONS["propagated"], sum=(term("both/sum"),)),
)


def _mutants(claim):
    at = {e: 0 for matrix in (c, E, D) for row in matrix for e in row}
    # One sample, E = 1, weights 1 and 2 on the channels.
    at |= {E[0][0]: 1, c[0][0]: 1, c[0][1]: 2, D[1][0]: 1, N: 1, Nc: 2, top: 2}
    at |= dict(zip((*a, *old, *new), (1, 0, 1, 0, 1, 0), strict=True)) | {A: 1, Tc: 1, tau: 1, size: 1}
    yield Mutant("the norm of the first channel", claim.but(drop=("channel 2",)), {**at, Nc: 1})
    plain = ge(N**2 * _D, sum(_CHANNEL))
    yield Mutant("without the weight", claim.but(swap={CONCLUSIONS["largest weight"]: plain}), at)
    less = ge(((Tc + tau * size) * A) ** 2, _square([s + t for s, t in zip(old, _WEIGHTED, strict=True)]))
    at |= {c[0][0]: 2}
    yield Mutant("the change without its weight", claim.but(swap={CONCLUSIONS["propagated"]: less}), at)


def _draw(rng):
    g = generator(rng)
    weights, patches, change = abs(g.normal(size=(2, 2))), g.normal(size=(2, 2)), g.normal(size=(2, 2))
    channels = [np.diag(weights[:, o]) @ patches for o in _R]
    norms = [spectral_norm(m) for m in channels]
    if rng.random() < 0.4:  # the worst channel alone, along its worst direction
        worst = int(np.argmax(norms))
        change = np.zeros((2, 2))
        change[worst] = np.linalg.svd(channels[worst])[2][0]
    layer, moved, vector = g.normal(size=(2, 2)), g.normal(size=(2, 2)), g.normal(size=2)
    scaled = np.diag(weights[0]) @ layer
    if rng.random() < 0.4:
        vector = np.linalg.svd(scaled)[2][0]
    largest, slightly = float(weights.max()), 1 + 1e-12
    values = {
        N: spectral_norm(patches) * slightly, Nc: max(norms) * slightly, top: largest, Tc: spectral_norm(scaled),
        tau: spectral_norm(moved) / frobenius_norm(moved), size: frobenius_norm(moved),
        A: float(np.linalg.norm(vector)) * slightly,
    }  # fmt: skip
    values |= dict(zip((*a, *old, *new), map(float, (*vector, *scaled @ vector, *moved @ vector)), strict=True))
    for matrix, entries in ((c, weights), (E, patches), (D, change)):
        values |= {matrix[i][k]: float(entries[i, k]) for i in _R for k in _R}
    return values


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
