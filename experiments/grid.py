"""Experiments that are a table of runs: groups, kinds in each, seeds; a record a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from pltheory.theory import InvalidInputError

from .records import made

Groups = dict[str, dict[str, list[dict[str, Any]]]]
"""The records of every kind of every group, in the order of their seeds."""


class Run(NamedTuple):
    """A run of a table.

    Attributes:
        name: of its record.
        group: a network, or what else a table of a page is about.
        kind: an optimizer, or what else a line of it is about.
        asked: its settings.
    """

    name: str
    group: str
    kind: str
    asked: dict[str, Any]


def networks(config: Mapping[str, Any]) -> Iterator[Run]:
    """Every network of the settings by every optimizer from every seed.

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
                yield Run(f"{title}-{name}-{seed}", title, name, {**shared, "optimizer": settings, "seed": seed})


def recorded(runs: Iterable[Run], folder: Path, one: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Groups:
    """The records of all runs, on one thread; `one` makes of its settings what is not there with the same ones."""
    torch.set_num_threads(1)
    found: Groups = {}
    for run in runs:
        record = made(folder, run.name, run.asked, lambda asked=run.asked: one(asked))
        found.setdefault(run.group, {}).setdefault(run.kind, []).append(record)
    return found
