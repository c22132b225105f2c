"""Points out to the workers, records back, in the order in which they end.

A worker that dies takes the points along that were on it, and dask blames all of them: each of those is computed once
more with no other point on the way, and has failed if workers die again. A scheduler that is lost ends the command.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait

from ..theory import InvalidInputError, NotAvailableError
from .engine import Engine
from .point import Record, Task, compute, failed, sealed


def records(tasks: Iterable[Task], engine: Engine) -> Generator[tuple[Task, Record], None, None]:
    """The record of each task, as it ends; what is on the way when the iterator is closed is cancelled.

    Raises:
        InvalidInputError: a worker that is none of this study, as `compute`.
        NotAvailableError: the scheduler was lost.
    """
    waiting, suspects = deque(tasks), deque[Task]()
    running: dict[Future[Record], Task] = {}
    try:
        while waiting or suspects or running:
            while waiting and len(running) < engine.ahead * max(engine.workers(), 1):
                task = waiting.popleft()
                running[engine.executor.submit(compute, task)] = task
            alone = not running
            if alone:
                task = suspects.popleft()
                running[engine.executor.submit(compute, task)] = task
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                try:
                    yield task, future.result()
                except engine.died:
                    if alone:
                        yield task, sealed(failed(task, "the worker died: killed, or out of memory"))
                    else:
                        suspects.append(task)
    except ImportError as error:
        raise InvalidInputError(f"a worker has no pltheory ({error}); install this version there") from None
    except Exception as error:
        if not isinstance(error, CancelledError) and not engine.lost():
            raise
        raise NotAvailableError(
            "the scheduler was lost; the points that are done are stored, and the same command computes the others"
        ) from None
    finally:
        for future in running:
            future.cancel()
