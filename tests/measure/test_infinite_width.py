"""The kernel of infinite width against closed forms, 50 digits, and networks of growing width."""

from __future__ import annotations

import math

import pytest
import torch
from mpmath import mp, mpf
from scipy.integrate import quad

from pltheory.measure.gaussian_errors import Known, gaussian_expectations
from pltheory.measure.gaussian_pairs import Pairs, expectations
from pltheory.measure.infinite_width import infinite_width, infinite_width_ntk
from pltheory.measure.ntk import empirical_ntk
from pltheory.nets.activations import ACTIVATIONS
from pltheory.nets.activations.tanh import Tanh
from pltheory.problem.networks import fully_connected
from pltheory.theory import InvalidInputError, NumericalFailureError
from tests.cases import draws
from tests.oracles import limit_kernels


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
        c = (sigma / product).clamp(-1, 1).fill_diagonal_(1)
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


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu", "silu", "mish"])
@pytest.mark.parametrize("size", [0.05, 1.0, 6.0])
def test_expectations_by_an_adaptive_rule(activation, size):
    sigma = size**2 * torch.tensor([[1.0, 0.05, 0.8995], [0.05, 0.01, 0.02], [0.8995, 0.02, 0.81]], dtype=torch.float64)
    act = ACTIVATIONS[activation]
    found = [known.value for known in gaussian_expectations(sigma, act)]
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
    values = gaussian_expectations(x @ x.T / 5, ACTIVATIONS[activation])[0].value
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


# The error that is stated

TWO = ([1.9, -0.3, 0.4, 0.8, 0.6], [0.3, 0.7, 0.2, -0.2, 0.55])
"""Two points of correlation 0.25 and of deviations 1.01 and 0.45."""


@pytest.fixture
def digits():
    with mp.workdps(limit_kernels.DIGITS):
        yield


def stands(found, wanted):
    """Whether every entry of two points is as near to the truth as it says; returns the share that is used of it."""
    pairs = zip(((0, 0), (0, 1), (1, 1)), wanted, strict=True)
    used = [abs(mpf(float(found.kernel[at])) - w) / mpf(float(found.error[at])) for at, w in pairs]
    assert max(used) <= 1, [mp.nstr(u, 3) for u in used]
    return float(max(used))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "size", "layers", "bias"),
    [
        ("relu", 1e3, 12, False),
        ("relu", 1e-4, 2, True),
        ("erf", 1e5, 3, False),
        ("erf", 1.0, 8, True),
        ("erf", 1e-6, 3, False),
        ("sin", 1e4, 2, False),
        ("sin", 2.0, 6, True),
        ("sin", 1e-4, 3, False),
        ("tanh", 1.0, 4, False),
        ("tanh", 300.0, 1, False),
        ("silu", 1e-3, 2, False),
        ("silu", 1.3, 1, True),
        ("mish", 1.0, 1, False),
        ("gelu", 4.0, 1, False),
        ("softplus", 1e3, 1, False),
        ("sigmoid", 1.5, 1, False),
    ],
)
def test_the_error_stands_against_50_digits(digits, activation, size, layers, bias):
    x = size * torch.tensor(TWO, dtype=torch.float64)
    found = infinite_width(x, hidden_layers=layers, activation=activation, bias=bias)
    stands(found, limit_kernels.kernel(x.tolist(), activation, layers, bias))
    assert found.relative_error < 1e-10


@pytest.mark.parametrize("activation", ["erf", "sin", "relu"])
@pytest.mark.parametrize("apart", [1e-3, 1e-7, 1e-12])
@pytest.mark.parametrize("size", [0.1, 100.0, 1e6])
def test_the_error_stands_for_neighbours(digits, activation, apart, size):
    """Points so near that their correlation is known to few digits, at any size; opposite ones too."""
    x = size * torch.tensor([TWO[0], TWO[0]], dtype=torch.float64)
    x[1] += apart * size * torch.tensor(TWO[1], dtype=torch.float64)
    for sign in (1, -1):
        x[1] *= sign
        with mp.workdps(80):
            wanted = limit_kernels.kernel(x.tolist(), activation, 2)
        stands(infinite_width(x, hidden_layers=2, activation=activation), wanted)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", "silu"])
def test_the_quadrature_error_stands_at_any_correlation(digits, activation):
    """Series of functions of narrow Gaussians end early, also where c is near 1."""
    act = ACTIVATIONS[activation]
    for s, t, c in ((0.9, 0.9, 0.9999), (1.0, 0.2, -0.99)):
        pairs = Pairs(torch.tensor([s, t]).double(), torch.tensor([[1, c], [c, 1]]).double())
        for order in (0, 1):
            value, error = expectations(pairs, act, order)
            at = [mpf(float(v)) for v in (pairs.deviation[0], pairs.deviation[1], pairs.correlation[0, 1])]
            wanted = limit_kernels.expectation(activation, order, *at)
            for here, w in zip(((0, 0), (0, 1), (1, 1)), wanted, strict=True):
                assert abs(mpf(float(value[here])) - w) <= mpf(float(error[here]))


