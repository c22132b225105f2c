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


def image_of_change(matrix, norm):
    """The change of an activation's values, entry by entry."""
    return said("the Frobenius norm of the change of f under the change {0} of its argument is {1}", matrix, norm)


def slope_at_most(s1):
    """A bound of an activation's derivative."""
    return said("the modulus of f' is at most {0}", s1)


def rows_against(before, after):
    """The image of a unit vector under the transposed Jacobian, before and after a change."""
    return said("for a unit vector u the norms of J^T u and J'^T u are {0} and {1}", before, after)


def jacobian_change(norm):
    """The change of the Jacobian."""
    return said("the spectral norm of J' - J is {0}", norm)


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
        "image": image_of_change(X, nz),
        "slope": slope_at_most(s1),
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
        "at": rows_against(nx, ny),
        "change": jacobian_change(nz),
    },
    {"lower": ge(ny, nx - nz), "upper": ge(nx + nz, ny)},
)

s2, top, kappa = sp.symbols("s2 top kappa")
khatri = sp.Function("({0} * {1})")


def spectral_rows(matrix, norm):
    """The largest norm of the rows (or blocks of rows) that belong to one sample."""
    return said("the largest spectral norm over samples of {0} is at most {1}", matrix, norm)


def slopes(s1, s2):
    """Bounds of the first two derivatives of an activation."""
    return said("the moduli of act' and act'' are at most {0} and {1}", s1, s2)


GATE_DERIVATIVE = Cited(
    "gate_derivative",
    "linear algebra",
    r"For $B = U \circ act'(Z)$ the product rule gives $\dot B = \dot U \circ act'(Z) + U \circ act''(Z) \circ \dot"
    r" Z$ entry by entry. The first term is at most $s_1\|\dot U\|_F$; in the second each neuron of each sample"
    r" contributes at most $s_2 |\dot z|$ times the norm over outputs of u there, at most $\bar U$: claim"
    r" perturbation_backward, curved. Here $\kappa\,nx$ bounds $\|\dot U\|_F$.",
    {
        "slopes": slopes(s1, s2),
        "gate": said("{2} is the Frobenius norm of (k {0}) o act'(Z) + U o act''(Z) o {1}", X, Y, nz),
        "scaled": said("k is {0}, and the norm over outputs of U at one neuron of one sample at most {1}", kappa, top),
        "U dot": frobenius(X, nx),
        "Z dot": frobenius(Y, ny),
    },
    {"bound": ge(s1 * kappa * nx + s2 * top * ny, nz)},
)

KHATRI_RAO = Cited(
    "khatri_rao_bound",
    "linear algebra",
    r"The matrix with rows $x_i \otimes y_i$ has norm at most $\|X\|_F \max_i\|y_i\|$: claim khatri_rao with $P ="
    r" XX^T$, and the spectral norm of X is at most its Frobenius norm.",
    {"x": frobenius(X, nx), "y": spectral_rows(Y, ny), "product": spectral(khatri(X, Y), nz)},
    {"bound": ge(nx * ny, nz)},
)

KHATRI_RAO_ROWS = Cited(
    "khatri_rao_rows",
    "linear algebra",
    r"The matrix with rows $x_{ic} \otimes y_i$ has norm at most $\max_i\|x_i\|\,\|Y\|_F$, $x_i$ the matrix with rows"
    r" $x_{ic}$: applied to V it gives $x_i V y_i$ per sample, at most $\|x_i\|\|V\|\|y_i\|$; sum the squares over i.",
    {"x": spectral_rows(X, nx), "y": frobenius(Y, ny), "product": spectral(khatri(X, Y), nz)},
    {"bound": ge(nx * ny, nz)},
)

SPECTRAL_SUM = Cited(
    "spectral_sum",
    "linear algebra",
    r"$\|X + Y\| \le \|X\| + \|Y\|$.",
    {"x": spectral(X, nx), "y": spectral(Y, ny), "sum": spectral(plus(X, Y), nz)},
    {"bound": ge(nx + ny, nz)},
)

SPECTRAL_PRODUCT = Cited(
    "spectral_product",
    "linear algebra",
    r"$\|X Y\| \le \|X\|\,\|Y\|$.",
    {"x": spectral(X, nx), "y": spectral(Y, ny), "product": spectral(times(X, Y), nz)},
    {"bound": ge(nx * ny, nz)},
)
