r"""a step stays in the smaller ball of A'

Theorem A', the step: the no-exit argument with the tight constant of the path.

The statement of `no_exit` with $\mu \le \beta$ and $k = (1 + \sqrt{1 - 2\mu\eta(1 - \beta\eta/2)})/(\sqrt{2\mu}(1 -
\beta\eta/2))$.

Source: theory section 3, Theorem A'. In Coq: TheoremAprime.K_tight_potential.
"""

from functools import partial

from ..language import ROOT, Assume, Cert, Define, Mutant, Use, ge, gt, term
from ..notation import (
    G,
    P,
    R,
    a,
    a0,
    a1,
    b,
    beta,
    contraction,
    eta,
    h,
    inside,
    m,
    mu,
    s,
    slack,
    sp,
    v,
    w1,
    within,
    x,
    y,
)
from ..samplers import quadratic_run
from ..statement import claim
from .descent_rate import CLAIM as DESCENT_RATE
from .monotone_root import CLAIM as MONOTONE_ROOT
from .shared_step import CONSTANTS, STATE, STEP, stays
from .tight_contraction import CLAIM as TIGHT_CONTRACTION
from .tight_monotone import CLAIM as TIGHT_MONOTONE
from .tight_path import CLAIM as TIGHT_PATH

ROOT_AT_ETA = ROOT(contraction(mu, beta, eta))
K = (1 + ROOT_AT_ETA) / (m * slack(beta, eta))
"""Path per root of the loss."""

ASSUMPTIONS = {
    **CONSTANTS,
    "mu<=beta": ge(beta, mu),
    "R": gt(R, K * a0),
    **STATE,
    "path": ge(K * (a0 - a), P),
    "a>0": gt(a),
    **STEP,
}

CONCLUSIONS = {
    "inside": inside(w1),
    "distance": within(w1, P + h * G),
    "path": ge(K * (a - a1), h * G),
    "rate": ge(contraction(mu, beta, h) * a**2, a1**2),
    "below": gt(a0, a1),
}


def _bound(name, s_, b_):
    u = sp.Symbol(f"u_{name}")
    step = {"partial": "s<=eta", "whole": "h<=eta"}[name]
    c = f"{name} c>0"
    return (
        Use(f"{name} descent", DESCENT_RATE, {s: s_, b: b_}),
        Cert(
            f"{name} squares",
            ge(a**2, b_**2),
            sum=(term(f"{name} descent/descent"), term(f"{name} descent/decrease", sq=(G,))),
        ),
        Use(f"{name} fall", MONOTONE_ROOT, {x: b_, y: a}),
        Cert(c, gt(slack(beta, s_)), sum=(term("slack>0"), term("beta>0", step, c="1/2"))),
        Use(f"{name} factor", TIGHT_CONTRACTION, {h: s_}),
        Define(u, ROOT(contraction(mu, beta, s_))),
        Use(f"{name} tight", TIGHT_PATH, {h: s_, b: b_}),
        Use(f"{name} monotone", TIGHT_MONOTONE, {h: s_}),
        Cert(
            f"{name} path",
            ge(K * (a - b_), s_ * G),
            times=(c, "m>0", "slack>0"),
            sum=(
                term(f"{name} monotone/monotone", f"{name} fall/x<=y"),
                term("slack>0", f"{name} tight/path"),
            ),
        ),
    )


PROOF = (
    Use("factor at eta", TIGHT_CONTRACTION, {h: eta}),
    Define(v, ROOT_AT_ETA),
    Assume("R"),
    Assume("path"),
    Cert("k>=0", ge(K), times=("m>0", "slack>0"), sum=(term(), term("v/nonneg"))),
    *stays(_bound),
)


def leaves_below_the_tight_radius():
    """L = x^2/2 from x = 1 at eta = h = 3/2: 3/2 away after one step; R = 5/4 is above R*/3 = 1."""
    step = sp.Rational(3, 2)
    tight = sp.Rational(1, 2) * (1 + sp.sqrt(1 - 2 * step * (1 - step / 2))) / (1 - step / 2)
    return bool(step > sp.Rational(5, 4) > tight / 3)


def _mutants(c):
    yield Mutant(
        "a third of the radius",
        c.but(swap={c.hypotheses["R"]: gt(3 * R, K * a0)}),
        leaves_below_the_tight_radius,
    )


CLAIM = claim(
    __name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=partial(quadratic_run, tight=True)
)
