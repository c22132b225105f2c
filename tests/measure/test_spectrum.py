"""Extreme eigenvalues with their direction, and the PL* ratio."""

from __future__ import annotations

import math

import mpmath
import pytest
import torch

from pltheory.measure.kernel_products import KernelOperator
from pltheory.measure.ntk import empirical_ntk
from pltheory.measure.pl_ratio import pl_ratio
from pltheory.measure.spectrum import eigenvalues, lambda_max, lambda_min, lambda_min_estimate, spectral_norm
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.theory import Direction, InvalidInputError, NumericalFailureError, WrongDirectionError
from tests.cases import Case, draws, every_case
from tests.oracles.plain import read, sigma_max, sigma_min


@pytest.mark.parametrize("condition", [1e2, 1e8, 1e13])
def test_a_rigorous_bound_is_below_the_eigenvalue_of_the_stored_matrix(condition):
    """Against 60 digits: an integer matrix V D V^T is exact in float64, so is its scaling by a power of two."""
    gen = torch.Generator().manual_seed(3)
    kernel = torch.randint(-3, 4, (7, 7), generator=gen).double()
    kernel = kernel @ kernel.T + torch.diag(torch.tensor([condition, *[1.0] * 6], dtype=torch.float64).round())
    with mpmath.workdps(60):
        true = min(mpmath.eigsy(mpmath.matrix(kernel.tolist()), eigvals_only=True))
    bound = lambda_min(kernel, rigorous=True)
    assert bound.kind is Direction.LOWER
    assert bound.rounded
    assert 0.9 * true < bound.at_least() <= true
    upper_half = kernel + 1e-9 * torch.triu(torch.ones(7, 7).double(), 1)  # what is above the diagonal is not read
    assert lambda_min(upper_half, rigorous=True) == bound


def test_a_rigorous_bound_of_a_singular_kernel_is_not_positive():
    column = torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64)
    assert -1e-14 < lambda_min(column @ column.T, rigorous=True).at_least() <= 0
    for bad, error in ((torch.full((2, 2), math.nan), NumericalFailureError), (torch.ones(2, 3), InvalidInputError)):
        with pytest.raises(error):
            lambda_min(bad, rigorous=True)


@every_case
def test_extreme_eigenvalues_are_squared_singular_values(case):
    problem = case.problem()
    plain, w = read(problem.network)
    j = plain.jacobian(w, problem.x)
    kernel = empirical_ntk(problem.network, problem.x)
    least, most = lambda_min(kernel), lambda_max(kernel)
    assert least.kind is most.kind is Direction.EXACT
    assert least.at_least() == pytest.approx(sigma_min(j) ** 2, rel=1e-9)
    assert most.at_most() == pytest.approx(sigma_max(j) ** 2, rel=1e-12)


def singular_kernels():
    (x,) = draws(0, (3, 5))
    wide = fully_connected([5, 40, 1])
    yield "antipodal, odd", empirical_ntk(wide, torch.cat([x, -x]))
    # sigmoid(z) + sigmoid(-z) = 1: two pairs of opposite points, another reason.
    yield "antipodal, sigmoid", empirical_ntk(fully_connected([5, 300, 1], activation="sigmoid"), torch.cat([x, -x]))
    # p = 2 * 5 + 2 < n C
    yield "few parameters", empirical_ntk(fully_connected([5, 2, 1]), draws(1, (20, 5))[0])
    yield "zero", torch.zeros(4, 4, dtype=torch.float64)


SINGULAR = dict(singular_kernels())


@pytest.mark.parametrize("n", [64, 65, 200])
def test_a_rigorous_bound_of_rows_of_very_different_scale_is_positive(n):
    """Against the known inverse: K = D A D with A the Laplacian of a path and D powers of two."""
    d = torch.logspace(0, -40, n, base=2, dtype=torch.float64).log2().round().exp2()
    plain = 2 * torch.eye(n, dtype=torch.float64) - torch.diag(torch.ones(n - 1).double(), 1)
    kernel = d[:, None] * (plain - torch.diag(torch.ones(n - 1).double(), -1)) * d
    i = torch.arange(1.0, n + 1, dtype=torch.float64)
    inverse = torch.minimum(i[:, None], i) * (n + 1 - torch.maximum(i[:, None], i)) / (n + 1)
    true = 1 / float(torch.linalg.eigvalsh(inverse / d[:, None] / d)[-1])
    assert 0.9 * true < lambda_min(kernel, rigorous=True).at_least() <= true * (1 + 1e-10)


@pytest.mark.parametrize("scale", [1e160, 1e-160])
def test_a_rigorous_bound_far_from_one(scale):
    x = draws(4, (80, 200))[0]
    kernel = scale * (x @ x.T)
    true = float(torch.linalg.eigvalsh(kernel)[0])
    assert 0.999 * true < lambda_min(kernel, rigorous=True).at_least() < true * (1 + 1e-12)


