"""One optimizer step against torch's own, on few large and on many small parameters.

Run with `pytest tests/benchmarks/test_optim_bench.py --benchmark-only`; nothing here asserts a time.
"""

from __future__ import annotations

import pytest
import torch

from pltheory.optim import DeltaGClip

pytest.importorskip("pytest_benchmark")

SIZES = {
    "25.6M in 161": [(2_097_152,)] * 8 + [(57_678,)] * 153,
    "5M in 600": [(8_333,)] * 600,
}
LR = 1e-6


def _clipped_sgd(params, **settings):
    opt = torch.optim.SGD(params, lr=LR, **settings)

    def step():
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()

    return step


STEPS = {
    "delta-gclip": lambda p: DeltaGClip(p, LR, 1.0, 0.1, foreach=False).step,
    "delta-gclip foreach": lambda p: DeltaGClip(p, LR, 1.0, 0.1, foreach=True).step,
    "sgd": lambda p: torch.optim.SGD(p, lr=LR).step,
    "sgd fused": lambda p: torch.optim.SGD(p, lr=LR, fused=True).step,
    "clip + sgd": _clipped_sgd,
    "clip + sgd fused": lambda p: _clipped_sgd(p, fused=True),
}


@pytest.mark.parametrize("rule", STEPS)
@pytest.mark.parametrize("size", SIZES)
def test_step(benchmark, size, rule):
    benchmark.group = size
    device = "cuda" if torch.cuda.is_available() else "cpu"
    params = [torch.nn.Parameter(torch.randn(shape, device=device)) for shape in SIZES[size]]
    for p in params:
        p.grad = torch.randn_like(p)
    step = STEPS[rule](params)

    def finished_step():
        step()
        if device == "cuda":
            torch.cuda.synchronize()

    benchmark.pedantic(finished_step, rounds=15, warmup_rounds=2)
