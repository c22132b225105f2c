r"""path over kinks from every start in B(w_0, eps)

Theorem N: the integral of psi along the path, from every start in B(w_0, eps); eps = 0 is a start at w_0.

Let $\psi_+$ be a profile on $[0, R + \epsilon]$, $\bar r = \|r(w_0)\| + L_F\epsilon <
\int_\epsilon^{R+\epsilon}\psi_+$, and $\rho$ the root of $\int_\epsilon^{\epsilon+\rho}\psi_+ = \bar r$. After a path
P let $\bar r - \|r\| \ge \int_\epsilon^{\epsilon+P}\psi_+$, and let the next step, or a part of it, of length l lower
$\|r\|$ by at least $l\,\psi_+(\epsilon + P)$ (claim jump_step). Then the same bound holds after it, the path is at
most $\rho < R$, $\psi(\epsilon + \rho) > 0$, and $\|r\|$ falls by at least $l\,\psi(\epsilon + \rho)$; at the start
the bound holds with P = 0. $\psi_+$ is at most sig, nonincreasing and 0 beyond the ball: it is itself a profile.

Source: theory of networks with kinks section 2, Theorem N, sum, no exit and remark d.
"""

import math

import sympy as sp

from ..cited import INTEGRAL_COMPARISON, NEARBY_RESIDUAL, PROFILE_DECREASES, PROFILE_VALUES
from ..language import Cert, Mutant, Use, ge, gt, term
from ..notation import (
    PROFILE,
    P,
    R,
    a,
    area,
    area1,
    b,
    ell,
    integral,
    jacobian_at_most,
    residual_at_start,
    residual_nearby,
    rho,
    rho0,
    sigma,
    start_nearby,
    tau,
    total,
    value,
    x,
    y,
)
from ..statement import claim
from .integral_root import CLAIM as INTEGRAL_ROOT

eps, rbar, near, area0, area_rho, step = sp.symbols("eps rbar near area0 area_rho step")

ASSUMPTIONS = {
    "profile": PROFILE,
    "eps>=0": ge(eps),
    "R>=0": ge(R),
    "near": residual_nearby(near),
    "start": start_nearby(eps),
    "residual": residual_at_start(rho0),
    "jacobian": jacobian_at_most(ell),
    "rbar": ge(rbar, near + ell * eps),
    "to eps": integral(eps, area0),
    "to R": integral(R + eps, total),
    "condition": gt(total - area0, rbar),
    "rho>=0": ge(rho),
    "rho<=R": ge(R, rho),
    "at rho": value(eps + rho, tau),
    "tau>=0": ge(tau),
    "to rho": integral(eps + rho, area_rho),
    "root": ge(area_rho - area0, rbar),
    "root too": ge(rbar, area_rho - area0),
    "P>=0": ge(P),
    "to P": integral(eps + P, area),
    "at P": value(eps + P, sigma),
    "so far": ge(rbar - a, area - area0),
    "a>=0": ge(a),
    # A step that begins there, or a part of one.
    "step>=0": ge(step),
    "to next": integral(eps + P + step, area1),
    "fall": ge(a - b, step * sigma),
    "b>=0": ge(b),
}

CONCLUSIONS = {
    "at the start": ge(rbar, rho0),
    "so far": ge(rbar - b, area1 - area0),
    "path": ge(rho, P + step),
    "rho<R": gt(R, rho),
    "psi>0": gt(tau),
    "length": ge(a - b, step * tau),
}

at_next = sp.Symbol("at_next")
_NEXT = eps + P + step

