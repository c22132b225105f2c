r"""what curvature can add to the exponent is small

Theorem F2, supermartingale: $u^2 \le .16\,w$, so that $us - ws^2 \le .04$.

With $a = 2 - \eta\beta$, $x^2a^2q = L$ for $q = \delta\,\mathrm{sg}^2 \le \beta$ and $L = \mathrm{Lam}^2D^2$, $25x^2u^2
\le \eta L\nu^2$, $w = \nu a/(2d)$ and $\nu d \le 2$: $25u^2 \le 4w$.

Source: theory of mini-batches section 4, Theorem F2, proof of (iii).
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..notation import beta, eta
from ..statement import claim

u, w, x, d, nu, q, L = sp.symbols("u w x d nu q L")
GAP = 2 - eta * beta

ASSUMPTIONS = {
    "a>0": gt(GAP),
    "x>0": gt(x),
    "d>0": gt(d),
    "nu>0": gt(nu),
    "eta>=0": ge(eta),
    "q<=beta": ge(beta, q),
    "lost": eq(x**2 * GAP**2 * q, L),
    "step": ge(eta * L * nu**2, 25 * x**2 * u**2),
    "w": eq(2 * d * w, nu * GAP),
    "nu d<=2": ge(2, nu * d),
}

CONCLUSIONS = {"share": ge(4 * w, 25 * u**2)}

PROOF = (
    Cert(
        "without x",
        ge(eta * nu**2 * GAP**2 * q, 25 * u**2),
        times=("x>0", "x>0"),
        sum=(term("step"),),
        mod={"lost": eta * nu**2},
    ),
    Cert("eta a beta<=1", ge(1, eta * GAP * beta), sum=(term(sq=(1 - eta * beta,)),)),
    Cert(
        "without q",
        ge(nu**2 * GAP, 25 * u**2),
        sum=(
            term("without x"),
            term("eta a beta<=1", "a>0", sq=(nu,)),
            term("q<=beta", "eta>=0", sq=(nu * GAP,)),
        ),
    ),
    Cert(
        "share",
        CONCLUSIONS["share"],
        times=("d>0",),
        sum=(term("without q", "d>0"), term("nu>0", "a>0", "nu d<=2")),
        mod={"w": 2},
    ),
)


def _mutants(c):
    # All inequalities attained: eta beta = 1, nu d = 2.
    at = {eta: 1, beta: 1, x: 1, q: 1, L: 1, nu: 2, d: 1, w: 1, u: "2/5"}
    yield Mutant("a smaller share", c.but(swap={CONCLUSIONS["share"]: ge(4 * w, 26 * u**2)}), at)
    yield Mutant("nu not bounded", c.but(drop=("nu d<=2",)), {**at, nu: 4, w: 2, u: "4/5"})
    yield Mutant("sg above every batch", c.but(drop=("q<=beta",)), {**at, q: 4, L: 4, u: "4/5"})


def _draw(rng):
    share, top = rng.uniform(0.05, 1.9), rng.uniform(0.2, 2)
    gap, low, lost, dist = 2 - share, rng.random() * top, rng.uniform(0.1, 2), rng.uniform(0.1, 2)
    rate, size = rng.uniform(0.1, 2) / dist, lost**2 * (2 - share) ** 2 * low
    return {
        eta: share / top, beta: top, x: lost, q: low, L: size, d: dist, nu: rate, w: rate * gap / (2 * dist),
        u: 0.999 * rng.random() * (share / top * size) ** 0.5 * rate / (5 * lost),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
