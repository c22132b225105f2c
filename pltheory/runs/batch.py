"""Which samples a step sees: all of them, or the batches of an epoch one by one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..problem.batches import Batches
from ..problem.loss_gradient import LossGradient
from ..problem.problem import Problem
from ..theory import NotAvailableError


class FullBatch:
    """The loss over all samples and its gradient, at every step.

    Args:
        work: what is run.

    Attributes:
        in_place: whether the gradient is written by the class-N formulas into arrays made once, or by autograd.
    """

    def __init__(self, work: Problem) -> None:
        self._work, self._formulas = work, _formulas(work)
        self.in_place = self._formulas is not None

    def __call__(self) -> Tensor:
        """Write the gradient at the current weights into `grad`; the loss there, a 0-dim tensor."""
        return self._by_autograd() if self._formulas is None else self._formulas()

    def _by_autograd(self) -> Tensor:
        return _differentiated(self._work, self._work.value)


class MiniBatches:
    """The loss over one batch after another and its gradient, in the order of a setting.

    The loss of a batch is the problem's loss of these samples: their sum, or their mean as a training loop has it.

    Args:
        work: what is run.
        batches: the setting.

    Attributes:
        in_place: as of `FullBatch`.
    """

    def __init__(self, work: Problem, batches: Batches) -> None:
        self._work, self._formulas = work, _formulas(work)
        self.in_place = self._formulas is not None
        self._order = batches.rows(len(work.x))
        self._next()

    def _next(self) -> None:
        self._rows = next(self._order).to(self._work.x.device)

    def value(self) -> Tensor:
        """The loss of the batch that the next step sees, a scalar tensor."""
        work = self._work
        outputs = work.network(work.x[self._rows]).flatten(1)
        return work.objective.of_rows(self._rows).value(outputs, work.y[self._rows])

    def whole(self) -> Tensor:
        """The loss over all samples, a 0-dim tensor."""
        with torch.no_grad():
            return self._work.value()

    def __call__(self) -> Tensor:
        """Write the gradient of the next batch's loss at the current weights into `grad`; that loss."""
        at = self._formulas(self._rows) if self._formulas is not None else _differentiated(self._work, self.value)
        self._next()
        return at


def _differentiated(work: Problem, loss: Callable[[], Tensor]) -> Tensor:
    for p in work.parameters():
        if p.grad is not None:
            p.grad.zero_()
    value = loss()
    if value.requires_grad:  # not where the network hides every parameter from autograd
        value.backward()  # type: ignore[no-untyped-call]
    for p in work.parameters():
        if p.grad is None:  # the loss does not depend on it
            p.grad = torch.zeros_like(p)
    return value.detach()


def _formulas(work: Problem) -> LossGradient | None:
    """Loss and gradient of a class-N network; None for another, and where it does not compute what its layers say."""
    try:
        in_place = LossGradient(work, work.class_n())
    except NotAvailableError:
        return None
    with torch.no_grad():
        expected = work.value()
    # A loss that is not finite is for the run to refuse.
    same = torch.isclose(in_place(), expected, rtol=torch.finfo(expected.dtype).eps ** 0.5, equal_nan=True)
    return in_place if bool(same) else None
