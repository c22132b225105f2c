"""What the arrays of a node must look like."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..rigor.roundoff import Array
from ..theory import InvalidInputError

Indices = NDArray[np.int64]


class GroupShapes(Protocol):
    """A parameter group, as far as a node must know it."""

    @property
    def weight(self) -> Array:
        """(G, O, q)."""
        ...

    @property
    def bias(self) -> Array | None:
        """(G, O)."""
        ...


def require(condition: bool, what: str) -> None:
    """Refuse a node that does not fit.

    Raises:
        InvalidInputError: saying what does not.
    """
    if not condition:
        raise InvalidInputError(f"graph: {what}")


def require_indices(index: Indices, ndim: int, size: int, what: str, *, padding: bool) -> None:
    """Refuse an array that is no array of indices below size; -1 stands for nothing where padding is allowed."""
    require(index.dtype == np.int64 and index.ndim == ndim, f"{what} must be int64 with {ndim} axes")
    lowest = -1 if padding else 0
    require(not index.size or lowest <= int(index.min()) <= int(index.max()) < size, f"{what} are out of range")


def require_once(index: Indices, what: str) -> None:
    """Refuse an index that stands twice."""
    flat = index.ravel()
    require(len(np.unique(flat)) == flat.size, f"{what} holds an index twice")
