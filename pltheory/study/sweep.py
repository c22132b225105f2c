"""A study over a grid: what is missing is computed and written point by point, what is there stays as it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from pathlib import Path

from ..problem.data import Data
from ..theory import InvalidInputError, NotAvailableError
from .build import data_of
from .config import Config
from .cost import Cost, cost_of, span, speed
from .engine import Engine
from .folder import Folder, Identity, Study
from .grid import Values, grid, said
from .point import FAILED, Record, Task, compute, failed, sealed
from .quantities import BUILT_IN, Quantity
from .store import point_hash

SHARE_OF_MEMORY = 0.8
"""Share of a worker's memory that a point may be estimated to need."""
AHEAD = 2


@dataclass(frozen=True)
class Planned:
    """A point of the grid before it is computed.

    Attributes:
        values: what varies, with its values here.
        config: the point's configuration.
        point: its hash.
        cost: what it is estimated to cost.
        record: what is there of it in the folder, None where nothing is.
    """

    values: Values
    config: Config
    point: str
    cost: Cost
    record: Record | None

    @property
    def failed(self) -> bool:
        """Whether it was computed, and failed."""
        return self.record is not None and self.record["status"] == FAILED


def plan(config: Config, folder: Path) -> tuple[Folder, list[Planned]]:
    """The points of a study in grid order, with what each is estimated to cost and what is there of it; writes nothing.

    Raises:
        InvalidInputError: as `grid`; data that cannot be read; a folder that holds another study or a damaged record.
    """
    points = grid(config)
    at = Folder(folder, Identity.of(config))
    sections: dict[str, Data] = {}
    planned = []
    for values, point in points:
        # The network says in which shape it takes the samples.
        section = json.dumps([type(point.network).__name__, point.data.model_dump()], sort_keys=True)
        if section not in sections:
            sections[section] = data_of(point)
        hashed = point_hash(point)
        planned.append(Planned(values, point, hashed, cost_of(point, sections[section]), at.record(hashed)))
    return at, planned


def measured_speed(points: Sequence[Planned]) -> float:
    """Operations per second, of the points that are there where there are some."""
    return speed((p.cost, p.record["seconds"]) for p in points if p.record is not None and not p.failed)


def run_sweep(
    config: Config,
    folder: Path,
    *,
    engine: Engine,
    quantities: Sequence[Quantity] = BUILT_IN,
    threads: int = 1,
    retry_failed: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> Study:
    """Compute every missing point of a grid and return all that is in the folder.

    A record that is there is read as it is, also where a quantity is not in it. A point that fails has a record that
    says why, and does not end the study.

    Args:
        config: with a sweep section.
        folder: gets `study.json` and `points/<hash>.json`, one per point.
        engine: where the points are computed.
        quantities: what is measured at each point.
        threads: of torch and BLAS, in each worker.
        retry_failed: compute the points again whose records say that they failed.
        progress: called after each point as (done, total, note); the note says the time left, by the points' costs.

    Raises:
        InvalidInputError: as `plan`; a point too large for a worker's memory; a worker that is none of this study.
        NotAvailableError: the scheduler was lost.
    """
    at, points = plan(config, folder)
    missing = [p for p in points if p.record is None or (retry_failed and p.failed)]
    _require_memory(missing, engine)
    at.begin()
    # The largest first: none of them is left for the end, when the other workers have nothing more to do.
    waiting = sorted(missing, key=lambda p: p.cost.operations, reverse=True)
    left = _Remaining(len(points), waiting)
    running: dict[Future[Record], tuple[Planned, Task]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < _ahead(engine):
                p = waiting.pop(0)
                task = Task.of(p.values, p.config, p.point, quantities, threads)
                running[engine.executor.submit(compute, task)] = p, task
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                p, task = running.pop(future)
                at.write(_record(future, task, engine))
                if progress is not None:
                    progress(*left.after(p))
    finally:
        for future in running:
            future.cancel()
    return at.study()


def _ahead(engine: Engine) -> int:
    """How many points are submitted at a time: for each of several workers one that it computes and one that waits."""
    workers = engine.workers()
    return AHEAD * workers if workers > 1 else 1


def _record(future: Future[Record], task: Task, engine: Engine) -> Record:
    try:
        return future.result()
    except engine.died:
        return sealed(failed(task, "the worker died: killed, or out of memory"))
    except CancelledError:
        raise NotAvailableError(
            "the scheduler was lost; the points that are done are stored, and the same command computes the others"
        ) from None
    except ImportError as error:
        raise InvalidInputError(f"a worker has no pltheory ({error}); install this version there") from None


def _require_memory(points: Sequence[Planned], engine: Engine) -> None:
    for p in points:
        if p.cost.memory > SHARE_OF_MEMORY * engine.memory:
            raise InvalidInputError(
                f"sweep: the point {said(p.values)} needs about {p.cost.memory / 2**30:.1f} GiB, a worker has "
                f"{engine.memory / 2**30:.1f} GiB"
            )


class _Remaining:
    """Time left: the operations that are left, at the speed of those that are done."""

    def __init__(self, total: int, missing: Sequence[Planned]) -> None:
        self._total, self._done = total, total - len(missing)
        self._left, self._spent, self._started = sum(p.cost.operations for p in missing), 0.0, time.perf_counter()

    def after(self, p: Planned) -> tuple[int, int, str]:
        self._done += 1
        self._spent, self._left = self._spent + p.cost.operations, self._left - p.cost.operations
        took = time.perf_counter() - self._started
        note = said(p.values)
        if self._done < self._total:
            note += f"; {span(took * self._left / self._spent)} left"
        return self._done, self._total, note
