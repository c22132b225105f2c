"""Outputs and gradient of a graph with kinks in pairs of doubles, at weights where every token is inside a piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from ..fields import DAMAGED, Array, Stop
from ..midpoint import Approx, Upper, norms
from ..pairs.maps import Picks
from ..pairs.pair import Pair, joined
from ..pairs.products import times
from ..pairs.step import PairWeights
from .file import GraphStored
from .kinds.affine import Affine
from .kinds.fixed import Fixed
from .kinds.input import Input
from .kinds.kinks import Maximum, PiecewiseLinear
from .kinds.sums import Sum
from .kinked_rules import moving, read

_PLAIN = (-1.0, 0.0, 1.0)


@dataclass(frozen=True)
class Seen:
    """One pass.

    Attributes:
        values: a_v of every node, (n, N_v).
        slopes: of the pieces of a piecewise linear node's entries.
        taken: of a maximum's windows the entry and the factor.
        residual: F - y.
    """

    values: list[Pair]
    slopes: dict[int, Array]
    taken: dict[int, tuple[Array, Array]]
    residual: Pair

    def near(self, u: int) -> Approx:
        """Node u's values as doubles, and how far each sample's exact ones may be."""
        value = self.values[u]
        return Approx(value.high, norms(value.low) + value.err)


class KinkedPath:
    """A graph's passes.

    Args:
        c: what is stored.

    Raises:
        Stop: with code DAMAGED: the graph has nodes of other kinds, which Theorem D's certificates do not speak of.
    """

    def __init__(self, c: GraphStored) -> None:
        self.kinds, self._y = c.kinds, Pair.of(c.y)
        for v, kind in enumerate(c.kinds):
            if not isinstance(kind, Input | Affine | Fixed | Sum | PiecewiseLinear | Maximum):
                raise Stop(
                    DAMAGED, f"network.nodes[{v}].kind",
                    "Theorem D with kinks is claimed of affine, fixed, sum, piecewise-linear and maximum nodes alone",
                )  # fmt: skip
        self._x, self._samples = Pair.of(c.x), len(c.x)
        self.moves, seen = moving(c.kinds), read(c.kinds)
        self._live = [m and v in seen for v, m in enumerate(self.moves)]
        mapped = (v for v, kind in enumerate(c.kinds) if isinstance(kind, Affine | Fixed | Maximum))
        self._maps = {v: _map(c.kinds[v]) for v in mapped}
        self._still: dict[int, Pair] = {}

    def patches(self, v: int, values: list[Pair]) -> Pair:
        """E of affine node v, without kappa: (n, G P q)."""
        if v not in self._still:
            u = self.kinds[v].inputs[0]
            found = self._maps[v](values[u])
            if self.moves[u]:
                return found
            self._still[v] = found
        return self._still[v]

    def forward(self, at: PairWeights) -> Seen:
        """Outputs and what the backward pass needs."""
        seen = Seen([self._x], {}, {}, self._y)
        for v, kind in enumerate(self.kinds[1:], 1):
            a = seen.values[kind.inputs[0]]
            if isinstance(kind, Affine):
                value = self._affine(v, kind, at, seen.values)
            elif isinstance(kind, Fixed):
                value = self._maps[v](a)
                value = value if kind.offset is None else value + Pair.of(kind.offset)
            elif isinstance(kind, Sum):
                value = a
                for u in kind.inputs[1:]:
                    value = value + seen.values[u]
            elif isinstance(kind, PiecewiseLinear):
                piece = np.searchsorted(kind.breaks, a.high, side="left")
                seen.slopes[v] = kind.slopes[piece]
                value = _by_entry(a, seen.slopes[v])
                shift = kind.intercepts[piece]
                value = value + Pair.of(shift) if shift.any() else value
            else:
                assert isinstance(kind, Maximum)
                index, factor = kind.chosen(a.high)
                seen.taken[v] = index, factor
                high, low = (np.take_along_axis(part, index, 1) for part in (a.high, a.low))
                value = _by_entry(Pair(high, low, a.err * kind.root), factor)
            seen.values.append(value)
        return Seen(seen.values, seen.slopes, seen.taken, seen.values[-1] - self._y)

    def _affine(self, v: int, kind: Affine, at: PairWeights, values: list[Pair]) -> Pair:
        groups, positions, q = kind.patches.shape
        n, outputs = self._samples, kind.weight.shape[1]
        e = self.patches(v, values).reshape(n, groups, positions, q)
        weights, bias = at.weights[kind.group], at.biases[kind.group]
        parts = []
        for g in range(groups):
            rows = e.part(slice(None), g).reshape(n * positions, q)
            z = times(rows, weights.part(slice(g * outputs, (g + 1) * outputs)).T)
            parts.append(z.reshape(n, positions, outputs).transpose(0, 2, 1))
        z = parts[0] if groups == 1 else joined(parts, 1)  # (n, G O, P)
        z = _times(z, kind.kappa)
        if bias is not None and kind.tau != 0:
            z = z + _times(bias, kind.tau).reshape(groups * outputs, 1)
        return z.reshape(n, kind.size)

    def sent_back(self, at: PairWeights, seen: Seen) -> list[Pair | None]:
        """The residual sent back to every node that parameters move, (n, N_v); None where it does not get."""
        rows: list[Pair | None] = [None] * len(self.kinds)
        rows[-1] = seen.residual
        for v in reversed(range(1, len(self.kinds))):
            kind, y = self.kinds[v], rows[v]
            if y is None:
                continue
            for u in kind.inputs:
                if not self._live[u]:
                    continue
                part = self._back(v, y, at, seen)
                known = rows[u]
                rows[u] = part if known is None else known + part
        return rows

    def _back(self, v: int, y: Pair, at: PairWeights, seen: Seen) -> Pair:
        kind, n = self.kinds[v], self._samples
        if isinstance(kind, Sum):
            return y
        if isinstance(kind, PiecewiseLinear):
            return _by_entry(y, seen.slopes[v])
        if isinstance(kind, Fixed):
            return self._maps[v].transposed(y)
        if isinstance(kind, Maximum):
            index, factor = seen.taken[v]
            weight = np.where(kind.windows == index[:, :, None], factor[:, :, None], 0.0)  # (n, T, d)
            wide = y.reshape(n, kind.size, 1)
            high, low = (np.broadcast_to(part, weight.shape) for part in (wide.high, wide.low))
            # Of every window one entry has a weight, at most 1.
            spread = _by_entry(Pair(high * (weight != 0), low * (weight != 0), y.err), weight)
            return self._maps[v].transposed(spread.reshape(n, -1))
        assert isinstance(kind, Affine)
        groups, positions, q = kind.patches.shape
        outputs = kind.weight.shape[1]
        by_group = y.reshape(n, groups, outputs, positions)
        parts = []
        for g in range(groups):
            rows = by_group.part(slice(None), g).transpose(0, 2, 1).reshape(n * positions, outputs)
            part = times(rows, at.weights[kind.group].part(slice(g * outputs, (g + 1) * outputs)))
            parts.append(part.reshape(n, 1, positions * q))
        flat = parts[0] if groups == 1 else joined(parts, 1)
        return _times(self._maps[v].transposed(flat.reshape(n, groups * positions * q)), kind.kappa)

    def gradient(self, at: PairWeights, seen: Seen, rows: list[Pair | None], share: arb) -> PairWeights:
        """Of the loss in use; rows as of `sent_back`."""
        weights: list[Pair] = [p.part(slice(None)) for p in at.weights]
        biases: list[Pair | None] = [None] * len(at.weights)
        met: set[int] = set()
        for v, kind in enumerate(self.kinds):
            if isinstance(kind, Affine):
                w, b = self._own(v, kind, rows[v], at, seen)
                first = kind.group not in met
                met.add(kind.group)
                weights[kind.group] = w if first else weights[kind.group] + w
                known = biases[kind.group]
                biases[kind.group] = b if known is None or b is None else known + b
        if share == 1:
            return PairWeights(weights, biases)
        return PairWeights([w.scaled(share) for w in weights], [None if b is None else b.scaled(share) for b in biases])

    def _own(self, v: int, kind: Affine, y: Pair | None, at: PairWeights, seen: Seen) -> tuple[Pair, Pair | None]:
        bias = at.biases[kind.group]
        if y is None:
            none = Pair.of(np.zeros(at.weights[kind.group].high.shape))
            return none, None if bias is None else Pair.of(np.zeros(bias.high.shape))
        groups, positions, q = kind.patches.shape
        n, outputs = self._samples, kind.weight.shape[1]
        e = self.patches(v, seen.values).reshape(n, groups, positions, q)
        by_group = y.reshape(n, groups, outputs, positions)
        found, shifts = [], []
        ones = Pair.of(np.ones((1, n * positions)))
        for g in range(groups):
            channels = by_group.part(slice(None), g).transpose(1, 0, 2).reshape(outputs, n * positions)
            found.append(times(channels, e.part(slice(None), g).reshape(n * positions, q)))
            if bias is not None:
                shifts.append(times(ones, channels.T))
        whole = _times(found[0] if groups == 1 else joined(found, 0), kind.kappa)
        if bias is None:
            return whole, None
        return whole, _times(shifts[0] if groups == 1 else joined(shifts, 1), kind.tau)


def _map(kind: object) -> Picks:
    if isinstance(kind, Fixed):
        return Picks(kind.index, kind.factor, kind.width)
    assert isinstance(kind, Affine | Maximum)
    return Picks.plain((kind.patches if isinstance(kind, Affine) else kind.windows).ravel(), kind.width)


def _by_entry(x: Pair, factor: Array) -> Pair:
    """Times doubles of the same shape."""
    if np.isin(factor, _PLAIN).all():
        err = x.err * Upper(float(np.abs(factor).max(initial=0.0)))
        return Pair(x.high * factor, x.low * factor, err)
    return x * Pair.of(factor)


def _times(x: Pair, factor: float) -> Pair:
    if factor != 0 and np.frexp(factor)[0] in (0.5, -0.5) and 2.0**-60 < abs(factor) < 2.0**60:
        return Pair(x.high * factor, x.low * factor, x.err * Upper(abs(factor))).widened(Upper(x.high.size * 2.0**-900))
    return x * Pair.of(np.asarray(factor))
