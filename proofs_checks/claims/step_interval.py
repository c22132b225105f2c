r"""eta delta <= h <= eta

Lemma 1: the step of delta-GClip lies in [eta delta, eta].

For $\eta, \gamma, \|g\| > 0$ and $0 < \delta < 1$ the step $h = \eta\min(1, \max(\delta, \gamma/\|g\|))$ satisfies
$\eta\delta \le h \le \eta$.

Source: TMSSR25, Lemma 1; theory section 1. In Coq: Steps.gclip_step_interval.
"""

from ..language import GREATEST, LEAST, Cases, Cert, Define, Mutant, ge, gt, term
from ..notation import G, delta, eta, gamma, sp, step_size
from ..statement import claim

ASSUMPTIONS = {
    "eta>0": gt(eta),
    "gamma>0": gt(gamma),
    "delta>0": gt(delta),
    "delta<1": gt(1, delta),
    "G>0": gt(G),
}

CONCLUSIONS = {
    "lower": ge(step_size(eta, gamma, delta, G), eta * delta),
    "upper": ge(eta, step_size(eta, gamma, delta, G)),
}

inner, clipped = sp.symbols("inner clipped")

PROOF = (
    Define(inner, GREATEST(delta, gamma / G)),
    Define(clipped, LEAST(1, GREATEST(delta, gamma / G))),
    Cases(
        "which",
        ge(clipped, delta),
        zero="clipped/either",
        on=(clipped - 1, clipped - inner),
        left=(Cert("at 1", ge(clipped, delta), sum=(term("delta<1"),), mod={"which": 1}),),
        right=(Cert("at inner", ge(clipped, delta), sum=(term("inner/first"),), mod={"which": 1}),),
    ),
    Cert("lower", CONCLUSIONS["lower"], sum=(term("eta>0", "which"),)),
    Cert("upper", CONCLUSIONS["upper"], sum=(term("eta>0", "clipped/first"),)),
)


def _mutants(c):
    yield Mutant(
        "without delta the lower bound is eta",
        c.but(swap={c.conclusions["lower"]: ge(step_size(eta, gamma, delta, G), eta)}),
        {eta: 1, gamma: 1, delta: sp.Rational(1, 2), G: 4},
    )
    yield Mutant(
        "delta above 1",
        c.but(swap={c.hypotheses["delta<1"]: gt(3, delta)}),
        {eta: 1, gamma: 1, delta: 2, G: 1},
    )


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: {
        eta: rng.uniform(0.1, 2),
        gamma: rng.uniform(0.1, 2),
        delta: rng.uniform(0.01, 0.99),
        G: rng.uniform(0.01, 9),
    },
)
