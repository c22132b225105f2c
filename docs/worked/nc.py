"""Theorem NC on sixty digits: a classifier trained with weight decay, and what is measured at the end."""

from functools import cache

import torch
from torch import nn

import pltheory as pl
from pltheory.measure.collapse import Collapse
from pltheory.runs.collapse import CollapseTrace

STEPS, RECORD = 1600, [0, 10, 20, 50, 100, 200, 400, 800, 1600]
SETTINGS = pl.GradientDescentSettings(eta=0.5, weight_decay=0.002)


@cache
def trace() -> CollapseTrace:
    """Along gradient descent."""
    state = torch.get_rng_state()
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32, bias=False), nn.Linear(32, 10, bias=False)
    ).double()  # fmt: skip
    torch.set_rng_state(state)
    x, y = pl.datasets.digits(60, labels="one-hot", scale="unit")
    return pl.collapse_along(pl.Problem(network, x, y, loss="mean"), SETTINGS, RECORD)


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    at: Collapse = trace().collapse[-1]
    e2 = at.imbalances[-1]
    return {
        "e1": at.fit, "f": at.within_outputs, "s": at.gain, "S": at.largest, "e2": e2, "g": at.within_before,
        "h": at.before, "x": at.within, "b": at.between, "T": at.between_targets, "nc1": at.nc1,
        "p": at.product_largest, "q": at.product_least, "t": at.largest**2, "t1": at.gain**2, "eps": at.misfit,
        "across": e2**0.5 * at.means_before, "nc2": at.nc2, "nc3": at.nc3_least, "large": at.nc2, "small": 1.0,
        "D0": trace().imbalance[0], "DT": trace().imbalance[-1], "law": trace().law[-1], "nc4": at.nc4,
    }  # fmt: skip
