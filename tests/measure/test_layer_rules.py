"""Kernels by layer rules against plain reverse mode, a row of the Jacobian per output, over a grid of architectures."""

# ruff: noqa: E501
# One architecture a line reads better than ten lines each.
from __future__ import annotations

import pytest
import torch
import torch.nn.functional as nnf
from torch import nn
from torch.utils.checkpoint import checkpoint

from pltheory.measure import ntk
from pltheory.measure.layer_rules import agreement
from pltheory.measure.layer_rules import plan as planning
from pltheory.measure.ntk import empirical_ntk, ntk_routes, traced_ntk
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.cases import draws, sequential

F64 = {"dtype": torch.float64}


def dense_jacobian(net, x):
    """A row of J per output, by one backward pass each, whatever the module is."""
    rows, wanted = [], [p for p in net.parameters() if p.requires_grad]
    for i in range(len(x)):
        for value in net(x[i : i + 1]).reshape(-1):
            grads = torch.autograd.grad(value, wanted, retain_graph=True, allow_unused=True)
            rows.append(torch.cat([(torch.zeros_like(p) if g is None else g.to_dense()).reshape(-1)
                                   for g, p in zip(grads, wanted, strict=True)]))  # fmt: skip
    return torch.stack(rows)


def close(actual, expected, factor=500):
    eps = factor * torch.finfo(expected.dtype).eps
    torch.testing.assert_close(actual, expected, rtol=eps, atol=eps * max(1e-300, float(expected.abs().max())))


class Net(nn.Module):
    """Modules by name and a forward given as a function of them."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.compute = forward

    def forward(self, x):
        return self.compute(self, x)


def linear(m_in, m_out, **options):
    return nn.Linear(m_in, m_out, **options, **F64)


def parameter(*shape):
    return nn.Parameter(torch.randn(shape, **F64))


def attention(forward, **options):
    mha = nn.MultiheadAttention(4, 2, batch_first=options.pop("batch_first", True), **options, **F64)
    with torch.no_grad():
        for p in mha.parameters():
            p += 0.1 * torch.randn_like(p)
    return Net(lambda s, x: s.out(forward(s.mha, x)).flatten(1), mha=mha, out=linear(4, 2))


def batch_norm(layer, shape):
    with torch.no_grad():
        for _ in range(3):
            layer(torch.randn(8, *shape, **F64) * 2 + 1)
        layer.weight.add_(0.3 * torch.randn_like(layer.weight))
    return layer


def conv(*args, kind=nn.Conv2d, **options):
    return kind(*args, **options, **F64)


def weight_twice(s, x):
    return s.out(torch.tanh(nnf.linear(torch.tanh(s.inside(x)), s.inside.weight)))


def tied_autoencoder(s, x):
    return nnf.linear(torch.tanh(s.inside(x)), s.inside.weight.t(), s.bias)


def tied_language_model(s, x):
    return nnf.linear(torch.tanh(s.table(x)), s.table.weight).flatten(1)


def class_token(s, x):
    tokens = torch.cat([s.token.expand(len(x), -1, -1), s.inside(x)], dim=1) + s.position
    return s.out(torch.tanh(tokens).mean(dim=1))


def detached(s, x):
    with torch.no_grad():
        head = s.inside(x)
    return s.out(torch.tanh(head + s.other(x)))


class Doubling(torch.autograd.Function):
    """An operation whose gradient no table knows."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g


def hooked():
    net = nn.Sequential(linear(3, 4), nn.Tanh(), linear(4, 2))
    net[0].register_forward_hook(lambda module, args, out: 3 * out.sin())
    return net


def frozen(net, *names):
    for name in names:
        net.get_parameter(name).requires_grad_(False)
    return net


