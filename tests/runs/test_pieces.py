"""Changes of side along a run, against pieces counted from the layers themselves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.optim import GradientDescentSettings
from pltheory.problem.problem import Problem
from pltheory.runs.loop import run
from pltheory.runs.pieces import Pieces
from pltheory.study.store import trace_from_csv, trace_to_csv
from pltheory.theorems.measured import measure
from tests.cases import Case, draws

RELU = Case((20,), 1, "relu", "ntk", False, n=4, d=6)


def pooled(slope: float) -> nn.Module:
    torch.manual_seed(1)
    between = [] if slope == 1 else [nn.LeakyReLU(slope)]
    layers = [nn.Conv2d(1, 3, 3), *between, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 1)]
    return nn.Sequential(*layers).double()


def trained(problem: Problem, eta: float, steps: int):
    profile = measure(problem).profile
    return run(problem, GradientDescentSettings(eta=eta), eta, steps=steps, profile=profile, target=1e-30)


def test_signs_of_a_hidden_layer():
    net, (x, y) = RELU.network(), RELU.data()
    found = trained(Problem(net, x, y), 0.5, 60)
    assert found.arguments == 4 * 20
    w, a = (p.detach().clone() for p in net.parameters())
    kappa = (6**-0.5, 20**-0.5)
    signs = []
    for _ in range(61):
        z = kappa[0] * x @ w.T
        signs.append(z > 0)
        r = kappa[1] * z.clamp(min=0) @ a.T - y
        gw = kappa[1] * ((r @ a) * (z > 0)).T @ x * kappa[0]
        ga = kappa[1] * r.T @ z.clamp(min=0)
        w, a = w - 0.5 * gw, a - 0.5 * ga
    at = found.trace.recorded
    want = [0, *(int((signs[s] != signs[t]).sum()) for s, t in pairwise(at))]
    assert found.trace.pieces.tolist() == want
    assert sum(want) > 0


@pytest.mark.parametrize("slope", [0.0, 0.1, 1.0])
def test_pieces_of_a_maximum(slope):
    net = pooled(slope)
    (x, y) = draws(5, (3, 1, 6, 6), (3, 1))
    pieces = Pieces(Problem(net, x, y)).now().reshape(3, 3, 2, 2)
    windows = nn.functional.unfold(net[0](x).reshape(9, 1, 4, 4), 2, stride=2).reshape(3, 3, 4, 2, 2)
    top, place = windows.max(2)
    if slope == 0:
        assert ((pieces == -1) == (top < 0)).all()
        assert (pieces == place)[top > 0].all()
    else:
        assert (torch.where(pieces < 0, -1 - pieces, pieces) == place).all()
        assert ((pieces < 0) == (top < 0)).all() if slope < 1 else (pieces >= 0).all()


def test_a_smooth_network_has_none():
    case = Case((6,), 1, "tanh", "ntk", False, n=3, d=4)
    found = trained(case.problem(), 0.1, 5)
    assert (found.arguments, len(found.trace.pieces)) == (0, 0)


def test_a_file_keeps_them_and_one_without_them_is_read():
    trace = trained(RELU.problem(), 0.5, 60).trace
    text = trace_to_csv(trace)
    np.testing.assert_array_equal(trace_from_csv(text).pieces, trace.pieces)
    without = "".join(line.rpartition(",")[0] + "\n" for line in text.splitlines())
    assert len(trace_from_csv(without).pieces) == 0
    np.testing.assert_array_equal(trace_from_csv(without).distance, trace.distance)
