r"""the potential of the lag at an empty buffer: rho_0^2 <= (1 + m) |r_0|^2

Theorem Mb, start: the buffer is empty, so it lags behind the gradient by all of it.

With $b_0 = 0$, $y_0 = -g_0/a$, $a = 1 - m > 0$: $\rho_0^2 = \|r_0\|^2 + c\|g_0\|^2/a^2$. As $\|g_0\| \le j\|r_0\|$, j
the norm of the Jacobian at the start, $cj^2 \le ma^2$ gives $\rho_0^2 \le (1 + m)\|r_0\|^2$.

Source: theory of momentum section 3.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..notation import m, rho0
from ..statement import claim

r, g, j, c = sp.symbols("r0 g0 j c")
_A = 1 - m

ASSUMPTIONS = {
    "a>0": gt(_A),
    "c>=0": ge(c),
    "g0>=0": ge(g),
    "gradient": ge(j * r, g),
    "lag": ge(m * _A**2, c * j**2),
    "start": eq(rho0**2, r**2 + c * g**2 / _A**2),
}

CONCLUSIONS = {"above": ge((1 + m) * r**2, rho0**2)}

PROOF = (
    Cert(
        "above",
        CONCLUSIONS["above"],
        sum=(
            term("lag", sq=(r / _A,)),
            term("c>=0", sq=((j * r - g) / _A,)),
            term("c>=0", "g0>=0", "gradient", c=2, sq=(1 / _A,)),
        ),
        mod={"start": -1},
    ),
)


def _mutants(claim_):
    # m = 1/2: c up to 1/8 is allowed, and c = 9/64 makes rho_0 = 5 of r_0 = g_0 = 4.
    at = {m: "1/2", r: 4, g: 4, j: 1, c: "9/64", rho0: 5}
    yield Mutant("a heavier buffer", claim_.but(drop=("lag",)), at)
    # The same rho_0 with m = 7/8 is allowed.
    light = {m: "7/8", r: 4, g: 4, j: 1, c: "9/1024", rho0: 5}
    yield Mutant("no buffer", claim_.but(swap={CONCLUSIONS["above"]: ge(r**2, rho0**2)}), light)


def _draw(rng):
    at = {m: rng.uniform(0, 0.95), r: rng.uniform(0, 2), j: rng.uniform(0.1, 2)}
    at |= {g: at[j] * at[r] * rng.random(), c: at[m] * (1 - at[m]) ** 2 / at[j] ** 2 * rng.random()}
    return {**at, rho0: (at[r] ** 2 + at[c] * at[g] ** 2 / (1 - at[m]) ** 2) ** 0.5}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
