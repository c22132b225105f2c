"""A point of a study: plain data in, one record out, whatever happens in between."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from ..measure.ntk import empirical_ntk
from ..measure.spectrum import eigenvalues
from ..problem.problem import Problem
from ..theory import InvalidInputError, NotAvailableError, NumericalFailureError, PltheoryError
from ..theory.errors import says_out_of_memory
from ..verification.report import verify
from .build import LEVELS, batches_of, device_of, problem_of, settings_of
from .config import Config, clipped, from_tree, pinned, with_values
from .course import pl_course
from .engine import leave_generator
from .network import width_of
from .network_section import ModuleSection
from .quantities import Point, Quantity, measured, quantities
from .store import point_hash

SCHEMA = "pltheory-point/3"
SCHEMAS = ("pltheory-point/2", SCHEMA)
"""Those that are read: 2 had neither `spectrum` nor `pl_ratio`."""
DONE, FAILED = "done", "failed"

Record = dict[str, Any]
_ONE_AT_A_TIME = threading.Lock()
"""A dask worker has a thread for each core; what surrounds a computation, its threads and modes, is the process's."""


@dataclass(frozen=True)
class Task:
    """What a worker is told, in plain data: it may be another process on another machine.

    Attributes:
        values: what varies, with its values here.
        tree: the configuration as a nested dictionary.
        point: the hash of the configuration and of the files that it names.
        names: the quantities to be measured.
        threads: of torch and BLAS.
        version: of this package, where the task was made.
    """

    values: dict[str, Any]
    tree: dict[str, Any]
    point: str
    names: tuple[str, ...]
    threads: int
    version: str

    @classmethod
    def of(cls, values: dict[str, Any], config: Config, point: str, among: Sequence[Quantity], threads: int) -> Task:
        """The task of computing a point."""
        names = tuple(q.name for q in among)
        return cls(values, config.model_dump(exclude={"sweep"}), point, names, threads, version("pltheory"))

    @cached_property
    def config(self) -> Config:
        """The configuration."""
        return from_tree(self.tree)


def compute(task: Task) -> Record:
    """The record of a point; one that fails has a record too, which says why.

    Raises:
        InvalidInputError: this process cannot be a worker of that study: it has another version of the package, lacks a
            quantity, or finds other files than the command, or none.
    """
    if task.version != version("pltheory"):
        raise InvalidInputError(
            f"a worker has pltheory {version('pltheory')}, the study {task.version}; give all the same version"
        )
    there = {q.name: q for q in quantities()}
    lacking = [name for name in task.names if name not in there]
    if lacking:
        raise InvalidInputError(f"a worker lacks the quantity {lacking[0]!r}; install its package there too")
    with _ONE_AT_A_TIME:
        leave_generator()
        _require_files(task)
        started = time.perf_counter()
        try:
            with _threads(task.threads):
                record = _measured(task, [there[name] for name in task.names])
        except Exception as error:
            record = failed(task, _said(error))
        # Also of a failure: that of a file which vanished in between is none of the point.
        _require_files(task)
        return sealed({**record, "seconds": round(time.perf_counter() - started, 3)})


def failed(task: Task, error: str) -> Record:
    """The record of a point that has no numbers, without its seal."""
    answers = ("verdict", "evidence", "reason", "steps", "spectrum", "pl_ratio", "seconds")
    unknown = dict.fromkeys(("device", *task.names, *answers))
    return {**_head(task, FAILED, error), **unknown}


def sealed(record: Record) -> Record:
    """The record with the SHA-256 of all that it says."""
    return {**record, "sha256": _digest(record)}


def is_whole(record: object, point: str) -> bool:
    """Whether this is the record of that point as it was written, every digit of it."""
    if not isinstance(record, dict) or record.get("schema") not in SCHEMAS or record.get("point") != point:
        return False
    return record.get("sha256") == _digest({k: v for k, v in record.items() if k != "sha256"})


def _digest(record: Record) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _head(task: Task, status: str, error: str | None) -> Record:
    config = task.config
    return {
        "schema": SCHEMA,
        "point": task.point,
        "values": task.values,
        "width": width_of(config),
        "seed": config.run.seed,
        "status": status,
        "error": error,
    }


def _measured(task: Task, among: Sequence[Quantity]) -> Record:
    config = task.config
    problem, settings = problem_of(config), settings_of(config)
    report = verify(
        problem,
        settings,
        theorem=config.theorem.name,
        batches=batches_of(config),
        options=config.theorem.options,
        steps=config.run.steps,
        target=config.run.target,
        checkpoint=config.network.checkpoint,
        level=LEVELS[config.level],
    )
    run = report.run
    assert run is not None
    return {
        **_head(task, DONE, None),
        "device": str(device_of(config)),
        **measured(among, Point(config, problem, settings, report, run)),
        "verdict": report.verdict.value,
        "evidence": report.evidence.value,
        "reason": run.reason.value,
        "steps": len(run.trace.step_size),
        "spectrum": _spectrum(problem),
        "pl_ratio": pl_course(run),
    }


def _spectrum(problem: Problem) -> list[float]:
    """Eigenvalues of the tangent kernel at w_0 in the scale of the loss, ascending, shape (n C,)."""
    kernel = empirical_ntk(problem.network, problem.x).double()
    return (problem.unit * eigenvalues(kernel)).tolist()


def _require_files(task: Task) -> None:
    config = task.config
    network = config.network
    if isinstance(network, ModuleSection):
        # Read anew, and refused where it cannot be; the point's hash is of the file that the command read.
        config = pinned(with_values(config, {"network.sha256": None}))
    if point_hash(config) != task.point:
        raise InvalidInputError(
            "a file that the configuration names has changed, or vanished, since the command began, or a worker has "
            "another one; the points that are done are stored, and with the file the same command computes the others"
        )


def _said(error: Exception) -> str:
    """What kind of failure it was, and its message, in one line."""
    said = clipped(" ".join(str(error).split()))
    if says_out_of_memory(error):
        return f"out of memory: {said}" if said else "out of memory"
    if isinstance(error, (InvalidInputError, NotAvailableError)):
        return f"refused: {said}"
    if isinstance(error, NumericalFailureError):
        return f"numerical failure: {said}"
    if isinstance(error, PltheoryError):
        return f"no verdict: {said}"
    return f"a defect of pltheory: {type(error).__name__}: {said}"


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """So many threads and no more: others that wait for work spin, and the order of sums hangs on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)
