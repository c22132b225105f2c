"""What a clipped step does with the gradients: one norm, one step size, one update.

Nothing here reads an accelerator's tensor on the host, copies the gradients as a whole or writes to them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..theory import formulas
from ..theory.arithmetic import Arithmetic

_ROW = 2**11
"""Entries summed at once by the CPU norm: in float32 it errs by 1e-3 over 2.5e7 entries and by 2e-6 over these."""
_LARGE = 2**15
"""Entries from which a gradient is taken in rows, which threads share: below, a call of its own costs more."""
_SAFE = 1e-15
"""A float32 norm of n entries that is above this times sqrt(n) lost nothing that counts to squares that vanished."""

# clamp passes NaN on, and gamma / 0 is inf: no branch is needed for either.
TENSORS = Arithmetic(
    sqrt=torch.sqrt,
    minimum=lambda a, b: b.clamp(max=a) if isinstance(b, Tensor) else a.clamp(max=b),
    maximum=lambda a, b: b.clamp(min=a) if isinstance(b, Tensor) else a.clamp(min=b),
    spectral_norm=lambda rows: torch.linalg.matrix_norm(torch.stack([torch.stack(r) for r in rows]), 2),
)


@dataclass
class Bucket:
    """Parameters of one group on one device in one dtype, with their gradients in the same order.

    Attributes:
        params: the parameters.
        grads: their gradients.
        foreach: multi-tensor kernels or one call per tensor.
        mesh: the device mesh of DTensors, None of plain tensors.
        flattened: whether they are pieces of flat parameters of FullyShardedDataParallel.
    """

    foreach: bool
    mesh: Any
    flattened: bool
    params: list[Tensor] = field(default_factory=list)
    grads: list[Tensor] = field(default_factory=list)

    @property
    def device(self) -> torch.device:
        """Device of every tensor in the bucket."""
        return self.params[0].device

    @property
    def working_dtype(self) -> torch.dtype:
        """The parameters' dtype, or float32 where that is a half type: norms would overflow, steps vanish."""
        return torch.promote_types(self.params[0].dtype, torch.float32)


def mesh_of(t: Tensor) -> Any:
    """Device mesh of a DTensor, None of a plain tensor."""
    return getattr(t, "device_mesh", None)


def buckets(params: Sequence[Tensor], foreach: bool | None) -> list[Bucket]:
    """The parameters that have a gradient, by device, dtype and the way they are divided among processes.

    Args:
        params: dense real tensors; those without a gradient are left out.
        foreach: multi-tensor kernels (also None: on the CPU too they spare a call per tensor) or one call per tensor.
    """
    found: dict[tuple[Any, ...], Bucket] = {}
    for p in params:
        grad = p.grad
        if grad is not None:
            # The mark is FSDP1's own, on its flat parameters and on what it makes views of them.
            mesh, flattened = mesh_of(p), getattr(p, "_fsdp_flattened", False)
            key = (p.device, p.dtype, mesh, flattened)
            bucket = found.get(key)
            if bucket is None:
                bucket = found[key] = Bucket(foreach is not False, mesh, flattened)
            bucket.params.append(p)
            bucket.grads.append(grad)
    return list(found.values())


def total_norm(parts: Sequence[Bucket]) -> Tensor:
    """Euclidean norm of all gradients as one vector, 0 when there are none.

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
    dtype = part.working_dtype
    host = part.device.type == "cpu" and dtype != torch.float64
    if host and torch.compiler.is_compiling():
        return _joined(part, torch.float64, home)
    norm = _joined(part, dtype, home)
    if host:
        # Squares of float32 overflow from 1e19 and vanish below 1e-19: then once more, slower.
        value, entries = float(norm), sum(g.numel() for g in part.grads)
        if value == math.inf or value < _SAFE * math.sqrt(entries):
            return _joined(part, torch.float64, home)
    return norm


def _joined(part: Bucket, dtype: torch.dtype, home: torch.device) -> Tensor:
    wide = torch.float32 if home.type == "mps" else torch.float64  # Apple GPUs have no float64
    norm: Tensor = torch.linalg.vector_norm(torch.cat([n.to(wide) for n in _norms(part, dtype)]))
    return (norm if part.mesh is None else norm.full_tensor()).to(home)  # type: ignore[attr-defined]


def _norms(part: Bucket, dtype: torch.dtype) -> list[Tensor]:
    """One-dimensional tensors of norms in `dtype`, of pieces of the gradients that hold every entry once."""
    single, found = part.grads, []
    if part.device.type == "cpu":
        single = [g for g in part.grads if g.numel() < _LARGE]
        for g in (g for g in part.grads if g.numel() >= _LARGE):
            flat = _flat(g)
            if flat is None:  # entries with gaps between them, or shared: slow, and rare
                found.append(torch.linalg.vector_norm(g, dtype=torch.float64).view(1))
                continue
            whole = len(flat) - len(flat) % _ROW
            found.append(torch.linalg.vector_norm(flat[:whole].view(-1, _ROW), dim=1, dtype=dtype))
            single += [flat[whole:]] if whole < len(flat) else []
    if part.foreach and single:
        found.append(torch.stack(torch._foreach_norm(single, 2, dtype)))
    else:
        found += [torch.linalg.vector_norm(g, dtype=dtype).view(1) for g in single]
    return found


def _flat(g: Tensor) -> Tensor | None:
    """The entries in the order of the memory, which they fill; None where they do not."""
    if g.is_contiguous():
        return g.view(-1)
    g = g.permute(sorted(range(g.ndim), key=g.stride, reverse=True))
    return g.view(-1) if g.is_contiguous() else None


def clipped_step(eta: float | Tensor, gamma: float, delta: float, norm: Tensor) -> Tensor:
    """`pltheory.theory.formulas.step_size` on a 0-dim tensor; eta at norm 0, NaN at a NaN norm."""
    h: Tensor = formulas.step_size(eta, gamma, delta, norm, TENSORS)
    return h


def descend(part: Bucket, h: Tensor) -> None:
    """`p <- p - h g` for every parameter, with one rounding per entry.

    Args:
        part: what to move.
        h: 0-dim step size.
    """
    h = h.to(part.device, part.working_dtype)
    narrow = part.working_dtype != part.params[0].dtype
    if part.device.type == "cpu" and not narrow and not torch.compiler.is_compiling():
        # A number is read from the host's own memory without a wait, and adds faster than a tensor multiplies.
        step = -float(h)
        if part.foreach:
            torch._foreach_add_(part.params, part.grads, alpha=step)
            return
        for p, g in zip(part.params, part.grads, strict=True):
            p.add_(g, alpha=step)
        return
    if part.mesh is not None:
        from torch.distributed.tensor import DTensor, Replicate

        h = DTensor.from_local(h, part.mesh, [Replicate()] * part.mesh.ndim, run_check=False)
    # A 0-dim h would be rounded to the half type; as a tensor of p's rank it makes the sum a float32 one.
    steps = [h.view((1,) * p.ndim) if narrow else h for p in part.params]
    if part.foreach:
        torch._foreach_addcmul_(part.params, part.grads, steps, value=-1)
        return
    for p, g, s in zip(part.params, part.grads, steps, strict=True):
        p.addcmul_(g, s, value=-1)
