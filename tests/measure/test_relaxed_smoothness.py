"""Relaxed smoothness: gradient and Hessian against closed forms, the line against its points."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.measure.relaxed_smoothness import relaxed_smoothness, smoothness_at
from pltheory.theory import InvalidInputError
from pltheory.theory.bound import Direction

# The first forward-mode derivative makes torch import parts of itself that call what it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")


def test_at_a_linear_problem_both_are_known():
    torch.manual_seed(0)
    x, y = torch.randn(6, 3, dtype=torch.float64), torch.randn(6, 2, dtype=torch.float64)
    net = nn.Linear(3, 2, bias=False).double()
    norm, curvature = smoothness_at(pl.Problem(net, x, y))
    r = net(x).detach() - y
    assert norm == pytest.approx(float((r.T @ x).norm()), rel=1e-12)
    assert curvature == pytest.approx(float(torch.linalg.matrix_norm(x, 2)) ** 2, rel=1e-6)


def test_the_hessian_is_that_of_the_loss():
    torch.manual_seed(1)
    x, y = torch.randn(5, 2, dtype=torch.float64), torch.randn(5, 1, dtype=torch.float64)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    problem = pl.Problem(net, x, y, "mean")
    params = list(net.parameters())
    flat = torch.cat([p.detach().flatten() for p in params])

    def loss(v):
        w, b, u, c = (e.view_as(p) for e, p in zip(v.split([p.numel() for p in params]), params, strict=True))
        return (torch.tanh(x @ w.T + b) @ u.T + c - y).square().sum() / 10

    norm, curvature = smoothness_at(problem)
    assert norm == pytest.approx(float(torch.func.grad(loss)(flat).norm()), rel=1e-12)
    assert curvature == pytest.approx(float(torch.linalg.matrix_norm(torch.func.hessian(loss)(flat), 2)), rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_no_point_is_above_the_line_and_no_lower_line_has_less_above(seed):
    rng = np.random.default_rng(seed)
    norms = rng.uniform(0, 5, 30)
    points = np.stack([norms, 2 + 3 * norms - rng.exponential(1.0, 30)], axis=1).clip(0)
    found = relaxed_smoothness(points.tolist())
    assert (found.line >= found.curvatures * (1 - 1e-9)).all()
    assert found.l0.kind is found.l1.kind is found.smooth.kind is Direction.ESTIMATE
    best = (found.line - found.curvatures).sum()
    for l1 in np.linspace(0, 6, 241):
        l0 = max(0.0, float((found.curvatures - l1 * norms).max()))
        assert (l0 + l1 * norms - found.curvatures).sum() >= best - 1e-9


def test_curvature_in_proportion_to_the_gradient_has_no_l0_and_constant_curvature_no_l1():
    # exp(w): gradient and second derivative are equal.
    w = np.linspace(-3, 4, 20)
    growing = relaxed_smoothness(list(zip(np.exp(w), np.exp(w), strict=True)))
    assert (growing.l0.value, growing.l1.value) == pytest.approx((0.0, 1.0), abs=1e-9)
    assert growing.saved < 0.5
    flat = relaxed_smoothness([(1e-9 * k, 7e12) for k in range(5)])
    assert (flat.l0.value, flat.l1.value) == pytest.approx((7e12, 0.0))
    assert flat.saved == pytest.approx(1.0)


@pytest.mark.parametrize("points", [[], [(1.0, 2.0)], [(1.0, 2.0), (float("nan"), 1.0)], [(1.0, -2.0), (1.0, 1.0)]])
def test_what_is_no_cloud_of_points_is_refused(points):
    with pytest.raises(InvalidInputError, match=r"points: allowed are two or more pairs"):
        relaxed_smoothness(points)
