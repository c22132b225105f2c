"""Which samples each step sees, as a setting: the size of the batches, and how they follow one another.

An epoch is a pass in which every sample is seen once; a loader that drops a last incomplete batch leaves samples out,
and its passes are none. With workers a round takes its place: each worker has a part of the samples, starts from the
weights that all of them share, goes through its part by itself, and the weights that they come to are averaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, repeat
from typing import TYPE_CHECKING

from ..theory import InvalidInputError

if TYPE_CHECKING:
    from torch import Tensor

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
        workers: K, each with an equal part of the samples: consecutive ones of order "fixed", drawn anew in every
            round of order "shuffle"; None for steps that follow one another.
        passes: E, how often each worker goes through its part in a round.

    Raises:
        InvalidInputError: a size or a count that is no whole number from 1 on, an unknown order, passes without
            workers, or workers with batches that end or are of order "random".
    """

    size: int
    order: str = "shuffle"
    seed: int = 0
    until: int | None = None
    workers: int | None = None
    passes: int = 1

    def __post_init__(self) -> None:
        given = {"batch": self.size, "passes": self.passes}
        given |= {} if self.until is None else {"batch_until": self.until}
        given |= {} if self.workers is None else {"workers": self.workers}
        for key, value in given.items():
            if type(value) is not int or value < 1:
                raise InvalidInputError(f"run.{key} = {value!r}: allowed are whole numbers from 1 on")
        if self.order not in ORDERS:
            raise InvalidInputError(f"run.order = {self.order!r}: allowed are {', '.join(map(repr, ORDERS))}")
        if self.workers is None and self.passes != 1:
            raise InvalidInputError(f"run.passes = {self.passes}: needs run.workers")
        if self.workers is not None and self.order == "random":
            raise InvalidInputError(
                "run.order = 'random': of run.workers each goes through its part, 'shuffle' or 'fixed'"
            )
        if self.workers is not None and self.until is not None:
            raise InvalidInputError(f"run.batch_until = {self.until}: run.workers go on in batches to the end")

    @property
    def averaged(self) -> bool:
        """Whether workers average the weights that they come to."""
        return self.workers is not None

    def require_fits(self, n: int) -> None:
        """Refuse workers without equal parts, and batches larger than a part.

        Raises:
            InvalidInputError: they are.
        """
        if self.workers is not None and self.workers > n:
            raise InvalidInputError(f"run.workers = {self.workers}: allowed are 1 to {n}, the number of samples")
        if self.workers is not None and n % self.workers:
            raise InvalidInputError(f"run.workers = {self.workers}: does not divide {n}, the number of samples")
        if self.size > self.part(n):
            what = "samples of a worker" if self.averaged else "samples"
            raise InvalidInputError(f"run.batch = {self.size}: allowed are 1 to {self.part(n)}, the number of {what}")

    def part(self, n: int) -> int:
        """Samples of one worker; all of them where steps follow one another."""
        return n // (self.workers or 1)

    def batches_of_part(self, n: int) -> int:
        """M, the batches of one pass through a part."""
        return -(-self.part(n) // self.size)

    def count(self, n: int) -> int:
        """Steps of an epoch, or of a round, all workers together."""
        return (self.workers or 1) * self.passes * self.batches_of_part(n)

    def sizes(self, n: int) -> tuple[int, ...]:
        """The sizes of the batches that occur, the full one first."""
        rest = self.part(n) % self.size if self.order != "random" else 0
        return (self.size, rest) if rest else (self.size,)

    def partition(self, n: int) -> list[range]:
        """The batches of order "fixed", those of one worker after those of another."""
        part = self.part(n)
        starts = (start for low in range(0, n, part) for start in range(low, low + part, self.size))
        return [range(start, min(start + self.size, start - start % part + part)) for start in starts]

    def shares(self, loss: Loss, n: int, outputs: int) -> tuple[Fraction, Fraction]:
        """Smallest and largest c with a batch's loss c times the sum of its terms, exactly."""
        found = [loss.share(size, outputs) for size in self.sizes(n)]
        return min(found), max(found)

    def rows(self, n: int) -> Iterator[Tensor]:
        """The samples of one step after another, without end; in a round one worker after another."""
        import torch

        yield from islice(self._drawn(n), self.until)
        yield from repeat(torch.arange(n))

    def _drawn(self, n: int) -> Iterator[Tensor]:
        import torch

        draws = torch.Generator().manual_seed(self.seed)
        while True:
            if self.order == "random":
                yield torch.randperm(n, generator=draws)[: self.size]
                continue
            order = torch.randperm(n, generator=draws) if self.order == "shuffle" else torch.arange(n)
            for part in order.split(self.part(n)):
                for turn in range(self.passes):
                    again = self.order == "shuffle" and turn > 0
                    yield from (part[torch.randperm(len(part), generator=draws)] if again else part).split(self.size)

    def __str__(self) -> str:
        until = "" if self.until is None else f"; all samples after {self.until} steps"
        averaged = "" if self.workers is None else f"; {self.workers} workers, averaged, passes a round: {self.passes}"
        return f"batches of {self.size}, {self.order}: {ORDERS[self.order]}{until}{averaged}"
