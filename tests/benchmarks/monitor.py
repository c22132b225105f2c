"""What `pl.Monitor` adds to a step: `python -m tests.benchmarks.monitor`, the table of docs/howto/audit.md.

Blocks of steps with and without the monitor alternate in one process of one thread; processor time, median of the
ratios of neighbouring blocks.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Callable

import torch

import pltheory as pl
from pltheory.optim import DeltaGClip

ROUNDS, STEPS = 9, 60
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


def seconds(width: int, batch: int, make: Callable, *, watched: bool, clips: bool) -> float:
    """Processor time of a block of steps."""
    net = network(width)
    optimizer, x, y = make(net), torch.randn(batch, 64), torch.randint(10, (batch,))
    with pl.Monitor(optimizer) if watched else contextlib.nullcontext() as monitor:
        for step in range(2 * STEPS):
            if step == STEPS:  # the first half warms up
                start = time.process_time()
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x), y).backward()
            if clips:
                norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                if watched:
                    monitor.clipped(norm)
            optimizer.step()
        return time.process_time() - start


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
        cells = []
        for width, batch in NETWORKS:
            ratios = []
            for _ in range(ROUNDS):
                without = seconds(width, batch, make, watched=False, clips=clips)
                ratios.append(seconds(width, batch, make, watched=True, clips=clips) / without)
            cells.append(f"{statistics.median(ratios):.2f}")
        sys.stdout.write(f"| {words} | {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
