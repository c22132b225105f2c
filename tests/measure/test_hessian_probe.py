"""What automatic differentiation says of a Hessian is asked of finite differences; float32 far from one."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from pltheory.measure.autograd_hessian import output_hessians
from pltheory.measure.hessian import hessian_norm, largest_hessian_norm, loss_hessian_norm
from pltheory.measure.hessian_probe import confirm
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.theory import NotAvailableError, NumericalFailureError
from tests.cases import draws
from tests.measure.odd_modules import WrongOnce, WrongTwice, lin, par, tail
from tests.oracles import plain_autograd as oracle

F64 = {"dtype": torch.float64}


class ByHand(nn.Module):
    """A layer with normalised weights, written out."""

    def __init__(self, fused):
        super().__init__()
        own = fused[0].parametrizations.weight
        self.g, self.v = nn.Parameter(own.original0.detach()), nn.Parameter(own.original1.detach())
        self.b, self.out = nn.Parameter(fused[0].bias.detach()), fused[2]

    def forward(self, x):
        w = self.g * self.v / self.v.square().sum(1, keepdim=True).sqrt()
        return self.out(torch.tanh(x @ w.T + self.b))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_weight_normalisation_is_refused_and_by_hand_it_is_right(seed):
    torch.manual_seed(seed)
    fused = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 5, **F64)), nn.Tanh(), nn.Linear(5, 2, **F64))
    (x,), y = draws(seed, (3, 4)), torch.ones(3, 2, **F64)
    for call in (hessian_norm, largest_hessian_norm, lambda net, x: loss_hessian_norm(Problem(net, x, y))):
        with pytest.raises(NotAvailableError, match="no Hessian for this network") as error:
            call(fused, x)
        assert "\n" not in str(error.value)
    net = ByHand(fused)
    torch.testing.assert_close(net(x), fused(x))
    found = torch.tensor([[h.value.value for h in row] for row in hessian_norm(net, x, tol=1e-7)], **F64)
    torch.testing.assert_close(found, oracle.output_norms(net, x), rtol=1e-6, atol=1e-8)


class Kinked(nn.Module):
    """A product whose slope jumps at the weights themselves."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(1, **F64)), nn.Parameter(torch.ones(1, **F64))

    def forward(self, x):
        return torch.relu(self.a * x) * self.b + (self.a * self.b) * x


def test_a_kink_at_the_weights_is_not_confirmed():
    with pytest.raises((NumericalFailureError, NotAvailableError)):
        hessian_norm(Kinked(), torch.ones(1, 1, **F64))


def test_a_kink_nearby_does_not_matter():
    torch.manual_seed(0)
    inner = nn.Sequential(nn.Linear(4, 60), nn.ReLU(), nn.Linear(60, 60), nn.ReLU(), nn.Linear(60, 1))
    net, x = nn.Sequential(inner).double(), torch.ones(1, 4, **F64)
    with torch.no_grad():
        inner[0].bias.sub_(inner[0](x)[0]).add_(1e-5 * draws(1, (60,))[0])
    assert hessian_norm(net, x)[0][0].value.value > 0


@pytest.mark.parametrize("error", [1e-4, 1e-2])
def test_a_small_mistake_is_found(error):
    """A product that is off by a small part of itself."""
    torch.manual_seed(1)
    net, (x,) = nn.Sequential(nn.Linear(3, 4, **F64), nn.Tanh(), nn.Linear(4, 1, **F64)), draws(1, (1, 3))
    functions = output_hessians(net, x, 1)
    v = functions.start(0) / functions.start(0).norm()
    product = functions.apply(v)
    confirm(lambda dtype: functions, v, product, torch.zeros(1))
    with pytest.raises(NotAvailableError, match="finite differences"):
        confirm(lambda dtype: functions, v, (1 + error) * product, torch.zeros(1))


