"""The polish: one factor that serves several points gives the steps that a factor at every point gives."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pltheory.certificates import polish as module
from pltheory.certificates.basin import certify_basin
from pltheory.certificates.polish import polish
from pltheory.measure.linearization import linearize
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.data import digits
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from tests.by_name import certify
from tests.cases import draws

SETTINGS = DeltaGClipSettings("0.1/beta", 0.5, 0.1)


@pytest.fixture(scope="module")
def problem() -> Problem:
    x, y = digits(12, labels="one-hot")
    return Problem(fully_connected([64, 128, 10], seed=0), x, y)


def factorised(monkeypatch) -> list[int]:
    """The orders of the kernels that are factorised from here on."""
    orders, original = [], module._invert
    monkeypatch.setattr(module, "_invert", lambda lin: orders.append(lin.outputs.numel()) or original(lin))
    return orders


@pytest.mark.slow
def test_one_factor_serves_all_points_of_a_large_kernel(monkeypatch, problem):
    direct_orders = factorised(monkeypatch)
    direct = polish(problem, SETTINGS)
    monkeypatch.undo()
    monkeypatch.setattr(module, "DIRECT", 0)
    once_orders = factorised(monkeypatch)
    once = polish(problem, SETTINGS)
    assert len(direct_orders) == len(direct.steps) > 2
    assert once_orders == [120]
    assert len(once.steps) <= len(direct.steps) + 1
    for a, b in zip(direct.steps[:3], once.steps[:3], strict=True):
        assert b.residual == pytest.approx(a.residual, rel=0.02)
        assert b.ratio == pytest.approx(a.ratio, rel=0.02)
    lin = linearize(once.problem.network, once.problem.x)
    values = torch.linalg.eigvalsh(lin.kernel)
    assert once.profile.lambda_0.value == pytest.approx(float(values[0]), rel=1e-4)
    assert once.profile.lipschitz[0] == pytest.approx(float(values[-1]) ** 0.5, rel=1e-4)
    proof = certify(once.problem, SETTINGS, once.profile, theorem="C")
    assert proof.holds
    assert proof["lambda_min"] <= float(values[0]) * (1 + 1e-9)


def test_where_conjugate_gradients_stall_the_kernel_is_factorised_again(monkeypatch, problem):
    monkeypatch.setattr(module, "DIRECT", 0)
    monkeypatch.setattr(module, "INNER", 1)
    orders = factorised(monkeypatch)
    done = polish(problem, SETTINGS)
    assert len(orders) > 1
    assert done.steps[-1].ratio >= module.ENOUGH


def test_a_step_size_that_is_too_large_ends_the_polish_at_rounding_and_is_what_the_certificate_lacks():
    """No residual is small enough where eta is at least 2/beta: the polish goes as far as it can and names that."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 40), nn.Tanh(), nn.Linear(40, 1)).double()
    x, y = draws(5, (4, 3), (4, 1))
    basin = certify_basin(Problem(net, x, y), GradientDescentSettings(eta=10.0))
    assert basin.failure is None
    assert not basin.holds
    assert basin.end.residual < 1e-7
    missing = [i.name for i in basin.certificate.inequalities if not i.holds]
    assert "beta eta < 2" in missing
