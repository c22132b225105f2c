"""Named data sets and data files, as points x (n, d) and targets y (n, C).

Sources of images give (n, c, h, w) with `flat = False`: the same numbers, the mean and the norms those of rows. Every
source is treated alike: the first n rows are taken, the mean of the whole source is subtracted, each
row is scaled to one norm, and the targets follow from a labels rule. All of it in float64; `dtype` is a last
rounding. Rows are counted from 0. A random source has its own generator; the global one is not touched.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, Unpack

import torch

from ..theory.errors import InvalidInputError
from . import files
from .dialect import AskedText
from .files import FILE_FORMATS as FILE_FORMATS
from .prepared import Data as Data
from .prepared import check_dtype, prepare, row_norm
from .reading import Asked
from .reading import Reading as Reading
from .source import LABELS as LABELS
from .source import Source, whole_number
from .surroundings import undisturbed

NAMES = ("digits", "sphere", "fashion-mnist")
SPHERE_LABELS = ("sign", "gaussian")
FASHION_MNIST_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its four files."""

_FASHION_FILES = {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"}


class CatalogueEntry(NamedTuple):
    """One line of the catalogue; None stands for "any" (the sphere)."""

    name: str
    size: int | None
    d: int | None
    classes: int | None
    origin: str
    available: bool


def catalogue() -> list[CatalogueEntry]:
    """The named data sets: name, size, d, classes, where it comes from, whether it is here. Reads no data."""
    fashion = all(_fashion_file(FASHION_MNIST_FOLDER, split) is not None for split in _FASHION_FILES)
    return [
        CatalogueEntry(
            "digits",
            1797,
            64,
            10,
            "comes with scikit-learn: 8 x 8 images of handwritten digits",
            importlib.util.find_spec("sklearn") is not None,
        ),
        CatalogueEntry("sphere", None, None, None, "drawn at random: uniform on the sphere, random targets", True),
        CatalogueEntry(
            "fashion-mnist",
            60_000,
            784,
            10,
            "Debian package dataset-fashion-mnist, or any folder with the same files",
            fashion,
        ),
    ]


@undisturbed
def digits(
    n: int | None,
    *,
    labels: str = "low-high",
    scale: str | float = "sqrt-d",
    center: bool = True,
    flat: bool = True,
    dtype: torch.dtype = torch.float64,
) -> Data:
    """The first n of scikit-learn's 1797 handwritten digits, d = 64; the first ten are 0, 1, ..., 9.

    Args:
        n: how many; None for all.
        labels: "low-high" (n, 1): +1 for digit < 5, else -1; "one-hot" (n, 10) of 0 and 1;
            "centred-one-hot", the same less 1/10; "raw" (n, 1): the digit as a number.
        scale: norm of each row: "sqrt-d" (8), "unit" (1), "none" (as it is) or a positive number.
        center: subtract the mean of all 1797 images, not only of the n taken.
        flat: True for x (n, 64), False for x (n, 1, 8, 8).
        dtype: torch.float64 or torch.float32.

    Raises:
        InvalidInputError: an argument out of range, or data that `check_data` refuses.
    """
    from sklearn.datasets import load_digits  # slow to import, so not at the top

    bunch = load_digits()
    source = Source(bunch.data, bunch.target.reshape(-1, 1), 10, shape=(1, 8, 8))
    return prepare(source, "digits", n, labels, scale, center, dtype, flat=flat)


@undisturbed
def fashion_mnist(
    n: int | None,
    *,
    split: str = "train",
    labels: str = "low-high",
    scale: str | float = "sqrt-d",
    center: bool = True,
    flat: bool = True,
    path: str | os.PathLike[str] | None = None,
    dtype: torch.dtype = torch.float64,
) -> Data:
    """The first n images of Fashion-MNIST, d = 784, ten classes.

    Args:
        n: how many; None for all of the split.
        split: "train" (60000) or "test" (10000).
        labels, scale, center, dtype: as in `digits`; the mean is that of the split.
        flat: True for x (n, 784), False for x (n, 1, 28, 28).
        path: folder with the four IDX files, as they are or as .gz; default the Debian package's.

    Raises:
        InvalidInputError: no such files, an argument out of range, or data that `check_data` refuses.
    """
    if split not in _FASHION_FILES:
        raise InvalidInputError(f"split = {split!r}: allowed are {', '.join(_FASHION_FILES)}")
    folder = FASHION_MNIST_FOLDER if path is None else Path(path).expanduser()
    images = _fashion_file(folder, split)
    if images is None:
        raise InvalidInputError(
            f"source = 'fashion-mnist': no {_FASHION_FILES[split]}[.gz] in {str(folder)!r}; install the Debian "
            "package dataset-fashion-mnist, or give as path the folder that holds Fashion-MNIST's IDX files"
        )
    source = files.read_idx(images)
    return prepare(replace(source, classes=10), f"fashion-mnist {split}", n, labels, scale, center, dtype, flat=flat)


@undisturbed
def sphere(
    n: int,
    d: int,
    *,
    outputs: int = 1,
    labels: str = "sign",
    scale: str | float = "sqrt-d",
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> Data:
    """n points, independent and uniform on the sphere of R^d, with independent random targets.

    The points depend on n, d and the seed only. float32 data are the float64 data, rounded.

    Args:
        outputs: C, numbers per target.
        labels: "sign": +1 or -1 with equal chance; "gaussian": standard normal; shape (n, C).
        scale: radius: "sqrt-d", "unit" (1) or a positive number.
        seed: of this call's own generator.
        dtype: torch.float64 or torch.float32.

    Raises:
        InvalidInputError: an argument out of range; two equal points, as on the two-point sphere of d = 1.
    """
    n, d = whole_number("n", n, 1), whole_number("d", d, 1)
    outputs, seed = whole_number("outputs", outputs, 1), whole_number("seed", seed, 0)
    if seed >= 2**63:
        raise InvalidInputError(f"seed = {seed}: allowed are whole numbers from 0 to 2**63 - 1")
    if labels not in SPHERE_LABELS:
        raise InvalidInputError(f"labels = {labels!r}: for source 'sphere' allowed are {', '.join(SPHERE_LABELS)}")
    radius = row_norm(scale, d)
    if radius is None:
        raise InvalidInputError("scale = 'none': for source 'sphere' allowed are sqrt-d, unit or a positive number")
    check_dtype(dtype)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    x = x * (radius / torch.linalg.vector_norm(x, dim=1, keepdim=True))
    if labels == "sign":
        y = torch.randint(2, (n, outputs), generator=generator).to(torch.float64) * 2 - 1
        rule = "+1 or -1 at random"
    else:
        y = torch.randn(n, outputs, generator=generator, dtype=torch.float64)
        rule = "standard normal"
    points = "1 point" if n == 1 else f"{n} points"
    return Data(x.to(dtype), y.to(dtype), f"sphere, {points}, d = {d}, norm {radius:g}, seed {seed}", rule)


class FileOptions(TypedDict, total=False):
    """What the caller says of a file's content; what is not said, or None, is left to the file.

    Attributes:
        header: .csv only: whether the first row names the columns.
        label: tables only: the label's column, by name or by number from 1; default the last.
        index: tables only: true: the first column numbers the rows and is left out; false: no column does; or the
            column's name or number.
        target_columns: tables only: how many of the last columns are targets, instead of `label`; default 1.
        delimiter: .csv only: "," or ";" or "|" or a tab.
        decimal: .csv only: "." or ",".
        label_file: IDX only: the label file; default the image file's name with "labels" for "images".
    """

    header: bool | None
    label: str | int | None
    index: bool | str | int | None
    target_columns: int | None
    delimiter: str | None
    decimal: str | None
    label_file: str | os.PathLike[str] | None


FILE_OPTIONS = tuple(FileOptions.__annotations__)
"""The keys of `FileOptions`."""


def read(path: str | os.PathLike[str], **options: Unpack[FileOptions]) -> Reading:
    """Read a data file whole, and say what was taken for what: `read(path).described` is that in one line.

    A table of text is read as it is: what separates its cells, its decimal sign, a header, an index that pandas wrote
    and a label of text are recognised where the file leaves one reading. Where it leaves two, the error says which
    option decides. Every cell is a number or an error with its line and column.

    Args:
        path: .npz (x, y), .csv or .tsv (also .gz, .bz2, .xz, .zst), .parquet, IDX (also compressed) or CIFAR-10
            binary (.bin); for IDX the image file.
        options: keys of `FileOptions`.

    Raises:
        InvalidInputError: no such file, no regular file, one above 2 GiB, a damaged or ambiguous one, a bad cell, a
            row of another length, or an option of another format.
        TypeError: an option that is none.
    """
    said = _said(options)
    label_file = said["label_file"]
    return files.read(
        _expanded(path),
        asked=Asked(said["label"], said["target_columns"], said["index"]),
        said=AskedText(said["header"], said["delimiter"], said["decimal"]),
        label_file=None if label_file is None else _expanded(label_file),
    )


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    """Every key of `FileOptions`, None where it was not given."""
    for key in options:
        if key not in FILE_OPTIONS:
            raise TypeError(f"{key} is no option of a data file; allowed are {', '.join(FILE_OPTIONS)}")
    return {key: options.get(key) for key in FILE_OPTIONS}


@undisturbed
def load(
    path: str | os.PathLike[str],
    *,
    n: int | None = None,
    labels: str | None = None,
    scale: str | float = "sqrt-d",
    center: bool = True,
    flat: bool = True,
    dtype: torch.dtype = torch.float64,
    **options: Unpack[FileOptions],
) -> Data:
    """The first n rows of a data file, in any format of `read`.

    Args:
        path: the file; for IDX the image file.
        n: how many; None for all.
        labels: "raw": the targets as they are, (n, C). For text labels, and for whole-number targets 0, 1, ... in one
            column, also "low-high" (n, 1): +1 for the lower half of the classes (class < classes / 2), else -1;
            "one-hot" (n, classes); "centred-one-hot", the same less 1/classes. The classes are those of the whole
            file: its text labels, sorted, or 0 to the largest target; ten for CIFAR-10. Default: "raw" for numbers,
            "low-high" for IDX, CIFAR-10 and two text labels, "one-hot" for more.
        scale: norm of each row: "sqrt-d", "unit" (1), "none" (as it is; pixels are 0 to 255) or a number.
        center: subtract the mean of the whole file, not only of the n rows taken.
        flat: True for x (n, d); False for images: (n, 1, h, w) of an IDX file, (n, 3, 32, 32) of CIFAR-10, and of an
            .npz archive the axes that x has there, which must be more than two.
        dtype: torch.float64 or torch.float32.
        options: keys of `FileOptions`.

    Raises:
        InvalidInputError: what `read` refuses, an argument out of range, or data that `check_data` refuses.
    """
    found = read(path, **options)
    rule = found.source.own_rule if labels is None else labels
    return prepare(found.source, found.shown, n, rule, scale, center, dtype, found.described, flat)


@undisturbed
def named(
    source: str | os.PathLike[str],
    n: int | None = None,
    *,
    labels: str | None = None,
    scale: str | float | None = None,
    center: bool | None = None,
    seed: int = 0,
    d: int | None = None,
    outputs: int | None = None,
    split: str | None = None,
    path: str | os.PathLike[str] | None = None,
    dtype: torch.dtype = torch.float64,
    **of_file: Unpack[FileOptions],
) -> Data:
    """The data of a configuration: one of `NAMES`, or a path to a file. None takes the source's own default.

    Args:
        source: "digits", "sphere", "fashion-mnist", or a path (relative: to the current folder).
        n: how many; None for all that the source has (the sphere needs a number).
        seed: read by the sphere only; any source accepts it.
        labels, scale, center, d, outputs, split, path, dtype: as in `digits`, `sphere`, `fashion_mnist` and `load`.
        of_file: keys of `FileOptions`.

    Raises:
        InvalidInputError: an unknown source, an option that it does not take, or what the source refuses.
    """
    options: dict[str, Any] = {
        "labels": labels,
        "scale": scale,
        "center": center,
        "d": d,
        "outputs": outputs,
        "split": split,
        "path": path,
        **_said(of_file),
    }
    given = {key: value for key, value in options.items() if value is not None}
    name = source if isinstance(source, str) and source in NAMES else "a file"
    takes = {
        "digits": ("labels", "scale", "center"),
        "sphere": ("labels", "scale", "d", "outputs"),
        "fashion-mnist": ("labels", "scale", "center", "split", "path"),
        "a file": ("labels", "scale", "center", *FILE_OPTIONS),
    }[name]
    if name == "a file" and not is_there(source):
        raise InvalidInputError(_unknown_source(source))
    for key, value in given.items():
        if key not in takes:
            raise InvalidInputError(f"{key} = {value!r}: source {str(source)!r} takes only {', '.join(takes)}")
    if name == "digits":
        return digits(n, dtype=dtype, **given)
    if name == "fashion-mnist":
        return fashion_mnist(n, dtype=dtype, **given)
    if name == "a file":
        return load(source, n=n, dtype=dtype, **given)
    for key, value in (("n", n), ("d", d)):
        if value is None:
            raise InvalidInputError(f"{key} is not given: source 'sphere' needs it, a whole number from 1")
    return sphere(n, dtype=dtype, seed=seed, **given)  # type: ignore[arg-type]


def _fashion_file(folder: Path, split: str) -> Path | None:
    """The split's image file in the folder, as it is or as .gz."""
    for ending in ("", ".gz"):
        file = folder / (_FASHION_FILES[split] + ending)
        if file.is_file():
            return file
    return None


def _expanded(path: str | os.PathLike[str]) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # ~name of nobody
        raise InvalidInputError(f"source = {str(path)!r}: {error}") from None


def is_there(source: str | os.PathLike[str]) -> bool:
    """Whether a path, `~` expanded, leads anywhere; one that cannot be a path does not."""
    try:
        return _expanded(source).exists()
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return False


def _unknown_source(source: str | os.PathLike[str]) -> str:
    near = difflib.get_close_matches(str(source), NAMES, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    patterns = ", ".join(pattern for pattern, _ in FILE_FORMATS)
    return (
        f"source = {str(source)!r}: no such file; allowed are {', '.join(NAMES)} or a path to a file "
        f"({patterns}){meant}"
    )
