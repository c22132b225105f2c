"""The input: the data points, fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...theory.rows import NOTHING, Pair
from ..fields.protocol import Values
from ..fitting import GroupShapes, require
from ..quadratic import Quadratic
from ..sweep import Sweep
from ..tape import Tape, Weighted


@dataclass(frozen=True, eq=False)
class Input:
    """The data points."""

    name = "input"
    """The kind in a certificate."""

    @property
    def function(self) -> str:
        """Name of what is not affine in it, "" where nothing is."""
        return ""

    @property
    def settings(self) -> Mapping[str, int | float | str]:
        """Its scalars in a certificate."""
        return {}

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """None."""
        return {}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(not inputs and size >= 1, "the input reads nothing")

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """Never asked: the data stand there already."""
        raise NotImplementedError

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """None."""
        return []

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> None:
        """None."""

    def weighted(self, tape: Tape, v: int, inputs: Sequence[int], c: np.ndarray) -> list[Weighted]:
        """The data do not move."""
        return []

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """The data do not move."""
        return NOTHING

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """None."""
        return []

    def curvature(self, sweep: Sweep, v: int, inputs: Sequence[int], form: Quadratic) -> None:
        """None."""