RULED = {
    "mlp, biases": lambda: (nn.Sequential(nn.Flatten(), linear(3, 5), nn.Tanh(), linear(5, 2)), (3,)),
    "mlp, no biases": lambda: (nn.Sequential(nn.Flatten(), linear(3, 5, bias=False), nn.GELU(), linear(5, 2, bias=False)), (3,)),
    "linear on tokens": lambda: (nn.Sequential(linear(3, 4), nn.Tanh(), linear(4, 2), nn.Flatten()), (5, 3)),
    "layers of class N on tokens": lambda: (nn.Sequential(linear(3, 4), nn.Tanh(), linear(4, 2)), (5, 3)),
    "linear on tokens, no bias": lambda: (nn.Sequential(linear(3, 4, bias=False), nn.Tanh(), linear(4, 2), nn.Flatten()), (2, 2, 3)),
    "as many tokens as samples": lambda: (nn.Sequential(linear(3, 3), nn.Tanh(), linear(3, 3), nn.Flatten()), (3, 3)),
    "samples last": lambda: (Net(lambda s, x: s.b(torch.tanh(s.a(x.transpose(0, 1)))).transpose(0, 1).flatten(1), a=linear(3, 4), b=linear(4, 2)), (4, 3)),
    "weight from the left": lambda: (Net(lambda s, x: s.out(torch.tanh(s.w @ x.T).T), w=parameter(4, 3), out=linear(4, 2)), (3,)),
    "weight on the right": lambda: (Net(lambda s, x: s.out(torch.tanh(x @ s.w)), w=parameter(3, 4), out=linear(4, 2)), (3,)),
    "scaled addmm": lambda: (Net(lambda s, x: torch.addmm(s.b, torch.tanh(x), s.w, alpha=2, beta=3), w=parameter(3, 2), b=parameter(2)), (3,)),
    "convolutions": lambda: (nn.Sequential(conv(2, 4, 3, padding=1), nn.ReLU(), conv(4, 3, 3, stride=2), nn.ReLU(), nn.Flatten(), linear(12, 3)), (2, 5, 5)),
    "groups, stride, dilation": lambda: (nn.Sequential(conv(4, 6, (3, 2), groups=2, stride=(1, 2), dilation=(2, 1), padding=(2, 1)), nn.Tanh(), nn.Flatten(), linear(90, 2)), (4, 5, 4)),
    "depthwise": lambda: (nn.Sequential(conv(3, 6, 3, groups=3), nn.Tanh(), conv(6, 2, 1, bias=False), nn.Flatten()), (3, 4, 4)),
    "padding modes": lambda: (nn.Sequential(conv(1, 2, 3, padding=1, padding_mode="reflect"), nn.Tanh(), conv(2, 2, 3, padding=2, padding_mode="circular"), conv(2, 1, 2, padding=1, padding_mode="replicate"), nn.Flatten()), (1, 4, 4)),
    "padding same": lambda: (nn.Sequential(conv(2, 3, 3, padding="same"), nn.Tanh(), nn.Flatten(), linear(48, 1)), (2, 4, 4)),
    "convolutions of one axis": lambda: (nn.Sequential(conv(2, 4, 3, kind=nn.Conv1d, groups=2, dilation=2, padding=1), nn.Tanh(), conv(4, 2, 2, kind=nn.Conv1d, stride=2, padding_mode="circular", padding=1), nn.Flatten()), (2, 7)),
    "convolution on a position": lambda: (nn.Sequential(conv(2, 4, 3), nn.Tanh(), nn.Flatten(), linear(4, 2)), (2, 3, 3)),
    "convolution on frames": lambda: (Net(lambda s, x: s.out(torch.tanh(s.c(x.flatten(0, 1))).mean(dim=(2, 3)).reshape(len(x), -1)), c=conv(2, 3, 2), out=linear(6, 2)), (2, 2, 3, 3)),
    "layer norm": lambda: (nn.Sequential(linear(3, 5), nn.LayerNorm(5, **F64), nn.Tanh(), linear(5, 2)), (3,)),
    "layer norm on tokens": lambda: (nn.Sequential(nn.LayerNorm((4, 3), **F64), linear(3, 2), nn.LayerNorm(2, bias=False, **F64), nn.Flatten(), linear(8, 2)), (4, 3)),
    "rms norm": lambda: (nn.Sequential(linear(3, 5), nn.RMSNorm(5, **F64), nn.Tanh(), linear(5, 2)), (3,)),
    "group norm": lambda: (nn.Sequential(conv(2, 4, 2), nn.GroupNorm(2, 4, **F64), nn.Tanh(), nn.Flatten(), linear(36, 2)), (2, 4, 4)),
    "batch norm, images": lambda: (nn.Sequential(conv(2, 3, 2), batch_norm(nn.BatchNorm2d(3, **F64), (3, 2, 2)), nn.Tanh(), nn.Flatten(), linear(27, 2)), (2, 4, 4)),
    "batch norm": lambda: (nn.Sequential(linear(3, 4), batch_norm(nn.BatchNorm1d(4, **F64), (4,)), nn.Tanh(), linear(4, 2)), (3,)),
    "self-attention": lambda: (attention(lambda a, x: a(x, x, x, need_weights=False)[0]), (3, 4)),
    "self-attention, samples second": lambda: (attention(lambda a, x: a(*[x.transpose(0, 1)] * 3)[0].transpose(0, 1), batch_first=False), (3, 4)),
    "cross attention": lambda: (attention(lambda a, x: a(x, x.sin(), x.cos(), need_weights=False)[0]), (3, 4)),
    "keys are values": lambda: (attention(lambda a, x: a(x, x.sin(), x.sin())[0]), (3, 4)),
    "attention, three matrices": lambda: (attention(lambda a, x: a(x, x[..., :3], x[..., 1:])[0], kdim=3, vdim=3), (3, 4)),
    "transformer block": lambda: (nn.Sequential(nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, **F64), nn.Flatten(), linear(12, 2)), (3, 4)),
    "residual": lambda: (Net(lambda s, x: s.out(x + s.inside(x)), inside=sequential([3, 4, 3], "tanh"), out=linear(3, 2)), (3,)),
    "layer used twice": lambda: (Net(lambda s, x: s.out(torch.tanh(s.inside(torch.tanh(s.inside(x))))), inside=linear(3, 3), out=linear(3, 2)), (3,)),
    "layer used twice, tokens differ": lambda: (Net(lambda s, x: s.out(torch.tanh(s.inside(x)).mean(1) + torch.tanh(s.inside(x[:, 0]))), inside=linear(3, 4), out=linear(4, 2)), (3, 3)),
    "convolution used twice": lambda: (nn.Sequential(*[conv(2, 2, 3, padding=1)] * 2, nn.Tanh(), nn.Flatten()), (2, 3, 3)),
    "norm used twice": lambda: (Net(lambda s, x: s.out(s.norm(torch.tanh(s.norm(x)))), norm=nn.LayerNorm(3, **F64), out=linear(3, 2)), (3,)),
    "weight used outside its layer": lambda: (Net(weight_twice, inside=linear(3, 3), out=linear(3, 2)), (3,)),
    "tied autoencoder": lambda: (Net(tied_autoencoder, inside=linear(4, 3), bias=parameter(4)), (4,)),
    "shared bias": lambda: (Net(lambda s, x: nnf.linear(torch.tanh(nnf.linear(x, s.v, s.b)), s.w, s.b), v=parameter(3, 4), w=parameter(3, 3), b=parameter(3)), (4,)),
    "scales and shifts": lambda: (Net(lambda s, x: s.out(torch.tanh(s.a * x - s.b) * s.c + s.a - s.b * x), a=parameter(3), b=parameter(1, 3), c=parameter(1), out=linear(3, 2)), (3,)),
    "unsqueezed scale": lambda: (Net(lambda s, x: s.out(torch.tanh(s.a[None, :, None] * x).flatten(1)), a=parameter(2), out=linear(6, 2)), (2, 3)),
    "scalar": lambda: (Net(lambda s, x: s.a * s.out(x), a=parameter(), out=linear(3, 2)), (3,)),
    "class token, positions": lambda: (Net(class_token, token=parameter(1, 1, 3), position=parameter(1, 3, 3), inside=linear(3, 3), out=linear(3, 2)), (2, 3)),
    "in place": lambda: (nn.Sequential(linear(3, 5), nn.ReLU(inplace=True), linear(5, 4), nn.SiLU(inplace=True), linear(4, 2)), (3,)),
    "dropout in eval mode": lambda: (nn.Sequential(linear(3, 5), nn.Dropout(0.5), nn.Tanh(), linear(5, 2)).eval(), (3,)),
    "partly frozen": lambda: (frozen(nn.Sequential(linear(3, 5), nn.LayerNorm(5, **F64), nn.Tanh(), linear(5, 2)), "0.weight", "1.bias", "3.bias"), (3,)),
    "hook on the outputs": lambda: (hooked(), (3,)),
    "checkpoint": lambda: (Net(lambda s, x: s.out(checkpoint(s.inside, x, use_reentrant=False)), inside=sequential([3, 4, 3], "tanh"), out=linear(3, 2)), (3,)),
    "output ignores a layer": lambda: (Net(lambda s, x: s.out(x), idle=linear(3, 3), out=linear(3, 2)), (3,)),
    "outputs of two axes": lambda: (nn.Sequential(linear(3, 2), nn.Tanh()), (4, 3)),
    "one output without an axis": lambda: (Net(lambda s, x: s.out(x)[:, 0], out=nn.Sequential(nn.LayerNorm(3, **F64), linear(3, 1))), (3,)),
    "one sample's batch as outputs": lambda: (Net(lambda s, x: torch.tanh(s.out(x)), out=linear(3, 6)), (3,)),
}  # fmt: skip

