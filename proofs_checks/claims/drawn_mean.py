r"""the mean over the batches that may be drawn

Theorem F2, the mean of a step: it is seen that the residual is there, and what curvature adds is Cauchy and Schwarz.

Batches are drawn with probabilities $p_i$, of which $q_i$ are the roots, so that every sample is in the batch with
probability p: $\sum p_i\|r_i\|^2 = p\|r\|^2$. Let $s_i = \sqrt{h_i}\,\|r_i\|$, $A^2 = \sum p_is_i^2$, $e_i =
\sqrt{h_i}\,\ell_i$, $\sum p_ie_i^2 \le M^2$ with $MD = xa\kappa$, and $d_i'^2 \le d^2 - as_i^2 + e_id^2s_i$ for $d
\le GD$. Then $A \ge \kappa d$ for $\kappa^2 = \eta\delta p\,\mathrm{sg}^2$; $\sum p_ie_is_i \le MA$, also where the
step size depends on the batch; $\sum p_id_i'^2 \le d^2 - A(aA - xGa\kappa d)$; and $\nu D\sum p_ie_is_i \le
\nu xa\kappa A$. Two batches stand for any number.

Source: theory of mini-batches section 4, Theorem F2, proof of (i) and (iii).
"""

import sympy as sp

from ..language import Cert, Mutant, Use, eq, ge, gt, term
from ..notation import a, delta, eta, kappa, x, y
from ..statement import claim
from .inner_product import CLAIM as INNER_PRODUCT
from .inner_product import X, Y
from .inner_product import x as left
from .inner_product import y as right
from .monotone_root import CLAIM as MONOTONE_ROOT

_R = range(2)
q, s, e, r, h, after = (sp.symbols(f"{letter}1:3") for letter in ("q", "s", "e", "r", "h", "d"))
A, M, D, G, d, p, sg, whole, nu, cross, mean = sp.symbols("A M D G d p sg r nu cross mean")
_ADDED = sum(q[i] ** 2 * e[i] * s[i] for i in _R)
_MEAN = sum(q[i] ** 2 * after[i] ** 2 for i in _R)

ASSUMPTIONS = {
    "a>0": gt(a),
    "kappa>=0": ge(kappa),
    "kappa^2": eq(kappa**2, eta * delta * p * sg**2),
    "eta delta>=0": ge(eta * delta),
    "p>=0": ge(p),
    "sg>=0": ge(sg),
    "d>=0": ge(d),
    "D>=0": ge(D),
    "d<=G D": ge(G * D, d),
    "x>0": gt(x),
    "nu>0": gt(nu),
    "M>=0": ge(M),
    "A>=0": ge(A),
    "one": eq(q[0] ** 2 + q[1] ** 2, 1),
    "A^2": eq(A**2, sum(q[i] ** 2 * s[i] ** 2 for i in _R)),
    "M^2": ge(M**2, sum(q[i] ** 2 * e[i] ** 2 for i in _R)),
    "lost": eq(M * D, x * a * kappa),
    "r>=0": ge(whole),
    "drawn": eq(sum(q[i] ** 2 * r[i] ** 2 for i in _R), p * whole**2),
    "profile": ge(whole, sg * d),
    # The means by a letter each.
    "of products": eq(cross, _ADDED),
    "of squares": eq(mean, _MEAN),
    **{f"s{i + 1}": eq(s[i] ** 2, h[i] * r[i] ** 2) for i in _R},
    **{f"h{i + 1}>=eta delta": ge(h[i], eta * delta) for i in _R},
    **{f"step {i + 1}": ge(d**2 - a * s[i] ** 2 + e[i] * d**2 * s[i], after[i] ** 2) for i in _R},
}

CONCLUSIONS = {
    "seen": ge(A, kappa * d),
    "added": ge(M * A, cross),
    "mean": ge(d**2 - A * (a * A - x * G * a * kappa * d), mean),
    "exponent": ge(nu * x * a * kappa * A, nu * D * cross),
}

_SEEN = eta * delta * p

