"""Kernels on few samples: ours beside plain vmap(jacrev), kind of module by kind of module."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from interleave import Say
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap
from zoo import ZOO

from pltheory.measure.layer_rules import remembered
from pltheory.measure.ntk import empirical_ntk, empirical_ntk_by_autodiff

SAMPLES = (1, 4, 16)
ROUNDS = 5
WORST = 1e-3
"""Largest difference of an entry, over the largest entry, that is accepted."""


@dataclass(frozen=True)
class Few:
    """One kernel: processor time over that of plain vmap(jacrev), medians over the rounds.

    Attributes:
        name: of the module.
        parameters: how many it has.
        n: samples.
        plain: milliseconds of plain vmap(jacrev).
        first: ratio of a first kernel of its architecture.
        later: ratio of a later one.
        checked: ratio of vmap(jacrev) with the checks of a kernel.
    """

    name: str
    parameters: int
    n: int
    plain: float
    first: float
    later: float
    checked: float


def measure(say: Say, *, quick: bool) -> list[Few]:
    """Every module of the zoo at every number of samples, on one thread.

    Raises:
        RuntimeError: two kernels differ.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        sizes = SAMPLES[:2] if quick else SAMPLES
        return [_measured(kind.name, kind.network(), kind.samples(n), say, quick=quick) for kind in ZOO for n in sizes]
    finally:
        torch.set_num_threads(threads)


def _measured(name: str, network: nn.Module, x: Tensor, say: Say, *, quick: bool) -> Few:
    ways: dict[str, Callable[[], Tensor]] = {
        "first": lambda: _anew(network, x),
        "later": lambda: empirical_ntk(network, x),
        "checked": lambda: empirical_ntk_by_autodiff(network, x),
        "plain": lambda: plain(network, x),
    }
    expected = plain(network, x)
    for way, run in ways.items():  # and warm
        gap = float((run() - expected).abs().max() / expected.abs().max())
        if gap > WORST:
            raise RuntimeError(f"{name}, n = {len(x)}, {way}: differs by {gap:.1e}")
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(1 if quick else ROUNDS):
        for way, run in ways.items():
            start = time.process_time()
            run()
            seconds[way].append(time.process_time() - start)
    ratios = {
        way: statistics.median(own / other for own, other in zip(found, seconds["plain"], strict=True))
        for way, found in seconds.items()
    }
    say(f"{name}, n = {len(x)}: {ratios['later']:.2f}")
    count, milliseconds = sum(p.numel() for p in network.parameters()), 1e3 * statistics.median(seconds["plain"])
    return Few(name, count, len(x), milliseconds, ratios["first"], ratios["later"], ratios["checked"])


def _anew(network: nn.Module, x: Tensor) -> Tensor:
    remembered.forget(remembered.architecture(network, x, dict(network.named_parameters())))
    return empirical_ntk(network, x)


def plain(network: nn.Module, x: Tensor) -> Tensor:
    """J J^T by torch.func, nothing checked."""
    params = {name: p.detach() for name, p in network.named_parameters()}

    def one(p: dict[str, Tensor], xi: Tensor) -> Tensor:
        return functional_call(network, p, (xi[None],)).reshape(-1)

    kernel: Tensor | None = None
    for j in vmap(jacrev(one), (None, 0))(params, x).values():
        rows = j.reshape(j.shape[0] * j.shape[1], -1)
        kernel = rows @ rows.T if kernel is None else kernel + rows @ rows.T
    assert kernel is not None
    return kernel


def load() -> float:
    """Of the machine, now."""
    return os.getloadavg()[0]


def section(found: list[Few], at_load: float) -> list[str]:
    """The table in Markdown."""
    lines = [
        "",
        "## Kernels on few samples",
        "",
        "Processor time over that of plain `vmap(jacrev)` and a product of its rows, float32, one thread, medians over "
        f"{ROUNDS} rounds in turn, in one run at a load of {at_load:.0f}. Plain `vmap(jacrev)` checks nothing; "
        "`empirical_ntk` runs the module six times, four on one sample, before it believes it, and holds its rules "
        "against autograd. *First* is the first kernel of an architecture, *later* one whose plan is kept; *checked* "
        "is `vmap(jacrev)` behind the same checks, `empirical_ntk_by_autodiff`.",
        "",
        "| module | parameters | n | vmap(jacrev) | later | first | checked |",
        "|---|---|---|---|---|---|---|",
    ]
    for f in found:
        ratios = " | ".join(f"{ratio:.2f}" for ratio in (f.later, f.first, f.checked))
        lines.append(f"| {f.name} | {f.parameters} | {f.n} | {f.plain:.1f} ms | {ratios} |")
    return lines
