r"""Theorem B: integrated PL*

Square loss, $r_0 \ne 0$; sig a profile of $\sigma_{\min}(J)$ about $w_0$, (A2), (A3), and $\|r_0\| < (1 -
\beta\eta/2)\int_0^R \mathrm{sig}$. Let $\rho$ be the root of $(1 - \beta\eta/2)\int_0^\rho \mathrm{sig} = \|r_0\|$.
Then $\rho < R$, the path is at most $\rho$, and Theorem A's rate and limit hold with $\mu = \mathrm{sig}(\rho)^2 >
0$.

Source: theory section 4, Theorem B. In Coq: TheoremB.theorem_B.
"""

from ..cited import INTEGRAL_COMPARISON, LIMIT, POWERS, PROFILE_VALUES, ROOT_OF_INTEGRAL, STATIONARY
from ..language import LEAST, Cases, Cert, Define, Induction, Mutant, Use, eq, ge, gt, term
from ..notation import (
    G,
    P,
    Q,
    R,
    a,
    a0,
    a1,
    area,
    area1,
    beta,
    c,
    contraction,
    converges,
    d,
    decays,
    decrease,
    delta,
    e,
    eta,
    h,
    inside,
    integral,
    k,
    mu,
    rate,
    rho,
    sigma,
    slack,
    sp,
    tau,
    total,
    w,
    w0,
    w1,
    within,
    x,
    y,
    z,
)
from ..samplers import profile_run
from ..statement import claim
from .concave_minimum import CLAIM as CONCAVE_MINIMUM
from .integral_root import CLAIM as INTEGRAL_ROOT
from .profile_step import CLAIM as PROFILE_STEP
from .profile_step import NEXT, PATH, PROFILE_CONSTANTS, area_rho
from .shared_step import NO_INCREASE, STATE, STEP

zero = sp.Integer(0)
_MU = tau**2
_FACTOR = rate(_MU, beta, eta, delta)
_K = 2 / (c * tau * slack(beta, eta))
_DERIVED = ("slack>0", "rho>=0", "rho<=R", "at rho", "tau>=0", "to rho", "more", "root")
_CONSTANTS = {n: r for n, r in PROFILE_CONSTANTS.items() if n not in _DERIVED}

ASSUMPTIONS = {
    **_CONSTANTS,
    "delta<1": gt(1, delta),
    "eta<2/beta": gt(2 / beta, eta),
    "start inside": inside(w0),
    "start distance": within(w0, zero),
    "to 0": integral(zero, zero),
    "R>=0": ge(R),
    "ratio": gt(slack(beta, eta) * total, c * a0),
}

AT_EVERY_STEP = {**STEP, **NEXT}

EXIST = (rho, tau, area_rho, d)

CONCLUSIONS = {
    "inside": inside(w),
    "root": eq(slack(beta, eta) * area_rho, c * a0),
    "to rho": integral(rho, area_rho),
    "rho<R": gt(R, rho),
    "mu>0": gt(_MU),
    "path": ge(rho, P),
    "factor": ge(contraction(_MU, beta, h) * a**2, a1**2),
    "q<1": gt(1, _FACTOR),
    "decay": decays(_FACTOR),
    "limit": converges(d, w),
    "tail": ge(_K * a, d),
}

worst, at_P, at_next = sp.symbols("worst at_P at_next")


def _one_step():
    goals = {
        "next inside": inside(w1),
        "next distance": within(w1, P + h * G),
        "next path": ge(c * (a0 - a1), slack(beta, eta) * area1),
        "length": ge(_K * (a - a1), h * G),
        "factor": CONCLUSIONS["factor"],
        "next below": ge(a0, a1),
    }
    still = (
        Use("still", STATIONARY),
        *NO_INCREASE,
        Cert("next P", ge(P + h * G), sum=(term("P>=0"), term("h>=0", "G>=0"))),
        Cert("next P>=P", ge(P + h * G, P), sum=(term("h>=0", "G>=0"),)),
        Use("values", PROFILE_VALUES, {y: P, sigma: at_P, area: sp.Symbol("area_again")}),
        Use("next values", PROFILE_VALUES, {y: P + h * G, sigma: at_next, area: sp.Symbol("area1_again")}),
        Use("comparison", INTEGRAL_COMPARISON, {x: P, y: P + h * G, sigma: at_P, tau: at_next}),
        Cert(
            "next path",
            goals["next path"],
            sum=(term("path"), term("slack>0", "comparison/left")),
            mod={"still/a1": -c, "still/G": -slack(beta, eta) * h * at_P},
        ),
        Cert("length", goals["length"], mod={"still/G": -h, "still/a1": -_K}),
        Cert(
            "factor",
            goals["factor"],
            sum=(term("mu>0", "decrease>=0", "at zero", "a>=0", c=2),),
            mod={"still/a1": -(a1 + a)},
        ),
        Cert("next below", goals["next below"], sum=(term("below"),), mod={"still/a1": -1}),
    )
    moving = (
        Use("step", PROFILE_STEP),
        Cert("length", goals["length"], times=("c>0", "tau>0", "slack>0"), sum=(term("step/length"),)),
        Cert("next below", goals["next below"], sum=(term("step/below"),)),
    )
    return Cases("at zero", goals, on=-a, left=still, right=moving)


