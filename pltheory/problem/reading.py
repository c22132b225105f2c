"""What was read from a data file, and what each of its columns was taken for."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..theory.errors import InvalidInputError
from . import naming
from .source import Array, Source, clipped, listed, whole_number

_MANY_ROWS = 10  # fewer may well be of a class each
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
        return f"{self.shown}: {'; '.join([*said, *self.notes])}"

    @property
    def shown(self) -> str:
        """The file's name for a line of text."""
        return self.file if self.file.isprintable() else repr(self.file)

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


def assign(
    asked: Asked,
    names: Sequence[str],
    width: int,
    file: str,
    stored_index: Sequence[int] = (),
    commented: Sequence[str] = (),
) -> Roles:
    """Give each column its role.

    Args:
        asked: by the caller.
        names: of the columns; empty for a table without a header.
        width: number of columns.
        file: its name, for messages.
        stored_index: columns that the file itself marks as an index.
        commented: what a comment line above a table without a header seems to call the columns.

    Raises:
        InvalidInputError: two columns of one name, a column that does not exist, no column left for the points, or a
            name that contradicts the label taken.
    """
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        if name and name in seen:
            raise InvalidInputError(
                f"source: {file} has two columns {name!r}, {seen[name] + 1} and {number + 1}; allowed is one of a name"
            )
        seen[name] = number
    named = None if asked.label is None else _numbered("label", asked.label, names, width, file)
    index: tuple[int, ...] = ()
    if asked.index is not False:
        # What has no name stays left out beside an index that was said: only index = false makes features of it.
        unnamed = {c for c in tuple(stored_index) or naming.leading_unnamed(names) if c != named}
        if asked.index is not None:
            unnamed.add(0 if asked.index is True else _numbered("index", asked.index, names, width, file))
        index = tuple(sorted(unnamed))
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
    if asked.label is None and asked.target_columns is None:
        _check_last_is_label(names or commented, label[0], index, file)
    return Roles(index, label, features)


def _check_last_is_label(names: Sequence[str], last: int, index: Sequence[int], file: str) -> None:
    """The last column is the label unless the names say that another one is, or that the last one is none."""
    if not names:
        return
    other = naming.other_label(names, last, index)
    if other is not None:
        raise InvalidInputError(
            f"source: {file}, {column(other, names)} is called as labels are, {column(last, names)}, the last, is not; "
            f"label = {reference(other, names)} takes the one, label = {reference(last, names)} the other"
        )
    count = naming.numbered_labels(names, last)
    if count > 1:
        raise InvalidInputError(
            f"source: {file}, the last {count} columns are called as labels are, up to {column(last, names)}; "
            f"target_columns = {count} takes them, label = {reference(last, names)} the last alone"
        )
    if naming.is_id(names[last]):
        raise InvalidInputError(
            f"source: {file}, {column(last, names)}, the last, is called as an index is, not as a label; label says "
            f"which column is the label, index = {reference(last, names)} leaves this one out"
        )


def reference(c: int, names: Sequence[str]) -> str:
    """How a column is said in `label` and `index`: by its number from 1, by its name where that is another's number."""
    said = str(c + 1)
    return repr(clipped(names[c])) if said in names and names[c] not in ("", said) else said