@pytest.mark.parametrize("scale", [1e25, 1e-30])
def test_an_estimate_of_a_float32_kernel_far_from_one(scale):
    x = draws(5, (80, 200))[0]
    kernel = (scale * (x @ x.T)).float()
    true = float(torch.linalg.eigvalsh(kernel.double())[0])
    found = lambda_min_estimate(kernel)
    assert found.value == pytest.approx(true, rel=1e-6)
    assert "Rayleigh" in found.method


@pytest.mark.parametrize("what", list(SINGULAR))
def test_a_singular_kernel_is_known_to_no_digit(what):
    least = lambda_min(SINGULAR[what])
    assert least.kind is Direction.ESTIMATE
    assert least.value >= 0
    for read_side in (least.at_least, least.at_most):
        with pytest.raises(WrongDirectionError, match="resolution"):
            read_side()


def test_a_positive_eigenvalue_below_the_resolution_is_no_number():
    kernel = torch.diag(torch.tensor([1e-16, 1.0, 1.0], dtype=torch.float64))
    least = lambda_min(kernel)
    assert least.kind is Direction.ESTIMATE
    assert least.value == pytest.approx(1e-16)


def test_a_small_eigenvalue_above_the_resolution_is_a_number():
    q = torch.linalg.qr(draws(2, (6, 6))[0])[0]
    kernel = q @ torch.diag(torch.tensor([1e-9, 1, 1, 1, 1, 2], dtype=torch.float64)) @ q.T
    assert lambda_min(kernel).at_least() == pytest.approx(1e-9, rel=1e-4)
    assert lambda_min(kernel.float()).kind is Direction.ESTIMATE


N = 200
SPECTRA = {
    "even": torch.linspace(1e-6, 1, N, dtype=torch.float64),
    "one far below": torch.cat([torch.tensor([1e-10]).double(), torch.linspace(0.1, 1, N - 1, dtype=torch.float64)]),
    "crowded": torch.logspace(-6, 0, N, dtype=torch.float64),
    "all but equal": 1e-3 + 1e-9 * torch.linspace(0, 1, N, dtype=torch.float64),
    "small order": torch.linspace(1e-6, 1, 20, dtype=torch.float64),
    "singular": torch.cat([torch.zeros(2, dtype=torch.float64), torch.linspace(0.1, 1, N - 2, dtype=torch.float64)]),
    "indefinite": torch.linspace(-0.1, 1, N, dtype=torch.float64),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_an_estimate_is_as_good_as_eigvalsh_and_no_lower_bound(name):
    values = SPECTRA[name]
    q = torch.linalg.qr(draws(8, (len(values), len(values)))[0])[0]
    kernel = (q * values) @ q.T
    kernel = 0.5 * (kernel + kernel.T)
    found = lambda_min_estimate(kernel)
    resolution = torch.finfo(torch.float64).eps * len(values) * float(values.abs().max())
    expected = float(values[0]) if name == "indefinite" else max(float(values[0]), 0.0)
    assert abs(found.value - expected) <= resolution
    assert ("indefinite" in found.method) == (name == "indefinite")
    if name in ("even", "one far below"):
        assert found.kind is Direction.UPPER
        with pytest.raises(WrongDirectionError):
            found.at_least()
    if name in ("small order", "singular", "indefinite"):
        assert found.method.startswith("eigvalsh")


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_an_indefinite_matrix_is_called_so_with_its_value(size):
    matrix = size * torch.diag(torch.tensor([-0.5, 1.0, 2.0], dtype=torch.float64))
    for found in (lambda_min(matrix), lambda_min_estimate(matrix)):
        assert found.kind is Direction.EXACT
        assert found.value == pytest.approx(-0.5 * size, rel=1e-14)
        assert "indefinite" in found.method
    proved = lambda_min(matrix, rigorous=True)
    assert proved.kind is Direction.LOWER
    assert -0.51 * size < proved.at_least() <= -0.5 * size
    assert "indefinite" in proved.method
    negative = lambda_min(-matrix)  # the largest modulus is at the lower end
    assert negative.value == pytest.approx(-2 * size, rel=1e-14)


def test_round_off_below_zero_is_not_indefinite():
    column = draws(3, (40, 2))[0]
    least = lambda_min(column @ column.T)
    assert least.kind is Direction.ESTIMATE
    assert "indefinite" not in least.method


BAD = {
    "asymmetric": torch.tensor([[2.0, 1.0], [0.0, 2.0]], dtype=torch.float64),
    "empty": torch.zeros(0, 0, dtype=torch.float64),
    "complex": torch.eye(2, dtype=torch.complex128),
    "half": torch.eye(2, dtype=torch.float16),
    "whole numbers": torch.eye(2, dtype=torch.int64),
    "a list": [[1.0]],
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_kernel_is_refused_in_one_line(what):
    for call in (eigenvalues, lambda_min, lambda_min_estimate, lambda_max, lambda m: lambda_min(m, rigorous=True)):
        with pytest.raises(InvalidInputError, match="a kernel is") as error:
            call(BAD[what])
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_asymmetry_far_down_a_large_matrix_is_found(dtype):
    kernel = torch.eye(1500, dtype=dtype)
    kernel[1400, 7] = 1e-3
    with pytest.raises(InvalidInputError, match=r"\(1400, 7\)"):
        lambda_min(kernel)


@pytest.mark.slow
@pytest.mark.parametrize("n", [4, 40])
def test_the_smallest_eigenvalue_of_an_operator(n):
    net, (x,) = fully_connected([5, 400, 2], seed=1), draws(7, (n, 5))
    found = lambda_min_estimate(KernelOperator(net, x))
    true = float(torch.linalg.eigvalsh(empirical_ntk(net, x))[0])
    assert found.value == pytest.approx(true, rel=1e-6)
    assert found.kind is (Direction.EXACT if 2 * n <= 64 else Direction.UPPER)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_kernel_that_is_not_finite(value):
    kernel = torch.eye(3, dtype=torch.float64)
    kernel[0, 1] = kernel[1, 0] = value
    for call in (eigenvalues, lambda_min, lambda_min_estimate, lambda_max):
        with pytest.raises(NumericalFailureError, match="NaN or an infinity"):
            call(kernel)


@pytest.mark.parametrize("shape", [(3, 4), (3,), (2, 2, 2)])
def test_a_kernel_is_square(shape):
    with pytest.raises(InvalidInputError, match="square"):
        lambda_min(torch.zeros(shape))


@pytest.mark.parametrize("size", [1e-30, 1e20])
def test_a_spectral_norm_in_float32_neither_overflows_nor_vanishes(size):
    m = (size * draws(3, (4, 6))[0]).float()
    assert spectral_norm(m) == pytest.approx(float(torch.linalg.svdvals(m.double())[0]), rel=1e-5)


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (1, 5), (5, 1), (4, 4)])
def test_spectral_norm(shape):
    (m,) = draws(3, shape)
    assert spectral_norm(m) == pytest.approx(float(torch.linalg.svdvals(m)[0]), rel=1e-13)
    assert spectral_norm(0 * m) == 0


