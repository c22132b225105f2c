r"""h |g| c m <= (1 + sqrt(contraction)) (a - b)

Theorem A', second lemma: the length of a step against the fall of the root of the loss, sharp at |g| = m a.

With $c = 1 - \beta h/2 > 0$, $m = \sqrt{2\mu}$, $\mu \le \beta$, $\|g\| \ge m a$ and $b^2 \le a^2 - h c \|g\|^2$:
$h\|g\|\,c\,m \le (1 + \sqrt{1 - 2\mu h c})(a - b)$.

Source: theory section 3, Theorem A'. In Coq: Steps.tight_path.
"""

from ..language import ROOT, Cert, Define, Mutant, Use, eq, ge, gt, term
from ..notation import G, a, b, beta, contraction, decrease, h, m, mu, slack, sp, u, x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT
from .tight_contraction import CLAIM as TIGHT_CONTRACTION

_ROOT = ROOT(contraction(mu, beta, h))

ASSUMPTIONS = {
    "mu>0": gt(mu),
    "m>0": gt(m),
    "m^2": eq(m**2, 2 * mu),
    "beta>0": gt(beta),
    "mu<=beta": ge(beta, mu),
    "h>=0": ge(h),
    "c>0": gt(slack(beta, h)),
    "a>0": gt(a),
    "b>=0": ge(b),
    "G>=0": ge(G),
    "G>=ma": ge(G, m * a),
    "descent": ge(a**2 - decrease(beta, h) * G**2, b**2),
}

CONCLUSIONS = {"path": ge((1 + _ROOT) * (a - b), h * slack(beta, h) * m * G)}

_Y = m * a - (1 - u) * G

PROOF = (
    Use("factor", TIGHT_CONTRACTION),
    Define(u, _ROOT),
    Cert("1>=0", ge(1), sum=(term(),)),
    Cert("1>=u^2", ge(1, u**2), sum=(term("mu>0", "h>=0", "c>0", c=2),), mod={"u/square": -1}),
    Use("u<=1", MONOTONE_ROOT, {x: u, y: sp.Integer(1)}),
    # m^2 (descent), with m^2 h c = 1 - u^2.
    Cert(
        "scaled descent",
        ge((m * a) ** 2 - (1 - u**2) * G**2, (m * b) ** 2),
        sum=(term("descent", "m>0", "m>0"),),
        mod={"u/square": G**2, "m^2": decrease(beta, h) * G**2},
    ),
    Cert("ma>=0", ge(m * a), sum=(term("m>0", "a>0"),)),
    Cert("mb>=0", ge(m * b), sum=(term("m>0", "b>=0"),)),
    Cert("(1-u)G>=0", ge((1 - u) * G), sum=(term("u<=1/x<=y", "G>=0"),)),
    Cert(
        "order of squares",
        ge((m * a) ** 2, ((1 - u) * G) ** 2),
        sum=(
            term("scaled descent"),
            term(sq=(m * b,)),
            term("u/nonneg", "u<=1/x<=y", c=2, sq=(G,)),
        ),
    ),
    Use("Y>=0", MONOTONE_ROOT, {x: (1 - u) * G, y: m * a}),
    Cert(
        "Y^2>=(mb)^2",
        ge(_Y**2, (m * b) ** 2),
        sum=(term("scaled descent"), term("(1-u)G>=0", "G>=ma", c=2)),
    ),
    Use("Y>=mb", MONOTONE_ROOT, {x: m * b, y: _Y}),
    Cert(
        "path",
        CONCLUSIONS["path"],
        times=("m>0",),
        sum=(term("Y>=mb/x<=y"), term("u/nonneg", "Y>=mb/x<=y")),
        mod={"u/square": -G, "m^2": -decrease(beta, h) * G},
    ),
)


def _draw(rng):
    be = rng.uniform(0.1, 3)
    mu_ = rng.uniform(0.01, 1) * be
    hv, av, mv = rng.uniform(0.01, 2) / be, rng.uniform(0.1, 2), (2 * mu_) ** 0.5
    g = mv * av * rng.choice([1, rng.uniform(1, 2)])
    low = av**2 - hv * (1 - be * hv / 2) * g**2
    return {beta: be, mu: mu_, h: hv, a: av, m: mv, G: g, b: low**0.5 if low > 0 else 99}


def _mutants(c):
    # mu = 1/2 and m = 1, beta = 1, h = 1: the factor is 1/2, so take beta = 9/8, h = 8/9: 1 - 4/9 = 5/9; with
    # mu = beta = 1/2, h = 1 the factor is 1/4 and its root 1/2.
    at = {mu: "1/2", beta: "1/2", m: 1, h: 1, a: 1, b: "1/2", G: 1}
    yield Mutant(
        "without the root",
        c.but(swap={CONCLUSIONS["path"]: ge(a - b, h * slack(beta, h) * m * G)}),
        at,
    )
    yield Mutant("gradient below m a", c.but(drop=("G>=ma",)), {**at, b: "199/200", G: "1/10"})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
