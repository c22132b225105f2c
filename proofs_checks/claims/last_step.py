r"""Theorem D, last step: every start in B(w_T, eps)

Theorem D, last step: bounds about the computed point serve every start near it, with the profile shifted.

Let sig, $L_F$, $\ell$ hold about the computed $w_T$ on $B(w_T, R + \epsilon)$, $\bar r = \|r(w_T)\| + L_F\epsilon$
and $\bar r < (1 - \beta\eta/2)\int_\epsilon^{R+\epsilon}\mathrm{sig}$ with $\beta = L_F^2 + \bar r\ell$. From a start
within $\epsilon$ of $w_T$: its residual is at most $\bar r$, Theorem B's condition holds with the profile $s \mapsto
\mathrm{sig}(s + \epsilon)$, a path that the potential allows is at most $\rho$, $\rho < R$, and $\mu =
\mathrm{sig}(\rho + \epsilon)^2 > 0$.

Source: theory section 4, Theorem D, last step. In Coq: LastStep.theorem_D_last_step.
"""

import sympy as sp

from ..cited import NEARBY_RESIDUAL, SQUARE_LOSS_CURVATURE
from ..language import Cert, Mutant, Use, eq, ge, gt, term
from ..notation import (
    PROFILE,
    P,
    R,
    area,
    area1,
    beta,
    curvature,
    derivative_at_most,
    ell,
    eta,
    integral,
    jacobian_at_most,
    k,
    residual_at_start,
    residual_nearby,
    rho,
    rho0,
    slack,
    smoothness,
    start_nearby,
    tau,
    total,
    value,
    y,
)
from ..statement import claim
from .integral_root import CLAIM as INTEGRAL_ROOT

eps, rbar, near = sp.symbols("eps rbar near")
_SLACK = slack(beta, eta)
_BETA = smoothness(rbar, ell, k)

ASSUMPTIONS = {
    "profile": PROFILE,
    "eps>=0": ge(eps),
    "rho>=0": ge(rho),
    "rho<=R": ge(R, rho),
    "P>=0": ge(P),
    "k>=0": ge(k),
    "slack>0": gt(_SLACK),
    "beta": eq(beta, _BETA),
    "near": residual_nearby(near),
    "start": start_nearby(eps),
    "residual": residual_at_start(rho0),
    "jacobian": jacobian_at_most(ell),
    "smooth": derivative_at_most(k),
    "rbar": ge(rbar, near + ell * eps),
    "to eps": integral(eps, area),
    "to R": integral(R + eps, total),
    "condition": gt(_SLACK * (total - area), rbar),
    "at rho": value(eps + rho, tau),
    "tau>=0": ge(tau),
    "to rho": integral(eps + rho, area1),
    "root": eq(_SLACK * (area1 - area), rbar),
    "to P": integral(eps + P, y),
    "path": ge(rho0, _SLACK * (y - area)),
}

CONCLUSIONS = {
    "residual": ge(rbar, rho0),
    "condition of B": gt(_SLACK * (total - area), rho0),
    "curvature": curvature(beta),
    "path": ge(rho, P),
    "rho<R": gt(R, rho),
    "mu>0": gt(tau**2),
}

PROOF = (
    Use("nearby", NEARBY_RESIDUAL),
    Cert("residual<=rbar", CONCLUSIONS["residual"], sum=(term("nearby/bound"), term("rbar"))),
    Cert("condition of B", CONCLUSIONS["condition of B"], sum=(term("condition"), term("residual<=rbar"))),
    Cert("larger beta", ge(beta, smoothness(rho0, ell, k)), sum=(term("k>=0", "residual<=rbar"),), mod={"beta": 1}),
    Use("curvature", SQUARE_LOSS_CURVATURE, {y: beta}),
    Cert("eps+P>=0", ge(eps + P), sum=(term("eps>=0"), term("P>=0"))),
    Cert("eps+rho>=0", ge(eps + rho), sum=(term("eps>=0"), term("rho>=0"))),
    Cert("more", gt(total, area1), times=("slack>0",), sum=(term("condition"),), mod={"root": -1}),
    Cert(
        "no more",
        ge(area1, y),
        times=("slack>0",),
        sum=(term("path"), term("residual<=rbar")),
        mod={"root": 1},
    ),
    Use("shifted", INTEGRAL_ROOT, {P: eps + P, rho: eps + rho, R: R + eps, area: y}),
    Cert("P<=rho", CONCLUSIONS["path"], sum=(term("shifted/P<=rho"),)),
    Cert("rho<R", CONCLUSIONS["rho<R"], sum=(term("shifted/rho<R"),)),
    Cert("mu>0", CONCLUSIONS["mu>0"], sum=(term("shifted/tau>0", "shifted/tau>0"),)),
)


def _unshifted():
    """sig = max(0, 1 - s), eps = 1/2, R = 1/2: the integral from 0 to 1 is 1/2, that from 1/2 to 1 only 1/8; a residual
    of 1/4 (slack 1) is below the first and above the second."""
    whole, shifted = sp.Rational(1, 2), sp.Rational(1, 8)
    return shifted < sp.Rational(1, 4) < whole


def _mutants(c):
    yield Mutant(
        "the integral from 0",
        c.but(swap={c.hypotheses["condition"]: gt(_SLACK * total, rbar)}),
        _unshifted,
    )
    yield Mutant(
        "the residual at the computed point alone",
        c.but(swap={c.hypotheses["rbar"]: ge(rbar, near)}),
        # F(w) = w on the line, y = 0: at distance eps the residual is larger by eps.
        lambda: sp.Integer(1) + sp.Rational(1, 2) > 1,
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
