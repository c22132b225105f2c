r"""min at eta delta iff beta eta (1 + delta) <= 2

Which end of [eta delta, eta] is the worse one: the condition beta eta (1 + delta) <= 2.

The decrease at $\eta$ minus that at $\eta\delta$ is a positive multiple of $2 - \beta\eta(1 + \delta)$; so the
minimum is at $\eta\delta$ exactly if $\beta\eta(1 + \delta) \le 2$.

Source: theory section 3, facts to reuse. In Coq: Steps.decrease_min_left.
"""

from ..language import Cert, Mutant, eq, gt, term
from ..notation import beta, decrease, delta, eta, sp
from ..statement import claim

half = sp.Rational(1, 2)

ASSUMPTIONS = {"eta>0": gt(eta), "delta<1": gt(1, delta)}

CONCLUSIONS = {
    "identity": eq(
        decrease(beta, eta) - decrease(beta, eta * delta),
        half * eta * (1 - delta) * (2 - beta * eta * (1 + delta)),
    ),
    "positive": gt(half * eta * (1 - delta)),
}

PROOF = (
    Cert("identity", CONCLUSIONS["identity"]),
    Cert("multiple", CONCLUSIONS["positive"], sum=(term("eta>0", "delta<1", c="1/2"),)),
)


def _mutants(c):
    wrong = eq(
        decrease(beta, eta) - decrease(beta, eta * delta),
        half * eta * (1 - delta) * (2 - beta * eta * (1 - delta)),
    )
    yield Mutant(
        "condition with 1 - delta", c.but(swap={CONCLUSIONS["identity"]: wrong}), {beta: 1, eta: 1, delta: half}
    )
    yield Mutant("delta may be 1", c.but(drop=("delta<1",)), {beta: 1, eta: 1, delta: 1})


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: {beta: rng.uniform(-2, 2), eta: rng.uniform(0.1, 2), delta: rng.uniform(-1, 0.99)},
)
