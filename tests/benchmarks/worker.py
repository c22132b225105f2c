"""A process that prepares solvers, runs them when told and answers with seconds, results or peak memory.

Run as `python worker.py MODULE`: it needs the standard library, numpy, scipy and what the module of solvers imports.
One JSON object per line comes in on standard input, one goes out on standard output; whatever libraries print goes to
standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def main(module: str) -> None:
    """Answer requests until standard input closes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    solvers = importlib.import_module(module)
    prepared: dict[int, Callable[[], Any]] = {}
    for line in sys.stdin:
        try:
            answer = _answer(json.loads(line), solvers, prepared)
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _answer(ask: dict, solvers: Any, prepared: dict[int, Callable[[], Any]]) -> dict:
    do = ask["do"]
    if do == "prepare":
        handle = ask["handle"]
        prepared[handle] = solvers.SOLVERS[ask["solver"]](ask["case"])
        return {"handle": handle}
    if do == "drop":
        del prepared[ask["handle"]]
        return {}
    run = prepared[ask["handle"]]
    if do == "time":
        return {"seconds": [_seconds(run) for _ in range(ask["calls"])]}
    if do == "result":
        np.save(ask["path"], np.asarray(solvers.array(run()), dtype=np.float64))
        return {}
    if do == "peak":
        return peak(run)
    raise ValueError(f"unknown request {do!r}")


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def peak(run: Callable[[], Any]) -> dict:
    """Resident memory that one call adds at its peak, in bytes, read from the Linux kernel's high-water mark."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    seconds = _seconds(run)
    return {"bytes": _status("VmHWM") - before, "seconds": [seconds]}


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return 1024 * int(line.split()[1])
    raise ValueError(f"/proc/self/status has no {key}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(sys.argv[1])
