"""The largest eigenvalue of the loss Hessian against dense Hessians, saddles and maxima among them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pltheory.measure.sharpness import sharpness
from pltheory.problem.problem import Problem
from pltheory.theory import Direction, InvalidInputError, NotAvailableError
from tests.cases import every_case
from tests.oracles.plain import read

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")


@every_case
def test_it_is_the_largest_eigenvalue_and_a_lower_bound_at_any_tolerance(case):
    problem = case.problem()
    plain, w = read(problem.network)
    largest = float(torch.linalg.eigvalsh(plain.loss_hessian(w, problem.x, problem.y, problem.scale))[-1])
    found = sharpness(problem, tol=1e-10)
    assert found.kind is Direction.LOWER
    assert found.value == pytest.approx(largest, rel=1e-8)
    assert sharpness(problem, tol=0.5).at_least() <= largest * (1 + 1e-12)


class Cubic(nn.Module):
    """F(x) = sum of w^3 a_k x_k: a loss whose Hessian at w is diagonal, of any signs that the target asks for."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(size, dtype=torch.float64))

    def forward(self, x):
        return x * self.w**3


@pytest.mark.parametrize("size", [1, 5, 40])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_sign_is_kept_where_another_eigenvalue_is_larger_in_modulus(size, sign):
    x = torch.linspace(1, 2, size, dtype=torch.float64)[None]
    # L = 1/2 sum (x w^3 - y)^2 at w = 1: second derivative 9 x^2 + 6 x (x - y), each entry by itself.
    y = x + sign * 5 * x.flip(1)
    expected = float((9 * x**2 + 6 * x * (x - y)).max())
    if sign > 0:
        assert float((9 * x**2 + 6 * x * (x - y)).abs().max()) > expected
    assert sharpness(Problem(Cubic(size), x, y), tol=0).value == pytest.approx(expected, rel=1e-9)


def test_a_scale_of_the_loss_and_single_precision():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 9), nn.Tanh(), nn.Linear(9, 3))
    x, y = torch.randn(6, 4), torch.randn(6, 3)
    whole, mean = (sharpness(Problem(net, x, y, loss=name)).value for name in ("sum", "mean"))
    assert mean == pytest.approx(whole / 6, rel=1e-3)
    assert sharpness(Problem(net.double(), x.double(), y.double())).value == pytest.approx(whole, rel=1e-3)


class Wrong(torch.autograd.Function):
    """x^2 whose second derivative is a lie."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (2 * x).detach()


class Hidden(torch.autograd.Function):
    """x^2 whose derivative autograd takes for a constant."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sum(dim=1, keepdim=True).expand(-1, 2) ** 2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return (2 * x.sum(dim=1, keepdim=True) * g.sum(dim=1, keepdim=True)).expand_as(x)


class Lying(nn.Module):
    def __init__(self, lie) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2).double()
        self.lie = lie

    def forward(self, x):
        return self.lie.apply(self.layer(x))


@pytest.mark.parametrize("lie", [Wrong, Hidden])
def test_a_wrong_second_derivative_is_refused(lie):
    torch.manual_seed(0)
    x, y = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 2, dtype=torch.float64)
    with pytest.raises(NotAvailableError, match="no Hessian for this network"):
        sharpness(Problem(Lying(lie), x, y))


def test_what_is_refused():
    problem = Problem(Cubic(2), torch.ones(1, 2, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64))
    for said, call in (
        ("problem is of type int", lambda: sharpness(3)),
        ("tol = -1", lambda: sharpness(problem, tol=-1.0)),
        ("seed", lambda: sharpness(problem, seed="a")),
    ):
        with pytest.raises(InvalidInputError, match=said):
            call()
