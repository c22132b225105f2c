r"""Theorem N: gradient steps over kinks, path, rate and distance to the limit

Square loss, $r_0 \ne 0$, a network whose Jacobian jumps: $\|J(w') - J(w)\| \le \kappa + \ell\|w' - w\|$ and hull
profile $\sigma$ on the ball, $\beta = L_F^2 + \ell\|r_0\|$, (A3), and $\|r_0\| < \int_0^R\psi_+$. Read $\psi_+$ for
sig: it is a profile too. Let $\rho$ be the root of $\int_0^\rho\psi_+ = \|r_0\|$, with values $\sigma$, $\kappa$;
then $\rho < R$. While $L > 0$ what is known of an iterate passes to the next, and at the start it is so with $P = 0$,
$Q = 1$: the path is at most $\rho$, and $L(w_t) \le q^tL(w_0)$ with $q = 1 - 2(\sigma + \kappa/2)\min_{h \in
\{\eta\delta, \eta\}}h\psi_h < 1$. A step is no longer than the fall of $\|r\|/\psi(\rho)$, so what is left of the
path is at most $\|r_t\|/\psi(\rho)$, and so is the distance to the limit, a zero of L. Where L is 0 no step moves.

Source: theory of networks with kinks section 2, Theorem N.
"""

import sympy as sp

from ..cited import JUMP_VALUES, ROOT_OF_INTEGRAL
from ..language import LEAST, Cert, Define, Mutant, Use, eq, ge, gt, term
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
    delta,
    eta,
    h,
    inside,
    integral,
    kappa,
    rate_with_jumps,
    rho,
    sigma,
    tau,
    total,
    w1,
    within,
    x,
    y,
)
from ..samplers import kinked_run
from ..statement import claim
from .integral_root import CLAIM as INTEGRAL_ROOT
from .jump_rate import CLAIM as JUMP_RATE
from .shared_step import STATE, STEP
from .theorem_n_step import CLAIM as THEOREM_N_STEP
from .theorem_n_step import CONSTANTS, NEXT, PATH, area_rho, psi

zero = sp.Integer(0)
_LEAST = LEAST(eta * delta * psi(eta * delta), eta * psi(eta))
_FACTOR = rate_with_jumps(sigma, kappa, beta, eta, delta)
_K = c / tau
_DERIVED = ("rho>=0", "rho<=R", "at rho", "tau>=0", "to rho", "more", "root", "hull", "sigma>=0", "kappa>=0", "psi")

ASSUMPTIONS = {
    **{n: r for n, r in CONSTANTS.items() if n not in _DERIVED},
    "delta<1": gt(1, delta),
    "to 0": integral(zero, zero),
    "R>=0": ge(R),
    "ratio": gt(total, c * a0),
    # An iterate and a step from it.
    **STATE,
    **PATH,
    "decay": ge(Q * a0**2, a**2),
    "a>0": gt(a),
    **STEP,
    **NEXT,
}

EXIST = (rho, tau, area_rho, sigma, kappa)

CONCLUSIONS = {
    "root": eq(area_rho, c * a0),
    "to rho": integral(rho, area_rho),
    "rho<R": gt(R, rho),
    "psi": eq(tau, psi(eta)),
    "psi>0": gt(tau),
    "next inside": inside(w1),
    "next distance": within(w1, P + h * G),
    "next below": ge(a0, a1),
    "next path": ge(c * (a0 - a1), area1),
    "path": ge(rho, P + h * G),
    "q>=0": ge(_FACTOR),
    "q<1": gt(1, _FACTOR),
    "next decay": ge(_FACTOR * Q * a0**2, a1**2),
    "length": ge(_K * (a - a1), h * G),
}

worst = sp.Symbol("worst")

PROOF = (
    Cert("target>=0", ge(c * a0), sum=(term("c>0", "a0>0"),)),
    Use("exists", ROOT_OF_INTEGRAL, {y: c * a0, area: area_rho}),
    Cert("root", CONCLUSIONS["root"], mod={"exists/area": 1}),
    Cert("more", gt(total, area_rho), sum=(term("ratio"),), mod={"exists/area": -1}),
    Cert("0>=0", ge(zero)),
    Cert("area>=0", ge(area_rho), sum=(term("c>0", "a0>0"),), mod={"root": 1}),
    Use("at start", INTEGRAL_ROOT, {P: zero, area: zero, area1: area_rho}),
    Cert("tau>0", gt(tau), sum=(term("at start/tau>0"),)),
    Use("values", JUMP_VALUES, {x: rho}),
    Cert("psi>0", gt(psi(eta)), sum=(term("tau>0"),), mod={"values/psi": -1}),
    Cert("beta>=0", ge(beta), sum=(term("beta>0"),)),
    Define(worst, _LEAST),
    Use("worst step", JUMP_RATE),
    Use("step", THEOREM_N_STEP),
    # q |r|^2 is at least the next |r|^2, which is nonnegative.
    Cert(
        "q>=0",
        CONCLUSIONS["q>=0"],
        times=("a>0", "a>0"),
        sum=(term("worst step/rate", sq=(a,)), term("step/rate"), term(sq=(a1,))),
    ),
    Cert(
        "next decay",
        CONCLUSIONS["next decay"],
        sum=(term("q>=0", "decay"), term("worst step/rate", sq=(a,)), term("step/rate")),
    ),
    Cert("length", CONCLUSIONS["length"], times=("tau>0",), sum=(term("step/length"),)),
    Cert("next below", CONCLUSIONS["next below"], sum=(term("step/below"),)),
)


def _leaves_the_ball():
    """F(w) = w, sigma = beta = 1, kappa = 0, eta = 3/2: psi = 1/4, |r_0| = 1, R = 5/4: the first step is 3/2."""
    return sp.Rational(3, 2) > sp.Rational(5, 4) > 1


def _mutants(theorem):
    yield Mutant(
        "the condition for four times psi",
        theorem.but(swap={theorem.hypotheses["ratio"]: gt(4 * total, c * a0)}),
        _leaves_the_ball,
    )
    yield Mutant(
        "eta up to 4/beta",
        theorem.but(drop=("slack>0",)),
        # F(w) = w, eta = 3: from r = 1 to -2.
        lambda: abs(1 - 3) > 1,
    )
    # F(w) = w, eta = 1/10, psi = 19/20: one step takes r from 1 to 9/10.
    yield Mutant(
        "the rate of twice the decrease",
        theorem.but(swap={CONCLUSIONS["next decay"]: ge((2 * _FACTOR - 1) * Q * a0**2, a1**2)}),
        lambda: 1 - 4 * sp.Rational(1, 10) * sp.Rational(19, 20) < sp.Rational(9, 10) ** 2,
    )


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    exists=EXIST,
    mutants=_mutants,
    numbers=kinked_run,
)
