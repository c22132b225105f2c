"""Where points are computed: an executor of `concurrent.futures`, with what a study has to know about it.

In the calling process; in worker processes of a cluster that lives as long as the command; by a dask scheduler that was
started elsewhere, with its workers. Each worker computes one point at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from ..theory import InvalidInputError, NotAvailableError
from .network import memory

SECONDS_TO_REACH = 10.0
"""Until a scheduler that does not answer cannot be reached."""
DEATHS = 1
"""Workers that may die on a point before it has failed: one may have been killed for another reason."""
QUIET = {
    # Threads that wait for work spin, and a second one on a busy core makes both many times slower.
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Environment of a worker process; `--threads` raises what a point may use."""


@dataclass(frozen=True)
class Engine:
    """An executor.

    Attributes:
        executor: it computes what is submitted to it.
        workers: how many points it computes at a time; more may join.
        memory: bytes that one worker has.
        died: what a future raises whose worker died again and again.
    """

    executor: Executor
    workers: Callable[[], int]
    memory: float
    died: tuple[type[Exception], ...] = ()


class InProcess(Executor):
    """The calling process itself: what is submitted has been computed when `submit` returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call the function; the future has its result or its exception."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def in_process() -> Iterator[Engine]:
    """The calling process."""
    yield Engine(InProcess(), lambda: 1, memory(torch.device("cpu")))


@contextmanager
def local_cluster(workers: int) -> Iterator[Engine]:
    """So many processes on this machine, an embedded `dask.distributed.LocalCluster` that ends with the context.

    Raises:
        NotAvailableError: dask.distributed is not installed.
    """
    dask, distributed = _distributed(f"--workers {workers}")
    share = memory(torch.device("cpu")) / workers
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": DEATHS}),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=int(share),
            silence_logs=logging.CRITICAL,
            env=QUIET,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield Engine(client.get_executor(pure=False), lambda: workers, share, (distributed.KilledWorker,))


@contextmanager
def scheduler_at(address: str) -> Iterator[Engine]:
    """The workers of a dask scheduler; both are left running.

    Raises:
        InvalidInputError: no scheduler answers there.
        NotAvailableError: dask.distributed is not installed.
    """
    _, distributed = _distributed(f"--scheduler {address}")
    try:
        client = distributed.Client(address, timeout=SECONDS_TO_REACH)
    except (OSError, ValueError) as error:
        said = str(error).partition("\n")[0]
        raise InvalidInputError(f"--scheduler {address}: cannot be reached ({said}); start `dask scheduler`") from None

    def there() -> dict[str, Any]:
        return client.scheduler_info(n_workers=-1)["workers"]

    try:
        limits = [w["memory_limit"] for w in there().values()]
        # A limit of 0 is none.
        least = float(min((limit or float("inf") for limit in limits), default=float("inf")))
        yield Engine(client.get_executor(pure=False), lambda: len(there()), least, (distributed.KilledWorker,))
    finally:
        client.close(timeout=SECONDS_TO_REACH)


def _distributed(option: str) -> tuple[Any, Any]:
    try:
        import dask
        import distributed
    except ImportError:
        raise NotAvailableError(f"{option}: needs dask.distributed; pip install 'pltheory[sweep]'") from None
    # What ends here is said in one line of our own; some of these loggers have levels of their own.
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
    return dask, distributed
