"""The smallest eigenvalue of a dense kernel, n = 4096, float64: estimate and verified lower bound against eigvalsh.

Run with `pytest tests/benchmarks/test_spectrum_bench.py --benchmark-only`; nothing here asserts a time. "even":
eigenvalues evenly spaced from 1 / condition to 1; "crowded": evenly spaced logarithms.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import eigsh

from pltheory.measure.spectrum import lambda_min_estimate
from pltheory.rigor.eigen import lambda_min_lower
from pltheory.rigor.midrad import Ball

pytest.importorskip("pytest_benchmark")

N = 4096


@functools.cache
def kernel(condition: float, spectrum: str) -> torch.Tensor:
    gen = torch.Generator().manual_seed(0)
    q = torch.linalg.qr(torch.randn(N, N, generator=gen, dtype=torch.float64))[0]
    if spectrum == "even":
        values = torch.linspace(1 / condition, 1, N, dtype=torch.float64)
    else:
        values = torch.logspace(-math.log10(condition), 0, N, dtype=torch.float64)
    k = (q * values) @ q.T
    return 0.5 * (k + k.T)


ROWS = {
    "torch eigvalsh": lambda k: float(torch.linalg.eigvalsh(k)[0]),
    "scipy eigsh, shift-invert": lambda k: float(eigsh(k.numpy(), k=1, sigma=0.0, return_eigenvectors=False)[0]),
    "estimate": lambda k: lambda_min_estimate(k).value,
    "verified lower bound": lambda k: lambda_min_lower(Ball(k.numpy(), np.zeros(()))).value,
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("spectrum", ["even", "crowded"])
@pytest.mark.parametrize("condition", [1e6, 1e10], ids="{:.0e}".format)
def test_lambda_min(benchmark, condition, spectrum, row):
    benchmark.group = f"lambda_min, n = {N}, {spectrum}, condition {condition:.0e}"
    found = benchmark.pedantic(ROWS[row], (kernel(condition, spectrum),), rounds=3, warmup_rounds=1)
    assert found == pytest.approx(1 / condition, rel=0.05)
