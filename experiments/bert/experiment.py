"""Fine-tuning by every optimizer from every seed, a record a run, and its page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pltheory.theory import InvalidInputError

from ..classify import Splits, require, trained
from ..data import Samples
from ..grid import networks, recorded
from .model import Classifier, classifier, tokenizer_of, tokens
from .sentences import SPLITS, Sentences, sentences


def read(group: Mapping[str, Any]) -> dict[str, Sentences]:
    """The sentences of a group of settings: `data`, `path`, and `train`, `validation`, `test`, how many of each.

    Raises:
        InvalidInputError: a setting or a file is missing, or is not as it should be.
    """
    for key in ("data", *SPLITS, "length"):
        if key not in group:
            raise InvalidInputError(f"{key} is missing")
    return {split: sentences(group["data"], split, group[split], group.get("path")) for split in SPLITS}


def begun(group: Mapping[str, Any], seed: int) -> tuple[Classifier, Splits]:
    """The network as a run begins with it, and the data as its tokens.

    Raises:
        InvalidInputError: a setting or a file is missing, or is not as it should be.
    """
    require(group)
    found = read(group)
    tokenizer = tokenizer_of(group, found["train"].texts)
    parts = (
        Samples(tokens(tokenizer, part.texts, group["length"]), torch.tensor(part.labels, dtype=torch.long), part.name)
        for part in found.values()
    )
    return classifier(group, tokenizer, seed), Splits(*parts)


def one(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A run; its clipped steps are audited. A seed gives what is random of the weights, the batches and the dropout."""
    group = {key: value for key, value in asked.items() if key not in ("optimizer", "seed")}
    net, data = begun(group, asked["seed"])
    return trained(net, data, {**group, "watched": True}, asked["optimizer"], asked["seed"])


def run(config: Mapping[str, Any], folder: Path) -> None:
    """Make the runs that are not there with the same settings; none where something is missing for one of them."""
    runs = list(networks(config))
    for group in config["networks"].values():
        begun(group, 0)
    recorded(runs, folder, one)


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Figures and page from the files."""
    from . import report

    report.write(recorded(networks(config), folder, one), config, name)
