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


def _published(params):
    """What the authors' code does: every gradient copied, the norm read on the host, a loop of updates."""

    @torch.no_grad()
    def step():
        copies = torch.cat([p.grad.detach().clone().reshape(-1) for p in params])
        h = LR * min(1.0, max(0.1, 1.0 / copies.norm().item()))
        for p in params:
            p.add_(p.grad, alpha=-h)

    return step


def _flat(params):
    """The same step on one long vector: what remains when nothing is spent on there being many parameters."""
    weights = torch.cat([p.detach().reshape(-1) for p in params])
    grads = torch.cat([p.grad.reshape(-1) for p in params])

    def step():
        h = LR * (1.0 / torch.linalg.vector_norm(grads)).clamp(0.1, 1.0)
        weights.addcmul_(grads, h, value=-1)

    return step


STEPS = {
    "delta-gclip": lambda p: DeltaGClip(p, LR, 1.0, 0.1).step,
    "delta-gclip, a call per tensor": lambda p: DeltaGClip(p, LR, 1.0, 0.1, foreach=False).step,
    "flat": _flat,
    "published logic": _published,
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
