r"""x^2 < y^2 and y >= 0 give |x| < y

Roots preserve strict order: how a change shorter than a margin leaves a sign as it is.

If $y \ge 0$ and $x^2 < y^2$ then $y + x > 0$ and $y - x > 0$.

Source: elementary.
"""

from ..language import Cases, Cert, Mutant, ge, gt, term
from ..notation import x, y
from ..statement import claim

ASSUMPTIONS = {"y>=0": ge(y), "squares": gt(y**2, x**2)}

CONCLUSIONS = {"above": gt(y + x), "below": gt(y - x)}


def _sign(name, e):
    # With N = -e >= 0: y^2 - x^2 + 2 y N + N^2 is 0, and (y^2 - x^2) e = N^2 (2 y + N).
    goal = CONCLUSIONS[name]
    return Cases(
        name,
        goal,
        on=-e,
        left=(
            Cert(
                "positive",
                goal,
                times=("squares",),
                sum=(
                    term("y>=0", c=2, sq=(e,)),
                    term(name, sq=(e,)),
                    term("squares"),
                    term("y>=0", name, c=2),
                    term(sq=(e,)),
                ),
            ),
        ),
        right=(Cert("positive", goal, sum=(term(name),)),),
    )


PROOF = (_sign("above", y + x), _sign("below", y - x))


def _mutants(c):
    yield Mutant("equal squares", c.but(swap={c.hypotheses["squares"]: ge(y**2, x**2)}), {x: 1, y: 1})
    yield Mutant("y may be negative", c.but(drop=("y>=0",)), {x: 0, y: -1})


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: {x: rng.uniform(-1, 1), y: rng.uniform(0, 2)},
)
