"""The input: the data points, fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...rigor.roundoff import Array
from .fitting import GroupShapes, require


@dataclass(frozen=True, eq=False)
class Input:
    """The data points."""

    @property
    def arrays(self) -> dict[str, Array]:
        """None."""
        return {}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(not inputs and size >= 1, "the input reads nothing")
