"""Linear maps of pairs whose outputs are weighted sums of few entries, and their transposes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..fields import Array
from ..midpoint import Upper
from .pair import Pair


@dataclass(frozen=True, eq=False)
class Picks:
    """b_k = sum_j factor[k, j] a[index[k, j]], along the last axis; index -1 contributes nothing.

    Attributes:
        index, factor: (size, m).
        width: number of entries of a.
    """

    index: Array
    factor: Array
    width: int

    @classmethod
    def plain(cls, index: Array, width: int) -> Picks:
        """Factors 1."""
        column = index.reshape(-1, 1)
        return cls(column, (column >= 0).astype(float), width)

    @cached_property
    def transposed(self) -> Picks:
        """The map back."""
        rows, slots = np.nonzero(self.index >= 0)
        targets = self.index[rows, slots]
        order = np.argsort(targets, kind="stable")
        counts = np.bincount(targets, minlength=self.width)
        # The place of each use among those of the same entry.
        place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        shape = self.width, max(1, int(counts.max(initial=0)))
        index, factor = np.full(shape, -1), np.zeros(shape)
        at = targets[order], place
        index[at], factor[at] = rows[order], self.factor[rows, slots][order]
        return Picks(index, factor, len(self.index))

    def __call__(self, a: Pair) -> Pair:
        """The sums, for a of shape (n, width)."""
        parts = [self._one(a, j) for j in range(self.index.shape[1])]
        return sum(parts[1:], parts[0])

    def _one(self, a: Pair, j: int) -> Pair:
        index, factor = self.index[:, j], self.factor[:, j]
        taken, used = np.maximum(index, 0), index >= 0
        high, low = a.high[:, taken], a.low[:, taken]
        if not used.all():
            high, low = np.where(used, high, 0.0), np.where(used, low, 0.0)
        times = int(np.bincount(index[used], minlength=1).max(initial=0))
        found = Pair(high, low, a.err * Upper(float(times)).root())
        return found if (factor[used] == 1).all() else found * Pair.of(factor)
