"""A grid of configurations: every point one record, written whole, and a rerun does only what is missing."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..theory import InvalidInputError
from ..verification.report import verify
from .build import LEVELS, batches_of, problem_of, settings_of
from .config import Config, clipped, pinned, with_values
from .network import width_of
from .quantities import BUILT_IN, Point, Quantity, measured
from .store import point_hash, write_file

SCHEMA = "pltheory-point/1"
LONGEST = 10_000
"""Most values of one range: a step that is small by mistake is refused before it fills the memory."""
MOST_POINTS = 10_000
"""Most points of a grid."""

Record = dict[str, Any]


def grid(config: Config) -> list[tuple[dict[str, Any], Config]]:
    """The points of a sweep: dotted keys with their values, and the configuration they make.

    A value is a list, or a table {from, to, step} or {from, to, factor}, both ends included.

    Raises:
        InvalidInputError: no sweep section, an empty or malformed range, or a point that is no configuration.
    """
    axes = dict(_axes(config.sweep, ""))
    if not axes:
        raise InvalidInputError("sweep: missing; give keys with lists, e.g. [sweep] run.seed = [0, 1, 2]")
    count = math.prod(len(values) for values in axes.values())
    if count > MOST_POINTS:
        raise InvalidInputError(f"sweep: {count} points, allowed are {MOST_POINTS}")
    points = []
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        # Other code has another SHA-256.
        other = {"network.sha256": None} if "network.module" in chosen else {}
        points.append((chosen, pinned(with_values(config, {**chosen, **other}))))
    return points


def run_sweep(
    config: Config,
    folder: Path,
    *,
    quantities: Sequence[Quantity] = BUILT_IN,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Record]:
    """Compute every missing point of a sweep and return all records, in grid order.

    A record that is there is read as it is, also where a quantity is not in it.

    Args:
        config: with a sweep section.
        folder: gets `points/<hash>.json`, one per point.
        quantities: what is measured at each point.
        progress: called after each point as (done, total, note).

    Raises:
        InvalidInputError: as `grid`, or a point whose data or network cannot be built.
        NumericalFailureError: a point's measured numbers are not finite.
        ExtensionError: a quantity of another package failed, or is no number.
    """
    points = grid(config)
    records = []
    for i, (values, point) in enumerate(points):
        path = folder / "points" / f"{point_hash(point)[:16]}.json"
        record = _stored(path)
        if record is None:
            record = _compute(values, point, quantities)
            write_file(path, json.dumps(record, indent=2))
        # A record may stem from another sweep in this folder, which varied other keys.
        records.append({**record, "values": values})
        if progress is not None:
            progress(i + 1, len(points), ", ".join(f"{k} = {v}" for k, v in values.items()))
    return records


def _compute(values: dict[str, Any], config: Config, quantities: Sequence[Quantity]) -> Record:
    started = time.perf_counter()
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
    record = {
        "schema": SCHEMA,
        "values": values,
        "width": width_of(config),
        "seed": config.run.seed,
        **measured(quantities, Point(config, problem, settings, report, run)),
        "verdict": report.verdict,
        "evidence": report.evidence,
        "reason": run.reason,
        "steps": len(run.trace.step_size),
    }
    return {**record, "seconds": round(time.perf_counter() - started, 3)}


def _stored(path: Path) -> Record | None:
    """A record that was written before, or None where there is none of this schema."""
    if not path.exists():
        return None
    try:
        record: Record = json.loads(path.read_text(encoding="utf-8"))
        return record if record["schema"] == SCHEMA else None
    except (ValueError, KeyError, TypeError):
        raise InvalidInputError(f"{path}: damaged record; remove it and run the sweep again") from None


def _axes(tree: dict[str, Any], prefix: str) -> list[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and value:
            found.append((name, value))
        elif isinstance(value, dict) and "from" in value:
            found.append((name, _range(name, value)))
        elif isinstance(value, dict) and value:
            found.extend(_axes(value, f"{name}."))
        else:
            raise _refused(name, value, "give a non-empty list or {from, to, step or factor}")
    return found


def _refused(name: str, value: Any, allowed: str) -> InvalidInputError:
    return InvalidInputError(f"sweep.{clipped(name)} = {clipped(repr(value))}: {allowed}")


def _range(name: str, spec: dict[str, Any]) -> list[Any]:
    keys = set(spec)
    if keys not in ({"from", "to", "step"}, {"from", "to", "factor"}):
        raise _refused(name, spec, "a range has from, to and one of step, factor")
    if not all(type(v) is int or (type(v) is float and math.isfinite(v)) for v in spec.values()):
        raise _refused(name, spec, "a range is of finite numbers")
    first, last, step, factor = spec["from"], spec["to"], spec.get("step", 0), spec.get("factor", 1)
    grows = (step > 0) if "step" in spec else (factor > 1 and first > 0)
    if not grows or first > last:
        raise _refused(name, spec, "a range must grow from 'from' to 'to'")
    values: list[Any] = []
    value = first
    # A step like 0.1 may pass the end by round-off.
    while value <= last + 1e-9 * (step or last):
        if len(values) == LONGEST:
            raise _refused(name, spec, f"more than {LONGEST} values")
        values.append(min(value, last))
        value = first + len(values) * step if step else value * factor
    return values
