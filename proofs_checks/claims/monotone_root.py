r"""x^2 <= y^2 and x, y >= 0 give x <= y

Roots preserve order: the one fact about square roots that every other claim uses.

If $x, y \ge 0$ and $x^2 \le y^2$ then $x \le y$.

Source: elementary.
"""

from ..language import Cases, Cert, Mutant, ge, term
from ..notation import x, y
from ..statement import claim

ASSUMPTIONS = {"x>=0": ge(x), "y>=0": ge(y), "squares": ge(y**2, x**2)}

CONCLUSIONS = {"x<=y": ge(y, x)}

PROOF = (
    Cases(
        "order",
        CONCLUSIONS["x<=y"],
        on=y - x,
        left=(Cert("y-x", CONCLUSIONS["x<=y"], sum=(term("order"),)),),
        # With D = x - y > 0: (y - x) D = -D^2 = (y^2 - x^2) + 2 D y, a nonnegative sum: a contradiction.
        right=(Cert("y-x", CONCLUSIONS["x<=y"], sum=(term("squares"), term("order", "y>=0", c=2)), times=("order",)),),
    ),
)


def _mutants(c):
    yield Mutant(
        "x may be negative and y too",
        c.but(drop=("x>=0", "y>=0")),
        {x: 0, y: -1},
    )


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: {x: rng.uniform(0, 2), y: rng.uniform(0, 2)},
)
