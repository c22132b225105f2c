"""Kinks that are read: values and Jacobians against autograd's, which nodes they become, and ties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.kinks import Kinked, Maximum, PiecewiseLinear, clipped, leaky_relu, modulus, relu
from pltheory.nets.reading import evaluate, read
from pltheory.nets.reading.pieces import composed, mirrored, piecewise
from pltheory.nets.reading.ties import depends_on_choice
from pltheory.theory import NotAvailableError
from tests.nets.reading.oracle import called, data, fixed, require_equal, trainable

EXACT = 1e-12


def behind(act, *shape):
    """An activation behind an affine map of vectors."""
    return called(lambda s, x: act(s.f(x)), f=nn.Linear(4, 5)), shape or (4,)


ENTRYWISE = {
    "relu": behind(F.relu),
    "relu, method": behind(lambda z: z.relu()),
    "relu, in place": behind(torch.relu_),
    "relu, module": (nn.Sequential(nn.Linear(4, 5), nn.ReLU(inplace=True), nn.Linear(5, 2)), (4,)),
    "leaky": behind(lambda z: F.leaky_relu(z, 0.1)),
    "leaky, in place": behind(lambda z: F.leaky_relu_(z, 0.1)),
    "leaky, module": (nn.Sequential(nn.Linear(4, 5), nn.LeakyReLU(0.3), nn.Linear(5, 2)), (4,)),
    "no kink": behind(lambda z: F.leaky_relu(z, 1.0)),
    "prelu of a constant": (called(lambda s, x: F.prelu(s.f(x), s.a), f=nn.Linear(4, 5), a=torch.tensor([0.3])), (4,)),
    "relu6": behind(lambda z: F.relu6(4 * z)),
    "relu6, module": (nn.Sequential(nn.Linear(4, 5), nn.ReLU6(), nn.Linear(5, 2)), (4,)),
    "hardtanh": behind(F.hardtanh),
    "hardtanh, module": (nn.Sequential(nn.Linear(4, 5), nn.Hardtanh(-0.5, 2.0), nn.Linear(5, 2)), (4,)),
    "clamp": behind(lambda z: z.clamp(-1, 0.5)),
    "clamp, tensors": behind(lambda z: z.clamp(torch.tensor(-1.0).double(), torch.ones(1, 5).double())),
    "clamp, one side": behind(lambda z: z.clamp(min=0.25).clamp_(max=1.5)),
    "clamp, infinite": behind(lambda z: z.clamp(-math.inf, 1.0)),
    "clamp_min": behind(lambda z: torch.clamp_min(z, 0)),
    "clamp_max": behind(lambda z: torch.clamp_max(z, 0.5)),
    "clip": behind(lambda z: z.clip(-0.5)),
    "abs": behind(torch.abs),
    "abs, in place": behind(lambda z: z.abs_()),
    "absolute": behind(lambda z: z.absolute()),
    "threshold": (nn.Sequential(nn.Linear(4, 5), nn.Threshold(0.25, 0.25)), (4,)),
    "maximum": behind(lambda z: torch.maximum(z, torch.zeros_like(z))),
    "maximum, of numbers": behind(lambda z: torch.max(torch.zeros(1).double(), z)),
    "minimum": behind(lambda z: torch.minimum(z, torch.ones((2, 4, 1, 5)).double()[0, 0])),
    "min": behind(lambda z: torch.min(z, torch.tensor(0.5).double())),
    "hardsigmoid, written out": behind(lambda z: F.relu6(3 * z + 3) / 6),
    "softshrink": behind(lambda z: F.softshrink(z, 0.3)),
    "softshrink, module": (nn.Sequential(nn.Linear(4, 5), nn.Softshrink(0.7), nn.Linear(5, 2)), (4,)),
    "softshrink, composed": behind(lambda z: F.relu(F.softshrink(-z, 0.25))),
    "hardswish": behind(lambda z: F.hardswish(3 * z)),
    "hardswish, module": (nn.Sequential(nn.Linear(4, 5), nn.Hardswish(inplace=True), nn.Linear(5, 2)), (4,)),
    "hardswish, negative": behind(lambda z: F.hardswish(-2 * z[:, 1:3])),
    "elu": behind(F.elu),
    "elu, in place": behind(lambda z: F.elu_(z, 0.5)),
    "elu of 0": behind(lambda z: F.elu(z, 0.0)),
    "elu, module": (nn.Sequential(nn.Linear(4, 5), nn.ELU(1.7), nn.Linear(5, 2)), (4,)),
    "elu, scaled": behind(lambda z: 2 * F.elu(-0.5 * z, 0.3)),
    "selu": behind(F.selu),
    "selu, module": (nn.Sequential(nn.Linear(4, 5), nn.SELU(), nn.Linear(5, 2)), (4,)),
    "celu": behind(lambda z: F.celu(z, 3.0)),
    "celu, in place": behind(lambda z: F.celu_(z, 2.0)),
    "celu, module": (nn.Sequential(nn.Linear(4, 5), nn.CELU(0.375), nn.Linear(5, 2)), (4,)),
    "logsigmoid": behind(F.logsigmoid),
    "logsigmoid, module": (nn.Sequential(nn.Linear(4, 5), nn.LogSigmoid(), nn.Linear(5, 2)), (4,)),
    "negative": behind(lambda z: F.relu(-z)),
    "a number": behind(lambda z: F.leaky_relu(-2 * z, 0.1) - 3 * F.relu6(-3 * z)),
    "a piece": behind(lambda z: F.relu(z[:, 1:3]) + F.hardtanh(z[:, 3:]).repeat(1, 2)[:, 1:3]),
    "a difference of two": behind(lambda z: F.relu(z) - F.relu(-z) + z.abs()),
    "of the data": (called(lambda s, x: s.f(F.relu(x)), f=nn.Linear(4, 3)), (4,)),
    "tokens": behind(lambda z: F.relu(z.transpose(1, 2)), 3, 4),
}


def pooled(pool, act=F.relu, axes=2, size=6):
    conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1]
    return called(lambda s, x: pool(act(s.f(x))), f=conv(2, 3, 2)), (2, *(size,) * axes)


def same(z):
    return z


POOLING = {
    "conv, relu, pool, dense": (
        nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3)),
        (2, 6, 6),
    ),
    "no relu": pooled(lambda z: F.max_pool2d(z, 2), same),
    "leaky": pooled(lambda z: F.max_pool2d(z, 2), lambda z: F.leaky_relu(z, 0.2)),
    "relu behind": pooled(lambda z: F.relu(F.max_pool2d(z, 2)), same),
    "leaky behind leaky": pooled(lambda z: F.leaky_relu(F.max_pool2d(z, 2), 0.5), lambda z: F.leaky_relu(z, 0.25)),
    "relu6": pooled(lambda z: F.max_pool2d(z, 2), lambda z: F.relu6(6 * z)),
    "hardtanh behind relu": pooled(lambda z: F.hardtanh(F.max_pool2d(z, 2))),
    "abs": pooled(lambda z: F.max_pool2d(z, 2), torch.abs),
    "elu": pooled(lambda z: F.max_pool2d(z, 2), lambda z: F.elu(z, 0.5)),
    "hardswish": pooled(lambda z: F.max_pool2d(z, 2), F.hardswish),
    "softshrink": pooled(lambda z: F.max_pool2d(z, 2), lambda z: F.softshrink(z, 0.25)),
    "tanh": pooled(lambda z: F.max_pool2d(z, 2), torch.tanh),
    "overlapping": pooled(lambda z: F.max_pool2d(z, 3, 1)),
    "padded": pooled(lambda z: F.max_pool2d(z, 3, 2, 1)),
    "padded, no relu": pooled(lambda z: F.max_pool2d(z, 3, 2, 1), same),
    "dilated": pooled(lambda z: F.max_pool2d(z, (2, 1), (1, 2), (1, 0), (2, 3))),
    "ceil": pooled(lambda z: F.max_pool2d(z, 2, ceil_mode=True), same),
    "with places": pooled(lambda z: F.max_pool2d(z, 2, return_indices=True)[0]),
    "module with places": pooled(lambda z: nn.MaxPool2d(2, return_indices=True)(z)[0]),
    "adaptive": pooled(lambda z: F.adaptive_max_pool2d(z, (2, 3))),
    "1d": pooled(lambda z: F.max_pool1d(z, 3, 2, 1), axes=1),
    "1d with places": pooled(lambda z: F.max_pool1d(z, 2, return_indices=True)[0], axes=1),
    "1d adaptive": pooled(nn.AdaptiveMaxPool1d(3), axes=1),
    "3d": pooled(lambda z: F.max_pool3d(z, 2, 1, 1), axes=3, size=4),
    "3d adaptive": pooled(nn.AdaptiveMaxPool3d(2), axes=3, size=4),
    "amax": pooled(lambda z: z.amax((2, 3))),
    "amax, one axis": pooled(lambda z: z.amax(1, keepdim=True), same),
    "amin": pooled(lambda z: torch.amin(z, (-1, 2)), same),
    "max over an axis": pooled(lambda z: z.max(1)[0] - z.min(dim=-1).values[..., None].amax(1)),
    "maxout": pooled(lambda z: z.reshape(len(z), -1, 5).amax(-1), same),
    "all of them": pooled(lambda z: F.max_pool2d(z, 2).amax((2, 3))),
    "twice, overlapping": pooled(lambda z: F.max_pool2d(F.max_pool2d(z, 2, 1), 3, 1)),
    "negative": pooled(lambda z: F.max_pool2d(-2 * z, 2)),
    "padded by zeros": pooled(lambda z: F.max_pool2d(F.pad(z, (1, 1)), 2), same),
    "padded by zeros, relu": pooled(lambda z: F.max_pool2d(F.pad(z, (0, 1, 1, 0)), 2)),
    "repeated": pooled(lambda z: F.max_pool2d(F.pad(z, (1, 1, 1, 1), mode="replicate"), 3)),
    "channels last": pooled(lambda z: F.max_pool2d(z.permute(0, 3, 1, 2), 2).flatten(1)),
    "one sample's image": (called(lambda s, x: F.max_pool2d(F.relu(s.f(x)), 2), f=nn.Linear(4, 4)), (4, 4)),
    "block": (
        called(
            lambda s, x: F.relu(s.b(s.g(F.relu(s.a(s.f(x))))) + x).amax((2, 3)),
            f=nn.Conv2d(3, 3, 3, padding=1, bias=False),
            a=nn.BatchNorm2d(3).eval(),
            g=nn.Conv2d(3, 3, 3, padding=1, bias=False),
            b=nn.BatchNorm2d(3).eval(),
        ),
        (3, 4, 4),
    ),
}
CASES = {"entrywise: " + name: case for name, case in ENTRYWISE.items()}
CASES |= {"pooling: " + name: case for name, case in POOLING.items()}


def drawn(module):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        module = module.double()
        for p in module.parameters():
            p.data.normal_()
        for name, buffer in module.named_buffers():
            if name.endswith(("_mean", "_var")):
                buffer.uniform_(0.5, 2.0)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_is_what_autograd_says(name):
    module, shape = CASES[name]
    require_equal(drawn(module), data(*shape), EXACT)


def kinks_of(module, shape):
    graph = read(drawn(module), data(*shape)).graph
    return [node.kind for node in graph.nodes if isinstance(node.kind, Kinked)]


# --- which nodes they become ---


@pytest.mark.parametrize("name", ["conv, relu, pool, dense", "relu behind", "padded by zeros, relu", "with places"])
def test_relu_and_max_pooling_are_one_node(name):
    module, shape = POOLING[name]
    graph = read(drawn(module), data(*shape)).graph
    (v,) = (v for v, node in enumerate(graph.nodes) if isinstance(node.kind, Kinked))
    assert isinstance(graph.nodes[v].kind, Maximum)
    assert graph.nodes[v].kind.slope_below == 0
    assert isinstance(graph.nodes[graph.nodes[v].inputs[0]].kind, Affine)


def test_leaky_slopes_multiply():
    (kind,) = kinks_of(*POOLING["leaky behind leaky"])
    assert kind.slope_below == 0.125


def test_a_product_of_slopes_that_rounds_stays_two_nodes():
    maximum, leaky = kinks_of(*pooled(lambda z: F.leaky_relu(F.max_pool2d(z, 2), 0.1), lambda z: F.leaky_relu(z, 0.3)))
    assert maximum.slope_below == 0.3
    assert leaky.slopes[0] == 0.1


@pytest.mark.parametrize("name", ["relu6", "hardtanh behind relu"])
def test_what_saturates_ties_nothing(name):
    maximum, bounds = kinks_of(*POOLING[name])
    assert maximum.slope_below == 1
    assert isinstance(bounds, PiecewiseLinear)
    assert bounds.slopes.tolist() == [0, 1, 0]


def test_the_maximum_of_overlapping_maxima_is_over_their_union():
    (kind,) = kinks_of(*POOLING["twice, overlapping"])
    assert sorted(kind.windows[0]) == [5 * row + column for row in range(4) for column in range(4)]


def test_an_entry_counts_once():
    (kind,) = kinks_of(*POOLING["repeated"])
    assert (kind.windows[0] >= 0).sum() == 4


def test_padding_is_no_entry():
    (kind,) = kinks_of(*POOLING["padded, no relu"])
    assert kind.windows[0].tolist() == [0, 1, 5, 6, -1, -1, -1, -1, -1]


def test_a_positive_scale_stays_outside_and_a_negative_one_turns_it():
    kinds = kinks_of(*behind(lambda z: F.relu(-z) + 2 * F.relu(z)))
    assert [k.slopes.tolist() for k in kinds] == [[-1, 0], [0, 1]]


def test_a_relu_of_what_is_rectified_is_no_node():
    (kind,) = kinks_of(*behind(lambda z: F.relu(F.relu(z).abs()).clamp(min=0)))
    assert kind.function == "relu"


def test_two_that_are_equal_are_one():
    assert len(kinks_of(*behind(lambda z: F.relu(z) + F.threshold(z, 0, 0) + F.hardtanh(z, 0, math.inf)))) == 1


def test_what_nothing_reads_is_no_node():
    module = called(lambda s, x: (F.relu(s.f(x)), s.f(x).amax(1), s.f(x).tanh())[2], f=nn.Linear(4, 3))
    assert kinks_of(module, (4,)) == []


def test_a_skip_reads_the_relu_itself():
    kinds = kinks_of(*pooled(lambda z: F.max_pool2d(z, 2).amax((2, 3)) + z.mean((2, 3))))
    assert [type(k) for k in kinds] == [PiecewiseLinear, Maximum]


def test_a_slope_that_is_not_trained():
    module = drawn(nn.Sequential(nn.Linear(4, 5), nn.PReLU(init=0.4), nn.Linear(5, 2)))
    module[1].weight.requires_grad = False
    module[1].weight.data.fill_(0.4)
    reading = read(module, data(4))
    (kind,) = (n.kind for n in reading.graph.nodes if isinstance(n.kind, Kinked))
    assert kind.slopes.tolist() == [0.4, 1.0]
    assert all(w is None or w.name != "1.weight" for w, _ in reading.parameters)


# --- functions of one variable ---


FUNCTIONS = [relu(), leaky_relu(0.25), clipped(0.0, 6.0), clipped(-1.0, 1.0), modulus(), clipped(-0.5, 2.0)]


@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(FUNCTIONS, FUNCTIONS)))
def test_one_after_another(outer, inner):
    # Derivatives of the piece on the left, which any break may have.
    found = composed(*(piecewise(kind, *kind.slopes[:-1]) for kind in (outer, inner)))
    if found is None:
        pytest.skip("not a kind")
    both = found.kind
    z = np.concatenate([np.linspace(-8, 8, 129), both.breaks])
    assert np.array_equal(both._values(z), outer._values(inner._values(z)))
    both.require_fitting([3], 3, [])
    assert all(a != b for a, b in itertools.pairwise(zip(both.slopes, both.intercepts, strict=True)))


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_mirrored(kind):
    z = np.linspace(-8, 8, 129)
    turned, at = mirrored(piecewise(kind, *kind.slopes[:-1]))
    turned.require_fitting([3], 3, [])
    assert np.array_equal(turned._values(z), kind._values(-z))
    assert list(at) == turned.slopes[1:].tolist()


# --- ties ---


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    "act",
    [F.relu, F.hardtanh, F.relu6, torch.abs, lambda z: z.clamp(min=0), lambda z: F.elu(z, 0.5), F.selu,
     lambda z: F.hardswish(6 * z), F.softshrink],
)  # fmt: skip
def test_samples_on_kinks_are_left_out(act, dtype):
    x = torch.tensor([[0.0, 1.0, -1.0], [0.5, 0.0, 6.0], [0.25, -0.5, 0.75]], dtype=dtype)
    module = drawn(called(lambda s, x: s.g(act(s.f(x))), f=nn.Linear(3, 3), g=nn.Linear(3, 2))).to(dtype)
    module.f.weight.data.copy_(torch.eye(3))
    module.f.bias.data.zero_()
    read(module, x)


def on_axes(*values):
    """Linear, modulus, linear at weights that meet kinks exactly; torch differentiates |0| as 0, the graph does not."""
    module = drawn(called(lambda s, x: s.g(s.f(x).abs()), f=nn.Linear(3, 3), g=nn.Linear(3, 2)))
    module.f.weight.data.copy_(torch.eye(3))
    module.f.bias.data.zero_()
    return module, torch.tensor(values, dtype=torch.float64)


def test_a_tie_hides_no_lie():
    module, x = on_axes([0.0, 1.0, -1.0], [0.5, 0.25, 6.0], [0.25, -0.5, 0.75])
    read(module, x)
    for part in (module.f, module.g):
        part.register_full_backward_hook(
            lambda m, inputs, outputs: tuple(None if g is None else 1.001 * g for g in inputs)
        )
    with pytest.raises(NotAvailableError, match=r"gradients by f.weight .* differ"):
        read(module, x)


def test_a_sample_on_a_kink_is_looked_at_where_another_is_wrong():
    # Only the samples on a kink may differ from the graph.
    module, x = on_axes([0.0, 1.0, -1.0], [0.5, 0.25, 6.0])
    graph = read(module, x).graph
    leaves = {"f.weight": torch.eye(3).double(), "f.bias": torch.zeros(3).double()}
    rest = [module.g.weight.detach(), module.g.bias.detach()]

    def groups(w):
        return [(w["f.weight"][None], w["f.bias"][None]), (rest[0][None], rest[1][None])]

    assert depends_on_choice(graph, x, leaves, groups, 1e-15, 1e-8).tolist() == [True, False]


def test_where_all_samples_stand_on_kinks_others_are_looked_at():
    module, x = on_axes([0.0, 0.0, 0.0], [1.0, 0.0, 2.0])
    read(module, x)


def test_zero_patches_and_equal_patches_are_compared():
    x = torch.zeros(4, 1, 8, 8, dtype=torch.float64)
    x[:, :, 2:5, 2:5] = data(1, 3, 3)
    for bias in (False, True):
        module = nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1, bias=bias), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(48, 2)
        )
        require_equal(drawn(module), x, EXACT)


@pytest.mark.parametrize("pool", [lambda z: z.amax((2, 3)), lambda z: F.max_pool2d(z, 4).flatten(1)])
def test_tied_entries(pool):
    # Patches differ and their values are equal at these weights.
    x = data(2, 4, 4)
    x[:, 1] = 1.0
    module = drawn(called(lambda s, x: s.g(pool(s.f(x))), f=nn.Conv2d(2, 3, 1), g=nn.Linear(3, 2)))
    module.f.weight.data[:, 0] = 0.0
    reading = read(module, x)
    assert torch.allclose(evaluate(reading.graph, x.flatten(1)), module(x).detach(), atol=1e-13)


def test_hardsigmoid_in_single_precision():
    module = drawn(nn.Sequential(nn.Linear(4, 5), nn.Hardsigmoid(), nn.Linear(5, 2)))
    graph = read(module.float(), data(4).float()).graph
    (kind,) = (node.kind for node in graph.nodes if isinstance(node.kind, Kinked))
    assert (kind.breaks.tolist(), kind.slopes.tolist()) == ([-3, 3], [0, 1, 0])


def test_many_kinks_in_single_precision():
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(8 * 36, 3),
    )  # fmt: skip
    read(drawn(module).float(), data(3, 16, 16, n=8).float())


def test_vectors_of_the_data_alone():
    module = called(lambda s, x: F.relu(x) * s.p + s.m.relu(), p=trainable(4), m=fixed(4))
    require_equal(module, data(4), EXACT)
