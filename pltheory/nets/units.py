"""Rows of the Jacobian by units: what is left of the kernel without those whose pieces may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..rigor.roundoff import Array, add_up, quiet, raise_sum, sqrt_up
from .fields.protocol import Field, Values

MOST_POSITIONS = 3000
"""Samples times positions up to which patches' products are formed; beyond, a bound for all of them serves."""


@dataclass(frozen=True, eq=False)
class UnitRows:
    """An affine node at the centre; n samples, G groups of O units, P positions, C outputs.

    Attributes:
        field: of the arrays.
        group: its parameter group.
        rows: B_v by entries, (n C, G O P).
        patches: E~, (n, G, P, q + 1).
        shape: (G, O, P).
        norm: ||E~||, from above.
        dense: whether it has one patch.
    """

    field: Field
    group: int
    rows: Values
    patches: Values
    shape: tuple[int, int, int]
    norm: float
    dense: bool

    @cached_property
    def _moduli(self) -> Array | None:
        """|E~ E~^T| entry by entry from above, (G, n P, n P), samples first; None where it would be too large."""
        f = self.field
        n, g, p, q = f.shape(self.patches)
        if n * p > MOST_POSITIONS:
            return None
        e = f.reshape(f.transpose(self.patches, 1, 0, 2, 3), g, n * p, q)
        gram = f.product(e, f.transpose(e, 0, 2, 1))
        return np.asarray(add_up(np.abs(f.middle(gram)), f.radius(gram)))

    @quiet
    def restricted(self, flips: np.ndarray) -> Array:
        """||E~ restricted to the samples and positions at which a unit may flip||, by entry (G O P,), from above.

        Args:
            flips: (n, G O P).
        """
        g, o, p = self.shape
        n = len(flips)
        by_unit = flips.reshape(n, g, o, p).transpose(1, 2, 0, 3).reshape(g, o, n * p)
        if self._moduli is None:
            found = np.where(by_unit.any(-1), self.norm, 0.0)
        else:
            # The norm of a symmetric matrix is at most its largest sum of moduli in a row.
            mask = by_unit.astype(np.float64)
            sums = raise_sum(mask @ self._moduli, n * p) * mask
            found = np.minimum(sqrt_up(sums.max(-1, initial=0.0)), self.norm)
            found = np.where(by_unit.any(-1), found, 0.0)
        return np.repeat(found.reshape(-1), p)

    def kernel_of(self, units: np.ndarray) -> Values:
        """J J^T of the columns that are the weights and biases of some units, (n C, n C).

        Args:
            units: (G O,), which.
        """
        f, (g, o, p) = self.field, self.shape
        entries = np.nonzero(np.repeat(units, p))[0]
        rows = f.gather(self.rows, entries)
        n, _, _, q = f.shape(self.patches)
        size = f.shape(rows)[0]
        c = size // n
        if self.dense:
            e = f.reshape(self.patches, n, q)
            gram = f.product(e, f.transpose(e, 1, 0))
            both = f.product(rows, f.transpose(rows, 1, 0))
            whole = f.times(f.reshape(both, n, c, n, c), f.reshape(gram, n, 1, n, 1))
            return f.reshape(whole, size, size)
        parts = []
        chosen = units.reshape(g, o)
        by_group = f.reshape(self.rows, n, c, g, o * p)
        for k in range(g):
            own = np.nonzero(np.repeat(chosen[k], p))[0]
            if not len(own):
                continue
            b = f.part(f.transpose(by_group, 2, 0, 1, 3), k)
            b = f.reshape(f.gather(b, own), n, c * (len(own) // p), p)
            e = f.part(f.transpose(self.patches, 1, 0, 2, 3), k)
            parts.append(f.transpose(f.reshape(f.product(b, e), size, -1), 1, 0))
        j = f.transpose(f.concatenate(parts), 1, 0)
        return f.product(j, f.transpose(j, 1, 0))


def flippable_units(shape: tuple[int, int, int], flips: Sequence[np.ndarray]) -> np.ndarray:
    """Which units have a token that may change its piece, (G O,); flips (n, G O P) each."""
    g, o, p = shape
    return np.logical_or.reduce([f.reshape(-1, g * o, p).any((0, 2)) for f in flips])
