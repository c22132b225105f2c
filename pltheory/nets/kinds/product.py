"""M: a product of two nodes: attention scores, attention itself, gates (THEORY_GRAPHS section 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .fitting import GroupShapes, Indices, require, require_indices, require_once


@dataclass(frozen=True, eq=False)
class Product:
    """H matrix products, `z_{hij} = scale sum_k a_u[left[h,i,k]] a_u'[right[h,k,j]]`; a gate has 1 x 1 matrices.

    Attributes:
        left: (H, p, r), entries of the first input, each at most once.
        right: (H, r, q), entries of the second input, each at most once.
        scale: a number.
    """

    left: Indices
    right: Indices
    scale: float = 1.0

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Both index arrays."""
        return {"left": self.left, "right": self.right}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) == 2, "a product reads two nodes")
        for index, n, side in ((self.left, inputs[0], "left"), (self.right, inputs[1], "right")):
            require_indices(index, 3, n, side, padding=False)
            require_once(index, side)
        (h, p, r), (h2, r2, q) = self.left.shape, self.right.shape
        require((h, r) == (h2, r2) and size == h * p * q >= 1 and r >= 1, "the two sides do not fit")
        require(math.isfinite(self.scale), "the scale is not finite")