# PL* ratio


@every_case
def test_pl_ratio_is_between_the_extreme_eigenvalues(case):
    problem = case.problem()
    plain, w = read(problem.network)
    j, r = plain.jacobian(w, problem.x), problem.residual().detach().reshape(-1)
    ratio = pl_ratio(problem).value
    # grad L = c J^T r and L = c/2 ||r||^2.
    assert ratio == pytest.approx(problem.scale * float((j.T @ r).square().sum() / r.square().sum()), rel=1e-10)
    kernel = problem.scale * empirical_ntk(problem.network, problem.x)
    assert lambda_min(kernel).value * (1 - 1e-10) <= ratio <= lambda_max(kernel).value * (1 + 1e-10)


def test_pl_ratio_reaches_lambda_min_along_its_eigenvector():
    case = Case((4,), 1, "tanh", "ntk", False)
    net, (x, _) = case.network(), case.data()
    values, vectors = torch.linalg.eigh(empirical_ntk(net, x))
    with torch.no_grad():
        y = net(x) - 0.3 * vectors[:, :1]
    assert pl_ratio(Problem(net, x, y)).value == pytest.approx(float(values[0]), rel=1e-10)


@pytest.mark.parametrize("size", [1e-30, 1e20])
def test_pl_ratio_in_float32_neither_overflows_nor_vanishes(size):
    case = Case((4,), 1, "tanh", "ntk", False)
    net, (x, y) = case.network(torch.float32), case.data(torch.float32)
    with torch.no_grad():
        near = net(x)
    # Residuals of that size, and (by the outer weights) a gradient of that size.
    far = Problem(net, x, near + size * y)
    r = (far.residual().detach().double() / size).reshape(-1)
    kernel = empirical_ntk(net, x, accumulate=torch.float64)
    if float(r.abs().max()) > 0.1:  # what is far below the outputs is rounded away in float32
        assert pl_ratio(far).value == pytest.approx(float(r @ kernel @ r / (r @ r)), rel=1e-4)
    with torch.no_grad():
        net.weights[1].mul_(size)
        scaled = Problem(net, x, net(x) + size * y)
        kernel = empirical_ntk(net, x, accumulate=torch.float64)
        r = scaled.residual().double().reshape(-1)
    assert pl_ratio(scaled).value == pytest.approx(float(r @ kernel @ r / (r @ r)), rel=1e-4)


def test_pl_ratio_at_zero_loss_is_infinite():
    net, (x, _) = Case((4,), 1, "tanh", "ntk", False).network(), draws(4, (3, 3), (3, 1))
    assert math.isinf(pl_ratio(Problem(net, x, net(x).detach())).value)
