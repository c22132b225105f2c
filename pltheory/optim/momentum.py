"""A clipped step rule with a buffer, as torch.optim.SGD keeps one: the recursions of `recursion`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from ._descent import Formula
from ._functional import TENSORS, Bucket, buckets, total_norm
from .recursion import Recursion


class BufferedDescent(Optimizer):
    """Descent along a buffer b, one group: what a run of a rule with momentum takes its steps with.

    Args:
        params: parameters, one group.
        rule: its `step_size` clips.
        recursion: with momentum > 0.
        lr: eta.

    Attributes:
        grad_norm: ||g_t|| of the last step, a 0-dim tensor.
        buffer_norm: ||b_{t+1}|| of the last step, a 0-dim tensor.
        step_size: h_t of the last step, lr times the rule's factor, a 0-dim tensor.
    """

    def __init__(self, params: Sequence[Tensor], rule: Formula, recursion: Recursion, lr: float) -> None:
        self._rule, self._recursion = rule, recursion
        self.grad_norm: Tensor | None = None
        self.buffer_norm: Tensor | None = None
        self.step_size: Tensor | None = None
        super().__init__(params, {"lr": lr, "momentum": recursion.momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Take one step along the buffer."""
        group = self.param_groups[0]
        lr, m, how = group["lr"], group["momentum"], self._recursion
        parts = buckets(group["params"], None)
        grads = [g for part in parts for g in part.grads]
        params = [p for part in parts for p in part.params]
        for p in params:
            if "momentum_buffer" not in self.state[p]:
                self.state[p]["momentum_buffer"] = torch.zeros_like(p)
        held = [self.state[p]["momentum_buffer"] for p in params]
        norm = total_norm(parts)
        torch._foreach_mul_(held, m)
        if how.clip == "buffer":
            torch._foreach_add_(held, grads)
            self.buffer_norm = total_norm(_of(parts, held))
            factor = self._rule.step_size(1.0, self.buffer_norm, TENSORS)
            _add(params, held, -lr * factor)
        else:
            factor = self._rule.step_size(1.0, norm, TENSORS)
            _add(held, grads, factor)
            self.buffer_norm = total_norm(_of(parts, held))
            if how.nesterov:
                _add(params, grads, -lr * factor)
                _add(params, held, torch.full_like(factor, -lr * m))
            else:
                _add(params, held, torch.full_like(factor, -lr))
        self.grad_norm, self.step_size = norm, lr * factor

    def buffers(self) -> list[Tensor]:
        """b_t of every parameter, in order; zeros before the first step."""
        params = self.param_groups[0]["params"]
        return [self.state[p].get("momentum_buffer", torch.zeros_like(p)) for p in params]


def _of(parts: Sequence[Bucket], tensors: Sequence[Tensor]) -> list[Bucket]:
    """The same buckets with other tensors in place of the gradients, in their order."""
    rest = iter(tensors)
    return [Bucket(p.foreach, p.mesh, p.flattened, p.params, [next(rest) for _ in p.grads]) for p in parts]


def _add(to: list[Tensor], tensors: list[Tensor], factor: Tensor) -> None:
    """to += factor tensors, one rounding of the product and one of the sum."""
    scaled = torch._foreach_mul(tensors, factor.to(tensors[0].device, tensors[0].dtype))
    torch._foreach_add_(to, scaled)
