"""Convolutional and residual builders: what a draw is, what a forward pass is, and which sizes are refused."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.problem.architectures import Architecture
from pltheory.theory import InvalidInputError

SCALAR = {
    "tanh": math.tanh,
    "erf": math.erf,
    "softplus": lambda z: math.log1p(math.exp(-abs(z))) + max(z, 0.0),
    "gelu": lambda z: z * 0.5 * (1 + math.erf(z / math.sqrt(2))),
}


def convolved(x, w, stride):
    """By the definition, one product at a time: zeros outside, the kernel centred."""
    n, _, h, width = x.shape
    c_out, c_in, k, _ = w.shape
    out = np.zeros((n, c_out, -(-h // stride), -(-width // stride)))
    for i, o, p, q in np.ndindex(out.shape):
        for c, a, b in itertools.product(range(c_in), range(k), range(k)):
            r, s = p * stride + a - k // 2, q * stride + b - k // 2
            if 0 <= r < h and 0 <= s < width:
                out[i, o, p, q] += w[o, c, a, b] * x[i, c, r, s]
    return out


class Oracle:
    """The formulas of the module's docstring on numpy arrays, with the parameters taken in the order of their use."""

    def __init__(self, net, name, ntk, batch):
        self.left = [(k, v.detach().numpy()) for k, v in net.state_dict().items() if not k.endswith("batches_tracked")]
        self.act, self.ntk, self.batch = np.vectorize(SCALAR[name]), ntk, batch

    def take(self, kind):
        name, value = self.left.pop(0)
        assert name.endswith(kind), (name, kind)
        return value

    def affine(self, product, fan_in, axes):
        z = product(self.take("weight")) * (fan_in**-0.5 if self.ntk else 1.0)
        has_bias = self.left and self.left[0][0].endswith("bias")
        return z + self.take("bias").reshape(axes) if has_bias else z

    def conv(self, x, k, stride=1):
        return self.affine(lambda w: convolved(x, w, stride), x.shape[1] * k * k, (1, -1, 1, 1))

    def norm_act(self, x):
        if self.batch:
            w, b, mean, var = (self.take(k).reshape(1, -1, 1, 1) for k in ("weight", "bias", "_mean", "_var"))
            x = w * (x - mean) / np.sqrt(var + 1e-5) + b
        return self.act(x)

    def head(self, x, pooling):
        if pooling == "global":
            x = x.mean((2, 3), keepdims=True)
        if pooling == "average":
            h, w = x.shape[2] // 2, x.shape[3] // 2
            x = sum(x[:, :, i : 2 * h : 2, j : 2 * w : 2] for i in (0, 1) for j in (0, 1)) / 4
        x = x.reshape(len(x), -1)
        f = self.affine(lambda w: x @ w.T, x.shape[1], (1, -1))
        assert not self.left
        return f


def data(n=3, shape=(2, 5, 4), seed=3):
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("pooling", ["none", "average", "global"])
@pytest.mark.parametrize(("parametrization", "name"), [("ntk", "erf"), ("standard", "softplus")])
@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_convolutional_is_the_formula(pooling, parametrization, name, normalisation):
    x, batch = data(), normalisation == "batch"
    net = pl.convolutional(
        shape=(2, 5, 4), channels=[3, 2], kernel=3, stride=[1, 2], pooling=pooling, activation=name, outputs=2,
        normalisation=normalisation, statistics=x if batch else None, parametrization=parametrization, bias=True,
    )  # fmt: skip
    if batch:
        with torch.no_grad():  # other scales and shifts than 1 and 0
            for p in net.parameters():
                p.add_(0.1)
    o = Oracle(net, name, parametrization == "ntk", batch)
    z = o.norm_act(o.conv(x.numpy(), 3))
    expected = o.head(o.norm_act(o.conv(z, 3, 2)), pooling)
    np.testing.assert_allclose(net(x).detach().numpy(), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("parametrization", "name"), [("ntk", "tanh"), ("standard", "gelu")])
