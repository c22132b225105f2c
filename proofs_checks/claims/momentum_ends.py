r"""expansion of a step with momentum

Theorem T: the norm of one step on one eigenvector is largest at an end of the spectrum.

A step with momentum takes (z, s) of an eigenvector to $N(\lambda)(z, s)$, $N(\lambda)$ with rows $(1 - \lambda/a,
\lambda\,al/(a\,root))$ and $(-root\,\lambda, 1 - a + al\,\lambda)$. For $low < high$ and $low \le \lambda \le high$: if
both $|N(low)(z, s)|$ and $|N(high)(z, s)|$ are at most k, so is $|N(\lambda)(z, s)|$.

Source: derivations, Theorem T section 3.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import k, s, z
from ..statement import claim

lam, low, high, a, al, root = sp.symbols("lam low high a al root")


def _rows(at):
    return (1 - at / a, at * al / (a * root)), (-root * at, 1 - a + al * at)


def _image(at):
    """Square of the length of N(at) (z, s)."""
    (p_, q_), (r_, s_) = _rows(at)
    return (p_ * z + q_ * s) ** 2 + (r_ * z + s_ * s) ** 2


# What stands beside lam in N(lam) (z, s).
_SLOPE = z - al * s / root

ASSUMPTIONS = {
    "a>0": gt(a),
    "root>0": gt(root),
    "low<high": gt(high, low),
    "low<=lam": ge(lam, low),
    "lam<=high": ge(high, lam),
    "at low": ge(k**2, _image(low)),
    "at high": ge(k**2, _image(high)),
}

CONCLUSIONS = {"between": ge(k**2, _image(lam))}

PROOF = (
    # The chord between both ends, and how far the parabola lies below it.
    Cert(
        "between",
        CONCLUSIONS["between"],
        times=("low<high",),
        sum=(
            term("lam<=high", "at low"),
            term("low<=lam", "at high"),
            term("low<high", "lam<=high", "low<=lam", sq=(_SLOPE / a,)),
            term("low<high", "lam<=high", "low<=lam", sq=(root * _SLOPE,)),
        ),
    ),
)


def _draw(rng):
    at = {a: rng.uniform(0.1, 1), al: rng.uniform(0, 5), root: rng.uniform(0.2, 5), z: rng.uniform(-1, 1), s: 0.3}
    ends = {low: rng.uniform(-1, 0), high: rng.uniform(0.01, 1)}
    inside = {lam: rng.uniform(ends[low], ends[high])}
    return at | ends | inside | {k: rng.uniform(5, 40)}


def _mutants(c):
    at = {a: 1, al: 0, root: 1, low: 0, high: 1, lam: -1, k: 1, z: 1, s: 0}
    yield Mutant("lam below the spectrum", c.but(drop=("low<=lam",)), at)
    yield Mutant("one end alone", c.but(drop=("at high",)), at | {lam: 2, high: 2})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
