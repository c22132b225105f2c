"""Class N: what a draw is, what a forward pass is, and which modules are read as class N and which are not."""

from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from pltheory.measure.ntk import empirical_ntk
from pltheory.nets.activations import activation_of
from pltheory.problem.networks import FullyConnected, class_n, fully_connected
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.cases import MODULES, draws, every_case, sequential
from tests.oracles.plain import read


@every_case
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_forward_is_the_plain_network(case, dtype):
    net, (x, _) = case.network(dtype), case.data(dtype)
    plain, w = read(net)
    out = net(x)
    assert out.shape == (case.n, case.outputs)
    assert out.dtype == dtype
    tol = {"rtol": 100 * torch.finfo(dtype).eps, "atol": 100 * torch.finfo(dtype).eps}
    torch.testing.assert_close(out.detach().reshape(-1), plain.outputs(w, x), **tol)
    assert class_n(net).widths == [case.d, *case.hidden, case.outputs]
    assert class_n(net).hidden_layers == len(case.hidden)


def test_ntk_draw_is_standard_normal_scaled_by_the_layer():
    net = fully_connected([50, 400, 300, 2], parametrization="ntk", bias=True, seed=1)
    assert net.kappas == pytest.approx([1 / math.sqrt(50), 1 / 20, 1 / math.sqrt(300)], rel=1e-15)
    assert net.taus == (1.0, 1.0, 1.0)
    for w in [*net.weights[:2], net.biases[0]]:
        w = w.detach()
        assert float(w.mean()) == pytest.approx(0, abs=5 / math.sqrt(w.numel()))
        assert float(w.square().mean()) == pytest.approx(1, abs=5 * math.sqrt(2 / w.numel()))
    assert fully_connected([5, 4, 1]).taus == (0.0, 0.0)


def test_standard_draw_has_variance_one_over_fan_in():
    net = fully_connected([50, 400, 2], parametrization="standard", bias=True)
    assert net.kappas == (1.0, 1.0)
    assert float(net.weights[0].detach().square().mean()) == pytest.approx(1 / 50, rel=0.05)
    assert float(net.weights[1].detach().square().mean()) == pytest.approx(1 / 400, rel=0.15)
    assert all((b == 0).all() for b in net.biases)


@pytest.mark.parametrize("parametrization", ["ntk", "standard"])
def test_rademacher_output_has_one_modulus(parametrization):
    net = fully_connected([5, 64, 3], parametrization=parametrization, output_init="rademacher")
    expected = 1.0 if parametrization == "ntk" else 1 / 8
    out = net.weights[1].detach()
    torch.testing.assert_close(out.abs(), torch.full_like(out, expected))
    assert 0 < int((out > 0).sum()) < out.numel()


def test_one_seed_is_one_network():
    a, b, other = (fully_connected([4, 5, 2], bias=True, seed=s) for s in (3, 3, 4))
    single = fully_connected([4, 5, 2], bias=True, seed=3, dtype=torch.float32)
    for p, q, r, s in zip(a.parameters(), b.parameters(), other.parameters(), single.parameters(), strict=True):
        assert torch.equal(p, q)
        assert not torch.equal(p, r)
        assert torch.equal(p.detach().float(), s.detach())


def test_a_draw_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    fully_connected([4, 5, 2])
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("widths", "kwargs", "words"),
    [
        ([4, 1], {}, "hidden"),
        ([4, 0, 1], {}, "at least 1"),
        ([4, 3, 1], {"activation": "swish"}, "tanh"),
        ([4, 3, 1], {"parametrization": "mup"}, "'ntk', 'standard'"),
        ([4, 3, 1], {"output_init": "zero"}, "'gaussian', 'rademacher'"),
    ],
)
def test_bad_networks_are_refused(widths, kwargs, words):
    with pytest.raises(InvalidInputError, match=words):
        fully_connected(widths, **kwargs)


# Reading an nn.Sequential


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", list(MODULES))
def test_sequential_is_read_as_the_standard_parametrisation(name, bias):
    net = sequential([3, 5, 4, 2], name, bias=bias)
    read_as = class_n(net)
    assert read_as.activation == name
    assert [layer.kappa for layer in read_as.layers] == [1.0] * 3
    assert [layer.tau for layer in read_as.layers] == [float(bias)] * 3
    assert read_as.layers[1].weight is net[2].weight
    (x,) = draws(0, (4, 3))
    plain, w = read(net)
    torch.testing.assert_close(net(x).detach().reshape(-1), plain.outputs(w, x))


def linear(a, b):
    return nn.Linear(a, b, dtype=torch.float64)


