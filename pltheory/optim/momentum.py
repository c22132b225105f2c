"""What a torch optimizer with momentum holds: torch.optim.SGD's state, which the step rules' optimizers share."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim import Optimizer

from ._buckets import BUFFER


def buffers(optimizer: Optimizer) -> list[Tensor]:
    """b_t of every parameter of every group, in order: the tensors themselves; zeros before the first step."""
    params = [p for group in optimizer.param_groups for p in group["params"]]
    held = [optimizer.state[p].get(BUFFER) for p in params]
    return [torch.zeros_like(p) if b is None else b for p, b in zip(params, held, strict=True)]
