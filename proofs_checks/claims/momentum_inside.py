r"""inside a step: the energy between its ends, and the path

Theorem M2: no exit, along the step from v to v'.

With $Q(s) = L + s\langle g_v, \Delta\rangle + (\beta s^2/2)l^2$ and $e(s) = Q(s) + (c/2)((1-s)\|d\|^2 + s\|d'\|^2)$:
if $e(1) \le E - F$, $F = k\sigma l\rho$, then $e(s) \le E - sF$ on [0, 1]; and with $\rho^2 = 2E$, $\rho_s^2 =
2e(s)$ the root falls by at least $sk\sigma l$.

Source: theory of momentum section 4, proof of M2.
"""

import sympy as sp

from pltheory.theory.arithmetic import FLOATS

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim
from ..witness import value

s, k, sigma, length, slope, beta, c = sp.symbols("s k sigma length slope beta c")
lv, before, after, rho, rho1 = sp.symbols("L_v D0 D1 rho rho1")


def _energy(t):
    return lv + t * slope + beta * t**2 * length**2 / 2 + c / 2 * ((1 - t) * before + t * after)


_FALL = k * sigma * length * rho

ASSUMPTIONS = {
    "s>=0": ge(s),
    "s<=1": ge(1, s),
    "beta>=0": ge(beta),
    "end": ge(_energy(0) - _FALL, _energy(1)),
    "rho>0": gt(rho),
    "rho^2": eq(rho**2, 2 * _energy(0)),
    "rho_s^2": eq(rho1**2, 2 * _energy(s)),
}

CONCLUSIONS = {
    "energy": ge(_energy(0) - s * _FALL, _energy(s)),
    "root": ge(rho - rho1, s * k * sigma * length),
}

PROOF = (
    Cert(
        "energy",
        CONCLUSIONS["energy"],
        sum=(term("s>=0", "end"), term("s>=0", "s<=1", "beta>=0", c="1/2", sq=(length,))),
    ),
    Cert(
        "root",
        CONCLUSIONS["root"],
        times=("rho>0",),
        sum=(term("energy"), term(c="1/2", sq=(rho - rho1,))),
        mod={"rho^2": sp.Rational(1, 2), "rho_s^2": -sp.Rational(1, 2)},
    ),
)


def _mutants(claim_):
    # E = 2 at rho = 2; the step of length 1 leaves 1/2, and F = 3/2 with k sigma = 3/4.
    at = {s: 1, k: "3/4", sigma: 1, length: 1, slope: "-2", beta: 1, c: 0, lv: 2, before: 0, after: 0, rho: 2, rho1: 1}
    yield Mutant(
        "twice the fall of the root",
        claim_.but(swap={CONCLUSIONS["root"]: ge(rho - rho1, 2 * s * k * sigma * length)}),
        at,
    )
    yield Mutant(
        "beyond the step",
        claim_.but(drop=("s<=1",)),
        {**at, s: 2, rho1: 0},
    )
    yield Mutant(
        "an end that is not lower",
        claim_.but(drop=("end",)),
        {**at, slope: 0, beta: 0, rho1: 2},
    )


def _draw(rng):
    x = {s: rng.random(), length: rng.random(), slope: -rng.uniform(0, 2), beta: rng.uniform(0, 1), c: rng.random()}
    x |= {lv: rng.uniform(2, 4), before: rng.random(), after: rng.random(), sigma: rng.random()}
    start, end, here = (value(_energy(t), x, FLOATS) for t in (0, 1, s))
    x |= {rho: (2 * start) ** 0.5, rho1: (2 * here) ** 0.5}
    return {**x, k: (start - end) / (x[sigma] * x[length] * x[rho] + 1e-12) * rng.random() if end < start else -1.0}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
