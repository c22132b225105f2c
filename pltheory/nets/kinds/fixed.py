"""L: a fixed affine map: pooling, permutation, crop, embedding of channels, normalisation by fixed statistics.

`a_k = sum_j factor[k, j] a_u[index[k, j]] + offset[k]` (THEORY_GRAPHS section 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...rigor.roundoff import Array
from .fitting import GroupShapes, Indices, require, require_indices


@dataclass(frozen=True, eq=False)
class Fixed:
    """A fixed affine node.

    Attributes:
        index: (N_v, m), entries of the input; -1 for nothing.
        factor: (N_v, m), 0 where index is -1.
        offset: (N_v,), or None.
    """

    index: Indices
    factor: Array
    offset: Array | None = None

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Index, factor, and offset where there is one."""
        return {"index": self.index, "factor": self.factor} | ({} if self.offset is None else {"offset": self.offset})

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) == 1, "a fixed map reads one other node")
        require_indices(self.index, 2, inputs[0], "indices", padding=True)
        require(len(self.index) == size >= 1, "a fixed map has another size")
        require(self.factor.shape == self.index.shape and bool(np.isfinite(self.factor).all()), "factors do not fit")
        require(not self.factor[self.index < 0].any(), "a factor without an index must be 0")
        require(
            self.offset is None or (self.offset.shape == (size,) and bool(np.isfinite(self.offset).all())),
            "the offset does not fit",
        )
