"""Networks by optimizers by seeds, a record a run, and their page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from pltheory.theory import InvalidInputError

from ..classify import classify
from ..records import made


def runs(config: Mapping[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Name, network, optimizer and settings of every run.

    Raises:
        InvalidInputError: a setting is missing.
    """
    if "networks" not in config:
        raise InvalidInputError("networks is missing")
    for title, group in config["networks"].items():
        for key in ("optimizers", "seeds"):
            if key not in group:
                raise InvalidInputError(f"{title}.{key} is missing")
        shared = {key: value for key, value in group.items() if key not in ("optimizers", "seeds")}
        for name, settings in group["optimizers"].items():
            for seed in group["seeds"]:
                yield f"{title}-{name}-{seed}", title, name, {**shared, "optimizer": settings, "seed": seed}


def one(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A run; its clipped steps are audited."""
    group = {key: value for key, value in asked.items() if key not in ("optimizer", "seed")}
    return classify({**group, "watched": True}, asked["optimizer"], asked["seed"])


def recorded(config: Mapping[str, Any], folder: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The runs by network and optimizer, made where they are not there with the same settings."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for label, title, name, asked in runs(config):
        record = made(folder, label, asked, lambda a=asked: one(a))
        found.setdefault(title, {}).setdefault(name, []).append(record)
    return found


def run(config: Mapping[str, Any], folder: Path) -> None:
    """Make the runs that are not there with the same settings."""
    torch.set_num_threads(1)
    recorded(config, folder)


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Figures and page from the files."""
    from . import report

    report.write(recorded(config, folder), config, name)
