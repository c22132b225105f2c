"""What a node's centre numbers are made of: its backward rows, the values of the graph, what its changes are worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..fields import Array
from ..midpoint import Approx, Upper, norms
from ..spectra import norm_bounds
from .kinds import Kind
from .kinds.terms import Weighted
from .kinked_rules import reach_of
from .margins import Reach
from .weights import weighted


@dataclass(frozen=True)
class Around:
    """Node `index` of a graph at the stored weights.

    Attributes:
        kinds, values: of all nodes.
        index: v.
        rows: dF/da_v, (n, C, N_v).
        crossed: whether parameters move what the node reads, its derivative jumps and the output reads it.
    """

    kinds: list[Kind]
    values: list[Approx]
    index: int
    rows: Approx
    crossed: bool

    @cached_property
    def each(self) -> Upper:
        """||B_v^i|| of every sample, (n,)."""
        return rows_each(self.rows)

    @cached_property
    def columns(self) -> Upper:
        """Norms of the rows over the outputs, (n, N_v)."""
        return norms(self.rows.mid.transpose(0, 2, 1)) + Upper(self.rows.err.value[:, None])

    def value(self, v: int) -> Approx:
        """a_v, (n, N_v)."""
        return self.values[v]

    def weighted(self, c: Array, u: int) -> Weighted:
        """Om(c, u)."""
        return weighted(c, u, self.kinds, self.values)

    def reach(self, u: int) -> Reach | None:
        """How far single entries of node u go, where it is an affine node."""
        return reach_of(self.kinds, u, self.values)


def rows_each(rows: Approx) -> Upper:
    """||B^i|| of every sample."""
    return norm_bounds(rows.mid) + rows.err
