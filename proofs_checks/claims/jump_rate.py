r"""worst step over kinks: h psi_h is concave, q < 1

Theorem N: the decrease $h\psi_h$ is concave in h, so the worst step of an interval is one of its ends.

For $\eta\delta \le h \le \eta$, $0 < \delta < 1$, $\psi_\eta > 0$ and $\beta\eta < 2$: $\psi_h \ge \psi_\eta$,
$h\psi_h$ is at least the smaller of its end values, which is positive, and the factor of one step is at most $q = 1 -
2(\sigma + \kappa/2)\min(\eta\delta\psi_{\eta\delta}, \eta\psi_\eta) < 1$.

Source: theory of networks with kinks section 2, Theorem N, limit.
"""

import sympy as sp

from ..language import LEAST, Cases, Cert, Define, Mutant, ge, gt, term
from ..notation import beta, delta, eta, h, kappa, rate_with_jumps, sigma, slack, slope_with_jumps
from ..statement import claim
from .jump_value import STAR


def _psi(step):
    return slope_with_jumps(sigma, kappa, beta, step)


_LEAST = LEAST(eta * delta * _psi(eta * delta), eta * _psi(eta))
_Q = rate_with_jumps(sigma, kappa, beta, eta, delta)

ASSUMPTIONS = {
    "kappa>=0": ge(kappa),
    "beta>=0": ge(beta),
    "eta>0": gt(eta),
    "delta>0": gt(delta),
    "delta<1": gt(1, delta),
    "slack>0": gt(slack(beta, eta)),
    "psi>0": gt(_psi(eta)),
    "h>=eta delta": ge(h, eta * delta),
    "h<=eta": ge(eta, h),
}

CONCLUSIONS = {
    "psi_h>=psi": ge(_psi(h), _psi(eta)),
    "decrease": ge(h * _psi(h), _LEAST),
    "positive": gt(_LEAST),
    "rate": ge(_Q, 1 - 2 * h * STAR * _psi(h)),
    "q<1": gt(1, _Q),
}

worst = sp.Symbol("worst")

PROOF = (
    Cert("y*>0", gt(STAR), times=("slack>0",), sum=(term("psi>0"), term("kappa>=0"))),
    Cert("psi_h>=psi", CONCLUSIONS["psi_h>=psi"], sum=(term("beta>=0", "y*>0", "h<=eta", c="1/2"),)),
    Cert("gap", gt(eta - eta * delta), sum=(term("eta>0", "delta<1"),)),
    Cert(
        "psi at eta delta",
        gt(_psi(eta * delta)),
        sum=(term("psi>0"), term("beta>=0", "y*>0", "gap", c="1/2")),
    ),
    Define(worst, _LEAST),
    # The chord between both ends, and the parabola's excess over it.
    Cert(
        "decrease",
        CONCLUSIONS["decrease"],
        times=("gap",),
        sum=(
            term("h<=eta", "worst/first"),
            term("h>=eta delta", "worst/second"),
            term("beta>=0", "y*>0", "gap", "h<=eta", "h>=eta delta", c="1/2"),
        ),
    ),
    Cases(
        "which end",
        CONCLUSIONS["positive"],
        zero="worst/either",
        on=(worst - eta * delta * _psi(eta * delta), worst - eta * _psi(eta)),
        left=(
            Cert(
                "positive",
                CONCLUSIONS["positive"],
                sum=(term("eta>0", "delta>0", "psi at eta delta"),),
                mod={"which end": 1},
            ),
        ),
        right=(Cert("positive", CONCLUSIONS["positive"], sum=(term("eta>0", "psi>0"),), mod={"which end": 1}),),
    ),
    Cert("rate", CONCLUSIONS["rate"], sum=(term("y*>0", "decrease", c=2),)),
    Cert("q<1", CONCLUSIONS["q<1"], sum=(term("y*>0", "which end", c=2),)),
)


def _draw(rng):
    s, b = rng.uniform(0.2, 2), rng.uniform(0.1, 3)
    et, de = rng.uniform(0.01, 1.95) / b, rng.uniform(0.01, 0.99)
    k = rng.uniform(0, 0.99) * 2 * s * (1 - b * et / 2) / (1 + b * et / 2)
    return {sigma: s, kappa: k, beta: b, eta: et, delta: de, h: rng.choice((et, rng.uniform(et * de, et)))}


def _mutants(c):
    # Between eta/2 and eta = 9/5 at sigma = 1, beta = 1: the longer step is the worse one.
    at = {sigma: 1, kappa: 0, beta: 1, eta: "9/5", delta: "1/2", h: "9/5"}
    smaller = ge(h * _psi(h), eta * delta * _psi(eta * delta))
    yield Mutant("always the smaller step", c.but(swap={CONCLUSIONS["decrease"]: smaller}), at)
    larger = ge(h * _psi(h), eta * _psi(eta))
    yield Mutant(
        "always the larger step",
        c.but(swap={CONCLUSIONS["decrease"]: larger}),
        {**at, eta: 1, delta: "1/10", h: "1/10"},
    )
    yield Mutant("psi at eta of either sign", c.but(drop=("psi>0",)), {**at, kappa: "3/2"})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
