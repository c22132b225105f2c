r"""B+ (L2): GAM by Cauchy and Schwarz

Theorem B+ (L2): GAM, the weighted sum of residuals, by Cauchy and Schwarz on the cells and over them.

For weights $om > 0$ on the cells: $\int|u \circ r| \le [\sum om\,H\;\sum_i u_i^2 k_i]^{1/2}$ with $k_i =
\sum_{cells}\frac1{om}\int r_i^2$. On a cell $(\int|u \circ r|)^2 \le H\int\sum_i u_i^2r_i^2$; over the cells it is
Cauchy and Schwarz again. Two cells written out; more add pairs of the same form.

Source: Theorem B+, (L2).
"""

import sympy as sp

from ..bplus import CAUCHY_SCHWARZ_CELL, cell, r1, weighted1
from ..language import ROOT, Cert, Define, Mutant, Use, ge, gt, term
from ..notation import u, x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

H, om, part, square = (sp.symbols(f"{n}1:3") for n in ("H", "om", "part", "square"))
_SUM = part[0] + part[1]
_TIME = om[0] * H[0] + om[1] * H[1]
_WEIGHT = square[0] / om[0] + square[1] / om[1]

ASSUMPTIONS = {
    **{f"om{k + 1}>0": gt(om[k]) for k in range(2)},
    **{
        f"cell {k + 1}": CAUCHY_SCHWARZ_CELL.hypotheses["cell"].at({r1: part[k], cell: H[k], weighted1: square[k]})
        for k in range(2)
    },
}

CONCLUSIONS = {"GAM": ge(ROOT(_TIME * _WEIGHT), _SUM)}

_T = tuple(o * h for o, h in zip(om, H, strict=True))

PROOF = (
    *[Use(f"cell{k + 1}", CAUCHY_SCHWARZ_CELL, {r1: part[k], cell: H[k], weighted1: square[k]}) for k in range(2)],
    *[Cert(f"T{k + 1}>0", gt(_T[k]), sum=(term(f"om{k + 1}>0", f"cell{k + 1}/H>0"),)) for k in range(2)],
    # With t = om H: t1 t2 [(t1 + t2)(s1/om1 + s2/om2) - (x1 + x2)^2] in terms of H s - x^2 and (t1 x2 - t2 x1)^2.
    Cert(
        "squares",
        ge(_TIME * _WEIGHT, _SUM**2),
        times=("T1>0", "T2>0"),
        sum=(
            term("T2>0", "T1>0", "cell1/bound"),
            term("T2>0", "T2>0", "cell1/bound"),
            term("T1>0", "T1>0", "cell2/bound"),
            term("T1>0", "T2>0", "cell2/bound"),
            term(sq=(_T[0] * part[1] - _T[1] * part[0],)),
        ),
    ),
    Cert("product>=0", ge(_TIME * _WEIGHT), sum=(term("squares"), term(sq=(_SUM,)))),
    Define(u, ROOT(_TIME * _WEIGHT)),
    Cert("sum>=0", ge(_SUM), sum=(term("cell1/x>=0"), term("cell2/x>=0"))),
    Cert("root squares", ge(u**2, _SUM**2), sum=(term("squares"),), mod={"u/square": 1}),
    Use("root", MONOTONE_ROOT, {x: _SUM, y: u}),
    Cert("GAM", CONCLUSIONS["GAM"], sum=(term("root/x<=y"),)),
)


def _mutants(c):
    # Both cells have H = om = square = part = 1: the root is 2, the sum 2; half the root is too small.
    yield Mutant(
        "half of it",
        c.but(swap={CONCLUSIONS["GAM"]: ge(ROOT(_TIME * _WEIGHT) / 2, _SUM)}),
        lambda: sp.sqrt((1 + 1) * (1 + 1)) / 2 < 1 + 1,
    )
    # om = (-1, 1), all else 1: the sum over time is 0, the parts add up to 2.
    yield Mutant("a weight of either sign", c.but(drop=("om1>0",)), lambda: (-1 + 1) * (-1 + 1) < (1 + 1) ** 2)


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