PARTLY = {
    "parametrized weight": (
        lambda: (nn.Sequential(nn.utils.parametrizations.weight_norm(linear(3, 4)), nn.Tanh(), linear(4, 2)), (3,)),
        {"0.parametrizations.weight.original0", "0.parametrizations.weight.original1"},
    ),
    "transposed convolution": (
        lambda: (nn.Sequential(conv(2, 3, 2, kind=nn.ConvTranspose2d), nn.Tanh(), nn.Flatten(), linear(48, 2)), (2, 3, 3)),
        {"0.weight"},
    ),
    "convolution of three axes": (
        lambda: (nn.Sequential(conv(1, 2, 2, kind=nn.Conv3d), nn.Tanh(), nn.Flatten(), linear(16, 2)), (1, 3, 3, 3)),
        {"0.weight"},
    ),
    "slope of an activation": (
        lambda: (nn.Sequential(linear(3, 4), nn.PReLU(**F64), linear(4, 2)), (3,)), {"1.weight"},
    ),
    "bilinear": (lambda: (nn.Sequential(Net(lambda s, x: s.b(x, x), b=nn.Bilinear(3, 3, 2, **F64)), nn.Tanh()), (3,)), {"0.b.weight"}),
    "weight made of weights": (
        lambda: (Net(lambda s, x: s.out(torch.tanh(x @ (s.a @ s.b))), a=parameter(3, 2), b=parameter(2, 4), out=linear(4, 2)), (3,)),
        {"a", "b"},
    ),
    "weight squared": (lambda: (Net(lambda s, x: s.out(x * (s.a * s.a)), a=parameter(3), out=linear(3, 2)), (3,)), {"a"}),
    "used by a rule and otherwise": (
        lambda: (Net(lambda s, x: s.out(torch.tanh(s.inside(x))) + s.inside.weight.norm(), inside=linear(3, 4), out=linear(4, 2)), (3,)),
        {"inside.weight"},
    ),
    "one row of a table": (
        lambda: (Net(lambda s, x: s.out(torch.tanh(x + s.a[1])), a=parameter(2, 3), out=linear(3, 2)), (3,)), {"a"},
    ),
    "einsum": (
        lambda: (Net(lambda s, x: s.out(torch.einsum("nij,jk,il->nkl", x, s.a, s.b).flatten(1)), a=parameter(3, 2), b=parameter(2, 2), out=linear(4, 1)), (2, 3)),
        set(),
    ),
    "without gradients in the middle": (
        lambda: (Net(detached, inside=linear(3, 4), other=linear(3, 4), out=linear(4, 2)), (3,)), {"inside.weight", "inside.bias"},
    ),
    "an operation of its own": (
        lambda: (Net(lambda s, x: s.out(torch.tanh(x @ Doubling.apply(s.w))), w=parameter(3, 4), out=linear(4, 2)), (3,)), {"w"},
    ),
    "a parameter that no sample can be told apart at": (
        lambda: (Net(lambda s, x: s.out(torch.relu(s.inside(x) - 1e3)).flatten(1), inside=linear(3, 4), out=linear(4, 2)), (2, 3)),
        {"inside.weight", "inside.bias"},
    ),
}  # fmt: skip


