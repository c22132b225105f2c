"""Steps by `torch._fused_sgd_`, which reads every tensor once; what it cannot say is left to `_update`.

The kernel walks parameter, gradient and buffer in the order of the memory and does not ask whether that is the same
for all three: only where it is may it be called.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ._buckets import Bucket


def takes(part: Bucket) -> bool:
    """Whether the step of this bucket may be the kernel's: as told, or on the CPU with momentum, where it is faster."""
    group = part.group
    if torch.compiler.is_compiling() or part.mesh is not None or group["differentiable"]:
        return False
    told = group["fused"]
    chosen = told is None and group["foreach"] is None and bool(part.buffers) and part.host and not part.narrow
    # On an accelerator the kernel reads the step as a float32 number.
    exact = part.host or (part.device.type != "cpu" and part.params[0].dtype != torch.float64)
    return (told or chosen) and exact and all(map(_alike, part.params, part.directions))


def _alike(p: Tensor, d: Tensor) -> bool:
    return p.dtype == d.dtype and (
        (p.is_contiguous() and d.is_contiguous()) or (p.stride() == d.stride() and _fills(p) and _fills(d))
    )


def _fills(x: Tensor) -> bool:
    """Whether the entries fill a piece of memory, each once."""
    return x.permute(sorted(range(x.ndim), key=x.stride, reverse=True)).is_contiguous()


def step_with_momentum(part: Bucket, lr: float | Tensor, factor: Tensor) -> bool:
    """`b <- m b + factor (1 - dampening) d`, `p <- p - lr b`; whether that was possible, and else nothing is done.

    The kernel is told of a dampening, and has none of its own before d in Nesterov's momentum.
    """
    momentum, share = part.group["momentum"], 1.0 if part.fresh else 1 - part.group["dampening"]
    if not part.host or not all(map(_alike, part.params, part.buffers)):
        return False
    c = float(factor) * share
    dampening = 1 - c
    off = abs((1 - dampening) - c)
    if not off <= torch.finfo(part.working_dtype).eps * c or (part.group["nesterov"] and c != 1):
        return False
    _call(part, part.buffers, float(lr), momentum, dampening, nesterov=part.group["nesterov"])
    return True


def step(part: Bucket, h: float | Tensor) -> None:
    """`p <- p - h d`."""
    if part.host:
        h = float(h)
    elif isinstance(h, Tensor):
        h = h.reshape(()).to(part.device, torch.float32)
    _call(part, [], h, 0.0, 0.0, nesterov=False)


def _call(
    part: Bucket, buffers: list[Tensor], lr: float | Tensor, momentum: float, dampening: float, *, nesterov: bool
) -> None:
    torch._fused_sgd_(
        part.params,
        part.directions,
        buffers,
        weight_decay=0.0,
        momentum=momentum,
        lr=lr,
        dampening=dampening,
        nesterov=nesterov,
        maximize=part.sign < 0,
        is_first_step=False,
    )
