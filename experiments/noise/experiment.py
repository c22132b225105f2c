"""Noise along one run, a file; and generated noise, another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

import pltheory as pl
from pltheory.measure.gradient_noise import gradient_noise
from pltheory.optim import DeltaGClip, DeltaGClipSettings
from pltheory.problem.batches import Batches
from pltheory.theory import InvalidInputError

from ..records import made

KEYS = {
    "digits": (
        "data", "n", "hidden", "lr", "gamma", "delta", "train_batch", "steps", "batches", "draws", "ladder",
        "seed",
    ),
    "generated": ("n", "pareto", "gaussian", "seed"),
}  # fmt: skip


def trained(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Noise at some iterates of a run of delta-GClip, and what the ladder says there."""
    data = pl.datasets.named(asked["data"], asked["n"], labels="one-hot")
    net = pl.fully_connected(
        [data.x.shape[1], asked["hidden"], data.y.shape[1]],
        activation="tanh", parametrization="ntk", seed=asked["seed"],
    )  # fmt: skip
    problem = pl.Problem(net, data.x, data.y, "mean")
    rule = {"gamma": asked["gamma"], "delta": asked["delta"]}
    optimizer = DeltaGClip(problem.parameters(), asked["lr"], **rule)
    draw = torch.Generator().manual_seed(asked["seed"])
    found = []
    for step in range(max(asked["steps"]) + 1):
        if step in asked["steps"]:
            found.append({"step": step, **looked_at(problem, asked)})
        rows = torch.randperm(len(data.x), generator=draw)[: asked["train_batch"]]
        optimizer.zero_grad()
        outputs = problem.network(problem.x[rows]).flatten(1)
        problem.objective.of_rows(rows).value(outputs, problem.y[rows]).backward()
        optimizer.step()
    # The ladder measures the kernel, whose size is that of all outputs at all samples.
    few = pl.Problem(net, data.x[: asked["ladder"]], data.y[: asked["ladder"]], "mean")
    report = pl.verify(
        few, DeltaGClipSettings(eta=asked["lr"], **rule), theorem="ZM26-2", batches=Batches(1, "random"), steps=0
    )
    rows = [[row.hypothesis, row.verdict.value, row.how] for row in report.main.rows]
    return {"data": data.name, "looks": found, "rows": rows}


def looked_at(problem: pl.Problem, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The loss, and the noise of each size of batch."""
    with torch.no_grad():
        loss = float(problem.value())
    noise = {}
    for batch in asked["batches"]:
        at = gradient_noise(problem, batch, draws=asked["draws"], seed=asked["seed"])
        noise[str(batch)] = {"norms": at.norms.tolist(), "gradient": at.gradient}
    return {"loss": loss, "noise": noise}


def generated(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Noise whose index is known, or that has none."""
    draw = np.random.default_rng(asked["seed"])
    pareto = {f"Pareto, index {a:g}": (draw.pareto(a, asked["n"]) + 1).tolist() for a in asked["pareto"]}
    gaussian = {
        f"Gaussian, {d} entries": np.linalg.norm(draw.standard_normal((asked["n"], d)), axis=1).tolist()
        for d in asked["gaussian"]
    }
    return {"norms": pareto | gaussian}


def both(config: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The run and the generated noise.

    Raises:
        InvalidInputError: a setting is missing.
    """
    for section, keys in KEYS.items():
        for key in keys:
            if key not in config.get(section, {}):
                raise InvalidInputError(f"{section}.{key} is missing")
    run = made(folder, "digits", config["digits"], lambda: trained(config["digits"]))
    return run, made(folder, "generated", config["generated"], lambda: generated(config["generated"]))


def run(config: Mapping[str, Any], folder: Path) -> None:
    """Make what is not there with the same settings."""
    torch.set_num_threads(1)
    both(config, folder)


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Figures and page from the files."""
    from . import report

    report.write(*both(config, folder), config, name)