PROOF = (
    Cert(
        "whole",
        ge(A**2, _SEEN * whole**2),
        sum=tuple(term(f"h{i + 1}>=eta delta", sq=(q[i] * r[i],)) for i in _R),
        mod={"A^2": 1, "drawn": eta * delta, **{f"s{i + 1}": q[i] ** 2 for i in _R}},
    ),
    Cert("sg d>=0", ge(sg * d), sum=(term("sg>=0", "d>=0"),)),
    Cert(
        "squares",
        ge(A**2, (kappa * d) ** 2),
        sum=(
            term("whole"),
            term("eta delta>=0", "p>=0", "profile", "r>=0"),
            term("eta delta>=0", "p>=0", "profile", "sg d>=0"),
        ),
        mod={"kappa^2": -(d**2)},
    ),
    Cert("kappa d>=0", ge(kappa * d), sum=(term("kappa>=0", "d>=0"),)),
    Use("root", MONOTONE_ROOT, {x: kappa * d, y: A}),
    Cert("seen", CONCLUSIONS["seen"], sum=(term("root/x<=y"),)),
    Cert("A^2 at most", ge(A**2, sum(q[i] ** 2 * s[i] ** 2 for i in _R)), mod={"A^2": 1}),
    Use(
        "Cauchy and Schwarz",
        INNER_PRODUCT,
        {
            **{left[i]: q[i] * e[i] for i in _R},
            **{right[i]: q[i] * s[i] for i in _R},
            X: M,
            Y: A,
        },
    ),
    Cert("added", CONCLUSIONS["added"], sum=(term("Cauchy and Schwarz/above"),), mod={"of products": -1}),
    Cert(
        "mean",
        CONCLUSIONS["mean"],
        sum=(
            *[term(f"step {i + 1}", sq=(q[i],)) for i in _R],
            term("added", sq=(d,)),
            term("M>=0", "A>=0", "d>=0", "d<=G D"),
        ),
        mod={"one": -(d**2), "A^2": -a, "lost": -A * G * d, "of products": d**2, "of squares": -1},
    ),
    Cert(
        "exponent",
        CONCLUSIONS["exponent"],
        sum=(term("nu>0", "D>=0", "added"),),
        mod={"lost": -nu * A},
    ),
)


def _mutants(claim_):
    # Two batches of one sample each, drawn with probability 1/2 but for roots: the first always.
    at = dict.fromkeys((*s, *r, *h, *after), 1) | {q[0]: 1, q[1]: 0, e[0]: 1, e[1]: 1}
    at |= {
        cross: 1,
        mean: 1,
        a: 1,
        kappa: 1,
        eta: 1,
        delta: 1,
        p: 1,
        sg: 1,
        d: 1,
        D: 1,
        G: 1,
        x: 1,
        nu: 1,
        M: 1,
        A: 1,
        whole: 1,
    }
    yield Mutant(
        "half of what curvature adds",
        claim_.but(swap={CONCLUSIONS["mean"]: ge(d**2 - A * (a * A - x * G * a * kappa * d / 2), mean)}),
        at,
    )
    yield Mutant("twice of what is seen", claim_.but(swap={CONCLUSIONS["seen"]: ge(A, 2 * kappa * d)}), at)
    yield Mutant(
        "curvature that is not bounded", claim_.but(drop=("M^2",)), {**at, e[0]: 4, after[0]: 2, cross: 4, mean: 4}
    )
    yield Mutant("steps below eta delta", claim_.but(drop=("h1>=eta delta",)), {**at, h[0]: 0, s[0]: 0, A: 0, cross: 0})


def _draw(rng):
    share = rng.random()
    roots = [share**0.5, (1 - share) ** 0.5]
    low, dist, grown, gap, least = (rng.uniform(0.1, 1) for _ in range(5))
    steps = [low * rng.uniform(1, 2) for _ in _R]
    sizes = [rng.uniform(0.1, 2) for _ in _R]
    seen = [steps[i] ** 0.5 * sizes[i] for i in _R]
    bends = [rng.uniform(0, 1) for _ in _R]
    size = sum((roots[i] * sizes[i]) ** 2 for i in _R) ** 0.5
    part = rng.uniform(0.2, 1)
    norm = size / part**0.5
    dist = min(dist, norm / least)
    middle = sum((roots[i] * bends[i]) ** 2 for i in _R) ** 0.5 * (1 + 1e-12)
    kap = (low * part) ** 0.5 * least
    far = dist / (1 + grown) * rng.uniform(1, 1.5)
    left_over = [max(0.0, dist**2 - gap * seen[i] ** 2 + bends[i] * dist**2 * seen[i]) for i in _R]
    last = [w**0.5 * (1 - 1e-9) for w in left_over]
    return {
        **{q[i]: roots[i] for i in _R}, **{s[i]: seen[i] for i in _R}, **{e[i]: bends[i] for i in _R},
        **{r[i]: sizes[i] for i in _R}, **{h[i]: steps[i] for i in _R},
        **{after[i]: last[i] for i in _R}, cross: sum(roots[i] ** 2 * bends[i] * seen[i] for i in _R),
        mean: sum((roots[i] * last[i]) ** 2 for i in _R),
        a: gap, kappa: kap, eta: low, delta: 1.0, p: part, sg: least, d: dist, D: far, G: 1 + grown, whole: norm,
        x: middle * far / (gap * kap), nu: rng.uniform(0.1, 2), M: middle,
        A: sum((roots[i] * seen[i]) ** 2 for i in _R) ** 0.5 * (1 + 1e-15),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