@pytest.mark.parametrize(("normalisation", "bias"), [("none", False), ("batch", True)])
@pytest.mark.parametrize("per_block", [1, 2])
def test_residual_is_the_formula(parametrization, name, normalisation, bias, per_block):
    x, batch = data(), normalisation == "batch"
    net = pl.residual(
        shape=(2, 5, 4), channels=[2, 3], kernel=3, stride=[1, 2], blocks=[2, 1], convs_per_block=per_block,
        pooling="global", activation=name, normalisation=normalisation, statistics=x if batch else None,
        parametrization=parametrization, bias=bias, outputs=2, seed=1,
    )  # fmt: skip
    o = Oracle(net, name, parametrization == "ntk", batch)
    z = o.conv(x.numpy(), 3)
    for block in range(2 + 1):
        if block == 2:
            z = o.conv(o.norm_act(z), 3, 2)
        branch = z
        for _ in range(per_block):
            branch = o.conv(o.norm_act(branch), 3)
        z = z + branch
    np.testing.assert_allclose(net(x).detach().numpy(), o.head(o.norm_act(z), "global"), rtol=1e-11, atol=1e-13)


def test_the_draw_has_the_moments_of_its_parametrisation():
    sizes = {"shape": (3, 4, 4), "channels": [64, 64], "pooling": "global", "outputs": 50}
    for p in (p.detach() for p in pl.convolutional(**sizes, bias=True).parameters()):
        assert float(p.mean()) == pytest.approx(0, abs=5 / math.sqrt(p.numel()))
        assert float(p.square().mean()) == pytest.approx(1, abs=5 * math.sqrt(2 / p.numel()))
    net = pl.convolutional(**sizes, bias=True, parametrization="standard")
    fans = {"0.": 27, "2.": 64 * 9, "6.": 64}
    for name, p in net.named_parameters():
        if name.endswith("weight"):
            fan = fans[name.removesuffix("weight")]
            assert float(p.detach().square().mean()) * fan == pytest.approx(1, abs=5 * math.sqrt(2 / p.numel()))
        else:
            assert (p == 0).all()
    assert [type(m) for m in net] == [
        nn.Conv2d, nn.Tanh, nn.Conv2d, nn.Tanh, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Linear,
    ]  # fmt: skip


@pytest.mark.parametrize(("parametrization", "modulus"), [("ntk", 1.0), ("standard", 1 / math.sqrt(12))])
def test_a_rademacher_head_has_one_modulus(parametrization, modulus):
    net = pl.residual(
        shape=(1, 2, 2), channels=[3], output_init="rademacher", outputs=4, parametrization=parametrization
    )
    head = net[-1].weight.detach()
    assert head.shape == (4, 12)
    torch.testing.assert_close(head.abs(), torch.full_like(head, modulus))
    assert 0 < int((head > 0).sum()) < head.numel()


@pytest.mark.parametrize("build", [pl.convolutional, pl.residual])
def test_one_seed_is_one_network_in_both_precisions_and_leaves_torchs_generator_alone(build):
    keys = {"shape": (1, 4, 4), "channels": [3], "parametrization": "standard"}
    state = torch.get_rng_state()
    a, b, c = build(**keys, seed=7), build(**keys, seed=7), build(**keys, seed=8)
    single = build(**keys, seed=7, dtype=torch.float32)
    assert torch.equal(torch.get_rng_state(), state)
    for p, q, r, s in zip(a.parameters(), b.parameters(), c.parameters(), single.parameters(), strict=True):
        assert p.dtype == torch.float64
        assert s.dtype == torch.float32
        assert torch.equal(p, q)
        assert torch.equal(p.float(), s)
        assert not torch.equal(p, r)


def test_measured_statistics_centre_and_scale_what_every_normalisation_takes():
    x = 3 + 2 * data(6, (1, 6, 6))
    keys = {"shape": (1, 6, 6), "channels": [4, 4], "normalisation": "batch", "blocks": 1}
    net, plain = pl.residual(**keys, statistics=x), pl.residual(**keys)
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 6
    taken = []
    for m in norms:
        m.register_forward_hook(lambda m, inputs, output: taken.append((m, inputs[0], output)))
    net(x)
    for m, z, out in taken:
        torch.testing.assert_close(out.mean((0, 2, 3)), torch.zeros(m.num_features, dtype=torch.float64))
        v = z.var((0, 2, 3), correction=0)
        torch.testing.assert_close(out.var((0, 2, 3), correction=0), v / (v + m.eps))
    assert not net.training
    for m in (m for m in plain.modules() if isinstance(m, nn.BatchNorm2d)):
        assert (m.running_mean == 0).all()
        assert (m.running_var == 1).all()
    # A sample's output does not depend on the others.
    torch.testing.assert_close(net(x[:1]), net(x)[:1])


