"""The kernel of infinite width against closed forms, and against networks of growing width."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.integrate import quad

from pltheory.measure.infinite_width import gaussian_expectations, infinite_width_ntk
from pltheory.measure.ntk import empirical_ntk
from pltheory.nets.activations import ACTIVATIONS
from pltheory.problem.networks import fully_connected
from pltheory.theory import InvalidInputError
from tests.cases import draws


def erf_kernel(x, layers):
    """Closed form for erf (Williams 1997): E erf(u) erf(v) is an arcsine."""
    sigma = x @ x.T / x.shape[1]
    theta = sigma.clone()
    for _ in range(layers):
        a = 1 + 2 * sigma.diagonal()
        product = a[:, None] * a[None, :]
        slope = 4 / math.pi / (product - 4 * sigma**2).sqrt()
        sigma = 2 / math.pi * torch.asin(2 * sigma / product.sqrt())
        theta = sigma + theta * slope
    return theta


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("size", [0.3, 1.0, 3.0, 100.0])
def test_erf_has_a_closed_form(layers, size):
    x = size * draws(0, (4, 5))[0]
    got = infinite_width_ntk(x, hidden_layers=layers, activation="erf")
    torch.testing.assert_close(got, erf_kernel(x, layers), rtol=1e-9, atol=1e-12)


def relu_kernel(x, layers):
    """Closed form for relu (Cho and Saul 2009): arc-cosine kernels of orders 1 and 0."""
    sigma = x @ x.T / x.shape[1]
    theta = sigma.clone()
    for _ in range(layers):
        norm = sigma.diagonal().sqrt()
        product = norm[:, None] * norm
        c = (sigma / product).clamp(-1, 1)
        angle = torch.acos(c)
        slope = (math.pi - angle) / (2 * math.pi)
        sigma = product * (torch.sin(angle) + (math.pi - angle) * c) / (2 * math.pi)
        theta = sigma + theta * slope
    return theta


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_relu_has_a_closed_form(layers, size):
    (x,) = draws(0, (4, 5))
    got = infinite_width_ntk(size * x, hidden_layers=layers, activation="relu")
    torch.testing.assert_close(got, relu_kernel(size * x, layers), rtol=1e-9, atol=1e-12 * size**2)


def quadrature(f, si, sj, covariance):
    """E f(u) f(v) by scipy's adaptive rule outside and a fine trapezoidal one inside."""
    slope = covariance / si**2
    left = math.sqrt(max(sj**2 - slope * covariance, 0.0))
    z = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    weights = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * (z[1] - z[0])

    def inner(g):
        u = torch.tensor(si * g, dtype=torch.float64)
        return float(f(u) * (f(slope * u + left * z) @ weights)) * math.exp(-0.5 * g * g) / math.sqrt(2 * math.pi)

    return quad(inner, -9, 9, points=[0.0], limit=400, epsabs=1e-11, epsrel=1e-10)[0]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu", "silu", "mish"])
@pytest.mark.parametrize("size", [0.05, 1.0, 6.0])
def test_expectations_by_an_adaptive_rule(activation, size):
    sigma = size**2 * torch.tensor([[1.0, 0.05, 0.8995], [0.05, 0.01, 0.02], [0.8995, 0.02, 0.81]], dtype=torch.float64)
    found = gaussian_expectations(sigma, activation)
    act = ACTIVATIONS[activation]
    for got, f in zip(found, (act.value, act.derivative), strict=True):
        for i, j in ((0, 0), (0, 1), (0, 2), (1, 2)):
            expected = quadrature(f, float(sigma[i, i].sqrt()), float(sigma[j, j].sqrt()), float(sigma[i, j]))
            scale = math.sqrt(float(got[i, i] * got[j, j]))
            assert float(got[i, j]) == pytest.approx(expected, rel=1e-7, abs=1e-8 * scale)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_inputs_without_scaling_have_a_kernel(activation):
    (x,) = draws(0, (4, 5))
    x = 255 * math.sqrt(5) * x / x.norm(dim=1, keepdim=True)
    kernel = infinite_width_ntk(x, hidden_layers=1, activation=activation)
    # Steps by then: those of erf(sqrt(pi) / 2 u) and half of it differ from tanh and the sigmoid by o(1).
    assert torch.linalg.eigvalsh(kernel)[0] > 0
    values = gaussian_expectations(x @ x.T / 5, activation)[0]
    c = (x @ x.T / 5 / 255**2).clamp(-1, 1)
    step = 2 / math.pi * torch.asin(c) if activation == "tanh" else 0.25 + torch.asin(c) / (2 * math.pi)
    torch.testing.assert_close(values, step, rtol=0, atol=5e-3)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_wide_networks_come_near_the_closed_forms(activation):
    (x,) = draws(1, (3, 5))
    limit = infinite_width_ntk(3 * x, hidden_layers=1, activation=activation)
    nets = (fully_connected([5, 20_000, 1], activation=activation, seed=s) for s in range(3))
    mean = sum(empirical_ntk(net, 3 * x) for net in nets) / 3
    assert float((mean - limit).norm() / limit.norm()) < 0.03


def test_single_precision_is_computed_in_double():
    x = (1e-3 * draws(0, (3, 5))[0]).float()
    got = infinite_width_ntk(x, hidden_layers=2, activation="relu")
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, relu_kernel(x.double(), 2).float(), rtol=1e-5, atol=0)


def test_a_zero_row_has_a_kernel():
    (x,) = draws(0, (3, 5))
    x[1] = 0
    torch.testing.assert_close(infinite_width_ntk(x, hidden_layers=1, activation="erf"), erf_kernel(x, 1))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu", "silu", "mish"])
@pytest.mark.parametrize("layers", [1, 2])
def test_wide_networks_come_near_it(activation, layers):
    (x,) = draws(1, (3, 5))
    limit = infinite_width_ntk(x, hidden_layers=layers, activation=activation)
    width = 1500
    mean = (
        sum(
            empirical_ntk(fully_connected([5, *[width] * layers, 1], activation=activation, seed=s), x)
            for s in range(4)
        )
        / 4
    )
    assert float((mean - limit).norm() / limit.norm()) < 0.08


def test_outputs_share_the_kernel():
    (x,) = draws(2, (2, 5))
    limit = infinite_width_ntk(x, hidden_layers=1, activation="tanh")
    kernel = empirical_ntk(fully_connected([5, 20_000, 2]), x).reshape(2, 2, 2, 2)
    for c in range(2):
        assert float((kernel[:, c, :, c] - limit).norm() / limit.norm()) < 0.05
    assert float(kernel[:, 0, :, 1].norm() / limit.norm()) < 0.05


def test_what_is_refused():
    (x,) = draws(3, (2, 5))
    for bad in (x[0], x.long(), torch.full_like(x, math.nan), x.numpy()):
        with pytest.raises(InvalidInputError, match="needed is a finite real"):
            infinite_width_ntk(bad, hidden_layers=1, activation="tanh")
    for kwargs in ({"hidden_layers": 0, "activation": "tanh"}, {"hidden_layers": 1, "activation": "swish"}):
        with pytest.raises(InvalidInputError, match="hidden_layers"):
            infinite_width_ntk(x, **kwargs)
