r"""closed form of q, gap to quadratics, R_A at 1/beta

Facts to reuse: closed form of the rate, its gap to quadratics, the radius at eta = 1/beta.

$1 - 2\mu x(1 - \beta x/2) = (1 - \mu x)^2 + \mu(\beta - \mu)x^2$ at $x = \eta\delta$. For $0 \le \beta h \le 1$ the
guaranteed decrease is at least half of what the quadratic of curvature $\mu$ shows. At $\eta = 1/\beta$: $R_A =
\sqrt{8L_0/\mu}$.

Source: theory section 3, facts and consequences. In Coq: Steps.rate_closed_form.
"""

from ..language import ROOT, Cert, Define, Mutant, Use, eq, ge, gt, term
from ..notation import L0, beta, contraction, delta, eta, h, mu, radius_sharp, rate_classic, u, v, x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

_AT = radius_sharp(L0, mu, beta, 1 / beta)

ASSUMPTIONS = {
    "mu>0": gt(mu),
    "beta>0": gt(beta),
    "h>=0": ge(h),
    "beta h<=1": ge(1, beta * h),
    "L0>=0": ge(L0),
}

CONCLUSIONS = {
    "closed form": eq(
        contraction(mu, beta, eta * delta),
        rate_classic(mu, eta, delta) ** 2 + mu * (beta - mu) * (eta * delta) ** 2,
    ),
    "gap": ge(2 * (1 - contraction(mu, beta, h)), 1 - (1 - mu * h) ** 2),
    "R_A upper": ge(ROOT(8 * L0 / mu), _AT),
    "R_A lower": ge(_AT, ROOT(8 * L0 / mu)),
}

PROOF = (
    Cert("closed form", CONCLUSIONS["closed form"]),
    Cert("gap", CONCLUSIONS["gap"], sum=(term("mu>0", "h>=0", "beta h<=1", c=2), term(sq=(mu * h,)))),
    Cert("2L/mu", ge(2 * L0 / mu), times=("mu>0",), sum=(term("L0>=0", c=2),)),
    Cert("8L/mu", ge(8 * L0 / mu), times=("mu>0",), sum=(term("L0>=0", c=8),)),
    Define(u, ROOT(2 * L0 / mu)),
    Define(v, ROOT(8 * L0 / mu)),
    Cert("2u>=0", ge(2 * u), sum=(term("u/nonneg", c=2),)),
    Cert("squares", eq(v**2, (2 * u) ** 2), mod={"v/square": 1, "u/square": -4}),
    Cert("squares back", eq((2 * u) ** 2, v**2), mod={"squares": -1}),
    Use("up", MONOTONE_ROOT, {x: 2 * u, y: v}),
    Use("down", MONOTONE_ROOT, {x: v, y: 2 * u}),
    Cert("R_A upper", ge(v, _AT), sum=(term("up/x<=y"),)),
    Cert("R_A lower", ge(_AT, v), sum=(term("down/x<=y"),)),
)


def _draw(rng):
    be = rng.uniform(0.1, 3)
    return {
        beta: be,
        mu: rng.uniform(0.01, 1) * be,
        h: rng.uniform(0, 1) / be,
        eta: rng.uniform(-2, 2),
        delta: rng.uniform(-2, 2),
        L0: rng.uniform(0, 3),
    }


def _mutants(c):
    at = {mu: 1, beta: 1, h: 1, eta: 1, delta: 1, L0: 2}
    wrong = eq(CONCLUSIONS["closed form"].expr + mu * (eta * delta) ** 2)
    yield Mutant("closed form with another square", c.but(swap={CONCLUSIONS["closed form"]: wrong}), at)
    yield Mutant(
        "gap factor 1",
        c.but(swap={CONCLUSIONS["gap"]: ge(1 - contraction(mu, beta, h), 1 - (1 - mu * h) ** 2)}),
        {**at, mu: "1/2", L0: 1},
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
