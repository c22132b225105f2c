r"""potential step: a - b >= h |g| (1 - beta eta/2) m/2

Theorem A, step 3: the root of the loss falls by at least a multiple of the length of the step.

Let $a > 0$ and b be the roots of the loss before and after a step $0 \le h \le \eta < 2/\beta$, $m = \sqrt{2\mu}$,
$\|g\| \ge m a$ and $b^2 \le a^2 - h(1 - \beta h/2)\|g\|^2$. Then $2(a - b) \ge h\|g\|(1 - \beta\eta/2)m$.

Source: theory section 3, Theorem A step 3; certificate in section 5. In Coq: Steps.potential_step.
"""

from ..language import Cert, Mutant, Use, ge, gt, term
from ..notation import G, a, b, beta, decrease, eta, h, m, slack, x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

ASSUMPTIONS = {
    "a>0": gt(a),
    "m>0": gt(m),
    "G>=0": ge(G),
    "beta>0": gt(beta),
    "h>=0": ge(h),
    "h<=eta": ge(eta, h),
    "slack>0": gt(slack(beta, eta)),
    "pl": ge(G**2, (m * a) ** 2),
    "descent": ge(a**2 - decrease(beta, h) * G**2, b**2),
}

CONCLUSIONS = {"potential": ge(2 * (a - b), h * G * slack(beta, eta) * m)}

PROOF = (
    Cert("ma>=0", ge(m * a), sum=(term("m>0", "a>0"),)),
    Use("pl root", MONOTONE_ROOT, {x: m * a, y: G}),
    Cert(
        "potential",
        CONCLUSIONS["potential"],
        times=("a>0",),
        sum=(
            term(sq=(a - b,)),
            term("descent"),
            term("beta>0", "h>=0", "h<=eta", c="1/2", sq=(G,)),
            term("h>=0", "slack>0", sq=(G - m * a,)),
            term("h>=0", "slack>0", "m>0", "a>0", "pl root/x<=y"),
        ),
    ),
)


def _draw(rng):
    be = rng.uniform(0.1, 3)
    et, av, mv = rng.uniform(0.01, 2) / be, rng.uniform(0.1, 2), rng.uniform(0.1, 1) * (2 * be) ** 0.5
    hv, g = rng.uniform(0, et), mv * av * rng.uniform(1, 2)
    low = av**2 - hv * (1 - be * hv / 2) * g**2
    return {beta: be, eta: et, a: av, m: mv, h: hv, G: g, b: rng.uniform(0, 1) * low**0.5 if low > 0 else 99}


def _mutants(c):
    yield Mutant(
        "twice the length",
        c.but(swap={CONCLUSIONS["potential"]: ge(a - b, h * G * slack(beta, eta) * m)}),
        {beta: 1, eta: 1, a: 1, b: "181/200", m: 1, h: "1/5", G: 1},
    )
    yield Mutant(
        "gradient below m a",
        c.but(drop=("pl",)),
        {beta: 1, eta: 1, a: 1, b: "199/200", m: 1, h: 1, G: "1/10"},
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
