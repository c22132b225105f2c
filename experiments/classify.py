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

from .classifiers import network
from .data import Samples, images
from .optimizers import optimizer

CHUNK = 500
"""Samples of one evaluation."""
CLASSES = 10


class Splits(NamedTuple):
    """What is learned from, what a choice is made by, and what is reported."""

    train: Samples
    validation: Samples
    test: Samples


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
    where = group.get("path"), group.get("white")
    both = images(group["data"], "train", n + held, *where)
    test = images(group["data"], "test", group["test"], *where)
    return Splits(Samples(both.x[:n], both.y[:n], both.name), Samples(both.x[n:], both.y[n:], both.name), test)


def score(net: nn.Module, data: Samples) -> Score:
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


def augmented(x: Tensor, draw: torch.Generator, most: int = 4) -> Tensor:
    """Every image (n, c, h, w) shifted by up to so many pixels, with zeros beyond its border, and maybe mirrored."""
    n, _, height, width = x.shape
    padded = nn.functional.pad(x, [most] * 4)
    down, right = (torch.randint(2 * most + 1, (n,), generator=draw) for _ in range(2))
    mirrored = torch.rand(n, generator=draw) < 0.5
    rows = down[:, None] + torch.arange(height)
    columns = right[:, None] + torch.arange(width)
    columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    # Gathered plane by plane: a permuted image of one channel, with its odd strides, crashes a convolution's backward.
    places = (rows[:, :, None] * (width + 2 * most) + columns[:, None, :]).flatten(1).to(x.device)
    found = padded.flatten(2).gather(2, places[:, None].expand(-1, x.shape[1], -1))
    return found.reshape(x.shape)


def trainable(net: nn.Module) -> list[nn.Parameter]:
    """The parameters that a gradient is asked of."""
    return [p for p in net.parameters() if p.requires_grad]


def classify(
    group: Mapping[str, Any],
    settings: Mapping[str, Any],
    seed: int,
    *,
    make: Callable[[nn.Module], Optimizer] | None = None,
) -> dict[str, Any]:
    """One run on images; a seed gives first weights and batches, the same for every optimizer.

    Args:
        group: the data as `splits` reads it, the network as `network` does, and what `trained` reads.
        settings: of the optimizer.
        seed: of the run.
        make: the optimizer of a network; None for that of the settings.

    Returns:
        What `trained` does.

    Raises:
        InvalidInputError: a setting or the data are not as they should be.
    """
    require(group)
    data = splits(group)
    return trained(network(group, data.train.x.shape[1:], CLASSES, seed), data, group, settings, seed, make=make)


def require(group: Mapping[str, Any]) -> None:
    """Refuse settings of a run that lack what `trained` reads, or the network.

    Raises:
        InvalidInputError: so it is.
    """
    for key in ("network", "batch", "steps", "every"):
        if key not in group:
            raise InvalidInputError(f"{key} is missing")


def trained(
    net: nn.Module,
    data: Splits,
    group: Mapping[str, Any],
    settings: Mapping[str, Any],
    seed: int,
    *,
    make: Callable[[nn.Module], Optimizer] | None = None,
) -> dict[str, Any]:
    """A network trained in cross entropy.

    A run whose loss is no number any more, or above a thousand, is ended there and called diverged.

    Args:
        net: inputs (n, ...) to logits (n, classes).
        data: in memory, on any device.
        group: `batch`, `steps`, and `every`, the steps between two evaluations; maybe `cuts`, epochs before which lr is
            divided by ten, `augment = true` for random shifts of images by up to 4 and mirror images, and `device`;
            `watched = true` has the steps of an optimizer with a threshold audited.
        settings: of the optimizer.
        seed: of the batches.
        make: the optimizer of a network; None for that of the settings.

    Returns:
        `steps`, and `train`, `validation`, `test` losses and `accuracy` on the test samples there, the first before
        the first step, none of a validation without samples; whether it `diverged`; and the `audit` where one was asked
        for.

    Raises:
        InvalidInputError: a setting is not as it should be.
    """
    device = group.get("device", "cpu")
    if device != "cpu" and not torch.cuda.is_available():
        raise InvalidInputError(f"device = {device!r}: there is no such device here; allowed is cpu")
    net, data = net.to(device), Splits(*(Samples(p.x.to(device), p.y.to(device), p.name) for p in data))
    if not 1 <= group["batch"] <= len(data.train.x):
        raise InvalidInputError(f"batch = {group['batch']}: allowed are 1 to {len(data.train.x)}, the samples")
    step = make(net) if make else optimizer(settings, trainable(net))
    found: dict[str, Any] = {name: [] for name in ("steps", "train", "validation", "test", "accuracy")}
    watched = group.get("watched") and "gamma" in settings
    with pl.Monitor(step, every=group["steps"]) if watched else nullcontext() as monitor:
        diverged = _steps(net, step, group, data, seed, found)
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
) -> bool:
    """Train, writing down what is found; whether it diverged."""

    def evaluate(t: int) -> bool:
        scores = {name: score(net, part) for name, part in data._asdict().items() if len(part.x)}
        found["steps"].append(t)
        for name, value in scores.items():
            found[name].append(value.loss if math.isfinite(value.loss) else math.inf)
        found["accuracy"].append(scores["test"].accuracy)
        return scores["train"].loss < 1000

    draw = torch.Generator().manual_seed(seed)
    order: list[Tensor] = []
    epoch = 0
    evaluate(0)
    for t in range(group["steps"]):
        if not order:
            # The rest of an epoch that is no whole batch is left out.
            size = len(data.train.x) // group["batch"] * group["batch"]
            order = list(torch.randperm(len(data.train.x), generator=draw)[:size].split(group["batch"]))
            if epoch in group.get("cuts", ()):
                for part in step.param_groups:
                    part["lr"] *= 0.1
            epoch += 1
        chosen = order.pop()
        x = augmented(data.train.x[chosen], draw) if group.get("augment") else data.train.x[chosen]
        step.zero_grad()
        nn.functional.cross_entropy(net(x), data.train.y[chosen]).backward()
        step.step()
        if ((t + 1) % group["every"] == 0 or t + 1 == group["steps"]) and not evaluate(t + 1):
            return True
    return False
