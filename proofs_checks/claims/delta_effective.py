r"""h >= eta delta_eff where |grad L| <= G

What delta adds, first half: on S the step is at least eta max(delta, min(1, gamma/bound)).

For $0 < \|g\| \le B$ and $0 \le \delta \le 1$: $h \ge \eta\max(\delta, \min(1, \gamma/B))$. With $\delta = 0$ this is
all GClip has, and it depends on $\gamma$ and, through B, on the starting loss.

Source: theory section 1. In Coq: Steps.gclip_step_effective.
"""

from ..language import GREATEST, LEAST, Cases, Cert, Define, Mutant, ge, gt, term
from ..notation import G, delta, effective_delta, eta, gamma, sp, step_size
from ..statement import claim

bound, ratio, plain, inner, clipped, effective = sp.symbols("bound ratio plain inner clipped effective")

ASSUMPTIONS = {
    "eta>0": gt(eta),
    "gamma>0": gt(gamma),
    "delta>=0": ge(delta),
    "delta<=1": ge(1, delta),
    "G>0": gt(G),
    "G<=bound": ge(bound, G),
}

CONCLUSIONS = {"step": ge(step_size(eta, gamma, delta, G), eta * effective_delta(gamma, delta, bound))}

PROOF = (
    Cert("bound>0", gt(bound), sum=(term("G>0"), term("G<=bound"))),
    Define(inner, GREATEST(delta, gamma / G)),
    Define(clipped, LEAST(1, GREATEST(delta, gamma / G))),
    Define(plain, LEAST(1, gamma / bound)),
    Define(effective, GREATEST(delta, LEAST(1, gamma / bound))),
    Cert(
        "ratios",
        ge(gamma / G, gamma / bound),
        times=("G>0", "bound>0"),
        sum=(term("gamma>0", "G<=bound"),),
    ),
    Cert("inner>=plain", ge(inner, plain), sum=(term("inner/second"), term("ratios"), term("plain/second"))),
    Cases(
        "effective",
        ge(clipped, effective),
        zero="effective/either",
        on=(effective - delta, effective - plain),
        left=(
            Cases(
                "clipped",
                ge(clipped, effective),
                zero="clipped/either",
                on=(clipped - 1, clipped - inner),
                left=(
                    Cert(
                        "done",
                        ge(clipped, effective),
                        sum=(term("delta<=1"),),
                        mod={"clipped": 1, "effective": -1},
                    ),
                ),
                right=(
                    Cert(
                        "done",
                        ge(clipped, effective),
                        sum=(term("inner/first"),),
                        mod={"clipped": 1, "effective": -1},
                    ),
                ),
            ),
        ),
        right=(
            Cases(
                "clipped",
                ge(clipped, effective),
                zero="clipped/either",
                on=(clipped - 1, clipped - inner),
                left=(
                    Cert(
                        "done",
                        ge(clipped, effective),
                        sum=(term("plain/first"),),
                        mod={"clipped": 1, "effective": -1},
                    ),
                ),
                right=(
                    Cert(
                        "done",
                        ge(clipped, effective),
                        sum=(term("inner>=plain"),),
                        mod={"clipped": 1, "effective": -1},
                    ),
                ),
            ),
        ),
    ),
    Cert("step", CONCLUSIONS["step"], sum=(term("eta>0", "effective"),)),
)


def _mutants(c):
    yield Mutant(
        "a gradient above the bound",
        c.but(drop=("G<=bound",)),
        {eta: 1, gamma: 1, delta: 0, bound: 1, G: 2},
    )
    yield Mutant(
        "always a full step",
        c.but(swap={CONCLUSIONS["step"]: ge(step_size(eta, gamma, delta, G), eta)}),
        {eta: 1, gamma: 1, delta: "1/2", bound: 4, G: 4},
    )


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: (
        lambda B: {
            eta: rng.uniform(0.1, 2),
            gamma: rng.uniform(0.1, 3),
            delta: rng.choice([0, rng.uniform(0, 1)]),
            bound: B,
            G: rng.uniform(0.01, 1) * B,
        }
    )(rng.uniform(0.1, 5)),
)
