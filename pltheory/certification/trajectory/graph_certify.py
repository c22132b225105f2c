"""Theorem D for networks of class G: the loop of `certify` with a graph's own passes, bounds and curvature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...nets.channels import Channels
from ...nets.fields import VERIFIED
from ...nets.fields.verified import Near, Verified
from ...nets.gradient import forward, pulled_back
from ...nets.graph import Graph, Group
from ...nets.kinds.affine import AffineNumbers
from ...nets.kinds.fixed import FixedNumbers
from ...nets.tape import Tape
from ...optim import StepSettings, certifiable
from ...problem.problem import Problem
from ...rigor import environment
from ...rigor.roundoff import Array, add_up, mul_up
from ...rigor.scalar import Interval, between
from ...theory import NotAvailableError
from ..stored_graph import GraphArrays
from ..stored_graph import stored as stored_graph
from .certify import Progress, TrajectoryCertificate, _Run, follow
from .graph_bounds import GraphReference, graph_reference
from .graph_curvature import Around, channel_curvature, sent_back
from .network import norm
from .step import Step, enclose_update

_DRIFT = 0.04
"""A reference point serves until ell may have grown by this part."""
_DRIFT_OF_BLOCKS = 0.25
"""The same where the curvature is found from its blocks, and ell serves the change of J alone."""


def arrays(graph: Graph) -> list[Array]:
    """The parameters, group by group, weight and bias."""
    return [part for g in graph.groups for part in (g.weight, g.bias) if part is not None]


def distance_up(a: Graph, b: Graph) -> float:
    """Upper bound of the Euclidean distance between the parameters of two graphs of one structure."""
    apart = norm([x - y for x, y in zip(arrays(a), arrays(b), strict=True)]).hi
    # A computed difference d of floats stands for an exact one of modulus at most |d| (1 + U / (1 - U)).
    return float(mul_up(apart, 1.0 + 2.0**-51))


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known at w_t.

    Attributes:
        tape: the forward pass; after `gradients` the residual's way back as well.
        residual: F - y.
        gradients: J^T r by groups, None where nothing arrives.
    """

    tape: Tape
    residual: Near
    gradients: list[Near | None]

    @property
    def residual_norm(self) -> Interval:
        """Enclosure of ||r(w)||."""
        centre, apart = norm([self.residual.mid]), self.residual.rad
        return between(max(0.0, (centre - apart).lo), (centre + apart).hi)


class GraphRun(_Run):
    """The loop's state on a graph."""

    field: Verified = VERIFIED
    start: GraphArrays
    net: Graph
    ref: GraphReference
    at: Seen

    def take(self, problem: Problem) -> GraphArrays:
        """The stored doubles that the verdict is about."""
        taken = stored_graph(problem)
        assert isinstance(taken, GraphArrays)
        return taken

    def begin(self) -> Graph:
        """w_0, and what the data alone decide."""
        graph = self.start.graph
        parts = Channels.of(graph)
        self.parts = parts if parts is not None and parts.small(len(self.x)) else None
        self.squares: Near | None = None if self.parts is None else self.parts.squares(forward(graph, self.x, VERIFIED))
        return graph

    def look(self) -> Seen:
        """Forward and back at w_t."""
        # Before the first reference point the norms are found here.
        known = self.ref.spreads if hasattr(self, "ref") and self._covered() else {}
        tape = forward(self.net, self.x, self.field, known)
        residual = self.field.add(tape.values[-1], self.field.constant(-self.y))
        return Seen(tape, residual, pulled_back(self.net, tape, residual))

    def _covered(self) -> bool:
        return self.distance(self.ref.network) <= self.ref.radius

    def about(self, least: float) -> GraphReference:
        """Bounds about w_t on a ball of at least that radius."""
        # The first one's ell decides what "c/beta" is.
        wide = self.parts is not None and self.t > 0
        return graph_reference(self.net, self.x, least, _DRIFT_OF_BLOCKS if wide else _DRIFT)

    def distance(self, other: Graph) -> float:
        """Upper bound of ||w_t - other||."""
        return distance_up(self.net, other)

    def curvature(self, residual: float) -> tuple[float, float]:
        """Upper bounds over B(w_t, 2 eps_t) of ||E|| and -lambda_min(E), E = sum_i r_i Hess f_i, from one of ||r||."""
        general = float(mul_up(residual, self.ref.ell))
        if self.parts is None or self.squares is None or self.negligible(general):
            return general, general
        around = self._around(self.parts)
        sharp = channel_curvature(self.parts, self.at.tape, self.at.residual, self.squares, around)
        return min(general, sharp[0]), min(general, sharp[1])

    def _around(self, parts: Channels) -> Around:
        numbers, fixed = self.ref.bounds.numbers, 1.0
        for v in parts.fixed:
            at = numbers[v]
            assert isinstance(at, FixedNumbers)
            fixed = float(mul_up(fixed, at.norm))
        first, head = numbers[parts.first], numbers[-1]
        assert isinstance(first, AffineNumbers)
        assert isinstance(head, AffineNumbers)
        return Around(
            first.inputs,
            first.input_max,
            parts.conv.patches.shape[1],
            head.scale,
            self.ref.spreads.get(len(numbers) - 1, 0.0),
            fixed,
            self.ref.lipschitz,
            self.at.residual_norm.hi,
            sent_back(parts, self.at.tape),
            self.radius,
        )

    def step(self) -> Step:
        """The computed step from w_t."""
        along: list[Array] = []
        apart = 0.0
        share = float(self.scale)
        for group, found in zip(self.net.groups, self.at.gradients, strict=True):
            near = self.field.constant(_none(group)) if found is None else found
            if self.scale != 1:
                near = scaled(self.field, near, share, self.factor)
            along.append(near.mid[..., :-1])
            if group.bias is not None:
                along.append(near.mid[..., -1])
            apart = float(add_up(apart, near.rad))
        moved = enclose_update(arrays(self.net), along, apart, self.eta, self.gamma, self.delta, self.field.unit)
        parts = iter(moved.arrays)
        groups = tuple(Group(next(parts), None if g.bias is None else next(parts), g.names) for g in self.net.groups)
        return Step(self.net.replaced(groups), moved.rho, moved.grad)


def _none(group: Group) -> Array:
    """The gradient of a group that the output does not depend on."""
    return np.zeros((*group.weight.shape[:2], group.weight.shape[2] + 1))


def scaled(field: Verified, x: Near, c: float, exact: Interval) -> Near:
    """Exact x, for a c near it: what c is off, and a rounding."""
    found = field.scaled(x, c)
    off = (abs(exact - c) * norm([x.mid])).hi
    return Near(found.mid, float(add_up(found.rad, off, mul_up(abs(exact - c).hi, x.rad))))


def certify_graph_trajectory(
    problem: Problem,
    settings: StepSettings,
    *,
    steps_limit: int,
    progress: Progress | None = None,
) -> TrajectoryCertificate:
    """Theorem D for a smooth network of class G. Arguments and errors as `certify_trajectory`."""
    environment.require()
    if problem.reading.graph.kinked:
        raise NotAvailableError("the network has kinks: its trajectory is followed by `certify_kinked_trajectory`")
    return follow(GraphRun(problem, certifiable(settings)), problem, steps_limit, progress)
