"""verify goes on for networks whose curvature, or whose kernel, is not to be had like that of others."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.problem import Problem
from pltheory.theorems.measured import measure
from pltheory.theory import InvalidInputError
from pltheory.theory.verdict import Verdict
from pltheory.verification.report import verify
from tests.cases import draws
from tests.measure.odd_modules import ODD
from tests.oracles import plain_autograd as oracle

RULE = DeltaGClipSettings(eta=1e-3, gamma=0.5, delta=0.1)


def problem_of(name):
    net, x = ODD[name].build()
    return Problem(net, x, torch.ones(3, 2, dtype=torch.float64)), ODD[name].build()[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["unused", "detached", "no gradient", "attention", "encoder layer", "gru", "relu"])
def test_curvature_is_below_the_largest_eigenvalue(name):
    problem, plain = problem_of(name)
    at = measure(problem)
    j = oracle.jacobian(plain, problem.x)
    assert at.lambda_max.value == pytest.approx(float(torch.linalg.eigvalsh(j @ j.T)[-1]), rel=1e-9, abs=1e-12)
    hess = oracle.difference_hessian(plain, lambda: oracle.loss(plain, problem.x, problem.y))
    assert at.curvature.at_least() <= float(torch.linalg.eigvalsh(0.5 * (hess + hess.T))[-1]) + 1e-6
    assert math.isinf(at.curvature.value) == (name == "no gradient")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["cdist", "differentiable once", "weight norm", "wrong twice", "checkpoint"])
def test_an_unknown_curvature_refutes_nothing(name):
    curvature = measure(problem_of(name)[0]).curvature
    assert curvature.at_least() == -math.inf
    assert curvature.method.startswith("not known: no Hessian")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["unused", "detached", "no gradient", "encoder layer", "cdist", "weight norm"])
def test_verify_goes_on(name):
    problem, _ = problem_of(name)
    report = verify(problem, RULE, steps=4)
    assert report.verdict is Verdict.UNDECIDED
    loss = report.run.trace.loss
    assert len(loss) == 5
    assert loss[-1] == loss[0] if name == "no gradient" else loss[-1] < loss[0]


@pytest.mark.parametrize("name", ["dropout", "dropout that hardly drops", "random relu", "batch norm", "noise"])
def test_random_networks_are_refused(name):
    problem, _ = problem_of(name)
    with pytest.raises(InvalidInputError, match=r"call network\.eval\(\)"):
        verify(problem, RULE, steps=2)


def test_a_module_that_stands_at_two_places_is_measured_and_left_as_it_was():
    """Swapping its one parameter under both names would leave the other tensor in its place."""
    (x,) = draws(3, (3, 4))
    layer = nn.Linear(4, 4).double()
    net = nn.Sequential(layer, nn.Tanh(), layer, nn.Tanh(), nn.Linear(4, 1).double())
    own = dict(net.named_parameters())
    values = {name: p.detach().clone() for name, p in own.items()}
    problem = pl.Problem(net, x, torch.ones(3, 1, dtype=torch.float64))
    rows = [torch.cat([g.reshape(-1) for g in torch.autograd.grad(net(x)[i, 0], list(own.values()))]) for i in range(3)]
    kernel = torch.stack(rows) @ torch.stack(rows).T
    torch.testing.assert_close(pl.empirical_ntk(net, x), kernel)
    torch.testing.assert_close(
        pl.lambda_min_estimate(pl.KernelOperator(net, x)).value, float(torch.linalg.eigvalsh(kernel)[0])
    )
    pl.hessian_norm(net, x)
    pl.attack_lambda_min(problem, radius=0.1)
    pl.verify(problem, pl.DeltaGClipSettings(eta=1e-3), steps=3)
    after = dict(net.named_parameters())
    assert all(after[name] is p and torch.equal(p, values[name]) for name, p in own.items())
