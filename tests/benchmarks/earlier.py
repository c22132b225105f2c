"""Figures of an earlier run: what a choice of rows does not measure again stays on the page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from few_samples import Few
from growth import Growth
from interleave import Measured
from pydantic import TypeAdapter

CHANGING = ("date", "load at the start")
"""Facts that may differ between runs on one machine."""


@dataclass(frozen=True)
class Earlier:
    """What is kept.

    Attributes:
        cells: title to the solvers of a comparison.
        growth: the fitted series.
        main_job: seconds of whole runs, and seconds by phase.
        few_samples: kernels on few samples, and the load they were measured at.
        changing: date and load.
    """

    cells: dict[str, list[Measured]] = field(default_factory=dict)
    growth: list[Growth] = field(default_factory=list)
    main_job: dict = field(default_factory=dict)
    few_samples: dict = field(default_factory=dict)
    changing: dict[str, str] = field(default_factory=dict)


def read(file: Path, machine: dict[str, str]) -> Earlier:
    """The figures of a JSON file; none where there is no file, or where it is of another machine or other versions."""
    if not file.exists():
        return Earlier()
    stored = json.loads(file.read_text(encoding="utf-8"))
    if any(stored["machine"].get(key) != value for key, value in machine.items() if key not in CHANGING):
        return Earlier()
    solvers = TypeAdapter(list[Measured])
    return Earlier(
        {cell["title"]: solvers.validate_python(cell["solvers"]) for cell in stored["cells"]},
        TypeAdapter(list[Growth]).validate_python(stored.get("growth", [])),
        stored.get("main_job", {}),
        _few(stored.get("few_samples", {})),
        {key: stored["machine"][key] for key in CHANGING},
    )


def _few(stored: dict) -> dict:
    return {**stored, "found": TypeAdapter(list[Few]).validate_python(stored["found"])} if stored else {}
