"""Roots preserve order: the one fact about square roots that every other claim uses."""

from ..language import Cases, Cert, Claim, Mutant, ge, term
from ..notation import x, y


def _mutants(c):
    yield Mutant(
        "x may be negative and y too",
        c.but(drop=("x>=0", "y>=0")),
        {x: 0, y: -1},
    )


CLAIM = Claim(
    name="monotone_root",
    title="x^2 <= y^2 and x, y >= 0 give x <= y",
    statement=r"If $x, y \ge 0$ and $x^2 \le y^2$ then $x \le y$.",
    source="elementary",
    coq="PLTheory.Claims.claim_monotone_root",
    hypotheses={"x>=0": ge(x), "y>=0": ge(y), "squares": ge(y**2, x**2)},
    steps=(
        Cases(
            "order",
            ge(y, x),
            on=y - x,
            left=(Cert("y-x", ge(y, x), sum=(term("order"),)),),
            # With D = x - y > 0: (y - x) D = -D^2 = (y^2 - x^2) + 2 D y, a nonnegative sum: a contradiction.
            right=(Cert("y-x", ge(y, x), sum=(term("squares"), term("order", "y>=0", c=2)), times=("order",)),),
        ),
    ),
    conclusions={"x<=y": ge(y, x)},
    mutants=_mutants,
    example=lambda rng: {x: rng.uniform(0, 2), y: rng.uniform(0, 2)},
)