def test_single_precision_is_probed_in_double():
    torch.manual_seed(2)
    net, (x,) = nn.Sequential(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))), draws(2, (3, 4))
    found = torch.tensor([[h.value.value for h in row] for row in hessian_norm(net, x.float(), tol=1e-5)], **F64)
    torch.testing.assert_close(found, oracle.output_norms(net.double(), x), rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "size"), [(4, 1e6), (4, 1e3), (4, 1e-6), (0, 1e-4), (2, 1e-4)])
@pytest.mark.parametrize("activation", [nn.ELU, nn.CELU, nn.Tanh])
def test_layers_of_very_different_size(activation, layer, size):
    """A step that is small beside one layer may be a large one for another."""
    torch.manual_seed(1)
    inner = nn.Sequential(
        nn.Linear(4, 5, **F64), activation(), nn.Linear(5, 5, **F64), activation(), nn.Linear(5, 2, **F64)
    )
    net, (x,) = nn.Sequential(inner), draws(0, (3, 4))
    with torch.no_grad():
        inner[layer].weight.mul_(size)
        if layer == 4:  # the oracle's steps would cross kinks of ELU's slope
            inner[layer].bias.mul_(size)
    found = torch.tensor([[h.value.value for h in row] for row in hessian_norm(net, x, tol=1e-7)], **F64)
    torch.testing.assert_close(found, oracle.output_norms(net, x), rtol=1e-5, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1e-8, 1e-6, 1.0, 1e6])
@pytest.mark.parametrize("idle", [0.0, 1e-8, 1e8])
@pytest.mark.parametrize("wrong", [WrongOnce, WrongTwice])
def test_layers_of_very_different_size_hide_nothing(wrong, idle, size):
    (x,), nets = draws(0, (3, 4)), []
    for function in (wrong.apply, torch.sin):
        torch.manual_seed(1)
        net = tail(lambda s, h, f=function: f(s.m(h)) + s.idle * h[:, :1], m=lin(4, 4), idle=par(1, scale=idle))
        with torch.no_grad():
            net.out.weight.mul_(size)
            net.out.bias.mul_(size)
        nets.append(net)
    try:
        found = torch.tensor([[h.value.value for h in row] for row in hessian_norm(nets[0], x)], **F64)
    except (NotAvailableError, NumericalFailureError):
        return
    # What is wrong is nothing beside the rest of the Hessian.
    assert (found <= (1 + 1e-6) * oracle.output_norms(nets[1], x)).all()


def in_both_precisions(widths):
    """A float32 network, and one of float64 with the same weights."""
    narrow, wide = fully_connected(widths, dtype=torch.float32, seed=1), fully_connected(widths, seed=1)
    with torch.no_grad():
        for a, b in zip(wide.weights, narrow.weights, strict=True):
            a.copy_(b)
    return narrow, wide


@pytest.mark.parametrize("size", [1e-30, 1e20])
@pytest.mark.parametrize("hidden", [[6], [5, 4]])
def test_float32_far_from_one(size, hidden):
    """Outputs, and so Hessians, are linear in the last weights."""
    (narrow, wide), (x,) = in_both_precisions([3, *hidden, 1]), draws(3, (2, 3))
    x = x.float()
    with torch.no_grad():
        narrow.weights[-1].mul_(size)
        wide.weights[-1].copy_(narrow.weights[-1])
    found = [row[0].value.value for row in hessian_norm(narrow, x)]
    assert found == pytest.approx([row[0].value.value for row in hessian_norm(wide, x.double())], rel=1e-2)


@pytest.mark.parametrize("size", [1e-25, 1e20])
def test_long_inputs_in_float32(size):
    """|x|^2 overflows, and tanh is flat there: 0 times infinity is not a norm."""
    narrow, wide = in_both_precisions([3, 6, 1])
    x = (size * draws(4, (2, 3))[0]).float()
    expected = [row[0].value.value for row in hessian_norm(wide, x.double())]
    assert [row[0].value.value for row in hessian_norm(narrow, x)] == pytest.approx(expected, rel=1e-3)
