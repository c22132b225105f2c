r"""Theorem D, a floor for every step after w_T

Theorem D: a floor for every step after the computed ones, GClip's included.

Where $\|J\| \le L_F$ and $\|r(w)\| \le \bar r$, both positive, as for every iterate from a start in $B(w_T,
\epsilon)$: $\|\nabla L(w)\| \le L_F\bar r$, so $h \ge \eta\,\delta_t$ with $\delta_t = \max(\delta, \min(1,
\gamma/(L_F\bar r)))$, and $0 < \delta_t \le 1$ also for $\delta = 0$, which is GClip. $\bar r$ may be the residual at
the iterate itself: then the floor rises to 1 as the loss falls.

Source: theory sections 1 and 4, Theorem D. In Coq: TheoremD.theorem_D_gradients.
"""

import sympy as sp

from ..cited import SQUARE_LOSS_GRADIENT
from ..language import GREATEST, LEAST, Cases, Cert, Define, Mutant, Use, ge, gt, term
from ..notation import (
    G,
    a,
    delta,
    effective_delta,
    ell,
    eta,
    gamma,
    gradient,
    inside,
    jacobian_at_most,
    level,
    step_size,
    w,
)
from ..statement import claim
from .delta_effective import CLAIM as DELTA_EFFECTIVE
from .delta_effective import bound, clipped, inner
from .monotone_root import CLAIM as MONOTONE_ROOT
from .monotone_root import x, y

rbar, floor, plain = sp.symbols("rbar floor plain")
_BOUND = ell * rbar
_FLOOR = effective_delta(gamma, delta, _BOUND)

ASSUMPTIONS = {
    "eta>0": gt(eta),
    "gamma>0": gt(gamma),
    "delta>=0": ge(delta),
    "delta<=1": ge(1, delta),
    "G>0": gt(G),
    "ell>0": gt(ell),
    "rbar>0": gt(rbar),
    "inside": inside(w),
    "level": level(w, a),
    "gradient": gradient(w, G),
    "jacobian": jacobian_at_most(ell),
    # L = |r|^2 / 2.
    "below": ge(rbar**2, 2 * a**2),
}

CONCLUSIONS = {
    "gradient": ge(_BOUND, G),
    "step": ge(step_size(eta, gamma, delta, G), eta * _FLOOR),
    "floor>0": gt(_FLOOR),
    "floor<=1": ge(1, _FLOOR),
}

PROOF = (
    Use("upper", SQUARE_LOSS_GRADIENT),
    Cert(
        "squares",
        ge(_BOUND**2, G**2),
        sum=(term("upper/upper"), term("below", sq=(ell,))),
    ),
    Cert("bound>=0", ge(_BOUND), sum=(term("ell>0", "rbar>0"),)),
    Use("root", MONOTONE_ROOT, {x: G, y: _BOUND}),
    Define(inner, GREATEST(delta, gamma / G)),
    Define(clipped, LEAST(1, GREATEST(delta, gamma / G))),
    Define(plain, LEAST(1, gamma / _BOUND)),
    Define(floor, GREATEST(delta, LEAST(1, gamma / _BOUND))),
    Use("effective", DELTA_EFFECTIVE, {bound: _BOUND}),
    Cert("ratio>0", gt(gamma / _BOUND), times=("ell>0", "rbar>0"), sum=(term("gamma>0"),)),
    Cases(
        "which",
        gt(plain),
        zero="plain/either",
        on=(plain - 1, plain - gamma / _BOUND),
        left=(Cert("positive", gt(plain), sum=(term(),), mod={"which": 1}),),
        right=(Cert("positive", gt(plain), sum=(term("ratio>0"),), mod={"which": 1}),),
    ),
    Cert("floor>0", CONCLUSIONS["floor>0"], sum=(term("which"), term("floor/second"))),
    Cases(
        "larger",
        ge(1, floor),
        zero="floor/either",
        on=(floor - delta, floor - plain),
        left=(Cert("at most", ge(1, floor), sum=(term("delta<=1"),), mod={"larger": -1}),),
        right=(Cert("at most", ge(1, floor), sum=(term("plain/first"),), mod={"larger": -1}),),
    ),
    Cert("floor<=1", CONCLUSIONS["floor<=1"], sum=(term("larger"),)),
)


def _mutants(c):
    yield Mutant(
        "the loss without its half",
        c.but(swap={c.hypotheses["below"]: ge(rbar**2, a**2)}),
        # F(w) = w, y = 0, w = 1: L = 1/2 <= rbar^2 for rbar = 3/4, G = 1; gamma = 3/4 clips the step, not the floor.
        lambda: min(1, sp.Rational(3, 4) / 1) < min(1, sp.Rational(3, 4) / sp.Rational(3, 4)),
    )
    yield Mutant(
        "a residual above the bound",
        c.but(drop=("below",)),
        # F(w) = w, y = 0, w = 2, gamma = 1, delta = 0, rbar = 1: the step is half of eta, the floor would be all of it.
        lambda: min(1, sp.Rational(1, 2)) < min(1, sp.Rational(1, 1)),
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
