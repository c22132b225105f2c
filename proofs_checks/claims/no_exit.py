r"""a step stays in S; its length is at most k (a - a1)

Theorem A, step 4: with the potential of step 3 a step cannot leave S, and the path stays below R_A.

Let $w \in S$ with $L(w) > 0$, path so far $P \le k(\sqrt{L_0} - \sqrt{L(w)})$, $k = \sqrt{2/\mu}/(1 - \beta\eta/2)$
and $R > k\sqrt{L_0}$. Then every step $h \in [\eta\delta, \eta]$ stays in S, $h\|g\| \le k(\sqrt{L(w)} -
\sqrt{L(w^+)})$ and $L(w^+) < L_0$.

Source: theory section 3, Theorem A step 4. In Coq: Descent.segment_stays.
"""

from ..language import Cert, Mutant, Use, ge, gt, term
from ..notation import (
    G,
    P,
    R,
    a,
    a0,
    a1,
    b,
    beta,
    contraction,
    decrease,
    eta,
    h,
    inside,
    m,
    mu,
    s,
    slack,
    sp,
    w1,
    within,
)
from ..samplers import quadratic_run
from ..statement import claim
from .descent_rate import CLAIM as DESCENT_RATE
from .potential_step import CLAIM as POTENTIAL_STEP
from .shared_step import CONSTANTS, STATE, STEP, stays

K = 2 / (m * slack(beta, eta))
"""Path per root of the loss."""

ASSUMPTIONS = {
    **CONSTANTS,
    "R": gt(R, K * a0),
    **STATE,
    "path": ge(K * (a0 - a), P),
    "a>0": gt(a),
    **STEP,
}

CONCLUSIONS = {
    "inside": inside(w1),
    "distance": within(w1, P + h * G),
    "path": ge(K * (a - a1), h * G),
    "descent": ge(a**2 - decrease(beta, h) * G**2, a1**2),
    "rate": ge(contraction(mu, beta, h) * a**2, a1**2),
    "below": gt(a0, a1),
}


def _bound(name, s_, b_):
    return (
        Use(f"{name} descent", DESCENT_RATE, {s: s_, b: b_}),
        Use(f"{name} potential", POTENTIAL_STEP, {h: s_, b: b_}),
        Cert(
            f"{name} path",
            ge(K * (a - b_), s_ * G),
            times=("m>0", "slack>0"),
            sum=(term(f"{name} potential/potential"),),
        ),
    )


PROOF = (
    Cert("k>=0", ge(K), times=("m>0", "slack>0"), sum=(term(c=2),)),
    *stays(_bound),
)


def leaves_a_small_ball():
    """L = x^2/2 from x = 1, eta = h = 3/2: the iterate -1/2 leaves R = 5/4, between sqrt(2 L_0/mu) = 1 and
    R_A = 4."""
    x0, step, radius = sp.Integer(1), sp.Rational(3, 2), sp.Rational(5, 4)
    distance, needed = abs((x0 - step * x0) - x0), sp.sqrt(2 * x0**2 / 2)
    return bool(distance > radius > needed)


def _mutants(c):
    yield Mutant(
        "radius without the factor 1 - beta eta/2",
        c.but(swap={c.hypotheses["R"]: gt(R, 2 * a0 / m)}),
        leaves_a_small_ball,
    )
    yield Mutant(
        "half the path",
        c.but(swap={c.conclusions["path"]: ge(K * (a - a1), 2 * h * G)}),
        # L = x^2/2 from 1 with a tiny step: k (a - a1) is about h, not 2 h.
        lambda: _half_the_path(),
    )


def _half_the_path():
    step, start = sp.Rational(1, 100), sp.sqrt(sp.Rational(1, 2))
    fall = 2 / (sp.sqrt(2) * (1 - step / 2)) * (start - (1 - step) * start)
    return bool(fall < 2 * step)


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=quadratic_run)