@pytest.mark.parametrize("blocks", [None, 0, 1, [2, 0]])
@pytest.mark.parametrize("bias", [False, True])
def test_sizes_are_those_of_the_network(blocks, bias):
    keys = {"shape": (2, 7, 6), "channels": [3, 5], "stride": 2, "outputs": 3, "bias": bias, "pooling": "average"}
    plan = Architecture.of((2, 7, 6), [3, 5], 3, 2, blocks, 2, "average", 3, bias)
    net = pl.convolutional(**keys) if blocks is None else pl.residual(**keys, blocks=blocks)
    assert plan.parameters == sum(p.numel() for p in net.parameters())
    assert plan.features == net[-1].weight.shape[1]
    maps = []
    for m in net.modules():
        if not list(m.children()) and not isinstance(m, nn.Flatten):
            m.register_forward_hook(lambda m, i, o: maps.append(o[0].numel()))
    net(data(1, (2, 7, 6)))
    assert sum(maps) <= plan.values <= 2 * sum(maps) + 2 * 7 * 6


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"channels": []}, r"channels = \[\]: needed is at least one"),
        ({"channels": [0]}, "channels = 0: allowed are whole numbers from 1"),
        ({"channels": 3}, "channels = 3: needed is a list"),
        ({"shape": (8, 8)}, r"shape = \[8, 8\]: needed is \(channels, height, width\)"),
        ({"kernel": 2}, "kernel = 2: allowed are odd numbers"),
        ({"stride": [1, 2]}, r"stride = \[1, 2\]: needed is one number, or 1, one for each of channels"),
        ({"stride": 0}, "stride = 0: allowed are whole numbers from 1"),
        ({"blocks": -1}, "blocks = -1: allowed are whole numbers from 0"),
        ({"convs_per_block": 0}, "convs_per_block = 0: allowed"),
        ({"pooling": "max"}, "pooling = 'max': allowed are 'none', 'average', 'global'"),
        ({"pooling": "average", "stride": 8}, "pooling = 'average': the last maps are 1 x 1; needed are 2 x 2"),
        ({"normalisation": "layer"}, "normalisation = 'layer': allowed are 'none', 'batch'"),
        ({"parametrization": "mup"}, "parametrization = 'mup': allowed"),
        ({"output_init": "zero"}, "output_init = 'zero': allowed"),
        ({"activation": "tahn"}, "activation = 'tahn': allowed are tanh"),
        ({"outputs": 0}, "outputs = 0: allowed are whole numbers from 1"),
        ({"channels": [2**45]}, "feature maps of more than"),
        ({"statistics": torch.zeros(3, 1, 8, 8)}, "statistics: normalisation = 'none' has none"),
        ({"statistics": torch.zeros(3, 64), "normalisation": "batch"}, r"statistics: \(3, 64\); needed are samples"),
        (
            {"statistics": torch.full((3, 1, 8, 8), torch.nan), "normalisation": "batch"},
            "statistics: samples at which a mean or a variance is not finite",
        ),
    ],
)
def test_what_makes_no_network_is_refused_by_name(keys, said):
    with pytest.raises(InvalidInputError, match=said):
        pl.residual(**{"shape": (1, 8, 8), "channels": [3], **keys})


def test_a_problem_takes_both_and_measures_them():
    x = data(4, (1, 4, 4))
    for net in (pl.convolutional(shape=(1, 4, 4), channels=[6]), pl.residual(shape=(1, 4, 4), channels=[6])):
        problem = pl.Problem(net, x, torch.ones(4, 1, dtype=torch.float64))
        kernel = pl.empirical_ntk(net, x)
        rows = torch.stack([
            torch.cat([g.flatten() for g in torch.autograd.grad(problem.network(x[i : i + 1]), list(net.parameters()))])
            for i in range(len(x))
        ])  # fmt: skip
        torch.testing.assert_close(kernel, rows @ rows.T)
