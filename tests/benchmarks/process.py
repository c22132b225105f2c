"""A worker process as the runner sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEERS = ROOT / ".peers"
"""Where `make bench` keeps the peers' environments."""
ENVIRONMENTS = {
    "ours": Path(sys.executable),
    "proof": Path(sys.executable),
    "torch_routes": Path(sys.executable),
    "torch_peers": PEERS / "torch/bin/python",
    "jax_peer": PEERS / "jax/bin/python",
}
"""Module of solvers to the interpreter that runs it."""


class SolverError(RuntimeError):
    """A solver raised; the text is its traceback."""


class Worker:
    """A process that hosts one module of solvers; close it when done."""

    def __init__(self, module: str, scratch: Path) -> None:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        self._scratch = scratch
        self._handles = 0
        self._log = (scratch / f"{module}.log").open("a")
        self._process = subprocess.Popen(
            [ENVIRONMENTS[module], HERE / "worker.py", f"solvers.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def _ask(self, **request: Any) -> dict:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SolverError(f"the worker ended with code {self._process.wait()}; its log is {self._log.name}")
        answer = json.loads(line)
        if "error" in answer:
            raise SolverError(answer["error"])
        return answer

    def prepare(self, solver: str, case: dict) -> int:
        """Build a solver for a case; the handle names it from then on."""
        self._handles += 1
        return self._ask(do="prepare", handle=self._handles, solver=solver, case=case)["handle"]

    def seconds(self, handle: int, calls: int = 1) -> list[float]:
        """Run it that often; the time of each call."""
        return self._ask(do="time", handle=handle, calls=calls)["seconds"]

    def peak(self, handle: int) -> tuple[float, float]:
        """Run it once; (bytes that it added to the resident memory at its peak, seconds)."""
        answer = self._ask(do="peak", handle=handle)
        return answer["bytes"], answer["seconds"][0]

    def result(self, handle: int) -> np.ndarray:
        """Run it once and fetch what it returns."""
        path = self._scratch / "result.npy"
        self._ask(do="result", handle=handle, path=str(path))
        return np.load(path)

    def drop(self, handle: int) -> None:
        """Let go of a prepared solver."""
        self._ask(do="drop", handle=handle)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
