r"""momentum in the coordinate w + al d

Theorem T: heavy ball and Nesterov's form are one recursion in z = w + al d.

One coordinate at a time: with $d_1 = m d - \varphi$, $a = 1 - m > 0$, $z = w + al\,d$ and $z_1 = w_1 + al\,d_1$: for
heavy ball, $w_1 = w + d_1$ and $a\,al = m$, $a (z_1 - z) = -\varphi$; for Nesterov's form, $w_1 = w + m d_1 - \varphi$
and $a\,al = m^2$, the same.

Source: derivations, Theorem T section 3.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, gt
from ..notation import d, m, phi, w, w1
from ..statement import claim

al, al1, w2 = sp.symbols("al al1 w2")
_D = m * d - phi

ASSUMPTIONS = {
    "m<1": gt(1, m),
    "heavy ball": eq(w1, w + _D),
    "its al": eq((1 - m) * al, m),
    "nesterov": eq(w2, w + m * _D - phi),
    "its own al": eq((1 - m) * al1, m**2),
}

CONCLUSIONS = {
    "heavy ball moves": eq((1 - m) * (w1 + al * _D - w - al * d), -phi),
    "nesterov moves": eq((1 - m) * (w2 + al1 * _D - w - al1 * d), -phi),
}

PROOF = (
    Cert("heavy ball moves", CONCLUSIONS["heavy ball moves"], mod={"heavy ball": 1 - m, "its al": _D - d}),
    Cert("nesterov moves", CONCLUSIONS["nesterov moves"], mod={"nesterov": 1 - m, "its own al": _D - d}),
)


def _mutants(c):
    # m = 1/2: al = 1 for heavy ball; Nesterov's al of it would be 1/2.
    at = {m: "1/2", d: 1, phi: 0, w: 0, w1: "1/2", al: "1/2", w2: "1/4", al1: "1/2"}
    yield Mutant("Nesterov's al for heavy ball", c.but(drop=("its al",)), at)


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
