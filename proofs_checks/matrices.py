"""Matrix norms as the perturbation claims speak of them: opaque matrices, named norms, cited inequalities."""

from __future__ import annotations

import sympy as sp

from .language import Cited, ge, said

X, Y, nx, ny, nz, s1 = sp.symbols("X Y nx ny nz s1")

times = sp.Function("({0} {1})")
plus = sp.Function("({0} + {1})")


def frobenius(matrix, norm):
    """The Frobenius norm."""
    return said("the Frobenius norm of {0} is {1}", matrix, norm)


def spectral(matrix, norm):
    """The spectral norm."""
    return said("the spectral norm of {0} is {1}", matrix, norm)


TRIANGLE = Cited(
    "frobenius_triangle",
    "linear algebra",
    r"$\|X + Y\|_F \le \|X\|_F + \|Y\|_F$.",
    {"x": frobenius(X, nx), "y": frobenius(Y, ny), "sum": frobenius(plus(X, Y), nz)},
    {"bound": ge(nx + ny, nz)},
)

SPECTRAL_TRIANGLE = Cited(
    "spectral_triangle",
    "linear algebra",
    r"$\|X + Y\| \le \|X\| + \|Y\|_F$, the spectral norm being at most the Frobenius norm.",
    {"x": spectral(X, nx), "y": frobenius(Y, ny), "sum": spectral(plus(X, Y), nz)},
    {"bound": ge(nx + ny, nz)},
)

PRODUCT_LEFT = Cited(
    "frobenius_product_left",
    "linear algebra",
    r"$\|X Y\|_F \le \|X\|\,\|Y\|_F$.",
    {"x": spectral(X, nx), "y": frobenius(Y, ny), "product": frobenius(times(X, Y), nz)},
    {"bound": ge(nx * ny, nz)},
)

PRODUCT_RIGHT = Cited(
    "frobenius_product_right",
    "linear algebra",
    r"$\|X Y\|_F \le \|X\|_F\,\|Y\|$.",
    {"x": frobenius(X, nx), "y": spectral(Y, ny), "product": frobenius(times(X, Y), nz)},
    {"bound": ge(nx * ny, nz)},
)

LIPSCHITZ_ENTRIES = Cited(
    "lipschitz_entries",
    "analysis",
    r"If $|f'| \le s_1$ then $|f(z') - f(z)| \le s_1|z' - z|$ entry by entry (mean value theorem), so"
    r" $\|f(Z') - f(Z)\|_F \le s_1\|Z' - Z\|_F$.",
    {
        "change": frobenius(X, nx),
        "image": said("the Frobenius norm of the change of f under the change {0} of its argument is {1}", X, nz),
        "slope": said("the modulus of f' is at most {0}", s1),
    },
    {"bound": ge(s1 * nx, nz)},
)

SPECTRAL_BOUND = Cited(
    "spectral_bound",
    "definition",
    r"$\|Xu\| \le \|X\|\,\|u\|$ and the triangle inequality for vectors: $\|J'^T u\| \ge \|J^T u\| -"
    r" \|J' - J\|$ for"
    r" unit u.",
    {
        "at": said("for a unit vector u the norms of J^T u and J'^T u are {0} and {1}", nx, ny),
        "change": said("the spectral norm of J' - J is {0}", nz),
    },
    {"lower": ge(ny, nx - nz), "upper": ge(nx + nz, ny)},
)
