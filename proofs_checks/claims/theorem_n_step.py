r"""Theorem N, one step

Theorem N, one step: over kinks the integral of psi along the path takes the place of k times the path.

Read $\psi_+$ for sig: it is a profile too, at most sig, nonincreasing, 0 beyond the ball. Let $w \in S$, $L(w) > 0$,
with path so far P and $\int_0^P\psi_+ \le \|r_0\| - \|r(w)\|$. Then a step stays in S, the same bound holds after it,
the path stays at most $\rho$, and with the values $\sigma$, $\kappa$ at $\rho$: $\|r'\|^2 \le (1 - 2h(\sigma +
\kappa/2)\psi_h)\|r\|^2$.

Source: theory of networks with kinks section 2, Theorem N.
"""

import sympy as sp

from ..cited import (
    CONTINUATION,
    INTEGRAL_COMPARISON,
    JUMP_SEGMENT,
    JUMP_VALUES,
    KINKED_LAST_POINT,
    PROFILE_DECREASES,
    PROFILE_VALUES,
)
from ..language import Cert, Mutant, Use, eq, ge, gt, term
from ..notation import (
    PROFILE,
    G,
    P,
    R,
    a,
    a0,
    a1,
    area,
    area1,
    b,
    beta,
    c,
    delta,
    eta,
    h,
    hull,
    inside,
    integral,
    kappa,
    kinked,
    level,
    rho,
    s,
    sigma,
    slack,
    slope_with_jumps,
    tau,
    total,
    value,
    w0,
    w1,
    within,
    x,
    y,
)
from ..samplers import kinked_run
from ..statement import claim
from .integral_root import CLAIM as INTEGRAL_ROOT
from .shared_step import POSITIVE_STEP, STATE, STEP

area_rho = sp.Symbol("area_rho")
STAR = sigma + kappa / 2


def psi(step):
    """With the values at rho."""
    return slope_with_jumps(sigma, kappa, beta, step)


CONSTANTS = {
    "beta>0": gt(beta),
    "eta>0": gt(eta),
    "delta>0": gt(delta),
    "slack>0": gt(slack(beta, eta)),
    "a0>0": gt(a0),
    "start": level(w0, a0),
    "c>0": gt(c),
    "c^2": eq(c**2, 2),
    "kinked": kinked(beta, eta),
    "profile": PROFILE,
    "rho>=0": ge(rho),
    "rho<=R": ge(R, rho),
    "at rho": value(rho, tau),
    "tau>=0": ge(tau),
    "to rho": integral(rho, area_rho),
    "to R": integral(R, total),
    "more": gt(total, area_rho),
    "root": eq(area_rho, c * a0),
    "hull": hull(rho, sigma, kappa),
    "sigma>=0": ge(sigma),
    "kappa>=0": ge(kappa),
    "psi": eq(tau, psi(eta)),
}
"""What is fixed: rho is the root of int_0^rho psi_+ = |r_0| = c a0, and R has a larger integral."""

PATH = {"P>=0": ge(P), "to P": integral(P, area), "path": ge(c * (a0 - a), area)}
"""The bound on the path."""

NEXT = {"to next P": integral(P + h * G, area1)}
"""A name for the next integral."""

ASSUMPTIONS = {**CONSTANTS, **STATE, **PATH, "a>0": gt(a), **STEP, **NEXT}

CONCLUSIONS = {
    "inside": inside(w1),
    "distance": within(w1, P + h * G),
    "P>=0": ge(P + h * G),
    "path": ge(c * (a0 - a1), area1),
    "P<=rho": ge(rho, P + h * G),
    "rate": ge((1 - 2 * h * STAR * psi(h)) * a**2, a1**2),
    "length": ge(c * (a - a1), h * G * tau),
    "below": gt(a0, a1),
}

at_P, sigma_P, kappa_P = sp.symbols("at_P sigma_P kappa_P")


def _psi_P(step):
    return slope_with_jumps(sigma_P, kappa_P, beta, step)