def _numbered(key: str, given: str | int, names: Sequence[str], width: int, file: str) -> int:
    if isinstance(given, int):
        if not 1 <= given <= width:
            raise InvalidInputError(f"{key} = {given}: {file} has columns 1 to {width}")
        if str(given) in names and names[given - 1] != str(given):
            other = list(names).index(str(given))
            raise InvalidInputError(
                f"{key} = {given}: {column(given - 1, names)} of {file} or {column(other, names)}? allowed is the name "
                f"in quotes, {names[given - 1]!r} or {str(given)!r}"
            )
        return given - 1
    if given in names:
        return list(names).index(given)
    if not names:
        raise InvalidInputError(f"{key} = {given!r}: {file} has no header; allowed are the numbers 1 to {width}")
    near = difflib.get_close_matches(given, names, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else f"; it has {listed([repr(name) for name in names])}"
    raise InvalidInputError(f"{key} = {given!r}: {file} has no column of that name{meant}")


def settle(
    asked: Asked, roles: Roles, names: Sequence[str], x: Array, file: str, commented: Sequence[str] = ()
) -> tuple[Roles, Array, tuple[str, ...]]:
    """Leave out features that number the rows beyond doubt, refuse those that may, and say what else may be meant.

    A name decides nothing alone, nor does a count: a column that is called as row numbers are and counts 0, 1, 2, ...
    or 1, 2, 3, ... is an index. One that is only called so is asked about, and so is a first column without a name
    that counts beside numbers that are not whole. A count under another name is a feature, and told. Where the caller
    names an index, a second one without doubt is left out too, and one in doubt is kept and told: index = false alone
    says that there is none.

    Args:
        asked: by the caller.
        roles: as assigned.
        names: of the columns; empty for a table without a header.
        x: the features, shape (N, d).
        file: its name, for messages.
        commented: what a comment line seems to call the columns of a table without a header; it is asked about, and
            never believed.

    Returns:
        The roles, the features that are left, and notes.

    Raises:
        InvalidInputError: a feature may be an index.
    """
    n, d = x.shape
    if asked.index is False or n == 0 or d < 2:
        return roles, x, ()
    called = names or commented
    out: list[int] = []
    doubtful: list[str] = []
    for j, c in enumerate(roles.features if called else ()):
        doubt, sure = naming.row_number(called, c, j == 0 and not roles.index, x[:, j])
        if sure and names and len(out) < d - 1:
            out.append(j)
        elif doubt and asked.index is not None:
            doubtful.append(f"{column(c, called)} is called as an index is and is kept as a feature")
        elif doubt:
            what = "holds a whole number a row, none twice" if len(np.unique(x[:, j])) == n else "holds whole numbers"
            raise _may_be_index(c, called, file, f"is called as an index is and {what}")
    if out:
        kept = [j for j in range(d) if j not in out]
        left = tuple(roles.features[j] for j in out)
        roles = replace(
            roles,
            index=tuple(sorted((*roles.index, *left))),
            features=tuple(roles.features[j] for j in kept),
        )
        which = listed([column(c, names) for c in left])
        return roles, x[:, kept], (f"{which} counts the rows (index = false keeps it)", *doubtful)
    if doubtful:
        return roles, x, tuple(doubtful)
    if roles.index or n < 2 or not naming.counts_rows(x[:, 0]):
        return roles, x, ()
    c = roles.features[0]
    if n > 2 and not called and bool((x[:, 1:] != np.floor(x[:, 1:])).any()):
        raise _may_be_index(c, called, file, "counts the rows")
    where, how = column(c, names), f"index = {reference(c, names)} leaves it out"
    return roles, x, (f"{where} counts the rows and is kept as a feature ({how})",)


def _may_be_index(c: int, names: Sequence[str], file: str, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"source: {file}, {column(c, names)} may be an index or a feature (it {why}); index = {reference(c, names)} "
        "leaves it out, index = false keeps it"
    )


def check_classes(asked: Asked, c: int, names: Sequence[str], classes: int, rows: int, file: str) -> None:
    """Ask whether text that was taken because it is last is the label: it is another word in each of ten rows or more.

    Raises:
        InvalidInputError: it may be a name of the rows.
    """
    if asked.label is None and asked.target_columns is None and classes == rows >= _MANY_ROWS:
        where = reference(c, names)
        raise InvalidInputError(
            f"source: {file}, {column(c, names)} holds another word in each of {rows} rows, a name of the rows or the "
            f"label? label = {where} takes it as the label, index = {where} leaves it out"
        )


def check_label(asked: Asked, roles: Roles, names: Sequence[str], x: Array, y: Array, file: str) -> None:
    """Ask which column is the label, where the last was taken in a table without names and the first looks like it.

    UCI's wine and MNIST as text have their classes in column 1.

    Args:
        asked, roles, names, file: as in `settle`.
        x, y: features (N, d) and targets (N, C), numbers.

    Raises:
        InvalidInputError: the first column may hold classes and the last may not.
    """
    said = asked.label is not None or asked.target_columns is not None or bool(names)
    if said or not naming.may_be_classes(x[:, 0]) or naming.may_be_classes(y[:, 0], once=True):
        return
    if x.shape[1] > 1 and naming.may_be_classes(x[:, 1], once=True):  # features of that kind, column 1 one of them
        return
    first, last = roles.features[0], roles.label[0]
    classes, seen = len(np.unique(x[:, 0])), len(np.unique(y[:, 0]))
    raise InvalidInputError(
        f"source: {file}, {column(first, names)} holds {classes} whole numbers, as classes are, and the "
        f"last, column {last + 1}, {seen} {'numbers' if seen > 1 else 'number'}; label = {first + 1} takes the one as "
        f"the label, label = {last + 1} the other"
    )
