"""What the nodes of a graph do to arrays of (directions x samples, N_v): forward, transposed, and their patches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...nets.graph import Graph
from ...nets.kinds.affine import Affine
from ...nets.kinds.fixed import Fixed
from .numbers import Array, Numbers, Values, joined, moved


def _taken(x: Values, index: Array) -> Values:
    """x[:, index], and 0 where the index is -1."""

    def take(a: Array) -> Array:
        out = np.take(a, index, axis=1)
        if (index < 0).any():
            out[:, index < 0] = 0.0
        return out

    return moved(x, take)


def _places(index: Array, size: int) -> Array:
    """(size, most): where each of range(size) stands in the flat index array, -1 where it does no more."""
    flat = index.ravel()
    order = np.argsort(flat, kind="stable")
    order = order[flat[order] >= 0]
    values = flat[order]
    counts = np.bincount(values, minlength=size)
    rank = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
    places = np.full((size, int(counts.max(initial=0))), -1, dtype=np.int64)
    places[values, rank] = order
    return places


def _gathered(x: Values, places: Array, factors: Array | None = None) -> Values:
    """sum_j factors[:, j] x[:, places[:, j]]."""
    total = None
    for j in range(places.shape[1]):
        part = _taken(x, places[:, j])
        if factors is not None:
            part = part * factors[None, :, j]
        total = part if total is None else total + part
    return moved(x, lambda a: np.zeros((len(a), len(places)))) if total is None else total


@dataclass(frozen=True, eq=False)
class AffineMap:
    """An affine node with its weights.

    Attributes:
        kind: its data.
        weight: (G, O, q).
        bias: (G, O), or None.
        inputs: N_u.
        numbers: kind of array.
    """

    kind: Affine
    weight: Array
    bias: Array | None
    inputs: int
    numbers: Numbers

    @property
    def blocks(self) -> int:
        """G of the node: the number of weight matrices."""
        return int(self.weight.shape[0])

    @property
    def outputs(self) -> int:
        """O."""
        return int(self.weight.shape[1])

    @property
    def positions(self) -> int:
        """P."""
        return int(self.kind.patches.shape[1])

    @cached_property
    def places(self) -> Array:
        """(N_u, mult), where an entry of the input stands among all patches."""
        return _places(self.kind.patches, self.inputs)

    @cached_property
    def multiplicity(self) -> int:
        """The largest number of times that one entry of the input occurs among all patches."""
        return int(self.places.shape[1])

    def patches(self, a: Values) -> Values:
        """(G, R P, q) of a (R, N_u): kappa E_g, rows stacked."""
        index = self.kind.patches
        (g, p, q), r = index.shape, a.shape[0]
        taken = _taken(a, index.ravel())
        return moved(taken, lambda x: _rows_first(x.reshape(r, g, p, q)).reshape(g, r * p, q)) * self.kind.kappa

    def extended_patches(self, a: Values) -> Values:
        """(G, R P, q + 1): [kappa E_g, tau 1], or kappa E_g where there is no bias."""
        e = self.patches(a)
        if self.bias is None:
            return e
        column = self.numbers.exact(np.full((*e.shape[:2], 1), self.kind.tau))
        return joined([e, column], 2)

    @cached_property
    def extended_weight(self) -> Array:
        """(G, O, q + 1): [W, b], or W."""
        return self.weight if self.bias is None else np.concatenate([self.weight, self.bias[:, :, None]], 2)

    def rows(self, z: Values) -> Values:
        """(G, R P, O) of an array (R, N_v)."""
        g, o, p, r = self.blocks, self.outputs, self.positions, z.shape[0]
        return moved(z, lambda x: x.reshape(r, g, o, p).transpose(1, 0, 3, 2).reshape(g, r * p, o))

    def entries(self, rows: Values) -> Values:
        """(R, N_v) of an array (G, R P, O)."""
        g, o, p = self.blocks, self.outputs, self.positions
        r = rows.shape[1] // p
        return moved(rows, lambda x: x.reshape(g, r, p, o).transpose(1, 0, 3, 2).reshape(r, g * o * p))

    def linear(self, patches: Values, weight: Values) -> Values:
        """(R, N_v): patches (G, R P, q') times weights (G, O, q'), transposed."""
        return self.entries(self.numbers.product(patches, moved(weight, lambda w: w.transpose(0, 2, 1))))

    def forward(self, a: Values) -> Values:
        """(R, N_v): the node's values at a (R, N_u)."""
        return self.linear(self.extended_patches(a), self.numbers.exact(self.extended_weight))

    def transposed(self, z: Values, weight: Values) -> Values:
        """(R, N_u): T(weight)^T z, kappa included; weight (G, O, q)."""
        g, p, q = self.kind.patches.shape
        r = z.shape[0]
        back = self.numbers.product(self.rows(z), weight)
        flat = moved(back, lambda x: x.reshape(g, r, p, q).transpose(1, 0, 2, 3).reshape(r, g * p * q))
        return _gathered(flat, self.places) * self.kind.kappa


def _rows_first(x: Array) -> Array:
    return x.transpose(1, 0, 2, 3)


@dataclass(frozen=True, eq=False)
class FixedMap:
    """A fixed affine node.

    Attributes:
        kind: its data.
        inputs: N_u.
    """

    kind: Fixed
    inputs: int

    def linear(self, a: Values) -> Values:
        """(R, N_v): L a."""
        return _gathered(a, self.kind.index, self.kind.factor)

    @cached_property
    def _backward(self) -> tuple[Array, Array]:
        places = _places(self.kind.index, self.inputs)
        factors = np.where(places < 0, 0.0, self.kind.factor.ravel()[places])
        return places // max(1, self.kind.index.shape[1]), factors

    def transposed(self, z: Values) -> Values:
        """(R, N_u): L^T z."""
        return _gathered(z, *self._backward)

    @property
    def diagonal(self) -> bool:
        """Whether output k is a multiple of input k and of nothing else."""
        index, factor = self.kind.index, self.kind.factor
        own = (index == np.arange(len(index))[:, None]) | (factor == 0)
        return self.inputs == len(index) and bool(own.all())

    @property
    def moduli(self) -> tuple[Array, Array]:
        """Sums of the moduli of the factors by output (N_v,) and by input (N_u,), and of exact doubles so summed."""
        by_input = np.abs(self._backward[1]).sum(axis=1)
        return np.abs(self.kind.factor).sum(axis=1), by_input


def reached(graph: Graph) -> list[bool]:
    """Whether a parameter stands at the node or before it."""
    out: list[bool] = []
    for node in graph.nodes:
        out.append(isinstance(node.kind, Affine) or any(out[u] for u in node.inputs))
    return out
