"""A data set as stored, and the files it may come from: .npz, .csv, IDX (also .gz) and CIFAR-10 binary.

A file is read whole into one `Source`, in the file's own number type; what is taken from it is float64.
"""

from __future__ import annotations

import csv
import gzip
import math
import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..theory.errors import InvalidInputError

Array = NDArray[Any]

FILE_FORMATS: tuple[tuple[str, str], ...] = (
    (".npz", "NumPy archive with arrays x (N, d) and y (N,) or (N, C)"),
    (".csv", "one data point a line, commas between cells, the last column the target, header optional"),
    ("IDX", "MNIST's format, also .gz: an image file beside its label file"),
    (".bin", "CIFAR-10 binary, records of 3073 bytes"),
)
"""Pattern and description of every file format that `pltheory.problem.data.load` reads."""

LABELS = ("low-high", "one-hot", "centred-one-hot", "raw")
"""The rules that turn stored targets into the targets of a problem."""

LARGEST = 1e150  # squares of larger numbers overflow in float64
MOST_CLASSES = 10_000
# What a damaged archive makes zipfile and NumPy raise; MemoryError where its header claims an absurd size.
_NPZ_ERRORS = (OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)

CIFAR_RECORD = 3073  # one label byte, then 3 x 32 x 32 pixels, the red plane first

_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@dataclass(frozen=True, eq=False)
class Source:
    """A whole data set as it was stored.

    Attributes:
        x: points, one a row, shape (N, d), any real type.
        target: shape (N, C), any real type.
        classes: how many classes the targets 0, 1, ... count; None where the targets are plain numbers.
    """

    x: Array
    target: Array
    classes: int | None

    def points(self, count: int, *, center: bool) -> tuple[Array, int | None]:
        """The first `count` points, float64 (count, d), and the first row that is zero, if any.

        Args:
            count: how many rows.
            center: subtract the mean of all N rows. A row then is zero when it differs from that mean by no
                more than the mean's own round-off: such a row has no direction that means anything.

        Raises:
            InvalidInputError: a row holds a number that is not finite.
        """
        check_finite("x", self.x if center else self.x[:count])
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
        if labels == "raw":
            return self.target[:count].astype(np.float64), "targets as stored"
        classes = self._class_count(labels)
        label = self.target[:count, 0].astype(np.int64)  # (count,)
        if labels == "low-high":
            if classes < 2:
                raise InvalidInputError("labels = 'low-high': the source has one class; needed are two or more")
            low = (classes + 1) // 2
            return np.where(label < low, 1.0, -1.0)[:, None], f"+1 for class < {low}, else -1"
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


def read(path: Path, *, target_columns: int | None = None, label_file: Path | None = None) -> Source:
    """Read a data file; its format follows from its name's ending, IDX from its first bytes.

    Args:
        path: the file; for IDX the image file.
        target_columns: .csv only: how many last columns are targets; default 1.
        label_file: IDX only: the label file; default the image file's name with "labels" for "images".

    Raises:
        InvalidInputError: no such file, no known format, a damaged file, or an option of another format.
    """
    if not path.exists():
        raise InvalidInputError(f"source = {str(path)!r}: no such file")
    if path.is_dir():
        raise InvalidInputError(f"source = {str(path)!r} is a folder; allowed is a file in it")
    suffix = path.suffix.lower()
    if target_columns is not None and suffix != ".csv":
        raise InvalidInputError(f"target_columns = {target_columns!r}: only a .csv file takes it, not {path.name}")
    if label_file is not None and suffix in (".npz", ".csv", ".bin"):
        raise InvalidInputError(
            f"label_file = {str(label_file)!r}: only an IDX file takes it, {path.name} holds its own targets"
        )
    if suffix == ".npz":
        return read_npz(path)
    if suffix == ".csv":
        return read_csv(path, 1 if target_columns is None else target_columns)
    if suffix == ".bin":
        return read_cifar(path)
    return read_idx(path, label_file)


