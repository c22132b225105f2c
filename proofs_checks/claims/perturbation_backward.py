r"""backward recursion: dU and dB

One layer backward: how far the rows b = dF/dz move; the maximum over neurons is what helps wide layers.

$\|U' - U\|_F \le \kappa((\|W\| + t)dB_{l+1} + t\|B_{l+1}\|)$, and in $B = U \circ act'(Z)$ the change of $act'$ costs
at most $U^{max} s_2\,dZ$ (Frobenius), $U^{max}$ the largest norm over outputs at one neuron of one sample. Shown for
two neurons and two outputs; further ones add terms of the same form.

Source: theory section 5, backward.
"""

import math

import sympy as sp

from ..language import Cert, Mutant, Use, eq, ge, term
from ..matrices import (
    PRODUCT_LEFT,
    PRODUCT_RIGHT,
    SPECTRAL_TRIANGLE,
    TRIANGLE,
    X,
    Y,
    frobenius,
    nx,
    ny,
    nz,
    plus,
    spectral,
    times,
)
from ..samplers import frobenius_norm, generator, spectral_norm
from ..statement import claim

kappa, t, nW, nW1, nD, nB, dB1, left, right, dU = sp.symbols("kappa t nW nW1 nD nB dB1 left right dU")
Bchange, B, W, D = sp.symbols("B_change B W Delta")
b, b1, wt, dw, up, up1, slope, slope1 = sp.symbols("b b1 wt dw up up1 slope slope1")
s2, top, e1, e2, z1, z2 = sp.symbols("s2 top e1 e2 z1 z2")
u11, u12, u21, u22 = sp.symbols("u11 u12 u21 u22")
_FIRST, _SECOND = times(Bchange, plus(W, D)), times(B, D)

ASSUMPTIONS = {
    "kappa>=0": ge(kappa),
    "t>=Delta": ge(t, nD),
    "nB>=0": ge(nB),
    "dB1>=0": ge(dB1),
    "W": spectral(W, nW),
    "W'": spectral(plus(W, D), nW1),
    "Delta": frobenius(D, nD),
    "B": spectral(B, nB),
    "B' - B": frobenius(Bchange, dB1),
    "first": frobenius(_FIRST, left),
    "second": frobenius(_SECOND, right),
    # (U' - U)/kappa, by the identity of its entries.
    "U' - U": frobenius(plus(_FIRST, _SECOND), dU),
    # |act'(z') - act'(z)| <= s2 |z' - z| at two neurons, and the norms over outputs of u there.
    "s2>=0": ge(s2),
    "e1": ge((s2 * z1) ** 2, e1**2),
    "e2": ge((s2 * z2) ** 2, e2**2),
    "u1": ge(top**2, u11**2 + u12**2),
    "u2": ge(top**2, u21**2 + u22**2),
}

CONCLUSIONS = {
    "row": eq(b1 * (wt + dw) - b * wt, (b1 - b) * (wt + dw) + b * dw),
    "gate": eq(up1 * slope1 - up * slope, (up1 - up) * slope1 + up * (slope1 - slope)),
    "dU": ge(kappa * ((nW + t) * dB1 + t * nB), kappa * dU),
    "curved": ge(top**2 * s2**2 * (z1**2 + z2**2), (u11**2 + u12**2) * e1**2 + (u21**2 + u22**2) * e2**2),
}

PROOF = (
    Cert("row", CONCLUSIONS["row"]),
    Cert("gate", CONCLUSIONS["gate"]),
    Use("sum", TRIANGLE, {X: _FIRST, Y: _SECOND, nx: left, ny: right, nz: dU}),
    Use("first bound", PRODUCT_RIGHT, {X: Bchange, Y: plus(W, D), nx: dB1, ny: nW1, nz: left}),
    Use("second bound", PRODUCT_LEFT, {X: B, Y: D, nx: nB, ny: nD, nz: right}),
    Use("weights", SPECTRAL_TRIANGLE, {X: W, Y: D, nx: nW, ny: nD, nz: nW1}),
    Cert("W'<=", ge(nW + t, nW1), sum=(term("weights/bound"), term("t>=Delta"))),
    Cert(
        "dU",
        CONCLUSIONS["dU"],
        sum=(
            term("kappa>=0", "sum/bound"),
            term("kappa>=0", "first bound/bound"),
            term("kappa>=0", "dB1>=0", "W'<="),
            term("kappa>=0", "second bound/bound"),
            term("kappa>=0", "nB>=0", "t>=Delta"),
        ),
    ),
    Cert(
        "curved",
        CONCLUSIONS["curved"],
        sum=(
            term("e1", sq=(top,)),
            term("e2", sq=(top,)),
            term("u1", sq=(e1,)),
            term("u2", sq=(e2,)),
        ),
    ),
)


def _mutants(c):
    at = {top: 1, s2: 1, z1: 1, z2: 1, e1: 1, e2: 1, u11: 1, u12: 0, u21: 1, u22: 0}
    half = ge(top**2 * s2**2 * (z1**2 + z2**2) / 2, (u11**2 + u12**2) * e1**2 + (u21**2 + u22**2) * e2**2)
    yield Mutant(
        "half the curvature term", c.but(swap={CONCLUSIONS["curved"]: half}), lambda: 1 * 1 * 2 / 2 < 1 + 1 and bool(at)
    )
    yield Mutant(
        "the change of the weights left out",
        c.but(swap={CONCLUSIONS["dU"]: ge(kappa * (nW * dB1 + t * nB), kappa * dU)}),
        lambda: 2 * 2 - 1 > 1 + 1,
    )


def _numbers(rng):
    """Backward rows through one layer, weights and rows perturbed, and the curved gate of two samples."""
    g = generator(rng)
    rows, moved = g.normal(size=(5, 6)), 0.1 * g.normal(size=(5, 6))
    weight, change = g.normal(size=(6, 4)), 0.2 * g.normal(size=(6, 4))
    first, second = moved @ (weight + change), rows @ change
    scalars = ("b", "b1", "wt", "dw", "slope", "slope1", "up", "up1", "u11", "u12", "u21", "u22", "z1", "z2")
    drawn = dict(zip(scalars, g.normal(size=14).tolist(), strict=True))
    s2 = 0.7698
    yield {
        **drawn, "kappa": g.uniform(0.2, 1), "t": frobenius_norm(change), "nD": frobenius_norm(change),
        "nB": spectral_norm(rows), "dB1": frobenius_norm(moved), "nW": spectral_norm(weight),
        "nW1": spectral_norm(weight + change),
        "left": frobenius_norm(first), "right": frobenius_norm(second), "dU": frobenius_norm(first + second), "s2": s2,
        "e1": g.uniform(-1, 1) * s2 * drawn["z1"], "e2": g.uniform(-1, 1) * s2 * drawn["z2"],
        "top": math.sqrt(max(drawn["u11"] ** 2 + drawn["u12"] ** 2, drawn["u21"] ** 2 + drawn["u22"] ** 2)),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=_numbers)
