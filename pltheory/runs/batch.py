"""Which samples a step sees: here all of them."""

from __future__ import annotations

import torch
from torch import Tensor

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
        work = self._work
        for p in work.parameters():
            if p.grad is not None:
                p.grad.zero_()
        value = work.value()
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
