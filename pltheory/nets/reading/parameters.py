"""The parameters that are trained: leaf tensors of the module's own, every entry of which stands in one group."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from ...theory import NotAvailableError
from .builder import Cut
from .export import REFUSED

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
"""What doubles hold without loss."""


def trainable(module: nn.Module, x: Tensor) -> dict[str, nn.Parameter]:
    """The module's parameters by name, frozen ones included.

    Raises:
        NotAvailableError: naming one that is not a plain parameter, or the data where they are of another dtype.
    """
    if type(x) is not Tensor or x.ndim < 1 or not len(x) or not x[0].numel():
        raise NotAvailableError(f"{REFUSED}x must be a tensor (n, ...) that is not empty")
    if x.dtype not in DTYPES:
        raise NotAvailableError(f"{REFUSED}x is {x.dtype}: allowed are {', '.join(map(str, DTYPES))}")
    found = dict(nn.Module.named_parameters(module))
    if not any(p.requires_grad for p in found.values()):
        raise NotAvailableError(f"{REFUSED}it has no trainable parameter")
    for name, p in found.items():
        why = _strange(p, x)
        if why:
            raise NotAvailableError(f"{REFUSED}the parameter {name} {why}")
    # A buffer that lies in a parameter's memory moves with it, and no tracer says so.
    buffers = {name: b for name, b in nn.Module.named_buffers(module) if b.layout is torch.strided}
    stretches = sorted(
        (str(t.device), t.data_ptr(), t.data_ptr() + _extent(t), name)
        for name, t in (buffers | found).items()
        if t.numel()
    )
    for (device, _, end, name), (second, start, _, other) in itertools.pairwise(stretches):
        if device == second and start < end and not (name in buffers and other in buffers):
            raise NotAvailableError(f"{REFUSED}{name} and {other} lie in the same memory")
    return found


def _strange(p: nn.Parameter, x: Tensor) -> str:
    if type(p) is not nn.Parameter:
        return f"is a {type(p).__name__}, not exactly an nn.Parameter"
    if p.layout is not torch.strided or p.dtype not in DTYPES:
        return f"is {p.layout}, {p.dtype}: allowed are dense ones of {', '.join(map(str, DTYPES))}"
    if p.dtype is not x.dtype or p.device != x.device:
        return f"is {p.dtype} on {p.device}, x is {x.dtype} on {x.device}"
    if not p.is_leaf or p.grad_fn is not None or p.is_inference():
        return "is not a leaf"
    if p._backward_hooks or getattr(p, "_post_accumulate_grad_hooks", None):
        return "has tensor hooks"
    if not p.numel() or not bool(p.isfinite().all()):
        return "is empty or not finite"
    if p.untyped_storage().nbytes() < p.storage_offset() * p.element_size() + _extent(p):
        return "has no memory"
    longest = 0
    for stride, size in sorted((s, n) for s, n in zip(p.stride(), p.shape, strict=True) if n > 1):
        # Strides that show that no two entries are at one place.
        if stride <= longest:
            return "has entries that may share memory"
        longest += stride * (size - 1)
    return ""


def _extent(p: Tensor) -> int:
    """Bytes from the first to behind the last entry."""
    return (1 + sum(s * (n - 1) for s, n in zip(p.stride(), p.shape, strict=True))) * p.element_size()


def require_partition(parameters: dict[str, nn.Parameter], cuts: Iterable[Cut]) -> None:
    """Refuse groups that are not every entry of every trainable parameter, each once.

    Raises:
        NotAvailableError: an entry stands in no group, and training would not move it, or in two, which is a tie that a
            graph cannot say.
    """
    counts = {name: np.zeros(p.numel(), dtype=np.int64) for name, p in parameters.items() if p.requires_grad}
    for cut in cuts:
        np.add.at(counts[cut.name], cut.entries.reshape(-1), 1)
    for name, count in counts.items():
        if (count > 1).any():
            raise NotAvailableError(
                f"{REFUSED}the parameter {name} is used in two ways, as another matrix or with another bias: tied "
                "weights are read where they are used alike"
            )
        if not count.all():
            unused = "is not used" if not count.any() else f"has {int((count == 0).sum())} entries that are not used"
            raise NotAvailableError(f"{REFUSED}the trainable parameter {name} {unused}: training would not move them")
