"""The widths that a study grows toward infinity."""

from __future__ import annotations

import math

import pytest
import torch

import pltheory as pl
from pltheory.measure.infinite_width import infinite_width_ntk


def test_lambda_min_nears_its_infinite_width_value(tmp_path):
    """Ten digits: the deviation falls with the width and is a few percent at 4096, on average over three seeds."""
    x, _ = pl.datasets.digits(10)
    limit = pl.lambda_min(infinite_width_ntk(x, hidden_layers=1, activation="tanh")).value
    away = {}
    for width in (64, 4096):
        found = []
        for seed in range(3):
            net = pl.fully_connected([64, width, 1], activation="tanh", seed=seed)
            found.append(pl.lambda_min(pl.empirical_ntk(net, x)).value)
        away[width] = abs(sum(found) / 3 / limit - 1)
    assert away[4096] < 0.05
    assert away[4096] < away[64]


@pytest.mark.parametrize(
    ("activation", "hidden", "draws"),
    [
        ("tanh", [4000], 40),
        ("softplus", [4000], 40),
        ("erf", [4000], 40),
        ("tanh", [600, 600], 40),
        ("gelu", [400, 400, 400], 40),
    ],
)
def test_the_limit_kernel_is_the_mean_of_wide_random_ones(activation, hidden, draws):
    """Within four standard errors of the mean plus an O(1/m) bias, entry by entry."""
    x, _ = pl.datasets.sphere(4, 6, labels="sign", seed=3)
    limit = infinite_width_ntk(x, hidden_layers=len(hidden), activation=activation)
    kernels = torch.stack(
        [pl.empirical_ntk(pl.fully_connected([6, *hidden, 1], activation=activation, seed=s), x) for s in range(draws)]
    )
    error = (kernels.mean(dim=0) - limit).abs()
    allowed = 4 * kernels.std(dim=0) / math.sqrt(draws) + 3 * len(hidden) / hidden[0] * limit.abs().max()
    assert (error <= allowed).all(), (error / allowed).max()
    assert (error <= 0.04 * limit.abs().max()).all(), error.max() / limit.abs().max()
