"""The parameters of a group that have a gradient, sorted by what one call of a multi-tensor kernel can take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

BUFFER = "momentum_buffer"
"""The key of torch.optim.SGD's state, so that a state of either loads into the other."""


@dataclass
class Bucket:
    """Parameters of one group on one device in one dtype, with what belongs to each in the same order.

    Attributes:
        group: the keywords, `lr` among them.
        mesh: the device mesh of DTensors, None of plain tensors.
        flattened: whether they are pieces of flat parameters of FullyShardedDataParallel.
        fresh: whether they have no momentum buffer from a step before.
        params: the parameters.
        grads: their gradients.
        buffers: their momentum buffers, empty without momentum.
        sign: -1 while `directions` is to be read with the other sign, for `maximize`; 1 otherwise.
    """

    group: Mapping[str, Any]
    mesh: Any
    flattened: bool
    fresh: bool
    params: list[Tensor] = field(default_factory=list)
    grads: list[Tensor] = field(default_factory=list)
    buffers: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sign = -1.0 if self.group["maximize"] else 1.0
        self.directions = self.grads
        """What the norm is taken of, and what the parameters move along: it becomes that in the course of a step."""

    @property
    def device(self) -> torch.device:
        """Device of every tensor in the bucket."""
        return self.params[0].device

    @property
    def working_dtype(self) -> torch.dtype:
        """The parameters' dtype, or float32 where that is a half type: norms would overflow, steps vanish."""
        return torch.promote_types(self.params[0].dtype, torch.float32)

    @property
    def narrow(self) -> bool:
        """Whether the parameters are of a half type."""
        return self.working_dtype != self.params[0].dtype

    @property
    def foreach(self) -> bool:
        """Multi-tensor kernels, where nobody asked for one call per tensor."""
        return self.group["foreach"] is not False and not self.group["differentiable"]

    @property
    def host(self) -> bool:
        """Whether a 0-dim tensor may be read: it lies in the host's own memory, and nobody traces the step."""
        traced = torch.compiler.is_compiling() or self.group["differentiable"] or self.group["capturable"]
        return self.device.type == "cpu" and not traced


def mesh_of(t: Tensor) -> Any:
    """Device mesh of a DTensor, None of a plain tensor."""
    return getattr(t, "device_mesh", None)


def buckets(group: Mapping[str, Any], state: Mapping[Tensor, Any]) -> list[Bucket]:
    """The parameters that have a gradient, by device, dtype and the way they are divided among processes.

    Args:
        group: keywords and parameters.
        state: of every parameter; where there is momentum, one without a buffer is given zeros.
    """
    momentum = group["momentum"] != 0
    # To ask a plain tensor for what only a divided one has takes longer than all the rest here.
    divided = dist.is_available() and dist.is_initialized()
    found: dict[tuple[Any, ...], Bucket] = {}
    for p in group["params"]:
        grad = p.grad
        if grad is None:
            continue
        held = state[p].get(BUFFER) if momentum else None
        how = (mesh_of(p), is_flattened(p)) if divided else (None, False)
        key = (p.device, p.dtype, held is None, how)
        bucket = found.get(key)
        if bucket is None:
            bucket = found[key] = Bucket(group, how[0], how[1], momentum and held is None)
        bucket.params.append(p)
        bucket.grads.append(grad)
        if momentum:
            if held is None:
                held = state[p][BUFFER] = torch.zeros_like(p, memory_format=torch.preserve_format)
            bucket.buffers.append(held)
    return list(found.values())


def is_flattened(p: Tensor) -> bool:
    """Whether FullyShardedDataParallel flattened it, or made it a view of what it flattened: the mark is its own."""
    return getattr(p, "_fsdp_flattened", False)
