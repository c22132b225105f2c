"""The constants of the activations against high-precision maximisation, the torch functions against autograd."""

from __future__ import annotations

import math

import mpmath as mp
import pytest
import sympy as sp
import torch

from pltheory.nets.activations import ACTIVATIONS, activation
from pltheory.theory import InvalidInputError
from tests.oracles.plain import FUNCTIONS
from tests.oracles.suprema import DEFINITIONS, supremum

SMOOTH = [name for name, a in ACTIVATIONS.items() if a.smooth]
ORDERS = (1, 2, 3)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", SMOOTH)
def test_constant_is_an_upper_bound_of_the_supremum_and_close_to_it(name, order):
    stored = getattr(activation(name), f"s{order}")
    found = supremum(name, order)
    assert stored >= found, "below the supremum: every bound built on it is unsound"
    assert stored <= found * (1 + mp.mpf("1e-11"))


@pytest.mark.parametrize("name", SMOOTH)
def test_closed_forms_are_the_stored_numbers(name):
    a = activation(name)
    for text, stored in zip(a.closed_forms, (a.s1, a.s2, a.s3), strict=True):
        if text is not None:
            value = sp.N(sp.sympify(text), 40)
            assert 0 <= sp.Float(stored, 40) - value <= sp.Float(4e-15, 40) * max(1, value)


@pytest.mark.parametrize("name", SMOOTH)
def test_no_sampled_derivative_exceeds_the_constant(name):
    z = torch.linspace(-12, 12, 20_001, dtype=torch.float64, requires_grad=True)
    value = FUNCTIONS[name](z)
    first = torch.autograd.grad(value.sum(), z, create_graph=True)[0]
    second = torch.autograd.grad(first.sum(), z)[0]
    a = activation(name)
    assert float(first.detach().abs().max()) <= a.s1 * (1 + 1e-14)
    assert float(second.abs().max()) <= a.s2 * (1 + 1e-14)


def test_relu_is_known_and_not_smooth():
    relu = activation("relu")
    assert not relu.smooth
    assert math.isinf(relu.s2)


def test_unknown_name_lists_what_is_allowed():
    with pytest.raises(InvalidInputError, match=r"'swish'.*tanh.*silu"):
        activation("swish")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_pointwise_value_and_derivative(name, dtype):
    z = torch.cat([torch.linspace(-40, 40, 4001), torch.linspace(-1e-3, 1e-3, 11)]).to(dtype).requires_grad_()
    expected = FUNCTIONS[name](z)
    slope = torch.autograd.grad(expected.sum(), z)[0]
    tol = {"rtol": 40 * torch.finfo(dtype).eps, "atol": 40 * torch.finfo(dtype).eps}
    torch.testing.assert_close(activation(name).value(z.detach()), expected.detach(), **tol)
    torch.testing.assert_close(activation(name).derivative(z.detach()), slope, **tol)


@pytest.mark.parametrize("name", SMOOTH)
def test_pointwise_values_are_those_of_the_definitions(name):
    for z in (-30.0, -3.7, -1.0, -1e-4, 0.0, 0.3, 2.0, 9.0):
        with mp.workdps(40):
            value, slope = DEFINITIONS[name](mp.mpf(z)), mp.diff(DEFINITIONS[name], mp.mpf(z))
        at = torch.tensor([z], dtype=torch.float64)
        assert float(activation(name).value(at)) == pytest.approx(float(value), rel=1e-14, abs=1e-15)
        assert float(activation(name).derivative(at)) == pytest.approx(float(slope), rel=1e-13, abs=1e-15)
