r"""a step with momentum: the potential falls by k sig l rho

Theorem M, one step: loss ahead of the weights and length of the buffer fall together.

$E = L(z) + \frac c2\|d\|^2$, $z = w + \alpha d$, $z' = z - rg$ with $g = \nabla L(w)$, $0 \le r = h/a \le \eta/a$,
$a = 1 - m$; G and D are the norms of g and d. With $e = \nabla L(z) - g$, $\|e\| \le \beta\alpha D$ and $X^2 = \|g +
e\|^2 + c\sigma^2D^2$, the smoothness of L along the step and $\|d'\| \le mD + hG$ give the fall below. In proportion
$k = q\xi$: if $V > 0$ and $2VA \ge \frac{\eta}{a}B^2$ then $E - E' \ge k r G X$, for any step up to $\eta$: the longest
is the worst.

Source: theory of momentum section 2, Theorem M, step 1.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..notation import G, beta, m, q, sigma
from ..statement import claim

D, X, xi, C, r, top, alpha, inner, error, fall = sp.symbols("D X xi C r r_max alpha inner error fall")
a = 1 - m
E = beta * alpha * D * G
A = 1 - q / 2 * (xi**2 + 1) - beta * top / 2 - C * a**2 * top / 2
B = (1 - q) * beta * alpha + C * m * a
V = C * (1 - m**2) - q * top * (beta**2 * alpha**2 + C * sigma**2)
LEAST = r * (G**2 + inner) - beta / 2 * r**2 * G**2 + C / 2 * (D**2 - (m * D + a * r * G) ** 2)

STEP = {
    "0<=m": ge(m),
    "m<=1": ge(1, m),
    "r>=0": ge(r),
    "r<=top": ge(top, r),
    "top>0": gt(top),
    "beta>=0": ge(beta),
    "C>=0": ge(C),
    "fall": ge(fall, LEAST),
    "error": ge((beta * alpha * D) ** 2, error),
    "X^2": eq(X**2, G**2 + 2 * inner + error + C * sigma**2 * D**2),
    "V>0": gt(V),
}
"""One step, whatever is asked of k."""

ASSUMPTIONS = {
    **STEP,
    "q>=0": ge(q),
    "q<=1": ge(1, q),
    "below": ge(inner, -E),
    "potential": ge(2 * V * A, top * B**2),
}

CONCLUSIONS = {"length": ge(fall, q * xi * r * G * X)}

UP = ("V>0", "top>0")
SHORTER = (
    term("r<=top", "beta>=0", "r>=0", *UP, c="1/2", sq=(G,)),
    term("r<=top", "C>=0", "r>=0", *UP, c="1/2", sq=(G, a)),
    term("r<=top", "C>=0", "1-m^2>=0", "V>0", c="1/2", sq=(D,)),
    term("potential", "r>=0", "top>0", c="1/2", sq=(G,)),
    term("r>=0", c="1/2", sq=(V * D - top * B * G,)),
)
"""What is left is a form in (G, D), nonnegative for the longest step and for a shorter one."""
ONE_LESS = Cert("1-m^2>=0", ge(1, m**2), sum=(term("m<=1"), term("m<=1", "0<=m")))

PROOF = (
    ONE_LESS,
    Cert(
        "length",
        CONCLUSIONS["length"],
        times=UP,
        sum=(
            term("fall", *UP),
            term("q>=0", "r>=0", *UP, c="1/2", sq=(xi * G - X,)),
            term("below", "q<=1", "r>=0", *UP),
            term("error", "q>=0", "r>=0", *UP, c="1/2"),
            *SHORTER,
        ),
        mod={"X^2": -q * r * V * top / 2},
    ),
)


def draw(rng):
    """A step of a quadratic, and numbers that its potential often allows."""
    mv, ev = rng.choice((0.3, 0.6, 0.9)), rng.uniform(0.01, 0.2)
    be = rng.uniform(0.5, 2)
    av = 1 - mv
    tv, al = ev * av / be, mv / av
    cv, sg = mv * be / av**2 * rng.uniform(0.8, 1.5), rng.uniform(0, 0.3) * be**0.5
    gv, dv = rng.uniform(0, 1), rng.uniform(0, 1)
    err = be * al * dv * rng.uniform(0, 1)
    cross, rv = rng.uniform(-1, 1) * err * gv, rng.uniform(0, 1) * tv
    low = rv * (gv**2 + cross) - be / 2 * rv**2 * gv**2 + cv / 2 * (dv**2 - (mv * dv + av * rv * gv) ** 2)
    size = gv**2 + 2 * cross + err**2 + cv * sg**2 * dv**2
    return {
        **{m: mv, beta: be, top: tv, alpha: al, C: cv, sigma: sg, G: gv, D: dv, error: err**2, inner: cross},
        **{r: rv, xi: rng.uniform(0.5, 1), q: rng.uniform(0, 0.7), fall: low, X: max(size, 0.0) ** 0.5},
    }


AT = {m: 0, beta: 0, top: 1, alpha: 0, C: 1, sigma: 0, G: 1, D: 0, error: 0, inner: 0, r: "1/8", fall: "15/128", X: 1}
"""No curvature and no buffer: the fall is r - r^2 / 2."""


def _mutants(c):
    at = {**AT, xi: 1, q: "1/2"}
    yield Mutant("twice the length", c.but(swap={CONCLUSIONS["length"]: ge(fall, 2 * q * xi * r * G * X)}), at)
    yield Mutant("a step beyond the longest", c.but(drop=("r<=top",)), {**at, r: "3/2", fall: "3/8"})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=draw)
