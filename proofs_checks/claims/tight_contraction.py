r"""0 <= contraction when mu <= beta

Theorem A', first lemma: with mu <= beta the factor of one step is a square's worth above zero.

$\beta(1 - 2\mu h(1 - \beta h/2)) = (\beta - \mu) + \mu(1 - \beta h)^2 \ge 0$ for $0 < \mu \le \beta$.

Source: theory section 3, Theorem A'. In Coq: Steps.contraction_nonneg.
"""

from ..language import Cert, Mutant, ge, gt, term
from ..notation import beta, contraction, h, mu
from ..statement import claim

ASSUMPTIONS = {"mu>0": gt(mu), "beta>0": gt(beta), "mu<=beta": ge(beta, mu)}

CONCLUSIONS = {"nonneg": ge(contraction(mu, beta, h))}

PROOF = (
    Cert(
        "nonneg",
        CONCLUSIONS["nonneg"],
        times=("beta>0",),
        sum=(term("mu<=beta"), term("mu>0", sq=(1 - beta * h,))),
    ),
)


def _mutants(c):
    yield Mutant("mu may exceed beta", c.but(drop=("mu<=beta",)), {mu: 2, beta: 1, h: 1})
    yield Mutant(
        "a factor at least 1/9",
        c.but(swap={c.conclusions["nonneg"]: ge(9 * contraction(mu, beta, h), 1)}),
        {mu: 1, beta: 1, h: 1},
    )


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: (lambda be: {beta: be, mu: rng.uniform(0.01, 1) * be, h: rng.uniform(-1, 3) / be})(
        rng.uniform(0.1, 3)
    ),
)
