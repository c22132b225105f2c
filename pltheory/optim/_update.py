"""What a step does to the buffers and the parameters of a bucket, with the operations of torch.optim.SGD.

A number k that scales is a Python number where the host may know it, and else a 0-dim tensor that is not read.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import _fused
from ._buckets import BUFFER, Bucket


def take_objective(part: Bucket) -> None:
    """Make the directions the gradients of the objective: with coupled decay, its term belongs to it."""
    decay = part.group["weight_decay"]
    if _is_nothing(decay) or part.group["decoupled_weight_decay"]:
        return
    # A differentiable step moves p in place, and the derivative by a decay that is a tensor needs what it was.
    params = [p.clone() for p in part.params] if part.group["differentiable"] else part.params
    part.directions = _sum(part, part.grads, params, part.sign * decay)


def accumulate(part: Bucket, state: Any, factor: float | Tensor) -> None:
    """`b <- m b + factor (1 - dampening) u`, without dampening at the first u; nothing without momentum.

    The directions become b, or `m b + factor u` with Nesterov's momentum.
    """
    if not part.buffers:
        return
    momentum = part.group["momentum"]
    if part.group["differentiable"]:
        # The graph of the step before keeps the buffers that it had.
        part.buffers = [b.clone() for b in part.buffers]
        for p, b in zip(part.params, part.buffers, strict=True):
            state[p][BUFFER] = b
    _scale(part, part.buffers, momentum)
    undamped = 1.0 if part.fresh else 1 - part.group["dampening"]
    _add(part, part.buffers, part.directions, part.sign * undamped * factor)
    if part.group["nesterov"]:
        ahead = _times(part, part.buffers, momentum)
        _add(part, ahead, part.directions, part.sign * factor)
        part.directions = ahead
    else:
        part.directions = part.buffers
    part.sign = 1.0


def advance(part: Bucket, state: Any, h: Tensor, factor: Tensor) -> None:
    """Move every parameter along its direction, with one rounding per entry.

    Args:
        part: what to move.
        state: of the optimizer.
        h: the step size, lr times `factor`.
        factor: what the clip makes of 1. With `clip = "gradient"` it is in the buffer, and the step along that is lr.
    """
    lr, decay, fused = part.group["lr"], part.group["weight_decay"], _fused.takes(part)
    if part.group["decoupled_weight_decay"] and not _is_nothing(decay):
        _scale(part, part.params, 1 - lr * decay)
    if part.buffers and part.group["clip"] == "gradient":
        if fused and _fused.step_with_momentum(part, lr, factor):
            return
        accumulate(part, state, factor)
        h = lr
    if fused:
        _fused.step(part, h)
    else:
        _add(part, part.params, part.directions, -part.sign * h)


def _is_nothing(decay: float | Tensor) -> bool:
    return not isinstance(decay, Tensor) and decay == 0


def _number(part: Bucket, k: float | Tensor) -> float | Tensor:
    """k as the bucket's operations take it."""
    if part.host and not part.narrow:
        # Of the host's own memory it is read without a wait, and a number adds faster than a tensor multiplies.
        return float(k)
    if not isinstance(k, Tensor):
        # A half type would round it.
        return torch.full((), k, dtype=part.working_dtype, device=part.device) if part.narrow else k
    k = k.reshape(()).to(part.device, part.working_dtype)
    if part.mesh is not None:
        from torch.distributed.tensor import DTensor, Replicate

        k = DTensor.from_local(k, part.mesh, [Replicate()] * part.mesh.ndim, run_check=False)
    return k


def _spread(part: Bucket, k: Tensor, xs: list[Tensor]) -> list[Tensor]:
    """k beside every x: a 0-dim tensor would be rounded to a half type, one of x's rank makes the sum a float32 one."""
    return [k.view((1,) * x.ndim) if part.narrow else k for x in xs]


def _add(part: Bucket, xs: list[Tensor], ys: list[Tensor], k: float | Tensor) -> None:
    """`x <- x + k y`."""
    k = _number(part, k)
    if not isinstance(k, Tensor):
        if part.foreach:
            torch._foreach_add_(xs, ys, alpha=k)
            return
        for x, y in zip(xs, ys, strict=True):
            x.add_(y, alpha=k)
        return
    ks = _spread(part, k, xs)
    if part.foreach:
        torch._foreach_addcmul_(xs, ys, ks)
        return
    for x, y, s in zip(xs, ys, ks, strict=True):
        x.addcmul_(y, s)


def _sum(part: Bucket, xs: list[Tensor], ys: list[Tensor], k: float | Tensor) -> list[Tensor]:
    """`x + k y`, new tensors."""
    k = _number(part, k)
    if not isinstance(k, Tensor):
        if part.foreach:
            return list(torch._foreach_add(xs, ys, alpha=k))
        return [x.add(y, alpha=k) for x, y in zip(xs, ys, strict=True)]
    ks = _spread(part, k, xs)
    if part.foreach:
        return list(torch._foreach_addcmul(xs, ys, ks))
    return [x.addcmul(y, s) for x, y, s in zip(xs, ys, ks, strict=True)]


def _scale(part: Bucket, xs: list[Tensor], k: float | Tensor) -> None:
    """`x <- k x`."""
    if isinstance(k, Tensor):
        k = _number(part, k)
    ks: Any = _spread(part, k, xs) if isinstance(k, Tensor) else k
    if part.foreach:
        torch._foreach_mul_(xs, ks)
        return
    for i, x in enumerate(xs):
        x.mul_(ks[i] if isinstance(ks, list) else ks)


def _times(part: Bucket, xs: list[Tensor], k: float) -> list[Tensor]:
    """`k x`, new tensors."""
    return list(torch._foreach_mul(xs, k)) if part.foreach else [x.mul(k) for x in xs]
