r"""rows of M: derivative of J layer by layer

ell(R): the derivative of the Jacobian along a change of the weights, layer by layer, as THEORY's rows M_l.

Along $\Delta$ with $\|\Delta_l\|_F \le t_l$, at a point of the ball where $\|\tilde A\| \le \bar A$, $\|W\| \le \bar
W$ and so on: $\dot Z = \tilde A\Delta^T + \kappa\dot A W^T$, $\dot U = \kappa(\dot B W + B\Delta)$, $\dot B = \dot U
\circ act'(Z) + U \circ act''(Z) \circ \dot Z$ and $\dot J_l$ has rows $\dot b \otimes \tilde a + b \otimes \kappa\dot
a$. So $\|\dot Z\|_F \le \bar A t + \kappa\bar W x_A$, $\|\dot B\|_F \le s_1\kappa(\bar W x_B + \bar B t) + s_2\bar U
x_Z$ and $\|\dot J_l\| \le \bar a\,x_B + \kappa\bar b\,x_A$: the rows $M_l$, linear in t; their norm over $\|t\| \le
1$ is layer_split. Every bound is nonnegative by its construction.

Source: theory section 5, Lipschitz constant of J.
"""

import sympy as sp

from ..language import Cert, Mutant, Use, eq, ge, term
from ..matrices import (
    GATE_DERIVATIVE,
    KHATRI_RAO,
    KHATRI_RAO_ROWS,
    PRODUCT_LEFT,
    PRODUCT_RIGHT,
    TRIANGLE,
    X,
    Y,
    frobenius,
    khatri,
    nx,
    ny,
    nz,
    plus,
    s1,
    s2,
    slopes,
    spectral,
    spectral_rows,
    times,
    top,
)
from ..statement import claim

kappa, t, t1, nA, nW, nD, nB, nD1, nW1 = sp.symbols("kappa t t1 nA nW nD nB nD1 nW1")
xa, xz, xb, xb1, xu, ab, bb = sp.symbols("xa xz xb xb1 xu ab bb")
dZ, dB, dU, dJ, z1, z2, u1, u2, j1, j2, dA, dA1, dB1 = sp.symbols("dZ dB dU dJ z1 z2 u1 u2 j1 j2 dA dA1 dB1")
Atilde, D, Adot, W, W1, D1, B1, B1dot, Bdot, B = sp.symbols(
    "Atilde Delta A_dot W W_next Delta_next B_next B_next_dot B_dot B"
)
b, b1, a, a1 = sp.symbols("b bdot a adot")
_Z1, _Z2 = times(Atilde, D), times(Adot, W)
_U1, _U2 = times(B1dot, W1), times(B1, D1)
_J1, _J2 = khatri(Bdot, Atilde), khatri(B, Adot)

ASSUMPTIONS = {
    **{f"{s}>=0": ge(s) for s in (kappa, ab, nW, nW1, nB, bb, s1, s2, top, nA, xa, xb1, nD, nD1, dA, dA1, dB1)},
    "t>=Delta": ge(t, nD),
    "t1>=Delta": ge(t1, nD1),
    # The layer below and the layer above, by the same recursions.
    "below": ge(kappa * xa, dA),
    "above": ge(xb1, dB1),
    "row above": ge(xb, dB),
    "A~": spectral(Atilde, ab),
    "W": spectral(W, nW),
    "W next": spectral(W1, nW1),
    "B next": spectral(B1, nB),
    "Delta": frobenius(D, nD),
    "Delta next": frobenius(D1, nD1),
    "A dot": frobenius(Adot, dA),
    "B next dot": frobenius(B1dot, dB1),
    "first Z": frobenius(_Z1, z1),
    "second Z": frobenius(_Z2, z2),
    "Z dot": frobenius(plus(_Z1, _Z2), dZ),
    "first U": frobenius(_U1, u1),
    "second U": frobenius(_U2, u2),
    "U dot": frobenius(plus(_U1, _U2), dU),
    "slopes": slopes(s1, s2),
    "gate": GATE_DERIVATIVE.hypotheses["gate"].at({X: plus(_U1, _U2), Y: plus(_Z1, _Z2), nz: dB}),
    "scaled": GATE_DERIVATIVE.hypotheses["scaled"],
    "B dot": frobenius(Bdot, dB),
    "rows A": spectral_rows(Atilde, nA),
    "rows B": spectral_rows(B, bb),
    "first J": spectral(_J1, j1),
    "second J": spectral(_J2, j2),
    "J dot": ge(j1 + j2, dJ),
}

