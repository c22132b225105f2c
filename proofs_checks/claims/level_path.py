r"""the way to a level pays for the path

Theorem L, the sum over the steps: above the level the path ends before the root of the integral.

Let $\Phi_t$ be the way from $L_0$ down to $L_t$ and $\varphi$ that from there to $L_{t+1} > \varepsilon$, so that
what is left of the whole way is positive; $\varphi \ge (1 - \beta\eta/2)\,\mathrm{sig}\,l$ for a step of length l, so
far $\Phi_t \ge (1 - \beta\eta/2)A$, A the integral of the profile up to the path's end, and $\mathrm{sig}\,l$ is at
least what it gains. Then $\Phi_t + \varphi \ge (1 - \beta\eta/2)A_1$, and $A_1$ is below the integral up to $\rho$,
of which the whole way is $1 - \beta\eta/2$ times.

Source: theory of other losses section 2, Theorem L.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..notation import area, area1, beta, eta, phi, sigma, slack
from ..statement import claim

done, way, length, area_rho = sp.symbols("done way l area_rho")
_SLACK = slack(beta, eta)

ASSUMPTIONS = {
    "slack>0": gt(_SLACK),
    "so far": ge(done, _SLACK * area),
    "step": ge(phi, _SLACK * sigma * length),
    "comparison": ge(sigma * length, area1 - area),
    "above the level": gt(way - done, phi),
    "root": eq(way, _SLACK * area_rho),
}

CONCLUSIONS = {"next": ge(done + phi, _SLACK * area1), "below": gt(area_rho, area1)}

PROOF = (
    Cert("next", CONCLUSIONS["next"], sum=(term("so far"), term("step"), term("slack>0", "comparison"))),
    Cert(
        "below",
        CONCLUSIONS["below"],
        times=("slack>0",),
        sum=(term("next"), term("above the level")),
        mod={"root": -1},
    ),
)


def _mutants(c):
    # beta = 1, eta = 1: half of the integral.
    at = {beta: 1, eta: 1, done: "1/2", area: 1, phi: "1/2", sigma: 1, length: 1, area1: 2, way: 2, area_rho: 4}
    whole = ge(done + phi, area1)
    yield Mutant("the integral without its share", c.but(swap={CONCLUSIONS["next"]: whole}), at)
    yield Mutant("below the level", c.but(drop=("above the level",)), {**at, way: "1/2", area_rho: 1})


def _draw(rng):
    at = {beta: rng.uniform(0.1, 2), sigma: rng.random(), length: rng.random(), area: rng.random()}
    at[eta] = rng.random() * 1.9 / at[beta]
    left = 1 - at[beta] * at[eta] / 2
    at |= {done: left * at[area] * rng.uniform(1, 2), phi: left * at[sigma] * at[length] * rng.uniform(1, 2)}
    at |= {area1: at[area] + at[sigma] * at[length] * rng.random(), way: at[done] + at[phi] + rng.uniform(0.01, 1)}
    return {**at, area_rho: at[way] / left}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
