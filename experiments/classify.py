"""Training of a classifier, with its losses along the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

import pltheory as pl
from pltheory.theory import InvalidInputError

from .data import Images, images
from .networks import network
from .optimizers import optimizer

CHUNK = 500
"""Samples of one evaluation."""
CLASSES = 10


class Splits(NamedTuple):
    """What is learned from, what a choice is made by, and what is reported."""

    train: Images
    validation: Images
    test: Images


@dataclass(frozen=True)
class Score:
    """Mean cross entropy and share of right answers."""

    loss: float
    accuracy: float


def splits(group: Mapping[str, Any]) -> Splits:
    """The images of a group of settings: `train` first ones, then `validation` of the training split, `test` others.

    Raises:
        InvalidInputError: a setting is missing, or there are not so many images.
    """
    for key in ("data", "train", "validation", "test"):
        if key not in group:
            raise InvalidInputError(f"{key} is missing")
    n, held = group["train"], group["validation"]
    both = images(group["data"], "train", n + held, group.get("path"))
    test = images(group["data"], "test", group["test"], group.get("path"))
    return Splits(Images(both.x[:n], both.y[:n], both.name), Images(both.x[n:], both.y[n:], both.name), test)


def score(net: nn.Module, data: Images) -> Score:
    """Of a network in evaluation mode, which it leaves in training mode."""
    net.eval()
    total, right = 0.0, 0
    with torch.no_grad():
        for x, y in zip(data.x.split(CHUNK), data.y.split(CHUNK), strict=True):
            logits = net(x)
            total += float(nn.functional.cross_entropy(logits, y, reduction="sum"))
            right += int((logits.argmax(dim=1) == y).sum())
    net.train()
    return Score(total / len(data.y), right / len(data.y))


def trainable(net: nn.Module) -> list[nn.Parameter]:
    """The parameters that a gradient is asked of."""
    return [p for p in net.parameters() if p.requires_grad]


def classify(
    group: Mapping[str, Any],
    settings: Mapping[str, Any],
    seed: int,
    *,
    make: Callable[[nn.Module], Optimizer] | None = None,
    before_epoch: Callable[[int, Optimizer], None] | None = None,
) -> dict[str, Any]:
    """One run; a seed gives first weights and batches, the same for every optimizer.

    A run whose loss is no number any more, or above a thousand, is ended there and called diverged.

    Args:
        group: the data as `splits` reads it, the network as `network` does, `batch`, `steps`, and `every`, the steps
            between two evaluations; `watched = true` has the steps of an optimizer with a threshold audited.
        settings: of the optimizer.
        seed: of the run.
        make: the optimizer of a network; None for that of the settings.
        before_epoch: called with the number of the epoch and the optimizer.

    Returns:
        `steps`, and `train`, `validation`, `test` losses and `accuracy` on the test images there, the first before the
        first step; whether it `diverged`; and the `audit` where one was asked for.

    Raises:
        InvalidInputError: a setting or the data are not as they should be.
    """
    for key in ("network", "batch", "steps", "every"):
        if key not in group:
            raise InvalidInputError(f"{key} is missing")
    data = splits(group)
    if not 1 <= group["batch"] <= len(data.train.x):
        raise InvalidInputError(f"batch = {group['batch']}: allowed are 1 to {len(data.train.x)}, the samples")
    net = network(group, data.train.x.shape[1:], CLASSES, seed)
    step = make(net) if make else optimizer(settings, trainable(net))
    found: dict[str, Any] = {name: [] for name in ("steps", "train", "validation", "test", "accuracy")}
    watched = group.get("watched") and "gamma" in settings
    with pl.Monitor(step, every=group["steps"]) if watched else nullcontext() as monitor:
        diverged = _steps(net, step, group, data, seed, found, before_epoch)
    found["diverged"] = diverged
    if monitor is not None and not diverged:
        found["audit"] = monitor.audit().to_dict()
    return found


def _steps(
    net: nn.Module,
    step: Optimizer,
    group: Mapping[str, Any],
    data: Splits,
    seed: int,
    found: dict[str, Any],
    before_epoch: Callable[[int, Optimizer], None] | None,
) -> bool:
    """Train, writing down what is found; whether it diverged."""

    def evaluate(t: int) -> bool:
        train, validation, test = (score(net, part) for part in data)
        found["steps"].append(t)
        for name, value in (("train", train), ("validation", validation), ("test", test)):
            found[name].append(value.loss if math.isfinite(value.loss) else math.inf)
        found["accuracy"].append(test.accuracy)
        return train.loss < 1000

    draw = torch.Generator().manual_seed(seed)
    order: list[Tensor] = []
    epoch = 0
    evaluate(0)
    for t in range(group["steps"]):
        if not order:
            # The rest of an epoch that is no whole batch is left out.
            size = len(data.train.x) // group["batch"] * group["batch"]
            order = list(torch.randperm(len(data.train.x), generator=draw)[:size].split(group["batch"]))
            if before_epoch:
                before_epoch(epoch, step)
            epoch += 1
        chosen = order.pop()
        step.zero_grad()
        nn.functional.cross_entropy(net(data.train.x[chosen]), data.train.y[chosen]).backward()
        step.step()
        if ((t + 1) % group["every"] == 0 or t + 1 == group["steps"]) and not evaluate(t + 1):
            return True
    return False
