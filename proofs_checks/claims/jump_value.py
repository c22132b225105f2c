r"""least decrease of a step over kinks: psi_h, at |g| = (sigma + kappa/2)|r|

Theorem N: of two lower bounds of a step's decrease the larger one, at the worst length of the gradient.

Let $\psi_h = \sigma(1 - \beta h/2) - (\kappa/2)(1 + \beta h/2) > 0$, $\beta h < 2$, and $y^* = \sigma + \kappa/2$.
For every $y > 0$: $\max(y - \kappa, (\sigma^2 - \kappa^2/4)/y) - \beta h y/2 \ge \psi_h$, with equality at $y^*$, and
$\max(y^2 - \kappa y, \sigma^2 - \kappa^2/4) - \beta h y^2/2 \ge y^*\psi_h$. Without the second bound $\psi_h$ would
be less by $\kappa(1 - \beta h/2)/2$.

Source: theory of networks with kinks section 2, Theorem N, one step.
"""

import sympy as sp

from ..language import GREATEST, Cases, Cert, Define, Mutant, eq, ge, gt, term
from ..notation import beta, h, kappa, sigma, slack, slope_with_jumps, y
from ..statement import claim

PSI = slope_with_jumps(sigma, kappa, beta, h)
STAR = sigma + kappa / 2
POLARISED = sigma**2 - kappa**2 / 4
DIRECT = GREATEST(y - kappa, POLARISED / y)
SQUARED = GREATEST(y**2 - kappa * y, POLARISED)

ASSUMPTIONS = {
    "kappa>=0": ge(kappa),
    "beta>=0": ge(beta),
    "h>=0": ge(h),
    "slack>0": gt(slack(beta, h)),
    "psi>0": gt(PSI),
    "y>0": gt(y),
}

CONCLUSIONS = {
    "value": ge(DIRECT - beta * h * y / 2, PSI),
    "first at y*": eq(STAR - kappa - beta * h * STAR / 2, PSI),
    "second at y*": eq(POLARISED / STAR - beta * h * STAR / 2, PSI),
    "rate": ge(SQUARED - beta * h * y**2 / 2, STAR * PSI),
    "gain": eq(PSI, sigma * slack(beta, h) - kappa + kappa * slack(beta, h) / 2),
}

v, w = sp.symbols("v w")

PROOF = (
    Cert(
        "kappa<2sig",
        gt(2 * sigma, kappa),
        times=("slack>0",),
        sum=(term("psi>0", c=2), term("kappa>=0", "beta>=0", "h>=0")),
    ),
    Cert("y*>0", gt(STAR), sum=(term("kappa<2sig", c="1/2"), term("kappa>=0"))),
    Define(v, DIRECT),
    Define(w, SQUARED),
    Cert("first at y*", CONCLUSIONS["first at y*"]),
    Cert("second at y*", CONCLUSIONS["second at y*"]),
    Cert("gain", CONCLUSIONS["gain"]),
    # Beyond y* the first bound grows, before y* the second one falls.
    Cases(
        "side",
        {"value": CONCLUSIONS["value"], "rate": CONCLUSIONS["rate"]},
        on=y - STAR,
        left=(
            Cert("value", CONCLUSIONS["value"], sum=(term("v/first"), term("side", "slack>0"))),
            Cert(
                "rate",
                CONCLUSIONS["rate"],
                sum=(
                    term("w/first"),
                    term("side", "side", "slack>0"),
                    term("side", "psi>0", c=2),
                    term("side", "kappa>=0"),
                ),
            ),
        ),
        right=(
            Cert(
                "value",
                CONCLUSIONS["value"],
                times=("y>0",),
                sum=(
                    term("v/second", "y>0"),
                    term("side", "kappa<2sig", c="1/2"),
                    term("side", "beta>=0", "h>=0", "y>0", c="1/2"),
                ),
            ),
            Cert(
                "rate",
                CONCLUSIONS["rate"],
                sum=(
                    term("w/second"),
                    term("beta>=0", "h>=0", "side", "y>0", c="1/2"),
                    term("beta>=0", "h>=0", "side", "y*>0", c="1/2"),
                ),
            ),
        ),
    ),
)


def _mutants(c):
    # psi = 7/16 at y* = 5/4.
    at = {sigma: 1, kappa: "1/2", beta: 1, h: "1/2", y: "5/4"}
    more = sigma * slack(beta, h) - kappa * slack(beta, h) / 2
    yield Mutant(
        "half the jumps times 1 - beta h/2",
        c.but(swap={CONCLUSIONS["value"]: ge(DIRECT - beta * h * y / 2, more)}),
        at,
    )
    yield Mutant(
        "the rate with sigma + kappa",
        c.but(swap={CONCLUSIONS["rate"]: ge(SQUARED - beta * h * y**2 / 2, (sigma + kappa) * PSI)}),
        at,
    )
    yield Mutant(
        "polarisation for half of its price",
        c.but(swap={CONCLUSIONS["value"]: ge(DIRECT - beta * h * y / 2, PSI + kappa / 16)}),
        at,
    )
    # psi = -9/4 at beta h = 3: the first bound falls beyond y*.
    yield Mutant("beta h above 2", c.but(drop=("slack>0", "psi>0")), {sigma: 1, kappa: "1/2", beta: 1, h: 3, y: 9})


def draw(rng):
    """Values with psi > 0, some of them at the worst gradient."""
    s, b = rng.uniform(0.2, 2), rng.uniform(0.1, 3)
    step = rng.uniform(0, 1.9) / b
    most = 2 * s * (1 - b * step / 2) / (1 + b * step / 2)
    k = rng.choice((0.0, rng.uniform(0, 0.999), 0.999)) * most
    length = (s + k / 2) * rng.choice((1.0, rng.uniform(0.3, 1), rng.uniform(1, 3)))
    return {sigma: s, kappa: k, beta: b, h: step, y: length}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=draw)
