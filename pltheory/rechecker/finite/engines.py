"""What the recheck of Theorem T computes of batches of a fully connected network, in balls or in pairs of doubles.

Weights, buffers and gradients are of one type here, `iterate.Weights` or `pairs.step.PairWeights`. The outputs of a
batch are few numbers: what the loss makes of them is ball arithmetic in either engine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from flint import arb, arb_mat

from ..arithmetic import Row
from ..fields import Array
from ..file import Stored
from ..followed import LayerNetwork
from ..in_pairs import LayersInPairs
from ..iterate import Weights
from ..iterate import distance as ball_distance
from ..midpoint import Upper
from ..pairs.functions import on_pairs
from ..pairs.pair import Pair, pair_of
from ..pairs.step import PairWeights

Samples = tuple[int, ...]


def part_of(c: Stored, rows: Samples) -> Stored:
    """The network on these samples, with targets 0 and a loss that is a sum: its residual is the outputs."""
    index = list(rows)
    return replace(c, x=np.ascontiguousarray(c.x[index]), y=np.zeros_like(c.y[index]), loss="sum")


class Engine(Protocol):
    """Passes over batches, and sums of weights."""

    start: Any
    """The stored weights."""
    end: Any
    """w_T as stored."""

    def passes(self, rows: Samples) -> Any:
        """Those of `followed.Passes` on the batch: `forward` gives its outputs as `residual`."""
        ...

    def outputs(self, seen: Any) -> list[Row]:
        """The outputs as balls, a row a sample."""
        ...

    def with_slope(self, seen: Any, slope: list[Row]) -> Any:
        """The same pass with the loss's derivative in place of the residual."""
        ...

    def scaled(self, part: Any, factor: arb) -> Any:
        """An array of weights times a number."""
        ...

    def settled(self, of: Any) -> tuple[Any, arb]:
        """Exact weights near enclosed ones, and how far they may be from these."""
        ...


class InBalls:
    """Balls.

    Args:
        c: the network at the start, and its data.
        end: the network at w_T.
    """

    def __init__(self, c: Stored, end: Stored) -> None:
        self._c, self._known = c, {}
        whole = LayerNetwork(c, end, -np.inf)
        self.start, self.end = whole.start, whole.end

    _known: dict[Samples, LayerNetwork]

    def passes(self, rows: Samples) -> LayerNetwork:
        """As in `Engine`."""
        if rows not in self._known:
            part = part_of(self._c, rows)
            self._known[rows] = LayerNetwork(part, part, -np.inf)
        return self._known[rows]

    def outputs(self, seen: Any) -> list[Row]:
        """As in `Engine`."""
        rows: list[Row] = seen.residual.tolist()
        return rows

    def with_slope(self, seen: Any, slope: list[Row]) -> Any:
        """As in `Engine`."""
        return replace(seen, residual=arb_mat(slope))

    def scaled(self, part: arb_mat, factor: arb) -> arb_mat:
        """As in `Engine`."""
        return part * factor

    def settled(self, of: Weights) -> tuple[Weights, arb]:
        """As in `Engine`."""
        middle = like(of, [p.mid() for p in of.parts])
        return middle, ball_distance(of, middle).upper()


class InPairs:
    """Pairs of doubles.

    Args:
        c: the network at the start, and its data.
        end: the network at w_T.
    """

    def __init__(self, c: Stored, end: Stored) -> None:
        functions = on_pairs(c.activation)
        assert functions is not None
        self._c, self._functions, self._known = c, functions, {}
        whole = LayersInPairs(c, end, functions)
        self.start, self.end = whole.start, whole.end

    _known: dict[Samples, LayersInPairs]

    def passes(self, rows: Samples) -> LayersInPairs:
        """As in `Engine`."""
        if rows not in self._known:
            part = part_of(self._c, rows)
            self._known[rows] = LayersInPairs(part, part, self._functions)
        return self._known[rows]

    def outputs(self, seen: Any) -> list[Row]:
        """As in `Engine`."""
        pair: Pair = seen.residual
        error = pair.err.exact
        around = error.union(-error)
        return [
            [arb(p) + q + around for p, q in zip(*both, strict=True)]
            for both in zip(pair.high.tolist(), pair.low.tolist(), strict=True)
        ]

    def with_slope(self, seen: Any, slope: list[Row]) -> Any:
        """As in `Engine`."""
        return replace(seen, residual=pair_of(slope))

    def scaled(self, part: Pair, factor: arb) -> Pair:
        """As in `Engine`."""
        return part.scaled(factor)

    def settled(self, of: PairWeights) -> tuple[PairWeights, arb]:
        """As in `Engine`."""
        error = Upper(np.array([float(p.err.value) for p in of.parts])).norm()
        return like(of, [p.exact for p in of.parts]), error.exact


def engines(c: Stored, end: Stored) -> list[type[InBalls] | type[InPairs]]:
    """Those that speak of this network, the fastest first."""
    return [InPairs, InBalls] if on_pairs(c.activation) is not None else [InBalls]


def like(weights: Any, parts: list[Any]) -> Any:
    """Weights of the same layers."""
    rest = iter(parts)
    first = [next(rest) for _ in weights.weights]
    return type(weights)(first, [None if b is None else next(rest) for b in weights.biases])


def nothing(weights: Any, engine: Engine) -> Any:
    """Zeros of the same layers."""
    return like(weights, [engine.scaled(p, arb(0)) for p in weights.parts])


def distance_of(passes: Any, a: Any, b: Any) -> arb:
    """Enclosure of the Euclidean distance."""
    found: arb = passes.distance(a, b)
    return found


def floats(values: Array) -> list[list[float]]:
    """Rows of doubles."""
    rows: list[list[float]] = values.tolist()
    return rows
