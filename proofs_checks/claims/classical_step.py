r"""classical route, one step

The classical route, one step: path bounded by the sum of a geometric series, not by a potential.

Square loss, $\eta \le 1/\beta$, $0 < \delta \le 1$, $\|J\| \le L_F$ on S, $\mu \le \beta$ and $R > R_{classic}$. A
step from $w \in S$ with $\sqrt{L(w)} \le A$ and path at most $R_{classic}(1 - A/\sqrt{L_0})$ stays in S, $L$ falls by
the factor $1 - \eta\delta\mu$, and the same holds with $\sqrt{1 - \eta\delta\mu}\,A$.

Source: theory section 2, classical route; TMSSR25. In Coq: Classical.K_classic_radius.
"""

from functools import partial

from ..cited import LAST_POINT, PL_AT_A_POINT, SQUARE_LOSS_GRADIENT
from ..language import ROOT, Assume, Cert, Define, Mutant, Use, eq, ge, gt, term
from ..notation import (
    G,
    P,
    R,
    a,
    a0,
    a1,
    b,
    beta,
    c,
    delta,
    ell,
    eta,
    h,
    inside,
    jacobian_at_most,
    m,
    mu,
    rate_classic,
    s,
    slack,
    sp,
    v,
    w1,
    within,
    x,
    y,
)
from ..samplers import quadratic_run
from ..statement import claim
from .descent_rate import CLAIM as DESCENT_RATE
from .monotone_root import CLAIM as MONOTONE_ROOT
from .shared_step import CONSTANTS, POSITIVE_STEP, STATE, STEP, arrives

A = sp.Symbol("A")
ROOT_RATE = ROOT(rate_classic(mu, eta, delta))
K = c * ell * (1 + ROOT_RATE) / (delta * mu)
"""Length of the whole path per A, the bound of the root of the loss; c is the root of 2."""

CLASSICAL_CONSTANTS = {
    **{n: r for n, r in CONSTANTS.items() if n != "slack>0"},
    "c>0": gt(c),
    "c^2": eq(c**2, 2),
    "delta<=1": ge(1, delta),
    "eta<=1/beta": ge(1, beta * eta),
    "mu<=beta": ge(beta, mu),
    "ell>0": gt(ell),
    "jacobian": jacobian_at_most(ell),
    "R": gt(R, K * a0),
}
"""What is fixed; eta delta mu <= 1, so the rate has a real root."""

CLASSICAL_STATE = {**STATE, "A>=a": ge(A, a), "A<=a0": ge(a0, A), "path": ge(K * (a0 - A), P)}
"""A = (1 - eta delta mu)^(t/2) a0 bounds the root of the loss."""

ASSUMPTIONS = {**CLASSICAL_CONSTANTS, **CLASSICAL_STATE, "a>0": gt(a), **STEP}

CONCLUSIONS = {
    "inside": inside(w1),
    "distance": within(w1, P + h * G),
    "rate": ge(rate_classic(mu, eta, delta) * a**2, a1**2),
    "bound": ge(ROOT_RATE * A, a1),
    "small": ge(a0, ROOT_RATE * A),
    "path": ge(K * (a0 - ROOT_RATE * A), P + h * G),
    "length": ge(K * (A - ROOT_RATE * A), h * G),
    "below": gt(a0, a1),
}

RADICAND = (
    Cert("mu eta<=1", ge(1, mu * eta), sum=(term("eta<=1/beta"), term("eta>0", "mu<=beta"))),
    Cert(
        "radicand",
        ge(rate_classic(mu, eta, delta)),
        sum=(term("mu eta<=1"), term("mu>0", "eta>0", "delta<=1")),
    ),
    Define(v, ROOT_RATE),
)
"""Names v, the root of 1 - eta delta mu."""

