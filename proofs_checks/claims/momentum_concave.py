r"""between two step sizes: a form is at least what it is at both ends

Theorem M2's forms for all step sizes of an interval.

For fixed vectors the form is concave in $\tau$ where its pull and its multiplier are affine in it: the ends of an
interval decide. With $\tau = (1-s)\tau_0 + s\tau_1$ and likewise the pull and the multiplier, the form exceeds the
same mean of the forms by $s(1-s)(\tau_1-\tau_0)^2(\text{bend}\,\sigma^2 + C)\|g\|^2/2$, $\sigma$ the factor of
$-\tau g$ in $\Delta$.

Source: theory of momentum section 4, proof of M2.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, term
from ..statement import claim
from .momentum_form import KINDS, al, at, b, d, e, eps, form, g, m, weight

s, bend = sp.symbols("s bend")
t0, t1, x0, x1, p0, p1 = sp.symbols("tau0 tau1 x0 x1 p0 p1")


def _mean(a, c):
    return (1 - s) * a + s * c


def _ends(n, first=1, second=1):
    return _mean(first * form(n, t0, bend, x0, p0), second * form(n, t1, bend, x1, p1))


ASSUMPTIONS = {
    "s>=0": ge(s),
    "s<=1": ge(1, s),
    "bend>=0": ge(bend),
    "C>=0": ge(weight),
    **{f"first, {kind}": ge(form(n, t0, bend, x0, p0)) for kind, n in KINDS.items()},
    **{f"second, {kind}": ge(form(n, t1, bend, x1, p1)) for kind, n in KINDS.items()},
}

CONCLUSIONS = {
    f"between, {kind}": ge(form(n, _mean(t0, t1), bend, _mean(x0, x1), _mean(p0, p1))) for kind, n in KINDS.items()
}

PROOF = tuple(
    Cert(
        f"between, {kind}",
        CONCLUSIONS[f"between, {kind}"],
        sum=(
            term("s<=1", f"first, {kind}"),
            term("s>=0", f"second, {kind}"),
            term("s>=0", "s<=1", "bend>=0", c="1/2", sq=((t1 - t0) * at(n).pushed * g,)),
            term("s>=0", "s<=1", "C>=0", c="1/2", sq=((t1 - t0) * g,)),
        ),
    )
    for kind, n in KINDS.items()
)


def _mutants(c):
    zero = {m: 0, al: 0, weight: 0, b: 0, eps: 0, bend: 0, d: 0, e: 0, g: 1, x0: 0, x1: 0, p0: 0, p1: 0}
    # tau is the form: 0 and 1 at the ends, -1 beyond them.
    yield Mutant("beyond the ends", c.but(drop=("s>=0",)), {**zero, t0: 0, t1: 1, s: -1})
    yield Mutant("one end alone", c.but(drop=("first, heavy ball", "first, Nesterov")), {**zero, t0: -1, t1: 1, s: 0})
    yield Mutant(
        "a bend that is negative",
        c.but(drop=("bend>=0",)),
        {**zero, bend: -2, t0: -1, t1: 0, s: "1/2"},
    )


def _draw(rng):
    x = {m: rng.random(), al: rng.uniform(0, 2), weight: rng.uniform(0.1, 2), b: rng.uniform(0.01, 0.3)}
    x |= {eps: rng.uniform(0, 0.05), bend: rng.uniform(0, 0.5), s: rng.random(), t0: rng.random(), t1: rng.random()}
    x |= {x0: rng.uniform(0, 0.1), x1: rng.uniform(0, 0.1), p0: rng.uniform(1, 20), p1: rng.uniform(1, 20)}
    return x | {g: rng.gauss(0, 1), d: rng.gauss(0, 1), e: rng.gauss(0, 0.1)}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
