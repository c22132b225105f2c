"""Rounding as a user meets it: a processor that rounds otherwise, a start that is a zero but for the last bits."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from pltheory.problem.networks import fully_connected
from tests.cases import draws
from tests.cli.program import settings

FLUSH = "import torch; assert torch.set_flush_denormal(True)"
FAIL = """
import pltheory.theorems.measured as measured
from pltheory.rigor.errors import NoVerdictError
def fail(arrays):
    raise NoVerdictError("planted")
measured.enclose = fail
"""
HOLDING = ["--set", "data.n=1", "--set", "network.hidden=[2000]"]


def test_flushed_subnormals_are_no_ground_for_a_proof(warm, small, tmp_path):
    end = warm("check", small, *HOLDING, folder=tmp_path, before=FLUSH)
    assert end.code == 4, end.stdout
    assert end.stderr.startswith("no verdict: ")
    assert "subnormal" in end.stderr
    assert warm("check", small, *HOLDING, "--level", "holds", folder=tmp_path, before=FLUSH).code == 4


def test_what_cannot_be_enclosed_holds_but_is_not_certified(warm, small, tmp_path):
    end = warm("check", small, *HOLDING, folder=tmp_path, before=FAIL)
    assert end.code == 3, end.stderr
    assert "verdict: HOLDS" in end.stdout
    assert "round-off not covered: planted" in end.stdout


@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["A", "B"])
@pytest.mark.parametrize("order", ["all at once", "one at a time", "rounded up"])
def test_a_user_who_starts_at_a_zero_is_told_so(warm, small, tmp_path, theorem, order):
    (x,) = draws(3, (4, 6))
    net = fully_connected([6, 300, 1], seed=0)
    with torch.no_grad():
        y = net(x) if order == "all at once" else torch.cat([net(row[None]) for row in x])
    if order == "rounded up":
        y = torch.nextafter(y, torch.full_like(y, np.inf))
    np.savez(tmp_path / "zero.npz", x=x.numpy(), y=y.numpy())
    data = settings("data.source=zero.npz", "data.labels=raw", "data.scale=none", "data.center=false", "data.n=4")
    words = [*data, *settings("network.hidden=[300]", "run.steps=200")]
    end = warm("verify", small, *words, "--theorem", theorem, "--out", "run", folder=tmp_path)
    assert end.code == 0, end.stdout + end.stderr
    report = json.loads((tmp_path / "run/report.json").read_text(encoding="utf-8"))
    assert (report["verdict"], report["evidence"], report["run"]["reason"]) == (
        "CERTIFIED",
        "empirical only",
        "converged",
    )
    assert "at the floor of rounding" in report["evidence_untold"]
    assert "the run says nothing:" in end.stdout
    assert "at the floor of rounding" in report["run"]["note"]
