"""One run of the autoencoder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import pltheory as pl
from pltheory.theory import InvalidInputError

from ..data import images
from ..optimizers import optimizer
from .model import Autoencoder, loss

CHUNK = 500
"""Samples of one evaluation."""


def _mean_loss(net: Autoencoder, x: Tensor, draw: torch.Generator) -> float:
    """The loss per sample."""
    with torch.no_grad():
        parts = [loss(net, c, torch.randn(len(c), net.latent, generator=draw)) for c in x.split(CHUNK)]
    return float(sum(float(part) for part in parts) / len(x))


def _by_epoch(epochs: int, *steps: np.ndarray) -> list[np.ndarray]:
    """Numbers of all steps as (epochs, steps an epoch)."""
    return [part.reshape(epochs, -1) for part in steps]


def train(group: Mapping[str, Any], settings: Mapping[str, Any], seed: int, log: Path | None = None) -> dict[str, Any]:
    """Losses per sample before every epoch and after the last one.

    A seed gives the first weights, the order of the batches and the noise, the same for every optimizer; the losses are
    taken with noise of their own, the same at every epoch.

    Args:
        group: data, n, path, hidden, latent, batch, epochs, cuts: epochs before which lr is divided by ten,
            of every optimizer or, with `cuts_reach = "clipped"`, of those that clip.
        settings: of the optimizer.
        seed: of the run.
        log: where to write what a monitor saw of an optimizer that clips, as `pltheory audit` reads it.

    Raises:
        InvalidInputError: a setting or the data are not as they should be; the monitor's log cannot be written.
    """
    train_x, test_x = (
        images(group["data"], split, group.get("n"), group.get("path"), group.get("white")).x.flatten(1)
        for split in ("train", "test")
    )
    batch = group["batch"]
    if not 1 <= batch <= len(train_x):
        raise InvalidInputError(f"batch = {batch}: allowed are 1 to {len(train_x)}, the samples")
    torch.manual_seed(seed)
    net = Autoencoder(train_x.shape[1], group["hidden"], group["latent"])
    step = optimizer(settings, net.parameters())
    draw = torch.Generator().manual_seed(seed)
    curves: dict[str, list[float]] = {"train": [], "test": []}

    def evaluate() -> None:
        own = torch.Generator().manual_seed(seed + 1_000_000)
        curves["train"].append(_mean_loss(net, train_x, own))
        curves["test"].append(_mean_loss(net, test_x, own))

    clips, reach = "gamma" in settings, group.get("cuts_reach", "all")
    if reach not in ("all", "clipped"):
        raise InvalidInputError(f"cuts_reach = {reach!r}: allowed are all, clipped")
    with pl.Monitor(step, every=len(train_x) // batch) if clips else nullcontext() as monitor:
        for epoch in range(group["epochs"]):
            if epoch in group.get("cuts", ()) and (clips or reach == "all"):
                for part in step.param_groups:
                    part["lr"] *= 0.1
            evaluate()
            for chosen in torch.randperm(len(train_x), generator=draw).split(batch):
                x = train_x[chosen]
                step.zero_grad()
                loss(net, x, torch.randn(len(x), net.latent, generator=draw)).backward()
                step.step()
    evaluate()
    seen: dict[str, Any] = {}
    if monitor is not None:
        found = monitor.audit()
        per_epoch = [part.mean(axis=1).tolist() for part in _by_epoch(group["epochs"], found.is_full, found.is_floored)]
        seen = {"audit": found.to_dict(), "full": per_epoch[0], "floored": per_epoch[1]}
        if log is not None:
            log.parent.mkdir(exist_ok=True)
            monitor.save(log)
    return {**curves, **seen, "samples": [len(train_x), len(test_x)]}
