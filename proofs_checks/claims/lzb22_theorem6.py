r"""LZB22 Theorem 6: constants of gradient descent

LZB22, Theorem 6: gradient descent on the square loss; what its constants give the classical route with delta = 1.

Let F be $L_F$-Lipschitz with $\beta_F$-Lipschitz Jacobian, $\|r_0\| > 0$, $\eta \le 1/(L_F^2 + \beta_F \|r_0\|)$, $R
= 2L_F\|r_0\|/\mu$, $\mu \le L_F^2$. Then with $\beta = L_F^2 + \beta_F\|r_0\|$ the hypotheses of the classical route
hold with $\delta = 1$: (A2), $\eta \le 1/\beta$, $\mu \le \beta$, $R > R_{classic}$. Its conclusion is Theorem 6:
$L_t \le (1 - \eta\mu)^t L_0$ inside the ball.

Source: LZB22, Theorem 6; theory section 2. In Coq: LZB.theorem_LZB.
"""

from ..cited import SQUARE_LOSS_CURVATURE
from ..language import ROOT, Cert, Define, Mutant, Use, eq, ge, gt, term
from ..notation import (
    R,
    curvature,
    derivative_at_most,
    ell,
    eta,
    jacobian_at_most,
    k,
    max_step_gradient_descent,
    mu,
    radius_classic,
    radius_gradient_descent,
    rate_classic,
    residual_at_start,
    rho0,
    smoothness,
    sp,
    u,
    v,
    x,
    y,
)
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

one = sp.Integer(1)
_BETA = smoothness(rho0, ell, k)
_LOSS = rho0**2 / 2
_CLASSIC = radius_classic(_LOSS, mu, eta, one, ell)

ASSUMPTIONS = {
    "ell>0": gt(ell),
    "k>=0": ge(k),
    "rho0>0": gt(rho0),
    "mu>0": gt(mu),
    "mu<=ell^2": ge(ell**2, mu),
    "eta>0": gt(eta),
    "smoothness>0": gt(_BETA),
    "eta": ge(max_step_gradient_descent(rho0, ell, k), eta),
    "R": eq(R, radius_gradient_descent(rho0, mu, ell)),
    "jacobian": jacobian_at_most(ell),
    "smooth": derivative_at_most(k),
    "residual": residual_at_start(rho0),
}

CONCLUSIONS = {
    "curvature": curvature(_BETA),
    "eta beta<=1": ge(1, _BETA * eta),
    "mu<=beta": ge(_BETA, mu),
    "radius": gt(R, _CLASSIC),
}

PROOF = (
    Cert("0>=0", ge(sp.Integer(0))),
    Use("curvature", SQUARE_LOSS_CURVATURE, {y: _BETA}),
    Cert("eta beta<=1", CONCLUSIONS["eta beta<=1"], sum=(term("smoothness>0", "eta"),)),
    Cert("mu<=beta", CONCLUSIONS["mu<=beta"], sum=(term("mu<=ell^2"), term("rho0>0", "k>=0"))),
    Cert(
        "radicand",
        ge(rate_classic(mu, eta, one)),
        sum=(term("eta beta<=1"), term("eta>0", "mu<=beta")),
    ),
    Define(v, ROOT(rate_classic(mu, eta, one))),
    Cert("1+v>0", gt(1 + v), sum=(term(), term("v/nonneg"))),
    Cert("v<1", gt(1, v), times=("1+v>0",), sum=(term("eta>0", "mu>0"),), mod={"v/square": -1}),
    Cert("2L>=0", ge(2 * _LOSS), sum=(term(sq=(rho0,)),)),
    Define(u, ROOT(2 * _LOSS)),
    Cert("u^2", eq(rho0**2, u**2), mod={"u/square": -1}),
    Use("u<=rho0", MONOTONE_ROOT, {x: u, y: rho0}),
    Cert(
        "radius",
        CONCLUSIONS["radius"],
        times=("mu>0",),
        sum=(
            term("ell>0", "rho0>0", "v<1"),
            term("ell>0", "u<=rho0/x<=y", "1+v>0"),
        ),
        mod={"R": mu},
    ),
)


def _draw(rng):
    l_, k_, r_ = (rng.uniform(0.1, 3) for _ in range(3))
    mu_ = rng.uniform(0.01, 1) * l_**2
    return {
        ell: l_,
        k: k_,
        rho0: r_,
        mu: mu_,
        eta: rng.uniform(0.01, 1) / (l_**2 + r_ * k_),
        R: 2 * l_ * r_ / mu_,
    }


def _mutants(c):
    at = {ell: 1, k: "1/100", rho0: 1, mu: "3/4", eta: 1, R: "8/3"}
    yield Mutant(
        "half the radius",
        c.but(swap={c.hypotheses["R"]: eq(2 * R, radius_gradient_descent(rho0, mu, ell))}),
        {**at, k: 0, R: "4/3"},
    )
    yield Mutant(
        "a step up to 2 / (L_F^2 + beta_F |r_0|)",
        c.but(swap={c.hypotheses["eta"]: ge(2 * max_step_gradient_descent(rho0, ell, k), eta)}),
        {**at, k: 0, eta: "4/3", R: "8/3"},
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
