"""The part of the Hessian that can be negative, `E(w) = sum_i r_i Hess f_i(w)`, bounded over a small ball.

In general `||E|| <= ||r|| ell`. With one hidden layer E can be had from the numbers themselves. Write
`a~_i = [kappa_1 x_i, tau_1]`, `u_ij = kappa_2 sum_c r_ic W2_cj`. F is linear in W_2, and units meet in the output
only, so E is block-diagonal over the units j, with blocks

    [[Q_j, P_j], [P_j^T, 0]],  Q_j = sum_i u_ij act''(z_ij) a~_i a~_i^T,  P_j e_c = kappa_2 sum_i r_ic act'(z_ij) a~_i

on (row j of [W_1, b_1], column j of W_2). Hence `||E|| = max_j ||block_j|| <= max_j (q + sqrt(q^2 + 4 p^2)) / 2` for
any q >= ||Q_j||, p >= ||P_j||, the norm of [[q, p], [p, 0]]. Take Frobenius norms: `||Q_j||_F^2 = D_j^T (G o G) D_j`
with D_ij = u_ij act''(z_ij) and G_ik = a~_i . a~_k. What makes this several times smaller than ||r|| ell is that terms
of either sign cancel, in the residual and in act''.

Over B(w, eps), with `al = max_i ||a~_i||`, `|d z_ij| <= al eps`, `||d r|| <= dr = L_F eps`, W = max_j ||W2 e_j||:
`|d u_ij| <= du = |kappa_2| (dr (W + eps) + ||r|| eps)`, `|d D_ij| <= dD = du s2 + U s3 al eps`, U = max |u_ij|,
`||d Q_j|| <= dD ||A~_0||^2`, `||d P_j|| <= |kappa_2| ||A~_0|| (dr s1 + ||r|| s2 al eps)`; E changes by at most the sum
of the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...nets.activations import activation
from ...rigor import roundoff
from ...rigor.eigen import lambda_max_upper
from ...rigor.midrad import Ball, as_ball, inner_rounding, matmul, product_floats, row_two_norms
from ...rigor.norms import inf_norm_upper, max_abs_upper
from ...rigor.roundoff import Array, add_up, finite, mul_up, quiet, sqrt_up
from ..stored import FloatNetwork
from .network import Forward, norm_up

ERROR_TERMS = (
    "form_rounding",
    "form_propagated",
    "entry_propagated",
    "mixed_rounding",
    "mixed_propagated",
    "change_over_ball",
)
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""


@dataclass(frozen=True, eq=False)
class DataGram:
    """What the bound needs of the data; it never changes along a trajectory.

    Attributes:
        squares: ball of G o G, (n, n).
        norm: upper bound of ||A~_0||.
        largest: al = max_i ||a~_i||.
        points_norm: upper bound of ||X||_F.
    """

    squares: Ball
    norm: float
    largest: float
    points_norm: float


def data_gram(net: FloatNetwork, x: Array) -> DataGram | None:
    """The data's part of the bound, or None where the network has more than one hidden layer."""
    if net.depth != 2:
        return None
    kappa, tau = as_ball(net.kappa[0]), as_ball(net.tau[0])
    points = Ball(x)
    gram = matmul(points, points.T) * (kappa * kappa) + tau * tau
    largest = float(sqrt_up(float(np.max(add_up(np.diagonal(gram.mid), np.max(gram.rad))))))
    spectral = float(sqrt_up(max(0.0, lambda_max_upper(gram, method="plain").at_most())))
    return DataGram(gram * gram, spectral, largest, norm_up(x))


def form_rounding(n: int, largest: float, squares: Array) -> Array:
    """Error of the computed D^T M D from rounding, for M of nonnegative entries: 2 gamma(n + 1) ||M||_2 ||D||^2.

    The computed M D errs by gamma(n) M |D|, and the inner product with D by gamma(n) |D| |M D| computed, which is at
    most (1 + gamma(n)) |D|^T M |D|. That form is at most `largest` ||D||^2, largest >= ||M||_2.
    """
    return mul_up(2.0 + 2.0**-20, roundoff.gamma(n + 1), largest, squares)


def form_propagated(n: int, rad: float, squares: Array) -> Array:
    """|D^T (exact - computed M) D| <= rad ||D||_1^2 <= rad n ||D||^2, entries of M known within rad."""
    return mul_up(float(n), rad, squares)


def entry_propagated(n: int, rad: float, point: float) -> float:
    """||sum_i (exact - computed D_i) a~_i a~_i^T||_F <= n rad max_i ||a~_i||^2."""
    return float(mul_up(float(n), rad, point, point))


def mixed_rounding(depth: int, points: float, columns: Array) -> Array:
    """Error of a column of the computed X^T Y: gamma(depth) ||X||_F ||Y_j||."""
    return inner_rounding(depth, np.asarray(points), columns)


