"""Work out to the workers, results back, in the order in which they end.

A worker that dies takes along what was on it, and dask blames all of that: each is computed once more with nothing else
on the way, and has no result if workers die again. A scheduler that is lost ends the command.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import TypeVar

from ..theory import InvalidInputError, NotAvailableError
from .engine import Engine
from .point import Record, Task, compute, failed, sealed

Job = TypeVar("Job")
Result = TypeVar("Result")
DIED = "the worker died: killed, or out of memory"


def records(tasks: Iterable[Task], engine: Engine) -> Generator[tuple[Task, Record], None, None]:
    """The record of each task, as it ends; one that workers die of has failed.

    Raises:
        InvalidInputError: a worker that is none of this study, as `compute`.
        NotAvailableError: the scheduler was lost.
    """
    for task, record in computed(tasks, compute, engine, "points"):
        yield task, sealed(failed(task, DIED)) if record is None else record


def computed(
    jobs: Iterable[Job], function: Callable[[Job], Result], engine: Engine, what: str
) -> Generator[tuple[Job, Result | None], None, None]:
    """The function's result for each job, as it ends; what is on the way when the iterator is closed is cancelled.

    Args:
        jobs: what the function is called with.
        function: known to the workers by its name.
        engine: where it is called.
        what: the jobs, in a word.

    Yields:
        A job with its result, None where workers died of it.

    Raises:
        InvalidInputError: a worker that has not this package.
        NotAvailableError: the scheduler was lost.
    """
    waiting, suspects = deque(jobs), deque[Job]()
    running: dict[Future[Result], Job] = {}
    try:
        while waiting or suspects or running:
            while waiting and len(running) < engine.ahead * max(engine.workers(), 1):
                job = waiting.popleft()
                running[engine.executor.submit(function, job)] = job
            alone = not running
            if alone:
                job = suspects.popleft()
                running[engine.executor.submit(function, job)] = job
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                try:
                    yield job, future.result()
                except engine.died:
                    if alone:
                        yield job, None
                    else:
                        suspects.append(job)
    except ImportError as error:
        raise InvalidInputError(f"a worker has no pltheory ({error}); install this version there") from None
    except Exception as error:
        if not isinstance(error, CancelledError) and not engine.lost():
            raise
        raise NotAvailableError(
            f"the scheduler was lost; the {what} that are done are stored, and the same command computes the others"
        ) from None
    finally:
        for future in running:
            future.cancel()
