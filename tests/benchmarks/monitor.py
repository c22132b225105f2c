"""What `pl.Monitor` adds to a step: `python -m tests.benchmarks.monitor`, the table of docs/howto/audit.md.

Steps with and without the monitor, of two networks that begin alike, alternate one by one in one process of one thread;
processor time of a block of each, measurements of the monitor at its default interval included, median of the blocks'
ratios.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch

import pltheory as pl
from pltheory.optim import DeltaGClip

ROUNDS, STEPS = 7, 256
"""Blocks, and steps of each: norms are read off once a block."""
NETWORKS = ((128, 64), (512, 64), (512, 512))
"""Width of two hidden layers, samples in a batch."""


def network(width: int) -> torch.nn.Module:
    torch.manual_seed(0)
    layers = [torch.nn.Linear(64, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 10))


def own(net: torch.nn.Module) -> torch.optim.Optimizer:
    return DeltaGClip(net.parameters(), lr=0.01, gamma=0.25, delta=1e-3)


def sgd(net: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(net.parameters(), lr=0.01)


def ratio(width: int, batch: int, make: Callable, *, clips: bool) -> float:
    """Processor time of watched steps over that of the others."""
    x, y = torch.randn(batch, 64), torch.randint(10, (batch,))
    nets = [network(width) for _ in range(2)]
    optimizers = [make(net) for net in nets]

    def step(k: int) -> float:
        start = time.process_time()
        optimizers[k].zero_grad()
        torch.nn.functional.cross_entropy(nets[k](x), y).backward()
        if clips:
            norm = torch.nn.utils.clip_grad_norm_(nets[k].parameters(), 1.0)
            if k == 1:
                monitor.clipped(norm)
        optimizers[k].step()
        return time.process_time() - start

    found = []
    with pl.Monitor(optimizers[1]) as monitor:
        for block in range(ROUNDS + 1):
            spent = [0.0, 0.0]
            for i in range(STEPS):
                for k in ((0, 1), (1, 0))[i % 2]:
                    spent[k] += step(k)
            if block:  # the first one warms up
                found.append(spent[1] / spent[0])
    return statistics.median(found)


def main() -> None:
    torch.set_num_threads(1)
    cases = (
        ("`DeltaGClip`", own, False),
        ("`clip_grad_norm_` and SGD, `clipped(norm)`", sgd, True),
        ("an optimizer of somebody else", sgd, False),
    )
    sys.stdout.write("| who clips | " + " | ".join(f"64-{m}-{m}-10, batch {b}" for m, b in NETWORKS) + " |\n")
    sys.stdout.write("|---" * (1 + len(NETWORKS)) + "|\n")
    for words, make, clips in cases:
        cells = [f"{ratio(width, batch, make, clips=clips):.3f}" for width, batch in NETWORKS]
        sys.stdout.write(f"| {words} | {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
