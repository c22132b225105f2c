"""The losses as objects: value, derivative and unit of one function."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from pltheory.problem.loss import LOSSES
from pltheory.problem.problem import Problem
from pltheory.theory import InvalidInputError
from pltheory.verification.contract import near_solution


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("n", [1, 3, 10, 49])
def test_value_and_slope_are_of_one_function(name, n):
    loss = LOSSES[name]
    r = torch.linspace(-1, 2, 2 * n, dtype=torch.float64).view(n, 2).requires_grad_()
    value = loss.value(r)
    assert value.ndim == 0
    half = 0.5 * float(r.detach().square().sum())
    assert float(value.detach()) == pytest.approx(float(loss.share(n)) * half, rel=1e-15)
    (slope,) = torch.autograd.grad(value, r)
    torch.testing.assert_close(loss.slope_(r.detach().clone()), slope, rtol=1e-15, atol=0)


@pytest.mark.parametrize("n", [1, 3, 7, 10, 49])
def test_the_unit_is_a_fraction_and_its_double_the_nearest_one(n):
    assert LOSSES["sum"].share(n) == 1
    assert LOSSES["mean"].share(n) == Fraction(1, n)
    assert LOSSES["sum"].scale(n) == 1.0
    assert LOSSES["mean"].scale(n) == 1.0 / n


def test_a_problem_has_its_loss_as_an_object():
    near = near_solution(4, 0.5)
    for name, loss in LOSSES.items():
        problem = Problem(near.network, near.x, near.y, name)
        assert problem.objective is loss
        assert loss.name == name
        assert problem.scale == float(problem.share)
        assert float(problem.value().detach()) == pytest.approx(problem.scale * 0.125, rel=1e-12)


@pytest.mark.parametrize("name", ["hinge", "", None, ["sum"], 1])
def test_another_loss_is_refused(name):
    near = near_solution(4, 0.5)
    with pytest.raises(InvalidInputError, match="allowed are 'sum', 'mean'"):
        Problem(near.network, near.x, near.y, name)
