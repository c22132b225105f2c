r"""descent and rate of one step

Theorem A, steps 1 and 2: descent along a segment in S, and what PL* makes of it.

Along a segment in S with $\nabla^2 L \preceq \beta$, step $s \le \eta$ and $\eta < 2/\beta$: $L(w - sg) \le L(w) -
s(1 - \beta s/2)\|g\|^2$ with a nonnegative decrease, and under PL* at w $L(w - sg) \le (1 - 2\mu s(1 - \beta s/2))
L(w)$.

Source: theory section 3, Theorem A steps 1 and 2. In Coq: Descent.descent.
"""

from ..cited import TAYLOR
from ..language import Cert, Mutant, Use, ge, gt, term
from ..notation import G, a, b, beta, contraction, curvature, decrease, eta, mu, s, segment, slack, sp, w
from ..statement import claim

ASSUMPTIONS = {
    "hess": curvature(beta),
    "segment": segment(w, s, a, b, G),
    "beta>0": gt(beta),
    "s>=0": ge(s),
    "s<=eta": ge(eta, s),
    "slack>0": gt(slack(beta, eta)),
    "pl": ge(G**2, 2 * mu * a**2),
}

CONCLUSIONS = {
    "descent": ge(a**2 - decrease(beta, s) * G**2, b**2),
    "decrease": ge(decrease(beta, s)),
    "rate": ge(contraction(mu, beta, s) * a**2, b**2),
}

PROOF = (
    Use("along", TAYLOR),
    Cert("descent", CONCLUSIONS["descent"], sum=(term("along/taylor"),)),
    Cert(
        "decrease",
        CONCLUSIONS["decrease"],
        sum=(term("s>=0", "slack>0"), term("beta>0", "s>=0", "s<=eta", c="1/2")),
    ),
    Cert(
        "rate",
        CONCLUSIONS["rate"],
        sum=(term("descent"), term("decrease", "pl")),
    ),
)


def _draw(rng):
    be = rng.uniform(0.1, 3)
    et = rng.uniform(0, 2) / be
    st, av, mu_ = rng.uniform(0, et), rng.uniform(0.1, 2), rng.uniform(0, be)
    g = (2 * mu_) ** 0.5 * av * rng.uniform(1, 3)
    low = av**2 - st * (1 - be * st / 2) * g**2
    if low < 0:  # no nonnegative loss falls so far: take the smallest gradient that PL* allows
        g = (2 * mu_) ** 0.5 * av
        low = av**2 - st * (1 - be * st / 2) * g**2
    return {beta: be, eta: et, s: st, a: av, mu: mu_, G: g, b: rng.uniform(0, 1) * low**0.5}


def _overshoot():
    """L = x^2/2 (mu = beta = 1) from x = 1 with step 3: L grows fourfold."""
    be = mu_ = g = 1
    step, before, after = 3, sp.Rational(1, 2), sp.Rational((1 - 3) ** 2, 2)
    return after > before and after == before - step * g + be * step**2 * g**2 / sp.Integer(2) and mu_ == be


def _mutants(c):
    without = ge(a**2 - s * G**2, b**2)
    yield Mutant(
        "curvature left out of the decrease",
        c.but(swap={c.conclusions["descent"]: without}),
        lambda: sp.Rational((1 - sp.Rational(1, 2)) ** 2, 2) > sp.Rational(1, 2) - sp.Rational(1, 2),
    )
    yield Mutant("no bound on the step", c.but(drop=("s<=eta", "slack>0")), _overshoot)


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
