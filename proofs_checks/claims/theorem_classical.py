r"""classical route: rate 1 - eta delta mu, radius R_classic

The classical route with explicit constants: its radius grows like 1/delta.

Square loss with $\|J\| \le L_F$, $\mu$-PL*, $\lambda_{\max}(\nabla^2 L) \le \beta$ on S, $\mu \le \beta$, $0 < \eta
\le 1/\beta$, $h_t \in [\eta\delta, \eta]$, $R > R_{classic}$. Then $L_t \le (1 - \eta\delta\mu)^t L_0$, the path is
at most $R_{classic}$, and $w_t$ converges to a point with L = 0.

Source: theory section 2, classical route; TMSSR25. In Coq: Classical.classical_route.
"""

from functools import partial

from ..cited import LIMIT, POWERS, STATIONARY
from ..language import (
    ROOT,
    Assume,
    Cases,
    Cert,
    Define,
    Induction,
    Mutant,
    Use,
    eq,
    ge,
    gt,
    term,
)
from ..notation import (
    G,
    P,
    Q,
    R,
    a,
    a0,
    a1,
    c,
    converges,
    d,
    decays,
    delta,
    e,
    ell,
    eta,
    h,
    inside,
    k,
    mu,
    radius_classic,
    rate_classic,
    sp,
    u,
    v,
    w,
    w0,
    w1,
    within,
    x,
    y,
    z,
)
from ..samplers import quadratic_run
from ..statement import claim
from .classical_step import CLAIM as CLASSICAL_STEP
from .classical_step import CLASSICAL_CONSTANTS, CLASSICAL_STATE, RADICAND, A, K
from .monotone_root import CLAIM as MONOTONE_ROOT
from .shared_step import STEP

_RATE = rate_classic(mu, eta, delta)
_RADIUS = radius_classic(a0**2, mu, eta, delta, ell)

ASSUMPTIONS = {
    **{n: r for n, r in CLASSICAL_CONSTANTS.items() if n != "R"},
    "start inside": inside(w0),
    "start distance": within(w0, sp.Integer(0)),
    "R": gt(R, _RADIUS),
}

AT_EVERY_STEP = STEP

EXIST = (d,)

CONCLUSIONS = {
    "inside": inside(w),
    "factor": ge(_RATE * a**2, a1**2),
    "decay": decays(_RATE),
    "q<1": gt(1, _RATE),
    "path": ge(_RADIUS, P),
    "limit": converges(d, w),
}

one = sp.Integer(1)


def _one_step():
    goals = {
        "next inside": inside(w1),
        "next distance": within(w1, P + h * G),
        "length": ge(K * (A - v * A), h * G),
        "factor": CONCLUSIONS["factor"],
        "bound": ge(v * A, a1),
        "next below": ge(a0, a1),
    }
    still = (
        Use("still", STATIONARY),
        Cert("A>=0", ge(A), sum=(term("A>=a"), term("a>=0"))),
        Cert("length", goals["length"], sum=(term("k>=0", "A>=0", "v<=1/x<=y"),), mod={"still/G": -h}),
        Cert(
            "factor",
            goals["factor"],
            sum=(term("mu>0", "eta>0", "delta>0", "at zero", "a>=0"),),
            mod={"still/a1": -(a1 + a)},
        ),
        Cert("bound", goals["bound"], sum=(term("v/nonneg", "A>=0"), term("at zero")), mod={"still/a1": -1}),
        Cert("next below", goals["next below"], sum=(term("below"),), mod={"still/a1": -1}),
    )
    moving = (
        Use("step", CLASSICAL_STEP),
        Cert("next below", goals["next below"], sum=(term("step/below"),)),
    )
    return Cases("at zero", goals, on=-a, left=still, right=moving)


