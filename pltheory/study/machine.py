"""What this machine has for a study, as far as this process may use it: memory, cores, GPUs, and workers from them.

A container or a batch job is given a part of a machine; what the machine has as a whole is then of no use to it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

SHARE_OF_MEMORY = 0.8
"""Share of a worker's memory that a point may be estimated to need."""
WORTH = 30.0
"""Seconds of one process from which on several are started."""
CONTROL = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


def memory() -> float:
    """Bytes: those of the machine, or what a control group or a limit of the shell leaves of them."""
    there = [float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))]
    there += [float(text) for text in _limits("memory.max") if text != "max"]
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        there += [float(soft)] if soft != resource.RLIM_INFINITY else []
    return min(there)


def cores() -> int:
    """Cores, at least one: those that this process may run on, or the time that a control group gives it on them."""
    there = [float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)]
    for quota, period in (text.split() for text in _limits("cpu.max")):
        if quota != "max":
            there.append(int(quota) / int(period))
    return max(1, int(min(there)))


def gpus() -> tuple[str, ...]:
    """The GPUs, each by the name that `CUDA_VISIBLE_DEVICES` has for it."""
    count, named = torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES")
    names = named.split(",") if named else [str(k) for k in range(count)]
    return tuple(names[:count])


def workers_for(needed: Sequence[float], seconds: float, places: int) -> int:
    """How many worker processes a study gets where nobody said it; 0 is none, the calling process.

    Args:
        needed: bytes, of each point that is to be computed.
        seconds: that one process takes for them, estimated.
        places: cores or GPUs.

    Returns:
        One a place, but not more than there are points, nor than can each hold the largest of them.
    """
    if seconds < WORTH or not needed:
        return 0
    at_once = int(SHARE_OF_MEMORY * memory() // max(needed))
    workers = min(places, len(needed), at_once)
    return workers if workers > 1 else 0


def _limits(name: str) -> Iterator[str]:
    """What the control groups of this process say, the innermost first; nothing where there are none (version 2)."""
    try:
        own = next(line[3:] for line in OWN_GROUP.read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return
    group = CONTROL / own.lstrip("/")
    for folder in (group, *group.parents):
        if (folder / name).is_file():
            yield (folder / name).read_text().strip()
        if folder == CONTROL:
            return
