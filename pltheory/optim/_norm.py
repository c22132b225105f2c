"""The norm of all directions of a step as one vector.

Nothing here reads an accelerator's tensor on the host, copies the gradients as a whole or writes to them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ._buckets import Bucket

_ROW = 2**11
"""Entries summed at once by the CPU norm: in float32 it errs by 1e-3 over 2.5e7 entries and by 2e-6 over these."""
_LARGE = 2**15
"""Entries from which a gradient is taken in rows, which threads share: below, a call of its own costs more."""
_SAFE = 1e-15
"""A float32 norm of n entries that is above this times sqrt(n) lost nothing that counts to squares that vanished."""


def total_norm(parts: Sequence[Bucket]) -> Tensor:
    """Euclidean norm of all `directions` as one vector, 0 when there are none.

    Returns:
        A plain 0-dim tensor on the first bucket's device; float64, so that step sizes lose no bit of eta and delta.
        A DTensor counts as the whole that it is a part of.
    """
    if not parts:
        return torch.zeros((), dtype=torch.float64)
    home = parts[0].device
    norms = [_norm(part, home) for part in parts]
    return norms[0] if len(norms) == 1 else torch.linalg.vector_norm(torch.stack(norms))


def _norm(part: Bucket, home: torch.device) -> Tensor:
    """Norm of one bucket, a plain 0-dim tensor on `home`."""
    if not part.host:
        # Squares of float32 overflow from 1e19 and vanish below 1e-19.
        return _joined(part, _wide(part.device), home)
    dtype = part.working_dtype
    norm = _joined(part, dtype, home)
    if dtype != torch.float64:
        # Slower, and so only where it is needed.
        value, entries = float(norm), sum(x.numel() for x in part.directions)
        if value == math.inf or value < _SAFE * math.sqrt(entries):
            return _joined(part, torch.float64, home)
    return norm


def _wide(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "mps" else torch.float64  # Apple GPUs have no float64


def _joined(part: Bucket, dtype: torch.dtype, home: torch.device) -> Tensor:
    norms = [n.to(_wide(part.device)) for n in _norms(part, dtype)]
    norm: Tensor = torch.linalg.vector_norm(torch.cat(norms))
    return (norm if part.mesh is None else norm.full_tensor()).to(home)  # type: ignore[attr-defined]


def _norms(part: Bucket, dtype: torch.dtype) -> list[Tensor]:
    """One-dimensional tensors of norms in `dtype`, of pieces of the directions that hold every entry once."""
    single: list[Tensor] = []
    found: list[Tensor] = []
    whole_is_fast = part.device.type != "cpu"
    for x in part.directions:
        if whole_is_fast or x.numel() < _LARGE:
            single.append(x)
            continue
        flat = _flat(x)
        if flat is None:  # entries with gaps between them, or shared: slow, and rare
            found.append(torch.linalg.vector_norm(x, dtype=torch.float64).view(1))
            continue
        whole = len(flat) - len(flat) % _ROW
        found.append(torch.linalg.vector_norm(flat[:whole].view(-1, _ROW), dim=1, dtype=dtype))
        single += [flat[whole:]] if whole < len(flat) else []
    if part.foreach and single:
        found.append(torch.stack(torch._foreach_norm(single, 2, dtype)))
    else:
        found += [torch.linalg.vector_norm(x, dtype=dtype).view(1) for x in single]
    return found


def _flat(x: Tensor) -> Tensor | None:
    """The entries in the order of the memory, which they fill; None where they do not."""
    if x.is_contiguous():
        return x.view(-1)
    x = x.permute(sorted(range(x.ndim), key=x.stride, reverse=True))
    return x.view(-1) if x.is_contiguous() else None
