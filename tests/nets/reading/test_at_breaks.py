"""What torch takes for a derivative at a kink, held against what the nodes that are read allow there."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import Kinked, Maximum, PiecewiseLinear
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.reading import builder, read
from pltheory.theory import NotAvailableError
from tests.nets.reading.oracle import called, data

FUNCTIONS = {
    "relu": F.relu, "leaky": lambda z: F.leaky_relu(z, 0.5), "relu6": F.relu6, "hardtanh": F.hardtanh,
    "prelu": lambda z: F.prelu(z, z.new_tensor([0.25])), "clamp": lambda z: z.clamp(-1, 1),
    "clamp_min": lambda z: z.clamp(min=0), "clamp_max": lambda z: torch.clamp_max(z, 0.5), "abs": torch.abs,
    "threshold": lambda z: F.threshold(z, 0.5, 0.5), "softshrink": lambda z: F.softshrink(z, 0.5),
    "maximum": lambda z: torch.maximum(z, torch.zeros_like(z)), "minimum": lambda z: z.minimum(torch.ones_like(z)),
    "elu of 0": lambda z: F.elu(z, 0.0),
}  # fmt: skip
BREAKS = [k / 4 for k in range(-32, 33)]


def derivative(act, at: float) -> float:
    z = torch.tensor([[at]], dtype=torch.float64, requires_grad=True)
    return float(torch.autograd.grad(act(z).sum(), z)[0])


def graph_of(act):
    return read(called(lambda s, x: act(s.f(x)), f=nn.Linear(1, 1, bias=False)), data(1)).graph


def allowed(graph, at: float) -> tuple[Fraction, Fraction]:
    """The least and the largest derivative of a chain of functions at z, any piece being taken at a kink."""
    node, nodes = graph.nodes[-1], []
    while not isinstance(node.kind, (Input, Affine)):
        nodes.append(node.kind)
        node = graph.nodes[node.inputs[0]]
    value, low, high = Fraction(at), Fraction(1), Fraction(1)
    for kind in reversed(nodes):
        if isinstance(kind, Fixed):
            factor = Fraction(float(kind.factor[0, 0]))
            value, ends = factor * value, [factor]
        else:
            assert isinstance(kind, PiecewiseLinear)
            near = [sum(b < value for b in kind.breaks), sum(b <= value for b in kind.breaks)]
            ends = [Fraction(float(kind.slopes[j])) for j in near]
            value = ends[0] * value + Fraction(float(kind.intercepts[near[0]]))
        products = [end * d for end in ends for d in (low, high)]
        low, high = min(products), max(products)
    return low, high


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_said_of_an_operation_is_what_torch_does(monkeypatch, name):
    said = []
    right = builder.Builder._node

    def node(self, kind, inputs, size, taken=None):
        said.append((kind, taken))
        return right(self, kind, inputs, size, taken)

    monkeypatch.setattr(builder.Builder, "_node", node)
    graph_of(FUNCTIONS[name])
    ((kind, taken),) = [(k, t) for k, t in said if isinstance(k, Kinked)]
    assert [float(d) for d in taken.at] == [derivative(FUNCTIONS[name], b) for b in kind.breaks.tolist()]


@pytest.mark.slow
@pytest.mark.parametrize("first", FUNCTIONS)
@pytest.mark.parametrize("factor", [1.0, -2.0])
def test_one_function_after_another_keeps_the_derivatives_that_torch_takes(first, factor):
    for second in FUNCTIONS:

        def act(z, second=second):
            return FUNCTIONS[second](factor * FUNCTIONS[first](z))

        graph = graph_of(act)
        for at in BREAKS:
            low, high = allowed(graph, at)
            assert low <= derivative(act, at) <= high, (second, at)


def test_a_function_that_undoes_another_stays_two_nodes():
    """It is z, whose derivative at 0 torch takes for 1/2: of the one function no step would agree there."""

    def act(z):
        return -2 * F.leaky_relu(-F.leaky_relu(z, 0.5), 0.5)

    assert (act(torch.tensor(-3.0)), derivative(act, 0.0)) == (-3.0, 0.5)
    assert sum(isinstance(node.kind, PiecewiseLinear) for node in graph_of(act).nodes) == 2


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(["relu", "clamp_min", "maximum"], 2)))
def test_equal_functions_with_other_derivatives_at_a_kink_are_two_nodes(one, other):
    """Their difference is 0 everywhere, and has a derivative at the kink."""

    def act(z):
        return FUNCTIONS[one](z) - FUNCTIONS[other](z)

    assert derivative(act, 0.0) != 0
    kinds = [node.kind for node in graph_of(act).nodes]
    assert sum(isinstance(kind, PiecewiseLinear) for kind in kinds) == 2
    assert any(isinstance(kind, Sum) for kind in kinds)


def test_maxima_that_choose_otherwise_among_ties_are_two_nodes():
    def act(z):
        return F.max_pool1d(z[:, None], 2)[:, 0] - z.amax(1, keepdim=True)

    graph = read(called(lambda s, x: act(s.f(x)), f=nn.Linear(1, 2)), data(1)).graph
    assert sum(isinstance(node.kind, Maximum) for node in graph.nodes) == 2


@pytest.mark.parametrize("name", ["clamp", "clamp_max", "minimum"])
def test_a_bound_with_a_derivative_at_it_stays_before_a_maximum(name):
    """Of entries at the bound and above it torch may take the first, whose derivative is not 0."""
    act = FUNCTIONS[name]
    z = torch.tensor([[1.0 if name != "clamp_max" else 0.5, 2.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.grad(act(z).max(1)[0].sum(), z)[0].any()
    graph = read(called(lambda s, x: act(s.f(x)).max(1)[0], f=nn.Linear(1, 2)), data(1)).graph
    assert [type(node.kind) for node in graph.nodes if isinstance(node.kind, Kinked)] == [PiecewiseLinear, Maximum]


@pytest.mark.parametrize("act", [lambda z: F.softshrink(z, 0.0), lambda z: F.hardshrink(z, 0.0)])
def test_a_shrink_by_nothing_is_not_read(act):
    """It is z, and torch's derivative at 0 is 0: gradient descent that comes there stays."""
    assert derivative(act, 0.0) == 0
    with pytest.raises(NotAvailableError, match="at 0 torch takes 0 for its derivative"):
        graph_of(act)
