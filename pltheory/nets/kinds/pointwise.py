"""N, entry by entry: a smooth activation of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..activations import activation, is_known
from .fitting import GroupShapes, require


@dataclass(frozen=True, eq=False)
class Pointwise:
    """An activation.

    Attributes:
        activation: its name in the table.
    """

    activation: str

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """None."""
        return {}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit, or a function that is not smooth."""
        require(len(inputs) == 1 and inputs[0] == size, "an activation has the size of what it reads")
        require(is_known(self.activation) and activation(self.activation).smooth, f"{self.activation} is not smooth")
