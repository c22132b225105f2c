"""A study over a grid: what is missing is computed and written point by point, what is there stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from ..problem.data import Data
from ..theory import InvalidInputError
from .build import data_of
from .config import Config
from .cost import Cost, cost_of, span, speed
from .dispatch import records
from .engine import Engine
from .folder import Folder, Identity, Study
from .grid import Values, grid, said
from .machine import SHARE_OF_MEMORY, gpus
from .point import FAILED, Record, Task
from .quantities import BUILT_IN, Quantity
from .store import point_hash


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


def plan(config: Config, folder: Path, *, retry_failed: bool = False) -> tuple[Folder, list[Planned]]:
    """The points of a study in grid order, with what each is estimated to cost and what is there of it; writes nothing.

    Args:
        config: with a sweep section.
        folder: of the study.
        retry_failed: take points that failed as missing.

    Raises:
        InvalidInputError: as `grid`; data that cannot be read; a folder that holds another study or a damaged record;
            two points that are the same.
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
        p = Planned(values, point, hashed, cost_of(point, sections[section]), at.record(hashed))
        planned.append(replace(p, record=None) if retry_failed and p.failed else p)
    _require_different(planned)
    return at, planned


def _require_different(points: Sequence[Planned]) -> None:
    """Refuse a grid with a point that stands twice under two names, e.g. eta = 1 and eta = 1.0."""
    first: dict[str, Planned] = {}
    for p in points:
        other = first.setdefault(p.point, p)
        if other is not p:
            raise InvalidInputError(f"sweep: the points {said(other.values)} and {said(p.values)} are the same")


def measured_speed(points: Sequence[Planned]) -> float:
    """Operations per second, of the points that are there where there are some."""
    return speed(_seconds(points))


def time_of(operations: Sequence[float], rate: float, workers: int) -> float:
    """Seconds that points take: their sum shared by the workers, but not less than the largest of them.

    Args:
        operations: of each point.
        rate: operations per second of one worker.
        workers: how many; 0 is the calling process.
    """
    return max(sum(operations) / max(workers, 1), *operations, 0.0) / rate


def _seconds(points: Sequence[Planned]) -> list[tuple[Cost, float]]:
    return [(p.cost, p.record["seconds"]) for p in points if p.record is not None and not p.failed]


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
    at, points = plan(config, folder, retry_failed=retry_failed)
    return fill(at, points, engine=engine, quantities=quantities, threads=threads, progress=progress)


def fill(
    at: Folder,
    points: Sequence[Planned],
    *,
    engine: Engine,
    quantities: Sequence[Quantity] = BUILT_IN,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> Study:
    """As `run_sweep`, of points that are planned."""
    # The largest first: none of them is left for the end, when the other workers have nothing more to do.
    missing = sorted((p for p in points if p.record is None), key=lambda p: p.cost.operations, reverse=True)
    require_memory(missing, engine.memory)
    at.begin()
    left = _Remaining(points, missing, engine)
    if progress is not None and missing:
        progress(*left.before())
    by_point = {p.point: p for p in missing}
    tasks = [Task.of(p.values, p.config, p.point, quantities, threads) for p in missing]
    with closing(records(tasks, engine)) as found:
        for task, record in found:
            at.write(record)
            note = left.after(by_point[task.point], record)
            if progress is not None:
                progress(*note)
    return at.study()


def require_memory(points: Sequence[Planned], there: float) -> None:
    """Refuse points that are missing and too large.

    Args:
        points: of the grid.
        there: bytes that one worker has.

    Raises:
        InvalidInputError: one is estimated to need more than a share of it.
    """
    for p in points:
        if p.record is None and p.cost.memory > SHARE_OF_MEMORY * there:
            raise InvalidInputError(
                f"sweep: the point {said(p.values)} needs about {p.cost.memory / 2**30:.1f} GiB, a worker has "
                f"{there / 2**30:.1f} GiB"
            )


def gpus_for(points: Sequence[Planned]) -> tuple[str, ...]:
    """The GPUs that workers share, where there are several and the points do not say which they use."""
    named = {p.config.run.device for p in points}
    there = gpus()
    return there if len(there) > 1 and named <= {"auto", "cuda"} else ()


class _Remaining:
    """Time left: the operations that are left, at the speed of the points that are there, by all workers."""

    def __init__(self, points: Sequence[Planned], missing: Sequence[Planned], engine: Engine) -> None:
        self._total, self._workers = len(points), engine.workers
        self._left = {p.point: p.cost.operations for p in missing}
        self._known = _seconds(points)

    def before(self) -> tuple[int, int, str]:
        return self._total - len(self._left), self._total, self._time()

    def after(self, p: Planned, record: Record) -> tuple[int, int, str]:
        del self._left[p.point]
        self._known += [(p.cost, record["seconds"])] if record["status"] != FAILED else []
        time = f"; {self._time()}" if self._left else ""
        return self._total - len(self._left), self._total, f"{said(p.values)}{time}"

    def _time(self) -> str:
        return f"{span(time_of([*self._left.values()], speed(self._known), self._workers()))} left"
