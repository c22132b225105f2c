"""The files a data set may come from: .npz, tables of text (.csv, .tsv), Parquet, IDX and CIFAR-10 binary.

A file is read whole, in its own number type, into one `Reading`; text is read as float64.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from pathlib import Path

import numpy as np

from ..theory.errors import InvalidInputError
from .dialect import AskedText
from .opening import COMPRESSIONS, MOST_BYTES, contents, damaged, printable, shown, unpacked
from .parquet import read_parquet
from .reading import Asked, Reading
from .source import Array, Source, check_numbers
from .text_table import read_text_table

FILE_FORMATS: tuple[tuple[str, str], ...] = (
    (".npz", "NumPy archive with arrays x (N, d) and y (N,) or (N, C)"),
    (".csv", "one data point a line, the last column the target, header optional; commas, semicolons, tabs or bars"),
    ("IDX", "MNIST's format, also .gz: an image file beside its label file"),
    (".bin", "CIFAR-10 binary, records of 3073 bytes"),
    (".tsv", "as .csv; both also compressed: .gz, .bz2, .xz or .zst"),
    (".parquet", "table of numbers, the last column the target, a label may be text"),
)
"""Pattern and description of every file format that `pltheory.problem.data.load` reads."""

_TEXT = (".csv", ".tsv", ".tab")
_PARQUET = (".parquet", ".pq")
CIFAR_RECORD = 3073  # one label byte, then the pixels, the red plane first
CIFAR_SHAPE = (3, 32, 32)

_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read(
    path: Path,
    *,
    asked: Asked | None = None,
    said: AskedText | None = None,
    label_file: Path | None = None,
) -> Reading:
    """Read a data file; its format follows from its name's ending, IDX from its first bytes.

    Args:
        path: the file; for IDX the image file.
        asked: tables only: which columns are label and index.
        said: tables of text only: header, delimiter and decimal sign.
        label_file: IDX only: the label file; default the image file's name with "labels" for "images".

    Raises:
        InvalidInputError: no such file, no regular file, no known format, a damaged file, or an option of another
            format.
    """
    kind = ending(path)
    table = kind in (*_TEXT, *_PARQUET)
    tables = "a table, .csv, .tsv or .parquet,"
    for options, takes, what in ((asked, table, tables), (said, kind in _TEXT, "a table of text, .csv or .tsv,")):
        for key, value in vars(options).items() if options is not None and not takes else ():
            if value is not None:
                raise InvalidInputError(f"{key} = {value!r}: only {what} takes it, not {shown(path)}")
    if label_file is not None and (table or kind in (".npz", ".bin")):
        raise InvalidInputError(
            f"label_file = {str(label_file)!r}: only an IDX file takes it, {shown(path)} holds its own targets"
        )
    raw = contents(path)
    if kind in _TEXT:
        return read_text_table(path, raw, asked or Asked(), said or AskedText())
    if kind in _PARQUET:
        return read_parquet(path, raw, asked or Asked())
    if kind == ".npz":
        return _of_arrays(path, "NumPy archive", read_npz(path, raw))
    if kind == ".bin":
        return _of_arrays(path, "CIFAR-10 binary", read_cifar(path, raw))
    return _of_arrays(path, "IDX", read_idx(path, label_file))


def ending(path: Path) -> str:
    """The ending that tells the format, lower case: of a compressed table the one before the compression's."""
    *before, last = ["", *(suffix.lower() for suffix in path.suffixes)]
    return before[-1] if last in COMPRESSIONS and before and before[-1] in _TEXT else last


def _of_arrays(path: Path, kind: str, source: Source) -> Reading:
    """Arrays as a reading, once every number of them is seen to be one, as every cell of a table is."""
    for key, array in (("x", source.x), ("y", source.target)):
        check_numbers(f"source = {str(path)!r}: {key}", array)
    return Reading(path.name, kind, source)


