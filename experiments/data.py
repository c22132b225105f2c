"""Images with labels, whole in memory, in single precision."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

import pltheory as pl
from pltheory.theory import InvalidInputError

DIGITS = 1437
"""Of the 1797 digits the first so many are for training, the others for the test."""


class Images(NamedTuple):
    """x (n, channels, height, width), y (n,) of whole numbers, and what they are."""

    x: Tensor
    y: Tensor
    name: str


@cache
def images(name: str, split: str, n: int | None = None, path: str | os.PathLike[str] | None = None) -> Images:
    """The first n images of a split.

    Args:
        name: "digits", "fashion-mnist", "cifar-10" (its binary files, each colour of mean 0 and variance 1), or
            "generated": ten blurred patterns with noise, 8 x 8, which need no file.
        split: "train" or "test".
        n: how many; None for all (1000 of generated ones).
        path: the folder of the files of Fashion-MNIST, or of CIFAR-10.

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
    elif name == "cifar-10":
        x, y = _cifar(split, path)
        most = 1
    elif name == "generated":
        x, y = _generated(split)
        most = 1
    else:
        raise InvalidInputError(f"data = {name!r}: allowed are digits, fashion-mnist, cifar-10, generated")
    if n is not None and n > len(x):
        raise InvalidInputError(f"n = {n}: the {split} split of {name} has {len(x)} images")
    return Images(x[:n] / most, y[:n].flatten().long(), f"{name}, {split}, first {len(x[:n])}")


CIFAR_MEAN, CIFAR_SCALE = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
"""Of the colours, as the paper's notebook has them."""
_CIFAR_FILES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
_CIFAR_RECORD = 1 + 3 * 32 * 32


def _cifar(split: str, path: str | os.PathLike[str] | None) -> tuple[Tensor, Tensor]:
    """Records of a byte of label and three planes of 32 x 32."""
    folder = Path("." if path is None else path).expanduser()
    parts = []
    for name in _CIFAR_FILES[split]:
        file = folder / name
        if not file.is_file():
            raise InvalidInputError(
                f"data = 'cifar-10': no {name} in {str(folder)!r}; needed is as path the folder of CIFAR-10's binary "
                "version, data_batch_1.bin to data_batch_5.bin and test_batch.bin"
            )
        raw = np.fromfile(file, dtype=np.uint8)
        if not raw.size or raw.size % _CIFAR_RECORD or raw[::_CIFAR_RECORD].max() > 9:
            raise InvalidInputError(
                f"{file}: is no file of CIFAR-10's binary version, records of {_CIFAR_RECORD} bytes"
            )
        parts.append(raw.reshape(-1, _CIFAR_RECORD))
    found = torch.from_numpy(np.concatenate(parts))
    mean, scale = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (CIFAR_MEAN, CIFAR_SCALE))
    return (found[:, 1:].reshape(-1, 3, 32, 32) / 255 - mean) / scale, found[:, 0]


def _generated(split: str) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    patterns = torch.rand(10, 1, 8, 8, generator=draw)
    draw.manual_seed(1 if split == "train" else 2)
    y = torch.arange(1000) % 10
    return (patterns[y] + 0.3 * torch.randn(1000, 1, 8, 8, generator=draw)).clamp(0, 1), y
