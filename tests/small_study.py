"""A real study of 24 tiny networks, computed once a session; tests that change it work on a copy of the folder."""

from __future__ import annotations

from pathlib import Path

from pltheory.study.config import Config, from_tree
from pltheory.study.engine import in_process
from pltheory.study.limits import limits_of, write_limits
from pltheory.study.quantities import BUILT_IN
from pltheory.study.sweep import run_sweep

TREE = {
    "network": {"hidden": [16]},
    "data": {"source": "digits", "n": 1, "labels": "low-high"},
    "optimizer": {"eta": "0.1/beta", "gamma": 0.5, "delta": 0.1},
    "run": {"steps": 20},
    "level": "holds",
    "theorem": {"name": "B"},
}
SWEEP = {
    "width": [16, 64, 256],
    "run.seed": [0, 1],
    "data.n": [1, 3],
    "optimizer.eta": ["0.1/beta", "0.5/beta"],
}


def config(**sweep: object) -> Config:
    """The configuration; with other axes where they are given."""
    return from_tree({**TREE, "sweep": sweep or SWEEP})


def made(folder: Path, settings: Config | None = None) -> Path:
    """Compute a study and its limits as `pltheory sweep` does."""
    settings = settings or config()
    with in_process() as engine:
        study = run_sweep(settings, folder, engine=engine)
    write_limits(folder, study.identity.hash, limits_of(settings, BUILT_IN))
    return folder
