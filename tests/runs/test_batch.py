"""The full batch: one loss and gradient, whether by formulas or by autograd."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pltheory.problem.problem import Problem
from pltheory.runs.batch import FullBatch
from pltheory.verification.contract import near_solution


class Wrapped(nn.Module):
    """The same function, in a module that is not read as a network of the class."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)


@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_formulas_and_autograd_agree(loss):
    near = near_solution(6, 0.3, hidden=2, outputs=2)
    named = Problem(near.network, near.x, near.y, loss)
    other = Problem(Wrapped(near.copy().network), near.x, near.y, loss)
    by_formula, by_autograd = FullBatch(named), FullBatch(other)
    assert by_formula.in_place
    assert not by_autograd.in_place
    for _ in range(2):  # nothing is added to what is there
        assert float(by_formula()) == pytest.approx(float(by_autograd()), rel=1e-13)
        for p, q in zip(named.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad, rtol=1e-12, atol=1e-14)


def test_a_parameter_that_the_loss_does_not_see_has_gradient_zero():
    near = near_solution(6, 0.3)
    net = Wrapped(near.network)
    net.more = nn.Parameter(torch.ones(2, dtype=torch.float64))
    FullBatch(Problem(net, near.x, near.y))()
    assert net.more.grad.tolist() == [0.0, 0.0]
