"""Theorem C: a small network, undecided at its initialisation, is proven to sit in a basin after Gauss-Newton steps."""

from __future__ import annotations

import pytest
import torch

from pltheory.optim import DeltaGClipSettings
from pltheory.problem.checkpoint import load_checkpoint
from pltheory.problem.data import digits
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import verify
from tests.oracles.plain import read

SETTINGS = DeltaGClipSettings(eta="0.5/beta", gamma=0.5, delta=0.3)


def gauss_newton(net, x, y, steps):
    """w <- w - J^T K^-1 r, in place, by the plain network's dense Jacobian."""
    plain, w = read(net)
    for _ in range(steps):
        j, r = plain.jacobian(w, x), plain.outputs(w, x) - y.reshape(-1)
        w = w - j.T @ torch.linalg.solve(j @ j.T, r)
    with torch.no_grad():
        for p, (weight, _) in zip(net.weights, plain.layers(w), strict=True):
            p.copy_(weight)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hidden", "labels", "n"),
    [([64], "low-high", 10), ([48, 32], "low-high", 6), ([96], "centred-one-hot", 5)],
    ids=["one layer", "two layers", "ten outputs"],
)
def test_from_a_saved_checkpoint(tmp_path, hidden, labels, n):
    x, y = digits(n, labels=labels)
    net = fully_connected([64, *hidden, y.shape[1]], seed=1)
    at_start = verify(Problem(net, x, y), SETTINGS, theorem="B", steps=0)
    assert at_start.verdict is Verdict.UNDECIDED
    gauss_newton(net, x, y, 3)
    torch.save(net.state_dict(), tmp_path / "w.pt")

    again = fully_connected([64, *hidden, y.shape[1]], seed=2)
    load_checkpoint(tmp_path / "w.pt", again)
    problem = Problem(again, x, y)
    assert verify(problem, SETTINGS, theorem="C", steps=0).verdict is Verdict.UNDECIDED, "no checkpoint was named"
    report = verify(problem, SETTINGS, theorem="C", steps=60, checkpoint="w.pt")
    assert report.verdict is Verdict.CERTIFIED
    assert report.evidence is Evidence.AGREES
    assert report.main.ball_constants.ratio > 5
    assert report.run.trace.path[-1] <= report.main.ball_constants.required
    assert report.run.trace.loss[-1] < report.run.trace.loss[0]


def test_a_checkpoint_far_from_a_solution_is_undecided_whatever_its_name(tmp_path):
    x, y = digits(10)
    report = verify(Problem(fully_connected([64, 64, 1]), x, y), SETTINGS, theorem="C", steps=0, checkpoint="w.pt")
    assert report.verdict is Verdict.UNDECIDED
    assert "short by a factor" in report.main.shortfall
