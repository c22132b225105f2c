"""What the recheck of Theorem D computes of a network: of fully connected layers, or of a graph of one convolution."""

from __future__ import annotations

from typing import Any, Protocol

from flint import arb, arb_mat

from .arithmetic import root
from .ball_bounds import Bounds
from .checks import Tick
from .fields import Array
from .file import Common, Stored
from .graph.ball import GraphBall
from .graph.file import GraphStored, with_parameters
from .graph.iterate import Chain, Seen, group_weights
from .in_pairs import GraphInPairs, LayersInPairs
from .iterate import (
    Forward,
    Weights,
    distance,
    forward,
    gradient,
    hidden_layer_curvature,
    norm,
    share_of,
    step,
    stored_weights,
)
from .layers.centre import centre
from .layers.recursion import steepness
from .pairs.functions import on_pairs
from .references import GraphReference, LayerReference, Reference


class Passes(Protocol):
    """What is computed along a trajectory, in balls or in pairs of doubles; summed loss where nothing else is said."""

    start: Any
    """The stored weights."""
    end: Any
    """w_T as stored."""

    def forward(self, at: Any) -> Any:
        """What the rest needs, with `residual` F - y, (n, C)."""
        ...

    def gradient(self, at: Any, seen: Any) -> Any:
        """Of the loss in use."""
        ...

    def norm(self, parts: list[Any]) -> arb:
        """Enclosure of the Euclidean norm of all entries together."""
        ...

    def distance(self, a: Any, b: Any) -> arb:
        """Enclosure of the Euclidean distance between weights."""
        ...

    def step(self, at: Any, along: Any, size: arb) -> tuple[Any, arb]:
        """Weights near the exact step from exact ones, and how far they may be from it, as `iterate.step`."""
        ...

    def curvature(self, at: Any, seen: Any, reach: arb, lipschitz: arb, known: arb) -> tuple[arb, arb]:
        """Bounds of ||E|| and -lambda_min(E) on the ball, E = sum_i r_i Hess f_i; `known` is one of ||E||."""
        ...

    def reference(self, at: Any) -> Reference:
        """Norms near these weights."""
        ...


class Network(Passes, Protocol):
    """A network along its trajectory in balls."""

    def about_end(self, tick: Tick) -> Bounds:
        """Bounds about w_T."""
        ...

    def in_pairs(self) -> Passes | None:
        """The same passes on whole arrays; None where they do not speak of this network."""
        ...


class InBalls:
    """What the networks here have in common.

    Args:
        c: settings.
    """

    def __init__(self, c: Common) -> None:
        self._settings = c

    def norm(self, parts: list[arb_mat]) -> arb:
        """As in `Passes`."""
        return norm(parts)

    def distance(self, a: Weights, b: Weights) -> arb:
        """As in `Passes`."""
        return distance(a, b)

    def step(self, at: Weights, along: Weights, size: arb) -> tuple[Weights, arb]:
        """As in `Passes`."""
        return step(self._settings, at, along, size)


class _LayerEnd:
    """Bounds about w_T; `change` is asked for rising radii."""

    def __init__(self, c: Stored, hint: float, tick: Tick) -> None:
        at = centre(c, hint, tick)
        self._norms, self.least, self.largest, self.residual = at.norms, at.least, root(at.largest), at.residual
        self._summed, self._last = arb(0), 0.0

    def change(self, s: float) -> arb:
        # int_0^s ell by right end points, ell being nondecreasing; or the recursion for dJ itself.
        self._summed += (arb(s) - self._last) * self.steepness(s)
        self._last = s
        return self._summed.min(s * steepness(self._norms, arb(s), everywhere=False))

    def steepness(self, radius: float) -> arb:
        return steepness(self._norms, arb(radius), everywhere=True)


class LayerNetwork(InBalls):
    """Fully connected layers.

    Args:
        c: the network at the start, its data and settings.
        end: the network at w_T.
        hint: a guess at the smallest eigenvalue there.
    """

    def __init__(self, c: Stored, end: Stored, hint: float) -> None:
        super().__init__(c)
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

    def in_pairs(self) -> Passes | None:
        """As in `Network`."""
        functions = on_pairs(self._c.activation)
        return None if functions is None else LayersInPairs(self._c, self._last, functions)

    def about_end(self, tick: Tick) -> Bounds:
        """As in `Network`."""
        return _LayerEnd(self._last, self._hint, tick)


class GraphNetwork(InBalls):
    """A graph of one convolution.

    Args:
        c: the network at the start, its data and settings.
        weights, biases: at w_T, by groups.

    Raises:
        Stop: with code DAMAGED: another graph.
    """

    def __init__(self, c: GraphStored, weights: list[Array], biases: list[Array | None]) -> None:
        super().__init__(c)
        self._c, self._chain = c, Chain(c)
        self._last, self._ends = with_parameters(c, weights, biases), (weights, biases)
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
        return GraphReference.of(self._c, at)

    def in_pairs(self) -> Passes | None:
        """As in `Network`."""
        functions = on_pairs(self._chain.name)
        return None if functions is None else GraphInPairs(self._c, self._chain, functions, self._ends)

    def about_end(self, tick: Tick) -> Bounds:
        """As in `Network`."""
        found = GraphBall.of(self._last, tick)
        # Balls know the residual to more digits than doubles do.
        found.residual = norm([self._chain.forward(self.end).residual])
        return found
