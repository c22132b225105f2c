r"""Theorem A': tight radius R*

Theorem A': the tight radius.

Theorem A with $\mu \le \beta$ and $R > R^* = \sqrt{L_0/(2\mu)}(1 + \sqrt{1 - 2\mu\eta(1 - \beta\eta/2)})/(1 -
\beta\eta/2)$ in place of (A4): the path is at most $R^*$ and $\|w_t - w_\infty\| \le R^* \sqrt{L_t/L_0}$.

Source: theory section 3, Theorem A'. In Coq: TheoremAprime.theorem_Aprime.
"""

from functools import partial

from ..language import ROOT, Assume, Cert, Define, Mutant, Use, eq, ge, gt, term
from ..notation import (
    P,
    R,
    a,
    a0,
    beta,
    converges,
    d,
    decays,
    delta,
    eta,
    h,
    inside,
    m,
    mu,
    radius_tight,
    slack,
    sp,
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
from .no_exit_tight import CLAIM as NO_EXIT_TIGHT
from .no_exit_tight import ROOT_AT_ETA, K, leaves_below_the_tight_radius
from .shared_run import FACTOR, PROCESS_CONCLUSIONS, run
from .shared_step import CONSTANTS, STEP
from .tight_contraction import CLAIM as TIGHT_CONTRACTION

ASSUMPTIONS = {
    **{n: r for n, r in CONSTANTS.items() if n != "slack>0"},
    "delta<1": gt(1, delta),
    "eta<2/beta": gt(2 / beta, eta),
    "mu<=beta": ge(beta, mu),
    "start inside": inside(w0),
    "start distance": within(w0, sp.Integer(0)),
    "R": gt(R, radius_tight(a0**2, mu, beta, eta)),
}

AT_EVERY_STEP = STEP

EXIST = (d,)

CONCLUSIONS = {
    **PROCESS_CONCLUSIONS,
    "decay": decays(FACTOR),
    "path": ge(radius_tight(a0**2, mu, beta, eta), P),
    "limit": converges(d, w),
    "tail": ge(radius_tight(a**2, mu, beta, eta), d),
}


def root_above(symbol, value, tag):
    """Steps that name root(value^2/(2 mu)) and show m * root >= value, for value >= 0 (fact "{tag}>=0")."""
    radicand = value**2 / (2 * mu)
    return (
        Cert(f"{tag} radicand", ge(radicand), times=("mu>0",), sum=(term(c="1/2", sq=(value,)),)),
        Define(symbol, ROOT(radicand)),
        Cert(
            f"{tag} squares",
            eq((m * symbol) ** 2, value**2),
            mod={f"{symbol}/square": m**2, "m^2": radicand},
        ),
        Cert(f"m {symbol}>=0", ge(m * symbol), sum=(term("m>0", f"{symbol}/nonneg"),)),
        Use(f"{tag} root", MONOTONE_ROOT, {x: value, y: m * symbol}),
    )


z0, z1 = sp.symbols("z0 z1")

PROOF = (
    Cert("slack>0", gt(slack(beta, eta)), sum=(term("beta>0", "eta<2/beta", c="1/2"),)),
    *root_above(z0, a0, "a0"),
    Use("real root", TIGHT_CONTRACTION, {h: eta}),
    Define(v, ROOT_AT_ETA),
    Assume("R"),
    Cert(
        "R>k a0",
        gt(R, K * a0),
        times=("m>0", "slack>0"),
        sum=(term("m>0", "slack>0", "R"), term("a0 root/x<=y"), term("v/nonneg", "a0 root/x<=y")),
    ),
    Cert("k>=0", ge(K), times=("m>0", "slack>0"), sum=(term(), term("v/nonneg"))),
    *run(K, NO_EXIT_TIGHT),
    Cert(
        "path bound",
        CONCLUSIONS["path"],
        times=("m>0", "slack>0"),
        sum=(
            term("a0 root/x<=y"),
            term("v/nonneg", "a0 root/x<=y"),
            term("m>0", "slack>0", "path"),
            term("a>=0"),
            term("v/nonneg", "a>=0"),
        ),
    ),
    *root_above(z1, a, "a"),
    Cert(
        "distance bound",
        CONCLUSIONS["tail"],
        times=("m>0", "slack>0"),
        sum=(
            term("a root/x<=y"),
            term("v/nonneg", "a root/x<=y"),
            term("m>0", "slack>0", "limit/tail"),
        ),
    ),
)


def _mutants(c):
    yield Mutant(
        "a third of the radius",
        c.but(swap={c.hypotheses["R"]: gt(3 * R, radius_tight(a0**2, mu, beta, eta))}),
        leaves_below_the_tight_radius,
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
    numbers=partial(quadratic_run, tight=True),
)
