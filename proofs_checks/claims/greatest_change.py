r"""max of two numbers changes by at most what the numbers do

How far the larger of two numbers moves.

If $|p' - p| \le d$ and $|q' - q| \le d$ then $|\max(p', q') - \max(p, q)| \le d$.

Source: elementary.
"""

import sympy as sp

from ..language import GREATEST, Cases, Cert, Define, Mutant, ge, term
from ..notation import d
from ..statement import claim

p, p1, q, q1 = sp.symbols("p p1 q q1")
_BEFORE, _AFTER = GREATEST(p, q), GREATEST(p1, q1)

ASSUMPTIONS = {
    "p up": ge(d, p1 - p),
    "p down": ge(d, p - p1),
    "q up": ge(d, q1 - q),
    "q down": ge(d, q - q1),
}

CONCLUSIONS = {"up": ge(d, _AFTER - _BEFORE), "down": ge(d, _BEFORE - _AFTER)}

before, after = sp.symbols("before after")


def _which(way, moving, pair, other):
    """Whichever of the pair is the larger one, its own change bounds that of both."""
    goal, name = CONCLUSIONS[way], f"which {way}"
    first = Cert(way, goal, sum=(term(f"{other}/first"), term(f"p {way}")), mod={name: -1})
    second = Cert(way, goal, sum=(term(f"{other}/second"), term(f"q {way}")), mod={name: -1})
    on = (moving - pair[0], moving - pair[1])
    return Cases(name, goal, zero=f"{moving}/either", on=on, left=(first,), right=(second,))


PROOF = (
    Define(before, _BEFORE),
    Define(after, _AFTER),
    _which("up", after, (p1, q1), "before"),
    _which("down", before, (p, q), "after"),
)


def _mutants(c):
    at = {p: 0, p1: 1, q: 0, q1: 1, d: 1}
    yield Mutant("half the change", c.but(swap={CONCLUSIONS["up"]: ge(d / 2, _AFTER - _BEFORE)}), at)
    yield Mutant("the change of one number", c.but(drop=("q up",)), {**at, p1: 0, q1: 2})


def _draw(rng):
    first, second, by, by1 = (rng.uniform(-1, 1) for _ in range(4))
    return {p: first, q: second, p1: first + by, q1: second + by1, d: max(abs(by), abs(by1))}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
