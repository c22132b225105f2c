"""Images with labels, whole in memory, in single precision."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
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


class Samples(NamedTuple):
    """Inputs x, images as (n, channels, height, width), labels y (n,) of whole numbers, and what they are."""

    x: Tensor
    y: Tensor
    name: str


@cache
def images(
    name: str,
    split: str,
    n: int | None = None,
    path: str | os.PathLike[str] | None = None,
    white: float | None = None,
) -> Samples:
    """The first n images of a split.

    Args:
        name: "digits", "fashion-mnist", "cifar-10" (its binary files, each colour of mean 0 and variance 1), "files",
            or "generated": ten blurred patterns with noise, 8 x 8, which need no file.
        split: "train" or "test".
        n: how many; None for all (1000 of generated ones).
        path: the folder of the files of Fashion-MNIST (MNIST's are called the same), of CIFAR-10, or with "files" of
            train and test as .npz, x (n, channels, height, width) and y, or as .parquet, whose rows are the pixels of
            square images of one channel and last the label.
        white: with "files" the value of the brightest pixel, by which all are divided.

    Raises:
        InvalidInputError: no such data; a file is missing, with the package that has it, or damaged; images of another
            form; labels that are not 0 to 9; fewer than n.
    """
    if split not in ("train", "test"):
        raise InvalidInputError(f"split = {split!r}: allowed are train, test")
    if white is not None and name != "files":
        raise InvalidInputError(f"white = {white}: only data = 'files' takes it")
    if name == "fashion-mnist":
        found = pl.datasets.fashion_mnist(
            n, split=split, labels="raw", scale="none", center=False, flat=False, path=path, dtype=torch.float32
        )
        x, y, most = found.x, found.y, 255.0
    elif name == "digits":
        found = pl.datasets.digits(None, labels="raw", scale="none", center=False, flat=False, dtype=torch.float32)
        part = slice(None, DIGITS) if split == "train" else slice(DIGITS, None)
        x, y, most = found.x[part], found.y[part], 16.0
    elif name == "cifar-10":
        x, y = _cifar(split, path)
        most = 1.0
    elif name == "files":
        x, y = _of_file(split, path)
        most = _positive(white)
    elif name == "generated":
        x, y = _generated(split)
        most = 1.0
    else:
        raise InvalidInputError(f"data = {name!r}: allowed are digits, fashion-mnist, cifar-10, files, generated")
    if n is not None and n > len(x):
        raise InvalidInputError(f"n = {n}: the {split} split of {name} has {len(x)} images")
    return Samples(x[:n] / most, y[:n].flatten().long(), f"{name}, {split}, first {len(x[:n])}")


CIFAR_MEAN, CIFAR_SCALE = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
"""Of the colours, as the paper's notebook has them."""
_CIFAR_FILES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}


def _cifar(split: str, path: str | os.PathLike[str] | None) -> tuple[Tensor, Tensor]:
    folder = Path("." if path is None else path).expanduser()
    for name in _CIFAR_FILES[split]:
        if not (folder / name).is_file():
            raise InvalidInputError(
                f"data = 'cifar-10': no {name} in {str(folder)!r}; needed is as path the folder of CIFAR-10's binary "
                "version, data_batch_1.bin to data_batch_5.bin and test_batch.bin"
            )
    x, y = (torch.cat(part) for part in zip(*(_stored(folder / n) for n in _CIFAR_FILES[split]), strict=True))
    mean, scale = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (CIFAR_MEAN, CIFAR_SCALE))
    return (x / 255 - mean) / scale, y


_ENDINGS = (".npz", ".parquet")


def _of_file(split: str, path: str | os.PathLike[str] | None) -> tuple[Tensor, Tensor]:
    file = only_file(path, [split + ending for ending in _ENDINGS])
    x, y = _stored(file)
    wrong = (y != y.round()) | (y < 0) | (y > 9)
    if wrong.any():
        row = int(wrong.flatten().nonzero()[0])
        raise InvalidInputError(f"{file}: the label of row {row} (from 0) is {float(y[row, 0]):g}; allowed are 0 to 9")
    return x, y


def only_file(path: str | os.PathLike[str] | None, names: Sequence[str]) -> Path:
    """The one file of these names in a folder.

    Raises:
        InvalidInputError: there is none, or more than one.
    """
    folder = Path("." if path is None else path).expanduser()
    there = [folder / name for name in names if (folder / name).is_file()]
    if len(there) != 1:
        found = "none" if not there else " and ".join(file.name for file in there)
        raise InvalidInputError(
            f"data = 'files': needed in {str(folder)!r}, the path, is one of {', '.join(names)}; there is {found}"
        )
    return there[0]


def _stored(file: Path) -> tuple[Tensor, Tensor]:
    """Images (n, channels, height, width) and labels (n, 1) of one file, as it has them."""
    source = pl.datasets.read(file).source
    n, d = source.x.shape
    side = math.isqrt(d)
    shape = source.shape if source.shape is not None else (1, side, side)
    if len(shape) != 3 or math.prod(shape) != d or source.target.shape[1] != 1:
        raise InvalidInputError(
            f"{file}: rows of {d} numbers, shape {source.shape or 'not said'}, and {source.target.shape[1]} targets; "
            "needed are images (n, channels, height, width), or rows of the pixels of a square, and one label each"
        )
    x = torch.from_numpy(np.ascontiguousarray(source.x)).float().reshape(n, *shape)
    return x, torch.from_numpy(source.target.astype(np.float64))


def _positive(white: float | None) -> float:
    if not isinstance(white, int | float) or isinstance(white, bool) or not 0 < white < math.inf:
        raise InvalidInputError(
            f"white = {white!r}: data = 'files' needs a positive number, the value of the brightest pixel"
        )
    return float(white)


def _generated(split: str) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    patterns = torch.rand(10, 1, 8, 8, generator=draw)
    draw.manual_seed(1 if split == "train" else 2)
    y = torch.arange(1000) % 10
    return (patterns[y] + 0.3 * torch.randn(1000, 1, 8, 8, generator=draw)).clamp(0, 1), y
