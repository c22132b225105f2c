"""Networks along their trajectory in pairs of doubles and, for what needs no more digits, in doubles."""

from __future__ import annotations

from flint import arb

from .fields import Array
from .file import Common, Stored
from .graph.blocks import Blocks
from .graph.file import GraphStored
from .graph.iterate import Chain
from .graph.path import Path, PathSeen
from .iterate import share_of
from .layers.curvature import Units
from .layers.norms import LayerNorms
from .layers.path import LayerPath, LayersSeen
from .pairs.functions import PairTable
from .pairs.pair import Pair
from .pairs.products import norm
from .pairs.step import PairWeights, distance, step
from .references import GraphReference, PairReference


class InPairs:
    """What the networks here have in common.

    Args:
        c: settings.
    """

    def __init__(self, c: Common) -> None:
        self._settings = c

    def norm(self, parts: list[Pair]) -> arb:
        """As in `followed.Passes`."""
        return norm(parts)

    def distance(self, a: PairWeights, b: PairWeights) -> arb:
        """As in `followed.Passes`."""
        return distance(a, b)

    def step(self, at: PairWeights, along: PairWeights, size: arb) -> tuple[PairWeights, arb]:
        """As in `followed.Passes`."""
        return step(self._settings, at, along, size)


class LayersInPairs(InPairs):
    """Fully connected layers.

    Args:
        c: the network at the start, its data and settings.
        end: the network at w_T.
        functions: its activation and the derivative.
    """

    def __init__(self, c: Stored, end: Stored, functions: tuple[PairTable, PairTable]) -> None:
        super().__init__(c)
        self._c, self._path = c, LayerPath(c, functions)
        self._units = Units(c) if len(c.weights) == 2 else None
        self.start, self.end = (_by_layers(at.weights, at.biases) for at in (c, end))

    def forward(self, at: PairWeights) -> LayersSeen:
        """As in `followed.Passes`."""
        return self._path.forward(at)

    def gradient(self, at: PairWeights, seen: LayersSeen) -> PairWeights:
        """As in `followed.Passes`."""
        return self._path.gradient(at, seen)

    def curvature(self, at: PairWeights, seen: LayersSeen, reach: arb, lipschitz: arb, known: arb) -> tuple[arb, arb]:
        """As in `followed.Passes`; sharper than `known` with one hidden layer."""
        found = known if self._units is None else self._units.bound(at, seen, reach, lipschitz)
        return found, found

    def reference(self, at: PairWeights) -> PairReference:
        """As in `followed.Passes`."""
        near, shifts = at.floats
        norms = LayerNorms(self._c, near, [None if b is None else b[0] for b in shifts])
        return PairReference(norms, PairWeights.of(near, shifts))


def _by_layers(weights: list[Array], biases: list[Array | None]) -> PairWeights:
    return PairWeights.of(weights, [None if b is None else b[None, :] for b in biases])


class GraphInPairs(InPairs):
    """A graph of one convolution.

    Args:
        c: the network at the start, its data and settings.
        chain: the graph.
        functions: its activation and the derivative.
        ends: weights and biases of w_T by groups.
    """

    def __init__(
        self, c: GraphStored, chain: Chain, functions: tuple[PairTable, PairTable],
        ends: tuple[list[Array], list[Array | None]],
    ) -> None:  # fmt: skip
        super().__init__(c)
        self._c, self._path = c, Path(chain, functions)
        self._blocks = Blocks(self._path)
        self.start, self.end = by_groups(*c.parameters), by_groups(*ends)

    def forward(self, at: PairWeights) -> PathSeen:
        """As in `followed.Passes`."""
        return self._path.forward(at)

    def gradient(self, at: PairWeights, seen: PathSeen) -> PairWeights:
        """As in `followed.Passes`."""
        return self._path.gradient(at, seen, share_of(self._c))

    def curvature(self, at: PairWeights, seen: PathSeen, reach: arb, lipschitz: arb, known: arb) -> tuple[arb, arb]:
        """As in `followed.Passes`."""
        return self._blocks.bounds(at, seen, reach, lipschitz)

    def reference(self, at: PairWeights) -> PairReference:
        """As in `followed.Passes`."""
        weights, biases = self._c.parameters
        near, shifts = at.floats
        shaped = [w.reshape(v.shape) for w, v in zip(near, weights, strict=True)]
        moved = [None if b is None or v is None else b.reshape(v.shape) for b, v in zip(shifts, biases, strict=True)]
        return PairReference(GraphReference(self._c, shaped, moved), PairWeights.of(near, shifts))


def by_groups(weights: list[Array], biases: list[Array | None]) -> PairWeights:
    """A group's matrices below each other."""
    flat = [w.reshape(-1, w.shape[2]) for w in weights]
    return PairWeights.of(flat, [None if b is None else b.reshape(1, -1) for b in biases])