PROOF = (
    Cert("slack>0", gt(slack(beta, eta)), sum=(term("beta>0", "eta<2/beta", c="1/2"),)),
    Cert("target>=0", ge(c * a0 / slack(beta, eta)), times=("slack>0",), sum=(term("c>0", "a0>0"),)),
    Cert(
        "target<total",
        gt(total, c * a0 / slack(beta, eta)),
        times=("slack>0",),
        sum=(term("ratio"),),
    ),
    Use("exists", ROOT_OF_INTEGRAL, {y: c * a0 / slack(beta, eta), area: area_rho}),
    Cert("root", CONCLUSIONS["root"], mod={"exists/area": slack(beta, eta)}),
    Cert("more", gt(total, area_rho), sum=(term("target<total"),), mod={"exists/area": -1}),
    Cert("0>=0", ge(zero)),
    Cert("area>=0", ge(area_rho), times=("slack>0",), sum=(term("c>0", "a0>0"),), mod={"root": 1}),
    Use("at start", INTEGRAL_ROOT, {P: zero, area: zero, area1: area_rho}),
    Cert("tau>0", gt(tau), sum=(term("at start/tau>0"),)),
    Cert("mu>0", CONCLUSIONS["mu>0"], sum=(term("tau>0", "tau>0"),)),
    Cert("k>=0", ge(_K), times=("c>0", "tau>0", "slack>0"), sum=(term(c=2),)),
    Define(worst, LEAST(decrease(beta, eta * delta), decrease(beta, eta))),
    Cert("eta>=eta delta", ge(eta, eta * delta), sum=(term("eta>0", "delta<1"),)),
    Use("rate", CONCAVE_MINIMUM, {h: eta, mu: _MU}),
    Induction(
        state={w: (w0, w1), a: (a0, a1), P: (0, P + h * G), area: (0, area1), Q: (1, _FACTOR * Q)},
        invariant={
            **STATE,
            **PATH,
            "decay": ge(Q * a0**2, a**2),
            "Q>=0": ge(Q),
            "q>=0": ge(_FACTOR),
        },
        base=(
            Cert("1>=0", ge(sp.Integer(1)), sum=(term(),)),
            Use("first", PROFILE_STEP, {w: w0, a: a0, P: zero, area: zero}),
            Use("worst first", CONCAVE_MINIMUM, {mu: _MU}),
            Cert(
                "q>=0",
                ge(_FACTOR),
                times=("a0>0", "a0>0"),
                sum=(term("worst first/rate", sq=(a0,)), term("first/rate"), term(sq=(a1,))),
            ),
        ),
        step=(
            _one_step(),
            Use("worst step", CONCAVE_MINIMUM, {mu: _MU}),
            Cert("h>=0", ge(h), sum=(term("h>=eta delta"), term("eta>0", "delta>0"))),
            Cert("next P>=0", ge(P + h * G), sum=(term("P>=0"), term("h>=0", "G>=0"))),
            Cert(
                "next decay",
                ge(_FACTOR * Q * a0**2, a1**2),
                sum=(term("q>=0", "decay"), term("worst step/rate", sq=(a,)), term("factor")),
            ),
            Cert("next Q", ge(_FACTOR * Q), sum=(term("q>=0", "Q>=0"),)),
        ),
    ),
    _one_step(),
    Cert(
        "no more",
        ge(area_rho, area),
        times=("slack>0",),
        sum=(term("path"), term("c>0", "a>=0")),
        mod={"root": 1},
    ),
    Use("path bound", INTEGRAL_ROOT, {area1: area_rho}),
    Use("powers", POWERS, {y: Q, e: _FACTOR}),
    Use("limit", LIMIT, {k: _K, e: _FACTOR, x: a, y: a1, z: a0}),
)


def _leaves_rho():
    """L = x^2/2 from 1, sig = 1, R = 5/4 > |r_0| = 1, eta = 3/2: the first step ends 3/2 away, outside the
    ball."""
    return sp.Rational(3, 2) > sp.Rational(5, 4) > 1


def _mutants(claim):
    yield Mutant(
        "the condition without the factor 1 - beta eta/2",
        claim.but(swap={claim.hypotheses["ratio"]: gt(total, c * a0)}),
        _leaves_rho,
    )
    yield Mutant(
        "eta up to 4/beta",
        claim.but(swap={claim.hypotheses["eta<2/beta"]: gt(4 / beta, eta)}),
        lambda: abs(1 - 3) > 1,
    )


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    process=AT_EVERY_STEP,
    exists=EXIST,
    mutants=_mutants,
    numbers=profile_run,
)
