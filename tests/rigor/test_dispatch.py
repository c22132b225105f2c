"""The same attacks under other vector code, BLAS kernels and thread counts, in processes of their own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.rigor.oracle import SOUNDNESS

ROOT = Path(__file__).parents[2]
CODE = """
import numpy as np
from pltheory.rigor import environment
from pltheory.rigor.eigen import lambda_min_lower
from pltheory.rigor.midrad import Ball, matmul
from tests.rigor.attacks import ATTACKS
from tests.rigor.oracle import assert_holds, fractions
environment.require()
for run in ATTACKS.values():
    run()
rng = np.random.default_rng(0)
for n in (1, 5, 40):
    x = np.where(rng.random((n, 300)) < 0.1, 1.0, 2.0**-27) * np.sign(rng.standard_normal((n, 300)))
    assert_holds(matmul(Ball(x), Ball(x).T, "outer"), fractions(x) @ fractions(x).T)
assert lambda_min_lower(Ball(np.eye(70) * 3.0)).value <= 3.0
print("sound")
"""


def features() -> str:
    """Everything NumPy found on this processor, to be switched off; empty where that is not possible."""
    config = np.show_config(mode="dicts") or {}
    return " ".join(config.get("SIMD Extensions", {}).get("found", []))


@pytest.mark.parametrize(
    "setting",
    [
        {"NPY_DISABLE_CPU_FEATURES": "all", "OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1"},
        {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "3"},
    ],
    ids=["oldest", "haswell"],
)
def test_attacks_fail_there_too(setting):
    if setting["OPENBLAS_CORETYPE"] == "Haswell" and not SOUNDNESS:
        pytest.skip("one dispatch in the quick slice, both under SOUNDNESS")
    if platform.machine() != "x86_64":
        pytest.skip("kernel names of x86")
    setting = {k: features() if v == "all" else v for k, v in setting.items()}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE],
        cwd=ROOT,
        env={**os.environ, **setting, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.strip() == "sound", done.stderr