def build(make, n, seed=0):
    torch.manual_seed(seed)
    net, shape = make()
    return net.eval(), draws(seed + 7, (n, *shape))[0]


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("name", RULED)
def test_every_parameter_has_a_rule_and_the_kernel_is_the_dense_one(name, n):
    net, x = build(RULED[name], n)
    j = dense_jacobian(net, x)
    close(empirical_ntk(net, x), j @ j.T)
    routes = ntk_routes(net, x)
    assert list(routes) == [key for key, p in net.named_parameters() if p.requires_grad]
    assert {key: route.why for key, route in routes.items() if route.rule == "autodiff"} == {}


@pytest.mark.parametrize("name", PARTLY)
def test_what_no_rule_covers_is_differentiated_and_said(name):
    make, left = PARTLY[name]
    net, x = build(make, 4)
    j = dense_jacobian(net, x)
    close(empirical_ntk(net, x), j @ j.T)
    if left:
        routes = ntk_routes(net, x)
        found = {key for key, route in routes.items() if route.rule == "autodiff"}
        assert left <= found
        assert all(routes[key].why for key in found)


@pytest.mark.parametrize("name", ["linear on tokens", "groups, stride, dilation", "cross attention", "transformer block",
                                  "tied autoencoder", "class token, positions", "batch norm, images"])  # fmt: skip
