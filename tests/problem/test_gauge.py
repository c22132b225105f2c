"""Gauges: never above the gradient, attained, and held against slow minimisation and ball arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as nnf
from flint import arb, ctx

from pltheory.problem import gauge as module
from pltheory.problem.gauge import LN2, LogarithmicGauge, Shared, SquareGauge, level_below, path_above, steps_above
from pltheory.problem.loss import CrossEntropyLoss, LogisticLoss, SquareLoss, WeightedSquareLoss

SIZES = [(1, 2), (2, 3), (6, 3), (10, 10), (50, 2)]


def square(x):
    return np.expm1(-x) ** 2


def least(n, v, points=200_001):
    """m_n(v) on a fine grid: from above."""
    x = np.linspace(0.0, v / n, points)
    return float((square(v - (n - 1) * x) + (n - 1) * square(x)).min())


@pytest.mark.parametrize(("n", "classes"), SIZES)
def test_lower_gauge_against_a_minimisation(n, classes):
    v = np.array([1e-9, 1e-3, 0.3, 0.69, 0.7, 1.0, 2.5, n * 1.0, 3.0 * n])
    found = CrossEntropyLoss().whole(n, classes).lower(v)
    want = np.array([np.sqrt(classes / (classes - 1) * least(n, x)) for x in v])
    assert (found <= want * (1 + 1e-14)).all()
    assert (found >= want * (1 - 0.02)).all()


@pytest.mark.parametrize("v", [1e-12, 1e-5, 0.1, 0.5, LN2])
@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_the_even_spread_is_below_its_value_in_balls(n, v):
    found = LogarithmicGauge(n, Fraction(1), Fraction(1), Fraction(1, 4))._even(v)
    with ctx.workprec(200):
        exact = n * (-arb(v) / n).expm1() ** 2
        assert arb(found) <= exact
    assert found >= float(exact) * (1 - 1e-9)


def test_half_of_the_series_would_be_above(monkeypatch):
    """The series ends at a negative term; at a positive one it is no bound."""
    monkeypatch.setattr(module, "TERMS", 3)
    v = 0.69
    assert arb(LogarithmicGauge(1, Fraction(1), Fraction(1), Fraction(1, 4))._even(v)) > (1 - (-arb(v)).exp()) ** 2


def test_a_grid_without_its_lipschitz_constant_would_be_above(monkeypatch):
    monkeypatch.setattr(module, "CELLS", 3)
    gauge = LogarithmicGauge(6, Fraction(1), Fraction(1), Fraction(1, 4))
    for v in (0.8, 2.0, 5.0, 9.0):
        assert gauge._worst(v) <= least(6, v)


LOSSES = [
    (CrossEntropyLoss("sum"), 4, 3), (CrossEntropyLoss("mean"), 4, 3), (CrossEntropyLoss("sum"), 1, 2),
    (LogisticLoss("sum"), 5, 1), (LogisticLoss("mean"), 3, 2), (SquareLoss("mean"), 4, 2),
    (WeightedSquareLoss("sum", (1.0, 0.2, 3.0, 0.5)), 4, 2), (WeightedSquareLoss("mean", (1.0, 0.2, 3.0, 0.5)), 4, 2),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "n", "outputs"), LOSSES, ids=str)
def test_gradients_lie_between_the_gauges_and_hessians_below_m(loss, n, outputs):
    gen = torch.Generator().manual_seed(n)
    gauge, seen = loss.gauge(n, outputs), []
    for size in (1e-3, 0.3, 1.0, 4.0, 20.0):
        for _ in range(40):
            f = size * torch.randn(n, outputs, generator=gen, dtype=torch.float64)
            if isinstance(loss, CrossEntropyLoss):
                y = nnf.one_hot(torch.randint(outputs, (n,), generator=gen), outputs).double()
                f = f + 6 * size * y * torch.rand(n, 1, generator=gen, dtype=torch.float64)
            else:
                y = torch.randint(2, (n, outputs), generator=gen).double() * 2 - 1
            value = float(loss.value(f, y))
            slope = f.clone()
            loss.differentiate_(slope, y)
            norm = float(slope.norm())
            assert float(gauge.lower(np.array([value]))[0]) <= norm * (1 + 1e-12)
            assert norm <= float(gauge.upper(np.array([value]))[0]) * (1 + 1e-12)
            seen.append(norm / float(gauge.lower(np.array([value]))[0]))
    hess = torch.autograd.functional.hessian(lambda z: loss.value(z, y), f / size)
    assert float(torch.linalg.eigvalsh(hess.reshape(n * outputs, -1))[-1]) <= float(gauge.curvature) * (1 + 1e-12)
    assert min(seen) < 3


@pytest.mark.parametrize("spread", ["even", "one carries all"])
def test_the_gauge_is_attained_by_the_worst_spread(spread):
    """Other classes equally likely, and the loss spread evenly below ln 2, or nearly all of it on one sample."""
    n, classes = 5, 4
    v = 0.6 if spread == "even" else 6.0
    x = np.linspace(0.0, v / n, 100_001)
    small = v / n if spread == "even" else float(x[np.argmin(square(v - (n - 1) * x) + (n - 1) * square(x))])
    each = torch.tensor([v - (n - 1) * small] + [small] * (n - 1), dtype=torch.float64)
    y = nnf.one_hot(torch.zeros(n, dtype=torch.long), classes).double()
    f = y * torch.log((classes - 1) / torch.expm1(each))[:, None]
    loss = CrossEntropyLoss()
    assert float(loss.value(f, y)) == pytest.approx(v, rel=1e-12)
    slope = float(loss.slope_(f.clone(), y).norm())
    found = float(loss.gauge(n, classes).lower(np.array([v]))[0])
    assert found <= slope <= found * 1.001


def test_soft_targets_have_no_gauge():
    """The refusal's reason: at p = q the gradient is zero and the loss is the entropy of q."""
    q = torch.tensor([[0.9, 0.05, 0.05]], dtype=torch.float64)
    f = torch.log(q).requires_grad_()
    value = -(q * torch.log_softmax(f, dim=1)).sum()
    (slope,) = torch.autograd.grad(value, f)
    assert float(slope.norm()) < 1e-15
    assert float(CrossEntropyLoss().gauge(1, 3).lower(np.array([float(value.detach())]))[0]) > 0.3