def _next_path(name, s_, b_, end, after):
    """The bound on the path at the end of a segment; `end` is the integral up to there."""
    new = P + s_ * G
    values = sp.Symbol("area_partial") if name == "partial" else sp.Symbol("area_too")
    return (
        Cert(f"{name} rest>=0", ge(eta - s_), sum=(term("h<=eta"), *([term("far/s<=h")] if name == "partial" else []))),
        Cert(f"{name} slack>0", gt(slack(beta, s_)), sum=(term("slack>0"), term("beta>0", f"{name} rest>=0", c="1/2"))),
        # psi falls in the step size.
        Cert(
            f"{name} psi>=at P",
            ge(_psi_P(s_), at_P),
            sum=(
                term("beta>0", f"{name} rest>=0", "P values/sigma>=0", c="1/2"),
                term("beta>0", f"{name} rest>=0", "P values/kappa>=0", c="1/4"),
            ),
            mod={"P values/psi": -1},
        ),
        Cert(f"{name} psi>0", gt(_psi_P(s_)), sum=(term(f"{name} psi>=at P"), term("at_P>0"))),
        Use(f"{name} jump", JUMP_SEGMENT, {s: s_, b: b_, x: P, sigma: sigma_P, kappa: kappa_P}),
        Cert(
            f"{name} length",
            ge(c * (a - b_), s_ * G * at_P),
            sum=(term(f"{name} jump/length"), term(f"{after}>=0", "G>=0", f"{name} psi>=at P")),
        ),
        Cert(f"{name} new>=0", ge(new), sum=(term("P>=0"), term(f"{after}>=0", "G>=0"))),
        Cert(f"{name} longer", ge(new, P), sum=(term(f"{after}>=0", "G>=0"),)),
        Use(f"{name} values", PROFILE_VALUES, {y: new, sigma: sp.Symbol(f"at_{name}"), area: values}),
        Use(
            f"{name} comparison",
            INTEGRAL_COMPARISON,
            {x: P, y: new, sigma: at_P, tau: sp.Symbol(f"at_{name}"), area1: end},
        ),
        Cert(
            f"{name} path",
            ge(c * (a0 - b_), end),
            sum=(term("path"), term(f"{name} comparison/left"), term(f"{name} length")),
        ),
        Cert(
            f"{name} no more",
            ge(area_rho, end),
            sum=(term(f"{name} path"), term("c>0", {"partial": "far/b>=0", "whole": "a1>=0"}[name])),
            mod={"root": 1},
        ),
        Use(f"{name} root", INTEGRAL_ROOT, {P: new, area: end, area1: area_rho}),
    )


PROOF = (
    Cert("no more", ge(area_rho, area), sum=(term("path"), term("c>0", "a>0")), mod={"root": 1}),
    Use("here", INTEGRAL_ROOT, {area1: area_rho}),
    Cert("P<R", gt(R, P), sum=(term("here/P<=rho"), term("here/rho<R"))),
    Use("P", PROFILE_VALUES, {y: P, sigma: at_P, area: sp.Symbol("area_again")}),
    Use("at P", PROFILE_DECREASES, {x: P, y: rho, sigma: at_P}),
    Cert("at_P>0", gt(at_P), sum=(term("at P/order"), term("here/tau>0"))),
    Use("P values", JUMP_VALUES, {x: P, tau: at_P, sigma: sigma_P, kappa: kappa_P}),
    Cert("P>=P", ge(P, P)),
    *POSITIVE_STEP,
    Use("far", KINKED_LAST_POINT, {sigma: at_P}),
    Cert("s>=0", ge(s), sum=(term("far/s>0"),)),
    *_next_path("partial", s, b, sp.Symbol("area_partial"), "s"),
    Cert("strictly inside", gt(R, P + s * G), sum=(term("partial root/P<=rho"), term("here/rho<R"))),
    Cert(
        "strictly below",
        gt(a0, b),
        times=("c>0",),
        sum=(
            term("c>0", "below"),
            term("partial jump/length"),
            term("far/s>0", "partial jump/G>0", "partial psi>0"),
        ),
    ),
    Use("arrive", CONTINUATION),
    *_next_path("whole", h, a1, area1, "h"),
    Cert("a1<a0", CONCLUSIONS["below"], sum=(term("strictly below"),), mod={"arrive/same end": -1}),
    Cert("length", CONCLUSIONS["length"], sum=(term("whole length"), term("h>=0", "G>=0", "at P/order"))),
    # The same step with the values at rho.
    Cert(
        "psi_h>=tau",
        ge(psi(h), tau),
        sum=(
            term("beta>0", "whole rest>=0", "sigma>=0", c="1/2"),
            term("beta>0", "whole rest>=0", "kappa>=0", c="1/4"),
        ),
        mod={"psi": -1},
    ),
    Cert("psi_h>0", gt(psi(h)), sum=(term("psi_h>=tau"), term("here/tau>0"))),
    Use("rate", JUMP_SEGMENT, {s: h, b: a1, x: rho}),
)


def _path_of_a_line(steps):
    """F(w) = w from |r_0| = 1 with eta = 1/10, so that sigma = beta = 1, kappa = 0 and psi = 19/20."""
    return 1 - sp.Rational(9, 10) ** steps


def _mutants(step_claim):
    psi_line, step = sp.Rational(19, 20), sp.Rational(1, 10)
    yield Mutant(
        "twice the fall of the residual",
        step_claim.but(swap={CONCLUSIONS["length"]: ge(c * (a - a1), 2 * h * G * tau)}),
        lambda: _path_of_a_line(1) < 2 * step * psi_line,
    )
    yield Mutant(
        "the rate with twice the profile",
        step_claim.but(swap={CONCLUSIONS["rate"]: ge((1 - 2 * h * 2 * STAR * psi(h)) * a**2, a1**2)}),
        lambda: 1 - 2 * step * 2 * psi_line < (1 - _path_of_a_line(1)) ** 2,
    )
    yield Mutant(
        "half the residual at the root",
        step_claim.but(swap={step_claim.hypotheses["root"]: eq(area_rho, c * a0 / 2)}),
        lambda: _path_of_a_line(20) > 1 / (2 * psi_line),
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=kinked_run)
