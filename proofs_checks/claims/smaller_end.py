"""Which end of [eta delta, eta] is the worse one: the condition beta eta (1 + delta) <= 2."""

from ..language import Cert, Claim, Mutant, eq, gt, term
from ..notation import beta, decrease, delta, eta, sp

half = sp.Rational(1, 2)
_IDENTITY = eq(
    decrease(beta, eta) - decrease(beta, eta * delta),
    half * eta * (1 - delta) * (2 - beta * eta * (1 + delta)),
)


def _mutants(c):
    wrong = eq(
        decrease(beta, eta) - decrease(beta, eta * delta),
        half * eta * (1 - delta) * (2 - beta * eta * (1 - delta)),
    )
    yield Mutant("condition with 1 - delta", c.but(swap={_IDENTITY: wrong}), {beta: 1, eta: 1, delta: half})
    yield Mutant("delta may be 1", c.but(drop=("delta<1",)), {beta: 1, eta: 1, delta: 1})


CLAIM = Claim(
    name="smaller_end",
    title="min at eta delta iff beta eta (1 + delta) <= 2",
    statement=r"The decrease at $\eta$ minus that at $\eta\delta$ is a positive multiple of"
    r" $2 - \beta\eta(1 + \delta)$; so the minimum is at $\eta\delta$ exactly if $\beta\eta(1 + \delta)"
    r" \le 2$.",
    source="theory section 3, facts to reuse",
    coq="PLTheory.Steps.decrease_min_left",
    hypotheses={"eta>0": gt(eta), "delta<1": gt(1, delta)},
    steps=(
        Cert("identity", _IDENTITY),
        Cert("multiple", gt(half * eta * (1 - delta)), sum=(term("eta>0", "delta<1", c="1/2"),)),
    ),
    conclusions={"identity": _IDENTITY, "positive": gt(half * eta * (1 - delta))},
    mutants=_mutants,
    example=lambda rng: {beta: rng.uniform(-2, 2), eta: rng.uniform(0.1, 2), delta: rng.uniform(-1, 0.99)},
)
