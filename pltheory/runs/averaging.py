"""Workers that average: each starts from the shared weights, and at the end of a round their weights are averaged.

They are run one after another; the rounding of an average of K is at most K units of the weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..optim import StepSettings
from ..optim.recursion import Form
from ..problem.batches import Batches
from ..theory import InvalidInputError


def require_no_memory(settings: StepSettings, batches: Batches | None) -> None:
    """Refuse workers whose steps depend on more than the weights: what is averaged is the weights alone.

    Raises:
        InvalidInputError: momentum or a schedule, and workers.
    """
    if batches is not None and batches.averaged and Form.PLAIN not in settings.forms:
        raise InvalidInputError(
            f"run.workers = {batches.workers}: the average is one of {Form.PLAIN}; {settings.name} has "
            f"{settings.recursion.words}"
        )


class Averaging:
    """Sets the weights where a step follows no other: at the start of every worker, and of every round.

    Args:
        params: the weights, as all workers begin; written in place.
        batches: with workers, or not.
        samples: of all workers.
    """

    def __init__(self, params: list[Tensor], batches: Batches | None, samples: int) -> None:
        self._params = params
        self._workers = 1 if batches is None else batches.workers or 1
        self._each = 0 if batches is None or not batches.averaged else batches.count(samples) // self._workers
        self._shared = [p.detach().clone() for p in params]
        self._summed = [torch.zeros_like(p) for p in params]

    @torch.no_grad()
    def before(self, t: int) -> bool:
        """Before step t, where t - 1 has been taken; whether weights were set."""
        if not self._each or t == 0 or t % self._each:
            return False
        for total, p in zip(self._summed, self._params, strict=True):
            total += p
        if t // self._each % self._workers == 0:
            for shared, total in zip(self._shared, self._summed, strict=True):
                shared.copy_(total / self._workers)
                total.zero_()
        for p, shared in zip(self._params, self._shared, strict=True):
            p.copy_(shared)
        return True
