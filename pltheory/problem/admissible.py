"""Which data a theorem can start from: finite, of one shape, and no two points equal up to round-off.

A point may have axes of its own (images, tokens). Points are compared as flattened rows.
"""

from __future__ import annotations

import numpy as np
import torch

from ..theory.errors import InvalidInputError
from .source import check_numbers

DTYPES = (torch.float32, torch.float64)
LABELS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
"""What class labels may be stored as."""

_ROUNDING = 32  # units of round-off within which two scaled copies of parallel rows agree


def check_data(x: torch.Tensor, y: torch.Tensor) -> None:
    """Refuse data that no theorem here can start from.

    Two points count as equal when they differ by round-off only (32 units of the dtype, relative): scaling
    turns parallel rows into such pairs, and the kernel cannot tell them apart. Time O(n d + n log n).

    Args:
        x: points, shape (n, d), or (n, ..) with more axes.
        y: targets, shape (n, C), or (n, ..) with more axes.

    Raises:
        InvalidInputError: no tensors of float32 or float64, fewer axes than two, a size zero, a number that is
            NaN, infinite or beyond 1e150 (with its row, and its place in the flattened row), or two equal points (with
            their rows).
    """
    for key, value, second in (("x", x, "d"), ("y", y, "C")):
        _require_rows(key, value, second)
    _require_one_a_point(x, y)
    if x.dtype != y.dtype or x.device != y.device:
        raise InvalidInputError(f"y is {y.dtype} on {y.device} and x {x.dtype} on {x.device}; needed is one of each")
    _require_numbers("x", x)
    _require_numbers("y", y)
    _require_no_duplicates(x)


def are_labels(y: object) -> bool:
    """Whether targets are class labels: whole numbers, one a point, shape (n,)."""
    return isinstance(y, torch.Tensor) and y.dtype in LABELS and y.ndim == 1


def check_labelled(x: torch.Tensor, labels: torch.Tensor) -> None:
    """Refuse points with class labels as `check_data` does points with targets.

    Args:
        x: points, shape (n, d), or (n, ..) with more axes.
        labels: what `are_labels` takes for labels, shape (n,).

    Raises:
        InvalidInputError: points that `check_data` refuses, another number of labels, or another device.
    """
    _require_rows("x", x, "d")
    _require_one_a_point(x, labels)
    if x.device != labels.device:
        raise InvalidInputError(f"y is on {labels.device} and x on {x.device}; needed is one device")
    _require_numbers("x", x)
    _require_no_duplicates(x)


def _require_rows(key: str, value: object, second: str) -> None:
    if not isinstance(value, torch.Tensor):
        raise InvalidInputError(f"{key} is of type {type(value).__name__}; needed is a torch.Tensor (n, {second})")
    if value.dtype not in DTYPES:
        raise InvalidInputError(f"{key} has dtype {value.dtype}; allowed are torch.float32 and torch.float64")
    if value.ndim < 2 or 0 in value.shape:
        hint = f"; {key}[:, None] makes it one column" if value.ndim == 1 else ""
        raise InvalidInputError(
            f"{key} has shape {tuple(value.shape)}; needed is (n, {second}) with n, {second} >= 1, or (n, ..) with "
            f"more axes{hint}"
        )


def _require_one_a_point(x: torch.Tensor, y: torch.Tensor) -> None:
    if x.shape[0] != y.shape[0]:
        raise InvalidInputError(f"y has {y.shape[0]} rows and x has {x.shape[0]}; needed is one target a point")


def _require_numbers(key: str, value: torch.Tensor) -> None:
    check_numbers(key, value.detach().flatten(1).cpu().numpy())


def _require_no_duplicates(x: torch.Tensor) -> None:
    pair = _matching_pair(x, 1)
    if pair is not None:
        i, j = pair
        how = "equal" if torch.equal(x[i], x[j]) else "equal up to rounding"
        raise InvalidInputError(
            f"x: rows {i} and {j} (from 0) are {how}: duplicate points make lambda_min zero; "
            "allowed are points that differ, also after centring and scaling"
        )


def antipodal_pair(x: torch.Tensor) -> tuple[int, int] | None:
    """Rows (i, j) with x_i = -x_j up to round-off, or None; a zero row i is its own antipode, (i, i).

    Such points are not duplicates, and `check_data` accepts them. A network without bias and with an odd
    activation (tanh, erf), though, has F(-x) = -F(x) at all weights: on them its tangent kernel is singular.

    Args:
        x: points, shape (n, d), or (n, ..) with more axes, finite.
    """
    zero = torch.nonzero((x == 0).flatten(1).all(dim=1)).flatten()
    if zero.numel():
        return int(zero[0]), int(zero[0])
    return _matching_pair(x, -1)


def _matching_pair(x: torch.Tensor, sign: int) -> tuple[int, int] | None:
    """Rows i < j with x_i = sign x_j up to round-off.

    Rows that agree have projections that agree on any direction: sort by one, compare neighbours, and look at
    whole rows only where three more directions agree too. The directions do not depend on the data.
    """
    rows = x.detach().flatten(1).cpu().numpy().astype(np.float64)  # (n, d)
    largest = np.abs(rows).max()
    rows = rows / (largest if largest > 0 else 1.0)
    n, d = rows.shape
    directions = np.random.default_rng(0).standard_normal((d, 4))
    keys = rows @ (directions / np.linalg.norm(directions, axis=0))  # (n, 4)
    order = np.argsort(keys[:, 0] if sign > 0 else np.abs(keys[:, 0]), kind="stable")
    rounding = _ROUNDING * torch.finfo(x.dtype).eps
    norms = np.linalg.norm(rows, axis=1)
    product = 4 * d * np.finfo(np.float64).eps  # round-off of the projections themselves
    window = (rounding + product) * norms
    for shift in range(1, n):
        i, j = order[:-shift], order[shift:]
        gap = np.abs(keys[j, 0]) - np.abs(keys[i, 0]) if sign < 0 else keys[j, 0] - keys[i, 0]
        near = gap <= window[i]
        if not near.any():
            return None  # the keys are sorted: no longer shift comes nearer
        i, j = i[near], j[near]
        alike = (np.abs(keys[i] - sign * keys[j]) <= window[i, None]).all(axis=1)
        found = [
            (min(a, b), max(a, b))
            for a, b in zip(i[alike].tolist(), j[alike].tolist(), strict=True)
            if np.linalg.norm(rows[a] - sign * rows[b]) <= rounding * norms[a]
        ]
        if found:
            return min(found)
    return None
