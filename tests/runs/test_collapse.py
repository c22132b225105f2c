"""The imbalance of two linear layers along training: the discrete law exactly, and what `collapse_along` says of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.optim import ClippedSettings
from pltheory.runs.collapse import collapse_along
from pltheory.theory import InvalidInputError, NumericalFailureError

GD = pl.GradientDescentSettings(eta=0.1, weight_decay=0.05)
CLIPPED = pl.DeltaGClipSettings(eta=0.2, gamma=0.3, delta=0.2, weight_decay=0.05)
RULES: dict[str, ClippedSettings] = {
    "gd": GD,
    "delta-gclip": CLIPPED,
    "decoupled": pl.DeltaGClipSettings(eta=0.2, gamma=0.3, delta=0.2, weight_decay=0.05, decoupled_weight_decay=True),
    "no decay": pl.GradientDescentSettings(eta=0.1),
}


def problem(bias: bool = True) -> pl.Problem:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 6, bias=bias), nn.Linear(6, 3, bias=bias)).double()
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return pl.Problem(net, x, torch.arange(9) % 3, loss="mean")


def gap(p: pl.Problem, *, with_bias: bool = True) -> torch.Tensor:
    under, last = p.network[2], p.network[3]
    d = last.weight.T @ last.weight - under.weight @ under.weight.T
    return (d if under.bias is None or not with_bias else d - torch.outer(under.bias, under.bias)).detach()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", RULES)
def test_the_discrete_law_is_exact(name, bias):
    """D' = a^2 D + h^2 (G^T G - E E^T), matrix by matrix, over 30 steps of the optimizer."""
    p, settings = problem(bias), RULES[name]
    optimizer = settings.optimizer(list(p.parameters()), float(settings.eta))
    law, without, bias_left_out = gap(p), gap(p), gap(p, with_bias=False)
    clipped = set[float]()
    for _ in range(30):
        optimizer.zero_grad()
        p.value().backward()
        under, last = p.network[2], p.network[3]
        g, e = last.weight.grad.clone(), under.weight.grad.clone()
        if bias:
            e = torch.column_stack([e, under.bias.grad])
        optimizer.step()
        h = float(optimizer.step_size)
        a = 1 - (float(settings.eta) if settings.decoupled_weight_decay else h) * settings.weight_decay
        law = a * a * law + h * h * (g.T @ g - e @ e.T)
        without = a * a * without
        bias_left_out = a * a * bias_left_out + h * h * (g.T @ g - e[:, :8] @ e[:, :8].T)
        clipped.add(h)
    size = float(gap(p).norm())
    assert float((law - gap(p)).norm()) <= 1e-12 * size
    # The flow's law is another: the steps' own term is seen, and so is the bias.
    assert float((without - gap(p)).norm()) > 1e-4 * size
    if bias:
        assert float((bias_left_out - gap(p, with_bias=False)).norm()) > 1e-5 * size
    assert (len(clipped) > 1) == isinstance(settings, pl.DeltaGClipSettings)


@pytest.mark.parametrize("name", RULES)
def test_a_trace_keeps_to_its_law(name):
    p, settings = problem(), RULES[name]
    before = [t.detach().clone() for t in p.tensors()]
    trace = collapse_along(p, settings, [0, 1, 5, 40])
    assert trace.steps.tolist() == [0, 1, 5, 40]
    assert trace.law[0] == trace.imbalance[0]
    assert trace.drift[0] == trace.time[0] == 0
    assert (np.abs(trace.imbalance - trace.law) <= trace.drift * (1 + 1e-9) + 1e-13).all()
    assert trace.drift[-1] > 0
    if name == "gd":
        # (1 - eta lambda)^(2 t), a little below exp(-2 eta lambda t).
        assert trace.law[-1] / trace.law[0] == pytest.approx((1 - 0.005) ** 80)
        assert trace.law[-1] < trace.law[0] * math.exp(-2 * 0.05 * trace.time[-1])
    assert all(torch.equal(a, b) for a, b in zip(before, p.tensors(), strict=True))
    assert all(q.grad is None for q in p.parameters())
    assert all(c.within <= c.within_bound_apart * (1 + 1e-9) <= c.within_bound * (1 + 2e-9) for c in trace.collapse)


def test_what_is_measured_at_an_iterate_is_the_optimizers():
    """Against torch.optim.SGD, which shares nothing with the step here."""
    p = problem()
    end = collapse_along(p, GD, [0, 20]).collapse[-1]
    rule = torch.optim.SGD(p.network.parameters(), lr=0.1, weight_decay=0.05)
    for _ in range(20):
        rule.zero_grad()
        p.value().backward()
        rule.step()
    assert end.imbalance == pytest.approx(float(torch.linalg.matrix_norm(gap(p), 2)), rel=1e-10)
    assert end.fit == pytest.approx(float(p.residual().detach().norm()), rel=1e-10)


@pytest.mark.parametrize("record", [[], [1, 2], [0, 3, 2], [0, 0], [0, 1.0]])
def test_iterates_rise_from_zero(record):
    with pytest.raises(InvalidInputError, match="whole numbers that rise from 0"):
        collapse_along(problem(), GD, record)


@pytest.mark.parametrize(
    "settings",
    [
        pl.GradientDescentSettings(eta=0.1, momentum=0.5),
        pl.GradientDescentSettings(eta="1/beta"),
    ],
)
def test_steps_that_the_law_does_not_speak_of_are_refused(settings):
    with pytest.raises(InvalidInputError, match="settings"):
        collapse_along(problem(), settings, [0, 1])


def test_a_run_that_diverges_says_where():
    with pytest.raises(NumericalFailureError, match=r"the loss is (inf|nan) at step \d+"):
        collapse_along(problem(), pl.GradientDescentSettings(eta=1e3), [0, 400])


def test_a_frozen_layer_is_refused():
    p = problem()
    p.network[3].weight.requires_grad_(False)
    with pytest.raises(InvalidInputError, match="'3' at the end is not trained"):
        collapse_along(p, GD, [0, 1])
