r"""a step by the gauge: the way to the level shrinks by a h |g| sig

Theorem L, one step: how far the loss comes on its way to a level, by the length of the step.

Let $v \to v'$ be the loss before and after a step $0 \le h \le \eta$, $\beta\eta < 2$, $G = \|\nabla L\| \ge
\sigma\gamma$ with $\gamma = \mathrm{gam}(v) > 0$, and $v' \le v - h(1 - \beta h/2)G^2$. The gauge does not fall with
the loss, so the way $\varphi = \int_{v'}^v \mathrm{d}u/\mathrm{gam}(u)$ has $\varphi\gamma \ge v - v'$. Then $\varphi
\ge (1 - \beta\eta/2)\,hG\,\sigma$; and with b at most $h(1 - \beta h/2)$, $v - v' \ge b\,\sigma^2\gamma^2$.

Source: theory of other losses section 2, Theorem L.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import G, beta, decrease, eta, h, sigma, slack
from ..statement import claim

before, after, way, gam, least = sp.symbols("v v1 phi gam b0")

ASSUMPTIONS = {
    "beta>=0": ge(beta),
    "h>=0": ge(h),
    "h<=eta": ge(eta, h),
    "slack>0": gt(slack(beta, eta)),
    "sigma>=0": ge(sigma),
    "gam>0": gt(gam),
    "G>=0": ge(G),
    "gauge": ge(G, sigma * gam),
    "descent": ge(before - decrease(beta, h) * G**2, after),
    "rising": ge(way * gam, before - after),
    "least>=0": ge(least),
    "least": ge(decrease(beta, h), least),
}

CONCLUSIONS = {
    "potential": ge(way, slack(beta, eta) * h * G * sigma),
    "count": ge(before - after, least * sigma**2 * gam**2),
}

PROOF = (
    Cert(
        "fall",
        ge(before - after, slack(beta, eta) * h * G * sigma * gam),
        sum=(
            term("descent"),
            term("beta>=0", "h>=0", "h<=eta", c="1/2", sq=(G,)),
            term("h>=0", "slack>0", "G>=0", "gauge"),
        ),
    ),
    Cert("potential", CONCLUSIONS["potential"], times=("gam>0",), sum=(term("rising"), term("fall"))),
    Cert(
        "count",
        CONCLUSIONS["count"],
        sum=(
            term("descent"),
            term("least", sq=(G,)),
            term("least>=0", "gauge", "G>=0"),
            term("least>=0", "gauge", "sigma>=0", "gam>0"),
        ),
    ),
)


def _draw(rng):
    be, sg, gm = rng.uniform(0.1, 3), rng.uniform(0, 2), rng.uniform(0.1, 2)
    et = rng.uniform(0.01, 1.99) / be
    hv, g = rng.uniform(0, et), sg * gm * rng.uniform(1, 2)
    fall = hv * (1 - be * hv / 2) * g**2
    return {
        beta: be, eta: et, sigma: sg, gam: gm, h: hv, G: g, before: 5 + fall, after: 5,
        way: fall / gm * rng.uniform(1, 2) + 1e-12, least: hv * (1 - be * hv / 2) * rng.random(),
    }  # fmt: skip


def _mutants(c):
    # beta = 1, eta = h = 1: a step falls by half of h G^2.
    at = {beta: 1, eta: 1, h: 1, sigma: 1, gam: 1, G: 1, before: 1, after: "1/2", way: "1/2", least: "1/2"}
    whole = ge(way, h * G * sigma)
    yield Mutant("a way without its share", c.but(swap={CONCLUSIONS["potential"]: whole}), at)
    yield Mutant(
        "a gauge that falls",
        c.but(drop=("rising",)),
        {**at, way: "1/4"},
    )
    yield Mutant(
        "twice the count",
        c.but(swap={CONCLUSIONS["count"]: ge(before - after, 2 * least * sigma**2 * gam**2)}),
        at,
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
