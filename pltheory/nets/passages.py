"""What of a jump passes a dense layer between two nodes with kinks (THEORY_RELU section 4, the factor Tb).

A jump above the layer stands in the rows of the units whose tokens may leave their piece, and below it what reaches an
entry whose derivative is 0 all over the ball is annihilated: so of W only the block of those rows and of the other
columns counts, a sample by itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..rigor.roundoff import Array
from .fields.protocol import Field

MOST_ROWS = 128
"""Rows up to which a block's norm is found; beyond, that of W serves."""


@dataclass(frozen=True, eq=False)
class Passage:
    """A dense affine node whose input, no entry of it twice, is a node with kinks.

    Attributes:
        field: of the norms.
        weight: W, (O, q), exact.
        scale: |kappa|.
        entries: (q,), which entry of the input every column reads; -1 for a zero.
        silent: (n, N_u), entries of the input whose derivative is 0 on their piece at the centre.
        below: the input's index.
    """

    field: Field
    weight: Array
    scale: float
    entries: Array
    silent: np.ndarray
    below: int
    _known: dict[bytes, float] = dataclasses.field(default_factory=dict, repr=False)

    def norm(self, above: np.ndarray, below: np.ndarray) -> float:
        """max_i |kappa| ||W[U_i, A_i]||, from above; infinite where that is not looked for.

        Args:
            above: (n, O), whose tokens may leave their piece.
            below: (n, N_u), likewise of the input's entries.
        """
        found = 0.0
        for rows, columns in zip(above, (~self.silent | below)[:, np.maximum(self.entries, 0)], strict=True):
            columns = columns & (self.entries >= 0)
            if rows.sum() > MOST_ROWS:
                return np.inf
            found = max(found, self._block(rows, columns))
        return float(self.field.up(self.scale, found))

    def _block(self, rows: np.ndarray, columns: np.ndarray) -> float:
        if not rows.any() or not columns.any():
            return 0.0
        key = np.packbits(np.concatenate([rows, columns])).tobytes()
        if key not in self._known:
            block = np.ascontiguousarray(self.weight[np.ix_(rows, columns)])
            self._known[key] = self.field.norm(self.field.constant(block))
        return self._known[key]


Passages = Mapping[int, Passage]
"""By affine node."""