def mixed_propagated(n: int, rad: float, inputs: float) -> float:
    """||A~^T (exact - computed Y_j)|| <= ||A~|| sqrt(n) rad."""
    return float(mul_up(inputs, sqrt_up(float(n)), rad))


def change_over_ball(
    net: FloatNetwork, gram: DataGram, eps: float, lipschitz: float, residual: float, largest_u: float
) -> float:
    """Upper bound of ||E(w') - E(w)|| over ||w' - w|| <= eps, as in the module's text."""
    act = activation(net.activation)
    kappa = abs(net.kappa[1])
    column = float(np.max(row_two_norms(net.weights[1].T)))
    dr, dz = mul_up(lipschitz, eps), mul_up(gram.largest, eps)
    du = mul_up(kappa, add_up(mul_up(dr, add_up(column, eps)), mul_up(residual, eps)))
    d_entry = add_up(mul_up(du, act.s2), mul_up(largest_u, act.s3, dz))
    d_form = mul_up(d_entry, gram.norm, gram.norm)
    d_mixed = mul_up(kappa, gram.norm, add_up(mul_up(dr, act.s1), mul_up(residual, act.s2, dz)))
    return float(add_up(d_form, d_mixed))


@quiet
def _forms(squares: Ball, d: Ball, point: float) -> Array:
    """(1, m) upper bounds of ||Q_j||_F, from the columns of d (n, m); point is al."""
    n = d.shape[0]
    product, _ = product_floats(squares.mid, d.mid)
    computed = np.einsum("ij,ij->j", d.mid, product)[None, :]
    lengths = row_two_norms(d.mid.T).T  # (1, m)
    norms2 = mul_up(lengths, lengths)
    # ||M||_2 <= sqrt(||M||_1 ||M||_inf) <= the larger of the two.
    largest = max(inf_norm_upper(Ball(squares.mid)), inf_norm_upper(Ball(squares.mid.T)))
    rounding = form_rounding(n, largest, norms2)
    propagated = form_propagated(n, float(np.max(squares.rad)), norms2)
    underflow = roundoff.underflow(2 * n * n)
    forms = sqrt_up(np.maximum(0.0, add_up(np.maximum(computed, 0.0), rounding, propagated, underflow)))
    # The exact D is within d.rad of its midpoint: ||Q_j - Q^_j||_F <= d.rad sum_i ||a~_i||^2 <= d.rad n al^2.
    return add_up(forms, entry_propagated(n, float(np.max(d.rad)), point))


@quiet
def _mixed(net: FloatNetwork, at: Forward, gram: DataGram) -> Array:
    """(1, m) upper bounds of ||P_j||_F."""
    x, slopes = at.inputs[0].mid, at.slopes[0]
    n = x.shape[0]
    total = np.zeros((1, slopes.shape[1]))
    for c in range(at.residual.shape[1]):
        rad = at.residual.rad if at.residual.rad.ndim == 0 else at.residual.rad[:, c : c + 1]
        y = Ball(at.residual.mid[:, c : c + 1], rad) * slopes
        lengths = row_two_norms(y.mid.T).T
        product, depth = product_floats(x.T, y.mid)
        columns = add_up(row_two_norms(product.T).T, mixed_rounding(depth, gram.points_norm, lengths))
        parts = mul_up(abs(net.kappa[0]), add_up(columns, roundoff.underflow(n * x.shape[1])))
        if net.tau[0]:
            root = sqrt_up(float(n))
            sums = add_up(np.abs(y.mid.sum(axis=0))[None, :], mixed_rounding(n, float(root), lengths))
            sums = mul_up(abs(net.tau[0]), sums)
            parts = sqrt_up(add_up(mul_up(parts, parts), mul_up(sums, sums)))
        parts = add_up(parts, mixed_propagated(n, float(np.max(y.rad)), gram.norm))
        total = add_up(total, mul_up(parts, parts))
    return mul_up(abs(net.kappa[1]), sqrt_up(total))


@quiet
def hidden_layer_curvature(net: FloatNetwork, at: Forward, gram: DataGram, eps: float, lipschitz: float) -> float:
    """Upper bound of ||sum_i r_i Hess f_i|| over B(w, eps), one hidden layer, summed loss.

    Args:
        net: the weights w.
        at: the forward pass there.
        gram: of the same data.
        eps: radius of the ball.
        lipschitz: upper bound of ||J|| over the ball.

    Raises:
        NoVerdictError: overflow or NaN.
    """
    u = matmul(at.residual, Ball(net.weights[1])) * net.kappa[1]  # (n, m)
    d = u * activation(net.activation).second_from(at.hidden[0], at.inputs[1], at.slopes[0])
    q, p = _forms(gram.squares, d, gram.largest), _mixed(net, at, gram)
    blocks = mul_up(0.5, add_up(q, sqrt_up(add_up(mul_up(q, q), mul_up(4.0, p, p)))))
    change = change_over_ball(net, gram, eps, lipschitz, at.residual_norm.hi, max_abs_upper(u))
    return float(finite(add_up(np.max(blocks), change), "curvature"))
