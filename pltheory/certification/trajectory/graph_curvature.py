"""The part of the Hessian that can be negative on a graph of one convolution, from its blocks (G3), over a small ball.

At w the extreme eigenvalues of the blocks `[[Q_o, P_o], [P_o^T, 0]]` of `nets.channels` are enclosed. For any t > 0 let
`m >= lambda_max(Q + P P^T / t)`. Then `lambda_max([[Q, P], [P^T, 0]]) <= max(t, m)`: with tau = max(t, m),
`tau I - Q - P P^T / tau >= (m - lambda_max(Q + P P^T / t)) I >= 0`, which is the Schur complement of tau I in
`tau I - block`. With -Q in place of Q (and -P, whose square is the same) it is -lambda_min. So q + 1 rows decide,
however many entries the head has.

Over B(w, eps): with al = max |e~_ip|, `|dz_iop| <= al eps`; `||dr|| <= dr = L_F eps`; T the head's map without bias and
L the fixed maps,
`||dy||_F <= dy = ||L|| (||T|| dr + kappa' eps ||r||)`, ||T|| over the ball, from `T'^T r' - T^T r = T'^T dr + dT^T r`;
`||d(y act'')||_F <= s2 dy + s3 al eps ||y||_F`, so `||dQ_o|| <= (s2 dy + s3 al eps ||y||_F) ||E~||^2`, because
`||sum d_ip e~ e~^T|| <= max |d_ip| ||E~||^2`; `||dP_o||_F <= kappa' ||L|| ||E~|| sqrt(P) (s1 dr + s2 al eps ||r||)`,
because row (c, p) of the channel before L and kappa' is `sum_i dh_icp e~_ip`, of norm at most `||E~|| |dh_.cp|`, and
`||dh||_F <= sqrt(P) (s1 dr + s2 al eps ||r||)` for `h_icp = r_ic act'(z_iop)`. The block moves by at most the sum of
the two. The first map's input is the data, so E~ does not move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...nets.activations import activation
from ...nets.channels import Channels
from ...nets.fields import VERIFIED
from ...nets.fields.verified import Near, frobenius
from ...nets.tape import Tape
from ...rigor.roundoff import add_up, finite, mul_up, quiet, sqrt_up, up
from ...rigor.stacks import eigenvalues_upper

ERROR_TERMS = ("block_error", "form_change", "mixed_change")
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

_LEAST = 2.0**-400
"""Scale below which a block counts as zero when t is chosen."""


def block_error(form: float, mixed: float) -> float:
    """||[[A, B], [B^T, 0]]|| <= ||A|| + ||B||: what errors of Q and P move an eigenvalue by."""
    return float(add_up(form, mixed))


def _above(form: Near, squares: Near) -> float:
    """Upper bound of lambda_max of [[Q, P], [P^T, 0]] over all blocks, for the midpoint of P.

    Args:
        form: Q, (k, r, r).
        squares: P P^T, likewise.
    """
    # A factor of P P^T in place of P gives the same eigenvalues: a guess at t.
    values, vectors = np.linalg.eigh(0.5 * (squares.mid + squares.mid.swapaxes(1, 2)))
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    symmetric = 0.5 * (form.mid + form.mid.swapaxes(1, 2))
    whole = np.concatenate(
        [
            np.concatenate([symmetric, root], axis=2),
            np.concatenate([root.swapaxes(1, 2), np.zeros_like(root)], axis=2),
        ],
        axis=1,
    )
    top = np.linalg.eigvalsh(whole)[:, -1]
    # Only the largest block counts; a t far below it, or below what Q is rounded to, magnifies the rounding of P P^T.
    t = np.maximum(top, max(2.0**-20 * float(np.max(top)), 2.0**-40 * form.largest, _LEAST))
    inverse = 1 / t
    both = VERIFIED.add(form, VERIFIED.times(squares, VERIFIED.constant(inverse[:, None, None])))
    # The t that inverse is the reciprocal of, exactly, is at most the next float above.
    found = np.maximum(up(1 / inverse), add_up(eigenvalues_upper(both.mid), both.rad))
    return float(np.max(found, initial=0.0))


@quiet
def extremes(form: Near, mixed: Near) -> tuple[float, float]:
    """Upper bounds of -lambda_min and lambda_max over the blocks [[Q, P], [P^T, 0]].

    Args:
        form: Q, (k, r, r).
        mixed: P, (k, r, s).

    Raises:
        NoVerdictError: overflow.
    """
    middle = VERIFIED.settled(mixed)
    squares = VERIFIED.product(middle, VERIFIED.transpose(middle, 0, 2, 1))
    settled = VERIFIED.settled(form)
    off = block_error(form.rad, mixed.rad)
    low, high = (_above(q, squares) for q in (VERIFIED.scaled(settled, -1.0), settled))
    return float(add_up(low, off)), float(add_up(high, off))


@dataclass(frozen=True)
class Around:
    """What bounds the blocks' change over a ball; all upper bounds.

    Attributes:
        patches: ||E~||.
        longest: max |e~_ip|, at least.
        positions: P of the first map.
        scale: |kappa'|.
        head: ||T|| anywhere in the ball.
        fixed: ||L||.
        lipschitz: L_F over the ball.
        residual: ||r(w)||.
        sent_back: ||y||_F at w.
        eps: radius of the ball.
    """

    patches: float
    longest: float
    positions: int
    scale: float
    head: float
    fixed: float
    lipschitz: float
    residual: float
    sent_back: float
    eps: float


def form_change(at: Around, s2: float, s3: float) -> float:
    """Upper bound of ||Q_o(w') - Q_o(w)|| over the ball."""
    dr, dz = mul_up(at.lipschitz, at.eps), mul_up(at.longest, at.eps)
    dy = mul_up(at.fixed, add_up(mul_up(at.head, dr), mul_up(at.scale, at.eps, at.residual)))
    entry = add_up(mul_up(s2, dy), mul_up(s3, dz, at.sent_back))
    return float(mul_up(entry, at.patches, at.patches))


def mixed_change(at: Around, s1: float, s2: float) -> float:
    """Upper bound of ||P_o(w') - P_o(w)|| over the ball."""
    dr, dz = mul_up(at.lipschitz, at.eps), mul_up(at.longest, at.eps)
    entry = add_up(mul_up(s1, dr), mul_up(s2, dz, at.residual))
    return float(mul_up(at.scale, at.fixed, at.patches, sqrt_up(float(at.positions)), entry))


@quiet
def channel_curvature(
    parts: Channels, tape: Tape, residual: Near, squares: Near, around: Around
) -> tuple[float, float]:
    """Upper bounds of ||E|| and -lambda_min(E), E = sum_i r_i Hess f_i, over a ball; summed loss.

    Args:
        parts: of the graph.
        tape: at w, the residual sent back.
        residual: (n, C).
        squares: of the patches.
        around: what bounds the change over the ball.

    Raises:
        NoVerdictError: overflow or NaN.
    """
    act = activation(parts.act)
    low, high = extremes(*parts.blocks(tape, residual, squares))
    change = block_error(form_change(around, act.s2, act.s3), mixed_change(around, act.s1, act.s2))
    concave = float(finite(add_up(low, change), "curvature"))
    return max(concave, float(finite(add_up(high, change), "curvature"))), concave


def sent_back(parts: Channels, tape: Tape) -> float:
    """Upper bound of ||y||_F."""
    y = tape.rows[parts.first + 1]
    return float(add_up(frobenius(y.mid), y.rad))
