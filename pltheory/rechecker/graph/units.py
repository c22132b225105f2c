"""An affine node's rows of the Jacobian by units, and the norms of the patches at which each may leave its piece."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..fields import Array
from ..midpoint import UNIT, Upper, gamma, norms, product, terms
from .kernel import Use
from .kinds.affine import Affine

MOST_ROWS = 3000
"""Samples times positions up to which products of patches are formed; beyond, ||E~|| serves for every unit."""


@dataclass(frozen=True, eq=False)
class Units:
    """The G O units of an affine node that is alone in its group.

    Attributes:
        use: its rows and what it reads.
        norm: ||E~_v||.
    """

    use: Use
    norm: Upper

    @property
    def kind(self) -> Affine:
        """The node."""
        return self.use.kind

    @property
    def reach(self) -> Upper:
        """kappa omega."""
        return self.kind.reach

    @property
    def _shape(self) -> tuple[int, int, int]:
        groups, positions, _ = self.kind.patches.shape
        return groups, self.kind.weight.shape[1], positions

    def of(self, flips: Array) -> Array:
        """Which units have a token that may leave its piece, (G O,); flips (n, G O P)."""
        groups, outputs, positions = self._shape
        return np.asarray(flips.reshape(-1, groups * outputs, positions).any(axis=(0, 2)))

    @cached_property
    def _moduli(self) -> Array | None:
        """|E~ E~^T| from above by entries, (G, n P, n P), samples first."""
        e = self.use.kind.gather_extended(self.use.values.mid)
        n, groups, positions, q = e.shape
        rows = n * positions
        if rows > MOST_ROWS:
            return None
        flat = np.ascontiguousarray(e.transpose(1, 0, 2, 3)).reshape(groups, rows, q)
        gram = np.abs(product(flat, flat.transpose(0, 2, 1)))
        sizes = norms(flat).value
        off = np.repeat((self.reach * self.use.values.err).value, positions)
        # Products round by gamma of |e| |e'|, and each patch is off by `off`, for kappa a rounds once.
        lost = sizes * (8 * UNIT) + off
        sizes = sizes * (1 + 8 * UNIT) + off
        rounding = sizes[:, :, None] * sizes[:, None, :] * gamma(terms(q) + 4)
        moved = sizes[:, :, None] * lost[:, None, :]
        return (gram + rounding + moved + moved.transpose(0, 2, 1)) * (1 + 8 * UNIT) + 2.0**-1000

    def restricted(self, flips: Array) -> Upper:
        """||E~ restricted to the samples and positions at which an entry's unit may flip||, (G O P,).

        The norm of a symmetric matrix is at most its largest sum of moduli in a row.
        """
        groups, outputs, positions = self._shape
        n = len(flips)
        mask = flips.reshape(n, groups, outputs, positions).transpose(1, 2, 0, 3).reshape(groups, outputs, -1)
        some = mask.any(axis=2)
        if self._moduli is None:
            found = np.where(some, self.norm.value, 0.0)
        else:
            sums = product(mask.astype(np.float64), self._moduli) * mask
            root = (Upper(sums.max(axis=2)) * (1 + 2 * gamma(mask.shape[2] + 2))).root()
            found = np.where(some, np.minimum(root.value, self.norm.value), 0.0)
        return Upper(np.repeat(found.reshape(-1), positions))
