r"""a potential that falls by k sig l rho: its root pays for the path

Theorems M, Mb and M2: the integral of the profile along the path, for a potential in place of the loss.

Let $\rho = \sqrt{2E} > 0$ and $\rho_1$ be the roots of the potential before and after a step of length l, $E - E_1
\ge klX$ with $k \ge 0$ and $X \ge \mathrm{sig}\,\rho$. Then $\rho - \rho_1 \ge k\,\mathrm{sig}\,l$. If so far $\rho_0
- \rho \ge kA$, A the integral of the profile up to the path's end, and $\mathrm{sig}\,l$ is at least what the
integral gains, then $\rho_0 - \rho_1 \ge kA_1$, the integral up to the next end. As $\rho_1 \ge 0$, $A_1$ is at most
the integral of which k times is $\rho_0$, and below that up to R where k times it is more.

Source: theory of momentum section 2, Theorem M, steps 1 and 2.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..notation import area, area1, k, rho, rho0, rho1, sigma, total
from ..statement import claim

fall, length, X, area_rho = sp.symbols("fall l X area_rho")

ASSUMPTIONS = {
    "rho>0": gt(rho),
    "rho1>=0": ge(rho1),
    "k>0": gt(k),
    "l>=0": ge(length),
    "X": ge(X, sigma * rho),
    "fall": ge(fall, k * length * X),
    "roots": ge(rho**2 / 2 - fall, rho1**2 / 2),
    "so far": ge(rho0 - rho, k * area),
    "comparison": ge(sigma * length, area1 - area),
    "root of the integral": eq(k * area_rho, rho0),
    "room": gt(k * total, rho0),
}

CONCLUSIONS = {
    "root": ge(rho - rho1, k * sigma * length),
    "path": ge(rho0 - rho1, k * area1),
    "no more": ge(area_rho, area1),
    "inside": gt(total, area1),
}

PROOF = (
    Cert(
        "root",
        CONCLUSIONS["root"],
        times=("rho>0",),
        sum=(
            term("roots"),
            term("fall"),
            term("k>0", "l>=0", "X"),
            term(c="1/2", sq=(rho - rho1,)),
        ),
    ),
    Cert("path", CONCLUSIONS["path"], sum=(term("root"), term("so far"), term("k>0", "comparison"))),
    Cert(
        "no more",
        CONCLUSIONS["no more"],
        times=("k>0",),
        sum=(term("path"), term("rho1>=0")),
        mod={"root of the integral": 1},
    ),
    Cert("inside", CONCLUSIONS["inside"], times=("k>0",), sum=(term("room"), term("path"), term("rho1>=0"))),
)


def _mutants(c):
    # rho = 1, sig = 1, k = 1/2: a step of length 1 lowers E by 1/2, to 0 at most.
    at = {rho: 1, rho1: 0, k: "1/2", length: 1, X: 1, sigma: 1, fall: "1/2", rho0: 1, area: 0, area1: 1}
    at |= {area_rho: 2, total: 3}
    small = {**at, length: "1/8", fall: "1/16", rho1: "15/16", area1: "1/8"}
    twice = ge(rho - rho1, 2 * k * sigma * length)
    yield Mutant("twice what is paid", c.but(swap={CONCLUSIONS["root"]: twice}), {**small, rho1: "935/1000"})
    yield Mutant("the integral without k", c.but(swap={CONCLUSIONS["path"]: ge(rho0 - rho1, 2 * area1)}), at)
    yield Mutant("no room", c.but(drop=("room",)), {**at, total: "1/2"})
    yield Mutant("a profile above the gradient's", c.but(drop=("X",)), {**at, sigma: 3, area1: 3})


def _draw(rng):
    at = {s: rng.uniform(0, 1) for s in (rho, k, length, sigma, area)}
    at[X] = at[sigma] * at[rho] * rng.uniform(1, 2)
    least = at[k] * at[length] * at[X]
    if 2 * least > at[rho] ** 2:
        at[length] *= at[rho] ** 2 / (2 * least) * rng.random()
        least = at[k] * at[length] * at[X]
    at |= {fall: least, rho1: max(0.0, at[rho] ** 2 - 2 * least) ** 0.5 * rng.random()}
    at |= {rho0: at[rho] + at[k] * at[area], area1: at[area] + at[sigma] * at[length] * rng.random()}
    at |= {area_rho: at[rho0] / at[k], total: at[rho0] / at[k] * rng.uniform(1.001, 2)}
    return at


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
