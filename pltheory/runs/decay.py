"""What is measured around a step with weight decay: the weights' norm, the gradient's own, the length of the step."""

from __future__ import annotations

import torch
from torch import Tensor

from ..optim.recursion import Recursion
from ..problem.problem import Problem


class Measure:
    """Measures at every step of a run with weight decay, before it and after it.

    Args:
        work: what is run.
        recursion: with weight_decay > 0.
    """

    def __init__(self, work: Problem, recursion: Recursion) -> None:
        self._params, self._coupled = list(work.parameters()), recursion.coupled
        self._before: list[Tensor] = []

    @torch.no_grad()
    def before(self) -> dict[str, Tensor]:
        """`weights`, the norm of w_t, whose copies are kept."""
        self._before = [p.detach().clone() for p in self._params]
        return {"weights": _norm(self._before)}

    @torch.no_grad()
    def after(self, reported: Tensor) -> dict[str, Tensor]:
        """`moved`, the length of the step; coupled, `grad_norm` without the decay's term and `clip_norm` with it.

        Args:
            reported: the norm that the optimizer says it read.
        """
        found = {"moved": _norm([p.double() - w.double() for p, w in zip(self._params, self._before, strict=True)])}
        if self._coupled:
            found["grad_norm"] = _norm([p.grad for p in self._params if p.grad is not None])
            found["clip_norm"] = reported
        return found


def _norm(tensors: list[Tensor]) -> Tensor:
    norms = [torch.linalg.vector_norm(t, dtype=torch.float64) for t in tensors]
    return torch.linalg.vector_norm(torch.stack(norms)) if norms else torch.zeros((), dtype=torch.float64)
