"""The log of a monitor: a row a step with what was measured before it, empty where nothing was."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ..theory import Bound, InvalidInputError
from ..theory.bound import Direction
from .norm_log import NormLog
from .reading import HeldTheorem, Reading

STEP = ("grad_norm", "gamma", "delta", "eta", "step_size")
"""What is known of every step; of another optimizer than ours some are empty."""
READ = ("distance", "pl_ratio", "lambda_min", "kernel_drift", "sharpness")
"""What is measured now and then."""
HELD = "theorems"
"""The column of theorems that were held against the probe, JSON in a cell."""
_KINDS = {"pl_ratio": Direction.EXACT, "lambda_min": Direction.ESTIMATE, "sharpness": Direction.LOWER}


def write_log(path: str | os.PathLike[str], steps: Sequence[tuple[float, ...]], read: Mapping[int, Reading]) -> None:
    """Write the log that `pltheory audit` reads, whole, over what was there.

    Args:
        path: where.
        steps: the numbers of `STEP` of every step, NaN where there is none.
        read: what was measured before which step.

    Raises:
        InvalidInputError: it cannot be written.
    """
    target = Path(path)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["step", *STEP, *READ, HELD])
    for t, row in enumerate(steps):
        # A norm that is NaN is a finding, a number that there is not is no cell.
        rows.writerow([t, repr(row[0]), *map(_cell, row[1:]), *_measured(read.get(t))])
    temporary = target.with_name(f".{target.name}.partial")
    try:
        temporary.write_text(text.getvalue(), encoding="utf-8")
        os.replace(temporary, target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InvalidInputError(f"{target}: cannot be written ({error.strerror})") from None


def readings(log: NormLog) -> list[Reading]:
    """What the log says was measured, in its order; the step is the row's number from 0 without a column `step`.

    Raises:
        InvalidInputError: a cell of these columns is no number, or no JSON of theorems, with its line.
    """
    found = []
    columns = {name: log.columns.get(name, [""] * len(log.lines)) for name in ("step", "eta", *READ, HELD)}
    for i, line in enumerate(log.lines):
        cells = {name: cells[i].strip() for name, cells in columns.items()}
        if not any(cells[name] for name in (*READ, HELD)):
            continue
        values = {name: _number(log, line, name, cells[name]) for name in ("step", "eta", *READ)}
        bounds = {name: None if values[name] is None else _bound(name, values[name]) for name in _KINDS}
        found.append(
            Reading(
                step=i if values["step"] is None else int(values["step"]),
                distance=math.nan if values["distance"] is None else values["distance"],
                eta=math.nan if values["eta"] is None else values["eta"],
                kernel_drift=values["kernel_drift"],
                theorems=_theorems(log, line, cells[HELD]),
                **bounds,  # type: ignore[arg-type]
            )
        )
    return found


def _bound(name: str, value: float | None) -> Bound:
    assert value is not None
    return Bound(value, _KINDS[name], "read from a log")


def _number(log: NormLog, line: int, name: str, cell: str) -> float | None:
    if not cell:
        return None
    try:
        return float(cell)
    except ValueError:
        raise InvalidInputError(
            f"{log.path}: line {line}, column {name!r} is {cell[:60]!r}; allowed are numbers"
        ) from None


def _theorems(log: NormLog, line: int, cell: str) -> tuple[HeldTheorem, ...]:
    if not cell:
        return ()
    try:
        return tuple(
            HeldTheorem(str(t["theorem"]), str(t["verdict"]), tuple((str(a), str(b), str(c)) for a, b, c in t["rows"]))
            for t in json.loads(cell)
        )
    except (ValueError, TypeError, KeyError):
        raise InvalidInputError(
            f"{log.path}: line {line}, column {HELD!r} is {cell[:60]!r}; allowed is what a monitor writes"
        ) from None


def _measured(reading: Reading | None) -> list[str]:
    if reading is None:
        return [""] * (len(READ) + 1)
    values = [getattr(reading, name) for name in READ]
    numbers = [v.value if isinstance(v, Bound) else v for v in values]
    held = json.dumps([asdict(t) for t in reading.theorems], ensure_ascii=False) if reading.theorems else ""
    return [*map(_cell, numbers), held]


def _cell(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else repr(float(value))
