"""How much memory there is to work in."""

from __future__ import annotations

import os

import torch


def available_bytes(device: torch.device) -> int:
    """Free memory of a device, as the operating system or the driver states it."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # counts the caches that would be given up
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