@pytest.mark.parametrize("memory", [None, 1, 5000])
def test_blocks_second_inputs_and_traces(name, memory):
    net, x = build(RULED[name], 5)
    y = draws(11, (3, *x.shape[1:]))[0]
    j, k = dense_jacobian(net, x), dense_jacobian(net, y)
    c = len(j) // 5
    close(empirical_ntk(net, x, memory_bytes=memory), j @ j.T)
    close(empirical_ntk(net, x, y, memory_bytes=memory), j @ k.T)
    close(empirical_ntk(net, y, x, memory_bytes=memory), k @ j.T)
    traced = (j @ k.T).reshape(5, c, 3, c).diagonal(dim1=1, dim2=3).sum(-1)
    close(traced_ntk(net, x, y, memory_bytes=memory), traced)
    close(traced_ntk(net, x), (j @ j.T).reshape(5, c, 5, c).diagonal(dim1=1, dim2=3).sum(-1))


@pytest.mark.parametrize("name", RULED)
def test_factors_found_a_few_samples_at_a_time_are_those_of_all(name, monkeypatch):
    runs = []
    monkeypatch.setattr(ntk, "PASSING_BYTES", 1)
    monkeypatch.setattr(ntk, "factors", lambda *a: runs.append(len(a[1])) or planning.factors(*a))
    net, x = build(RULED[name], 8)
    j = dense_jacobian(net, x)
    close(empirical_ntk(net, x), j @ j.T)
    assert set(runs) <= {3, 2}


