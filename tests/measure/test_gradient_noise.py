"""Noise of batch gradients against gradients by hand; the tail index on noise whose index is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.measure.gradient_noise import FEWEST, gradient_noise, hill_curve, tail_index
from pltheory.theory import InvalidInputError
from pltheory.theory.bound import Direction
from pltheory.theory.verdict import Verdict


def pareto(index, n, seed):
    return np.random.default_rng(seed).pareto(index, n) + 1.0


@pytest.mark.parametrize("index", [1.2, 2.0, 3.5])
def test_intervals_cover_the_index_of_pareto_noise_as_often_as_they_say(index):
    found = [tail_index(pareto(index, 1000, seed)) for seed in range(300)]
    covered = sum(t.low <= index <= t.high for t in found)
    assert 270 <= covered <= 298, "95 % of 300, within four standard deviations"
    assert np.mean([1 / t.index.value for t in found]) == pytest.approx(1 / index, rel=0.03)
    assert {t.k for t in found} == {100}
    assert found[0].index.kind is Direction.ESTIMATE


def test_the_level_and_the_share_are_meant():
    values = pareto(1.5, 2000, 0)
    wide, narrow = tail_index(values, level=0.99), tail_index(values, level=0.5)
    assert wide.low < narrow.low < narrow.index.value < narrow.high < wide.high
    assert tail_index(values, share=0.5).k == 1000
    assert tail_index(7 * values).index.value == pytest.approx(tail_index(values).index.value, rel=1e-12)
    x = np.sort(values)[::-1]
    assert tail_index(values, share=0.01).threshold == x[20]
    assert tail_index(values, share=0.01).index.value == pytest.approx(20 / np.log(x[:20] / x[20]).sum())


def test_a_tail_that_is_pareto_in_the_limit_comes_nearer_far_out_and_a_gaussian_has_none():
    rng = np.random.default_rng(0)
    shares = np.array([0.2, 0.05, 0.01, 0.002])
    student = hill_curve(np.abs(rng.standard_t(2.5, 200_000)), shares)
    assert abs(student[-1] - 2.5) < 0.4
    assert abs(student[-1] - 2.5) < abs(student[0] - 2.5)
    gaussian = hill_curve(np.linalg.norm(rng.standard_normal((200_000, 5)), axis=1), shares)
    assert (np.diff(gaussian) > 0).all()
    assert gaussian[-1] > 15


@pytest.mark.parametrize(
    ("values", "more", "why"),
    [
        (np.ones(50), {}, f"at least {FEWEST} are needed"),
        (np.ones(500), {}, "there is no tail"),
        (np.r_[np.ones(20), np.zeros(480)], {}, "not all above a positive one"),
        (np.r_[np.ones(499), np.inf], {}, "allowed are finite numbers"),
        (np.arange(500.0), {"share": 1.0}, r"share = 1.0: allowed is a number in"),
        (np.arange(500.0), {"level": 0.0}, r"level = 0.0: allowed is a number in"),
    ],
)
def test_what_has_no_tail_is_refused(values, more, why):
    with pytest.raises(InvalidInputError, match=why):
        tail_index(values, **more)


def linear(n=12, loss="mean"):
    torch.manual_seed(0)
    x, y = torch.randn(n, 3, dtype=torch.float64), torch.randn(n, 2, dtype=torch.float64)
    return pl.Problem(nn.Linear(3, 2, bias=False).double(), x, y, loss)


@pytest.mark.parametrize("loss", ["mean", "sum"])
def test_noise_of_samples_is_that_of_gradients_by_hand(loss):
    problem = linear(loss=loss)
    r = problem.network(problem.x).detach() - problem.y
    each = torch.einsum("ic,id->icd", r, problem.x) * (1 if loss == "mean" else len(r))
    mean = each.mean(0)
    wanted = (each - mean).flatten(1).norm(dim=1).numpy()
    found = gradient_noise(problem)
    np.testing.assert_allclose(found.norms, wanted, rtol=1e-12)
    assert found.gradient == pytest.approx(float(mean.norm()), rel=1e-12)
    assert found.every
    assert found.largest.value == pytest.approx(wanted.max())
    assert found.variance.value == pytest.approx((wanted**2).mean())
    assert found.moment(1.5).value == pytest.approx((wanted**1.5).mean())
    assert {found.largest.kind, found.variance.kind} == {Direction.LOWER}


@pytest.mark.parametrize("loss", ["mean", "sum"])
def test_drawn_batches_have_the_variance_of_sampling_without_replacement(loss):
    problem = linear(loss=loss)
    one, four = gradient_noise(problem), gradient_noise(problem, 4, draws=3000)
    n, b = 12, 4
    wanted = one.variance.value / b * (n - b) / (n - 1)
    assert four.variance.value == pytest.approx(wanted, rel=0.06)
    assert four.variance.kind is Direction.ESTIMATE
    assert four.largest.kind is Direction.LOWER
    assert not four.every
    whole = gradient_noise(problem, 12, draws=3)
    assert whole.norms.max() < 1e-12 * max(1.0, whole.gradient)


def test_what_is_asked_of_all_weights_is_never_shown_at_some():
    found = gradient_noise(linear())
    for theta, sigma in ((1e9, 1e9), (1e-9, 1e-9), (None, None), (float("inf"), float("nan"))):
        rows = found.held_against(theta, sigma)
        assert [row.verdict for row in rows] == [Verdict.UNDECIDED] * 2
        assert [row.hypothesis.split(",")[0] for row in rows] == ["bounded noise", "bounded variance"]
    assert "constant not given" in str(found.held_against()[0].how)
    assert "needed <= 4" in str(found.held_against(4.0, 2.0)[1])


def test_an_outlier_is_in_the_tail():
    torch.manual_seed(0)
    n, index = 1000, 1.5
    x = torch.randn(n, 3, dtype=torch.float64)
    y = torch.from_numpy(pareto(index, n, 3))[:, None]
    net = nn.Linear(3, 1, bias=False).double()
    nn.init.zeros_(net.weight)
    tail = gradient_noise(pl.Problem(net, x, y)).tail()
    assert tail.low < index < tail.high
    assert tail.high < 2.5, "of so heavy a noise the variance over the draw of the targets is infinite"


@pytest.mark.parametrize(
    ("more", "why"),
    [({"batch": 0}, "from 1 to 12"), ({"batch": 13}, "from 1 to 12"), ({"batch": 2, "draws": 0}, "draws = 0")],
)
def test_numbers_out_of_range_are_refused(more, why):
    with pytest.raises(InvalidInputError, match=why):
        gradient_noise(linear(), **more)
    with pytest.raises(InvalidInputError, match="alpha"):
        gradient_noise(linear()).moment(0.0)
