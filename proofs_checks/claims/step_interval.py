"""Lemma 1: the step of delta-GClip lies in [eta delta, eta]."""

from ..language import GREATEST, LEAST, Cases, Cert, Claim, Define, Mutant, ge, gt, term
from ..notation import G, delta, eta, gamma, sp, step_size

inner, clipped = sp.symbols("inner clipped")


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


CLAIM = Claim(
    name="step_interval",
    title="eta delta <= h <= eta",
    statement=r"For $\eta, \gamma, \|g\| > 0$ and $0 < \delta < 1$ the step $h = \eta\min(1, \max(\delta,"
    r" \gamma/\|g\|))$ satisfies $\eta\delta \le h \le \eta$.",
    source="TMSSR25, Lemma 1; theory section 1",
    coq="PLTheory.Steps.gclip_step_interval",
    hypotheses={
        "eta>0": gt(eta),
        "gamma>0": gt(gamma),
        "delta>0": gt(delta),
        "delta<1": gt(1, delta),
        "G>0": gt(G),
    },
    steps=(
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
        Cert("lower", ge(step_size(eta, gamma, delta, G), eta * delta), sum=(term("eta>0", "which"),)),
        Cert("upper", ge(eta, step_size(eta, gamma, delta, G)), sum=(term("eta>0", "clipped/first"),)),
    ),
    conclusions={
        "lower": ge(step_size(eta, gamma, delta, G), eta * delta),
        "upper": ge(eta, step_size(eta, gamma, delta, G)),
    },
    mutants=_mutants,
    example=lambda rng: {
        eta: rng.uniform(0.1, 2),
        gamma: rng.uniform(0.1, 2),
        delta: rng.uniform(0.01, 0.99),
        G: rng.uniform(0.01, 9),
    },
)