def read_npz(path: Path) -> Source:
    """Arrays `x` (N, ...), flattened to (N, d), and `y` (N,) or (N, C) of a NumPy archive; no pickles.

    Raises:
        InvalidInputError: no archive, an array missing, not of real numbers, or of the wrong shape.
    """
    if not zipfile.is_zipfile(path):
        raise InvalidInputError(f"source = {str(path)!r} is no .npz archive; numpy.savez(path, x=x, y=y) writes one")
    arrays = {}
    try:
        # opened here: NumPy leaves a file that is no archive open
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            held = archive.files
            for key in ("x", "y"):
                if key in held:
                    arrays[key] = archive[key]
    except _NPZ_ERRORS as error:
        raise _damaged(path, "a .npz archive of plain arrays", error) from None
    for key in ("x", "y"):
        if key not in arrays:
            raise InvalidInputError(
                f"source = {str(path)!r} holds no array {key!r} (it holds {', '.join(held) or 'none'}); "
                "needed are x (N, d) and y (N,) or (N, C)"
            )
        if arrays[key].dtype.kind not in "biuf":
            raise InvalidInputError(
                f"source = {str(path)!r}: {key} has type {arrays[key].dtype}; allowed are real numbers"
            )
    x, y = arrays["x"], arrays["y"]
    if x.ndim < 2 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise InvalidInputError(
            f"source = {str(path)!r}: x has shape {x.shape} and y {y.shape}; needed are (N, d) and (N,) or (N, C)"
        )
    return Source(_flat(x), _flat(y), None)


def read_csv(path: Path, target_columns: int = 1) -> Source:
    """Numbers separated by commas, the last `target_columns` columns the targets.

    A first line with a cell that is no number is a header. Blank lines and comment lines (#) are skipped.

    Raises:
        InvalidInputError: not text, no rows, a cell that is no number, lines of unequal length (each with
            its line number, from 1), or no column left for the points.
    """
    whole_number("target_columns", target_columns, 1)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, "a text file in UTF-8", error) from None
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if lines and not all(_is_number(cell) for cell in _cells(lines[0][1])):
        del lines[0]
    if not lines:
        raise InvalidInputError(f"source = {str(path)!r} holds no row of numbers")
    try:
        table = np.loadtxt([line for _, line in lines], delimiter=",", quotechar='"', comments=None, ndmin=2)
    except ValueError as error:
        # NumPy's reader is fast; where it fails, a slow pass finds the line and says it in the user's terms.
        raise _bad_line(path, lines) or _damaged(path, "a table of numbers", error) from None
    columns = table.shape[1]
    if target_columns >= columns:
        raise InvalidInputError(
            f"target_columns = {target_columns}: {path.name} has {columns} columns and the points need one; "
            f"allowed are 1 to {columns - 1}"
        )
    return Source(table[:, : columns - target_columns], table[:, columns - target_columns :], None)


def read_idx(path: Path, label_file: Path | None = None) -> Source:
    """An IDX image file (N, ...), flattened to (N, d), with its label file (N,).

    Raises:
        InvalidInputError: not an IDX file, damaged, no label file, or label and image counts that differ.
    """
    images = read_idx_array(path)
    if images.ndim < 2:
        raise InvalidInputError(
            f"source = {str(path)!r} holds a list of {images.shape[0]} labels; needed is the image file"
        )
    where = _label_file(path) if label_file is None else label_file
    if not where.is_file():
        raise InvalidInputError(f"label_file = {str(where)!r}: no such file; {path.name} needs its IDX label file")
    labels = read_idx_array(where)
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise InvalidInputError(
            f"label_file = {str(where)!r} holds {labels.dtype.name} numbers of shape {labels.shape}; "
            f"needed are {images.shape[0]} integers, one for each image of {path.name}"
        )
    classes = int(labels.max(initial=0)) + 1
    return Source(_flat(images), _flat(labels), classes)


def read_idx_array(path: Path) -> Array:
    """The array of one IDX file, as it is or compressed by gzip, whatever its name.

    Raises:
        InvalidInputError: not an IDX file, or its length is not what its header says.
    """
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, "a gzip file", error) from None
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _IDX_TYPES or raw[3] == 0:
        known = ", ".join(pattern for pattern, _ in FILE_FORMATS)
        raise InvalidInputError(f"source = {str(path)!r} is in no known format; allowed are {known}")
    start = 4 + 4 * raw[3]
    if len(raw) < start:
        raise InvalidInputError(f"source = {str(path)!r} is damaged: its IDX header is cut off")
    shape = tuple(int(size) for size in np.frombuffer(raw, ">u4", count=raw[3], offset=4))
    kind = np.dtype(_IDX_TYPES[raw[2]])
    needed = start + kind.itemsize * math.prod(shape)
    if len(raw) != needed:
        raise InvalidInputError(
            f"source = {str(path)!r} is damaged: {len(raw)} bytes, its IDX header (shape {shape}) says {needed}"
        )
    return np.frombuffer(raw, kind, offset=start).reshape(shape)


