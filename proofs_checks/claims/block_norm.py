r"""norm of ((1, 0), (v, al)), and (v + sqrt(v^2 + 4 al^2))/2

Theorem D: the norm of [[1, 0], [v, al]], which bounds what the clipped step does, and the simpler bound above it.

For $v > 0$, $al \ge 1$ and $N = (\sqrt{v^2 + (al + 1)^2} + \sqrt{v^2 + (al - 1)^2})/2$: $x^2 + (v x + al\,y)^2 \le
N^2(x^2 + y^2)$, and $N \le (v + \sqrt{v^2 + 4 al^2})/2$.

Source: theory section 4, Theorem D.
"""

import sympy as sp

from ..language import ROOT, Cert, Define, Mutant, Use, ge, gt, term
from ..notation import block_norm, v, x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT

al, p, q, r = sp.symbols("al p q r")
_P, _Q, _R = v * v + (al + 1) ** 2, v * v + (al - 1) ** 2, v * v + 4 * al**2
_NORM = block_norm(v, al)
_IMAGE = x**2 + (v * x + al * y) ** 2

ASSUMPTIONS = {"v>0": gt(v), "al>=1": ge(al, 1)}

CONCLUSIONS = {"norm": ge(_NORM**2 * (x**2 + y**2), _IMAGE), "simple": ge((v + ROOT(_R)) / 2, _NORM)}

RADICANDS = (
    Cert("p^2>=0", ge(_P), sum=(term(sq=(v,)), term(sq=(al + 1,)))),
    Cert("q^2>=0", ge(_Q), sum=(term(sq=(v,)), term(sq=(al - 1,)))),
    Cert("r^2>=0", ge(_R), sum=(term(sq=(v,)), term(sq=(al,), c=4))),
)
"""The three roots of the statement are real."""

# s = ((p + q)/2)^2 is an eigenvalue of M^T M: its characteristic polynomial vanishes by the equations of p and q.
_S = ((p + q) / 2) ** 2
_A, _B = _S - al**2, _S - 1 - v**2
_FORM = _S * (x**2 + y**2) - _IMAGE
_DELTA = (p**2 + q**2 - _P - _Q) / 4
_COMMON = (p * q + _DELTA) / 4

PROOF = (
    *RADICANDS,
    Define(p, ROOT(_P)),
    Define(q, ROOT(_Q)),
    Define(r, ROOT(_R)),
    Cert("v>=0", ge(v), sum=(term("v>0"),)),
    Cert("p^2>=v^2", ge(p**2, v**2), sum=(term(sq=(al + 1,)),), mod={"p/square": 1}),
    Cert("q^2>=v^2", ge(q**2, v**2), sum=(term(sq=(al - 1,)),), mod={"q/square": 1}),
    Use("p>=v", MONOTONE_ROOT, {x: v, y: p}),
    Use("q>=v", MONOTONE_ROOT, {x: v, y: q}),
    Cert("p>0", gt(p), sum=(term("v>0"), term("p>=v/x<=y"))),
    Cert("q>0", gt(q), sum=(term("v>0"), term("q>=v/x<=y"))),
    Cert("pq>0", gt(p * q), sum=(term("p>0", "q>0"),)),
    Cert(
        "norm",
        CONCLUSIONS["norm"],
        times=("pq>0",),
        sum=(term(sq=(_A * y - v * al * x,)), term(sq=(_B * x - v * al * y,))),
        mod={
            "p/square": (q**2 / 4 + _COMMON) * (x**2 + y**2) - _FORM / 2,
            "q/square": (_P / 4 + _COMMON) * (x**2 + y**2) - _FORM / 2,
        },
    ),
    Cert("al^2>=1", ge(al**2, 1), sum=(term("al>=1", "al>=1"), term("al>=1", c=2))),
    Cert("right>=0", ge(al**2 - 1 + v * r), sum=(term("al^2>=1"), term("v>=0", "r/nonneg"))),
    Cert(
        "product squares",
        ge((al**2 - 1 + v * r) ** 2, (p * q) ** 2),
        sum=(term("al^2>=1", "v>=0", "r/nonneg", c=2), term("al^2>=1", c=2, sq=(v,))),
        mod={"r/square": v**2, "p/square": -(q**2), "q/square": -_P},
    ),
    Use("product", MONOTONE_ROOT, {x: p * q, y: al**2 - 1 + v * r}),
    Cert(
        "sum squares",
        ge((v + r) ** 2, (p + q) ** 2),
        sum=(term("product/x<=y", c=2),),
        mod={"r/square": 1, "p/square": -1, "q/square": -1},
    ),
    Cert("p+q>=0", ge(p + q), sum=(term("p/nonneg"), term("q/nonneg"))),
    Cert("v+r>=0", ge(v + r), sum=(term("v>=0"), term("r/nonneg"))),
    Use("sum", MONOTONE_ROOT, {x: p + q, y: v + r}),
    Cert("simple", CONCLUSIONS["simple"], sum=(term("sum/x<=y", c="1/2"),)),
)


def _draw(rng):
    return {v: rng.uniform(0.01, 3), al: rng.uniform(1, 3), x: rng.uniform(-2, 2), y: rng.uniform(-2, 2)}


def _mutants(c):
    # v = 3/2, al = 1: p = 5/2, q = 3/2, norm 2.
    at = {v: "3/2", al: 1, x: 1, y: "1/2"}
    twice = ge(_NORM**2 * (x**2 + y**2), x**2 + (2 * v * x + al * y) ** 2)
    yield Mutant("twice the corner", c.but(swap={CONCLUSIONS["norm"]: twice}), at)
    yield Mutant("al below 1", c.but(drop=("al>=1",)), {v: "3/4", al: 0, x: 1, y: 0})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
