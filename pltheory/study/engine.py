"""Where points are computed: an executor of `concurrent.futures`, with what a study has to know about it.

In the calling process; in worker processes of a cluster that lives as long as the command; by a dask scheduler that was
started elsewhere, with its workers. Each worker computes one point at a time.
"""

from __future__ import annotations

import logging
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from ..theory import InvalidInputError, NotAvailableError
from .machine import memory

SECONDS_TO_REACH = 10.0
"""Until a scheduler that does not answer cannot be reached."""
AHEAD = 2
"""Points on the way for each worker: one that it computes and one that waits, which also asks for more workers."""
DEATHS = 1
"""Workers that may die on a point before it is under suspicion: one may have been killed for another reason."""
QUIET = {
    # Threads that wait for work spin, and a second one on a busy core makes both many times slower.
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Environment of a worker process; `--threads` raises what a point may use."""
CLUSTER = {
    "distributed.scheduler.allowed-failures": DEATHS,
    # A worker that was paused would wait for ever: its memory is the point's, and nothing there can be spilled.
    **dict.fromkeys((f"distributed.worker.memory.{what}" for what in ("target", "spill", "pause")), False),
    # Libraries of threads read it as they are loaded, which is before a worker can be told.
    "distributed.nanny.pre-spawn-environ": QUIET,
    # Workers are copies of a process that has loaded torch; to load it costs each of them seconds.
    **({"distributed.worker.multiprocessing-method": "forkserver"} if sys.platform == "linux" else {}),
}
"""dask's settings for worker processes on this machine."""


@dataclass(frozen=True)
class Engine:
    """An executor.

    Attributes:
        executor: it computes what is submitted to it.
        workers: how many points it computes at a time; more may join.
        memory: bytes that one worker has.
        ahead: points on the way for each worker.
        died: what a future raises whose worker died again and again.
        lost: whether the executor has gone, with what was submitted to it.
    """

    executor: Executor
    workers: Callable[[], int]
    memory: float
    ahead: int = AHEAD
    died: tuple[type[Exception], ...] = ()
    lost: Callable[[], bool] = lambda: False


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


def leave_generator() -> None:
    """Give dask random generators of its own; what a worker computes begins with it.

    Its other threads draw from Python's one whenever they send a message: a network that is called meanwhile would seem
    to draw random numbers, and the user's code that does draw them would find others than its seed says.
    """
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("dask", "distributed", "tornado") and getattr(module, "random", None) is random:
            vars(module)["random"] = random.Random()


def has_workers() -> bool:
    """Whether worker processes can be started: dask.distributed is installed."""
    return find_spec("distributed") is not None


@contextmanager
def in_process() -> Iterator[Engine]:
    """The calling process."""
    yield Engine(InProcess(), lambda: 1, memory(), ahead=1)


@contextmanager
def local_cluster(workers: int, gpus: Sequence[str] = ()) -> Iterator[Engine]:
    """So many processes on this machine, an embedded dask cluster that ends with the context.

    Args:
        workers: how many.
        gpus: names of GPUs as `CUDA_VISIBLE_DEVICES` has them: each worker sees one of them, taken in turn. All see
            what this process sees where there are none.

    Raises:
        NotAvailableError: dask.distributed is not installed.
    """
    dask, distributed = _distributed(f"--workers {workers}")
    share = memory() / workers
    options = {"host": "127.0.0.1", "nthreads": 1, "memory_limit": int(share), "silence_logs": logging.CRITICAL}
    each = {k: QUIET | ({"CUDA_VISIBLE_DEVICES": gpus[k % len(gpus)]} if gpus else {}) for k in range(workers)}
    with dask.config.set(CLUSTER):
        if sys.platform == "linux":
            distributed.utils.get_mp_context().set_forkserver_preload(["distributed", f"{__package__}.point"])
        with warnings.catch_warnings():
            # Of a busy machine, of ports: nothing that ends here.
            warnings.simplefilter("ignore")
            cluster = distributed.SpecCluster(
                workers={k: {"cls": distributed.Nanny, "options": options | {"env": env}} for k, env in each.items()},
                scheduler={
                    "cls": distributed.Scheduler,
                    "options": {"host": "127.0.0.1", "dashboard_address": None, "dashboard": False},
                },
                silence_logs=logging.CRITICAL,
            )
        with cluster, distributed.Client(cluster) as client:
            yield _engine(distributed, client, lambda: workers, share)


@contextmanager
def scheduler_at(address: str) -> Iterator[Engine]:
    """The workers of a dask scheduler; both are left running.

    Raises:
        InvalidInputError: no scheduler answers there, or a worker has not this version of this package.
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
        _require_version(client)
        limits = [w["memory_limit"] for w in there().values()]
        # A limit of 0 is none.
        least = float(min((limit or float("inf") for limit in limits), default=float("inf")))
        yield _engine(distributed, client, lambda: len(there()), least)
    finally:
        client.close(timeout=SECONDS_TO_REACH)


def _engine(distributed: Any, client: Any, workers: Callable[[], int], share: float) -> Engine:
    executor, died = client.get_executor(pure=False), (distributed.KilledWorker,)
    return Engine(executor, workers, share, died=died, lost=lambda: client.status != "running")


def _require_version(client: Any) -> None:
    """Refuse a scheduler with a worker of another version; those that join later are asked at each point."""
    for address, there in client.run(version, "pltheory", on_error="return").items():
        has = "no pltheory" if isinstance(there, PackageNotFoundError) else f"pltheory {there}"
        # Of a worker that ended meanwhile nothing is known.
        if there != version("pltheory") and not isinstance(there, OSError):
            raise InvalidInputError(
                f"the worker {address} has {has}, this command {version('pltheory')}; give all the same version"
            )


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