CONCLUSIONS = {
    "entry": eq((b + b1) * (a + a1) - b * a, b1 * a + b * a1 + b1 * a1),
    "Z": ge(ab * t + kappa * nW * xa, dZ),
    "U": ge(kappa * (nW1 * xb1 + nB * t1), kappa * dU),
    "B": ge(s1 * kappa * (nW1 * xb1 + nB * t1) + s2 * top * (ab * t + kappa * nW * xa), dB),
    "M": ge(nA * xb + bb * kappa * xa, dJ),
}

PROOF = (
    Cert("entry", CONCLUSIONS["entry"]),
    Use("Z first", PRODUCT_LEFT, {X: Atilde, Y: D, nx: ab, ny: nD, nz: z1}),
    Use("Z second", PRODUCT_RIGHT, {X: Adot, Y: W, nx: dA, ny: nW, nz: z2}),
    Use("Z sum", TRIANGLE, {X: _Z1, Y: _Z2, nx: z1, ny: z2, nz: dZ}),
    Cert(
        "Z",
        CONCLUSIONS["Z"],
        sum=(
            term("Z sum/bound"),
            term("Z first/bound"),
            term("Z second/bound"),
            term("ab>=0", "t>=Delta"),
            term("nW>=0", "below"),
        ),
    ),
    Use("U first", PRODUCT_RIGHT, {X: B1dot, Y: W1, nx: dB1, ny: nW1, nz: u1}),
    Use("U second", PRODUCT_LEFT, {X: B1, Y: D1, nx: nB, ny: nD1, nz: u2}),
    Use("U sum", TRIANGLE, {X: _U1, Y: _U2, nx: u1, ny: u2, nz: dU}),
    Cert(
        "U",
        CONCLUSIONS["U"],
        sum=(
            term("kappa>=0", "U sum/bound"),
            term("kappa>=0", "U first/bound"),
            term("kappa>=0", "U second/bound"),
            term("kappa>=0", "nB>=0", "t1>=Delta"),
            term("kappa>=0", "nW1>=0", "above"),
        ),
    ),
    Use("gate", GATE_DERIVATIVE, {X: plus(_U1, _U2), Y: plus(_Z1, _Z2), nx: dU, ny: dZ, nz: dB}),
    Cert("B", CONCLUSIONS["B"], sum=(term("gate/bound"), term("s1>=0", "U"), term("s2>=0", "top>=0", "Z"))),
    Use("J first", KHATRI_RAO, {X: Bdot, Y: Atilde, nx: dB, ny: nA, nz: j1}),
    Use("J second", KHATRI_RAO_ROWS, {X: B, Y: Adot, nx: bb, ny: dA, nz: j2}),
    Cert(
        "M",
        CONCLUSIONS["M"],
        sum=(
            term("J dot"),
            term("J first/bound"),
            term("J second/bound"),
            term("nA>=0", "row above"),
            term("bb>=0", "below"),
        ),
    ),
)


def _mutants(c):
    # Scalars with every norm 1: Z' = 1 * 1 + 1 * 1 = 2.
    yield Mutant(
        "the moving inputs left out",
        c.but(swap={CONCLUSIONS["Z"]: ge(ab * t, dZ)}),
        lambda: 1 * 1 + 1 * 1 > 1 * 1,
    )
    # act(z) = z^2 (s1, s2 on a bounded piece): B = U act'(Z), its derivative has the second term U act''(Z) Z'.
    yield Mutant(
        "the curvature of the activation left out",
        c.but(swap={CONCLUSIONS["B"]: ge(s1 * kappa * (nW1 * xb1 + nB * t1), dB)}),
        lambda: 2 * 1 * 1 > 0,
    )
    yield Mutant(
        "the rows at rest",
        c.but(swap={CONCLUSIONS["M"]: ge(bb * kappa * xa, dJ)}),
        lambda: 1 * 1 + 1 * 1 > 1 * 1,
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