class Unsplit(Tanh):
    """tanh of which nobody said what it is near to."""

    split = None


@pytest.mark.parametrize("size", [0.01, 3.0, 60.0])
def test_an_activation_without_a_split_says_what_it_is_off_by(size):
    pairs = Pairs.of(size**2 * torch.tensor([[1.0, 0.3], [0.3, 0.5]], dtype=torch.float64))
    for order in (0, 1):
        value, error = expectations(pairs, Unsplit(), order)
        wanted, own = expectations(pairs, ACTIVATIONS["tanh"], order)
        assert ((value - wanted).abs() <= error + own).all()
        if size <= 3:
            assert float(error.max()) < 1e-10 * float(wanted.max())


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_an_error_of_the_covariance_is_carried_on(activation):
    """Moved by as much as it may be off, in every direction, a covariance moves the expectations by less than said."""
    gen = torch.Generator().manual_seed(3)
    act = ACTIVATIONS[activation]
    for size in (1e-2, 1.0, 50.0):
        a = size * torch.randn(4, 4, generator=gen, dtype=torch.float64)
        a[3] = a[2] + 1e-3 * a[3]
        sigma = a @ a.T / 4
        length = sigma.diagonal().sqrt()
        error = 1e-8 * length[:, None] * length
        at = gaussian_expectations(Known(sigma, error), act)
        for _ in range(4):
            signs = torch.randn(4, 4, generator=gen, dtype=torch.float64).sign().triu()
            moved = sigma + error * (signs + signs.triu(1).T)
            for here, there in zip(at, gaussian_expectations(moved, act), strict=True):
                away = (here.value - there.value).abs()
                assert (away <= here.error + there.error).all(), (activation, size, away / here.error)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("size", [1e-3, 2.0, 1e3])
def test_nothing_is_refused_for_size_or_depth(activation, size):
    (x,) = draws(0, (3, 5))
    x = size * math.sqrt(5) * x / x.norm(dim=1, keepdim=True)
    kernel = infinite_width_ntk(x, hidden_layers=6, activation=activation)
    assert torch.linalg.eigvalsh(kernel)[0] > 0


def test_what_is_known_too_badly_is_refused_with_its_error():
    x = 1e6 * torch.tensor(TWO, dtype=torch.float64)[[0, 0]]
    x[1, 0] *= 1 + 1e-12
    assert infinite_width(x, hidden_layers=1, activation="erf").relative_error > 1e-6
    with pytest.raises(NumericalFailureError, match=r"is known to .* of its size only"):
        infinite_width_ntk(x, hidden_layers=1, activation="erf")


# Biases and the standard parametrisation


@pytest.mark.parametrize("parametrization", ["ntk", "standard"])
@pytest.mark.parametrize("bias", [False, True])
def test_wide_networks_come_near_it_with_biases_and_in_the_standard_scale(parametrization, bias):
    """Within four standard errors of the mean plus an O(1/m) bias, entry by entry."""
    (x,) = draws(1, (3, 5))
    widths, seeds = [400, 250], 30
    limit = infinite_width_ntk(
        x,
        hidden_layers=2,
        activation="gelu",
        bias=bias,
        parametrization=parametrization,
        hidden_widths=widths if parametrization == "standard" else None,
    )
    sizes = [5, *widths, 1]
    nets = [
        fully_connected(sizes, activation="gelu", parametrization=parametrization, bias=bias, seed=s)
        for s in range(seeds)
    ]
    kernels = torch.stack([empirical_ntk(net, x) for net in nets])
    allowed = 4 * kernels.std(dim=0) / math.sqrt(seeds) + 4 / min(widths) * limit.abs().max()
    assert ((kernels.mean(dim=0) - limit).abs() <= allowed).all()
    assert (allowed <= 0.25 * limit.diagonal().max()).all()


def test_eigenvalues_come_with_their_error():
    (x,) = draws(0, (5, 8))
    found = infinite_width(x, hidden_layers=2, activation="tanh")
    eigenvalues, error = found.eigenvalues
    torch.testing.assert_close(eigenvalues, torch.linalg.eigvalsh(found.kernel))
    assert 0 < error < 1e-9


def test_what_is_refused():
    (x,) = draws(3, (2, 5))
    for bad in (x[0], x.long(), torch.full_like(x, math.nan), x.numpy()):
        with pytest.raises(InvalidInputError, match="needed is a finite real"):
            infinite_width_ntk(bad, hidden_layers=1, activation="tanh")
    for kwargs in ({"hidden_layers": 0, "activation": "tanh"}, {"hidden_layers": 1, "activation": "swish"}):
        with pytest.raises(InvalidInputError, match="hidden_layers"):
            infinite_width_ntk(x, **kwargs)
    for kwargs in ({"parametrization": "mup"}, {"parametrization": "standard"}, {"hidden_widths": [3]}):
        with pytest.raises(InvalidInputError, match="hidden_widths"):
            infinite_width_ntk(x, hidden_layers=1, activation="tanh", **kwargs)
