r"""Theorem C: linear profile from a checkpoint

Theorem C: Theorem B from any checkpoint, in closed form for a linear profile; what it gains over one constant.

Theorem B asks nothing of $w_0$, so it may be a checkpoint. With $\mathrm{sig}(s) = \max(0, \sigma_0 - c s)$ and $R =
\sigma_0/c$ its condition is $\|r\| < (1 - \beta\eta/2)\sigma_0^2/(2c)$, and then $\mu = \mathrm{sig}(\rho)^2 =
\sigma_0^2 - 2c\|r\|/(1 - \beta\eta/2) > 0$. One constant on a ball of radius x tolerates at most half of that:
$x(\sigma_0 - c x) \le \sigma_0^2/(4c)$.

Source: theory section 4, Theorem C and the comparison after Theorem B. In Coq: TheoremC.theorem_C.
"""

from ..language import Cert, Mutant, eq, ge, gt, term
from ..notation import beta, eta, rho, rho0, slack, sp, x
from ..statement import claim

sig0, slope = sp.symbols("sig0 slope")
_SLACK = slack(beta, eta)
_MU = sig0**2 - 2 * slope * rho0 / _SLACK

ASSUMPTIONS = {
    "sig0>0": gt(sig0),
    "slope>0": gt(slope),
    "slack>0": gt(_SLACK),
    "residual": gt(_SLACK * sig0**2, 2 * slope * rho0),
    # rho is the root, on the side where the profile is not negative.
    "root": eq(_SLACK * (sig0 * rho - slope * rho**2 / 2), rho0),
    "side": ge(sig0, slope * rho),
}

CONCLUSIONS = {
    "condition of B": gt(_SLACK * (sig0 * (sig0 / slope) - slope * (sig0 / slope) ** 2 / 2), rho0),
    "mu": eq((sig0 - slope * rho) ** 2, _MU),
    "mu>0": gt(_MU),
    "uniform": ge(sig0**2, 4 * slope * x * (sig0 - slope * x)),
}

PROOF = (
    Cert(
        "condition of B",
        CONCLUSIONS["condition of B"],
        times=("slope>0",),
        sum=(term("residual", c="1/2"),),
    ),
    Cert(
        "mu",
        CONCLUSIONS["mu"],
        times=("slack>0",),
        mod={"root": -2 * slope},
    ),
    Cert("mu>0", CONCLUSIONS["mu>0"], times=("slack>0",), sum=(term("residual"),)),
    Cert(
        "uniform",
        CONCLUSIONS["uniform"],
        sum=(term(sq=(sig0 - 2 * slope * x,)),),
    ),
)


def _draw(rng):
    be, s0, c0 = rng.uniform(0.1, 3), rng.uniform(0.1, 3), rng.uniform(0.1, 3)
    et = rng.uniform(0.05, 1.95) / be
    limit = (1 - be * et / 2) * s0**2 / (2 * c0)
    r0 = rng.uniform(0.01, 0.99) * limit
    root = (s0 - (s0**2 - 2 * c0 * r0 / (1 - be * et / 2)) ** 0.5) / c0
    return {beta: be, eta: et, sig0: s0, slope: c0, rho0: r0, rho: root, x: rng.uniform(-1, 4)}


def _mutants(c):
    yield Mutant(
        "residual up to slack sig0^2/c",
        c.but(swap={c.hypotheses["residual"]: gt(_SLACK * sig0**2, slope * rho0)}),
        {beta: 1, eta: 1, sig0: 1, slope: 1, rho0: "1/4", rho: 1, x: 0},
    )
    yield Mutant(
        "one constant tolerates a third",
        c.but(swap={c.conclusions["uniform"]: ge(sig0**2, 5 * slope * x * (sig0 - slope * x))}),
        {beta: 1, eta: 1, sig0: 1, slope: 1, rho0: "3/16", rho: "1/2", x: "1/2"},
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
