"""Images with labels, whole in memory: numbers in [0, 1] in single precision."""

from __future__ import annotations

import os
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

import pltheory as pl
from pltheory.theory import InvalidInputError

DIGITS = 1437
"""Of the 1797 digits the first so many are for training, the others for the test."""


class Images(NamedTuple):
    """x (n, channels, height, width) in [0, 1], y (n,) of whole numbers, and what they are."""

    x: Tensor
    y: Tensor
    name: str


@cache
def images(name: str, split: str, n: int | None = None, path: str | os.PathLike[str] | None = None) -> Images:
    """The first n images of a split.

    Args:
        name: "digits", "fashion-mnist", or "generated": ten blurred patterns with noise, 8 x 8, which need no file.
        split: "train" or "test".
        n: how many; None for all (1000 of generated ones).
        path: the folder of Fashion-MNIST's files.

    Raises:
        InvalidInputError: no such data; a file is missing, with the package that has it; fewer than n.
    """
    if split not in ("train", "test"):
        raise InvalidInputError(f"split = {split!r}: allowed are train, test")
    if name == "fashion-mnist":
        found = pl.datasets.fashion_mnist(
            n, split=split, labels="raw", scale="none", center=False, flat=False, path=path, dtype=torch.float32
        )
        x, y, most = found.x, found.y, 255
    elif name == "digits":
        found = pl.datasets.digits(None, labels="raw", scale="none", center=False, flat=False, dtype=torch.float32)
        part = slice(None, DIGITS) if split == "train" else slice(DIGITS, None)
        x, y, most = found.x[part], found.y[part], 16
    elif name == "generated":
        x, y = _generated(split)
        most = 1
    else:
        raise InvalidInputError(f"data = {name!r}: allowed are digits, fashion-mnist, generated")
    if n is not None and n > len(x):
        raise InvalidInputError(f"n = {n}: the {split} split of {name} has {len(x)} images")
    return Images(x[:n] / most, y[:n].flatten().long(), f"{name}, {split}, first {len(x[:n])}")


def _generated(split: str) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    patterns = torch.rand(10, 1, 8, 8, generator=draw)
    draw.manual_seed(1 if split == "train" else 2)
    y = torch.arange(1000) % 10
    return (patterns[y] + 0.3 * torch.randn(1000, 1, 8, 8, generator=draw)).clamp(0, 1), y
