"""The runs of the autoencoder, one file each, and its page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from pltheory.theory import InvalidInputError

from ..records import made
from .training import train

KEYS = ("data", "hidden", "latent", "batch", "epochs", "cuts", "seeds", "optimizers")


def runs(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and settings of every run, seed by seed.

    Raises:
        InvalidInputError: a setting is missing.
    """
    missing = [key for key in KEYS if key not in config]
    if missing:
        raise InvalidInputError(f"{missing[0]} is missing")
    shared = {key: value for key, value in config.items() if key not in ("seeds", "optimizers")}
    for seed in config["seeds"]:
        for name, settings in config["optimizers"].items():
            yield f"{name}-{seed}", {**shared, "optimizer": settings, "seed": seed}


def run(config: Mapping[str, Any], folder: Path) -> None:
    """Make the runs that are not there with the same settings."""
    torch.set_num_threads(1)
    for name, asked in runs(config):
        group = {key: value for key, value in asked.items() if key not in ("optimizer", "seed")}
        log = folder / "logs" / f"{name}.csv"
        made(folder, name, asked, lambda g=group, a=asked, l=log: train(g, a["optimizer"], a["seed"], l))


def recorded(config: Mapping[str, Any], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The runs of every optimizer, in the order of their seeds."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in config["optimizers"]}
    for name, _ in runs(config):
        found[name.rpartition("-")[0]].append(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    return found


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Figures and page from the files."""
    from . import report

    report.write(config, folder, name)
