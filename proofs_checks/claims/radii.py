r"""R* <= R_classic and R_A < 2 R_classic

How the radii compare: R* <= R_classic, R_A < 2 R_classic, and the values at eta = 1/beta.

Where the classical route applies ($\eta \le 1/\beta$, $0 < \delta < 1$, $0 < \mu \le \beta$, $\mu \le L_F^2$), $R^*
\le R_{classic}$ and $R_A < 2R_{classic}$.

Source: theory section 3, consequences. In Coq: Comparisons.tight_le_classic.
"""

from ..language import ROOT, Cases, Cert, Define, Mutant, Use, eq, ge, gt, term
from ..notation import (
    L0,
    beta,
    contraction,
    delta,
    ell,
    eta,
    mu,
    radius_classic,
    radius_sharp,
    radius_tight,
    rate_classic,
    slack,
    sp,
    u,
    v,
    x,
    y,
    z,
)
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT
from .tight_contraction import CLAIM as TIGHT_CONTRACTION

_TIGHT = radius_tight(L0, mu, beta, eta)
_SHARP = radius_sharp(L0, mu, beta, eta)
_CLASSIC = radius_classic(L0, mu, eta, delta, ell)

ASSUMPTIONS = {
    "mu>0": gt(mu),
    "beta>0": gt(beta),
    "mu<=beta": ge(beta, mu),
    "eta>0": gt(eta),
    "eta<=1/beta": ge(1, beta * eta),
    "delta>0": gt(delta),
    "delta<1": gt(1, delta),
    "ell>0": gt(ell),
    "mu<=ell^2": ge(ell**2, mu),
    "L0>0": gt(L0),
}

CONCLUSIONS = {"tight": ge(_CLASSIC, _TIGHT), "sharp": gt(2 * _CLASSIC, _SHARP)}

t, wide = sp.symbols("t wide")

