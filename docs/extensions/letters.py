"""What the pages about theorems write for the symbols of the claims; a page may add its own."""

from __future__ import annotations

from functools import cache

from proofs_checks.displayed import Letters

LETTERS = r"""
Lt: L_t
Ln: L_{t+1}
L0: L_0
rt: \lVert r_t\rVert
rn: \lVert r_{t+1}\rVert
r0: \lVert r_0\rVert
g: \lVert g_t\rVert
h: h_t
P: P_t
Pn: P_{t+1}
d: \lVert w_t - w_\infty\rVert
LF: L_F
ell: \ell
w: w_t
w1: w_{t+1}
a = sqrt(Lt)
a1 = sqrt(Ln)
a0 = sqrt(L0)
b = sqrt(phi)
phi: \varphi(s)
G = g
m = sqrt(2*mu)
c = sqrt(2)
"""


@cache
def letters() -> Letters:
    """Those of all pages."""
    return Letters().extended(LETTERS.splitlines())
