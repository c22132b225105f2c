"""Norms at a reference point of a trajectory, and from them bounds on every ball that is not far away."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from flint import arb

from .arithmetic import floats_of, root
from .fields import Array
from .file import Stored
from .graph.ball import GraphBall
from .graph.file import GraphStored, with_parameters
from .graph.iterate import group_weights
from .iterate import Weights, distance, stored_weights
from .layers.centre import centre
from .layers.recursion import steepness
from .pairs.step import PairWeights
from .pairs.step import distance as pair_distance

_FINENESS = 1
"""Radii at which ell is found for weights in pairs, to a factor 2."""


class Reference(Protocol):
    """Norms at doubles near some v_s, and from them bounds on every ball that is not far away."""

    def over(self, at: Any, reach: arb) -> tuple[arb, arb]:
        """Upper bounds of ||J|| and of its Lipschitz constant on the ball of radius `reach`."""
        ...


class LayerReference:
    """Of fully connected layers.

    Args:
        c: what is stored.
        at: the weights; the norms are those at doubles near them.
    """

    def __init__(self, c: Stored, at: Weights) -> None:
        near = at.floats(c)
        self.weights = stored_weights(near.weights, near.biases)
        self.centre = centre(near, -np.inf, lambda note: None)

    def over(self, at: Weights, reach: arb) -> tuple[arb, arb]:
        """As in `Reference`."""
        radius = (distance(at, self.weights) + reach).upper()
        ell = steepness(self.centre.norms, radius, everywhere=True).upper()
        return (root(self.centre.largest) + radius * ell).upper(), ell


class GraphReference:
    """Of a graph.

    Args:
        c: what is stored.
        near, shifts: weights (G, O, q) and biases (G, O) by groups.
    """

    def __init__(self, c: GraphStored, near: list[Array], shifts: list[Array | None]) -> None:
        self._near = near, shifts
        self.ball = GraphBall.of(with_parameters(c, near, shifts), lambda note: None)
        self.largest = self.ball.largest

    @classmethod
    def of(cls, c: GraphStored, at: Weights) -> GraphReference:
        """At doubles near balls."""
        weights, biases = c.parameters
        near = [floats_of(w).reshape(v.shape) for w, v in zip(at.weights, weights, strict=True)]
        shifts = [
            None if b is None or v is None else floats_of(b).reshape(v.shape)
            for b, v in zip(at.biases, biases, strict=True)
        ]
        return cls(c, near, shifts)

    @cached_property
    def weights(self) -> Weights:
        """The doubles as exact numbers."""
        return group_weights(*self._near)

    def steepness(self, radius: float) -> arb:
        """ell(R) about the doubles."""
        return self.ball.steepness(radius)

    def over(self, at: Weights, reach: arb) -> tuple[arb, arb]:
        """As in `Reference`."""
        radius = (distance(at, self.weights) + reach).upper()
        ell = self.steepness(float(radius) * (1 + 2.0**-50))
        return (self.largest + radius * ell).upper(), ell.upper()


class Steep(Protocol):
    """Norms about doubles."""

    largest: arb
    """||J||."""

    def steepness(self, radius: float) -> arb:
        """Lipschitz constant of J on the ball."""
        ...


class PairReference:
    """Norms about doubles for weights that are pairs; ell is found at few radii, and stands for those below.

    Args:
        norms: about `weights`.
        weights: doubles.
    """

    def __init__(self, norms: Steep, weights: PairWeights) -> None:
        self._norms, self._weights = norms, weights
        self._known: dict[float, arb] = {}

    def over(self, at: PairWeights, reach: arb) -> tuple[arb, arb]:
        """As in `Reference`."""
        radius = (pair_distance(at, self._weights) + reach).upper()
        if not 2.0**-500 < radius < 2.0**500:
            return arb.pos_inf(), arb.pos_inf()
        coarse = 2.0 ** (math.floor(_FINENESS * math.log2(float(radius)) + 1.5) / _FINENESS)
        if not radius <= coarse:
            return arb.pos_inf(), arb.pos_inf()
        if coarse not in self._known:
            self._known[coarse] = self._norms.steepness(coarse).upper()
        ell = self._known[coarse]
        return (self._norms.largest + radius * ell).upper(), ell
