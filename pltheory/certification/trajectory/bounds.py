"""Verified bounds at a reference point of a trajectory, valid on a ball that many steps stay in.

Recomputing norms and kernel at every step is costly and needless: ell and L_F of THEORY section 5 about w_ref on a ball
of radius R hold on every ball B(w_t, eps_t) inside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ...nets.activations import activation
from ...rigor import roundoff
from ...rigor.arithmetic import INTERVALS
from ...rigor.eigen import lambda_max_upper, sigma_min_lower, spectral_norm_upper
from ...rigor.errors import NoVerdictError
from ...rigor.midrad import Ball, as_ball, matmul
from ...rigor.norms import max_abs_upper
from ...rigor.roundoff import add_up, mul_up, quiet, sqrt_up
from ...rigor.scalar import Interval, between, interval, sqrt
from ...theory.errors import NotAvailableError
from ...theory.perturbation import CentreNorms, jacobian_change, jacobian_lipschitz
from ..stored import FloatNetwork
from .network import Forward

_DRIFT = 0.04
"""The radius about a reference point is the one at which ell has grown by this part."""


def nonnegative_norm(rows: list[list[Any]]) -> Interval:
    """Interval from 0 to an upper bound of the spectral norm of a small matrix of nonnegative entries.

    Collatz and Wielandt: for a nonnegative matrix A and any positive vector v, its spectral radius is at most
    max_i (A v)_i / v_i. With A = M^T M and v near the leading singular vector of M this is tight, for a few dozen
    interval operations, where a verified eigenvalue would cost a Cholesky factorisation.

    Raises:
        NoVerdictError: an entry may be negative.
    """
    cells = [[interval(x) for x in row] for row in rows]
    if any(c.hi < 0.0 for row in cells for c in row):
        raise NoVerdictError("norm of a nonnegative matrix: an entry is negative")
    high = np.array([[c.hi for c in row] for row in cells])  # larger entries, larger norm
    v = np.abs(np.linalg.svd(high)[2][0])
    v = np.maximum(v, 2.0**-30 * float(np.max(v)))
    points = [[interval(float(x)) for x in row] for row in high]
    weights = [interval(float(x)) for x in v]
    image = [_dot(row, weights) for row in points]  # M v
    columns = [list(column) for column in zip(*points, strict=True)]
    quotients = [_dot(column, image) / weight for column, weight in zip(columns, weights, strict=True)]
    return between(0.0, sqrt(between(0.0, max(q.hi for q in quotients))).hi)


def _dot(x: list[Interval], y: list[Interval]) -> Interval:
    return sum((a * b for a, b in zip(x, y, strict=True)), interval(0.0))


UPWARDS = replace(INTERVALS, spectral_norm=nonnegative_norm)
"""Intervals whose spectral norm is that of nonnegative matrices; only upper ends of its results are meant."""


class BallsAbout(Protocol):
    """What the last step reads of a reference point."""

    @property
    def jacobian(self) -> float:
        """Upper bound of ||J(w_ref)||."""
        ...

    def sigma_lower(self) -> float:
        """Lower bound of sigma_min(J(w_ref))."""
        ...

    def change_within(self, s: float) -> float:
        """Upper bound of ||J(w) - J(w_ref)|| over B(w_ref, s)."""
        ...

    def ell_within(self, s: float) -> float:
        """Upper bound of the Lipschitz constant of J over B(w_ref, s)."""
        ...


@dataclass(frozen=True, eq=False)
class Reference:
    """Verified bounds about one point, for the summed loss.

    Attributes:
        network: the weights w_ref.
        norms: upper bounds of the norms at w_ref, as intervals of one point.
        kernel: ball of the tangent kernel K(w_ref).
        jacobian: upper bound of ||J(w_ref)||.
        radius: R.
        ell: upper bound of the Lipschitz constant of J over B(w_ref, R).
        lipschitz: upper bound of ||J|| over B(w_ref, R).
    """

    network: FloatNetwork
    norms: CentreNorms
    kernel: Ball
    jacobian: float
    radius: float
    ell: float
    lipschitz: float

    @cached_property
    def sigma_estimate(self) -> float:
        """sigma_min(J(w_ref)) in floating point: a guess at when to try the last step, trusted for nothing."""
        return float(np.sqrt(max(0.0, float(np.linalg.eigvalsh(self.kernel.mid)[0]))))

    def sigma_lower(self) -> float:
        """Verified lower bound of sigma_min(J(w_ref)); 0 where none is found."""
        return sigma_min_lower(self.kernel).at_least()

    def change_within(self, s: float) -> float:
        """Upper bound of ||J(w) - J(w_ref)|| over B(w_ref, s)."""
        return jacobian_change_upper(self.norms, s)

    def ell_within(self, s: float) -> float:
        """Upper bound of the Lipschitz constant of J over B(w_ref, s)."""
        return ell_upper(self.norms, s)


def _row_blocks(gram: Ball, size: int) -> float:
    """Largest spectral norm of the diagonal blocks of a Gram matrix, from their row sums of moduli."""
    n = gram.shape[0] // size
    mid = np.abs(gram.mid).reshape(n, size, n, size)
    rad = np.broadcast_to(gram.rad, gram.shape).reshape(n, size, n, size)
    index = np.arange(n)
    blocks = add_up(mid[index, :, index, :], rad[index, :, index, :])  # (n, size, size)
    return float(np.max(roundoff.sum_up(blocks, axis=2)))


@quiet
def _entry_max(u: Ball, outputs: int) -> float:
    """max over samples and units of the Euclidean norm over the outputs; u is (n C, m), sample-major."""
    if outputs == 1:
        return max_abs_upper(u)
    moduli = add_up(np.abs(u.mid), u.rad).reshape(-1, outputs, u.shape[1])
    squares = roundoff.raise_sum(np.sum(moduli * moduli, axis=1), outputs, products=outputs)
    return float(np.max(sqrt_up(squares)))


def centre_bounds(net: FloatNetwork, at: Forward) -> tuple[CentreNorms, Ball, float]:
    """Upper bounds of the norms of THEORY section 5 at the weights, the kernel, and ||J||, all verified.

    Args:
        net: the weights.
        at: the forward pass there.

    Raises:
        NotAvailableError: the activation is not smooth.
        NoVerdictError: overflow, or a bound that could not be established.
    """
    act = activation(net.activation)
    if not act.smooth:
        raise NotAvailableError(f"not available for this network: {act.name} is not twice continuously differentiable")
    n, outputs = at.residual.shape
    depth = net.depth
    rows = Ball(np.tile(np.eye(outputs), (n, 1)))  # (n C, C)
    row_norm, row_max, entries = [float(sqrt_up(float(n)))], [1.0], []
    kernel: Ball | None = None
    input_norm, input_max = [0.0] * depth, [0.0] * depth
    for l in reversed(range(depth)):
        kappa, tau = as_ball(net.kappa[l]), as_ball(net.tau[l])
        a = at.inputs[l]
        gram = matmul(a, a.T) * (kappa * kappa) + tau * tau
        diagonal = add_up(np.diagonal(gram.mid), np.max(gram.rad))
        input_max[l] = float(sqrt_up(float(np.max(diagonal))))
        input_norm[l] = _root_of_largest(gram)
        row_gram = matmul(rows, rows.T)
        if l < depth - 1:
            row_norm.append(_root_of_largest(row_gram))
            row_max.append(float(sqrt_up(_row_blocks(row_gram, outputs))))
        spread = Ball(np.kron(gram.mid, np.ones((outputs, outputs))), gram.rad) if outputs > 1 else gram
        term = row_gram * spread
        kernel = term if kernel is None else kernel + term
        if l:
            u = matmul(rows, Ball(net.weights[l])) * kappa
            entries.append(_entry_max(u, outputs))
            slopes = at.slopes[l - 1]
            rows = u * (Ball(np.repeat(slopes.mid, outputs, axis=0), slopes.rad) if outputs > 1 else slopes)
    if kernel is None:
        raise NoVerdictError("a network without layers has no kernel")
    norms = CentreNorms(
        kappa=_points([abs(k) for k in net.kappa]),
        # The first layer's weights meet no perturbed input, so their norm is never read.
        weight=_points([0.0, *(spectral_norm_upper(Ball(w)) for w in net.weights[1:])]),
        inputs=_points(input_norm),
        input_max=_points(input_max),
        rows=_points(row_norm[::-1]),
        row_max=_points(row_max[::-1]),
        entry_max=_points(entries[::-1]),
        s1=interval(act.s1),
        s2=interval(act.s2),
    )
    return norms, kernel, _root_of_largest(kernel)


def _points(values: list[float]) -> list[Interval]:
    return [interval(v) for v in values]


def _root_of_largest(gram: Ball) -> float:
    """Square root of a verified upper bound of the largest eigenvalue of a Gram matrix."""
    if max_abs_upper(gram) == 0.0:
        return 0.0
    return float(sqrt_up(max(0.0, lambda_max_upper(gram, method="plain").at_most())))


def reference(net: FloatNetwork, at: Forward, least: float) -> Reference:
    """Bounds about the weights, on a ball of radius at least `least`.

    Raises:
        NotAvailableError: the activation is not smooth.
        NoVerdictError: overflow, or a bound that could not be established.
    """
    norms, kernel, jacobian = centre_bounds(net, at)
    radius = max(_useful_radius(norms.converted(lambda v: v.hi)), 2.0 * least)
    ell = jacobian_lipschitz(norms, interval(radius), UPWARDS).hi
    # ||J(w) - J(w_ref)|| <= ell ||w - w_ref|| on the ball.
    lipschitz = float(add_up(jacobian, mul_up(radius, ell)))
    return Reference(net, norms, kernel, jacobian, radius, ell, lipschitz)


def _useful_radius(norms: CentreNorms) -> float:
    """About the radius at which ell has grown by _DRIFT; a guess, any positive number is valid."""
    centre = float(jacobian_lipschitz(norms, 0.0))
    low, high = 2.0**-40, 1.0
    for _ in range(24):
        middle = float(np.sqrt(low * high))
        if float(jacobian_lipschitz(norms, middle)) <= (1 + _DRIFT) * centre:
            low = middle
        else:
            high = middle
    return low


def jacobian_change_upper(norms: CentreNorms, s: float) -> float:
    """Verified upper bound of ||J(w) - J(w_ref)|| over B(w_ref, s), without the integral of ell."""
    return float(jacobian_change(norms, interval(s), UPWARDS).hi)


def ell_upper(norms: CentreNorms, s: float) -> float:
    """Verified upper bound of the Lipschitz constant of J over B(w_ref, s)."""
    return float(jacobian_lipschitz(norms, interval(s), UPWARDS).hi)
