r"""a step on a batch that was drawn: how far it can go, and what an exponent gains by it

Theorem F2, one step of any batch: the distance grows by no more than W says, and the exponent by no more than $us -
ws^2$.

Let d and d' be the distances before and after the step, $s = \sqrt h\,\|r_B\|$, $e = \sqrt h\,\ell_B$, $d'^2 \le d^2 -
as^2 + ed^2s$ (claim batch_step), $d \le GD$, and $eGD \le \sqrt a\,c$. Then $d'^2 \le d^2(1 + es)$. With $k > 0$ the
root of $k^2 = 1 + ck$: $as^2 \le k^2d^2$. For $\nu = 2/(GDk^2)$, $\alpha = \nu D(1/(5x) - G/2)$, $u = e(\alpha + \nu
d/2)$ and $w = \nu a/(2d)$: $\nu d \le 2$, $ws^2 \le 1$, $u \le e\nu D/(5x)$ and $\alpha es + \nu(d' - d) \le us -
ws^2$.

Source: theory of mini-batches section 4, Theorem F2, proof of (i) and (iii).
"""

import math

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim

a, root, d, after, s, e, far, D, c, k, nu, alpha, u, w = sp.symbols("a root d d1 s e far D c k nu alpha u w")
SHARE = sp.Symbol("x")
"""x of the theorem, what curvature takes."""

ASSUMPTIONS = {
    "a": eq(a, root**2),
    "root>0": gt(root),
    "d>0": gt(d),
    "d1>=0": ge(after),
    "s>=0": ge(s),
    "e>=0": ge(e),
    "D>0": gt(D),
    "x>0": gt(SHARE),
    "d<=far": ge(far, d),
    "step": ge(d**2 - a * s**2 + e * d**2 * s, after**2),
    "c": ge(root * c, e * far),
    "c>=0": ge(c),
    "k>0": gt(k),
    "k": eq(k**2, 1 + c * k),
    "nu>0": gt(nu),
    "nu": eq(nu * far * k**2, 2),
    "alpha": eq(10 * SHARE * alpha, nu * (2 * D - 5 * SHARE * far)),
    "u": eq(u, e * (alpha + nu * d / 2)),
    "w": eq(2 * d * w, nu * a),
}

CONCLUSIONS = {
    "growth": ge(d**2 * (1 + e * s), after**2),
    "longest": ge(k**2 * d**2, a * s**2),
    "nu d": ge(2, nu * d),
    "w s^2": ge(1, w * s**2),
    "added": ge(e * nu * D / (5 * SHARE), u),
    "exponent": ge(u * s - w * s**2, alpha * e * s + nu * (after - d)),
}

_LENGTH = root * s

PROOF = (
    Cert("growth", CONCLUSIONS["growth"], sum=(term("step"), term(sq=(root * s,))), mod={"a": s**2}),
    # With Y = sqrt(a) s: Y^2 <= d^2 + c d Y, and (k d - Y)(k d + Y - c d) = d^2 + c d Y - Y^2.
    Cert("Y>=0", ge(_LENGTH), sum=(term("root>0", "s>=0"),)),
    Cert("e d", ge(root * c, e * d), sum=(term("c"), term("e>=0", "d<=far"))),
    Cert(
        "quadratic",
        ge(d**2 + c * d * _LENGTH, _LENGTH**2),
        sum=(term("step"), term(sq=(after,)), term("e d", "d>0", "s>=0")),
        mod={"a": s**2},
    ),
    Cert("k>c", gt(k, c), times=("k>0",), sum=(term(),), mod={"k": 1}),
    Cert("other factor", gt(k * d + _LENGTH - c * d), sum=(term("k>c", "d>0"), term("Y>=0"))),
    Cert("Y<=k d", ge(k * d, _LENGTH), times=("other factor",), sum=(term("quadratic"),), mod={"k": d**2}),
    Cert("k d>0", gt(k * d), sum=(term("k>0", "d>0"),)),
    Cert(
        "longest",
        CONCLUSIONS["longest"],
        sum=(term("Y<=k d", "Y>=0"), term("Y<=k d", "k d>0")),
        mod={"a": -(s**2)},
    ),
    Cert("k^2>=1", ge(k**2, 1), sum=(term("c>=0", "k>0"),), mod={"k": 1}),
    Cert(
        "nu far",
        ge(nu * far * k**2, nu * d * k**2),
        sum=(term("nu>0", "d<=far", sq=(k,)),),
    ),
    Cert("nu d", CONCLUSIONS["nu d"], sum=(term("nu far"), term("nu>0", "d>0", "k^2>=1")), mod={"nu": -1}),
    Cert(
        "w s^2",
        CONCLUSIONS["w s^2"],
        times=("d>0",),
        sum=(term("longest", "nu>0", c="1/2"), term("nu far", "d>0", c="1/2")),
        mod={"nu": -d / 2, "w": -(s**2) / 2},
    ),
    Cert(
        "added",
        CONCLUSIONS["added"],
        times=("x>0",),
        sum=(term("e>=0", "nu>0", "x>0", "d<=far", c="1/2"),),
        mod={"alpha": -e / 10, "u": -SHARE},
    ),
    Cert(
        "exponent",
        CONCLUSIONS["exponent"],
        times=("d>0",),
        sum=(term("nu>0", "step", c="1/2"), term("nu>0", c="1/2", sq=(after - d,))),
        mod={"u": s * d, "w": -(s**2) / 2},
    ),
)


def _mutants(claim_):
    # e = 3/2 makes k = 2; s = 2 is the longest step, and it ends in the zero.
    at = {a: 1, root: 1, d: 1, after: 0, s: 2, e: "3/2", far: 1, D: 1, c: "3/2", k: 2, nu: "1/2", SHARE: "1/5"}
    at |= {alpha: "1/4", u: "3/4", w: "1/4"}
    yield Mutant("a step no longer than d", claim_.but(swap={CONCLUSIONS["longest"]: ge(d**2, a * s**2)}), at)
    yield Mutant(
        "half of the growth",
        claim_.but(swap={CONCLUSIONS["growth"]: ge(d**2 * (1 + e * s / 2), after**2)}),
        {**at, s: "1/10", after: "106/100"},
    )
    yield Mutant("a batch of larger curvature", claim_.but(drop=("c",)), {**at, e: 9, s: 3, u: "9/2"})
    yield Mutant("farther than G D", claim_.but(drop=("d<=far",)), {**at, d: 5, s: 20, u: "9/4", w: "1/20"})


def _draw(rng):
    gap, dist, within, start = rng.uniform(0.1, 2), rng.uniform(0.1, 2), rng.uniform(1, 2), rng.uniform(0.1, 2)
    bend, share, most = rng.uniform(0, 1), rng.uniform(0.05, 0.4), dist * within
    curve = bend * most / gap**0.5 * rng.uniform(1, 1.2)
    big = (curve + math.sqrt(curve**2 + 4)) / 2
    rate = 2 / (most * big**2)
    step = rng.random() * (bend * dist**2 + math.sqrt(bend**2 * dist**4 + 4 * gap * dist**2)) / (2 * gap)
    left = max(0.0, dist**2 - gap * step**2 + bend * dist**2 * step)
    price = rate * (2 * start - 5 * share * most) / (10 * share)
    return {
        u: bend * (price + rate * dist / 2), w: rate * gap / (2 * dist),
        a: gap, root: gap**0.5, d: dist, after: left**0.5 * rng.choice((1 - 1e-9, rng.random())), s: step, e: bend,
        far: most, D: start, SHARE: share, c: curve, k: big, nu: rate,
        alpha: price,
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
