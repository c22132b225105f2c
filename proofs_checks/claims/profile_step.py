r"""Theorem B, one step

Theorem B, one step: the integral of the profile along the path takes the place of k times the path.

Let $w \in S$, $L(w) > 0$, with path so far P and $(1 - \beta\eta/2)\int_0^P \mathrm{sig} \le \|r_0\| - \|r(w)\|$.
Then a step stays in S, the same bound holds after it, and the path stays at most $\rho$.

Source: theory section 4, Theorem B. In Coq: TheoremB.step_B.
"""

from ..cited import (
    INTEGRAL_COMPARISON,
    LAST_POINT,
    PROFILE_BOUND,
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
    contraction,
    eta,
    h,
    inside,
    integral,
    m,
    mu,
    rho,
    s,
    sigma,
    slack,
    sp,
    tau,
    total,
    value,
    w1,
    within,
    x,
    y,
)
from ..samplers import profile_run
from ..statement import claim
from .descent_rate import CLAIM as DESCENT_RATE
from .integral_root import CLAIM as INTEGRAL_ROOT
from .potential_step import CLAIM as POTENTIAL_STEP
from .shared_step import CONSTANTS, POSITIVE_STEP, STATE, STEP, arrives

at_P, area_rho = sp.symbols("at_P area_rho")
_SLACK = slack(beta, eta)
PROFILE_CONSTANTS = {
    **{n: r for n, r in CONSTANTS.items() if n not in ("mu>0", "m>0", "m^2", "pl")},
    "c>0": gt(c),
    "c^2": eq(c**2, 2),
    "profile": PROFILE,
    "rho>=0": ge(rho),
    "rho<=R": ge(R, rho),
    "at rho": value(rho, tau),
    "tau>=0": ge(tau),
    "to rho": integral(rho, area_rho),
    "to R": integral(R, total),
    "more": gt(total, area_rho),
    "root": eq(_SLACK * area_rho, c * a0),
}
"""What is fixed: rho is the root of (1 - beta eta/2) int_0^rho sig = |r_0| = c a0, and R has a larger
integral."""

PATH = {"P>=0": ge(P), "to P": integral(P, area), "path": ge(c * (a0 - a), _SLACK * area)}
"""The bound on the path."""

NEXT = {"to next P": integral(P + h * G, area1)}
"""A name for the next integral."""

ASSUMPTIONS = {**PROFILE_CONSTANTS, **STATE, **PATH, "a>0": gt(a), **STEP, **NEXT}

CONCLUSIONS = {
    "inside": inside(w1),
    "distance": within(w1, P + h * G),
    "P>=0": ge(P + h * G),
    "path": ge(c * (a0 - a1), _SLACK * area1),
    "P<=rho": ge(rho, P + h * G),
    "rate": ge(contraction(tau**2, beta, h) * a**2, a1**2),
    "length": ge(2 * (a - a1), h * G * _SLACK * c * tau),
    "below": gt(a0, a1),
}


def _next_path(name, s_, b_, end, after):
    """The bound on the path at the end of a segment; `end` is the integral up to there."""
    new = P + s_ * G
    return (
        Use(f"{name} descent", DESCENT_RATE, {s: s_, b: b_, mu: tau**2}),
        Use(f"{name} potential", POTENTIAL_STEP, {h: s_, b: b_, m: c * at_P}),
        Cert(f"{name} new>=0", ge(new), sum=(term("P>=0"), term(f"{after}>=0", "G>=0"))),
        Cert(f"{name} longer", ge(new, P), sum=(term(f"{after}>=0", "G>=0"),)),
        Use(
            f"{name} values",
            PROFILE_VALUES,
            {
                y: new,
                sigma: sp.Symbol(f"at_{name}"),
                area: end if name == "partial" else sp.Symbol("area_too"),
            },
        ),
        Use(
            f"{name} comparison",
            INTEGRAL_COMPARISON,
            {x: P, y: new, sigma: at_P, tau: sp.Symbol(f"at_{name}"), area1: end},
        ),
        Cert(
            f"{name} path",
            ge(c * (a0 - b_), _SLACK * end),
            times=("c>0",),
            sum=(
                term("c>0", "path"),
                term("c>0", "slack>0", f"{name} comparison/left"),
                term(f"{name} potential/potential"),
            ),
            mod={"c^2": a - b_},
        ),
        Cert(
            f"{name} no more",
            ge(area_rho, end),
            times=("slack>0",),
            sum=(term(f"{name} path"), term("c>0", {"partial": "far/b>=0", "whole": "a1>=0"}[name])),
            mod={"root": 1},
        ),
        Use(f"{name} root", INTEGRAL_ROOT, {P: new, area: end, area1: area_rho}),
    )


