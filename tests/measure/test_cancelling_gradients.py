"""Parameters whose gradient cancels to nothing keep their rule: the comparison is relative to what cancels."""

# ruff: noqa: E501
# One architecture a line reads better than ten lines each.
from __future__ import annotations

import pytest
import torch
import torch.nn.functional as nnf
from torch import nn

from pltheory.measure.ntk import empirical_ntk, ntk_routes
from tests.cases import draws
from tests.measure.odd_modules import Net
from tests.oracles.plain_autograd import jacobian


def attention_with_biases(s, x):
    z = s.norm(x)
    return s.out(nnf.scaled_dot_product_attention(s.q(z), s.k(z), s.v(z)).mean(1))


# fmt: off
CANCELLING = {
    "bias of the keys": (lambda: Net(attention_with_biases, norm=nn.LayerNorm(4), q=nn.Linear(4, 4), k=nn.Linear(4, 4), v=nn.Linear(4, 4), out=nn.Linear(4, 2)), (5, 4), "k.bias"),
    "bias before a normalisation": (lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.InstanceNorm2d(3), nn.SiLU(), nn.Flatten(), nn.Linear(48, 2)), (2, 6, 6), "0.bias"),
    "bias before a softmax": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), Net(lambda s, x: s.a(x).sum(1, keepdim=True) * 0 + torch.softmax(x + s.b, 1), a=nn.Linear(3, 1), b=nn.Parameter(torch.zeros(1)))), (4,), "2.b"),
}
# fmt: on


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", CANCELLING)
def test_a_gradient_that_cancels_to_nothing_keeps_its_rule(name, dtype):
    make, shape, parameter = CANCELLING[name]
    torch.manual_seed(0)
    net, x = make().to(dtype), draws(3, (4, *shape))[0].to(dtype)
    route = ntk_routes(net, x)[parameter]
    assert route.rule != "autodiff", route.why
    j = jacobian(net, x)
    kernel = j @ j.T
    eps = 500 * torch.finfo(dtype).eps
    torch.testing.assert_close(empirical_ntk(net, x), kernel, rtol=eps, atol=eps * float(kernel.abs().max()))
