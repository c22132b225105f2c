"""Outputs and derivatives that are not finite: one line that names the sample, for every measurement."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from pltheory.measure.ntk import empirical_ntk
from pltheory.problem.problem import Problem
from pltheory.theory import NumericalFailureError
from tests.cases import draws, sequential
from tests.measure.test_backward import CALLS

F64 = {"dtype": torch.float64}
ON_PROBLEMS = ("loss_hessian_norm", "curvature_along", "pl_ratio", "attack_pl_ratio", "attack_lambda_min")
ON_MODULES = [call for call in CALLS if call not in (*ON_PROBLEMS, "ntk_routes")]


class Root(nn.Module):
    """NaN where the first entry of x is negative."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 2, **F64)

    def forward(self, x):
        return x[:, :1].sqrt() * self.inner(x).tanh()


class Length(nn.Module):
    """Finite at x = 0, where it has no derivative."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 2, bias=False, **F64)

    def forward(self, x):
        return self.inner(x).square().sum(1, keepdim=True).sqrt().expand(-1, 2)


def outputs():
    x = draws(0, (3, 4))[0].abs()
    x[1, 0] = -1
    return Root(), x


def derivatives():
    x = draws(0, (3, 4))[0]
    x[1] = 0
    return Length(), x


def of_class_n():
    x = draws(0, (3, 4))[0]
    x[1, 2] = math.nan
    return sequential([4, 5, 2], "tanh"), x


def nested():
    net, x = of_class_n()
    return nn.Sequential(net), x


MAKERS = [(outputs, "outputs"), (derivatives, "derivatives"), (of_class_n, "outputs"), (nested, "outputs")]


@pytest.mark.parametrize(("make", "words"), MAKERS)
@pytest.mark.parametrize("call", ON_MODULES)
def test_the_sample_is_named(make, words, call):
    net, x = make()
    with pytest.raises(NumericalFailureError, match=f"{words}.*not finite at sample 1") as error:
        CALLS[call](net, x, None)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("make", "words"), MAKERS[:2])
@pytest.mark.parametrize("call", ["loss_hessian_norm", "curvature_along", "pl_ratio", "attack_pl_ratio"])
def test_the_sample_is_named_in_problems(make, words, call):
    net, x = make()
    with pytest.raises(NumericalFailureError, match=f"{words}.*not finite at sample 1"):
        CALLS[call](net, x, Problem(net, x, torch.ones(3, 2, **F64)))


@pytest.mark.parametrize("module", [nn.Sequential, lambda net: net])
def test_a_bad_second_set_of_inputs(module):
    net, x = of_class_n()
    good = x[:1]
    for pair in ((good, x), (x, good)):
        with pytest.raises(NumericalFailureError, match="outputs are not finite at sample 1"):
            empirical_ntk(module(net), *pair)


@pytest.mark.parametrize("module", [nn.Sequential, lambda net: net])
@pytest.mark.parametrize("call", ["empirical_ntk", "traced_ntk", "empirical_ntk_by_autodiff"])
def test_a_kernel_that_overflows(module, call):
    net = sequential([4, 5, 2], "tanh").float()
    with torch.no_grad():
        net[-1].weight.mul_(1e30)
    net, x = module(net), draws(0, (3, 4))[0].float()
    with pytest.raises(NumericalFailureError, match=r"overflow torch\.float32"):
        CALLS[call](net, x, None)
    wide = empirical_ntk(net, x, accumulate=torch.float64)
    assert bool(wide.isfinite().all())
    assert float(wide.max()) > 1e50
