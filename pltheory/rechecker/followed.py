"""What the recheck of Theorem D computes of a network: of fully connected layers, or of a graph of one convolution."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Protocol

import numpy as np
from flint import arb

from .arithmetic import floats_of, root
from .ball import Bounds, Centre, Claim, centre, steepness
from .checks import Tick
from .fields import Array
from .file import Stored
from .graph.ball import GraphBall
from .graph.file import GraphStored
from .graph.iterate import Chain, Seen, group_weights
from .graph.kinds.affine import Affine
from .iterate import (
    Forward,
    Weights,
    distance,
    forward,
    gradient,
    hidden_layer_curvature,
    norm,
    share_of,
    stored_weights,
)


class Reference(Protocol):
    """Norms at doubles near some v_s, and from them bounds on every ball that is not far away."""

    def over(self, at: Weights, reach: arb) -> tuple[arb, arb]:
        """Upper bounds of ||J|| and of its Lipschitz constant on the ball of radius `reach`."""
        ...


class Network(Protocol):
    """A network along its trajectory, summed loss where nothing else is said."""

    start: Weights
    """The stored weights."""
    end: Weights
    """w_T as stored."""

    def forward(self, at: Weights) -> Any:
        """What the rest needs, with `residual` F - y, (n, C)."""
        ...

    def gradient(self, at: Weights, seen: Any) -> Weights:
        """Of the loss in use."""
        ...

    def curvature(self, at: Weights, seen: Any, reach: arb, lipschitz: arb, known: arb) -> tuple[arb, arb]:
        """Bounds of ||E|| and -lambda_min(E) on the ball, E = sum_i r_i Hess f_i; `known` is one of ||E||."""
        ...

    def reference(self, at: Weights) -> Reference:
        """Norms near these weights."""
        ...

    def about_end(self, tick: Tick) -> Bounds:
        """Bounds about w_T."""
        ...


def _at(c: Stored, hint: float) -> Claim:
    """A network as the code for balls takes it, K unscaled."""
    stored = {field.name: getattr(c, field.name) for field in fields(Stored)}
    return Claim(**{**stored, "loss": "sum"}, radius=0.0, bounds={"lambda_min": hint}, hypotheses=[], grid=[], sigma=[])


class LayerReference:
    """Of fully connected layers."""

    def __init__(self, c: Stored, at: Weights) -> None:
        near = at.floats(c)
        self.weights = stored_weights(near.weights, near.biases)
        self.centre: Centre = centre(_at(near, -np.inf), lambda note: None)

    def over(self, at: Weights, reach: arb) -> tuple[arb, arb]:
        """As in `Reference`."""
        radius = (distance(at, self.weights) + reach).upper()
        ell = steepness(self.centre.norms, radius, everywhere=True).upper()
        return (root(self.centre.largest) + radius * ell).upper(), ell


class _LayerEnd:
    """Bounds about w_T; `change` is asked for rising radii."""

    def __init__(self, c: Stored, hint: float, tick: Tick) -> None:
        at = centre(_at(c, hint), tick)
        self._norms, self.least, self.largest, self.residual = at.norms, at.least, root(at.largest), at.residual
        self._summed, self._last = arb(0), 0.0

    def change(self, s: float) -> arb:
        # int_0^s ell by right end points, ell being nondecreasing; or the recursion for dJ itself.
        self._summed += (arb(s) - self._last) * self.steepness(s)
        self._last = s
        return self._summed.min(s * steepness(self._norms, arb(s), everywhere=False))

    def steepness(self, radius: float) -> arb:
        return steepness(self._norms, arb(radius), everywhere=True)


class LayerNetwork:
    """Fully connected layers.

    Args:
        c: the network at the start, its data and settings.
        end: the network at w_T.
        hint: a guess at the smallest eigenvalue there.
    """

    def __init__(self, c: Stored, end: Stored, hint: float) -> None:
        self._c, self._last, self._hint = c, end, hint
        self.start = stored_weights(c.weights, c.biases)
        self.end = stored_weights(end.weights, end.biases)

    def forward(self, at: Weights) -> Forward:
        """As in `Network`."""
        return forward(self._c, at)

    def gradient(self, at: Weights, seen: Forward) -> Weights:
        """As in `Network`."""
        return gradient(self._c, at, seen)

    def curvature(self, at: Weights, seen: Forward, reach: arb, lipschitz: arb, known: arb) -> tuple[arb, arb]:
        """As in `Network`; sharper than `known` with one hidden layer."""
        if len(self._c.weights) != 2:
            return known, known
        found = hidden_layer_curvature(self._c, at, seen, reach, lipschitz)
        return found, found

    def reference(self, at: Weights) -> Reference:
        """As in `Network`."""
        return LayerReference(self._c, at)

    def about_end(self, tick: Tick) -> Bounds:
        """As in `Network`."""
        return _LayerEnd(self._last, self._hint, tick)


class GraphReference:
    """Of a graph."""

    def __init__(self, c: GraphStored, at: Weights) -> None:
        weights, biases = c.parameters
        near = [floats_of(w).reshape(v.shape) for w, v in zip(at.weights, weights, strict=True)]
        shifts = [
            None if b is None or v is None else floats_of(b).reshape(v.shape)
            for b, v in zip(at.biases, biases, strict=True)
        ]
        self.weights = group_weights(near, shifts)
        self.ball = GraphBall(with_parameters(c, near, shifts), lambda note: None)

    def over(self, at: Weights, reach: arb) -> tuple[arb, arb]:
        """As in `Reference`."""
        radius = (distance(at, self.weights) + reach).upper()
        ell = self.ball.steepness(float(radius) * (1 + 2.0**-50))
        return (self.ball.largest + radius * ell).upper(), ell.upper()


def with_parameters(c: GraphStored, weights: list[Array], biases: list[Array | None]) -> GraphStored:
    """The graph at other weights."""
    kinds = [
        replace(kind, weight=weights[kind.group], bias=biases[kind.group]) if isinstance(kind, Affine) else kind
        for kind in c.kinds
    ]
    stored = {field.name: getattr(c, field.name) for field in fields(GraphStored)}
    return GraphStored(**{**stored, "kinds": kinds})


class GraphNetwork:
    """A graph of one convolution.

    Args:
        c: the network at the start, its data and settings.
        weights, biases: at w_T, by groups.

    Raises:
        Stop: with code DAMAGED: another graph.
    """

    def __init__(self, c: GraphStored, weights: list[Array], biases: list[Array | None]) -> None:
        self._c, self._chain = c, Chain(c)
        self._last = with_parameters(c, weights, biases)
        self.start, self.end = group_weights(*c.parameters), group_weights(weights, biases)

    def forward(self, at: Weights) -> Seen:
        """As in `Network`."""
        return self._chain.forward(at)

    def gradient(self, at: Weights, seen: Seen) -> Weights:
        """As in `Network`."""
        return self._chain.gradient(at, seen, share_of(self._c))

    def curvature(self, at: Weights, seen: Seen, reach: arb, lipschitz: arb, known: arb) -> tuple[arb, arb]:
        """As in `Network`."""
        return self._chain.curvature(at, seen, reach, lipschitz)

    def reference(self, at: Weights) -> Reference:
        """As in `Network`."""
        return GraphReference(self._c, at)

    def about_end(self, tick: Tick) -> Bounds:
        """As in `Network`."""
        found = GraphBall(self._last, tick)
        # Balls know the residual to more digits than doubles do.
        found.residual = norm([self._chain.forward(self.end).residual])
        return found
