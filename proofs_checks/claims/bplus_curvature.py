r"""B+: the Hessian's part that a residual weighs, neuron by neuron

Theorem B+, the bound of $\lambda_{\max}(\nabla^2 L)$: the form of one neuron's block, and the constant for all of them.

$\sum_i r_i\nabla^2 f_i$ has one block a neuron, with $b$ between its output weight and its input weights and C on the
latter, and nothing else: on a change of length $x$ of the one and $y$ of the others its form is at most $2bxy + Cy^2$.
With $b \le \kappa s_1\mathrm{Xs}\,r$ and $C \le \kappa c\,r$ for $c = s_2\mathrm{Xs}(|a_j| + p_j)$, that is at most
$r\ell(x^2 + y^2)$ for $\ell = \kappa(c + \sqrt{c^2 + 4s_1^2\mathrm{Xs}^2})/2$. The squares add up over the neurons.

Source: Theorem B+, the bound of the curvature.
"""

import sympy as sp

from pltheory.theory import formulas

from ..language import ROOT, Cert, Define, Mutant, Use, ge, gt, shipped, term
from ..notation import u, x, y
from ..statement import claim
from .strict_root import CLAIM as STRICT_ROOT

b, C, c, s1, Xs, r, kappa, form = sp.symbols("b C c s1 Xs r kappa form")
ELL = kappa * shipped(formulas.bordered_norm)(c, s1 * Xs)

ASSUMPTIONS = {
    "x>=0": ge(x),
    "y>=0": ge(y),
    "r>=0": ge(r),
    "kappa>=0": ge(kappa),
    "c>=0": ge(c),
    "s1>0": gt(s1),
    "Xs>0": gt(Xs),
    "block": ge(2 * b * x * y + C * y**2, form),
    "b": ge(kappa * s1 * Xs * r, b),
    "C": ge(kappa * c * r, C),
}

CONCLUSIONS = {"form": ge(r * ELL * (x**2 + y**2), form)}

_B = s1 * Xs
_K = (c + u) / 2

PROOF = (
    Cert("B>0", gt(_B), sum=(term("s1>0", "Xs>0"),)),
    Cert("square>=0", ge(c**2 + 4 * _B**2), sum=(term(sq=(c,)), term(c=4, sq=(_B,)))),
    Define(u, ROOT(c**2 + 4 * _B**2)),
    Cert("squares", gt(u**2, c**2), sum=(term("B>0", "B>0", c=4),), mod={"u/square": 1}),
    Use("root", STRICT_ROOT, {x: c, y: u}),
    # (c + u)/2 is the larger root of k (k - c) = (s1 Xs)^2, and k times the form's slack is (k x - s1 Xs y)^2.
    Cert(
        "unit",
        ge(_K * (x**2 + y**2) - 2 * _B * x * y - c * y**2),
        times=("root/above",),
        sum=(term(c=2, sq=(_K * x - _B * y,)),),
        mod={"u/square": y**2 / 2},
    ),
    Cert(
        "form",
        CONCLUSIONS["form"],
        sum=(
            term("kappa>=0", "r>=0", "unit"),
            term("b", "x>=0", "y>=0", c=2),
            term("C", sq=(y,)),
            term("block"),
        ),
    ),
)


def _mutants(claim):
    # No curvature of its own: both lengths 1 and b = 1 give the form 2, which l = 1 attains.
    at = {x: 1, y: 1, r: 1, kappa: 1, c: 0, s1: 1, Xs: 1, b: 1, C: 0, form: 2}
    half = ge(r * ELL / 2 * (x**2 + y**2), form)
    yield Mutant("half the constant", claim.but(swap={CONCLUSIONS["form"]: half}), at)
    one = ge(r * kappa * s1 * Xs * (x**2 + y**2), form)
    yield Mutant(
        "without the curvature of the activation",
        claim.but(swap={CONCLUSIONS["form"]: one}),
        {**at, c: 1, C: 1, form: 3},
    )
    yield Mutant("a block above its bound", claim.but(drop=("C",)), {**at, C: 9, form: 11})


def _draw(rng):
    at = {s: rng.uniform(0.1, 2) for s in (x, y, r, kappa, c, s1, Xs)}
    at[b] = at[kappa] * at[s1] * at[Xs] * at[r] * rng.uniform(-1, 1)
    at[C] = at[kappa] * at[c] * at[r] * rng.uniform(-1, 1)
    return at | {form: 2 * at[b] * at[x] * at[y] + at[C] * at[y] ** 2 - rng.random()}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
