"""A processor that does not round as the proofs presuppose gives no verdict, and says so."""

from __future__ import annotations

FLUSH = "import torch; assert torch.set_flush_denormal(True)"
FAIL = """
import pltheory.verification.report as report
from pltheory.rigor.errors import NoVerdictError
def fail(arrays):
    raise NoVerdictError("planted")
report.enclose = fail
"""
HOLDING = ["--set", "data.n=1", "--set", "network.hidden=[2000]"]


def test_flushed_subnormals_are_no_ground_for_a_proof(warm, small, tmp_path):
    end = warm("check", small, *HOLDING, folder=tmp_path, before=FLUSH)
    assert end.code == 4, end.stdout
    assert end.stderr.startswith("no verdict: ")
    assert "subnormal" in end.stderr
    assert warm("check", small, *HOLDING, "--level", "holds", folder=tmp_path, before=FLUSH).code == 0


def test_what_cannot_be_enclosed_holds_but_is_not_certified(warm, small, tmp_path):
    end = warm("check", small, *HOLDING, folder=tmp_path, before=FAIL)
    assert end.code == 3, end.stderr
    assert "verdict: HOLDS" in end.stdout
    assert "round-off not covered: planted" in end.stdout
