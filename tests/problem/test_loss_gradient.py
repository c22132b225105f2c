"""The in-place gradient against autograd through the module, and its place in a run."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pltheory.nets.activations import ACTIVATIONS
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.data import sphere
from pltheory.problem.loss_gradient import LossGradient
from pltheory.problem.networks import class_n, fully_connected
from pltheory.problem.problem import Problem, in_span_of_data
from pltheory.runs.loop import run


def _problem(activation: str, hidden: list[int], outputs: int, bias: bool, loss: str = "sum", d: int = 5) -> Problem:
    gen = torch.Generator().manual_seed(1)
    x = torch.randn(4, d, generator=gen, dtype=torch.float64)
    y = torch.randn(4, outputs, generator=gen, dtype=torch.float64)
    return Problem(fully_connected([d, *hidden, outputs], activation=activation, bias=bias, seed=3), x, y, loss)


def _by_autograd(problem: Problem) -> tuple[torch.Tensor, list[torch.Tensor]]:
    value = problem.value()
    return value.detach(), list(torch.autograd.grad(value, list(problem.parameters())))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [[7], [6, 9], [5, 4, 8]])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("bias", [False, True])
def test_agrees_with_autograd(activation, hidden, outputs, bias):
    problem = _problem(activation, hidden, outputs, bias, "mean" if bias else "sum")
    value, grads = _by_autograd(problem)
    in_place = LossGradient(problem, class_n(problem.network))
    in_place()
    # A second call, so that nothing of the first is left in the arrays.
    torch.testing.assert_close(in_place(), value, rtol=1e-12, atol=0)
    for p, g in zip(problem.parameters(), grads, strict=True):
        torch.testing.assert_close(p.grad, g, rtol=1e-11, atol=1e-14)


def test_large_arguments_saturate():
    problem = _problem("tanh", [7], 1, False)
    with torch.no_grad():
        problem.network.weights[0].mul_(1e3)
    value, grads = _by_autograd(problem)
    torch.testing.assert_close(LossGradient(problem, class_n(problem.network))(), value, rtol=1e-12, atol=0)
    for p, g in zip(problem.parameters(), grads, strict=True):
        torch.testing.assert_close(p.grad, g, rtol=1e-11, atol=1e-12)


def test_a_sequential_and_coordinates_in_the_span():
    gen = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(9, 6), nn.Tanh(), nn.Linear(6, 2)).double()
    x, y = (torch.randn(4, k, generator=gen, dtype=torch.float64) for k in (9, 2))
    for problem in (Problem(net, x, y), in_span_of_data(Problem(net, x, y))):
        value, grads = _by_autograd(problem)
        torch.testing.assert_close(LossGradient(problem, class_n(problem.network))(), value, rtol=1e-12, atol=0)
        for p, g in zip(problem.parameters(), grads, strict=True):
            torch.testing.assert_close(p.grad, g, rtol=1e-11, atol=1e-14)


class _Doubled(nn.Module):
    """Computes something that class N knows nothing of."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


def test_a_run_takes_the_same_steps_either_way():
    x, y = sphere(n=6, d=4, seed=0)
    settings = DeltaGClipSettings(eta=0.05, gamma=0.5, delta=0.1)
    net = fully_connected([4, 40, 1], activation="tanh", seed=2)
    fast = run(Problem(net, x, y), settings, 0.05, steps=60, records=3).trace
    slow = run(Problem(_Doubled(net), x, y), settings, 0.05, steps=60, records=3).trace
    for name in ("loss", "grad_norm", "step_size", "path", "distance", "lambda_min"):
        torch.testing.assert_close(*(torch.as_tensor(getattr(t, name)) for t in (fast, slow)), rtol=1e-9, atol=1e-12)
