r"""forward recursion: dZ and dA

One layer forward: how far pre-activations and activations move when weights and inputs do.

With $Z = \tilde A\tilde W^T$, $\tilde A = [\kappa A, \tau 1]$, $\|\Delta\|_F \le t$: $\|Z' - Z\|_F \le t\|\tilde A\|
+ \kappa(\|W\| + t)\,dA$ and $\|A'_{l} - A_{l}\|_F \le s_1 dZ$. The identity behind it is checked for one summand of
one entry; entries are sums of such.

Source: theory section 5, forward.
"""

import numpy as np
import sympy as sp

from ..language import Cert, Mutant, Use, eq, ge, term
from ..matrices import (
    LIPSCHITZ_ENTRIES,
    PRODUCT_LEFT,
    PRODUCT_RIGHT,
    SPECTRAL_TRIANGLE,
    TRIANGLE,
    X,
    Y,
    frobenius,
    image_of_change,
    nx,
    ny,
    nz,
    plus,
    s1,
    slope_at_most,
    spectral,
    times,
)
from ..samplers import frobenius_norm, generator, spectral_norm
from ..statement import claim

kappa, tau, t, dA, nA, nW, nW1, nD = sp.symbols("kappa tau t dA nA nW nW1 nD")
left, right, dZ, dact, kdA = sp.symbols("left right dZ dact kdA")
Atilde, D, change, W = sp.symbols("Atilde Delta A_change W")
ain, ain1, wt, dw, bias, dbias = sp.symbols("ain ain1 wt dw bias dbias")
_FIRST, _SECOND = times(Atilde, D), times(change, plus(W, D))

ASSUMPTIONS = {
    "kappa>=0": ge(kappa),
    "t>=Delta": ge(t, nD),
    "Delta>=0": ge(nD),
    "dA>=change": ge(kappa * dA, kdA),
    "change>=0": ge(kdA),
    "nA>=0": ge(nA),
    "nW1>=0": ge(nW1),
    "nW>=0": ge(nW),
    "dA>=0": ge(dA),
    "s1>=0": ge(s1),
    "A~": spectral(Atilde, nA),
    "W": spectral(W, nW),
    "W'": spectral(plus(W, D), nW1),
    "Delta": frobenius(D, nD),
    "kappa (A' - A)": frobenius(change, kdA),
    "first": frobenius(_FIRST, left),
    "second": frobenius(_SECOND, right),
    # Z' - Z, by the identity of its entries.
    "Z' - Z": frobenius(plus(_FIRST, _SECOND), dZ),
    "activation": image_of_change(
        plus(_FIRST, _SECOND),
        dact,
    ),
    "slope": slope_at_most(s1),
}

CONCLUSIONS = {
    "entry": eq(kappa * ain1 * (wt + dw) - kappa * ain * wt, kappa * ain * dw + kappa * (ain1 - ain) * (wt + dw)),
    "bias": eq(tau * (bias + dbias) - tau * bias, tau * dbias),
    "dZ": ge(t * nA + kappa * (nW + t) * dA, dZ),
    "dA": ge(s1 * (t * nA + kappa * (nW + t) * dA), dact),
}

PROOF = (
    Cert("entry", CONCLUSIONS["entry"]),
    Cert("bias", CONCLUSIONS["bias"]),
    Use("sum", TRIANGLE, {X: _FIRST, Y: _SECOND, nx: left, ny: right, nz: dZ}),
    Use("first bound", PRODUCT_LEFT, {X: Atilde, Y: D, nx: nA, ny: nD, nz: left}),
    Use("second bound", PRODUCT_RIGHT, {X: change, Y: plus(W, D), nx: kdA, ny: nW1, nz: right}),
    Use("weights", SPECTRAL_TRIANGLE, {X: W, Y: D, nx: nW, ny: nD, nz: nW1}),
    Cert("t>=0", ge(t), sum=(term("t>=Delta"), term("Delta>=0"))),
    Cert("W'<=", ge(nW + t, nW1), sum=(term("weights/bound"), term("t>=Delta"))),
    Cert(
        "dZ",
        CONCLUSIONS["dZ"],
        sum=(
            term("sum/bound"),
            term("first bound/bound"),
            term("nA>=0", "t>=Delta"),
            term("second bound/bound"),
            term("change>=0", "W'<="),
            term("dA>=change", "nW>=0"),
            term("dA>=change", "t>=0"),
        ),
    ),
    Use("activation bound", LIPSCHITZ_ENTRIES, {X: plus(_FIRST, _SECOND), nx: dZ, nz: dact}),
    Cert(
        "dA",
        CONCLUSIONS["dA"],
        sum=(term("activation bound/bound"), term("s1>=0", "dZ")),
    ),
)


def _mutants(c):
    # Scalars: A~ = W = 1, Delta = 1, dA = 1, kappa = 1: Z' - Z = 2 * 2 - 1 = 3.
    yield Mutant(
        "the product of both changes left out",
        c.but(swap={CONCLUSIONS["dZ"]: ge(t * nA + kappa * nW * dA, dZ)}),
        lambda: 2 * 2 - 1 * 1 > 1 * 1 + 1 * 1,
    )
    wrong = eq(CONCLUSIONS["entry"].expr + kappa * (ain1 - ain) * dw)
    yield Mutant("identity without it", c.but(swap={CONCLUSIONS["entry"]: wrong}), lambda: 2 * 2 - 1 != 1 + 1 * 1)


def _numbers(rng):
    """One layer of tanh units, weights and inputs perturbed."""
    g = generator(rng)
    kappa, tau = g.uniform(0.2, 1), g.uniform(0, 1)
    inputs, moved = g.normal(size=(5, 4)), 0.1 * g.normal(size=(5, 4))
    weight, change = g.normal(size=(6, 4)), 0.2 * g.normal(size=(6, 4))
    scaled, before = kappa * inputs, kappa * inputs @ weight.T
    first, second = scaled @ change.T, kappa * moved @ (weight + change).T
    scalars = dict(zip(("ain", "ain1", "wt", "dw", "bias", "dbias"), g.normal(size=6).tolist(), strict=True))
    yield {
        **scalars, "kappa": kappa, "tau": tau, "nA": spectral_norm(scaled), "nW": spectral_norm(weight),
        "nW1": spectral_norm(weight + change), "nD": frobenius_norm(change), "t": frobenius_norm(change),
        "kdA": kappa * frobenius_norm(moved), "dA": frobenius_norm(moved), "left": frobenius_norm(first),
        "right": frobenius_norm(second), "dZ": frobenius_norm(first + second), "s1": 1.0,
        "dact": frobenius_norm(np.tanh(before + first + second) - np.tanh(before)),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=_numbers)
