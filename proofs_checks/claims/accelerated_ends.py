r"""between two eigenvalues: what a gain fulfils is concave in kap

Theorem M3: both ends of the spectrum decide for all eigenvalues between them.

For a fixed square, the polynomials of `Circle` that a gain or a free response has to fulfil have second derivatives
$-2B^2G^2$, $-2B^2G$ and $-2(1 - mp)pG$ in $\kappa$, $p = q^{-2}$: where they are nonnegative at both ends of an
interval, they are so on it. So is $v = 4m - b^2$, positive where the modes oscillate.

Source: theory of momentum section 5, suprema.
"""

import sympy as sp

from pltheory.theory.acceleration import Circle

from ..language import Cert, Mutant, ge, gt, term
from ..statement import claim

m, q, low, high, kap, square, l0, l1 = sp.symbols("m q low high kap square l0 l1")

CONDITIONS = {
    "quotient": lambda at: at.quotient(l0, l1, square),
    "across": lambda at: at.across(square),
    "free residual": lambda at: at.free_residual(square),
    "free buffer": lambda at: at.free_buffer(square),
    "oscillating": lambda at: at.v,
}


def _at(value):
    return Circle(m, q, value)


ASSUMPTIONS = {
    "q>0": gt(q),
    "below q^2": ge(1 - m / q**2),
    "square>=0": ge(square),
    "low<high": gt(high - low),
    "kap>=low": ge(kap, low),
    "kap<=high": ge(high, kap),
    **{f"{name}, low": ge(of(_at(low))) for name, of in CONDITIONS.items()},
    **{f"{name}, high": ge(of(_at(high))) for name, of in CONDITIONS.items()},
}

CONCLUSIONS = {name: ge(of(_at(kap))) for name, of in CONDITIONS.items()}

_B = _at(kap).half_difference
_BEND = {
    "quotient": term("kap>=low", "kap<=high", "low<high", sq=(_B * square,)),
    "across": term("kap>=low", "kap<=high", "low<high", "square>=0", sq=(_B,)),
    "free residual": term("kap>=low", "kap<=high", "low<high", "below q^2", "square>=0", sq=(1 / q,)),
    "free buffer": term("kap>=low", "kap<=high", "low<high", "below q^2", "square>=0", sq=(1 / q,)),
    "oscillating": term("kap>=low", "kap<=high", "low<high"),
}

PROOF = tuple(
    Cert(
        name,
        CONCLUSIONS[name],
        times=("low<high",),
        sum=(term("kap<=high", f"{name}, low"), term("kap>=low", f"{name}, high"), _BEND[name]),
    )
    for name in CONDITIONS
)


def _mutants(c):
    # m = 1/4, q = 1: the modes oscillate between 1/4 and 9/4.
    at = {m: "1/4", q: 1, low: "1/2", high: 2, kap: "5/4", square: 100, l0: 0, l1: 0}
    yield Mutant("beyond the ends", c.but(drop=("kap<=high",)), {**at, kap: 3})
    yield Mutant("the lower end alone", c.but(drop=tuple(f"{n}, high" for n in CONDITIONS)), {**at, high: 9, kap: 8})
    yield Mutant("the upper end alone", c.but(drop=tuple(f"{n}, low" for n in CONDITIONS)), {**at, low: -9, kap: -8})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