@pytest.mark.parametrize("rule", ["embedding", "linear"])
def test_blocks_cut_to_different_lengths(rule, monkeypatch):
    """A network that trims padding has as many tokens as the longest sample among those it is given."""

    def trimmed(s, x):
        x = x[:, : int((x != 0).sum(dim=1).max())]
        return torch.tanh(s.layer(x if rule == "embedding" else x[..., None].double() / 5)).sum(dim=1)

    torch.manual_seed(5)
    net = Net(
        trimmed, layer=nn.Embedding(6, 3, padding_idx=0, **F64) if rule == "embedding" else linear(1, 3, bias=False)
    )
    x = torch.randint(1, 6, (9, 6), generator=torch.Generator().manual_seed(1))
    x[4:, 3:] = 0
    monkeypatch.setattr(ntk, "PASSING_BYTES", 1)
    j = dense_jacobian(net, x)
    close(empirical_ntk(net, x), j @ j.T)


def language_model(**options):
    torch.manual_seed(3)
    table = nn.Embedding(6, 4, **options, **F64)
    return nn.Sequential(table, nn.LayerNorm(4, **F64), linear(4, 3), nn.Tanh(), nn.Flatten(), linear(15, 2))


@pytest.mark.parametrize("options", [{}, {"padding_idx": 2}, {"sparse": True}])
def test_embedding(options):
    net, x = language_model(**options), torch.randint(0, 6, (4, 5), generator=torch.Generator().manual_seed(0))
    j = dense_jacobian(net, x)
    close(empirical_ntk(net, x), j @ j.T)
    close(empirical_ntk(net, x[:1], x[1:]), j[:2] @ j[2:].T)
    assert ntk_routes(net, x)["0.weight"].rule == "embedding"


def test_embedding_scaled_by_frequency_has_no_rule():
    net, x = language_model(scale_grad_by_freq=True), torch.tensor([[0, 1, 1, 2, 3], [3, 3, 3, 1, 0], [1, 2, 3, 4, 5]])
    assert ntk_routes(net, x)["0.weight"].why == "gradients scaled by frequency"


def test_embedding_tied_to_the_last_layer():
    torch.manual_seed(4)
    net = Net(tied_language_model, table=nn.Embedding(5, 3, **F64))
    x = torch.randint(0, 5, (4, 2), generator=torch.Generator().manual_seed(1))
    j = dense_jacobian(net, x)
    close(empirical_ntk(net, x), j @ j.T)
    assert ntk_routes(net, x)["table.weight"].rule.split("+") == ["linear", "embedding"]


@pytest.mark.parametrize("form", [True, False])
@pytest.mark.parametrize("name", ["linear on tokens", "groups, stride, dilation", "layer used twice, tokens differ"])
def test_both_forms_of_a_product_give_the_kernel(monkeypatch, name, form):
    monkeypatch.setattr(planning, "gram_is_cheaper", lambda *sizes: form)
    net, x = build(RULED[name], 5)
    j = dense_jacobian(net, x)
    close(empirical_ntk(net, x), j @ j.T)


def test_a_wrong_rule_is_found_out_and_not_used(monkeypatch):
    net, x = build(RULED["layer norm"], 5)
    j = dense_jacobian(net, x)
    right = agreement.factor

    def wrong(use, *args):
        found = right(use, *args)
        if use.node.name() != "NativeLayerNormBackward0":
            return found
        return type(found)(found.grads * 1.000001)

    monkeypatch.setattr(agreement, "factor", wrong)
    routes = ntk_routes(net, x)
    assert {key for key, route in routes.items() if route.why == "the rules disagree with autograd"} == {
        "1.weight",
        "1.bias",
    }
    close(empirical_ntk(net, x), j @ j.T)


