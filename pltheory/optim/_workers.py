"""Workers that average their weights: where they stand is compared through the run's store, then one sum is taken.

A worker that does not come is named after a time, before any sum is begun; nothing is written where a sum fails.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, NoReturn

import torch
import torch.distributed as dist
from torch import Tensor

from ..theory.errors import InvalidInputError, LostWorkerError

_orders: defaultdict[tuple[int, ...], Iterator[int]] = defaultdict(itertools.count)
"""Numbers the optimizers of these workers, in the order in which they first average: alike in every worker."""


@dataclass(frozen=True)
class Standing:
    """Where a worker is as it comes to an average.

    Attributes:
        steps: that it has taken.
        interval: between two averages.
        shapes: digest of the shapes and dtypes of its weights.
        began: digest of the weights it started from; None where it went on from a checkpoint.
    """

    steps: int
    interval: int
    shapes: str
    began: str | None


def shapes_of(params: Sequence[Tensor]) -> str:
    """Digest of shapes and dtypes."""
    return hashlib.sha256(repr([(tuple(p.shape), str(p.dtype)) for p in params]).encode()).hexdigest()


@torch.no_grad()
def entries_of(params: Sequence[Tensor]) -> str:
    """Digest of every bit of the weights."""
    digest = hashlib.sha256()
    for p in params:
        digest.update(p.detach().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


class Workers:
    """The processes of a group, as the workers of one optimizer.

    Args:
        group: a process group; None for all processes.
        timeout: seconds to wait for the slowest worker.

    Raises:
        InvalidInputError: there is no process group, or its run has no store.
    """

    def __init__(self, group: Any, timeout: float) -> None:
        if not (dist.is_available() and dist.is_initialized()):
            raise InvalidInputError("group = None: allowed is a process group; torch.distributed is not initialized")
        world: Any = dist.group.WORLD
        self.group = world if group is None else group
        self.ranks = tuple(dist.get_process_group_ranks(self.group))
        self._wait, self._kinds = timedelta(seconds=timeout), [device.type for device in self.group._device_types]
        self._serial, self._order, self._lost = 0, -1, ""

    @property
    def count(self) -> int:
        """K."""
        return len(self.ranks)

    def meet(self, mine: Standing, number: int) -> None:
        """Wait for every worker and hold what they say against each other.

        Raises:
            LostWorkerError: one did not come in time, now or at an average before: their sums would not meet again.
            InvalidInputError: they do not stand at the same average, or began differently.
        """
        if self._lost:
            raise LostWorkerError(f"{self._lost}; go on from a checkpoint with new processes")
        store = self._store()
        own, names = str(dist.get_rank()), [str(rank) for rank in self.ranks]
        if self._serial:
            store.delete_key(f"{self._serial - 1}/{own}")
        keys = {name: f"{self._serial}/{name}" for name in names}
        try:
            store.set(keys[own], json.dumps(asdict(mine)))
            store.wait(list(keys.values()), self._wait)
            said = {name: Standing(**json.loads(store.get(key))) for name, key in keys.items()}
        except RuntimeError as error:  # torch's DistStoreError and DistNetworkError are such
            self._refuse(_missing(store, keys), number, mine.steps, error)
        self._serial += 1
        for name, standing in said.items():
            _require_alike(own, mine, name, standing, number)

    def _store(self) -> Any:
        if self._order < 0:
            self._order = next(_orders[self.ranks])
        store = dist.distributed_c10d._get_default_store()
        if store is None:  # a run that MPI started
            raise InvalidInputError(f"group = {self.group!r}: allowed is a process group of a run with a store")
        ranks = hashlib.sha256(repr(self.ranks).encode()).hexdigest()[:16]
        return dist.PrefixStore(f"pltheory/workers/{ranks}/{self._order}", store)

    def _refuse(self, who: str, number: int, steps: int, error: BaseException) -> NoReturn:
        self._lost = f"average {number}: {who} within {self._wait.total_seconds():g} s"
        raise LostWorkerError(
            f"{self._lost}; the weights here are this worker's own, after its step {steps}"
        ) from error

    @torch.no_grad()
    def average(self, params: Sequence[Tensor], number: int, steps: int) -> int:
        """Set the weights to the mean over the workers; the bytes that this worker hands over.

        Half types are summed in float32. Rounding: K - 1 sums and a division.

        Raises:
            LostWorkerError: the sum failed, or took too long. The weights are as they were.
        """
        parts: defaultdict[tuple[torch.device, torch.dtype], list[Tensor]] = defaultdict(list)
        for p in params:
            parts[p.device, torch.promote_types(p.dtype, torch.float32)].append(p)
        sums = []
        for (device, dtype), some in parts.items():
            flat = torch.cat([p.detach().reshape(-1).to(dtype) for p in some])
            flat = flat.to(device if device.type in self._kinds else self._kinds[0])
            options = dist.AllreduceOptions()
            options.timeout = self._wait
            try:
                self.group.allreduce([flat], options).wait(self._wait)
            except RuntimeError as error:
                self._refuse("the workers came, and one left before their sum was taken", number, steps, error)
            sums.append(flat.div_(self.count))
        for some, mean in zip(parts.values(), sums, strict=True):
            for p, piece in zip(some, mean.split([p.numel() for p in some]), strict=True):
                p.copy_(piece.view_as(p))
        return sum(flat.numel() * flat.element_size() for flat in sums)


def _missing(store: Any, keys: Mapping[str, str]) -> str:
    """Who has not come, in words."""
    try:
        late = [name for name, key in keys.items() if not store.check([key])]
    except RuntimeError:
        return "the run's store was lost with the process that keeps it: no answer"
    # One that came late, as the wait ended, is there by now.
    who = f"worker{'s' if len(late) > 1 else ''} {', '.join(late)}" if late else "a worker"
    return f"{who} did not come"


def _require_alike(own: str, mine: Standing, name: str, theirs: Standing, number: int) -> None:
    pair = f"average {number}: workers {own} and {name}"
    if theirs.interval != mine.interval:
        raise InvalidInputError(f"{pair} have interval = {mine.interval} and {theirs.interval}: allowed is one for all")
    if theirs.shapes != mine.shapes:
        raise InvalidInputError(f"{pair} have weights of other shapes or dtypes: allowed is one network for all")
    if theirs.steps != mine.steps:
        raise InvalidInputError(
            f"{pair} come to it after {mine.steps} and {theirs.steps} steps: allowed is the same number for all"
        )
    if theirs.began != mine.began:
        raise InvalidInputError(
            f"{pair} started from different weights: allowed is one start for all: one seed, one checkpoint, or a "
            "broadcast before the first step"
        )
