r"""gradients at two points: |grad L(z) - grad L(w)| <= beta |z - w|, the residual bounded at one of them

Theorems M and M2: how far the gradient ahead of the weights is from that at the weights.

$J(z)^Tr(z) - J(w)^Tr(w) = (J(z) - J(w))^Tr(z) + J(w)^T(r(z) - r(w))$, one entry of each factor standing for any
number. With j and i the norms of $J(w)$ and of $J(z) - J(w)$, f that of $r(z) - r(w)$, $\|r(z)\| \le \rho_0$ and the
distance x: $i \le \ell x$, $j \le L_F$, $f \le L_Fx$, so that e, at most $i\rho_0 + jf$, is at most $\beta x$ with
$\beta = L_F^2 + \rho_0\ell$.

Source: theory of momentum section 1, gradient lemma.
"""

import sympy as sp

from pltheory.theory import formulas

from ..language import Cert, Mutant, eq, ge, shipped, term
from ..notation import ell, rho0, x
from ..statement import claim

jz, jw, rz, rw, i, j, f, error, lipschitz = sp.symbols("J_z J_w r_z r_w i j f error L_F")
_BETA = shipped(formulas.smoothness)(rho0, lipschitz, ell)

ASSUMPTIONS = {
    "x>=0": ge(x),
    "rho0>=0": ge(rho0),
    "L_F>=0": ge(lipschitz),
    "f>=0": ge(f),
    "change of J": ge(ell * x, i),
    "J": ge(lipschitz, j),
    "change of r": ge(lipschitz * x, f),
    "error": ge(i * rho0 + j * f, error),
}

CONCLUSIONS = {
    "parts": eq(jz * rz - jw * rw, (jz - jw) * rz + jw * (rz - rw)),
    "gradient": ge(_BETA * x, error),
}

PROOF = (
    Cert("parts", CONCLUSIONS["parts"]),
    Cert(
        "gradient",
        CONCLUSIONS["gradient"],
        sum=(
            term("error"),
            term("rho0>=0", "change of J"),
            term("J", "f>=0"),
            term("L_F>=0", "change of r"),
        ),
    ),
)


def _mutants(c):
    at = {x: 1, rho0: 1, lipschitz: 1, ell: 1, i: 1, j: 1, f: 1, error: 2, jz: 2, jw: 1, rz: 1, rw: 0}
    yield Mutant("without curvature of F", c.but(swap={CONCLUSIONS["gradient"]: ge(lipschitz**2 * x, error)}), at)
    both = eq(jz * rz - jw * rw, (jz - jw) * rz + jz * (rz - rw))
    yield Mutant("both factors at z", c.but(swap={CONCLUSIONS["parts"]: both}), at)
    yield Mutant("a residual that is not bounded", c.but(drop=("error",)), {**at, error: 3})


def _draw(rng):
    point = {s: rng.uniform(0, 2) for s in (x, rho0, lipschitz, ell)} | {s: rng.gauss(0, 1) for s in (jz, jw, rz, rw)}
    point |= {i: point[ell] * point[x] * rng.random(), j: point[lipschitz] * rng.random()}
    point[f] = point[lipschitz] * point[x] * rng.random()
    return {**point, error: (point[i] * point[rho0] + point[j] * point[f]) * rng.random()}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