PROOF = (
    # slack >= 1/2 as beta eta <= 1.
    Cert("slack>0", gt(slack(beta, eta)), sum=(term(c="1/2"), term("eta<=1/beta", c="1/2"))),
    Use("factor", TIGHT_CONTRACTION, {sp.Symbol("h"): eta}),
    Define(u, ROOT(contraction(mu, beta, eta))),
    Cert("mu eta<=1", ge(1, mu * eta), sum=(term("eta<=1/beta"), term("eta>0", "mu<=beta"))),
    Cert(
        "radicand",
        ge(rate_classic(mu, eta, delta)),
        sum=(term("mu eta<=1"), term("mu>0", "eta>0", "delta<1")),
    ),
    Define(v, ROOT(rate_classic(mu, eta, delta))),
    # u^2 = 1 - 2 mu eta slack <= 1 - mu eta <= 1 - delta mu eta = v^2.
    Cert(
        "u^2<=v^2",
        ge(v**2, u**2),
        sum=(term("mu>0", "eta>0", "eta<=1/beta"), term("mu>0", "eta>0", "delta<1")),
        mod={"v/square": 1, "u/square": -1},
    ),
    Use("u<=v", MONOTONE_ROOT, {x: u, y: v}),
    # z = sqrt(2 L0/mu), t = sqrt(L0/(2 mu)) <= z/2, wide = sqrt(2 L0) >= mu z / ell ... all by squares.
    Cert("z>=0", ge(2 * L0 / mu), times=("mu>0",), sum=(term("L0>0", c=2),)),
    Define(z, ROOT(2 * L0 / mu)),
    Cert("t>=0", ge(L0 / (2 * mu)), times=("mu>0",), sum=(term("L0>0", c="1/2"),)),
    Define(t, ROOT(L0 / (2 * mu))),
    Cert("wide>=0", ge(2 * L0), sum=(term("L0>0", c=2),)),
    Define(wide, ROOT(2 * L0)),
    Cert("2t squares", eq(z**2, (2 * t) ** 2), mod={"z/square": 1, "t/square": -4}),
    Cert("2t>=0", ge(2 * t), sum=(term("t/nonneg", c=2),)),
    Use("2t<=z", MONOTONE_ROOT, {x: 2 * t, y: z}),
    Cert("mu z>=0", ge(mu * z), sum=(term("mu>0", "z/nonneg"),)),
    Cert("ell wide>=0", ge(ell * wide), sum=(term("ell>0", "wide/nonneg"),)),
    Cert(
        "wide squares",
        ge((ell * wide) ** 2, (mu * z) ** 2),
        sum=(term("L0>0", "mu<=ell^2", c=2),),
        mod={"wide/square": ell**2, "z/square": -(mu**2)},
    ),
    Use("mu z<=ell wide", MONOTONE_ROOT, {x: mu * z, y: ell * wide}),
    # R_classic >= z (1 + v)/delta.
    Cert(
        "classic",
        ge(_CLASSIC, z * (1 + v) / delta),
        times=("delta>0", "mu>0"),
        sum=(
            term("mu z<=ell wide/x<=y"),
            term("v/nonneg", "mu z<=ell wide/x<=y"),
        ),
    ),
    # z (1 + v)/delta >= z (1 + v) >= z (1 + u) >= 2 t (1 + u) >= t (1 + u)/slack.
    Cert(
        "shrunk",
        ge(z * (1 + v) / delta, z * (1 + v)),
        times=("delta>0",),
        sum=(term("z/nonneg", "delta<1"), term("z/nonneg", "delta<1", "v/nonneg")),
    ),
    Cert(
        "tight below",
        ge(z * (1 + v), _TIGHT),
        times=("slack>0",),
        sum=(
            term("slack>0", "z/nonneg", "u<=v/x<=y"),
            term("slack>0", "2t<=z/x<=y"),
            term("slack>0", "2t<=z/x<=y", "u/nonneg"),
            term("t/nonneg", "eta<=1/beta"),
            term("t/nonneg", "eta<=1/beta", "u/nonneg"),
        ),
    ),
    Cert("tight", CONCLUSIONS["tight"], sum=(term("classic"), term("shrunk"), term("tight below"))),
    # R_A = z/slack <= 2 z < 2 z (1 + v)/delta.
    Cert("z^2>0", gt(z**2), times=("mu>0",), sum=(term("L0>0", c=2),), mod={"z/square": mu}),
    Cases(
        "z>0",
        gt(z),
        on=-z,
        left=(
            Cert(
                "positive",
                gt(z),
                times=("z^2>0",),
                sum=(term("z^2>0"), term("z>0", "z/nonneg"), term("z^2>0", "z/nonneg")),
            ),
        ),
        right=(Cert("positive", gt(z), sum=(term("z>0"),)),),
    ),
    Cert(
        "sharp",
        CONCLUSIONS["sharp"],
        times=("slack>0", "delta>0"),
        sum=(
            term("slack>0", "delta>0", "classic", c=2),
            term("slack>0", "z>0", "v/nonneg", c=2),
            term("z>0", "eta<=1/beta"),
            term("z>0", "delta<1"),
        ),
    ),
)


def _draw(rng):
    be = rng.uniform(0.1, 3)
    mu_ = rng.uniform(0.01, 1) * be
    return {
        beta: be,
        mu: mu_,
        eta: rng.uniform(0.01, 1) / be,
        delta: rng.uniform(0.01, 0.99),
        ell: mu_**0.5 * rng.uniform(1, 2),
        L0: rng.uniform(0.1, 3),
    }


def _mutants(c):
    # mu = beta = L_F = 1, L_0 = 1/2, eta = 1, delta = 3/4: R* = 1, R_A = 2, R_classic = 2.
    at = {mu: 1, beta: 1, ell: 1, L0: "1/2", eta: 1, delta: "3/4"}
    yield Mutant("2 R_A < R_classic", c.but(swap={c.conclusions["sharp"]: gt(_CLASSIC, 2 * _SHARP)}), at)
    yield Mutant("3 R* <= R_classic", c.but(swap={c.conclusions["tight"]: ge(_CLASSIC, 3 * _TIGHT)}), at)


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
