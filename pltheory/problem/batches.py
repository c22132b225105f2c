"""Which samples each step sees, as a setting: the size of the batches, and how they follow one another.

An epoch is a pass in which every sample is seen once; a loader that drops a last incomplete batch leaves samples out,
and its passes are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, repeat

import torch
from torch import Tensor

from ..theory import InvalidInputError
from .loss import Loss

ORDERS = {
    "shuffle": "every epoch a new partition of the samples, drawn at random",
    "fixed": "consecutive samples, the same batches in every epoch",
    "random": "every step a subset of the samples, drawn independently of the past",
}
"""How batches may follow one another; of the first two, the last batch of an epoch is smaller where b does not divide
n."""


@dataclass(frozen=True)
class Batches:
    """Mini-batches of a data set.

    Attributes:
        size: b, samples a batch.
        order: one of `ORDERS`.
        seed: of what is drawn.
        until: steps that see batches, those after them see all samples; None for all steps.

    Raises:
        InvalidInputError: a size or a number of steps that is no whole number from 1 on, or an unknown order.
    """

    size: int
    order: str = "shuffle"
    seed: int = 0
    until: int | None = None

    def __post_init__(self) -> None:
        if type(self.size) is not int or self.size < 1:
            raise InvalidInputError(f"run.batch = {self.size!r}: allowed are whole numbers from 1 on")
        if self.order not in ORDERS:
            raise InvalidInputError(f"run.order = {self.order!r}: allowed are {', '.join(map(repr, ORDERS))}")
        if self.until is not None and (type(self.until) is not int or self.until < 1):
            raise InvalidInputError(f"run.batch_until = {self.until!r}: allowed are whole numbers from 1 on")

    def require_fits(self, n: int) -> None:
        """Refuse batches larger than the data set.

        Raises:
            InvalidInputError: they are.
        """
        if self.size > n:
            raise InvalidInputError(f"run.batch = {self.size}: allowed are 1 to {n}, the number of samples")

    def count(self, n: int) -> int:
        """M, the batches of an epoch."""
        return -(-n // self.size)

    def sizes(self, n: int) -> tuple[int, ...]:
        """The sizes of the batches that occur, the full one first."""
        rest = n % self.size if self.order != "random" else 0
        return (self.size, rest) if rest else (self.size,)

    def partition(self, n: int) -> list[range]:
        """The batches of order "fixed"."""
        return [range(start, min(start + self.size, n)) for start in range(0, n, self.size)]

    def shares(self, loss: Loss, n: int, outputs: int) -> tuple[Fraction, Fraction]:
        """Smallest and largest c with a batch's loss c times the sum of its terms, exactly."""
        found = [loss.share(size, outputs) for size in self.sizes(n)]
        return min(found), max(found)

    def rows(self, n: int) -> Iterator[Tensor]:
        """The samples of one step after another, without end."""
        yield from islice(self._drawn(n), self.until)
        yield from repeat(torch.arange(n))

    def _drawn(self, n: int) -> Iterator[Tensor]:
        draws = torch.Generator().manual_seed(self.seed)
        while True:
            if self.order == "random":
                yield torch.randperm(n, generator=draws)[: self.size]
                continue
            order = torch.randperm(n, generator=draws) if self.order == "shuffle" else torch.arange(n)
            yield from order.split(self.size)

    def __str__(self) -> str:
        until = "" if self.until is None else f"; all samples after {self.until} steps"
        return f"batches of {self.size}, {self.order}: {ORDERS[self.order]}{until}"
