"""What `backward()` does and autograd's graph does not show is refused; what it shows is measured."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from pltheory.measure.ball_search import attack_lambda_min, attack_pl_ratio
from pltheory.measure.hessian import curvature_along, hessian_norm, largest_hessian_norm, loss_hessian_norm
from pltheory.measure.kernel_products import KernelOperator
from pltheory.measure.ntk import empirical_ntk, empirical_ntk_by_autodiff, jacobian, ntk_routes, traced_ntk
from pltheory.measure.pl_ratio import pl_ratio
from pltheory.problem.problem import Problem
from pltheory.theory import NotAvailableError
from tests.cases import draws
from tests.oracles import plain_autograd as oracle

F64 = {"dtype": torch.float64}


class Checkpointed(nn.Module):
    """The first of two layers behind a checkpoint."""

    def __init__(self, *, reentrant, asks):
        super().__init__()
        self.inside, self.out = nn.Linear(4, 4, **F64), nn.Linear(4, 2, **F64)
        self.reentrant, self.asks = reentrant, asks

    def forward(self, x):
        x = x.requires_grad_() if self.asks else x
        return self.out(checkpoint(lambda z: self.inside(z).tanh(), x, use_reentrant=self.reentrant))


def built(**options):
    torch.manual_seed(0)
    net, (x,) = Checkpointed(**options), draws(0, (3, 4))
    return net, x, Problem(net, x, torch.ones(3, 2, **F64))


CALLS = {
    "empirical_ntk": lambda net, x, p: empirical_ntk(net, x),
    "empirical_ntk_by_autodiff": lambda net, x, p: empirical_ntk_by_autodiff(net, x),
    "traced_ntk": lambda net, x, p: traced_ntk(net, x),
    "ntk_routes": lambda net, x, p: ntk_routes(net, x),
    "jacobian": lambda net, x, p: jacobian(net, x),
    "KernelOperator": lambda net, x, p: KernelOperator(net, x),
    "hessian_norm": lambda net, x, p: hessian_norm(net, x),
    "largest_hessian_norm": lambda net, x, p: largest_hessian_norm(net, x),
    "loss_hessian_norm": lambda net, x, p: loss_hessian_norm(p),
    "curvature_along": lambda net, x, p: curvature_along(p, {k: torch.ones_like(v) for k, v in net.named_parameters()}),
    "pl_ratio": lambda net, x, p: pl_ratio(p),
    "attack_pl_ratio": lambda net, x, p: attack_pl_ratio(p, 0.1),
    "attack_lambda_min": lambda net, x, p: attack_lambda_min(p, 0.1),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("asks", [True, False])
def test_a_reentrant_checkpoint_of_the_first_layer_is_refused(call, asks):
    net, x, problem = built(reentrant=True, asks=asks)
    with pytest.raises(NotAvailableError, match=r"inside\.weight.*use_reentrant=False") as error:
        CALLS[call](net, x, problem)
    assert "\n" not in str(error.value)
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("asks", [True, False])
def test_a_checkpoint_without_reentry_is_measured(asks):
    net, x, problem = built(reentrant=False, asks=asks)
    j = oracle.jacobian(net, x)
    torch.testing.assert_close(empirical_ntk(net, x), j @ j.T, rtol=1e-10, atol=1e-12)
    value = oracle.loss(net, x, problem.y)
    expected = float(oracle.flat_gradient(value, oracle.trained(net)).square().sum() / (2 * value.detach()))
    assert pl_ratio(problem).value == pytest.approx(expected, rel=1e-10)


class Twice(torch.autograd.Function):
    """A function with a backward of its own that is right."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g


def test_hooks_are_not_called_and_nothing_is_left_behind():
    torch.manual_seed(0)
    inner, (x,), called = nn.Linear(4, 2, **F64), draws(0, (3, 4)), []

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            return Twice.apply(self.inner(x)).tanh()

    inner.weight.register_post_accumulate_grad_hook(lambda p: called.append("step"))
    inner.bias.grad = torch.ones(2, **F64)
    net = Net()
    j = oracle.jacobian(net, x)
    torch.testing.assert_close(empirical_ntk(net, x), j @ j.T, rtol=1e-10, atol=1e-12)
    assert not called
    assert inner.weight.grad is None
    assert torch.equal(inner.bias.grad, torch.ones(2, **F64))


def test_the_pl_ratio_is_the_functions_whatever_hooks_do_to_its_gradient():
    torch.manual_seed(0)
    net, (x,) = (
        nn.Sequential(nn.Sequential(nn.Linear(4, 3, **F64), nn.Tanh(), nn.Linear(3, 2, **F64))),
        draws(0, (3, 4)),
    )
    problem = Problem(net, x, torch.ones(3, 2, **F64))
    before = pl_ratio(problem).value
    net[0][0].weight.register_hook(lambda g: 2 * g)
    assert pl_ratio(problem).value == pytest.approx(before, rel=1e-12)
