r"""GClip's rate vanishes, delta-GClip's does not

What delta adds, second half: a family on which GClip's factor tends to 1 while delta-GClip's stays below 1.

On $L = x^2/2$ ($\mu = \beta = 1$), $0 < \eta < 2$: for every $q < 1$, from $x > 2\eta\gamma/(1 - q)$ (a far start, or
a small $\gamma$) GClip's step multiplies L by more than q, while delta-GClip's multiplies it by at most Theorem A's
q(1, 1, $\eta$, $\delta$) < 1, whatever $\gamma$ and x.

Source: theory section 1.
"""

from ..language import GREATEST, LEAST, Cases, Cert, Define, Mutant, Use, ge, gt, term
from ..notation import decrease, delta, eta, gamma, h, q, rate, slack, sp, step_size, x
from ..statement import claim
from .concave_minimum import CLAIM as CONCAVE_MINIMUM
from .step_interval import CLAIM as STEP_INTERVAL

one = sp.Integer(1)
_GCLIP = step_size(eta, gamma, sp.Integer(0), x)
_WITH_DELTA = step_size(eta, gamma, delta, x)

ASSUMPTIONS = {
    "eta>0": gt(eta),
    "eta<2": gt(2, eta),
    "gamma>0": gt(gamma),
    "delta>0": gt(delta),
    "delta<1": gt(1, delta),
    "x>0": gt(x),
    "far": gt((1 - q) * x, 2 * eta * gamma),
}

CONCLUSIONS = {
    "GClip": gt((1 - _GCLIP) ** 2, q),
    "delta-GClip": ge(rate(one, one, eta, delta), (1 - _WITH_DELTA) ** 2),
    "q<1": gt(1, rate(one, one, eta, delta)),
}

inner, clipped, inner_d, clipped_d, worst = sp.symbols("inner clipped inner_d clipped_d worst")

PROOF = (
    Define(inner, GREATEST(sp.Integer(0), gamma / x)),
    Define(clipped, LEAST(one, GREATEST(sp.Integer(0), gamma / x))),
    Cert("ratio>0", gt(gamma / x), times=("x>0",), sum=(term("gamma>0"),)),
    # inner = gamma/x: it is not 0, so the other factor of its defining equation vanishes.
    Cases(
        "inner",
        ge(gamma / x, inner),
        zero="inner/either",
        on=(inner, inner - gamma / x),
        left=(Cert("small", ge(gamma / x, inner), sum=(term("ratio>0"),), mod={"inner": -1}),),
        right=(Cert("small", ge(gamma / x, inner), mod={"inner": -1}),),
    ),
    Cert("step", ge(gamma / x, clipped), sum=(term("clipped/second"), term("inner"))),
    # (1 - h)^2 >= 1 - 2 h and h = eta clipped <= eta gamma/x < (1 - q)/2.
    Cert(
        "GClip",
        CONCLUSIONS["GClip"],
        times=("x>0",),
        sum=(term("far"), term("eta>0", "step", "x>0", c=2), term("x>0", sq=(eta * clipped,))),
    ),
    Define(inner_d, GREATEST(delta, gamma / x)),
    Define(clipped_d, LEAST(one, GREATEST(delta, gamma / x))),
    Define(worst, LEAST(decrease(one, eta * delta), decrease(one, eta))),
    Cert("1>0", gt(one), sum=(term(),)),
    Cert("slack>0", gt(slack(one, eta)), sum=(term("eta<2", c="1/2"),)),
    Use("interval", STEP_INTERVAL, {sp.Symbol("G"): x}),
    Use(
        "worst step",
        CONCAVE_MINIMUM,
        {sp.Symbol("beta"): one, sp.Symbol("mu"): one, h: _WITH_DELTA},
    ),
    Cert("delta-GClip", CONCLUSIONS["delta-GClip"], sum=(term("worst step/rate"),)),
)


def _draw(rng):
    et, ga, qv = rng.uniform(0.01, 1.99), rng.uniform(0.1, 3), rng.uniform(0, 0.99)
    far = max(2 * et * ga / (1 - qv), ga)
    return {eta: et, gamma: ga, q: qv, x: far * rng.uniform(1.001, 3), delta: rng.uniform(0.01, 0.99)}


def _mutants(c):
    near = gt((1 - q) * x, eta * gamma)
    yield Mutant(
        "half the distance",
        c.but(swap={c.hypotheses["far"]: near}),
        {eta: 1, gamma: 1, delta: "1/2", q: "1/2", x: 3},
    )
    yield Mutant(
        "delta-GClip too slows down",
        c.but(swap={c.conclusions["delta-GClip"]: gt((1 - _WITH_DELTA) ** 2, q)}),
        {eta: 1, gamma: 1, delta: "1/2", q: "9/10", x: 100},
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
