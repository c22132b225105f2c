r"""a level from every start near the end of a run

Theorem T+L: bounds about the computed end of a run serve every start near it, with the profile shifted.

Let sig, $L_F$, $\ell$ hold about $\tilde w_T$ on $B(\tilde w_T, R + \epsilon)$, let $\Phi$ bound the way
$\int\mathrm{d}v/\mathrm{gam}$ and $\Gamma$ the gradient in the outputs from every start in $B(\tilde w_T, \epsilon)$,
and $\Phi < (1 - \beta\eta/2)\int_\epsilon^{R+\epsilon}\mathrm{sig}$ with $\beta = M L_F^2 + \Gamma\ell$. From any of
these starts: Theorem L's condition holds with the profile $s \mapsto \mathrm{sig}(s + \epsilon)$ and its own way and
gradient, a path that its potential allows is at most $\rho$, $\rho < R$, and $\mathrm{sig}(\rho + \epsilon) > 0$.

Source: theory of other losses section 3.
"""

import sympy as sp

from ..language import Cert, Mutant, Use, eq, ge, gt, term
from ..notation import PROFILE, P, R, area, area1, beta, ell, eta, integral, k, rho, slack, tau, total, value, y
from ..statement import claim
from .integral_root import CLAIM as INTEGRAL_ROOT

eps, way, own, most, slope, slope1 = sp.symbols("eps way own most slope slope1")
_SLACK = slack(beta, eta)

ASSUMPTIONS = {
    "profile": PROFILE,
    "eps>=0": ge(eps),
    "rho>=0": ge(rho),
    "rho<=R": ge(R, rho),
    "P>=0": ge(P),
    "k>=0": ge(k),
    "slack>0": gt(_SLACK),
    "beta": eq(beta, most * ell**2 + slope * k),
    "slope": ge(slope, slope1),
    "way": ge(way, own),
    "to eps": integral(eps, area),
    "to R": integral(R + eps, total),
    "condition": gt(_SLACK * (total - area), way),
    "at rho": value(eps + rho, tau),
    "tau>=0": ge(tau),
    "to rho": integral(eps + rho, area1),
    "root": eq(_SLACK * (area1 - area), way),
    "to P": integral(eps + P, y),
    "path": ge(own, _SLACK * (y - area)),
}

CONCLUSIONS = {
    "condition of L": gt(_SLACK * (total - area), own),
    "curvature": ge(beta, most * ell**2 + slope1 * k),
    "path": ge(rho, P),
    "rho<R": gt(R, rho),
    "sig>0": gt(tau),
}

PROOF = (
    Cert("condition of L", CONCLUSIONS["condition of L"], sum=(term("condition"), term("way"))),
    Cert("curvature", CONCLUSIONS["curvature"], sum=(term("k>=0", "slope"),), mod={"beta": 1}),
    Cert("eps+P>=0", ge(eps + P), sum=(term("eps>=0"), term("P>=0"))),
    Cert("eps+rho>=0", ge(eps + rho), sum=(term("eps>=0"), term("rho>=0"))),
    Cert("more", gt(total, area1), times=("slack>0",), sum=(term("condition"),), mod={"root": -1}),
    Cert("no more", ge(area1, y), times=("slack>0",), sum=(term("path"), term("way")), mod={"root": 1}),
    Use("shifted", INTEGRAL_ROOT, {P: eps + P, rho: eps + rho, R: R + eps, area: y}),
    Cert("P<=rho", CONCLUSIONS["path"], sum=(term("shifted/P<=rho"),)),
    Cert("rho<R", CONCLUSIONS["rho<R"], sum=(term("shifted/rho<R"),)),
    Cert("sig>0", CONCLUSIONS["sig>0"], sum=(term("shifted/tau>0"),)),
)


def _unshifted():
    """sig = max(0, 1 - s), eps = 1/2, R = 1/2: the integral from 0 to 1 is 1/2, that from 1/2 to 1 only 1/8; a way of
    1/4 (slack 1) is below the first and above the second."""
    whole, shifted = sp.Rational(1, 2), sp.Rational(1, 8)
    return shifted < sp.Rational(1, 4) < whole


def _mutants(c):
    yield Mutant(
        "the integral from 0",
        c.but(swap={c.hypotheses["condition"]: gt(_SLACK * total, way)}),
        _unshifted,
    )
    yield Mutant(
        "the way from the computed end alone",
        c.but(drop=("way",)),
        # gam = 1: from a loss that is larger by 1/2 the way down to 0 is longer by 1/2.
        lambda: sp.Integer(1) + sp.Rational(1, 2) > 1,
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
