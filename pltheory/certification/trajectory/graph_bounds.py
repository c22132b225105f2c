"""Verified bounds of a graph about a reference point of a trajectory, valid on a ball that many steps stay in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...nets.ball import GraphBounds
from ...nets.centre import Centre, linearize
from ...nets.fields import VERIFIED
from ...nets.fields.verified import frobenius
from ...nets.graph import Graph
from ...nets.kinds.affine import AffineNumbers
from ...rigor.eigen import lambda_max_upper, sigma_min_lower
from ...rigor.midrad import Ball
from ...rigor.roundoff import Array, U, add_up, mul_up, sqrt_down, sqrt_up
from ...rigor.scalar import interval
from ...theory.arithmetic import FLOATS
from ..enclose import ROOM
from .bounds import UPWARDS

MARGIN = 1.0 + 2.0**-30
"""What is claimed is larger than what was found by that factor: a recheck rounds otherwise."""


@dataclass(frozen=True, eq=False)
class GraphReference:
    """Verified bounds about one point, for the summed loss.

    Attributes:
        network: the weights w_ref.
        bounds: over balls about them.
        kernel: midpoint of the tangent kernel K(w_ref), symmetric.
        off: how far the exact kernel may be from it, in Frobenius norm.
        jacobian: upper bound of ||J(w_ref)||.
        radius: R.
        ell: upper bound of the Lipschitz constant of J over B(w_ref, R).
        lipschitz: upper bound of ||J|| over B(w_ref, R).
    """

    network: Graph
    bounds: GraphBounds
    kernel: Array
    off: float
    jacobian: float
    radius: float
    ell: float
    lipschitz: float

    @cached_property
    def sigma_estimate(self) -> float:
        """sigma_min(J(w_ref)) in floating point: a guess at when to try the last step, trusted for nothing."""
        return float(np.sqrt(max(0.0, float(np.linalg.eigvalsh(self.kernel)[0]))))

    @cached_property
    def spreads(self) -> dict[int, float]:
        """Upper bounds of ||T_v(W)|| over B(w_ref, R), by affine node whose input moves."""
        return spreads_over(self.bounds, self.radius)

    def sigma_lower(self) -> float:
        """Verified lower bound of sigma_min(J(w_ref)); 0 where none is found."""
        # The error moves no eigenvalue by more.
        sigma = sigma_min_lower(Ball(self.kernel)).at_least()
        return float(sqrt_down(np.nextafter(np.nextafter(sigma * sigma, -np.inf) - self.off, -np.inf)))

    def change_within(self, s: float) -> float:
        """Upper bound of ||J(w) - J(w_ref)|| over B(w_ref, s)."""
        return float(mul_up(MARGIN, self.bounds.change(interval(s), UPWARDS, interval).hi))

    def ell_within(self, s: float) -> float:
        """Upper bound of the Lipschitz constant of J over B(w_ref, s)."""
        return float(mul_up(MARGIN, self.bounds.lipschitz(interval(s), UPWARDS, interval).hi))


def spreads_over(bounds: GraphBounds, radius: float) -> dict[int, float]:
    """Upper bounds of ||T_v(W)|| over B(w_ref, R), by affine node whose input moves."""
    return {
        v: float(add_up(at.spread, mul_up(at.reach, radius)))
        for v, at in enumerate(bounds.numbers)
        if isinstance(at, AffineNumbers) and at.spread
    }


def kernel_about(at: Centre) -> tuple[Array, float, float]:
    """The kernel's midpoint, how far the exact one may be from it in Frobenius norm, and an upper bound of ||J||."""
    kernel = 0.5 * (at.kernel.mid + at.kernel.mid.T)
    # Symmetrising rounds, and moves the midpoint no further from the exact kernel, which is symmetric.
    off = float(mul_up(ROOM, add_up(at.kernel.rad, mul_up(2 * U, frobenius(kernel)))))
    largest = add_up(max(0.0, lambda_max_upper(Ball(kernel), method="plain").at_most()), off)
    return kernel, off, float(mul_up(MARGIN, sqrt_up(largest)))


def graph_reference(graph: Graph, x: Array, least: float, drift: float) -> GraphReference:
    """Bounds about the weights, on a ball of radius at least `least`.

    Args:
        graph: the network at them.
        x: (n, N_0).
        least: see there.
        drift: the radius is about the one at which ell has grown by this part.

    Raises:
        NoVerdictError: overflow, or a bound that could not be established.
    """
    at = linearize(graph, x, VERIFIED)
    bounds = GraphBounds.of(at)
    kernel, off, jacobian = kernel_about(at)
    radius = max(_useful_radius(bounds, drift), 2.0 * least)
    ell = float(mul_up(MARGIN, bounds.lipschitz(interval(radius), UPWARDS, interval).hi))
    # ||J(w) - J(w_ref)|| <= ell ||w - w_ref|| on the ball.
    lipschitz = float(add_up(jacobian, mul_up(radius, ell)))
    return GraphReference(graph, bounds, kernel, off, jacobian, radius, ell, lipschitz)


def _useful_radius(bounds: GraphBounds, drift: float) -> float:
    """About the radius at which ell has grown by that part; a guess, any positive number is valid."""
    centre = float(bounds.lipschitz(0.0, FLOATS))
    low, high = 2.0**-40, 1.0
    for _ in range(24):
        middle = float(np.sqrt(low * high))
        if float(bounds.lipschitz(middle, FLOATS)) <= (1 + drift) * centre:
            low = middle
        else:
            high = middle
    return low
