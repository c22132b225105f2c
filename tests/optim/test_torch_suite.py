"""torch's generators of optimizer tests, in a process of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LEAST = 300
"""Cases that must have been run, so that an empty generator is no success."""


@pytest.mark.slow
def test_torchs_own_tests_pass():
    pytest.importorskip("expecttest")  # which torch's generators need
    suite = Path(__file__).parent / "torch_suite.py"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", str(suite)]
    ran = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    assert int(passed[1]) >= LEAST
    assert "skipped" not in ran.stdout
