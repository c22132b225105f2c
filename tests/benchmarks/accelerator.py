"""What only a CUDA device can be asked: large kernels, steps without host sync, graph capture, fractions of ceilings.

The same code runs on the CPU at small sizes, where synchronisation and capture are the identity.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from networks import resnet_shapes
from solvers.networks_torch import mlp, tensor_inputs
from torch import nn

import pltheory as pl

FULL = {"n": 20_000, "width": 8192, "order": 8192, "bytes": 2**30, "tensors": 161}
QUICK = {"n": 24, "width": 16, "order": 128, "bytes": 2**16, "tensors": 6}


class Device:
    """A device with a clock that waits for it."""

    def __init__(self, name: str) -> None:
        self.name, self.cuda = name, name.startswith("cuda")

    def seconds(self, f: Callable[[], object], calls: int = 5) -> float:
        """Median seconds of a call, after one to warm up."""
        f()
        seen = []
        for _ in range(calls):
            self._wait()
            start = time.perf_counter()
            f()
            self._wait()
            seen.append(time.perf_counter() - start)
        return statistics.median(seen)

    def _wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()

    @contextmanager
    def no_host_sync(self) -> Iterator[None]:
        """Whatever waits for the device raises."""
        before = torch.cuda.get_sync_debug_mode() if self.cuda else 0
        if self.cuda:
            torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            if self.cuda:
                torch.cuda.set_sync_debug_mode(before)

    def captured(self, f: Callable[[], object]) -> Callable[[], object]:
        """f as a CUDA graph that is replayed; f itself on the CPU."""
        if not self.cuda:
            return f
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                f()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            f()
        return graph.replay


def ceilings(device: Device, sizes: dict[str, int]) -> tuple[float, float]:
    """Measured float32 matrix-product rate (flop/s, TF32 off) and copy bandwidth (bytes/s, read plus write)."""
    a = torch.randn(sizes["order"], sizes["order"], device=device.name)
    source = torch.empty(sizes["bytes"] // 4, device=device.name)
    target = torch.empty_like(source)
    rate = 2.0 * sizes["order"] ** 3 / device.seconds(lambda: a @ a)
    return rate, 2.0 * sizes["bytes"] / device.seconds(lambda: target.copy_(source))


def kernel_flops(n: int, d: int, m: int) -> float:
    """Of the kernel of d-m-m-1: forward and backward products, and Gram products of inputs and rows."""
    return 2.0 * n * (d * m + 2 * m * m) + 2.0 * n * n * (d + 4 * m)


def measure(name: str, *, quick: bool) -> list[tuple[str, str]]:
    """(what, figure) pairs.

    Raises:
        RuntimeError: a step waits for the device.
        AssertionError: a replayed step moves the weights differently.
    """
    sizes, device = QUICK if quick else FULL, Device(name)
    torch.backends.cuda.matmul.allow_tf32 = False
    rate, bandwidth = ceilings(device, sizes)
    n, m = sizes["n"], sizes["width"]
    case = {"widths": [784, m, m, 1], "bias": True, "n": n, "dtype": "float32", "seed": 0, "device": name}
    network, x = mlp(case), tensor_inputs(case)
    kernel_time = device.seconds(lambda: pl.empirical_ntk(network, x), calls=2)
    spectrum_time = _spectrum_seconds(device, pl.empirical_ntk(network, x).double())
    step_time, replay_time, size = steps(device, sizes["tensors"])
    # A step reads gradients and weights and writes weights; the norm reads the gradients once more.
    traffic = 4.0 * 4 * size
    return [
        ("matrix products, float32, TF32 off", f"{rate / 1e12:.3g} Tflop/s measured"),
        ("copy bandwidth", f"{bandwidth / 1e9:.3g} GB/s measured"),
        (
            f"kernel of 784-{m}-{m}-1, n = {n}, float32",
            f"{kernel_time:.3g} s, {kernel_flops(n, 784, m) / kernel_time / rate:.0%} of the matrix-product rate",
        ),
        (f"lambda_min of it, float64, n = {n}", f"{spectrum_time:.3g} s"),
        (
            f"DeltaGClip step, {size / 1e6:.3g}M parameters, host sync forbidden",
            f"{step_time * 1e3:.3g} ms, {traffic / step_time / bandwidth:.0%} of the bandwidth",
        ),
        (
            "the same as a captured graph",
            f"{replay_time * 1e3:.3g} ms, {traffic / replay_time / bandwidth:.0%} of the bandwidth",
        ),
    ]


def _spectrum_seconds(device: Device, kernel: torch.Tensor) -> float:
    return device.seconds(lambda: pl.lambda_min(kernel), calls=1)


def steps(device: Device, tensors: int) -> tuple[float, float, int]:
    """Seconds of a step with host sync forbidden, seconds of its captured replay, number of parameters."""
    params = [nn.Parameter(torch.randn(shape, device=device.name)) for shape in resnet_shapes()[:tensors]]
    for p in params:
        p.grad = torch.randn_like(p)
    opt = pl.optim.DeltaGClip(params, lr=1e-3, gamma=1.0, delta=0.1)
    with device.no_host_sync():
        opt.step()
    step_time = device.seconds(opt.step)
    replay = device.captured(opt.step)
    before = [p.detach().clone() for p in params]
    replay()
    after = [p.detach().clone() for p in params]
    with torch.no_grad():
        for p, b in zip(params, before, strict=True):
            p.copy_(b)
    opt.step()
    for p, a in zip(params, after, strict=True):
        torch.testing.assert_close(p.detach(), a, rtol=1e-6, atol=1e-7)
    return step_time, device.seconds(replay), sum(p.numel() for p in params)


def section(found: list[tuple[str, str]]) -> list[str]:
    """The figures in Markdown."""
    lines = ["", "## On an accelerator", "", "| what | figure |", "|---|---|"]
    return lines + [f"| {what} | {figure} |" for what, figure in found]


NOT_MEASURED = [
    "",
    "## On an accelerator",
    "",
    "No CUDA figures were measured: no device was at hand. `make bench BENCH='--device cuda'` measures there the "
    "kernel and lambda_min at n = 20000 and width 8192, a DeltaGClip step with host synchronisation forbidden "
    '(`torch.cuda.set_sync_debug_mode("error")`) and as a captured CUDA graph, each beside the measured matrix-product '
    "rate or bandwidth. The tests run the same code on the CPU at small sizes.",
]
