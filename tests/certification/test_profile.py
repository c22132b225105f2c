"""The tabulated profile: every entry is the formula at its radius, rounded between grid points to the safe side."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
import torch

from pltheory.certification.layers import layer_bounds
from pltheory.certification.profile import GRID, profile
from pltheory.measure.linearization import linearize
from pltheory.problem.networks import class_n, fully_connected
from pltheory.theory import Direction, NotAvailableError, NumericalFailureError
from pltheory.theory.arithmetic import ARRAYS, FLOATS
from pltheory.theory.perturbation import CentreNorms, jacobian_change, jacobian_lipschitz
from tests.cases import CASES, draws, every_case, sequential
from tests.oracles import recursion
from tests.oracles.plain import read, sigma_max, sigma_min


def bounds_of(problem):
    lin = linearize(problem.network, problem.x)
    return profile(lin, float((lin.outputs - problem.y).norm()), problem.scale)


def change(bounds, s, ops=FLOATS):
    return bounds.change(s, ops, float)


def lipschitz(bounds, s, ops=FLOATS):
    return bounds.lipschitz(s, ops, float)


@every_case
def test_numbers_are_those_of_derivatives_by_added_preactivations(case):
    net, (x, _) = case.network(), case.data()
    plain, w = read(net)
    layers = layer_bounds(linearize(net, x)).numbers
    affine, pointwise = layers[1::2], layers[2::2]
    expected = recursion.norms(plain, w, x, pointwise[0].s1, pointwise[0].s2)
    np.testing.assert_allclose([at.scale for at in affine], expected.kappa, rtol=1e-15)
    weights = [k * v for k, v in zip(expected.kappa, expected.weight, strict=True)]
    np.testing.assert_allclose([at.spread for at in affine[1:]], weights[1:], rtol=1e-12)
    for name, other in [("inputs", "batch"), ("input_max", "sample"), ("rows", "rows"), ("row_max", "row")]:
        np.testing.assert_allclose([getattr(at, name) for at in affine], getattr(expected, other), 1e-11, err_msg=name)
    np.testing.assert_allclose([at.largest for at in pointwise], expected.top, rtol=1e-11)


@every_case
def test_bounds_are_no_weaker_than_the_texts_recursions(case):
    """THEORY section 5 is Theorem G1 on the chain, with coarser weights and splits: equal for one hidden layer."""
    problem = case.problem()
    plain, w = read(problem.network)
    bounds = layer_bounds(linearize(problem.network, problem.x))
    act = bounds.numbers[2]
    text = recursion.norms(plain, w, problem.x, act.s1, act.s2)
    norms = CentreNorms(
        text.kappa, text.weight, text.batch, text.sample, text.rows, text.row, text.top, text.s1, text.s2
    )
    for s in (0.01, 0.3, 4.0):
        assert jacobian_change(norms, s) == pytest.approx(recursion.optimal_change(text, s), rel=1e-11)
        assert jacobian_lipschitz(norms, s) == pytest.approx(recursion.lipschitz(text, s), rel=1e-11)
        sharper = 1e-11 if len(case.hidden) == 1 else 0.5
        for found, other in ((change(bounds, s), jacobian_change(norms, s)),
                             (lipschitz(bounds, s), jacobian_lipschitz(norms, s))):  # fmt: skip
            assert (1 - sharper) * other <= found <= other * (1 + 1e-11)
        for variant in ("batch", "sample", "smaller"):
            assert change(bounds, s) <= recursion.plain_change(text, [s] * len(text.kappa), variant) * (1 + 1e-12)


@pytest.mark.slow
@every_case
def test_table_is_the_formula_scaled_to_the_loss(case):
    problem = case.problem()
    plain, w = read(problem.network)
    j, at, c = plain.jacobian(w, problem.x), bounds_of(problem), problem.scale
    sigma_0, sigma_1 = sigma_min(j), sigma_max(j)
    assert at.radii[0] == 0
    assert len(at.radii) == GRID + 1
    assert at.residual == pytest.approx(math.sqrt(2 * float(problem.value().detach())), rel=1e-12)
    assert at.loss == pytest.approx(float(problem.value().detach()), rel=1e-12)
    assert at.lambda_0.value == pytest.approx(c * sigma_0**2, rel=1e-8)
    assert at.lambda_0.kind is Direction.EXACT
    for i in (0, 1, GRID // 50, GRID // 3, GRID // 2, GRID):
        s = float(at.radii[i])
        # The better of two bounds: the direct one, and the integral of ell, itself rounded up.
        fine = np.linspace(0, s, 400)
        path = np.trapezoid([lipschitz(at.bounds, float(u)) for u in fine], fine)
        direct = change(at.bounds, s)
        least = max(0.0, sigma_0 - direct, sigma_0 - path * (1 + 2e-3) - 1e-12)
        most = max(0.0, sigma_0 - min(direct, path * (1 - 1e-4)))
        assert least * (1 - 1e-9) <= at.sig[i] / math.sqrt(c) <= most * (1 + 1e-9)
        assert at.lipschitz[i] / math.sqrt(c) <= (sigma_1 + direct) * (1 + 1e-12)
        assert at.lipschitz[i] / math.sqrt(c) >= (sigma_1 + min(direct, path * (1 - 1e-4))) * (1 - 1e-12)
        assert at.ell[i] == pytest.approx(math.sqrt(c) * lipschitz(at.bounds, s), rel=1e-12)
        assert at.beta[i] == pytest.approx(at.lipschitz[i] ** 2 + at.residual * at.ell[i], rel=1e-12)


@every_case
def test_table_is_monotone_and_its_integral_a_lower_bound(case):
    at = bounds_of(case.problem())
    assert (np.diff(at.radii) > 0).all()
    assert (np.diff(at.sig) <= 0).all()
    assert (at.sig >= 0).all()
    assert at.sig[0] > 0
    assert at.sig[-1] == 0, "the table stops before the profile does"
    for rising in (at.lipschitz, at.ell, at.beta, at.integral):
        assert (np.diff(rising) >= 0).all()
    # sig is nonincreasing, so the trapezoid rule is above the right end points and not far.
    trapezoid = np.concatenate([[0], np.cumsum(np.diff(at.radii) * (at.sig[1:] + at.sig[:-1]) / 2)])
    assert (at.integral <= trapezoid).all()
    assert at.integral[-1] >= trapezoid[-1] * (1 - 1e-3)


@every_case
def test_integral_of_ell_is_rounded_up(case):
    at = bounds_of(case.problem())
    c, sigma_0 = case.problem().scale, math.sqrt(at.lambda_0.value)
    for i in (1, 7, 60):
        # Left end points of a finer grid: below the integral, and above any sum of left end points of the table's own.
        s = float(at.radii[i])
        fine = lipschitz(at.bounds, np.linspace(0, s, 20 * i + 1), ARRAYS)
        below = math.sqrt(c) * min(change(at.bounds, s), float(fine[:-1].sum()) * s / (20 * i))
        assert at.sig[i] <= (sigma_0 - below) * (1 + 1e-12)


def test_integral_is_below_the_integral_of_the_formula_itself():
    at = bounds_of(CASES[2].problem())
    sigma_0 = math.sqrt(at.lambda_0.value)
    end = float(at.radii[GRID // 2])
    fine = np.linspace(0, end, 20_001)
    some, step = fine[::10], fine[10] - fine[0]
    ell = lipschitz(at.bounds, some, ARRAYS)
    # Left end points: the integral of ell from below, and that of sig from above.
    path = np.concatenate([[0.0], np.cumsum(ell[:-1]) * step])
    least = np.minimum([change(at.bounds, float(s)) for s in some], path)
    left_sum = np.maximum(0.0, sigma_0 - least)[:-1].sum() * step
    assert at.integral[GRID // 2] <= left_sum


def test_mean_loss_is_the_summed_one_scaled():
    problem = CASES[0].problem()
    lin = linearize(problem.network, problem.x)
    a, b = profile(lin, 0.7, 1.0), profile(lin, 0.7, 0.25)
    np.testing.assert_array_equal(a.radii, b.radii)
    for name, power in [("sig", 0.5), ("lipschitz", 0.5), ("ell", 0.5), ("integral", 0.5), ("beta", 1.0)]:
        np.testing.assert_allclose(getattr(b, name), 0.25**power * getattr(a, name), rtol=1e-12)
    assert b.residual == pytest.approx(0.5 * 0.7)
    assert b.lambda_0.value == pytest.approx(0.25 * a.lambda_0.value)


def test_a_singular_kernel_has_an_empty_profile():
    (x,) = draws(0, (3, 5))
    net = fully_connected([5, 40, 1])
    at = profile(linearize(net, torch.cat([x, -x])), 1.0)
    assert (at.sig == 0).all()
    assert (at.integral == 0).all()
    assert at.lambda_0.kind is Direction.ESTIMATE
    assert (at.lipschitz > 0).all()


def test_nothing_is_built_on_an_eigenvalue_below_the_resolution():
    seen = set()
    for seed in range(6):
        (x,) = draws(seed, (3, 5))
        twins = torch.cat([x, x[:1] + 1e-4]).float()
        at = profile(linearize(fully_connected([5, 40, 1], seed=seed, dtype=torch.float32), twins), 1.0)
        if at.lambda_0.kind is Direction.ESTIMATE:
            assert (at.sig == 0).all()
            assert (at.integral == 0).all()
            seen.add(at.lambda_0.value > 0)
    assert True in seen, "no case left in which the eigenvalue as computed is positive"


def test_relu_has_no_profile():
    (x,) = draws(0, (3, 5))
    with pytest.raises(NotAvailableError, match="relu is not twice continuously differentiable"):
        profile(linearize(fully_connected([5, 8, 1], activation="relu"), x), 1.0)


@pytest.mark.parametrize("residual", [math.nan, math.inf])
def test_a_residual_that_is_not_finite(residual):
    problem = CASES[0].problem()
    with pytest.raises(NumericalFailureError, match="not finite"):
        profile(linearize(problem.network, problem.x), residual)


def test_signs_of_the_scales_do_not_matter():
    net, (x, _) = CASES[2].network(), CASES[2].data()
    plus = linearize(net, x)
    net.kappas = tuple(-k for k in net.kappas)
    net.taus = tuple(-t for t in net.taus)
    with torch.no_grad():
        for p in net.parameters():
            p.neg_()
    minus = linearize(net, x)
    torch.testing.assert_close(minus.outputs, plus.outputs)
    a, b = layer_bounds(plus), layer_bounds(minus)
    for one, other in zip(a.numbers[1::2], b.numbers[1::2], strict=True):
        np.testing.assert_allclose(astuple(one), astuple(other), rtol=1e-12)
    assert change(a, 0.3) == pytest.approx(change(b, 0.3), rel=1e-12)
    assert lipschitz(a, 0.3) == pytest.approx(lipschitz(b, 0.3), rel=1e-12)


def test_a_sequential_has_the_profile_of_its_class_n_twin():
    net, (x,) = sequential([3, 5, 2], "silu"), draws(1, (3, 3))
    twin = fully_connected([3, 5, 2], activation="silu", parametrization="standard", bias=True)
    twin.load_state_dict(
        {"weights.0": net[0].weight, "weights.1": net[2].weight, "biases.0": net[0].bias, "biases.1": net[2].bias}
    )
    assert class_n(net).activation == class_n(twin).activation
    a, b = (profile(linearize(m, x), 0.5) for m in (net, twin))
    np.testing.assert_allclose(a.sig, b.sig, rtol=1e-12)
    np.testing.assert_allclose(a.beta, b.beta, rtol=1e-12)