def test_of_the_square_loss_the_path_is_the_residual():
    for gauge, share in ((SquareGauge(), 1.0), (Shared(SquareGauge(), Fraction(1, 3)), 1 / 3)):
        found = gauge.integral(0.0, share * 0.5 * 7.0**2)
        assert found.lo <= 7.0 <= found.hi
        assert found.hi - found.lo < 1e-13


def test_step_sums_are_above_the_integral_and_near_it():
    gauge, levels = SquareGauge(), np.geomspace(0.5, 8.0, 400)
    sums, gam = path_above(gauge, levels)
    exact = np.sqrt(2 * 8.0) - np.sqrt(2 * levels)
    assert (sums >= exact).all()
    assert sums[0] <= 1.01 * exact[0]
    assert (gam <= np.sqrt(2 * levels)).all()
    count = 0.5 * np.log(16.0)
    assert count <= steps_above(gam, levels) <= 1.01 * count


def test_the_path_does_not_depend_on_the_unit():
    levels = np.geomspace(0.5, 5.0, 50)
    whole = CrossEntropyLoss("sum").gauge(5, 3)
    mean = CrossEntropyLoss("mean").gauge(5, 3)
    assert path_above(mean, levels / 5)[0][0] == pytest.approx(path_above(whole, levels)[0][0], rel=1e-9)
    assert mean.curvature == whole.curvature / 5


def test_the_level_of_accuracy_is_below_ln_2():
    with ctx.workprec(200):
        assert arb(LN2) < arb(2).log()
    for n in (1, 3, 10):
        share = Fraction(1, n)
        assert Fraction(level_below(share)) / share < Fraction(LN2)
    f = torch.tensor([[0.1, 0.0], [3.0, 0.0], [5.0, 0.0]], dtype=torch.float64)
    y = nnf.one_hot(torch.tensor([0, 0, 0]), 2).double()
    loss = CrossEntropyLoss("mean")
    assert float(loss.value(f, y)) > loss.level_of_accuracy(3, 2)
