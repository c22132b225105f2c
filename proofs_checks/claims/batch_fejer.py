r"""the distance to one zero: what it may gain in an epoch

Theorem F1, staying: the distance to the zero near the start may rise only while the distance to the zeros is small, and
by what that has fallen.

Let d and d' be the distances to the zeros before and after an epoch, u what $|w - z_0|^2$ gains in it, $S \ge \kappa
d$, $u \le S(a\kappa Y - aS)$ and $a\kappa(1 - x)Sd \le d^2 - d'^2$. If $Y \ge d$ then $(1 - x)du \le (Y - d)(d^2 -
d'^2)$; if $Y \le d$ then $u \le 0$.

Source: theory of mini-batches section 3, Theorem F1, Fejer with a loss.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import a, kappa, x
from ..statement import claim

d, after, S, Y, u, low = sp.symbols("d d1 S Y u Y_0")

ASSUMPTIONS = {
    "a>0": gt(a),
    "kappa>0": gt(kappa),
    "d>=0": ge(d),
    "S>=0": ge(S),
    "x<1": gt(1, x),
    "seen": ge(S, kappa * d),
    "gain": ge(S * (a * kappa * Y - a * S), u),
    "fall": ge(d**2 - after**2, a * kappa * (1 - x) * S * d),
    "Y>=d": ge(Y, d),
    "less": ge(d, low),
}

CONCLUSIONS = {
    "rise": ge((Y - d) * (d**2 - after**2), (1 - x) * d * u),
    "none": ge(0, S * (a * kappa * low - a * S)),
}

PROOF = (
    Cert(
        "rise",
        CONCLUSIONS["rise"],
        sum=(
            term("Y>=d", "fall"),
            term("x<1", "d>=0", "gain"),
            term("x<1", "d>=0", "a>0", "S>=0", "seen"),
        ),
    ),
    Cert(
        "none",
        CONCLUSIONS["none"],
        sum=(term("a>0", "S>=0", "seen"), term("a>0", "kappa>0", "S>=0", "less")),
    ),
)


def _mutants(c):
    at = {a: 1, kappa: 1, d: 1, S: 1, x: 0, Y: 2, u: 1, after: 0, low: 1}
    yield Mutant(
        "half the gain",
        c.but(swap={CONCLUSIONS["rise"]: ge((Y - d) * (d**2 - after**2) / 2, (1 - x) * d * u)}),
        at,
    )
    yield Mutant("an epoch that sees less", c.but(drop=("seen",)), {**at, S: "1/2", Y: 1, u: "1/4", after: "1/2"})
    yield Mutant("a gain from far away", c.but(drop=("less",)), {**at, low: 2})


def _draw(rng):
    gap, see, dist, lost = rng.uniform(0.1, 2), rng.uniform(0.1, 0.6), rng.uniform(0.1, 1), rng.uniform(0, 0.9)
    total = see * dist * rng.uniform(1, 1.2)
    high = dist * rng.uniform(1, 3)
    left = dist**2 - gap * see * (1 - lost) * total * dist
    top = total * (gap * see * high - gap * total)
    return {
        a: gap, kappa: see, d: dist, S: total, x: lost, Y: high, u: top - rng.random() * abs(top),
        after: max(0.0, left) ** 0.5 * rng.random(), low: dist * rng.random(),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
