"""The input: the data points, fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...theory.rows import NOTHING, Pair
from ..fields.protocol import Values
from ..fitting import GroupShapes, require
from ..sweep import Sweep
from ..tape import Tape, Weighted
from .kind import Kind


@dataclass(frozen=True, eq=False)
class Input(Kind):
    """The data points."""

    name = "input"

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(not inputs and size >= 1, "the input reads nothing")

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """Never asked: the data stand there already."""
        raise NotImplementedError

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """None."""
        return []

    def weighted(self, tape: Tape, v: int, inputs: Sequence[int], c: np.ndarray) -> list[Weighted]:
        """The data do not move."""
        return []

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """The data do not move."""
        return NOTHING

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """None."""
        return []
