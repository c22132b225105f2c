"""S: a sum of nodes: residual additions; with embeddings, concatenation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .fitting import GroupShapes, require


@dataclass(frozen=True, eq=False)
class Sum:
    """A sum of two or more nodes of one size; one may stand in it twice."""

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """None."""
        return {}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) >= 2 and all(n == size for n in inputs), "a sum needs two or more nodes of its own size")