def test_a_hook_on_a_parameters_gradient_does_not_change_the_kernel():
    net, x = build(RULED["layer norm"], 5)
    j = dense_jacobian(net, x)
    net[3].weight.register_hook(lambda g: 5 * g)
    assert ntk_routes(net, x)["3.weight"].why == "the rules disagree with autograd"
    close(empirical_ntk(net, x), j @ j.T)


def test_a_network_that_changes_with_the_number_of_samples_is_still_right():
    def forward(s, x):
        return s.a(x) if len(x) < 4 else x @ s.a.weight.reshape(2, 3).t() + s.a.bias.view(1, 2)

    net, x = build(lambda: (Net(forward, a=linear(3, 2)), (3,)), 6)
    j = dense_jacobian(net, x)
    close(empirical_ntk(net, x), j @ j.T)
    assert {route.rule for route in ntk_routes(net, x).values()} == {"autodiff"}


def test_a_network_that_orders_its_samples_by_their_values_is_still_right():
    def forward(s, x):
        order = x[:, 0].argsort(stable=True)
        return s.b(torch.tanh(s.a(x[order]))[order.argsort()])

    net, x = build(lambda: (Net(forward, a=linear(3, 4), b=linear(4, 2)), (3,)), 8)
    x[:3, 0], x[3:, 0] = torch.arange(3.0), torch.linspace(5, 4, 5)  # in order for the first three, not for all
    j = dense_jacobian(net, x)
    assert {route.rule for route in ntk_routes(net, x[:3]).values()} == {"linear", "bias"}
    assert {route.rule for route in ntk_routes(net, x).values()} == {"autodiff"}
    close(empirical_ntk(net, x), j @ j.T)


def test_a_parameter_that_the_first_samples_do_not_use_is_not_forgotten():
    def forward(s, x):
        out, second = s.a(x), x[:, 0] > 0
        if second.any():
            out = torch.where(second[:, None], s.b(x), out)
        return out

    net, x = build(lambda: (Net(forward, a=linear(3, 2), b=linear(3, 2)), (3,)), 6)
    x[:, 0] = torch.tensor([-1, -1, -1, 1, -1, 1.0])
    j = dense_jacobian(net, x)
    assert ntk_routes(net, x[:3])["b.weight"].rule == "unused"
    close(empirical_ntk(net, x), j @ j.T)


def test_a_sum_over_the_samples_before_is_a_mixing():
    with pytest.raises(InvalidInputError, match="mix"):
        empirical_ntk(Net(lambda s, x: s.a(x).cumsum(0), a=linear(3, 2)), draws(1, (5, 3))[0])


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
def test_reentrant_checkpoint_is_refused():
    net = Net(lambda s, x: s.out(checkpoint(s.inside, s.first(x), use_reentrant=True)),
              first=linear(3, 3), inside=linear(3, 3), out=linear(3, 2))  # fmt: skip
    with pytest.raises(NotAvailableError, match=r"not available for this network.*[Cc]heckpoint"):
        empirical_ntk(net, draws(1, (4, 3))[0])


def test_attention_that_mixes_the_samples_is_refused():
    net, x = build(lambda: (attention(lambda a, x: a(x, x, x)[0], batch_first=False), (3, 4)), 4)
    with pytest.raises(InvalidInputError, match="mix"):
        empirical_ntk(net, x)


def test_float64_gram_products_of_a_float32_network():
    net, x = build(RULED["linear on tokens"], 5)
    single = net.float()
    k = empirical_ntk(single, x.float(), accumulate=torch.float64)
    assert k.dtype == torch.float64
    j = dense_jacobian(single, x.float()).double()
    close(k.float(), (j @ j.T).float(), factor=50)
    assert empirical_ntk(single, x.float()).dtype == torch.float32


def test_nothing_is_left_behind():
    net, x = build(RULED["transformer block"], 4)
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    k = empirical_ntk(net, x, tf32=True)
    assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == before
    assert not k.requires_grad
    assert all(p.grad is None for p in net.parameters())
    with torch.no_grad():
        close(empirical_ntk(net, x), k)
