"""The runs of the experiment, one file each, and its page."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import pltheory as pl
from pltheory.measure.collapse import Collapse
from pltheory.optim import ClippedSettings
from pltheory.optim.registry import rule
from pltheory.runs.collapse import CollapseTrace, collapse_along
from pltheory.theory import InvalidInputError

from ..machine import machine
from . import report

KEYS = ("data", "n", "hidden", "linear", "bias", "seeds", "steps", "checkpoints", "optimizer")
BOUNDS = ("within_bound", "within_bound_apart", "nc1_bound", "nc2_bound", "head_condition", "head_condition_bound")


def network(width: int, hidden: list[int], linear: list[int], outputs: int, bias: bool, seed: int) -> nn.Sequential:
    """ReLU layers, then linear ones, with torch's own initialisation in doubles."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for below, above in zip([width, *hidden], hidden, strict=False):
        layers += [nn.Linear(below, above), nn.ReLU()]
    sizes = [hidden[-1], *linear, outputs]
    layers += [nn.Linear(a, b, bias=bias) for a, b in pairwise(sizes)]
    return nn.Sequential(*layers).double()


def settings_of(section: Mapping[str, Any]) -> ClippedSettings:
    """The step rule of a section.

    Raises:
        InvalidInputError: it is none of the clipped rules.
    """
    given = dict(section)
    made = rule(given.pop("name"))(**given)
    if not isinstance(made, ClippedSettings):
        raise InvalidInputError(f"optimizer.name = {made.name!r}: allowed are gd, gclip and delta-gclip")
    return made


def one(group: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """One run, as numbers."""
    data = pl.datasets.named(group["data"], group["n"], labels="one-hot", scale="unit")
    net = network(data.x.shape[1], group["hidden"], group["linear"], data.y.shape[1], group["bias"], seed)
    steps = np.unique(np.geomspace(1, group["steps"], group["checkpoints"]).astype(int)).tolist()
    start = time.process_time()
    trace = collapse_along(pl.Problem(net, data.x, data.y, loss="mean"), settings_of(group["optimizer"]), [0, *steps])
    return {**numbers(trace), "data": data.name, "seconds": time.process_time() - start, "machine": machine()}


def numbers(trace: CollapseTrace) -> dict[str, Any]:
    """A trace as JSON: every number of `Collapse` and its bounds at every checkpoint."""

    def row(c: Collapse) -> dict[str, Any]:
        return {**asdict(c), **{name: getattr(c, name) for name in BOUNDS}}

    arrays = {name: getattr(trace, name).tolist() for name in ("steps", "loss", "time", "law", "drift")}
    return {**arrays, "collapse": [row(c) for c in trace.collapse]}


def runs(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Name, group and seed of every run.

    Raises:
        InvalidInputError: a setting is missing.
    """
    for name, group in config.items():
        missing = [key for key in KEYS if not isinstance(group, Mapping) or key not in group]
        if missing:
            raise InvalidInputError(f"{name}.{missing[0]} is missing")
        for seed in group["seeds"]:
            yield f"{name}-{seed}", {k: v for k, v in group.items() if k != "seeds"}, seed


def run(config: Mapping[str, Any], folder: Path) -> None:
    """Make the runs that are not there with the same settings."""
    torch.set_num_threads(1)
    for name, group, seed in runs(config):
        path = folder / f"{name}.json"
        asked = {**group, "seed": seed}
        if path.exists() and json.loads(path.read_text())["asked"] == asked:
            continue
        found = {"asked": asked, **one(group, seed)}
        written = path.with_suffix(".partial")
        written.write_text(json.dumps(found))
        written.rename(path)


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Figures and page from the files."""
    found = {n: json.loads((folder / f"{n}.json").read_text()) for n, _, _ in runs(config)}
    report.write({group: [found[f"{group}-{s}"] for s in config[group]["seeds"]] for group in config}, config, name)
