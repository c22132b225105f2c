"""I: the input."""

from __future__ import annotations

from dataclasses import dataclass

from ...fields import Array
from ...midpoint import Approx, Upper
from .kind import Around, Kind
from .rows import Row, Rows
from .stored import Arrays


@dataclass(frozen=True)
class Input(Kind):
    """The stored samples; its rules are its own, for nothing moves it."""

    name = "input"
    reads = 0

    size: int
    inputs: tuple[int, ...] = ()

    @classmethod
    def stored(cls, arrays: Arrays) -> Input:
        """The input."""
        return cls(arrays.node.size)

    def forward(self, inputs: list[Approx]) -> Approx:
        """Never called: the samples are given."""
        raise NotImplementedError

    def carried(self, inputs: list[Approx]) -> Upper:
        """Never called."""
        raise NotImplementedError

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """Nothing."""
        return []

    def rules(self, around: Around) -> InputRules:
        """Zero."""
        return InputRules()


class InputRules:
    """Zero everywhere."""

    def forward(self, at: Rows, single: bool) -> Row:
        """0."""
        return at.none

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """0."""
        return at.none

    def jacobian(self, at: Rows) -> list[Array]:
        """None."""
        return []

    def curvature(self, at: Rows) -> list[Array]:
        """None."""
        return []
