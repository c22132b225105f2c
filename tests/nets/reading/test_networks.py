"""Whole networks, as people write them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.tokens import Tokens
from pltheory.nets.reading import evaluate, read
from tests.nets.reading.oracle import called, data, require_equal, trainable


class Block(nn.Module):
    """A residual block that shrinks the picture."""

    def __init__(self, c, d, stride):
        super().__init__()
        self.one, self.two = nn.Conv2d(c, d, 3, stride, 1, bias=False), nn.Conv2d(d, d, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(d), nn.BatchNorm2d(d)])
        self.act = nn.SiLU(inplace=True)
        self.down = nn.Sequential(nn.Conv2d(c, d, 1, stride, bias=False), nn.BatchNorm2d(d)) if stride > 1 else None

    def forward(self, x):
        identity = x if self.down is None else self.down(x)
        out = self.norms[1](self.two(self.act(self.norms[0](self.one(x)))))
        out += identity
        return self.act(out)


def resnet():
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1),
        Block(2, 2, 1),
        Block(2, 3, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(3, 2),
    )


def transformer():
    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.1, activation="gelu", batch_first=True, norm_first=True)
    return nn.Sequential(layer, nn.Flatten(), nn.Linear(12, 2))


def convnext():
    def forward(s, x):
        y = s.norm(s.depthwise(x).permute(0, 2, 3, 1))
        y = s.gamma * s.narrow(F.gelu(s.wide(y)))
        return s.head((x + y.permute(0, 3, 1, 2)).mean([-2, -1]))

    return called(
        forward,
        depthwise=nn.Conv2d(3, 3, 3, padding=1, groups=3),
        norm=nn.LayerNorm(3, eps=1e-6),
        wide=nn.Linear(3, 6),
        narrow=nn.Linear(6, 3),
        gamma=trainable(3),
        head=nn.Linear(3, 2),
    )


def functional():
    def forward(s, x):
        width = s.w1.shape[0]
        hidden = torch.tanh(F.linear(x, s.w1) / 2.0 + 0.1 * s.b1)
        return F.linear(hidden, s.w2 / width**0.5)

    return called(forward, w1=trainable(5, 4), b1=trainable(5), w2=trainable(1, 5))


def attention(self, x):
    q, k = self.a(x), self.b(x)
    return self.attention(q, k, x, need_weights=True)[0].sum(1)


NETWORKS = {
    "resnet": (resnet, (1, 4, 4)),
    "transformer": (transformer, (3, 4)),
    "convnext": (convnext, (3, 4, 3)),
    "functional": (functional, (4,)),
    "cross attention": (
        lambda: called(
            attention, attention=nn.MultiheadAttention(4, 2, batch_first=True), a=nn.Linear(4, 4), b=nn.Linear(4, 4)
        ),
        (3, 4),
    ),
}


def made(name):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        make, shape = NETWORKS[name]
        module = make().double().eval()
        for p in module.parameters():
            p.data.normal_()
        for name, buffer in module.named_buffers():
            if name.endswith(("_mean", "_var")):
                buffer.uniform_(0.5, 2.0)
    return module, data(*shape)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("name", NETWORKS)
def test_is_what_autograd_says(name):
    require_equal(*made(name))


def test_float32_weights_are_widened():
    module, x = made("resnet")
    module.float()
    graph = read(module, x.float()).graph
    assert np.array_equal(graph.groups[0].weight.reshape(-1), module[0].weight.detach().double().numpy().reshape(-1))
    assert float((evaluate(graph, x.float().flatten(1)) - module(x.float()).detach()).abs().max()) < 1e-4


def test_pieces_of_a_packed_weight_are_groups_of_their_own():
    module, x = made("cross attention")
    reading = read(module, x)
    cut = [w for w, _ in reading.parameters if w is not None and w.name == "attention.in_proj_weight"]
    assert sorted(np.concatenate([w.entries.reshape(-1) for w in cut]).tolist()) == list(range(48))
    assert len(cut) == 3


def test_moves_go_into_patches_tokens_and_products():
    module, x = made("transformer")
    nodes = read(module, x).graph.nodes
    # Two sums need one order each; attention, norms and the head read entries where they stand.
    assert sum(isinstance(n.kind, Fixed) for n in nodes) == 2
    assert [n.kind.tokens.shape for n in nodes if isinstance(n.kind, Tokens)] == [(3, 4), (6, 3), (3, 4)]
    assert [n.kind.left.shape for n in nodes if isinstance(n.kind, Product)] == [(2, 3, 2), (2, 3, 3)]


def test_a_scale_goes_into_kappa_and_tau():
    module, x = made("functional")
    graph = read(module, x).graph
    scales = [(n.kind.kappa, n.kind.tau) for n in graph.nodes if isinstance(n.kind, Affine)]
    assert scales == [(0.5, 0.1), (5**-0.5, 0.0)]
    assert [g.names for g in graph.groups] == [("w1", "b1"), ("w2", "")]


@pytest.mark.parametrize("inside", [torch.no_grad(), torch.inference_mode(), torch.device("meta")], ids=repr)
def test_what_is_set_around_it_does_not_matter(inside):
    module, x = made("functional")
    with inside:
        graph = read(module, x).graph
    assert len(graph.nodes) == 4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_epsilon_of_rms_norm_is_torch_s(dtype):
    module = nn.Sequential(nn.Linear(4, 4), nn.RMSNorm(4)).to(dtype)
    module[0].weight.data.fill_(1e-3)
    module[0].bias.data.copy_(torch.arange(4) * 1e-3)
    (epsilon,) = (n.kind.epsilon for n in read(module, data(4).to(dtype)).graph.nodes if isinstance(n.kind, Tokens))
    assert epsilon == torch.finfo(torch.float32).eps


def test_a_bias_joins_its_weights_wherever_it_is_added():
    def forward(s, x):
        y = s.c * s.conv(x) + s.b[:, None]
        return s.g * y.transpose(1, 2) + s.h

    module = called(
        forward,
        conv=nn.Conv1d(2, 3, 2, bias=False),
        b=trainable(3),
        g=trainable(3),
        h=trainable(3),
        c=torch.tensor(2.0),
    )
    graph = require_equal(module, data(2, 4)).graph
    assert [(type(n.kind).__name__, n.name) for n in graph.nodes[1:-1]] == [("Affine", "mul"), ("Affine", "mul_1")]
    assert [g.names for g in graph.groups] == [("conv.weight", "b"), ("g", "h")]


def test_a_bias_of_weights_that_are_tied_stays_apart():
    module = called(lambda s, x: torch.tanh(x @ s.w + s.b) @ s.w, w=trainable(3, 3), b=trainable(3))
    graph = require_equal(module, data(3)).graph
    assert [g.names for g in graph.groups] == [("w", ""), ("", "b")]


def test_what_is_computed_twice_is_one_node():
    module = called(lambda s, x: torch.tanh(s.f(x)) + s.f(x).tanh(), f=nn.Linear(4, 3))
    nodes = require_equal(module, data(4)).graph.nodes
    assert [type(n.kind).__name__ for n in nodes] == ["Input", "Affine", "Pointwise", "Sum"]
    assert nodes[-1].inputs == (2, 2)


def test_one_sample_is_enough():
    require_equal(*[a if isinstance(a, nn.Module) else a[:1] for a in made("convnext")])


def test_tied_modules_are_one_group():
    module = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    module[2].weight, module[2].bias = module[0].weight, module[0].bias
    reading = require_equal(module.double(), data(3))
    assert len(reading.graph.groups) == 1
