"""What was read from a data file, and what each of its columns was taken for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..theory.errors import InvalidInputError
from .source import Source, clipped, listed, whole_number

# What pandas calls a column of row numbers whose name is empty, once or saved again.
_UNNAMED = re.compile(r"(Unnamed: \d+(\.\d+)*|__index_level_\d+__)?")
_STORED = re.compile(r"__index_level_\d+__")
_ROW_NAMES = frozenset({"id", "idx", "index", "no", "no.", "nr", "#", "row", "row_id", "row id", "rowid", "rownames"})
_MOST_VALUES = 20  # of more different numbers in the label column none is a class


@dataclass(frozen=True, eq=False)
class Reading:
    """A data file as it was understood; `described` is that in one line.

    Attributes:
        file: the file's name.
        format: its format, with what was recognised of it.
        columns: how many columns a table has; None for a file of arrays.
        header: where the names of the columns come from, in words; None for a file of arrays.
        names: names of the columns, "" where a table has none.
        index, label, features: which columns are which, counted from 0; empty for a file of arrays.
        notes: what else the reader should know.
        source: points and targets.
    """

    file: str
    format: str
    source: Source
    columns: int | None = None
    header: str | None = None
    names: tuple[str, ...] = ()
    index: tuple[int, ...] = ()
    label: tuple[int, ...] = ()
    features: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """N, the number of points."""
        return self.source.x.shape[0]

    @property
    def counts(self) -> dict[str, int] | None:
        """How often each label occurs: class names or numbers; None for several targets or more than 20 numbers."""
        target, names = self.source.target, self.source.names
        if target.shape[1] != 1:
            return None
        values, counts = np.unique(target[:, 0], return_counts=True)
        if names is not None:
            return {names[int(v)]: int(c) for v, c in zip(values, counts, strict=True)}
        if len(values) > _MOST_VALUES:
            return None
        return {str(v).removesuffix(".0"): int(c) for v, c in zip(values.tolist(), counts, strict=True)}

    @property
    def described(self) -> str:
        """Format, header, label, index, rows and columns in one line."""
        d, outputs = self.source.x.shape[1], self.source.target.shape[1]
        said = [self.format]
        if self.columns is None:
            said.append(f"{self.rows} rows, {d} numbers a point, {outputs} a target")
        else:
            said += [str(self.header), self._label(), self._index()]
            said.append(f"{self.rows} rows, {self.columns} columns, {d} of them features")
        file = self.file if self.file.isprintable() else repr(self.file)
        return f"{file}: {'; '.join([*said, *self.notes])}"

    def _label(self) -> str:
        which = listed([column(c, self.names) for c in self.label])
        if self.source.names is None:
            return f"label {which}, number{'s' if self.rows > 1 else ''}"
        classes = f"{self.source.classes} class{'es' if self.source.classes != 1 else ''}"
        return f"label {which}, text, {classes}: {listed(self.source.names)}"

    def _index(self) -> str:
        if not self.index:
            return "no index"
        which = [column(c, self.names) + ("" if self.names and self.names[c] else " (no name)") for c in self.index]
        return f"index {listed(which)}, left out"

    def to_dict(self) -> dict[str, Any]:
        """The reading without its numbers, for JSON; columns are counted from 1."""
        return {
            "file": self.file,
            "described": self.described,
            "format": self.format,
            "rows": self.rows,
            "columns": self.columns,
            "features": self.source.x.shape[1],
            "targets": self.source.target.shape[1],
            "header": self.header,
            "names": list(self.names) or None,
            "label": [c + 1 for c in self.label],
            "index": [c + 1 for c in self.index],
            "labels": self.counts,
            "text_labels": self.source.names is not None,
            "notes": list(self.notes),
        }


def column(number: int, names: Sequence[str]) -> str:
    """A column in words, counted from 1, with its name if it has one."""
    named = f" {clipped(names[number])!r}" if names and names[number] else ""
    return f"column {number + 1}{named}"


@dataclass(frozen=True)
class Asked:
    """What the caller says of a table's columns; None leaves it to the file.

    Attributes:
        label: the label's column, by name or by number from 1; default the last.
        target_columns: how many last columns are targets, instead of `label`.
        index: true: the first column numbers the rows and is left out; false: no column does; or the column's name
            or number.
    """

    label: str | int | None = None
    target_columns: int | None = None
    index: bool | str | int | None = None

    def __post_init__(self) -> None:
        if self.target_columns is not None:
            whole_number("target_columns", self.target_columns, 1)
            if self.label is not None:
                raise InvalidInputError(
                    f"label = {self.label!r} and target_columns = {self.target_columns}: allowed is one of the two"
                )
        if self.label is not None and (isinstance(self.label, bool) or not isinstance(self.label, (str, int))):
            raise InvalidInputError(f"label = {self.label!r}: allowed are a column's name or its number from 1")
        if self.index is not None and not isinstance(self.index, (bool, str, int)):
            raise InvalidInputError(
                f"index = {self.index!r}: allowed are true, false, a column's name or its number from 1"
            )


@dataclass(frozen=True)
class Roles:
    """Which columns of a table are what, counted from 0."""

    index: tuple[int, ...]
    label: tuple[int, ...]
    features: tuple[int, ...]


def assign(asked: Asked, names: Sequence[str], width: int, file: str, stored_index: Sequence[int] = ()) -> Roles:
    """Give each column its role.

    Args:
        asked: by the caller.
        names: of the columns; empty for a table without a header.
        width: number of columns.
        file: its name, for messages.
        stored_index: columns that the file itself marks as an index.

    Raises:
        InvalidInputError: two columns of one name, a column that does not exist, or no column left for the points.
    """
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        if name and name in seen:
            raise InvalidInputError(
                f"source: {file} has two columns {name!r}, {seen[name] + 1} and {number + 1}; allowed is one of a name"
            )
        seen[name] = number
    named = None if asked.label is None else _numbered("label", asked.label, names, width, file)
    if asked.index is None:
        index = tuple(c for c in tuple(stored_index) or _leading_unnamed(names) if c != named)
    elif isinstance(asked.index, bool):
        index = (0,) if asked.index else ()
    else:
        index = (_numbered("index", asked.index, names, width, file),)
    rest = [c for c in range(width) if c not in index]
    count = 1 if asked.target_columns is None else asked.target_columns
    if count >= len(rest) and named not in index:
        without = f", {len(index)} of them an index," if index else ""
        allowed = f"; allowed are 1 to {len(rest) - 1}" if len(rest) > 1 else ""
        raise InvalidInputError(
            f"target_columns = {count}: {file} has {width} columns{without} and the points need one{allowed}"
        )
    label = (named,) if named is not None else tuple(rest[-count:])
    both = sorted(set(index) & set(label))
    if both:
        raise InvalidInputError(
            f"index = {asked.index!r}: {column(both[0], names)} of {file} is the label; allowed is another one"
        )
    features = tuple(c for c in rest if c not in label)
    for number in (*features, *label):
        if names and not names[number] and number not in (0, *stored_index):
            raise InvalidInputError(
                f"source: {file}, column {number + 1} has no name, the others have; allowed is a header that names "
                "every column, or header = false"
            )
    return Roles(index, label, features)


def _numbered(key: str, given: str | int, names: Sequence[str], width: int, file: str) -> int:
    if isinstance(given, int):
        if not 1 <= given <= width:
            raise InvalidInputError(f"{key} = {given}: {file} has columns 1 to {width}")
        return given - 1
    if given in names:
        return list(names).index(given)
    if not names:
        raise InvalidInputError(f"{key} = {given!r}: {file} has no header; allowed are the numbers 1 to {width}")
    near = difflib.get_close_matches(given, names, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else f"; it has {listed([repr(name) for name in names])}"
    raise InvalidInputError(f"{key} = {given!r}: {file} has no column of that name{meant}")


def _leading_unnamed(names: Sequence[str]) -> tuple[int, ...]:
    """Leading columns without a name, and what pandas calls a stored index, which it puts last."""
    count = 0
    while count < len(names) and _UNNAMED.fullmatch(names[count]):
        count += 1
    return (*range(count), *(c for c in range(count, len(names)) if _STORED.fullmatch(names[c])))


def settle_index(asked: Asked, roles: Roles, names: Sequence[str], x: Any, file: str) -> tuple[str, ...]:
    """Refuse a feature that may be a numbering of the rows, unless the caller said what it is; notes on the others.

    A first column of whole numbers without a repetition may be an index where it is called one, or where no column
    has a name and it counts 0, 1, 2, ... beside numbers that are not whole. Else it is a feature, and a count of the
    rows is told.

    Args:
        x: the features, shape (N, d).

    Raises:
        InvalidInputError: the first column is such a one.
    """
    n, d = x.shape
    if asked.index is not None or n < 2 or d < 2 or roles.index:
        return ()
    first = x[:, 0]
    counts = bool((first == np.arange(n)).all() or (first == np.arange(1, n + 1)).all())
    where = column(roles.features[0], names)
    called = bool(names) and names[roles.features[0]].strip().casefold() in _ROW_NAMES
    if counts and not names:
        doubtful = bool((x[:, 1:] != np.floor(x[:, 1:])).any())
    else:
        doubtful = called and bool((first == np.floor(first)).all()) and len(np.unique(first)) == n
    if doubtful and n > 2:
        what = "counts the rows" if counts else "is called so and holds a whole number a row, none twice"
        raise InvalidInputError(
            f"source: {file}, {where} may be an index or a feature (it {what}); index = {roles.features[0] + 1} "
            "leaves it out, index = false keeps it"
        )
    out = f"index = {roles.features[0] + 1} leaves it out"
    return (f"{where} counts the rows and is kept as a feature ({out})",) if counts else ()
