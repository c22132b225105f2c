r"""worst decrease over [eta delta, eta]; q < 1

The decrease s (1 - beta s/2) is concave in s, so the worst step of an interval is one of its ends.

For $\eta\delta \le h \le \eta$, $0 < \delta < 1$, $0 < \eta < 2/\beta$: $h(1 - \beta h/2)$ is at least the smaller of
its end values, which is positive; so the factor of one step is at most q, and $q < 1$.

Source: theory section 3, Theorem A step 2. In Coq: Steps.contraction_le_rate.
"""

from ..language import LEAST, Cases, Cert, Define, Mutant, ge, gt, term
from ..notation import beta, contraction, decrease, delta, eta, h, mu, rate, slack, sp
from ..statement import claim

_LEAST = LEAST(decrease(beta, eta * delta), decrease(beta, eta))

ASSUMPTIONS = {
    "beta>0": gt(beta),
    "eta>0": gt(eta),
    "delta>0": gt(delta),
    "delta<1": gt(1, delta),
    "mu>0": gt(mu),
    "slack>0": gt(slack(beta, eta)),
    "h>=eta delta": ge(h, eta * delta),
    "h<=eta": ge(eta, h),
}

CONCLUSIONS = {
    "decrease": ge(decrease(beta, h), _LEAST),
    "rate": ge(rate(mu, beta, eta, delta), contraction(mu, beta, h)),
    "q<1": gt(1, rate(mu, beta, eta, delta)),
}

worst = sp.Symbol("worst")

PROOF = (
    Define(worst, _LEAST),
    Cert("gap", gt(eta - eta * delta), sum=(term("eta>0", "delta<1"),)),
    # The chord between both ends, and the parabola's excess over it.
    Cert(
        "decrease",
        CONCLUSIONS["decrease"],
        times=("gap",),
        sum=(
            term("h<=eta", "worst/first"),
            term("h>=eta delta", "worst/second"),
            term("beta>0", "gap", "h<=eta", "h>=eta delta", c="1/2"),
        ),
    ),
    Cert("rate", CONCLUSIONS["rate"], sum=(term("mu>0", "decrease", c=2),)),
    Cases(
        "which end",
        gt(worst),
        zero="worst/either",
        on=(worst - decrease(beta, eta * delta), worst - decrease(beta, eta)),
        left=(
            Cert(
                "positive",
                gt(worst),
                sum=(
                    term("eta>0", "delta>0", "slack>0"),
                    term("eta>0", "delta>0", "beta>0", "eta>0", "delta<1", c="1/2"),
                ),
                mod={"which end": 1},
            ),
        ),
        right=(Cert("positive", gt(worst), sum=(term("eta>0", "slack>0"),), mod={"which end": 1}),),
    ),
    Cert("q<1", CONCLUSIONS["q<1"], sum=(term("mu>0", "which end", c=2),)),
)


def _draw(rng):
    be = rng.uniform(0.1, 3)
    et, de = rng.uniform(0.01, 2) / be, rng.uniform(0.01, 0.99)
    return {beta: be, eta: et, delta: de, h: rng.uniform(et * de, et), mu: rng.uniform(0.01, be)}


def _mutants(c):
    smaller = ge(decrease(beta, h), decrease(beta, eta * delta))
    yield Mutant(
        "always the smaller step",
        c.but(swap={c.conclusions["decrease"]: smaller}),
        {beta: 1, eta: sp.Rational(9, 5), delta: sp.Rational(1, 2), h: sp.Rational(9, 5), mu: 1},
    )
    yield Mutant(
        "a step above eta",
        c.but(swap={c.hypotheses["h<=eta"]: ge(2 * eta, h)}),
        {beta: 1, eta: sp.Rational(3, 2), delta: sp.Rational(1, 2), h: 3, mu: 1},
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
