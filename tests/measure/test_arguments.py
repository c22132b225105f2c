"""Arguments of public measurements that are something else than what is allowed: one line that names them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.measure.ball_search import attack_lambda_min, attack_pl_ratio
from pltheory.measure.hessian import curvature_along, hessian_norm, largest_hessian_norm, loss_hessian_norm
from pltheory.measure.kernel_products import KernelOperator
from pltheory.measure.ntk import empirical_ntk, traced_ntk
from pltheory.measure.pl_ratio import pl_ratio
from pltheory.measure.spectrum import lambda_min
from pltheory.problem.problem import Problem
from pltheory.theory import InvalidInputError
from tests.cases import draws, sequential

F64 = {"dtype": torch.float64}
NO_NUMBERS = ["a", None, math.nan, math.inf, -1, True, 10**400, [1], torch.tensor(1.0)]
NO_WHOLE = [*NO_NUMBERS[:-3], 1.5, [1], torch.tensor(1.0)]


@pytest.fixture(params=["class N", "any module"])
def problem(request):
    net = sequential([4, 3, 2], "tanh")
    (x,) = draws(0, (3, 4))
    return Problem(net if request.param == "class N" else nn.Sequential(net), x, torch.ones(3, 2, **F64))


def refused(call, name):
    with pytest.raises(InvalidInputError, match=name) as error:
        call()
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("attack", [attack_pl_ratio, attack_lambda_min])
def test_searches(problem, attack):
    for bad in NO_NUMBERS:
        refused(lambda bad=bad: attack(problem, bad), "radius = ")
    for name in ("steps", "restarts"):
        for bad in NO_WHOLE:
            refused(lambda bad=bad, name=name: attack(problem, 0.1, **{name: bad}), f"{name} = ")
    for bad in ("a", None, 1.5, True, 2**63):
        refused(lambda bad=bad: attack(problem, 0.1, seed=bad), "seed = ")
    attack(problem, 0, steps=0, restarts=1, seed=np.int64(0))


def test_hessians(problem):
    net, x = problem.network, problem.x
    calls = [
        lambda **k: hessian_norm(net, x, **k),
        lambda **k: largest_hessian_norm(net, x, **k),
        lambda **k: loss_hessian_norm(problem, **k),
    ]
    for call in calls:
        for bad in NO_NUMBERS:
            refused(lambda bad=bad, call=call: call(tol=bad), "tol = ")
        for bad in ("a", None, 1.5, True, 2**63):
            refused(lambda bad=bad, call=call: call(seed=bad), "seed = ")
    hessian_norm(net, x, tol=0, seed=-1)


@pytest.mark.parametrize("call", [empirical_ntk, traced_ntk])
def test_kernels(problem, call):
    net, x = problem.network, problem.x
    for bad in ("a", 1, torch.int64, torch.float16, torch.complex128):
        refused(lambda bad=bad: call(net, x, accumulate=bad), "accumulate = ")
    for bad in [0, *(bad for bad in NO_WHOLE if bad is not None)]:
        refused(lambda bad=bad: call(net, x, memory_bytes=bad), "memory_bytes = ")
    for bad in ("a", 1, None):
        refused(lambda bad=bad: call(net, x, tf32=bad), "tf32 = ")
    torch.testing.assert_close(call(net, x, memory_bytes=1), call(net, x))


def test_operators(problem):
    for bad in [0, *(bad for bad in NO_WHOLE if bad is not None)]:
        refused(lambda bad=bad: KernelOperator(problem.network, problem.x, block=bad), "block = ")
    op = KernelOperator(problem.network, problem.x)
    for bad in ("a", None, torch.ones(3, **F64), torch.ones(6, dtype=torch.int64)):
        refused(lambda bad=bad: op.transpose_times(bad), "v is")
        refused(lambda bad=bad: op.jacobian_times(bad), "u is")


@pytest.mark.parametrize("call", [pl_ratio, loss_hessian_norm, lambda p: curvature_along(p, {}),
                                  lambda p: attack_pl_ratio(p, 0.1), lambda p: attack_lambda_min(p, 0.1)])  # fmt: skip
def test_what_is_no_problem(call, problem):
    for bad in (problem.network, "a", None, 1.0):
        refused(lambda bad=bad: call(bad), "problem is of type")


def test_directions(problem):
    right = {name: torch.ones_like(p) for name, p in problem.network.named_parameters()}
    first = next(iter(right))
    for bad in ("a", None, [1], {}, {**right, "other": torch.ones(1)}, {**right, first: "a"},
                {**right, first: torch.ones(1)}, {**right, first: right[first].long()}):  # fmt: skip
        refused(lambda bad=bad: curvature_along(problem, bad), "direction")
    curvature_along(problem, right)


def test_flags():
    for bad in ("a", 1, None):
        refused(lambda bad=bad: lambda_min(torch.eye(3), rigorous=bad), "rigorous = ")