NOT_CLASS_N = {
    "ends with an activation": lambda: nn.Sequential(linear(3, 4), nn.Tanh(), linear(4, 1), nn.Tanh()),
    "two activations": lambda: nn.Sequential(linear(3, 4), nn.Tanh(), linear(4, 4), nn.Sigmoid(), linear(4, 1)),
    "no activation": lambda: nn.Sequential(linear(3, 4), linear(4, 4), linear(4, 1)),
    "no hidden layer": lambda: nn.Sequential(linear(3, 1)),
    "unknown activation": lambda: nn.Sequential(linear(3, 4), nn.Hardtanh(), linear(4, 1)),
    "gelu by tanh": lambda: nn.Sequential(linear(3, 4), nn.GELU("tanh"), linear(4, 1)),
    "softplus with a low threshold": lambda: nn.Sequential(linear(3, 4), nn.Softplus(), linear(4, 1)),
    "softplus with a slope": lambda: nn.Sequential(linear(3, 4), nn.Softplus(beta=2.0, threshold=90), linear(4, 1)),
    "layer norm": lambda: nn.Sequential(linear(3, 4), nn.LayerNorm(4), linear(4, 1)),
    "dropout": lambda: nn.Sequential(linear(3, 4), nn.Tanh(), nn.Dropout(), linear(4, 1)),
    "not a sequence": lambda: nn.Bilinear(3, 3, 1),
    "one layer": lambda: linear(3, 1),
}


@pytest.mark.parametrize("what", list(NOT_CLASS_N))
def test_other_modules_are_not_available_and_say_why(what):
    with pytest.raises(NotAvailableError, match=r"not available for this network: .+"):
        class_n(NOT_CLASS_N[what]())


def test_frozen_parameters_are_named():
    net = sequential([3, 4, 1], "tanh")
    net[2].bias.requires_grad_(False)
    with pytest.raises(NotAvailableError, match=r"2\.bias"):
        class_n(net)


def test_a_layer_used_twice_is_refused():
    shared = linear(3, 3)
    with pytest.raises(NotAvailableError, match=r"twice|shared"):
        class_n(nn.Sequential(shared, nn.Tanh(), shared, nn.Tanh(), linear(3, 1)))


def test_activation_names_are_exact():
    assert activation_of(nn.Tanh()) == "tanh"
    assert activation_of(nn.GELU(approximate="tanh")) is None
    assert activation_of(nn.Softplus(threshold=20)) is None
    assert activation_of(nn.LeakyReLU()) is None


# Modules that look like class N and compute or train something else: a wrong reading certifies another network.


class ScaledTanh(nn.Tanh):
    def forward(self, z):
        return 1.7159 * torch.tanh(2 / 3 * z)


class WithSkip(nn.Sequential):
    def forward(self, x):
        return super().forward(x) + x.sum(dim=1, keepdim=True) * super().forward(x)


class Squared(FullyConnected):
    def forward(self, x):
        return super().forward(x) ** 2


def _plain():
    return sequential([3, 3, 3, 1], "tanh")


def _tied_weights():
    net = _plain()
    net[2].weight = net[0].weight
    return net


def _tied_biases():
    net = _plain()
    net[2].bias = net[0].bias
    return net


def _tied_fully_connected():
    (w, out) = draws(0, (3, 3), (1, 3))
    shared = nn.Parameter(w)
    return FullyConnected([shared, shared, out], None, (1.0,) * 3, (0.0,) * 3, "tanh")


def _output_hook():
    net = _plain()
    net[0].register_forward_hook(lambda module, args, out: 2 * out)
    return net


def _input_hook_on_the_whole():
    net = _plain()
    net.register_forward_pre_hook(lambda module, args: (args[0] ** 2,))
    return net


def _scaled_activation():
    net = _plain()
    net[1], net[3] = ScaledTanh(), ScaledTanh()
    return net


def _pruned():
    net = _plain()
    prune.l1_unstructured(net[0], "weight", 0.5)
    return net


def _normed(wrap):
    net = _plain()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        wrap(net[0])
    return net.eval()


LOOKALIKES = {
    "tied weights": _tied_weights,
    "tied biases": _tied_biases,
    "tied weights, fully_connected": _tied_fully_connected,
    "hook on a layer's output": _output_hook,
    "hook on the input": _input_hook_on_the_whole,
    "activation with its own forward": _scaled_activation,
    "sequence with its own forward": lambda: WithSkip(*_plain()),
    "fully connected with its own forward": lambda: Squared(
        draws(0, (3, 3), (1, 3)), None, (1.0, 1.0), (0.0, 0.0), "tanh"
    ),
    "pruned weights": _pruned,
    "spectral norm by hook": lambda: _normed(spectral_norm),
    "spectral norm by parametrisation": lambda: _normed(parametrizations.spectral_norm),
    "weight norm by hook": lambda: _normed(weight_norm),
}


@pytest.mark.parametrize("what", list(LOOKALIKES))
def test_a_lookalike_is_not_read_as_class_n(what):
    with pytest.raises(NotAvailableError):
        class_n(LOOKALIKES[what]())


# torch says that batching the old weight norm is slow.
@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("what", list(LOOKALIKES))
def test_the_kernel_of_a_lookalike_is_its_own(what):
    net, (x,) = LOOKALIKES[what](), draws(5, (4, 3))
    rows = []
    for i in range(4):
        grads = torch.autograd.grad(net(x[i : i + 1]).sum(), list(net.parameters()))
        rows.append(torch.cat([g.reshape(-1) for g in grads]))
    j = torch.stack(rows)
    torch.testing.assert_close(empirical_ntk(net, x).detach(), j @ j.T, rtol=1e-9, atol=1e-12)
