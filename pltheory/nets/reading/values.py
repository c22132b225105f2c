"""What a tensor of an exported module is while its operations are read: moved entries, a piece of a weight, a constant.

A tensor that a node's entries were moved into is carried as the places that its entries came from. The operation that
moves is run on those places, so that torch itself says where every entry goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SAMPLES = 3
"""Samples that a module is traced with; no operation may mix them."""
MIXED = "samples mix: an output of one sample depends on another sample"


class UnreadableError(Exception):
    """An operation that has no place in a graph; the reader adds where it stands."""


def unreadable(reason: str) -> NoReturn:
    """Stop at the operation that is being read.

    Raises:
        UnreadableError: always.
    """
    raise UnreadableError(reason)


@dataclass(frozen=True, eq=False)
class Moved:
    """A tensor of the module's own shape whose entries are those of one node, moved, times a number.

    Attributes:
        node: the node.
        size: its N_u.
        index: int64, of the tensor's shape: 1 + i N_u + k for entry k of sample i, -1 - i for a zero of sample i.
        scale: what all entries are multiplied by.
    """

    node: int
    size: int
    index: Tensor
    scale: float = 1.0

    @property
    def owner(self) -> Tensor:
        """Which sample an entry belongs to, of the tensor's shape."""
        return torch.where(self.index > 0, (self.index - 1).div(self.size, rounding_mode="floor"), -1 - self.index)

    @property
    def local(self) -> Tensor:
        """Which entry of the node it is, -1 for a zero, of the tensor's shape."""
        return torch.where(self.index > 0, (self.index - 1).remainder(self.size), -1)

    def with_index(self, index: Tensor) -> Moved:
        """The same node's entries moved otherwise."""
        return replace(self, index=index)


@dataclass(frozen=True, eq=False)
class Weight:
    """A tensor whose entries are those of one parameter, moved, times a number.

    Attributes:
        name: of the parameter.
        index: int64, of the tensor's shape: 1 + the entry's place in the parameter's row order.
        scale: what all entries are multiplied by.
    """

    name: str
    index: Tensor
    scale: float = 1.0

    def with_index(self, index: Tensor) -> Weight:
        """The same parameter's entries moved otherwise."""
        return replace(self, index=index)

    @property
    def entries(self) -> Tensor:
        """Places in the parameter's row order, of the tensor's shape."""
        return self.index - 1


@dataclass(frozen=True, eq=False)
class Frozen:
    """A parameter that does not require a gradient, and its numbers."""

    name: str
    tensor: Tensor


@dataclass(frozen=True)
class NotContinuous:
    """One of several results of an operation, which is refused where it is used, and why."""

    reason: str


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor that depends on neither the data nor a parameter."""

    tensor: Tensor

    @property
    def doubles(self) -> Tensor:
        """Its numbers, widened.

        Raises:
            UnreadableError: they are complex or not finite.
        """
        if self.tensor.is_complex():
            unreadable(f"a constant is complex: {self.tensor.dtype}")
        found = self.tensor.double()
        if not bool(found.isfinite().all()):
            unreadable("a constant is not finite")
        return found


@dataclass(frozen=True, eq=False)
class Masked:
    """A tensor some entries of which are minus infinity; a softmax can read it, and nothing else.

    Attributes:
        value: the others.
        allowed: where they stand, of the tensor's shape.
    """

    value: Moved
    allowed: Tensor


Value = Any
"""Moved, Masked, Weight, Frozen, Constant, NotContinuous, a list of them, or a plain Python object."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a matrix of entries, sample by sample.

    Attributes:
        rows: (samples, P), which rows belong to which sample, in row order.
        local: (P, K), the entries of a sample's rows, the same for every sample; -1 for a zero.
    """

    rows: Tensor
    local: NDArray[np.int64]

    def same(self, of_rows: Tensor) -> Tensor:
        """What a tensor (R, ..) says of one sample's rows, (P, ..).

        Raises:
            UnreadableError: it says another thing of another sample.
        """
        found = of_rows[self.rows]
        if not bool((found == found[:1]).all()):
            unreadable("samples differ: a constant or parameter acts on them in different ways")
        return found[0]

    def placed(self, local: NDArray[np.int64], size: int) -> Tensor:
        """Index tensor (R, ..) of a new node's entries, given those of one sample's rows, (P, ..)."""
        entries = torch.from_numpy(np.ascontiguousarray(local))
        samples, count = self.rows.shape
        out = torch.zeros((samples * count, *entries.shape[1:]), dtype=torch.int64)
        for i in range(samples):
            out[self.rows[i]] = 1 + i * size + entries
        return out


def by_sample(owner: Tensor, local: Tensor) -> Rows:
    """Sort the rows of a matrix (R, K) of entries by samples.

    Raises:
        UnreadableError: a row holds entries of two samples, or the samples' rows are not alike.
    """
    first = owner[:, 0]
    if not bool((owner == first[:, None]).all()):
        unreadable(MIXED)
    counts = torch.bincount(first, minlength=SAMPLES)
    if len(counts) != SAMPLES or not bool((counts == counts[0]).all()):
        unreadable(MIXED)
    rows = torch.argsort(first, stable=True).reshape(SAMPLES, -1)
    entries = local[rows]
    if not bool((entries == entries[:1]).all()):
        unreadable(f"{MIXED} (their entries are moved differently)")
    return Rows(rows, entries[0].numpy().astype(np.int64))


def rows_of(value: Moved, index: Tensor) -> Rows:
    """Rows of a matrix (R, K) of a value's entries."""
    matrix = value.with_index(index)
    return by_sample(matrix.owner, matrix.local)


def moved(value: Moved | Weight, move: Callable[[Tensor], Any]) -> Any:
    """What an operation that only moves entries makes of a value.

    Args:
        value: what it acts on.
        move: the operation; a zero that it brings in is one of the sample whose axis it stands on.

    Returns:
        A value, or a list of them.

    Raises:
        UnreadableError: zeros that belong to no sample.
    """
    # Doubles hold integers up to 2^53, and every operation that moves entries knows them.
    out = move(value.index.double())
    if isinstance(out, (tuple, list)):
        return [value.with_index(_of_samples(value, o.long())) for o in out]
    return value.with_index(_of_samples(value, out.long()))


def _of_samples(value: Moved | Weight, index: Tensor) -> Tensor:
    unknown = index == 0
    if not bool(unknown.any()):
        return index
    if isinstance(value, Weight):
        unreadable(f"the parameter {value.name} is padded before it is used")
    place = along(index.shape, sample_axis(value.with_index(index).owner, ~unknown))
    return torch.where(unknown, -1 - place, index)


def sample_axis(owner: Tensor, known: Tensor | None = None) -> int:
    """The axis along which the samples stand.

    Args:
        owner: whose an entry is.
        known: where owner says something.

    Raises:
        UnreadableError: there is not exactly one such axis.
    """
    axes = [
        axis
        for axis, size in enumerate(owner.shape)
        if size == SAMPLES
        and bool(((owner == along(owner.shape, axis)) | (torch.zeros(()).bool() if known is None else ~known)).all())
    ]
    if len(axes) != 1:
        unreadable("entries are added to a tensor whose samples do not stand along one axis")
    return axes[0]


def along(shape: torch.Size | tuple[int, ...], axis: int) -> Tensor:
    """The place along an axis, of a shape."""
    line = torch.arange(shape[axis])
    return line.reshape([-1 if a == axis else 1 for a in range(len(shape))]).expand(shape)