PROOF = (
    *RADICAND,
    Cert("2L>=0", ge(2 * a0**2), sum=(term(c=2, sq=(a0,)),)),
    Define(u, ROOT(2 * a0**2)),
    Cert("c a0>=0", ge(c * a0), sum=(term("c>0", "a0>0"),)),
    Cert("roots", eq(u**2, (c * a0) ** 2), mod={"u/square": 1, "c^2": -(a0**2)}),
    Use("root", MONOTONE_ROOT, {x: c * a0, y: u}),
    Assume("R"),
    Cert(
        "R>k a0",
        gt(R, K * a0),
        times=("delta>0", "mu>0"),
        sum=(
            term("delta>0", "mu>0", "R"),
            term("ell>0", "root/x<=y"),
            term("ell>0", "v/nonneg", "root/x<=y"),
        ),
    ),
    Cert(
        "k>=0",
        ge(K),
        times=("delta>0", "mu>0"),
        sum=(term("c>0", "ell>0"), term("c>0", "ell>0", "v/nonneg")),
    ),
    Cert("v<=1 squared", ge(1, v**2), sum=(term("eta>0", "delta>0", "mu>0"),), mod={"v/square": -1}),
    Cert("1>=0", ge(one), sum=(term(),)),
    Use("v<=1", MONOTONE_ROOT, {x: v, y: one}),
    Cert("q<1", CONCLUSIONS["q<1"], sum=(term("eta>0", "delta>0", "mu>0"),)),
    Induction(
        state={w: (w0, w1), a: (a0, a1), P: (0, P + h * G), A: (a0, v * A), Q: (1, _RATE * Q)},
        invariant={**CLASSICAL_STATE, "A^2": eq(A**2, Q * a0**2), "Q>=0": ge(Q)},
        base=(Cert("0=0", eq(0)),),
        step=(
            _one_step(),
            Cert("next path", ge(K * (a0 - v * A), P + h * G), sum=(term("path"), term("length"))),
            Cert("A>=0", ge(A), sum=(term("A>=a"), term("a>=0"))),
            Cert("next A", ge(a0, v * A), sum=(term("A<=a0"), term("A>=0", "v<=1/x<=y"))),
            Cert(
                "next square",
                eq((v * A) ** 2, _RATE * Q * a0**2),
                mod={"A^2": v**2, "v/square": Q * a0**2},
            ),
            Cert("next Q", ge(_RATE * Q), sum=(term("radicand", "Q>=0"),)),
        ),
    ),
    _one_step(),
    Cert("A>=0", ge(A), sum=(term("A>=a"), term("a>=0"))),
    Cert(
        "decay",
        ge(Q * a0**2, a**2),
        sum=(term("A>=a", "A>=a"), term("A>=a", "a>=0", c=2)),
        mod={"A^2": -1},
    ),
    Use("powers", POWERS, {y: Q, e: _RATE}),
    Use("limit", LIMIT, {k: K, e: _RATE, x: A, y: v * A, z: a0}),
    Cert(
        "path bound",
        CONCLUSIONS["path"],
        times=("delta>0", "mu>0"),
        sum=(
            term("delta>0", "mu>0", "path"),
            term("ell>0", "root/x<=y"),
            term("ell>0", "v/nonneg", "root/x<=y"),
            term("delta>0", "mu>0", "k>=0", "A>=0"),
        ),
    ),
)


def _mutants(claim):
    yield Mutant(
        "a radius free of delta",
        claim.but(swap={claim.hypotheses["R"]: gt(R, _RADIUS * delta / 2)}),
        _leaves,
    )
    wrong = {**claim.conclusions, "factor": ge((1 - 2 * mu * eta * delta) * a**2, a1**2)}
    yield Mutant(
        "the rate 1 - 2 eta delta mu",
        claim.but(conclusions=wrong),
        lambda: (1 - sp.Rational(1, 2)) ** 2 > 1 - 2 * sp.Rational(1, 2),
    )


def _leaves():
    """L = x^2/2 from 1 (all constants 1), eta = h = 1, delta = 3/4: the iterate 0 leaves R = 7/8 > delta
    R_classic/2."""
    halved = (1 + sp.sqrt(1 - sp.Rational(3, 4))) / 2
    return bool(1 > sp.Rational(7, 8) > halved)


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    process=AT_EVERY_STEP,
    exists=EXIST,
    mutants=_mutants,
    numbers=partial(quadratic_run, classical=True),
)