def read_cifar(path: Path) -> Source:
    """CIFAR-10's binary form: (N, 3072) bytes, the red plane first, and ten classes.

    Raises:
        InvalidInputError: the length is no positive multiple of 3073 bytes, or a label is above 9.
    """
    try:
        raw = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise _damaged(path, "a readable file", error) from None
    if raw.size == 0 or raw.size % CIFAR_RECORD:
        raise InvalidInputError(
            f"source = {str(path)!r} has {raw.size} bytes; "
            f"a CIFAR-10 binary file has a positive multiple of {CIFAR_RECORD}"
        )
    records = raw.reshape(-1, CIFAR_RECORD)
    above = np.flatnonzero(records[:, 0] > 9)
    if above.size:
        raise InvalidInputError(
            f"source = {str(path)!r}: the label of record {above[0]} (from 0) is {records[above[0], 0]}; "
            "CIFAR-10 allows 0 to 9"
        )
    return Source(records[:, 1:], records[:, :1], 10)


def _flat(array: Array) -> Array:
    """Shape (N, everything else); with no rows at all NumPy could not infer the second size."""
    return array.reshape(array.shape[0], math.prod(array.shape[1:]))


def _label_file(images: Path) -> Path:
    """The label file that goes with an image file, by MNIST's naming; either of them may end in .gz."""
    if "images" not in images.name:
        raise InvalidInputError(
            f"label_file: the name {images.name!r} does not contain 'images', so the label file must be given"
        )
    name = re.sub(r"idx\d+", "idx1", images.name.replace("images", "labels"))
    other = name.removesuffix(".gz") if name.endswith(".gz") else name + ".gz"
    expected, alternative = images.with_name(name), images.with_name(other)
    return alternative if alternative.is_file() and not expected.is_file() else expected


def _cells(line: str) -> list[str]:
    return next(csv.reader([line]), [])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # Python reads 1_000, NumPy and other programs do not


def _bad_line(path: Path, lines: list[tuple[int, str]]) -> InvalidInputError | None:
    columns = len(_cells(lines[0][1]))
    for number, line in lines:
        cells = _cells(line)
        if len(cells) != columns:
            return InvalidInputError(
                f"source = {str(path)!r}: line {number} has {len(cells)} columns, the first row has {columns}"
            )
        for column, cell in enumerate(cells, start=1):
            if not _is_number(cell):
                return InvalidInputError(
                    f"source = {str(path)!r}: line {number}, column {column} is {cell!r}; allowed are numbers"
                )
    return None


def _damaged(path: Path, wanted: str, error: Exception) -> InvalidInputError:
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return InvalidInputError(
        f"source = {str(path)!r} cannot be read as {wanted}: {' '.join(reason.split()) or type(error).__name__}"
    )


def whole_number(key: str, value: object, least: int) -> int:
    """The value as a whole number not below `least`; booleans are none.

    Raises:
        InvalidInputError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidInputError(f"{key} = {value!r}: allowed are whole numbers from {least}")
    return int(value)


def check_finite(key: str, array: Array) -> None:
    """Refuse a (rows, columns) array with a number that is NaN, infinite or beyond 1e150.

    Raises:
        InvalidInputError: there is one; the message names its row.
    """
    if array.dtype.kind != "f":
        return
    largest = min(LARGEST, float(np.finfo(array.dtype).max))
    fine = (np.abs(array) <= largest).all(axis=1)
    if not fine.all():
        row = int(np.argmin(fine))
        value = next(v for v in array[row].tolist() if not abs(v) <= largest)
        raise InvalidInputError(f"{key}: row {row} (from 0) holds {value!r}; allowed are finite numbers up to 1e150")
