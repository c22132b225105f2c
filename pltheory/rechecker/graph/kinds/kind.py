"""What a kind of node offers: what it computes, how it stands in a certificate, its part in the recursions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

from ...fields import Array
from ...midpoint import Approx, Upper
from ..margins import Reach
from .rows import Rules
from .stored import Arrays, Keys, Shapes
from .terms import Weighted


class Around(Protocol):
    """What a node's centre numbers are made of, beside its own."""

    @property
    def index(self) -> int:
        """v."""
        ...

    @property
    def rows(self) -> Approx:
        """dF/da_v, (n, C, N_v)."""
        ...

    @property
    def each(self) -> Upper:
        """||B_v^i|| of every sample, (n,)."""
        ...

    @property
    def columns(self) -> Upper:
        """Norms of the rows over the outputs, (n, N_v)."""
        ...

    @property
    def crossed(self) -> bool:
        """Whether parameters move what the node reads and the output reads the node."""
        ...

    def value(self, v: int) -> Approx:
        """a_v, (n, N_v)."""
        ...

    def weighted(self, c: Array, u: int) -> Weighted:
        """Om(c, u)."""
        ...

    def reach(self, u: int) -> Reach | None:
        """How far single entries of node u go, where that is known."""
        ...


class Kind:
    """What a node computes, how it stands in a certificate, and its part in the recursions.

    Attributes:
        name: in a certificate.
        reads: how many nodes it reads; None for two or more.
        keeps_size: whether all that it reads have its size.
        keys: of its own in the text.
        axes: its arrays with their numbers of axes.
        optional: likewise, of arrays that may be missing.
        kinked: whether its derivative jumps.
        inputs: indices of the nodes that it reads.
        size: N_v.
    """

    name: ClassVar[str]
    reads: ClassVar[int | None] = 1
    keeps_size: ClassVar[bool] = False
    keys: ClassVar[tuple[str, ...]] = ()
    axes: ClassVar[Mapping[str, int]] = {}
    optional: ClassVar[Mapping[str, int]] = {}
    kinked: ClassVar[bool] = False

    inputs: tuple[int, ...]
    size: int

    @classmethod
    def settings(cls, keys: Keys) -> dict[str, Any]:
        """Its own keys.

        Raises:
            Stop: with code DAMAGED.
        """
        return {}

    @classmethod
    def require_shapes(cls, shapes: Shapes) -> None:
        """Refuse arrays that do not fit each other, the node's size or those of the nodes that it reads.

        Raises:
            Stop: with code DAMAGED.
        """

    @classmethod
    def stored(cls, arrays: Arrays) -> Self:
        """The node, its shapes checked.

        Raises:
            Stop: with code DAMAGED.
        """
        raise NotImplementedError

    def forward(self, inputs: list[Approx]) -> Approx:
        """Values (n, N_v) at the doubles of its inputs, as if these were exact; the error is this node's own."""
        raise NotImplementedError

    def carried(self, inputs: list[Approx]) -> Upper:
        """(n,): how far its values may move while those of its inputs move by their errors."""
        raise NotImplementedError

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """What it adds to dF/da (n, C, N_u) of each input, from dF/da (n, C, N_v) of its own."""
        raise NotImplementedError

    def rules(self, around: Around) -> Rules:
        """Its centre numbers."""
        raise NotImplementedError