PROOF = (
    *RADICAND,
    Assume("R"),
    Assume("path"),
    Cert(
        "k>=0",
        ge(K),
        times=("delta>0", "mu>0"),
        sum=(term("c>0", "ell>0"), term("c>0", "ell>0", "v/nonneg")),
    ),
    Cert("slack>0", gt(slack(beta, eta)), sum=(term(c="1/2"), term("eta<=1/beta", c="1/2"))),
    Use("here", PL_AT_A_POINT),
    Use("gradient bound", SQUARE_LOSS_GRADIENT),
    Cert("pl m", ge(G**2, (m * a) ** 2), sum=(term("here/pl"),), mod={"m^2": -(a**2)}),
    Cert("ma>0", gt(m * a), sum=(term("m>0", "a>0"),)),
    Use("G>=ma", MONOTONE_ROOT, {x: m * a, y: G}),
    Cert("G>0", gt(G), sum=(term("G>=ma/x<=y"), term("ma>0"))),
    # |grad L| <= c L_F A, as the square loss has |grad L| <= L_F |r|.
    Cert(
        "G squared",
        ge((c * ell * a) ** 2, G**2),
        sum=(term("gradient bound/upper"),),
        mod={"c^2": ell**2 * a**2},
    ),
    Cert("c ell a>=0", ge(c * ell * a), sum=(term("c>0", "ell>0", "a>0"),)),
    Use("G<=c ell a", MONOTONE_ROOT, {x: G, y: c * ell * a}),
    Cert("G<=c ell A", ge(c * ell * A, G), sum=(term("G<=c ell a/x<=y"), term("c>0", "ell>0", "A>=a"))),
    # The geometric series: k (A - v A) = eta c L_F A.
    Cert("v<=1 squared", ge(1, v**2), sum=(term("eta>0", "delta>0", "mu>0"),), mod={"v/square": -1}),
    Cert("1>=0", ge(sp.Integer(1)), sum=(term(),)),
    Use("v<=1", MONOTONE_ROOT, {x: v, y: sp.Integer(1)}),
    Cert(
        "series",
        eq(K * (A - v * A), eta * c * ell * A),
        times=("delta>0", "mu>0"),
        mod={"v/square": -c * ell * A},
    ),
    *POSITIVE_STEP,
    Cert("A-scaled", ge(c * ell * A), sum=(term("c ell a>=0"), term("c>0", "ell>0", "A>=a"))),
    Cert(
        "length",
        ge(K * (A - v * A), h * G),
        sum=(term("h>=0", "G<=c ell A"), term("h<=eta", "A-scaled")),
        mod={"series": 1},
    ),
    Cert("A>=0", ge(A), sum=(term("A>=a"), term("a>0"))),
    Cert("vA>=0", ge(v * A), sum=(term("v/nonneg", "A>=0"),)),
    Cert("P<R", gt(R, P), sum=(term("R"), term("path"), term("k>=0", "A>=0"))),
    Use("far", LAST_POINT),
    Cert("s<=eta", ge(eta, s), sum=(term("h<=eta"), term("far/s<=h"))),
    Cert("s>=0", ge(s), sum=(term("far/s>0"),)),
    Use("partial", DESCENT_RATE),
    Cert(
        "strictly inside",
        gt(R, P + s * G),
        sum=(
            term("R"),
            term("path"),
            term("length"),
            term("far/s<=h", "G>=0"),
            term("k>=0", "vA>=0"),
        ),
    ),
    *arrives("partial"),
    Use("whole", DESCENT_RATE, {s: h, b: a1}),
    # h (1 - beta h/2) >= h/2 >= eta delta/2, as beta h <= beta eta <= 1.
    Cert("beta h<=1", ge(1, beta * h), sum=(term("eta<=1/beta"), term("beta>0", "h<=eta"))),
    Cert(
        "rate",
        CONCLUSIONS["rate"],
        sum=(
            term("whole/rate"),
            term("mu>0", "h>=eta delta", sq=(a,)),
            term("mu>0", "h>=0", "beta h<=1", sq=(a,)),
        ),
    ),
    Cert(
        "next squares",
        ge((v * A) ** 2, a1**2),
        sum=(
            term("rate"),
            term("A>=a", "A>=a", sq=(v,)),
            term("A>=a", "a>0", c=2, sq=(v,)),
        ),
        mod={"v/square": a**2},
    ),
    Use("next bound", MONOTONE_ROOT, {x: a1, y: v * A}),
    Cert(
        "next path",
        ge(K * (a0 - v * A), P + h * G),
        sum=(term("path"), term("length")),
    ),
    Cert("a1<a0", CONCLUSIONS["below"], sum=(term("strictly below"),), mod={"arrive/same end": -1}),
    Cert(
        "vA<=a0",
        ge(a0, v * A),
        sum=(term("A<=a0"), term("A>=0", "v<=1/x<=y")),
    ),
)


def _mutants(claim):
    yield Mutant(
        "the full rate 1 - 2 eta delta mu",
        claim.but(
            swap={claim.conclusions["rate"]: ge((1 - 2 * mu * eta * delta) * a**2, a1**2)},
        ),
        # L = x^2/2, eta = 1, h = eta delta = 1/2: the factor 1/4 is above 1 - 2 h = 0.
        lambda: (1 - sp.Rational(1, 2)) ** 2 > 1 - 2 * sp.Rational(1, 2),
    )
    yield Mutant("eta up to 2/beta", claim.but(swap={claim.hypotheses["eta<=1/beta"]: ge(2, beta * eta)}), _long)


def _long():
    """L = x^2/2, eta = h = 2: the loss does not fall at all, and 1 - eta delta mu < 1 for any delta > 0."""
    return 1 - 2 * sp.Rational(1, 100) < (1 - 2) ** 2


CLAIM = claim(
    __name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=partial(quadratic_run, classical=True)
)
