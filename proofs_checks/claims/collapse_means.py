r"""class means: |M x| <= K |M y|, and cosines at least 1/K

Theorem NC, NC2 and NC3: what the last layer makes of class means fixes them up to its own condition number.

Let $\|WM - I\| \le \varepsilon < 1$, $s$ and $S$ the extreme singular values of $W$, $\|PM\| \le q$ across its row
space. For unit $x$, $y$: $S\|My\| \ge \|WMy\| \ge 1 - \varepsilon$ and $s^2\|Mx\|^2 \le (1 + \varepsilon)^2 + s^2q^2$,
so $\|Mx\| \le K\|My\|$ with $K = \frac S{1 - \varepsilon}\sqrt{(1 + \varepsilon)^2/s^2 + q^2}$: the condition number of
M is at most K. For a row $w$ of W and its class mean $m$, $\langle w, m\rangle \ge 1 - \varepsilon$ and $\|w\| \le S$:
their cosine is at least $1/K$.

Source: derivation of neural collapse, Theorem NC.
"""

import sympy as sp

from pltheory.theory import formulas

from ..language import ROOT, Cert, Define, Mutant, Use, ge, gt, shipped, term
from ..notation import x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

s, S, q, u = sp.symbols("s S q u")
eps, large, small, row, inner = sp.symbols("eps large small row inner")
condition_of_means = shipped(formulas.condition_of_means)
_K = condition_of_means(eps, s, S, q)
_RADICAND = (1 + eps) * (1 + eps) / (s * s) + q * q

ASSUMPTIONS = {
    "s>0": gt(s),
    "S>=0": ge(S),
    "eps<1": gt(1, eps),
    "large>=0": ge(large),
    "small": ge(S * small, 1 - eps),
    "large": ge((1 + eps) ** 2 + s**2 * q**2, s**2 * large**2),
    "row>=0": ge(row),
    "row<=S": ge(S, row),
    "inner": ge(inner, 1 - eps),
}

CONCLUSIONS = {"condition": ge(_K * small, large), "cosine": ge(_K * inner, row * large)}

PROOF = (
    Cert("s^2>0", gt(s * s), sum=(term("s>0", "s>0"),)),
    Cert("radicand>=0", ge(_RADICAND), sum=(term(sq=((1 + eps) / s,)), term(sq=(q,)))),
    Define(u, ROOT(_RADICAND)),
    Cert("squares", ge(u**2, large**2), times=("s^2>0",), sum=(term("large"),), mod={"u/square": s**2}),
    Use("root", MONOTONE_ROOT, {x: large, y: u}),
    Cert(
        "condition",
        CONCLUSIONS["condition"],
        times=("eps<1",),
        sum=(term("u/nonneg", "small"), term("eps<1", "root/x<=y")),
    ),
    Cert(
        "cosine",
        CONCLUSIONS["cosine"],
        times=("eps<1",),
        sum=(
            term("u/nonneg", "S>=0", "inner"),
            term("eps<1", "u/nonneg", "row<=S"),
            term("eps<1", "row>=0", "root/x<=y"),
        ),
    ),
)


def _draw(rng):
    at = {s: rng.uniform(0.1, 2), q: rng.uniform(0, 2), eps: rng.uniform(0, 0.9)}
    at |= {S: at[s] * rng.uniform(1, 3)}
    most = ((1 + at[eps]) ** 2 / at[s] ** 2 + at[q] ** 2) ** 0.5
    at |= {large: most * rng.uniform(0, 1), small: (1 - at[eps]) / at[S] * rng.uniform(1, 2)}
    return at | {row: at[S] * rng.uniform(0, 1), inner: (1 - at[eps]) * rng.uniform(1, 2)}


def _mutants(c):
    at = {s: 1, S: 1, q: "3/4", eps: 0, large: "5/4", small: 1, row: 1, inner: 1}
    seen = condition_of_means(eps, s, S, 0)
    yield Mutant("what lies across left out", c.but(swap={CONCLUSIONS["condition"]: ge(seen * small, large)}), at)
    yield Mutant("and for the cosine", c.but(swap={CONCLUSIONS["cosine"]: ge(seen * inner, row * large)}), at)
    # One output, fitted beyond its target.
    over = {**at, q: 0, eps: "1/2", large: "3/2", small: "1/2", inner: "1/2"}
    exact = condition_of_means(0, s, S, q)
    yield Mutant("as if interpolated", c.but(swap={CONCLUSIONS["condition"]: ge(exact * small, large)}), over)


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