def read_npz(path: Path, raw: bytes) -> Source:
    """Arrays `x` (N, ...), flattened to (N, d), and `y` (N,) or (N, C) of a NumPy archive; no pickles.

    Where x has more axes than two, those of a point are kept beside.

    Raises:
        InvalidInputError: no archive, an array missing, not of real numbers, or of the wrong shape.
    """
    if not zipfile.is_zipfile(io.BytesIO(raw)):
        raise InvalidInputError(f"source = {str(path)!r} is no .npz archive; numpy.savez(path, x=x, y=y) writes one")
    arrays = {}
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
            held = archive.files  # x.npy and x are both x to NumPy, which reads the last of them
            twice = next((key for key in ("x", "y") if held.count(key) > 1), None)
            if twice is not None:
                raise InvalidInputError(f"source = {str(path)!r} holds the array {twice!r} twice; allowed is one")
            size = sum(info.file_size for info in archive.zip.infolist() if info.filename in ("x.npy", "y.npy"))
            if size > MOST_BYTES:
                raise InvalidInputError(
                    f"source = {str(path)!r} unpacks to {size} bytes; allowed are up to {MOST_BYTES}"
                )
            for key in ("x", "y"):
                if key in held:
                    arrays[key] = archive[key]
    except InvalidInputError:
        raise
    except Exception as error:  # the parsers of zip, of NumPy's header and of Python's literals raise a dozen types
        raise damaged(path, "a .npz archive of plain arrays", error) from None
    for key in ("x", "y"):
        if key not in arrays:
            raise InvalidInputError(
                f"source = {str(path)!r} holds no array {key!r} (it holds {printable(', '.join(held)) or 'none'}); "
                "needed are x (N, d) and y (N,) or (N, C)"
            )
        if not isinstance(arrays[key], np.ndarray):
            raise InvalidInputError(f"source = {str(path)!r}: {key} is no array of NumPy's; allowed are real numbers")
        if arrays[key].dtype.kind not in "biuf":
            raise InvalidInputError(
                f"source = {str(path)!r}: {key} has type {arrays[key].dtype}; allowed are real numbers"
            )
    x, y = arrays["x"], arrays["y"]
    if x.ndim < 2 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise InvalidInputError(
            f"source = {str(path)!r}: x has shape {x.shape} and y {y.shape}; needed are (N, d) and (N,) or (N, C)"
        )
    return Source(_flat(x), _flat(y), None, shape=x.shape[1:] if x.ndim > 2 else None)


def read_idx(path: Path, label_file: Path | None = None) -> Source:
    """An IDX image file (N, ...), flattened to (N, d), with its label file (N,).

    Images (N, h, w) are of one channel: a point has the axes (1, h, w). Of more axes, a point keeps its own.

    Raises:
        InvalidInputError: not an IDX file, damaged, no label file, or label and image counts that differ.
    """
    images = read_idx_array(path, "source")
    if images.ndim < 2:
        raise InvalidInputError(
            f"source = {str(path)!r} holds a list of {images.shape[0]} labels; needed is the image file"
        )
    where = _label_file(path) if label_file is None else label_file
    if not where.exists():
        raise InvalidInputError(f"label_file = {str(where)!r}: no such file; {shown(path)} needs its IDX label file")
    labels = read_idx_array(where, "label_file")
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise InvalidInputError(
            f"label_file = {str(where)!r} holds {labels.dtype.name} numbers of shape {labels.shape}; "
            f"needed are {images.shape[0]} integers, one for each image of {shown(path)}"
        )
    classes = int(labels.max(initial=0)) + 1
    axes = images.shape[1:]
    shape = (1, *axes) if len(axes) == 2 else axes
    return Source(_flat(images), _flat(labels), classes, shape=shape if len(axes) > 1 else None)


def read_idx_array(path: Path, key: str) -> Array:
    """The array of one IDX file of at most 32 axes, as it is or compressed, whatever its name.

    Args:
        path: the file.
        key: what the user called it, for messages.

    Raises:
        InvalidInputError: not an IDX file, or its length is not what its header says.
    """
    raw, _ = unpacked(contents(path, key), path, key)
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _IDX_TYPES or not 0 < raw[3] <= 32:
        known = ", ".join(pattern for pattern, _ in FILE_FORMATS)
        raise InvalidInputError(f"{key} = {str(path)!r} is in no known format; allowed are {known}")
    start = 4 + 4 * raw[3]
    if len(raw) < start:
        raise InvalidInputError(f"{key} = {str(path)!r} is damaged: its IDX header is cut off")
    shape = tuple(int(size) for size in np.frombuffer(raw, ">u4", count=raw[3], offset=4))
    kind = np.dtype(_IDX_TYPES[raw[2]])
    needed = start + kind.itemsize * math.prod(shape)
    if len(raw) != needed:
        raise InvalidInputError(
            f"{key} = {str(path)!r} is damaged: {len(raw)} bytes, its IDX header (shape {shape}) says {needed}"
        )
    return np.frombuffer(raw, kind, offset=start).reshape(shape)


def read_cifar(path: Path, raw: bytes) -> Source:
    """CIFAR-10's binary form: (N, 3072) bytes, the red plane first, and ten classes.

    Raises:
        InvalidInputError: the length is no positive multiple of 3073 bytes, or a label is above 9.
    """
    if not raw or len(raw) % CIFAR_RECORD:
        raise InvalidInputError(
            f"source = {str(path)!r} has {len(raw)} bytes; "
            f"a CIFAR-10 binary file has a positive multiple of {CIFAR_RECORD}"
        )
    records = np.frombuffer(raw, np.uint8).reshape(-1, CIFAR_RECORD)
    above = np.flatnonzero(records[:, 0] > 9)
    if above.size:
        raise InvalidInputError(
            f"source = {str(path)!r}: the label of record {above[0]} (from 0) is {records[above[0], 0]}; "
            "CIFAR-10 allows 0 to 9"
        )
    return Source(records[:, 1:], records[:, :1], 10, shape=CIFAR_SHAPE)


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
