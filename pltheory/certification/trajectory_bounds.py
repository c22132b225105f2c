"""Verified bounds at a reference point of a trajectory, valid on a ball that many steps stay in; the growth of a step.

Recomputing norms and kernel at every step is costly and needless: ell and L_F of THEORY section 5 about w_ref on a ball
of radius R hold on every ball B(w_t, eps_t) inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..rigor import roundoff
from ..rigor.eigen import lambda_max_upper, sigma_min_lower, spectral_norm_upper
from ..rigor.errors import NoVerdictError
from ..rigor.midrad import Ball, as_ball, matmul
from ..rigor.norms import max_abs_upper
from ..rigor.roundoff import add_up, mul_up, quiet, sqrt_up
from ..rigor.scalar import INTERVALS, Interval, between, interval, maximum, sqrt
from ..theory.activations import ACTIVATIONS
from ..theory.arithmetic import Arithmetic
from ..theory.errors import NotAvailableError
from ..theory.perturbation import CentreNorms, jacobian_change, jacobian_lipschitz
from .trajectory_step import FloatNetwork, Forward

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


UPWARDS = Arithmetic(INTERVALS.sqrt, INTERVALS.minimum, INTERVALS.maximum, nonnegative_norm)
"""Intervals whose spectral norm is that of nonnegative matrices; only upper ends of its results are meant."""


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
    act = ACTIVATIONS[net.activation]
    if not act.smooth:
        raise NotAvailableError(f"not available for this network: {act.name} is not twice continuously differentiable")
    n, outputs = at.residual.shape
    depth = net.depth
    rows = Ball(np.tile(np.eye(outputs), (n, 1)))  # (n C, C)
    row_norm, row_max, entries = [np.sqrt(float(n))], [1.0], []
    row_norm[0] = float(sqrt_up(float(n)))
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
    point = _points
    norms = CentreNorms(
        kappa=point([abs(k) for k in net.kappa]),
        # The first layer's weights meet no perturbed input, so their norm is never read.
        weight=point([0.0, *(spectral_norm_upper(Ball(w)) for w in net.weights[1:])]),
        inputs=point(input_norm),
        input_max=point(input_max),
        rows=point(row_norm[::-1]),
        row_max=point(row_max[::-1]),
        entry_max=point(entries[::-1]),
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


def _highs(norms: CentreNorms) -> CentreNorms:
    """The same norms as floats, for guesses."""

    def floats(values: object) -> list[float]:
        return [v.hi for v in values]  # type: ignore[attr-defined]

    return CentreNorms(
        floats(norms.kappa),
        floats(norms.weight),
        floats(norms.inputs),
        floats(norms.input_max),
        floats(norms.rows),
        floats(norms.row_max),
        floats(norms.entry_max),
        norms.s1.hi,
        norms.s2.hi,
    )


def reference(net: FloatNetwork, at: Forward, least: float) -> Reference:
    """Bounds about the weights, on a ball of radius at least `least`.

    Raises:
        NotAvailableError: the activation is not smooth.
        NoVerdictError: overflow, or a bound that could not be established.
    """
    norms, kernel, jacobian = centre_bounds(net, at)
    radius = max(_useful_radius(_highs(norms)), 2.0 * least)
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


# --- growth of the distance to the exact iterate ----------------------------------------------------------------------

FULL, BAND, FLOOR = "full", "band", "floor"


def branches(grad: Interval, gamma: float, delta: float) -> frozenset[str]:
    """The branches of the step that can occur for gradient norms in the interval.

    Full step where ||grad|| <= gamma, floor where delta ||grad|| >= gamma, clipped band between.
    """
    found = set()
    if grad.lo <= gamma:
        found.add(FULL)
    scaled = grad * delta
    if scaled.hi >= gamma:
        found.add(FLOOR)
    if grad.hi > gamma and scaled.lo < gamma:
        found.add(BAND)
    return frozenset(found)


def constant_factor(h: Interval, beta: Interval, negative: Interval) -> Interval:
    """Upper end: ||I - h H|| for symmetric H with spectrum in [-negative, beta], max(1 + h negative, h beta - 1)."""
    return maximum(1 + h * negative, h * beta - 1)


def band_factor(s: Interval, beta: Interval, negative: Interval) -> Interval:
    """Upper end: ||I - s (I - u u^T) H|| for a unit vector u and H as above.

    In coordinates (u, its complement) the matrix is [[1, 0], [-s P H u, P (I - s H) P]] with P = I - u u^T. The last
    block has norm at most al = max(1 + s negative, s beta - 1), and ||P H u|| <= (beta + negative) / 2, because P
    kills the multiple of u by which H differs from H - (beta - negative) / 2, of norm (beta + negative) / 2. With
    v = s (beta + negative) / 2 the norm is at most that of [[1, 0], [v, al]], whose singular values have product al
    and squares summing to 1 + v^2 + al^2: (sqrt(v^2 + (al + 1)^2) + sqrt(v^2 + (al - 1)^2)) / 2.
    """
    al = maximum(constant_factor(s, beta, negative), 1)
    v = s * (beta + negative) / 2
    return (sqrt(v * v + (al + 1) ** 2) + sqrt(v * v + (al - 1) ** 2)) / 2


@dataclass(frozen=True)
class Growth:
    """How far two points of a ball can be driven apart by one exact step.

    Attributes:
        factor: upper bound of the Lipschitz constant of the step over the ball.
        branches: the branches that can occur in the ball.
        negative: upper bound of minus the smallest eigenvalue of the Hessian there.
        beta: upper bound of its largest eigenvalue.
    """

    factor: float
    branches: frozenset[str]
    negative: float
    beta: float


def growth(
    residual: float,
    eps: float,
    ref: Reference,
    grad: Interval,
    eta: float,
    gamma: float,
    delta: float,
    scale: Interval,
) -> Growth:
    """Lipschitz constant over B(w, eps) of the exact step of delta-GClip.

    The step is continuous and piecewise continuously differentiable in the gradient, so on a segment, where it is
    absolutely continuous, its derivative is almost everywhere that of one of the pieces that occur (at density points
    of a set where two pieces agree, of both). The ball is convex, so the largest factor bounds the whole.

    Args:
        residual: upper bound of ||r(w)||.
        eps: radius of the ball, which must lie in that of `ref`.
        ref: bounds that hold there.
        grad: enclosure of ||grad L(w)|| of the loss in use.
        eta, gamma, delta: the settings.
        scale: c of the loss in use.
    """
    lf = interval(ref.lipschitz)
    reach = interval(residual) + lf * eps
    negative = scale * reach * ref.ell
    beta = scale * lf * lf + negative
    # ||Hess L|| <= beta over the ball, so the gradient moves by at most beta eps.
    change = (beta * eps).hi
    over = between(max(0.0, (grad - change).lo), (grad + change).hi)
    possible = branches(over, gamma, delta)
    factors = []
    if FULL in possible:
        factors.append(constant_factor(interval(eta), beta, negative).hi)
    if FLOOR in possible:
        factors.append(constant_factor(interval(eta) * delta, beta, negative).hi)
    if BAND in possible:
        least = max(over.lo, gamma)
        largest = min((interval(eta) * gamma / least).hi, eta)
        factors.append(band_factor(interval(largest), beta, negative).hi)
    return Growth(max(factors), possible, negative.hi, beta.hi)


def jacobian_change_upper(norms: CentreNorms, s: float) -> float:
    """Verified upper bound of ||J(w) - J(w_ref)|| over B(w_ref, s), without the integral of ell."""
    return float(jacobian_change(norms, interval(s), UPWARDS).hi)


def ell_upper(norms: CentreNorms, s: float) -> float:
    """Verified upper bound of the Lipschitz constant of J over B(w_ref, s)."""
    return float(jacobian_lipschitz(norms, interval(s), UPWARDS).hi)

