"""Verified bounds of a network with kinks about a reference point, whatever pieces its arguments are on in a ball."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...nets.centre import linearize
from ...nets.fields import VERIFIED
from ...nets.graph import Graph
from ...nets.jumps import Kinks
from ...nets.kinds.kinks import Kinked
from ...nets.kinked import KinkedBounds
from ...nets.sweep import Sweep
from ...nets.tape import Reach
from ...rigor.roundoff import Array, add_up, mul_up, sqrt_up
from ...rigor.scalar import interval
from ...theory.arithmetic import FLOATS
from ...theory.rows import Row, length
from .bounds import UPWARDS
from .graph_bounds import MARGIN, kernel_about, spreads_over

_DRIFT = 0.25
"""A reference point's ball is about that on which ell grows by this part,"""
_GROWTH = 1.0
"""and ||J|| by that."""


@dataclass(frozen=True, eq=False)
class KinkedReference:
    """Verified bounds about one point, for the summed loss.

    Attributes:
        network: the weights w_ref.
        bounds: over balls about them.
        kernel: midpoint of the tangent kernel K(w_ref), symmetric.
        jacobian: upper bound of ||J(w_ref)||.
        radius: R.
        ell: upper bound over B(w_ref, R) of the Lipschitz constant of J on any ball in which no piece changes.
        lipschitz: upper bound of ||J|| over B(w_ref, R).
        swept: the second sweep over B(w_ref, R).
    """

    network: Graph
    bounds: KinkedBounds
    kernel: Array
    jacobian: float
    radius: float
    ell: float
    lipschitz: float
    swept: Sweep

    @cached_property
    def sigma_estimate(self) -> float:
        """sigma_min(J(w_ref)) in floating point: a guess, trusted for nothing."""
        return float(np.sqrt(max(0.0, float(np.linalg.eigvalsh(self.kernel)[0]))))

    @cached_property
    def spreads(self) -> dict[int, float]:
        """Upper bounds of ||T_v(W)|| over B(w_ref, R), by affine node whose input moves."""
        return spreads_over(self.bounds.frozen, self.radius)

    @cached_property
    def speeds(self) -> Mapping[int, tuple[float, Array | None]]:
        """How fast a sample's arguments move anywhere in the ball, by node with kinks: together, and each entry."""
        found = {}
        for v, node in enumerate(self.network.nodes):
            at = self.bounds.frozen.numbers[v]
            if isinstance(node.kind, Kinked) and isinstance(at, Kinks):
                u = node.inputs[0]
                found[v] = self._length(self.swept.forward[u].sample), self._entries(at.reach)
        return found

    def _length(self, row: Row) -> float:
        whole = length(row, UPWARDS)
        return 0.0 if whole is None else float(interval(whole).hi)

    def _entries(self, reach: Reach | None) -> Array | None:
        """`|e~| t_g + |kappa| |W_o| (x' . t)` with patches and weights anywhere in the ball, over unit t."""
        if reach is None:
            return None
        moved = interval(self.swept.moved(reach.input).sample).hi
        own = add_up(reach.own, mul_up(reach.scale, moved)) if moved else reach.own
        c = add_up(reach.weights, mul_up(reach.scale, self.radius))
        others = np.zeros(())
        for g, value in self.swept.forward[reach.input].sample.items():
            part = mul_up(c, interval(value).hi)
            if g == reach.group:
                own = add_up(own, part[None, :])
            else:
                others = add_up(others, mul_up(part, part))
        found = sqrt_up(add_up(mul_up(own, own), others))
        return np.where((own == 0) & (others == 0), 0.0, found)


def kinked_reference(graph: Graph, x: Array, least: float, most: float) -> KinkedReference:
    """Bounds about the weights, on a ball of a radius between two, the larger where bounds do not grow much.

    Raises:
        NoVerdictError: overflow, or a bound that could not be established.
    """
    at = linearize(graph, x, VERIFIED, jumps=True)
    bounds = KinkedBounds.of(at)
    kernel, _, jacobian = kernel_about(at)
    radius = _useful_radius(bounds, jacobian, least, most)
    ball = bounds.over(interval(radius), UPWARDS, interval)
    first = ball.changes()[0]
    lipschitz = float(mul_up(MARGIN, add_up(jacobian, (first.jump + first.smooth).hi)))
    ell = float(mul_up(MARGIN, ball.pairs()[1].hi))
    return KinkedReference(graph, bounds, kernel, jacobian, radius, ell, lipschitz, ball.second())


def _useful_radius(bounds: KinkedBounds, jacobian: float, least: float, most: float) -> float:
    """About the largest radius at which neither ell nor ||J|| has grown by more than a part; any would be valid."""
    ell = float(bounds.over(least, FLOATS, float).pairs()[1])
    low, high = least, most
    while high > 2.0 * low:
        middle = math.sqrt(low * high)
        ball = bounds.over(middle, FLOATS, float)
        change = ball.changes()[0]
        if change.jump + change.smooth > _GROWTH * jacobian or ball.pairs()[1] > (1 + _DRIFT) * ell:
            high = middle
        else:
            low = middle
    return low
