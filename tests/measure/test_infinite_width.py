"""The kernel of infinite width against closed forms, and against networks of growing width."""

from __future__ import annotations

import math

import pytest
import torch

from pltheory.measure.infinite_width import infinite_width_ntk
from pltheory.measure.ntk import empirical_ntk
from pltheory.problem.networks import fully_connected
from pltheory.theory import InvalidInputError, NumericalFailureError
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
@pytest.mark.parametrize("size", [0.3, 1.0])
def test_erf_has_a_closed_form(layers, size):
    x = size * draws(0, (4, 5))[0]
    got = infinite_width_ntk(x, hidden_layers=layers, activation="erf")
    torch.testing.assert_close(got, erf_kernel(x, layers), rtol=1e-6, atol=1e-8)


def test_large_inputs_are_not_answered_with_a_wrong_kernel():
    # ||x_i||^2 / d = 16: pixel values without scaling are far beyond.
    (x,) = draws(0, (4, 5))
    x = 4 * math.sqrt(5) * x / x.norm(dim=1, keepdim=True)
    with pytest.raises(NumericalFailureError, match="do not settle"):
        infinite_width_ntk(x, hidden_layers=1, activation="erf")


def test_a_zero_row_has_a_kernel():
    (x,) = draws(0, (3, 5))
    x[1] = 0
    torch.testing.assert_close(infinite_width_ntk(x, hidden_layers=1, activation="erf"), erf_kernel(x, 1))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu", "silu"])
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
    for kwargs in ({"hidden_layers": 0, "activation": "tanh"}, {"hidden_layers": 1, "activation": "swish"}):
        with pytest.raises(InvalidInputError, match="hidden_layers"):
            infinite_width_ntk(x, **kwargs)
