"""The trials and runs of equal tuning, one file each, and its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pltheory.theory import InvalidInputError

from ..classify import classify
from ..records import made


@dataclass(frozen=True)
class Tuned:
    """An optimizer on a problem.

    Attributes:
        settings: the best of the trials.
        trials: the record of every trial.
        runs: with these settings, a record a seed.
    """

    settings: dict[str, Any]
    trials: list[dict[str, Any]]
    runs: list[dict[str, Any]]


def tuned(config: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str, Tuned]]:
    """Problem, optimizer and what was found, made where it is not there with the same settings.

    Raises:
        InvalidInputError: a setting is missing or not as it should be.
    """
    from .search import best

    for key in ("trials", "tuning_seed", "seeds", "problems", "spaces"):
        if key not in config:
            raise InvalidInputError(f"{key} is missing")
    if config["tuning_seed"] in config["seeds"]:
        raise InvalidInputError(f"tuning_seed = {config['tuning_seed']}: is one of the seeds that are reported")
    for problem, group in config["problems"].items():
        if "target" not in group:
            raise InvalidInputError(f"{problem}.target is missing")
        asked = {key: value for key, value in group.items() if key != "target"}
        for name, space in config["spaces"].items():
            label = f"{problem}-{name}"
            settings, trials = best(folder, label, asked, space, config["trials"], config["tuning_seed"])
            runs = [
                made(
                    folder,
                    f"{label}-{seed}",
                    {**asked, "optimizer": settings, "seed": seed},
                    lambda s=seed, o=settings, g=asked: classify(g, o, s),
                )
                for seed in config["seeds"]
            ]
            yield problem, name, Tuned(settings, trials, runs)


def run(config: Mapping[str, Any], folder: Path) -> None:
    """Make the trials and runs that are not there with the same settings."""
    torch.set_num_threads(1)
    for _ in tuned(config, folder):
        pass


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Figures and page from the files."""
    from . import report

    report.write(list(tuned(config, folder)), config, name)
