"""What the figures were measured on."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch


def facts(device: str = "cpu") -> dict[str, str]:
    """Processor, cores, memory, versions and date, as text."""
    found = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _proc("/proc/cpuinfo", "model name"),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(_proc('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.0f} GiB",
        "python": platform.python_version(),
        "torch": f"{version('torch')}, {torch.get_num_threads()} threads",
        "numpy, scipy": f"{version('numpy')}, {version('scipy')}",
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }
    if device != "cpu":
        found["device"] = torch.cuda.get_device_name(device)
    return found


def ran() -> str:
    """When and on what, in a sentence."""
    now = facts()
    return f"Run on {now['date']}, {now['cores']} cores of {now['processor']}."


def _proc(path: str, key: str) -> str:
    for line in Path(path).read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    raise ValueError(f"{path} has no {key}")
