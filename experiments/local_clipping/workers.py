"""Workers as processes of this machine, on loopback."""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.multiprocessing import ProcessExitedException, ProcessRaisedException, start_processes

from pltheory.theory import LostWorkerError

Work = Callable[[int, Mapping[str, Any]], Any]
MINUTES = 10
"""A worker that is waited for longer is lost."""


def together(work: Work, workers: int, asked: Mapping[str, Any]) -> list[Any]:
    """`work(rank, asked)` in so many processes of one group; what each gives, as JSON holds it.

    Raises:
        LostWorkerError: one of them ended; the others are ended then.
    """
    # Forked from one process that has loaded everything: to load it once in every worker takes longer than the work.
    multiprocessing.get_context("forkserver").set_forkserver_preload(["torch._dynamo", "pltheory.runs.local"])
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    with tempfile.TemporaryDirectory() as folder:
        try:
            start_processes(
                _begun, (work, workers, dict(asked), folder, store.port), workers, start_method="forkserver"
            )
        except ProcessRaisedException as error:
            said = str(error).strip().splitlines()[-1]
            raise LostWorkerError(f"worker {error.error_index} of {workers} ended: {said}") from error
        except ProcessExitedException as error:
            raise LostWorkerError(f"worker {error.error_index} of {workers} ended: {error}") from error
        return [json.loads((Path(folder) / f"{rank}.json").read_text()) for rank in range(workers)]


def _begun(rank: int, work: Work, workers: int, asked: Mapping[str, Any], folder: str, port: int) -> None:
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    store = dist.TCPStore("127.0.0.1", port, is_master=False)
    wait = timedelta(minutes=MINUTES)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=workers, timeout=wait)
    found = work(rank, asked)
    (Path(folder) / f"{rank}.json").write_text(json.dumps(found))
    dist.destroy_process_group()
