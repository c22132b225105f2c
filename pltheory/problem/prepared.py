"""From a stored source to points and targets: take, centre, scale and label, the same for every source."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ..theory.errors import InvalidInputError
from .admissible import DTYPES, check_data
from .source import LARGEST, Source, whole_number


@dataclass(frozen=True, eq=False)
class Data:
    """Points and targets that have passed `check_data`. `x, y = data` unpacks it.

    Attributes:
        x: points, shape (n, d), or (n, ..) with more axes: images (n, c, h, w).
        y: targets, shape (n, C), of the same dtype.
        name: what was taken and how it was prepared, for reports.
        labels: the rule that made the targets, for reports.
        reading: how a data file was understood, `Reading.described`; empty for other sources.
        shape: the axes of a point as the source stores it, (c, h, w) of an image; None for vectors.
    """

    x: torch.Tensor
    y: torch.Tensor
    name: str = "data"
    labels: str = "as given"
    reading: str = ""
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_data(self.x, self.y)

    def __iter__(self) -> Iterator[torch.Tensor]:
        return iter((self.x, self.y))

    @property
    def described(self) -> str:
        """Source, preparation and targets in one line, for reports."""
        return f"{f'{self.reading}; taken: ' if self.reading else ''}{self.name}; targets: {self.labels}"

    @property
    def n(self) -> int:
        """Number of points."""
        return self.x.shape[0]

    @property
    def d(self) -> int:
        """Dimension of a point, all its axes counted."""
        return self.x[0].numel()

    @property
    def outputs(self) -> int:
        """C, numbers per target."""
        return self.y[0].numel()


def prepare(
    source: Source,
    title: str,
    n: int | None,
    labels: str,
    scale: str | float,
    center: bool,
    dtype: torch.dtype,
    reading: str = "",
    flat: bool = True,
) -> Data:
    """Take, centre, scale and label: the one path from a stored source to `Data`.

    Args:
        source: points and targets as stored.
        title: its name, for reports and messages.
        n, labels, scale, center, dtype: as in `pltheory.problem.data.load`.
        reading: how a file was understood.
        flat: True for vectors; False for samples with the axes that the source stores.

    Raises:
        InvalidInputError: an argument out of range, or data that `check_data` refuses.
    """
    size, d = source.x.shape
    count = size if n is None else whole_number("n", n, 1)
    if count > size or size == 0:
        raise InvalidInputError(f"n = {count}: {title} has {size} rows; allowed are 1 to {size}")
    if d == 0:
        raise InvalidInputError(f"source: {title} has rows of length 0; needed is d >= 1")
    if not isinstance(center, bool):
        raise InvalidInputError(f"center = {center!r}: allowed are true and false")
    if not isinstance(flat, bool):
        raise InvalidInputError(f"flat = {flat!r}: allowed are true and false")
    if not flat and source.shape is None:
        raise InvalidInputError(f"flat = False: the points of {title} are vectors of {d} numbers, no images")
    check_dtype(dtype)
    norm = row_norm(scale, d)
    y, rule = source.targets(count, labels)
    x, zero = source.points(count, center=center)
    if norm is not None:
        if zero is not None:
            when = " after centring" if center else ""
            raise InvalidInputError(
                f"scale = {scale!r}: row {zero} (from 0) of {title} is zero{when} and has no norm to scale; "
                "leave the row out or use scale = 'none'"
            )
        x = x / np.abs(x).max(axis=1, keepdims=True)  # first: squares then neither overflow nor vanish
        x = x * (norm / np.linalg.norm(x, axis=1, keepdims=True))
    said = [title, "all" if count == size else f"first {count}"]
    said += ["centred"] if center else []
    said += [] if norm is None else [f"rows scaled to norm {norm:g}"]
    if not flat and source.shape is not None:
        x = x.reshape(count, *source.shape)
        said.append(f"samples of shape {' x '.join(map(str, source.shape))}")
    return Data(
        torch.from_numpy(x).to(dtype), torch.from_numpy(y).to(dtype), ", ".join(said), rule, reading, source.shape
    )


def row_norm(scale: object, d: int) -> float | None:
    """The row norm asked for; None for "none".

    Raises:
        InvalidInputError: it is none.
    """
    if isinstance(scale, str) and scale in ("sqrt-d", "unit", "none"):
        return {"sqrt-d": math.sqrt(d), "unit": 1.0, "none": None}[scale]
    if isinstance(scale, (int, float)) and not isinstance(scale, bool) and 0 < scale <= LARGEST:
        return float(scale)
    raise InvalidInputError(f"scale = {scale!r}: allowed are sqrt-d, unit, none or a positive number")


def check_dtype(dtype: torch.dtype) -> None:
    """Refuse a dtype that no data have.

    Raises:
        InvalidInputError: it is neither float32 nor float64.
    """
    if dtype not in DTYPES:
        raise InvalidInputError(f"dtype = {dtype}: allowed are torch.float32 and torch.float64")
