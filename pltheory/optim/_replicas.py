"""What the processes of a run hold, compared through its store, which no collective of the training passes through.

A process that does not take part makes the others say so after a time, and blocks none of them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from ..theory.errors import InvalidInputError
from ._buckets import mesh_of

_WAIT = timedelta(seconds=60)
"""How long the slowest process may take to the step that the fastest one is at."""
_SAMPLES = 64
"""Entries of the parameters, and of the gradients, that stand for all."""
_CLOSE = 1e-3
"""Replicas drift apart by less than this, relatively, by rounding in another order; other parameters differ by more."""

_exchanges: dict[tuple[int, ...], int] = {}
"""How often this process exchanged with these; all of them count alike, so that their keys meet."""


@dataclass(frozen=True)
class Holdings:
    """What one process holds.

    Attributes:
        shapes: digest of shapes, dtypes and which parameters have a gradient.
        place: coordinates in the meshes of its DTensors, whose local parts are to be the same at the same place.
        whole: entries of plain parameters and of their gradients.
        local: entries of the local parts of DTensors and of their gradients.
        norm: of the gradients.
    """

    shapes: str
    place: list[list[int]]
    whole: list[list[float]]
    local: list[list[float]]
    norm: float

    @property
    def settles(self) -> bool:
        """Whether gradients were there to compare."""
        return 0 < self.norm < float("inf")


def holdings(params: Sequence[Tensor], norm: Tensor) -> Holdings:
    """What this process holds: parameters, and the norm of their gradients."""
    plain = [p for p in params if mesh_of(p) is None]
    sharded = [p for p in params if mesh_of(p) is not None]
    text = repr([(tuple(p.shape), str(p.dtype), p.grad is not None, mesh_of(p) is not None) for p in params])
    return Holdings(
        shapes=hashlib.sha256(text.encode()).hexdigest(),
        place=[list(mesh.get_coordinate() or ()) for mesh in dict.fromkeys(map(mesh_of, sharded))],
        whole=[_samples(plain), _samples([p.grad for p in plain if p.grad is not None])],
        local=[
            _samples([_local(p) for p in sharded]),
            _samples([_local(p.grad) for p in sharded if p.grad is not None]),
        ],
        norm=float(norm),
    )


def _local(t: Any) -> Tensor:
    part: Tensor = t.to_local()
    return part


def _samples(tensors: Sequence[Tensor]) -> list[float]:
    """Entries spread evenly over all tensors."""
    ends = np.cumsum([0, *(t.numel() for t in tensors)])
    if not ends[-1]:
        return []
    places = np.unique(np.linspace(0, ends[-1] - 1, _SAMPLES).astype(np.int64))
    found: list[float] = []
    for i in np.unique(np.searchsorted(ends, places, side="right") - 1):
        t = tensors[i].detach()
        inside = torch.as_tensor(places[(places >= ends[i]) & (places < ends[i + 1])] - ends[i], device=t.device)
        entries = t[torch.unravel_index(inside, t.shape)] if t.ndim else t.reshape(1)
        found += entries.double().tolist()
    return found


def exchange(mine: Holdings, ranks: Sequence[int], ways_out: str) -> list[Holdings]:
    """What every process of `ranks` holds, in their order.

    Raises:
        InvalidInputError: one of them took no such step in time (this one has then exchanged nothing), or there is
            no store.
    """
    key = tuple(ranks)
    serial = _exchanges.get(key, 0)
    name = hashlib.sha256(repr((key, serial)).encode()).hexdigest()[:16]
    store = dist.distributed_c10d._get_default_store()
    if store is None:  # a run that MPI started
        raise InvalidInputError(f"norm_group = None: allowed is {ways_out}: this run has no store to compare through")
    store = dist.PrefixStore(f"pltheory/{name}", store)
    own, names = str(dist.get_rank()), [str(rank) for rank in ranks]
    store.set(own, json.dumps(asdict(mine)))
    try:
        store.wait(names, _WAIT)
    except RuntimeError:  # torch's DistStoreError is one
        late = [name for name in names if not store.check([name])]
        store.delete_key(own)
        raise InvalidInputError(
            f"norm_group = None: allowed is {ways_out}: process {', '.join(late)} took no step of such an optimizer "
            f"within {_WAIT.seconds} s, and the norm must be one over all parameters"
        ) from None
    _exchanges[key] = serial + 1
    return [Holdings(**json.loads(store.get(name))) for name in names]


def differing(entries: Sequence[Holdings]) -> tuple[int, int] | None:
    """The first two that do not hold the same, None where all do."""
    first: dict[str, int] = {}
    for i, entry in enumerate(entries):
        at = first.setdefault(str(entry.place), i)
        if not _alike(entries[0], entry, local=False):
            return 0, i
        if not _alike(entries[at], entry, local=True):
            return at, i
    return None


def _alike(a: Holdings, b: Holdings, *, local: bool) -> bool:
    pairs = list(zip([*a.whole, [a.norm]], [*b.whole, [b.norm]], strict=True))
    pairs += zip(a.local, b.local, strict=True) if local else []
    return a.shapes == b.shapes and all(len(x) == len(y) and _close(x, y) for x, y in pairs)


def _close(x: list[float], y: list[float]) -> bool:
    scale = max((abs(entry) for entry in x if math.isfinite(entry)), default=0.0)
    return np.allclose(x, y, rtol=0, atol=_CLOSE * scale, equal_nan=True)


def repeated(entries: Sequence[Holdings]) -> tuple[int, int] | None:
    """The first two that hold the same, to the last bit and with gradients; None where none do."""
    seen: dict[str, int] = {}
    for i, entry in enumerate(entries):
        if entry.settles and seen.setdefault(str(entry), i) != i:
            return seen[str(entry)], i
    return None
