r"""the path with weight decay: the integral begins where decay alone may have led

Theorem W2, ball: the residual pays for the gradient's part of the path, and decay raises it by at most $L_FW$ times the
share by which it has shrunk the weights.

With P the sum of the shares so far and p the next one: let a and b be the residual before a step and after its
gradient's part, $a - b \ge (1 - \beta\eta/2)\,\sigma hG$, a' $\le b + L_FWp$ the residual after it, the integral of the
profile up to the two ends of the path at most $\sigma hG$ apart, and $a + (1 - \beta\eta/2)A \le \|r_0\| + L_FWP$.
Then the last holds after the step; and if $P + p \le Q$ and $\|r_0\| + L_FWQ < (1 - \beta\eta/2)\int_{WQ}^R
\mathrm{sig}$, the path has not used up the integral, and the residual is at most $\|r_0\| + L_FWQ$.

Source: theory of momentum section 6, Theorem W2.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import G, P, Q, a, a0, a1, area, area1, b, beta, eta, h, sigma, slack, total
from ..statement import claim

W, p, lipschitz = sp.symbols("W p L_F")


def reached(residual, jacobian, weights, shrunk):
    """The residual, raised by what decay moves the weights."""
    return residual + jacobian * weights * shrunk


ASSUMPTIONS = {
    "slack>0": gt(slack(beta, eta)),
    "L_F>=0": ge(lipschitz),
    "W>=0": ge(W),
    "so far": ge(reached(a0, lipschitz, W, P), a + slack(beta, eta) * area),
    "gradient": ge(a - b, slack(beta, eta) * sigma * h * G),
    "comparison": ge(sigma * h * G, area1 - area),
    "decay": ge(b + lipschitz * W * p, a1),
    "a1>=0": ge(a1),
    "area1>=0": ge(area1),
    "horizon": ge(Q, P + p),
    "room": gt(slack(beta, eta) * total, reached(a0, lipschitz, W, Q)),
}

CONCLUSIONS = {
    "next": ge(reached(a0, lipschitz, W, P + p), a1 + slack(beta, eta) * area1),
    "inside": gt(total, area1),
    "residual": ge(reached(a0, lipschitz, W, Q), a1),
}

PROOF = (
    Cert(
        "next",
        CONCLUSIONS["next"],
        sum=(term("so far"), term("gradient"), term("slack>0", "comparison"), term("decay")),
    ),
    Cert(
        "inside",
        CONCLUSIONS["inside"],
        times=("slack>0",),
        sum=(term("room"), term("L_F>=0", "W>=0", "horizon"), term("next"), term("a1>=0")),
    ),
    Cert(
        "residual",
        CONCLUSIONS["residual"],
        sum=(term("L_F>=0", "W>=0", "horizon"), term("next"), term("slack>0", "area1>=0")),
    ),
)


def _draw(rng):
    be, sg, lf, size = rng.uniform(0.1, 3), rng.uniform(0, 2), rng.uniform(0.1, 2), rng.uniform(0, 3)
    et = rng.uniform(0, 1.9) / be
    left = 1 - be * et / 2
    before, shrunk, more = rng.uniform(0.1, 2), rng.uniform(0, 0.2), rng.uniform(0, 0.1)
    way = before / (left * sg + 1e-3) * rng.random() * 0.5
    mid = before - left * sg * way * rng.uniform(1, 1.2)
    mid = max(mid, 0.0)
    way = (before - mid) / (left * sg + 1e-9) * rng.random()
    done = rng.uniform(0, 1)
    start = before + left * done - lf * size * shrunk
    last = shrunk + more + rng.uniform(0, 0.1)
    return {
        beta: be, eta: et, sigma: sg, lipschitz: lf, W: size, P: shrunk, p: more, Q: last, a: before, b: mid,
        a0: start, h: 1, G: way, area: done, area1: done + sg * way * rng.random(),
        a1: (mid + lf * size * more) * rng.random(),
        total: (start + lf * size * last) / left + 1e-3,
    }  # fmt: skip


def _mutants(c):
    # sig = 1, beta = 0: a residual of 1 is paid for by a path of 1, and decay raises it again.
    at = {
        beta: 0, eta: 1, sigma: 1, lipschitz: 1, W: 1, P: 0, p: "1/2", Q: "1/2", a: 1, b: "1/2", a0: 1, h: 1, G: "1/2",
        area: 0, area1: "1/2", a1: 1, total: 2,
    }  # fmt: skip
    forgotten = ge(a0, a1 + slack(beta, eta) * area1)
    yield Mutant("decay that raises no residual", c.but(swap={CONCLUSIONS["next"]: forgotten}), at)
    yield Mutant("the room without what decay adds", c.but(drop=("room",)), {**at, total: "1/2"})
    yield Mutant("more decay than the horizon's", c.but(drop=("horizon",)), {**at, Q: "-1/2"})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
