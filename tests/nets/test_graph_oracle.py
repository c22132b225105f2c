"""The oracle of class G held against torch's own modules and against differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.tokens import Tokens
from tests.oracles.graph_attack import attack
from tests.oracles.graphs import alternating, hessians, jacobian, jacobian_along, outputs, parameters, values
from tests.oracles.random_graphs import KINDS, conv_patches, random_graph


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "groups"), [(3, 1, 1, 1, 1), (2, 2, 1, 2, 2), (3, 2, 0, 1, 2)]
)
def test_a_convolution_is_torchs(kernel, stride, padding, dilation, groups):
    x, weight, bias = draw(3, 2, 5, 5), draw(4, 2 // groups, kernel, kernel, seed=1), draw(4, seed=2)
    wanted = functional.conv2d(x, 0.5 * weight, 0.3 * bias, stride, padding, dilation, groups).flatten(1)
    patches = conv_patches((2, 5, 5), kernel, stride, padding, dilation, groups)
    group = Group(weight.reshape(groups, 4 // groups, -1).numpy(), bias.reshape(groups, -1).numpy())
    nodes = (Node(Input(), (), 50), Node(Affine(0, patches, 0.5, 0.3), (0,), wanted.shape[1]))
    graph = Graph(nodes, (group,))
    torch.testing.assert_close(outputs(graph, parameters(graph), x.flatten(1)), wanted)


def test_token_maps_are_torchs():
    x = draw(3, 4, 5)
    tokens = np.arange(20).reshape(4, 5)
    for name, wanted in (
        ("layer-norm", nn.LayerNorm(5, eps=0.3, elementwise_affine=False)(x)),
        ("softmax", torch.softmax(x, -1)),
        ("rms-norm", nn.RMSNorm(5, eps=0.3, elementwise_affine=False)(x)),
    ):
        kind = Tokens(name, tokens, 0.0 if name == "softmax" else 0.3)
        found = values(Graph((Node(Input(), (), 20), Node(kind, (0,), 20)), ()), torch.zeros(0), x.flatten(1))[-1]
        torch.testing.assert_close(found, wanted.flatten(1))
    # Channels of a transposed layout: output k stands where input k stood.
    across = Tokens("layer-norm", tokens.reshape(5, 4).T.copy(), 0.3)
    graph = Graph((Node(Input(), (), 20), Node(across, (0,), 20)), ())
    wanted = nn.LayerNorm(5, eps=0.3, elementwise_affine=False)(x.reshape(3, 5, 4).transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(outputs(graph, torch.zeros(0), x.flatten(1)), wanted.flatten(1))


def test_a_product_is_attentions():
    q, k = draw(3, 2, 4, 5), draw(3, 2, 4, 5, seed=1)
    left = np.arange(40).reshape(2, 4, 5)
    nodes = (
        Node(Input(), (), 80),
        Node(Fixed(np.arange(40)[:, None], np.ones((40, 1))), (0,), 40),
        Node(Fixed(np.arange(40, 80)[:, None], np.ones((40, 1))), (0,), 40),
        Node(Product(left, np.swapaxes(left, 1, 2).copy(), 0.7), (1, 2), 32),
    )
    x = torch.cat([q.flatten(1), k.flatten(1)], dim=1)
    torch.testing.assert_close(outputs(Graph(nodes, ()), torch.zeros(0), x), 0.7 * (q @ k.transpose(-1, -2)).flatten(1))


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_are_those_of_the_outputs(kind):
    drawn = random_graph(3, kind)
    w, v = parameters(drawn.graph), draw(len(parameters(drawn.graph)))
    v = v / v.norm()
    step = 1e-5
    high, low = (outputs(drawn.graph, w + s * step * v, drawn.x).reshape(-1) for s in (1, -1))
    slope = jacobian(drawn.graph, w, drawn.x) @ v
    torch.testing.assert_close((high - low) / (2 * step), slope, rtol=1e-6, atol=1e-7)
    high, low = (jacobian(drawn.graph, w + s * step * v, drawn.x) for s in (1, -1))
    bend = jacobian_along(drawn.graph, w, drawn.x, v)
    torch.testing.assert_close((high - low) / (2 * step), bend, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(torch.einsum("kij,j->ki", hessians(drawn.graph, w, drawn.x), v), bend)


def test_every_activation_and_kind_of_node_is_drawn():
    found = {
        (type(node.kind), getattr(node.kind, "map", None)) for s in range(60) for node in random_graph(s).graph.nodes
    }
    assert {kind.__name__ for kind, _ in found} == {"Input", "Affine", "Fixed", "Sum", "Pointwise", "Tokens", "Product"}
    assert {"layer-norm", "rms-norm", "softmax"} <= {name for _, name in found}


def test_the_alternating_ascent_finds_a_known_norm():
    """Forms whose supremum is a sum of squares: V^T H_k V = a_k (v V)^2, sup |a| |v|^2."""
    v, a = draw(4), draw(5, seed=1)
    best, where = alternating(torch.einsum("k,i,j->kij", a, v, v), starts=3, steps=30, seed=0)
    assert best == pytest.approx(float(a.norm() * v.square().sum()), rel=1e-12)
    assert abs(float(where @ v)) == pytest.approx(float(v.norm()), rel=1e-12)


@pytest.mark.slow
def test_an_attack_finds_what_first_order_predicts():
    """In a small ball the change of J is the derivative's norm times the radius, and the attack finds most of it."""
    drawn = random_graph(0, "mlp")
    found = attack(drawn.graph, drawn.x, drawn.y, 1e-3, starts=4, steps=40)
    assert 0.9 < found.change / (1e-3 * found.derivative) < 1.01
    assert found.least < found.least_at_centre
    assert found.curvature > 0
