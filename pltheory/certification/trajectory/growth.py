"""How far two points of a ball can be driven apart by one exact step of delta-GClip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...rigor.arithmetic import INTERVALS
from ...rigor.scalar import Interval, between, interval
from ...theory.formulas import expansion_band, expansion_constant

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


class Expansion(Protocol):
    """How far one exact step drives two states apart, for a symmetric Hessian H with spectrum in [-negative, beta]."""

    @property
    def reach(self) -> float:
        """A change of w is at most reach times the norm of that of the state."""
        ...

    @property
    def spread(self) -> float:
        """An error e of the step changes the state by at most spread e."""
        ...

    def constant(self, h: Interval, beta: Interval, negative: Interval) -> Interval:
        """Upper end: where the step is h times the gradient."""
        ...

    def band(self, s: Interval, beta: Interval, negative: Interval) -> Interval:
        """Upper end: where the gradient is clipped, s = eta gamma over its norm."""
        ...


@dataclass(frozen=True)
class Plain:
    """The state is w alone, in the Euclidean norm."""

    reach: float = 1.0
    spread: float = 1.0

    def constant(self, h: Interval, beta: Interval, negative: Interval) -> Interval:
        """Upper end: ||I - h H||, max(1 + h negative, h beta - 1)."""
        return expansion_constant(h, beta, negative, INTERVALS)

    def band(self, s: Interval, beta: Interval, negative: Interval) -> Interval:
        """Upper end: ||I - s (I - u u^T) H|| for a unit vector u.

        In coordinates (u, its complement) the matrix is [[1, 0], [-s P H u, P (I - s H) P]] with P = I - u u^T. The
        last block has norm at most al = max(1 + s negative, s beta - 1), and ||P H u|| <= (beta + negative) / 2,
        because P kills the multiple of u by which H differs from H - (beta - negative) / 2, of norm
        (beta + negative) / 2. With v = s (beta + negative) / 2 the norm is at most that of [[1, 0], [v, al]], whose
        singular values have product al and squares summing to 1 + v^2 + al^2:
        (sqrt(v^2 + (al + 1)^2) + sqrt(v^2 + (al - 1)^2)) / 2.
        """
        return expansion_band(s, beta, negative, INTERVALS)


PLAIN = Plain()


@dataclass(frozen=True)
class Growth:
    """How far two points of a ball can be driven apart by one exact step.

    Attributes:
        factor: upper bound of the Lipschitz constant of the step over the ball.
        branches: the branches that can occur in the ball.
        beta: upper bound of the largest eigenvalue of the Hessian there.
        grad: enclosure of ||grad L|| over the ball.
    """

    factor: float
    branches: frozenset[str]
    beta: float
    grad: Interval


def growth(
    curvature: float,
    lipschitz: float,
    eps: float,
    grad: Interval,
    eta: float,
    gamma: float,
    delta: float,
    scale: Interval,
    concave: float | None = None,
    bend: float = 1.0,
    expansion: Expansion = PLAIN,
) -> Growth:
    """Lipschitz constant over B(w, eps) of the exact step of delta-GClip.

    The step is continuous and piecewise continuously differentiable in the gradient, so on a segment, where it is
    absolutely continuous, its derivative is almost everywhere that of one of the pieces that occur (at density points
    of a set where two pieces agree, of both). The ball is convex, so the largest factor bounds the whole.

    Args:
        curvature: upper bound over the ball of ||sum_i r_i Hess f_i||, summed loss.
        lipschitz: upper bound over the ball of ||J||.
        eps: radius of the ball.
        grad: enclosure of ||grad L(w)|| of the loss in use.
        eta, gamma, delta: the settings.
        scale: c of the loss in use.
        concave: upper bound over the ball of -lambda_min(sum_i r_i Hess f_i), summed loss, where one below that of the
            norm is known. The Hessian's norm is still at most beta: it is no less concave than `curvature` says.
        bend: upper bound of the second derivative of the loss in the outputs, summed loss; 1 of the square loss.
        expansion: of the state that the step moves.
    """
    # Hess L = c (J^T l'' J + sum_i l'_i Hess f_i), l' = r and l'' = 1 for the square loss: the first term is between 0
    # and c bend L_F^2.
    negative = scale * (curvature if concave is None else concave)
    beta = scale * bend * lipschitz * lipschitz + scale * curvature
    # ||Hess L|| <= beta over the ball, so the gradient moves by at most beta eps.
    change = (beta * eps).hi
    over = between(max(0.0, (grad - change).lo), (grad + change).hi)
    possible = branches(over, gamma, delta)
    factors = []
    if FULL in possible:
        factors.append(expansion.constant(interval(eta), beta, negative).hi)
    if FLOOR in possible:
        factors.append(expansion.constant(interval(eta) * delta, beta, negative).hi)
    if BAND in possible:
        least = max(over.lo, gamma)
        largest = min((interval(eta) * gamma / least).hi, eta)
        factors.append(expansion.band(interval(largest), beta, negative).hi)
    return Growth(max(factors), possible, beta.hi, over)
