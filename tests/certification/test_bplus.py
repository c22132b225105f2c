"""Theorem B+ as a verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from pltheory.certification.bplus import BPlusResult, certify_bplus
from pltheory.certification.bplus.consistency import State
from pltheory.certification.claim import Inequality
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.data import digits
from pltheory.problem.networks import FullyConnected, fully_connected
from pltheory.problem.problem import Problem
from pltheory.rigor.errors import NoVerdictError
from pltheory.theory import InvalidInputError, PltheoryError

SETTINGS = DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
QUICK = {"cells": 80, "phases": 6}


def digits_data(n: int) -> tuple[Tensor, Tensor]:
    data = digits(n)
    return (data.x, data.y) if hasattr(data, "x") else data


def network(width: int, init: str = "gaussian", seed: int = 0) -> FullyConnected:
    return fully_connected([64, width, 1], activation="tanh", output_init=init, seed=seed)


@pytest.fixture(scope="module")
def certified() -> BPlusResult:
    return certify_bplus(Problem(network(2048, "rademacher"), *digits_data(10)), SETTINGS, rigorous=True)


@pytest.mark.slow
def test_ten_digits_are_certified_at_the_target_width(certified: BPlusResult) -> None:
    assert certified.verdict == "CERTIFIED"
    assert certified.shortfall == ""
    assert all(row.holds for row in certified.inequalities)
    assert {row.name.split(",")[0] for row in certified.inequalities} >= {"SC1", "SC2", "SC3", "eta beta < 2"}
    assert certified.mu == pytest.approx((1 - certified.eps) * certified.lambda_0, rel=1e-9)
    assert certified.eta * certified.beta == pytest.approx(0.1, rel=1e-12)
    assert certified.rate is not None
    assert 0 < certified.rate < 1


@pytest.mark.slow
def test_float64_agrees_and_says_holds(certified: BPlusResult) -> None:
    plain = certify_bplus(Problem(network(2048, "rademacher"), *digits_data(10)), SETTINGS)
    assert plain.verdict == "HOLDS"
    assert plain.eps == pytest.approx(certified.eps, rel=1e-3)
    assert plain.mu == pytest.approx(certified.mu, rel=1e-3)
    assert plain.eta == pytest.approx(certified.eta, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("init", "width", "seed"), [("gaussian", 2400, 0), ("gaussian", 2800, 1), ("rademacher", 1400, 0)]
)
def test_widths_of_the_table_hold(init: str, width: int, seed: int) -> None:
    result = certify_bplus(Problem(network(width, init, seed), *digits_data(10)), SETTINGS)
    assert result.verdict == "HOLDS"


@pytest.mark.parametrize("rigorous", [False, True])
def test_a_narrow_network_is_undecided_and_says_where(rigorous: bool) -> None:
    result = certify_bplus(Problem(network(300), *digits_data(10)), SETTINGS, rigorous=rigorous, **QUICK)
    assert result.verdict == "UNDECIDED"
    assert "phase" in result.shortfall
    assert result.rate is None
    assert result.mu == 0.0
    assert math.isinf(result.beta)


def test_steps_too_long_are_undecided() -> None:
    problem = Problem(network(3000, "rademacher"), *digits_data(6))
    good = certify_bplus(problem, SETTINGS, **QUICK)
    for factor, reason in ((20.0, ""), (1e3, "eta lambda_n < 1")):
        longer = DeltaGClipSettings(eta=factor * good.eta, gamma=0.5, delta=0.1)
        result = certify_bplus(problem, longer, **QUICK)
        assert result.verdict == "UNDECIDED"
        assert reason in result.shortfall


def test_mean_loss_scales_mu_beta_and_eta() -> None:
    x, y = digits_data(6)
    net = network(3000, "rademacher")
    total = certify_bplus(Problem(net, x, y), SETTINGS, **QUICK)
    mean = certify_bplus(Problem(net, x, y, "mean"), SETTINGS, **QUICK)
    assert mean.mu == pytest.approx(total.mu / 6, rel=1e-6)
    assert mean.beta == pytest.approx(total.beta / 6, rel=1e-6)
    assert mean.eta == pytest.approx(total.eta * 6, rel=1e-6)
    assert mean.eta * mean.beta == pytest.approx(0.1, rel=1e-6)


def test_a_hidden_bias_is_one_more_input_and_scales_move_into_the_data() -> None:
    x, y = digits_data(5)
    gen = torch.Generator().manual_seed(0)
    bias = torch.randn(3000, generator=gen, dtype=torch.float64)
    w, a = (p.detach() for p in network(3000, "rademacher").parameters())
    kappas = [1 / 8, 1 / math.sqrt(3000)]
    zero = torch.zeros(1, dtype=torch.float64)
    with_bias = FullyConnected([w, a], [bias, zero], kappas, [0.5, 0.0], "tanh")
    columns = torch.full((5, 1), 0.5, dtype=torch.float64)
    without = FullyConnected([torch.cat([w, bias[:, None]], 1), a], None, [1.0, kappas[1]], [0.0, 0.0], "tanh")
    one = certify_bplus(Problem(with_bias, x, y), SETTINGS, **QUICK)
    two = certify_bplus(Problem(without, torch.cat([x / 8, columns], 1), y), SETTINGS, **QUICK)
    assert one.verdict == "HOLDS"
    assert one.eps == pytest.approx(two.eps, rel=1e-6)
    assert one.beta == pytest.approx(two.beta, rel=1e-6)


def test_overflow_and_singular_kernels_give_no_verdict() -> None:
    x, y = digits_data(4)
    net = network(500)
    with torch.no_grad():
        list(net.parameters())[1].mul_(1e200)
    for rigorous in (False, True):
        with pytest.raises(PltheoryError):
            certify_bplus(Problem(net, x, y), SETTINGS, rigorous=rigorous, **QUICK)
    with pytest.raises(PltheoryError, match="singular"):
        certify_bplus(Problem(fully_connected([64, 2, 1], seed=0), *digits_data(150)), SETTINGS, **QUICK)


def test_refinement_helps_where_a_coarse_grid_fails() -> None:
    problem = Problem(network(1200, "rademacher", 1), *digits_data(10))
    coarse = {"cells": 30, "phases": 2}
    assert certify_bplus(problem, SETTINGS, **coarse).verdict == "UNDECIDED"
    assert certify_bplus(problem, SETTINGS, refinements=3, **coarse).verdict == "HOLDS"


def test_bad_grids_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="phases"):
        certify_bplus(Problem(network(50), *digits_data(3)), SETTINGS, cells=4, phases=9)


def test_a_nan_fulfils_nothing() -> None:
    nan = math.nan
    assert not Inequality("x", nan, "<", 1.0).holds
    assert not Inequality("x", 1.0, "<=", nan).holds
    one = State(0.1, np.ones(2), np.ones(2))
    assert one.covers(one)
    for bad in (
        State(nan, np.ones(2), np.ones(2)),
        State(0.1, np.array([1, nan]), np.ones(2)),
        State(0.1, np.ones(2), np.array([nan, 1])),
    ):
        assert not one.covers(bad)
        assert not bad.covers(one)


def test_rounding_is_refused_outside_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pltheory.certification.bplus.centre.MOST_TERMS", 40)
    with pytest.raises(NoVerdictError, match="width"):
        certify_bplus(Problem(network(50), *digits_data(3)), SETTINGS, rigorous=True, **QUICK)
