"""What a clipped step does with the gradients: one norm, one step size, one update.

Nothing here reads a tensor's value on the host, copies the gradients as a whole or writes to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..theory import formulas
from ..theory.arithmetic import Arithmetic

_PIECE = 2**17
"""Entries per call of the CPU norm: in float32 it errs by 1e-3 over 2.5e7 entries and by 5e-7 over these."""

# clamp passes NaN on, and gamma / 0 is inf: no branch is needed for either.
_TENSORS = Arithmetic(
    sqrt=torch.sqrt,
    minimum=lambda ceiling, x: x.clamp(max=ceiling),
    maximum=lambda floor, x: x.clamp(min=floor),
    spectral_norm=lambda rows: torch.linalg.matrix_norm(torch.stack([torch.stack(r) for r in rows]), 2),
)


@dataclass
class Bucket:
    """Parameters of one group on one device in one dtype, with their gradients in the same order."""

    params: list[Tensor]
    grads: list[Tensor]
    foreach: bool

    @property
    def device(self) -> torch.device:
        """Device of every tensor in the bucket."""
        return self.params[0].device

    @property
    def working_dtype(self) -> torch.dtype:
        """The parameters' dtype, or float32 where that is a half type: norms would overflow, steps vanish."""
        return torch.promote_types(self.params[0].dtype, torch.float32)


def buckets(params: Sequence[Tensor], foreach: bool | None) -> list[Bucket]:
    """The parameters that have a gradient, by device and dtype.

    Args:
        params: dense real tensors; those without a gradient are left out.
        foreach: multi-tensor kernels (also None: on the CPU too they spare a call per tensor) or one call per tensor.
    """
    found: dict[tuple[torch.device, torch.dtype], Bucket] = {}
    for p in params:
        grad = p.grad
        if grad is not None:
            key = (p.device, p.dtype)
            bucket = found.get(key)
            if bucket is None:
                bucket = found[key] = Bucket([], [], foreach=foreach is not False)
            bucket.params.append(p)
            bucket.grads.append(grad)
    return list(found.values())


def total_norm(parts: Sequence[Bucket]) -> Tensor:
    """Euclidean norm of all gradients as one vector, 0 when there are none.

    Returns:
        A 0-dim tensor on the first bucket's device; float64, so that step sizes lose no bit of eta and delta.
    """
    if not parts:
        return torch.zeros((), dtype=torch.float64)
    home = parts[0].device
    wide = torch.float32 if home.type == "mps" else torch.float64  # Apple GPUs have no float64
    norms = [torch.stack(_norms(part)).to(home, wide) for part in parts]
    norm: Tensor = torch.linalg.vector_norm(torch.cat(norms))
    return norm


def _norms(part: Bucket) -> list[Tensor]:
    grads = part.grads
    if part.device.type == "cpu":
        grads = [piece for g in grads for piece in _pieces(g)]
    if part.foreach:
        return list(torch._foreach_norm(grads, 2, part.working_dtype))
    return [torch.linalg.vector_norm(g, dtype=part.working_dtype) for g in grads]


def _pieces(g: Tensor) -> Sequence[Tensor]:
    if g.ndim == 2 and g.T.is_contiguous():
        g = g.T
    if g.numel() <= _PIECE or not g.is_contiguous():
        return (g,)
    return g.view(-1).chunk(-(-g.numel() // _PIECE))


def clipped_step(eta: float | Tensor, gamma: float, delta: float, norm: Tensor) -> Tensor:
    """`pltheory.theory.formulas.step_size` on a 0-dim tensor; eta at norm 0, NaN at a NaN norm."""
    h: Tensor = formulas.step_size(eta, gamma, delta, norm, _TENSORS)
    return h


def descend(part: Bucket, h: Tensor) -> None:
    """`p <- p - h g` for every parameter, with one rounding per entry.

    Args:
        part: what to move.
        h: 0-dim step size.
    """
    h = h.to(part.device, part.working_dtype)
    steps = [h] * len(part.params)
    if part.working_dtype != part.params[0].dtype:
        # A 0-dim h would be rounded to the half type; as a tensor of p's rank it makes the sum a float32 one.
        steps = [h.view((1,) * p.ndim) for p in part.params]
    if part.foreach:
        torch._foreach_addcmul_(part.params, part.grads, steps, value=-1)
        return
    for p, g, step in zip(part.params, part.grads, steps, strict=True):
        p.addcmul_(g, step, value=-1)
