"""A data set as stored: points and targets in the file's own number type; what is taken from it is float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..theory.errors import InvalidInputError

Array = NDArray[Any]

LABELS = ("low-high", "one-hot", "centred-one-hot", "raw")
"""The rules that turn stored targets into the targets of a problem."""

LARGEST = 1e150  # squares of larger numbers overflow in float64
EXACT = 2**53
"""Up to here every whole number is a double; beyond it digits may be lost."""
MOST_CLASSES = 10_000


@dataclass(frozen=True, eq=False)
class Source:
    """A whole data set as it was stored.

    Attributes:
        x: points, one a row, shape (N, d), any real type.
        target: shape (N, C), any real type.
        classes: how many classes the targets 0, 1, ... count; None where the targets are plain numbers.
        names: the classes in words, in that order, where the file names them.
        shape: the axes of a point, of which x holds the numbers in row order: (c, h, w) for images; None for vectors.
    """

    x: Array
    target: Array
    classes: int | None
    names: tuple[str, ...] | None = None
    shape: tuple[int, ...] | None = None

    @property
    def own_rule(self) -> str:
        """The labels rule where none is asked for.

        Plain numbers are taken as they are. Named classes have no order: two become +1 and -1, more become
        one-hot. Numbered classes are split into a lower and an upper half.
        """
        if self.classes is None:
            return "raw"
        return "low-high" if self.names is None or self.classes <= 2 else "one-hot"

    def points(self, count: int, *, center: bool) -> tuple[Array, int | None]:
        """The first `count` points, float64 (count, d), and the first row that is zero, if any.

        Args:
            count: how many rows.
            center: subtract the mean of all N rows. A row then is zero when it differs from that mean by no
                more than the mean's own round-off: such a row has no direction that means anything.

        Raises:
            InvalidInputError: a row holds a number that is not finite.
        """
        check_numbers("x", self.x if center else self.x[:count])
        x = self.x[:count].astype(np.float64)  # (count, d)
        doubt = np.zeros_like(x)
        if center:
            mean = self.x.mean(axis=0, dtype=np.float64)  # (d,)
            size = np.abs(x) + np.abs(self.x).mean(axis=0, dtype=np.float64)  # (count, d)
            doubt = (len(self.x) + 8) * np.finfo(np.float64).eps * size
            x = x - mean
        zero = np.flatnonzero((np.abs(x) <= doubt).all(axis=1))
        return x, int(zero[0]) if zero.size else None

    def targets(self, count: int, labels: str) -> tuple[Array, str]:
        """The first `count` targets by a rule of `LABELS`, float64 (count, C), and the rule in words.

        Raises:
            InvalidInputError: an unknown rule, or targets that are no class labels where the rule needs them.
        """
        if labels not in LABELS:
            raise InvalidInputError(f"labels = {labels!r}: allowed are {', '.join(LABELS)}")
        if labels == "raw" and self.names is not None:
            raise InvalidInputError(
                f"labels = 'raw': the labels are text ({listed(self.names)}), no numbers; "
                f"allowed are {', '.join(rule for rule in LABELS if rule != 'raw')}"
            )
        if labels == "raw":
            return self.target[:count].astype(np.float64), "targets as stored"
        classes = self._class_count(labels)
        label = self.target[:count, 0].astype(np.int64)  # (count,)
        if labels == "low-high":
            if classes < 2:
                raise InvalidInputError("labels = 'low-high': the source has one class; needed are two or more")
            low = (classes + 1) // 2
            which = f"class < {low}" if self.names is None else listed(self.names[:low])
            return np.where(label < low, 1.0, -1.0)[:, None], f"+1 for {which}, else -1"
        one_hot = (label[:, None] == np.arange(classes)).astype(np.float64)
        if labels == "one-hot":
            return one_hot, f"one-hot, {classes} classes"
        return one_hot - 1 / classes, f"one-hot less 1/{classes}"

    def _class_count(self, labels: str) -> int:
        """Number of classes, once every stored target is seen to be a class label."""
        if self.target.shape[1] != 1:
            raise InvalidInputError(
                f"labels = {labels!r} needs class labels in one column, the targets have "
                f"{self.target.shape[1]}; labels = 'raw' takes them as they are"
            )
        if self.classes is not None and self.classes > MOST_CLASSES:
            raise InvalidInputError(
                f"labels = {labels!r}: the source has {self.classes} classes; allowed are up to {MOST_CLASSES}, or "
                "labels = 'raw'"
            )
        target = self.target[:, 0]
        allowed = MOST_CLASSES if self.classes is None else self.classes
        fits = (target >= 0) & (target < allowed)  # false for NaN
        fits[fits] = target[fits] == np.floor(target[fits])
        if not fits.all():
            row = int(np.argmin(fits))
            raise InvalidInputError(
                f"labels = {labels!r}: the target of row {row} (from 0) is {target[row].item()!r}; "
                f"allowed are whole numbers 0 to {allowed - 1}, or labels = 'raw'"
            )
        return int(target.max()) + 1 if self.classes is None else self.classes


def listed(words: Sequence[str], most: int = 6) -> str:
    """The words with commas between them; of more than `most`, the first ones and how many there are."""
    shown = [clipped(word) for word in words[:most]]
    if len(words) <= most:
        return ", ".join(shown)
    return f"{', '.join(shown[:-1])}, ... ({len(words)} in all)"


def clipped(word: str, most: int = 100) -> str:
    """A word of a file, no longer than a line bears."""
    return word if len(word) <= most else f"{word[:most]}.."


def whole_number(key: str, value: object, least: int) -> int:
    """The value as a whole number not below `least`; booleans are none.

    Raises:
        InvalidInputError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidInputError(f"{key} = {value!r}: allowed are whole numbers from {least}")
    return int(value)


def check_numbers(key: str, array: Array) -> None:
    """Refuse a (rows, columns) array with a number that is NaN, infinite or beyond 1e150, or no double.

    Raises:
        InvalidInputError: there is one; the message names its row and column.
    """
    if array.dtype.kind == "f":
        fine = np.abs(array) <= min(LARGEST, float(np.finfo(array.dtype).max))
        allowed = "finite numbers up to 1e150"
    elif array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        fine = is_exact(array)
        allowed = "whole numbers that a double holds to the last digit, as all up to 2**53"
    else:
        return
    if not fine.all():
        row, column = (int(i) for i in np.argwhere(~fine)[0])
        raise InvalidInputError(
            f"{key}: row {row} (from 0), column {column + 1} is {array[row, column].item()!r}; allowed are {allowed}"
        )


def is_exact(array: Array) -> Array:
    """Which whole numbers of 64 bits are doubles, of the array's shape."""
    # As Python's numbers, where there are large ones: the cast of a large double back to 64 bits is not defined.
    fine = np.ones(array.shape, bool)
    large = (array > EXACT) | (array < -EXACT)
    fine[large] = [int(float(value)) == value for value in array[large].tolist()]
    return fine
