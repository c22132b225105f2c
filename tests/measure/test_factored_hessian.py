"""The factored Hessian of class N: the spectrum of the dense one, over a grid of networks."""

from __future__ import annotations

import itertools

import pytest
import torch

from pltheory.measure.factored_hessian import factored_hessians
from pltheory.nets.activations import ACTIVATIONS
from pltheory.problem.networks import class_n
from tests.cases import Case, draws
from tests.oracles.plain import FUNCTIONS, read

GRID = [
    Case(hidden, 1 + 2 * (k % 2), act, par, bias, n=2)
    for k, (act, hidden, par, bias) in enumerate(
        itertools.product(
            ("tanh", "sigmoid", "softplus", "erf", "gelu", "silu", "mish", "sin"),
            ((4,), (3, 4), (4, 2, 3)),
            ("ntk", "standard"),
            (False, True),
        )
    )
]


def close(a, b, atol=1e-12):
    torch.testing.assert_close(a, b, rtol=0, atol=atol)


def operators(case, x):
    n, c = x.shape[0], case.outputs
    pairs = torch.arange(n * c)
    return factored_hessians(class_n(case.network()), x[pairs // c], pairs % c)


def restricted(batch, k):
    """The operator of the k-th pair as a matrix on the subspace that holds its coordinates."""
    one = batch.take(torch.tensor([k]))
    size = sum(one.sizes)
    projector = torch.eye(size, dtype=torch.float64)
    for i, at in enumerate(one.layers[1:-1]):
        first = sum(one.sizes[: 2 + 2 * i])
        last = first + one.sizes[2 + 2 * i]
        projector[first:last, first:last] -= at.unit.T @ at.unit
    images = torch.cat([one.apply(row[None]) for row in projector])
    close(images, images @ projector)  # a product stays in the subspace
    return images


@pytest.mark.parametrize("case", GRID, ids=[c.name for c in GRID])
def test_the_spectrum_is_the_dense_one(case):
    x = case.data()[0]
    plain, w = read(case.network())
    dense = torch.linalg.eigvalsh(plain.output_hessians(w, x))  # (n C, p)
    batch = operators(case, x)
    assert batch.count == len(dense)
    for k, spectrum in enumerate(dense):
        matrix = restricted(batch, k)
        close(matrix, matrix.T)
        found = torch.linalg.eigvalsh(matrix)
        # Every eigenvalue but 0, with its multiplicity.
        length = max(len(found), len(spectrum))
        padded = [torch.cat([s, s.new_zeros(length - len(s))]).sort().values for s in (found, spectrum)]
        close(padded[0], padded[1], 1e-10 * max(1.0, float(spectrum.abs().max())))


@pytest.mark.parametrize("case", [c for c in GRID if len(c.hidden) == 1], ids=lambda c: c.name)
def test_one_hidden_layer_in_closed_form(case):
    x = case.data()[0]
    plain, w = read(case.network())
    dense = torch.linalg.eigvalsh(plain.output_hessians(w, x)).abs().amax(dim=1)
    found = operators(case, x).closed_form()
    torch.testing.assert_close(found.abs(), dense, rtol=1e-10, atol=0)


def test_deeper_ones_have_none():
    case = Case((3, 3), 1, "tanh", "ntk", False)
    assert operators(case, case.data()[0]).closed_form() is None


def test_a_batch_is_its_members():
    case = Case((4, 3), 3, "gelu", "standard", True)
    batch = operators(case, case.data()[0])
    v = batch.start(0)
    together = batch.apply(v)
    for k in range(batch.count):
        one = batch.take(torch.tensor([k]))
        close(one.start(0), v[k : k + 1])
        close(one.apply(v[k : k + 1])[0], together[k])


@pytest.mark.parametrize("hidden", [(4,), (3, 4), (4, 2, 3)])
def test_rows_and_inputs_that_vanish(hidden):
    # At x = 0 without biases a~_0 = 0 and so is every activation of tanh; with output weights 0 every b_l is.
    case = Case(hidden, 1, "tanh", "ntk", False)
    for x, still in ((torch.zeros(1, 3, dtype=torch.float64), None), (draws(1, (1, 3))[0], -1)):
        net = case.network()
        if still is not None:
            with torch.no_grad():
                net.weights[still].zero_()
        plain, w = read(net)
        dense = torch.linalg.eigvalsh(plain.output_hessians(w, x))[0]
        batch = factored_hessians(class_n(net), x, torch.zeros(1, dtype=torch.long))
        found = torch.linalg.eigvalsh(restricted(batch, 0))
        assert float(found.abs().max()) == pytest.approx(float(dense.abs().max()), abs=1e-12)


SMOOTH = [name for name in ACTIVATIONS if name != "relu"]


@pytest.mark.parametrize("name", SMOOTH)
def test_second_derivatives(name):
    z = torch.linspace(-30, 30, 2001, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(FUNCTIONS[name](z).sum(), z, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), z)
    torch.testing.assert_close(ACTIVATIONS[name].second(z.detach()), second, rtol=1e-9, atol=1e-12)


def test_relu_is_flat_off_its_kink():
    z = torch.tensor([-2.0, 3.0])
    assert not ACTIVATIONS["relu"].second(z).any()