PROOF = (
    Cert(
        "no more",
        ge(area_rho, area),
        times=("slack>0",),
        sum=(term("path"), term("c>0", "a>0")),
        mod={"root": 1},
    ),
    Use("here", INTEGRAL_ROOT, {area1: area_rho}),
    Cert("P<R", gt(R, P), sum=(term("here/P<=rho"), term("here/rho<R"))),
    Use("P", PROFILE_VALUES, {y: P, sigma: at_P, area: sp.Symbol("area_again")}),
    Use("at P", PROFILE_DECREASES, {x: P, y: rho, sigma: at_P}),
    Cert("at_P>0", gt(at_P), sum=(term("at P/order"), term("here/tau>0"))),
    Use("gradient bound", PROFILE_BOUND, {sigma: at_P}),
    Cert("bound>0", gt(at_P * c * a), sum=(term("at_P>0", "c>0", "a>0"),)),
    Cert("G>0", gt(G), sum=(term("gradient bound/gradient"), term("bound>0"))),
    Cert("m>0", gt(c * at_P), sum=(term("c>0", "at_P>0"),)),
    Cert(
        "pl m",
        ge(G**2, (c * at_P * a) ** 2),
        sum=(
            term("gradient bound/gradient", "gradient bound/gradient"),
            term("gradient bound/gradient", "bound>0", c=2),
        ),
    ),
    # G^2 >= 2 sig(P)^2 a^2 >= 2 sig(rho)^2 a^2: PL* with mu = sig(rho)^2 at this point.
    Cert(
        "pl",
        ge(G**2, 2 * tau**2 * a**2),
        sum=(
            term("pl m"),
            term("at P/order", "at P/order", c=2, sq=(a,)),
            term("at P/order", "tau>=0", c=4, sq=(a,)),
        ),
        mod={"c^2": at_P**2 * a**2},
    ),
    *POSITIVE_STEP,
    Use("far", LAST_POINT),
    Cert("s<=eta", ge(eta, s), sum=(term("h<=eta"), term("far/s<=h"))),
    Cert("s>=0", ge(s), sum=(term("far/s>0"),)),
    *_next_path("partial", s, b, sp.Symbol("area_partial"), "s"),
    Cert("strictly inside", gt(R, P + s * G), sum=(term("partial root/P<=rho"), term("here/rho<R"))),
    *arrives("partial descent"),
    *_next_path("whole", h, a1, area1, "h"),
    Cert("a1<a0", CONCLUSIONS["below"], sum=(term("strictly below"),), mod={"arrive/same end": -1}),
    Cert(
        "length",
        CONCLUSIONS["length"],
        sum=(
            term("whole potential/potential"),
            term("h>=0", "G>=0", "slack>0", "c>0", "at P/order"),
        ),
    ),
)


def _too_far():
    """L = x^2/2 from 1, sig = 1: with |r_0| = int_0^1 sig (no factor) and eta = 3/2 the first step is 3/2 >
    rho = 1."""
    return sp.Rational(3, 2) > 1


def _mutants(claim):
    yield Mutant(
        "the root without the factor 1 - beta eta/2",
        claim.but(swap={claim.hypotheses["root"]: eq(area_rho, c * a0)}),
        _too_far,
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=profile_run)
