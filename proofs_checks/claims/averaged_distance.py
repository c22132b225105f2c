r"""the distance of an average

Theorem F4: the squared distance of an average from a point is at most the average of the squared distances.

In each coordinate, with the point as origin: let u be the average so far and v what one more worker comes to, of weight
$\omega \in [0, 1]$ against it. Then $((1 - \omega)u + \omega v)^2 \le (1 - \omega)u^2 + \omega v^2$; one worker after
another makes this of any number, and of weights that leave a share for the start of the round.

Source: theory of mini-batches section 5a, Theorem F4.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, term
from ..statement import claim

u, v, omega = sp.symbols("u v omega")
_AVERAGE = (1 - omega) * u + omega * v

ASSUMPTIONS = {"omega>=0": ge(omega), "omega<=1": ge(1, omega)}

CONCLUSIONS = {"nearer": ge((1 - omega) * u**2 + omega * v**2, _AVERAGE**2)}

PROOF = (Cert("nearer", CONCLUSIONS["nearer"], sum=(term("omega>=0", "omega<=1", sq=(u - v,)),)),)


def _mutants(c):
    at = {u: 1, v: -1, omega: "1/2"}
    yield Mutant(
        "a weight above 1, an average beyond both",
        c.but(drop=("omega<=1",)),
        {**at, omega: 2},
    )
    yield Mutant("a weight below 0", c.but(drop=("omega>=0",)), {**at, omega: -1})
    yield Mutant(
        "half of the mean",
        c.but(swap={CONCLUSIONS["nearer"]: ge(((1 - omega) * u**2 + omega * v**2) / 2, _AVERAGE**2)}),
        {**at, v: 1},
    )


def _draw(rng):
    return {u: rng.uniform(-2, 2), v: rng.uniform(-2, 2), omega: rng.random()}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
