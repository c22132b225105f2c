"""The pass of `iterate.Chain` on pairs: outputs and gradient of a graph of one convolution, whole arrays at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from ..arithmetic import ACTIVATIONS
from ..midpoint import Upper
from ..pairs.functions import PairTable
from ..pairs.maps import Picks
from ..pairs.pair import Pair, joined, pair_of
from ..pairs.products import times
from ..pairs.step import PairWeights
from .iterate import Chain


@dataclass(frozen=True)
class PathSeen:
    """hidden: Z; slopes: act'(Z), both (n, G O P); read: kappa' times what the head reads; residual: F - y."""

    hidden: Pair
    slopes: Pair
    read: Pair
    residual: Pair


class Path:
    """A chain's passes.

    Args:
        chain: the graph.
        functions: its activation and the derivative.
    """

    def __init__(self, chain: Chain, functions: tuple[PairTable, PairTable]) -> None:
        self.chain, self._functions = chain, functions
        self._s1, self._s2 = (Upper.of(s()) for s in ACTIVATIONS[chain.name][1:])
        self.patches = [pair_of(e.tolist()) for e in chain.patches]
        fixed = [Picks(k.index, k.factor, k.width) for k in chain.fixed]
        self.maps = [*fixed, Picks.plain(chain.head.patches[0, 0], chain.head.width)]
        self._offsets = [None if k.offset is None else Pair.of(k.offset) for k in chain.fixed]
        self._ones = Pair.of(np.ones((1, chain.samples)))
        self._y = pair_of(chain.y.tolist())

    def forward(self, at: PairWeights) -> PathSeen:
        """As `Chain.forward`."""
        chain, n = self.chain, self.chain.samples
        groups, positions, _ = chain.conv.patches.shape
        own = self._extended(at)
        parts = []
        for g, rows in enumerate(own):
            z = times(self.patches[g], rows.T)
            parts.append(z.reshape(n, positions, -1).transpose(0, 2, 1).reshape(n, -1))
        hidden = parts[0] if groups == 1 else joined(parts, 1)
        value, slope = (f(hidden) for f in self._functions)
        value, slope = value.widened(hidden.err * self._s1), slope.widened(hidden.err * self._s2)
        for map_, offset in zip(self.maps, [*self._offsets, None], strict=True):
            value = map_(value)
            value = value if offset is None else value + offset
        read = value.scaled(arb(chain.head.kappa))
        out = times(read, at.weights[chain.head.group].T)
        bias = at.biases[chain.head.group]
        if bias is not None:
            out = out + bias.scaled(arb(chain.head.tau))
        return PathSeen(hidden, slope, read, out - self._y)

    def _extended(self, at: PairWeights) -> list[Pair]:
        """Rows [W, b] of the convolution by groups."""
        group, outputs = self.chain.conv.group, self.chain.conv.weight.shape[1]
        rows, bias = at.weights[group], at.biases[group]
        if bias is not None:
            rows = joined([rows, bias.reshape(-1, 1)], 1)
        return [rows.part(slice(k, k + outputs)) for k in range(0, len(rows.high), outputs)]

    def gradient(self, at: PairWeights, seen: PathSeen, share: arb) -> PairWeights:
        """As `Chain.gradient`."""
        chain, v = self.chain, seen.residual.scaled(share)
        head, conv, n = chain.head, chain.conv, chain.samples
        groups, positions, q = conv.patches.shape
        weights = {head.group: times(v.T, seen.read)}
        biases: dict[int, Pair] = {}
        if at.biases[head.group] is not None:
            biases[head.group] = times(self._ones, v).scaled(arb(head.tau))
        back = times(v, at.weights[head.group]).scaled(arb(head.kappa))
        for map_ in reversed(self.maps):
            back = map_.transposed(back)
        rows = (back * seen.slopes).reshape(n, groups, -1, positions)
        found = []
        for g in range(groups):
            channels = rows.part(slice(None), g).transpose(1, 0, 2).reshape(-1, n * positions)
            found.append(times(channels, self.patches[g]))
        whole = found[0] if groups == 1 else joined(found, 0)
        weights[conv.group] = whole.part(slice(None), slice(q))
        if at.biases[conv.group] is not None:
            biases[conv.group] = whole.part(slice(None), q).reshape(1, -1)
        count = range(len(at.weights))
        return PairWeights([weights[g] for g in count], [biases.get(g) for g in count])
