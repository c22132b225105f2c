"""S: sums, which a node may enter twice."""

from __future__ import annotations

from dataclasses import dataclass

from ...fields import Array
from ...midpoint import UNIT, Approx, Upper
from .kind import Around, Kind
from .rows import Row, Rows
from .stored import Arrays


@dataclass(frozen=True)
class Sum(Kind):
    """a = sum of the inputs."""

    name = "sum"
    reads = None
    keeps_size = True

    size: int
    inputs: tuple[int, ...]

    @classmethod
    def stored(cls, arrays: Arrays) -> Sum:
        """The sum."""
        return cls(arrays.node.size, arrays.node.inputs)

    def forward(self, inputs: list[Approx]) -> Approx:
        """The sum; every partial sum rounds once."""
        total, sizes = inputs[0].mid, inputs[0].norms
        for part in inputs[1:]:
            total = total + part.mid
            sizes = sizes + part.norms
        return Approx(total, sizes * (2 * len(inputs) * UNIT))

    def carried(self, inputs: list[Approx]) -> Upper:
        """The sum of the errors."""
        total = inputs[0].err
        for part in inputs[1:]:
            total = total + part.err
        return total

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """The rows themselves, once for each input."""
        return [rows] * len(inputs)

    def rules(self, around: Around) -> SumRules:
        """The triangle inequality."""
        return SumRules(self, around.index)


@dataclass(frozen=True)
class SumRules:
    """The triangle inequality."""

    kind: Sum
    index: int

    def forward(self, at: Rows, single: bool) -> Row:
        """Sum of the rows."""
        total: Upper = at.none
        for u in self.kind.inputs:
            total = total + at.values(u, single)
        return total

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """The row itself."""
        return at.back(self.index, single)

    def jacobian(self, at: Rows) -> list[Array]:
        """None."""
        return []

    def curvature(self, at: Rows) -> list[Array]:
        """None."""
        return []
