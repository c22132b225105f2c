"""Lemmas of analysis and linear algebra that the claims about Theorem B+ cite, with their symbols."""

from __future__ import annotations

import sympy as sp

from .language import Cited, ge, gt, said

p, low, high, growth, th, y, inverse_e, top = sp.symbols("p low high growth th y inverse_e top")
psi, psi_p = sp.symbols("psi psi_p")
Q = sp.symbols("q1:4")
WEIGHTS = sp.symbols("p1:4")
SLOPES = sp.symbols("d1:4")

EXPONENTIALS = said(
    "{0} is the product over the steps so far of 1 - h l, {1} and {2} are exp(-y) and exp(-(1 + {3}) y) for {4} = y = l"
    " times the sum of h, and {5} = 1/e",
    p,
    high,
    low,
    th,
    y,
    inverse_e,
)

PRODUCT_BETWEEN = Cited(
    "product_between",
    "analysis",
    r"For $0 \le h \le \eta$, $\eta l < 1$ and $th = -\ln(1 - \eta l)/(\eta l) - 1$: $e^{-(1 + th)hl} \le 1 - hl \le"
    r" e^{-hl}$, the left inequality because $-\ln(1 - x)/x$ increases. The product over the steps (Coq:"
    r" BPlus.product_between) gives the same for their sum. Further $1 - e^{-z} \le z$ with $z = th\,y$, and $y"
    r" e^{-y} \le 1/e$.",
    {"exponentials": EXPONENTIALS, "y>=0": ge(y), "th>=0": ge(th)},
    {
        "low>=0": ge(low),
        "low": ge(p, low),
        "high": ge(high, p),
        "ratio": ge(low, high * (1 - th * y)),
        "peak": ge(inverse_e, y * high),
    },
)

CONCAVE_HOMOGENEOUS = Cited(
    "concave_homogeneous",
    "analysis",
    r"$\Psi(p) = \int_0^\infty (\sum_k p_k l_k^2 e^{-2 l_k T})^{1/2}dT$ is concave, so $\Psi(q) \le \Psi(p) + \sum_k"
    r" (q_k - p_k)\partial_k\Psi(p)$ for positive p, and homogeneous of degree 1/2, so $\sum_k p_k\partial_k\Psi(p) ="
    r" \Psi(p)/2$ (Euler). Written for three eigenvalues.",
    {
        "at q": said("{0} is Psi({1}, {2}, {3})", psi, *Q),
        "at p": said("{0} is Psi({1}, {2}, {3})", psi_p, *WEIGHTS),
        "slopes": said("the partial derivatives of Psi at ({0}, {1}, {2}) are {3}, {4}, {5}", *WEIGHTS, *SLOPES),
    },
    {
        "concave": ge(psi_p + sum((q - w) * d for q, w, d in zip(Q, WEIGHTS, SLOPES, strict=True)), psi),
        "Euler": ge(psi_p / 2, sum(w * d for w, d in zip(WEIGHTS, SLOPES, strict=True))),
        "Euler back": ge(sum(w * d for w, d in zip(WEIGHTS, SLOPES, strict=True)), psi_p / 2),
    },
)

cell, r1, weighted1 = sp.symbols("cell r1 weighted1")

CAUCHY_SCHWARZ_CELL = Cited(
    "cauchy_schwarz_cell",
    "analysis",
    r"Cauchy and Schwarz on a cell of length H: $(\int_{cell} \|u \circ r\|)^2 \le H \int_{cell}\sum_i u_i^2 r_i^2$.",
    {
        "cell": said(
            "{0} is the integral of |u o r| over a cell of length {1}, {2} that of the square", r1, cell, weighted1
        )
    },
    {"bound": ge(cell * weighted1, r1**2), "x>=0": ge(r1), "H>0": gt(cell)},
)
