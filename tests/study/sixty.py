"""A study of sixty points that cost nearly nothing, and what its folder says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pltheory.study.config import read_config
from pltheory.study.engine import Engine, in_process
from pltheory.study.sweep import run_sweep

TEXT = """
level = "holds"
network.hidden = [4]
data = {source = "digits", n = 2, labels = "low-high"}
optimizer = {eta = "0.1/beta", gamma = 0.5, delta = 0.1}
theorem.name = "B"
run.steps = 3
[sweep]
width = [2, 3, 4]
run.seed = {from = 0, to = 19, step = 1}
"""
FEW = ("sweep.run.seed=[0, 1, 2]",)
"""Nine of them."""

Numbers = dict[str, dict[str, Any]]


def swept(folder: Path, engine: Engine | None = None, *overrides: str, **more: Any) -> Numbers:
    """The numbers after what was missing has been computed, by the calling process where no engine is given."""
    config = read_config(TEXT, overrides)
    if engine is not None:
        run_sweep(config, folder, engine=engine, **more)
    else:
        with in_process() as here:
            run_sweep(config, folder, engine=here, **more)
    return numbers(folder)


def numbers(folder: Path) -> Numbers:
    """What the records of a folder say, without the time and the seal over it."""
    records = [json.loads(p.read_text(encoding="utf-8")) for p in (folder / "points").glob("[!.]*.json")]
    return {r["point"]: {k: v for k, v in r.items() if k not in ("seconds", "sha256")} for r in records}
