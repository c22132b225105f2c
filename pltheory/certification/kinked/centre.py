"""A network with kinks at its weights: smallest singular values of the Jacobian with and without some columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...nets.centre import Centre as Linearised
from ...nets.centre import linearize
from ...nets.fields import FLOATS, VERIFIED
from ...nets.fields.verified import Near, frobenius
from ...nets.kinked import Change, Dropped, KinkedBounds, kept_kernel
from ...nets.one_layer import OneLayer
from ...nets.roundoff import output_error
from ...rigor.arithmetic import INTERVALS
from ...rigor.eigen import lambda_max_upper, lambda_min_lower
from ...rigor.midrad import Ball
from ...rigor.roundoff import U, add_up, down, mul_up, sqrt_down, sqrt_up
from ...rigor.scalar import interval
from ...theory import arithmetic
from ...theory.arithmetic import Arithmetic, Scalar
from ..enclose import ROOM
from ..stored_graph import GraphArrays


@dataclass(frozen=True)
class KinkedCentre:
    """Numbers at the weights w_0, of the plain F; upper and lower bounds where rounding is counted, else estimates.

    Attributes:
        arrays: the network and data.
        at: the network linearised there, every token at one of its pieces.
        bounds: over balls.
        layer: sharper bounds of jumps, of a network of one hidden layer; else None.
        ops: the arithmetic of `bounds`.
        number: from a float to a number of it.
        rounded: whether rounding is counted.
        sigma_max: upper bound of ||J||.
        residual: upper bound of ||F(w_0) - y||.
    """

    arrays: GraphArrays
    at: Linearised
    bounds: KinkedBounds
    layer: OneLayer | None
    ops: Arithmetic
    number: Callable[[float], Scalar]
    rounded: bool
    sigma_max: float
    residual: float
    _known: dict[bytes, float] = field(default_factory=dict, repr=False)

    @property
    def lambda_min(self) -> float:
        """Lower bound of the smallest eigenvalue of J J^T."""
        return _lowest(self.at.kernel, self.rounded)

    def sigma(self, dropped: Dropped) -> float:
        """Lower bound of sigma_min(J without some columns)."""
        key = b"".join(
            [np.array(sorted(dropped.groups), dtype=np.int64).tobytes()]
            + [np.int64(u).tobytes() + units.tobytes() for u, units in sorted(dropped.units.items())]
        )
        if key not in self._known:
            lowest = max(0.0, _lowest(kept_kernel(self.at, dropped), self.rounded))
            self._known[key] = float(sqrt_down(lowest)) if self.rounded else math.sqrt(lowest)
        return self._known[key]

    def best(self, changes: list[Change]) -> float:
        """Lower bound of |M^T u| over unit u and the hull of the Jacobians on a ball, from its changes."""
        found = 0.0
        for c in changes:
            lost = self.ops.above(c.jump + c.smooth)
            sigma = self.sigma(c.dropped)
            found = max(found, float(down(sigma - lost)) if self.rounded else sigma - lost)
        return found


def _lowest(kernel: np.ndarray | Near, rounded: bool) -> float:
    if not rounded:
        assert isinstance(kernel, np.ndarray)
        return float(np.linalg.eigvalsh(0.5 * (kernel + kernel.T))[0])
    assert isinstance(kernel, Near)
    middle = Ball(0.5 * (kernel.mid + kernel.mid.T))
    off = mul_up(ROOM, add_up(kernel.rad, mul_up(U, frobenius(middle.mid))))
    return float(down(lambda_min_lower(middle).at_least() - off))


def kinked_centre(a: GraphArrays, *, rounded: bool) -> KinkedCentre:
    """Linearise a network with kinks; arguments and errors as `enclose`, without rounding in plain floats."""
    if not rounded:
        at = linearize(a.graph, a.x, FLOATS, jumps=True)
        top = float(np.linalg.eigvalsh(0.5 * (at.kernel + at.kernel.T))[-1])
        residual = float(np.linalg.norm(at.outputs - a.y))
        bounds = KinkedBounds.of(at)
        root = math.sqrt(max(0.0, top))
        return KinkedCentre(a, at, bounds, OneLayer.of(at), arithmetic.FLOATS, float, False, root, residual)
    at = linearize(a.graph, a.x, VERIFIED, jumps=True)
    middle = Ball(0.5 * (at.kernel.mid + at.kernel.mid.T))
    off = mul_up(ROOM, add_up(at.kernel.rad, mul_up(U, frobenius(middle.mid))))
    largest = float(add_up(max(0.0, lambda_max_upper(middle).at_most()), off))
    off_outputs = min(at.outputs.rad, output_error(a.graph, at.numbers, at.rounding))
    away = VERIFIED.add(Near(at.outputs.mid, off_outputs), VERIFIED.constant(-a.y))
    residual = float(add_up(frobenius(away.mid), mul_up(ROOM, away.rad)))
    bounds, top = KinkedBounds.of(at), float(sqrt_up(largest))
    return KinkedCentre(a, at, bounds, OneLayer.of(at), INTERVALS, interval, True, top, residual)
