"""What is measured around a step with a buffer, for theorems M and Mb: the buffer's length, the point ahead, the lag.

With d_t = -eta b_t and alpha = m / (1 - m) (Nesterov m^2 / (1 - m)), the point ahead is z_t = w_t + alpha d_t, which
moves along grad L(w_t) alone; the lag is y_t = b_t - grad L(w_t) / (1 - m).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim import Optimizer

from ..optim.momentum import buffers
from ..optim.recursion import Recursion
from ..problem.problem import Problem
from ..theory.potential import ahead


class Measure:
    """Measures at every step of a run with momentum, before it and after it.

    Args:
        work: what is run.
        recursion: with momentum > 0.
        optimizer: that takes the steps.
        eta: the largest step.
    """

    def __init__(self, work: Problem, recursion: Recursion, optimizer: Optimizer, eta: float) -> None:
        self._work, self._optimizer, self._eta = work, optimizer, eta
        self._params = list(work.parameters())
        self._m, self._alpha = recursion.momentum, ahead(recursion.momentum, recursion.nesterov)
        self._before: list[Tensor] = []

    @torch.no_grad()
    def before(self) -> dict[str, Tensor]:
        """`buffer`, `ahead` and `lag`, with the gradient of w_t in `grad`."""
        self._before = [p.detach().clone() for p in self._params]
        held = buffers(self._optimizer)
        for p, b in zip(self._params, held, strict=True):
            p.add_(b, alpha=-self._alpha * self._eta)
        loss = self._work.value().detach()
        for p, w in zip(self._params, self._before, strict=True):
            p.copy_(w)
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in self._params]
        lags = [b - g / (1 - self._m) for b, g in zip(held, grads, strict=True)]
        return {"buffer": _norm(held), "ahead": loss, "lag": _norm(lags)}

    @torch.no_grad()
    def after(self) -> dict[str, Tensor]:
        """`moved`, the length of the step, and `clip_norm`, that of the buffer after it."""
        apart = [p.double() - w.double() for p, w in zip(self._params, self._before, strict=True)]
        return {"moved": _norm(apart), "clip_norm": _norm(buffers(self._optimizer))}


def _norm(tensors: list[Tensor]) -> Tensor:
    norms = [torch.linalg.vector_norm(t, dtype=torch.float64) for t in tensors]
    return torch.linalg.vector_norm(torch.stack(norms))
