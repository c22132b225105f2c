"""What an experiment ran on, for its page."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch


def machine() -> str:
    """Processor, cores, Python and torch in a line."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = torch.get_num_threads()
    return (
        f"{model or platform.machine()}, {cores} cores, {threads} thread{'s' if threads > 1 else ''}, Python "
        f"{platform.python_version()}, torch {torch.__version__}"
    )
