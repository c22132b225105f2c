"""The guard of the floating-point environment, in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pltheory.rigor import environment
from pltheory.rigor.errors import RoundingEnvironmentError


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_this_process_is_accepted():
    environment.require()
    environment.require_blas_once()


FLUSHED = """
import torch, numpy as np
from pltheory.rigor import environment, midrad, eigen, scalar
from pltheory.nets.activations import activation
from pltheory.rigor.errors import RoundingEnvironmentError
environment.require()
ball = midrad.Ball(np.eye(3))
assert torch.set_flush_denormal(True)
for probe in (environment.require_thread, environment.require_ufuncs, environment.require,
              lambda: midrad.Ball(np.eye(2)), lambda: ball @ ball, lambda: eigen.lambda_min_lower(ball),
              lambda: activation("tanh").enclose(ball), lambda: scalar.interval(0.5)):
    try:
        probe()
    except RoundingEnvironmentError as e:
        assert "subnormal" in str(e)
    else:
        raise SystemExit("not refused")
torch.set_flush_denormal(False)
environment.require()
print("refused")
"""


def test_flush_to_zero_set_by_torch_is_refused():
    pytest.importorskip("torch")
    assert run(FLUSHED) == "refused"


# BLAS workers started while flushing is on keep flushing after it is switched off.
DIRTY_WORKERS = """
import os
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import ctypes, numpy as np, torch
from threadpoolctl import threadpool_info
from pltheory.rigor import environment
from pltheory.rigor.errors import RoundingEnvironmentError
pools = [p for p in threadpool_info() if p["internal_api"] == "openblas" and "numpy" in p["filepath"]]
library = ctypes.CDLL(pools[0]["filepath"]) if pools else None
start = getattr(library, "scipy_openblas_set_num_threads64_", None)
if start is None:
    print("no such pool")
else:
    torch.set_flush_denormal(True)
    start(3)
    torch.set_flush_denormal(False)
    environment.require_thread()
    environment.require_ufuncs()
    try:
        environment.require()
    except RoundingEnvironmentError as e:
        print("refused" if "BLAS" in str(e) else e)
"""


def test_flushing_blas_workers_are_refused():
    pytest.importorskip("torch")
    pytest.importorskip("threadpoolctl")
    answer = run(DIRTY_WORKERS)
    if answer == "no such pool":
        pytest.skip("NumPy's BLAS is not the bundled OpenBLAS")
    assert answer == "refused"


ROUNDING_MODE = """
import ctypes, numpy as np, sys
from pltheory.rigor import environment
from pltheory.rigor.errors import RoundingEnvironmentError
libm = ctypes.CDLL("libm.so.6")
refused = 0
for mode in (0x400, 0x800, 0xC00):  # x86: down, up, towards zero
    assert libm.fesetround(mode) == 0
    for probe in (environment.require_thread, environment.require_ufuncs, environment.require_blas):
        try:
            probe()
        except RoundingEnvironmentError as e:
            refused += "nearest" in str(e)
    libm.fesetround(0)
print(refused)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="names of glibc")
def test_changed_rounding_modes_are_refused():
    import platform

    if platform.machine() != "x86_64":
        pytest.skip("constants of x86")
    assert run(ROUNDING_MODE) == "9"


@pytest.mark.parametrize("value", [0.0, 1.0 + 2.0**-52])
def test_each_probe_of_the_thread_can_fail(monkeypatch, value):
    monkeypatch.setattr(environment, "_HALF_ULP" if value else "_HALF", value - 1.0 if value else 0.0)
    with pytest.raises(RoundingEnvironmentError):
        environment.require_thread()