PROOF = (
    Use("nearby", NEARBY_RESIDUAL),
    Cert("at the start", CONCLUSIONS["at the start"], sum=(term("nearby/bound"), term("rbar"))),
    Cert("next>=0", ge(_NEXT), sum=(term("eps>=0"), term("P>=0"), term("step>=0"))),
    Cert("longer", ge(_NEXT, eps + P), sum=(term("step>=0"),)),
    Use("values", PROFILE_VALUES, {y: _NEXT, sigma: at_next, area: sp.Symbol("area_again")}),
    Use("comparison", INTEGRAL_COMPARISON, {x: eps + P, y: _NEXT, tau: at_next}),
    Cert(
        "so far after it",
        CONCLUSIONS["so far"],
        sum=(term("so far"), term("fall"), term("comparison/left")),
    ),
    Cert("shifted rho>=0", ge(eps + rho), sum=(term("eps>=0"), term("rho>=0"))),
    Cert("shifted P>=0", ge(eps + P), sum=(term("eps>=0"), term("P>=0"))),
    Cert("shifted rho<=R", ge(R + eps, eps + rho), sum=(term("rho<=R"),)),
    Cert("more", gt(total, area_rho), sum=(term("condition"), term("root too"))),
    Cert("no more", ge(area_rho, area), sum=(term("so far"), term("a>=0"), term("root"))),
    Cert("no more after it", ge(area_rho, area1), sum=(term("so far after it"), term("b>=0"), term("root"))),
    Use(
        "here",
        INTEGRAL_ROOT,
        {P: eps + P, rho: eps + rho, R: R + eps, area1: area_rho},
    ),
    Use(
        "there",
        INTEGRAL_ROOT,
        {P: _NEXT, rho: eps + rho, R: R + eps, area: area1, area1: area_rho},
    ),
    Cert("path", CONCLUSIONS["path"], sum=(term("there/P<=rho"),)),
    Cert("rho<R", CONCLUSIONS["rho<R"], sum=(term("there/rho<R"),)),
    Use("order", PROFILE_DECREASES, {x: eps + P, y: eps + rho}),
    Cert("length", CONCLUSIONS["length"], sum=(term("fall"), term("step>=0", "order/order"))),
)


def _mutants(c):
    # psi = 1 on [0, 19/2], F(w) = w: the residual is 1 at w_0 and 3/2 at the start, half a unit away.
    at = {eps: "1/2", R: 9, near: 1, rho0: "3/2", ell: 1, rbar: 1, area0: "1/2", total: "19/2"}
    at |= {rho: 1, tau: 1, area_rho: "3/2", P: 0, area: "1/2", sigma: 1, a: 1, step: 1, area1: "3/2", b: 0}
    yield Mutant(
        "the residual at the centre in place of that of the start",
        c.but(swap={c.hypotheses["rbar"]: ge(rbar, near)}),
        at,
    )
    yield Mutant(
        "a step that lowers the residual by half of that",
        c.but(swap={c.hypotheses["fall"]: ge(a - b, step * sigma / 2)}),
        {**at, near: "1/2", rho0: 1, step: 2, area1: "5/2"},
    )


def _draw(rng):
    """The falling line psi = top - slope s, of a start anywhere in the small ball."""
    top, slope = rng.uniform(0.5, 2), rng.uniform(0.05, 1)
    radius, far = rng.uniform(0.3, 0.9) * top / slope, rng.uniform(0, 0.1) * top / slope

    def below(s):
        return top * s - slope * s**2 / 2

    most = below(far + radius) - below(far)
    norm = top * rng.uniform(1, 1.2)
    bound = rng.uniform(0.2, 0.99) * most
    centre = bound - norm * far
    reach = (top - math.sqrt(top**2 - 2 * slope * (bound + below(far)))) / slope - far
    path = rng.uniform(0, 1) * reach
    left = bound - below(far + path) + below(far)
    length = rng.uniform(0, 1) * left / (top - slope * (far + path))
    here = top - slope * (far + path)
    return {
        eps: far, R: radius, near: centre, rho0: centre + norm * far, ell: norm, rbar: bound, area0: below(far),
        total: below(far + radius), rho: reach, tau: top - slope * (far + reach), area_rho: bound + below(far), P: path,
        area: below(far + path), sigma: here, a: left, step: length, area1: below(far + path + length),
        b: left - length * here,
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
