"""The second line of defence: never in the way of a network that is what it seems, whatever its scale."""

from __future__ import annotations

import copy

import pytest
import torch

from pltheory.problem.agreement import require_agreement
from pltheory.problem.networks import class_n
from pltheory.problem.problem import Problem
from pltheory.problem.snapshot import snapshot
from pltheory.theory import NotAvailableError
from tests.cases import draws, every_case, sequential


@every_case
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("scale", [1e-42, 1e-20, 1e-3, 1.0, 30.0, 1e4])
def test_plain_networks_pass_at_every_scale(case, dtype, scale):
    net, (x, _) = case.network(dtype), case.data(dtype)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(scale)
    require_agreement(net, class_n(net), class_n(net), x)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("activation", ["tanh", "gelu", "softplus"])
def test_wide_and_deep_networks_pass(activation, dtype):
    net = sequential([50, 700, 700, 700, 3], activation, seed=1).to(dtype)
    (x,) = draws(2, (100, 50))
    require_agreement(net, class_n(net), class_n(net), x.to(dtype))


def test_sums_that_cancel_pass():
    """Outputs that are rounding errors of large terms: the errors are relative to the terms, not to the outputs."""
    net = sequential([4, 2000, 1], "tanh", seed=1).float()
    with torch.no_grad():
        net[2].weight.mul_(1e4)
        net[0].weight[1000:], net[0].bias[1000:] = net[0].weight[:1000], net[0].bias[:1000]
        net[2].weight[:, 1000:], net[2].bias[:] = -net[2].weight[:, :1000], 0
    (x,) = draws(2, (5, 4))
    require_agreement(net, class_n(net), class_n(net), x.float())


@pytest.mark.parametrize("error", [1e-4, 1e-9])
@pytest.mark.parametrize("which", [0, 1, 2, 3])
def test_a_layer_that_is_off_is_noticed(which, error):
    net, other = sequential([4, 20, 2], "tanh", seed=1), sequential([4, 20, 2], "tanh", seed=1)
    with torch.no_grad():
        list(other.parameters())[which].mul_(1 + error)
    (x,) = draws(2, (3, 4))
    with pytest.raises(NotAvailableError, match=r"is not that of its layers|are not those of its layers"):
        require_agreement(net, class_n(net), class_n(other), x)


def test_gradients_are_put_back():
    net = sequential([4, 20, 2], "tanh", seed=1)
    (x,) = draws(2, (3, 4))
    net(x).sum().backward()
    before = [p.grad for p in net.parameters()]
    kept = [g.clone() for g in before]
    net[0].bias.grad = None
    require_agreement(net, class_n(net), class_n(net), x)
    assert net[0].bias.grad is None
    assert all(p.grad is g for p, g in zip(net.parameters(), before, strict=True) if p is not net[0].bias)
    assert all(torch.equal(a, b) for a, b in zip(before, kept, strict=True))


def silent(calls):
    """A hook that does nothing when it is called for the first few times."""
    left = [calls]

    def hook(grads):
        left[0] -= 1
        return grads if left[0] >= 0 else tuple(-g for g in grads)

    return hook


def until_moved(p):
    """A hook that does nothing at the weights where it was set."""
    was = p.detach().clone()
    return lambda grads: grads if torch.equal(p, was) else tuple(-g for g in grads)


@pytest.mark.parametrize("make", [lambda p: silent(1), lambda p: silent(2), until_moved])
def test_a_hook_that_waits_is_noticed(make):
    net = sequential([5, 7, 2], "tanh")
    node = net[0].weight.expand_as(net[0].weight).grad_fn.next_functions[0][0]
    node.register_prehook(make(net[0].weight))
    problem, before = Problem(net, *draws(0, (3, 5), (3, 2))), copy.deepcopy(net.state_dict())
    places = [p.data_ptr() for p in net.parameters()]
    with pytest.raises(NotAvailableError, match="the weight of affine layer 0"):
        snapshot(problem)
    assert [p.data_ptr() for p in net.parameters()] == places
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    del node


def test_a_graph_that_is_still_held_is_no_hook():
    net = sequential([5, 7, 2], "tanh")
    (x, y) = draws(0, (3, 5), (3, 2))
    loss = net(x).square().sum()
    loss.backward(retain_graph=True)
    kept = net[0].weight.grad.clone()
    assert snapshot(Problem(net, x, y)).refusal is None
    assert torch.equal(net[0].weight.grad, kept)
    loss.backward()
    assert torch.equal(net[0].weight.grad, 2 * kept)
