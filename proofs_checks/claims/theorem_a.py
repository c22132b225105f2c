r"""Theorem A: rate, radius and limit

Theorem A: sharp delta-GClip; the radius is free of delta and gamma.

Let $L \ge 0$ be $C^2$, $L_0 > 0$; (A1) $\mu$-PL* and (A2) $\lambda_{\max}(\nabla^2 L) \le \beta$ on S; (A3) $0 < \eta
< 2/\beta$, $h_t \in [\eta\delta, \eta]$; (A4) $R > R_A$. Then for all t: $w_t \in S$; $L_{t+1} \le (1 - 2\mu h_t(1 -
\beta h_t/2)) L_t$; $L_t \le q^t L_0$, $q < 1$; the path is at most $R_A$; $w_t$ converges to a point with L = 0
within $\sqrt{2L_t/\mu}/(1 - \beta\eta/2)$ of $w_t$. (For $L_0 = 0$ nothing moves.)

Source: theory section 3, Theorem A. In Coq: TheoremA.theorem_A.
"""

from ..language import ROOT, Assume, Cert, Define, Mutant, Use, eq, ge, gt, term
from ..notation import (
    P,
    R,
    a,
    a0,
    a1,
    beta,
    converges,
    d,
    decays,
    delta,
    eta,
    inside,
    m,
    mu,
    radius_sharp,
    slack,
    sp,
    u,
    v,
    w,
    w0,
    within,
    x,
    y,
)
from ..samplers import quadratic_run
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT
from .no_exit import CLAIM as NO_EXIT
from .no_exit import K, leaves_a_small_ball
from .shared_run import FACTOR, PROCESS_CONCLUSIONS, run
from .shared_step import CONSTANTS, STEP

ASSUMPTIONS = {
    **{n: r for n, r in CONSTANTS.items() if n != "slack>0"},
    "delta<1": gt(1, delta),
    "eta<2/beta": gt(2 / beta, eta),
    "start inside": inside(w0),
    "start distance": within(w0, sp.Integer(0)),
    "R": gt(R, radius_sharp(a0**2, mu, beta, eta)),
}

AT_EVERY_STEP = STEP

EXIST = (d,)

CONCLUSIONS = {
    **PROCESS_CONCLUSIONS,
    "decay": decays(FACTOR),
    "path": ge(radius_sharp(a0**2, mu, beta, eta), P),
    "limit": converges(d, w),
    "tail": ge(radius_sharp(a**2, mu, beta, eta), d),
}


def root_above(symbol, value, tag):
    """Steps that name root(2 value^2/mu) and show m * root >= 2 value, for value >= 0 (fact "{tag}>=0")."""
    return (
        Cert(f"{tag} radicand", ge(2 * value**2 / mu), times=("mu>0",), sum=(term(c=2, sq=(value,)),)),
        Define(symbol, ROOT(2 * value**2 / mu)),
        Cert(
            f"{tag} squares",
            eq((m * symbol) ** 2, (2 * value) ** 2),
            mod={f"{symbol}/square": m**2, "m^2": 2 * value**2 / mu},
        ),
        Cert(f"2{tag}>=0", ge(2 * value), sum=(term(f"{tag}>=0", c=2),)),
        Cert(f"m {symbol}>=0", ge(m * symbol), sum=(term("m>0", f"{symbol}/nonneg"),)),
        Use(f"{tag} root", MONOTONE_ROOT, {x: 2 * value, y: m * symbol}),
    )


PROOF = (
    Cert("slack>0", gt(slack(beta, eta)), sum=(term("beta>0", "eta<2/beta", c="1/2"),)),
    Cert("a0>=0", ge(a0), sum=(term("a0>0"),)),
    *root_above(u, a0, "a0"),
    Assume("R"),
    Cert(
        "R>k a0",
        gt(R, K * a0),
        times=("m>0", "slack>0"),
        sum=(term("m>0", "slack>0", "R"), term("a0 root/x<=y")),
    ),
    Cert("k>=0", ge(K), times=("m>0", "slack>0"), sum=(term(c=2),)),
    *run(K, NO_EXIT),
    Cert(
        "path bound",
        CONCLUSIONS["path"],
        times=("m>0", "slack>0"),
        sum=(term("a0 root/x<=y"), term("m>0", "slack>0", "path"), term("a>=0", c=2)),
    ),
    *root_above(v, a, "a"),
    Cert(
        "distance bound",
        CONCLUSIONS["tail"],
        times=("m>0", "slack>0"),
        sum=(term("a root/x<=y"), term("m>0", "slack>0", "limit/tail")),
    ),
)


def _too_fast():
    """L = x^2/2 with eta = 1/2 and h = 1/4: the factor 9/16 is above 1 - 2 mu eta = 0."""
    return (1 - sp.Rational(1, 4)) ** 2 > 1 - 2 * sp.Rational(1, 2)


def _mutants(c):
    yield Mutant(
        "radius sqrt(2 L_0/mu)",
        c.but(swap={c.hypotheses["R"]: gt(R, radius_sharp(a0**2, mu, beta, sp.Integer(0)))}),
        leaves_a_small_ball,
    )
    wrong = {**c.conclusions, "factor": ge((1 - 2 * mu * eta) * a**2, a1**2)}
    yield Mutant("rate with the step eta only", c.but(conclusions=wrong), _too_fast)
    yield Mutant("eta up to 4/beta", c.but(swap={c.hypotheses["eta<2/beta"]: gt(4 / beta, eta)}), _diverges)


def _diverges():
    """L = x^2/2 with eta = 3: |x| doubles."""
    return abs(1 - 3) > 1


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    process=AT_EVERY_STEP,
    exists=EXIST,
    mutants=_mutants,
    numbers=quadratic_run,
)
