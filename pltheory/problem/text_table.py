"""Tables of text: CSV and its relatives, read with pandas and held line by line against the csv module.

pandas forgives much: it fills short rows, drops cells, takes words for numbers. So the csv module walks the same text
with its line numbers, every record must have the same cells in both, and a number is what `dialect` says it is. What is
wrong is then told with its line and column, and no row is lost.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from ..theory.errors import InvalidInputError
from . import dialect, first_row, naming
from .dialect import DELIMITERS, AskedText, Lines, Record, is_like_number, is_missing, is_number, records
from .opening import decoded, printable, shown, undecoded, unpacked
from .reading import Asked, Reading, assign, check_classes, check_label, column, reference, settle
from .source import EXACT, LARGEST, MOST_CLASSES, Array, Source

_EXACT = "allowed are whole numbers that a double holds to the last digit, as all up to 2**53"
_FINITE = ", finite ones up to 1e150"


@dataclass
class _Walk:
    """What one walk through the records leaves behind."""

    lines: array[int] = field(default_factory=lambda: array("q"))  # where each point starts
    kept: list[str] = field(default_factory=list)  # the text of the points
    label: list[str] = field(default_factory=list)
    index: list[list[str]] = field(default_factory=list)
    plain: bool = True  # no feature has a character that no number has


def read_text_table(path: Path, raw: bytes, asked: Asked, said: AskedText) -> Reading:
    """Read a table of text.

    Raises:
        InvalidInputError: no text, no rows, a cell that is no number or no label, records of unequal length (each with
            its line and column), more than one reading, or a column that does not exist.
    """
    return _Table(path, raw, asked, said).read()


class _Table:
    """One file while it is read: what was recognised of it, for the readers and for messages."""

    def __init__(self, path: Path, raw: bytes, asked: Asked, said: AskedText) -> None:
        self.path, self.asked, self.said, self.file = path, asked, said, shown(path)
        raw, self.compression = unpacked(raw, path)
        self.text, self.encoding = decoded(path, raw)
        self.delimiter, self.decimal, head = dialect.recognise(
            self.text, said.delimiter, said.decimal, asked.label, self.file
        )
        if not head:
            self._walk_to_the_first_error()
            raise InvalidInputError(f"source = {str(path)!r} holds no row of numbers")
        self.head, self.first, self.width, self.trailing = head, head[0], len(head[0].cells), 0
        if self.width == 1:
            wider = next((record for record in head if len(record.cells) > 1), None)
            if wider is not None:
                raise self._ragged(wider, 1)
            raise InvalidInputError(
                f"target_columns = 1: {self.file} has 1 columns and the points need one; allowed are tables whose "
                f"cells are parted by {', '.join(DELIMITERS.values())}"
            )
        self.names: tuple[str, ...] = ()
        shorter = [Record(record.line, record.cells[:-1]) for record in head]
        # Without names an empty last column is rather a label that nobody filled in.
        if self._ends_with_delimiters() and self._header(shorter):
            self.trailing, self.width, self.header = 1, self.width - 1, True
            self.head, self.first = shorter, shorter[0]
        else:
            self.header = self._header(head)
        if self.header:
            self.names = tuple(cell.strip() for cell in self.first.cells)
            self._check_names()
        self.commented: tuple[str, ...] = ()
        if not self.header:
            self.commented = first_row.commented_names(self.text, self.delimiter, self.decimal, self.width)
        self.roles = assign(asked, self.names, self.width, self.file, commented=self.commented)

    def read(self) -> Reading:
        walk = self._walk()
        if not walk.lines:
            raise InvalidInputError(f"source = {str(self.path)!r} holds no row of numbers")
        classes = self._classes(walk)
        self._check_first_label(walk, classes)
        self._check_index(walk)
        numeric = self.roles.features if classes else (*self.roles.features, *self.roles.label)
        table = self._numbers(walk, numeric)  # (N, columns)
        d = len(self.roles.features)
        x, y = table[:, :d], table[:, d:]
        if not classes:
            check_label(self.asked, self.roles, self.names or self.commented, x, y, self.file)
        self.roles, x, said = settle(self.asked, self.roles, self.names, x, self.file, self.commented)
        notes = list(said)
        if self.trailing:
            notes.append("a delimiter ends every line")
        if self.comments:
            notes.append(f"{self.comments} comment line{'s' if self.comments > 1 else ''}")
        if classes:
            number = {name: i for i, name in enumerate(classes)}
            target = np.array([number[label] for label in walk.label], np.int64)[:, None]
            source = Source(x, target, len(classes), classes)
        else:
            source = Source(x, y, None)
        return Reading(
            self.path.name,
            self._format(),
            source,
            self.width,
            f"header in line {self.first.line}" if self.header else "no header",
            self.names,
            *(self.roles.index, self.roles.label, self.roles.features),
            notes=tuple(notes),
        )

    def _format(self) -> str:
        said = [f"text with {DELIMITERS[self.delimiter]}"]
        said += ["decimal comma"] if self.decimal == "," else []
        said += [word for word in (self.encoding, self.compression) if word is not None]
        return ", ".join(said)

    # header

    def _header(self, head: list[Record]) -> bool:
        if self.said.header is not None:
            return self.said.header
        names = [cell.strip() for cell in head[0].cells]
        # A label or index given by its name says that there are names; "3" may stand in a point as well.
        for given in (self.asked.label, self.asked.index):
            if isinstance(given, str) and given in names and not is_number(given, self.decimal):
                return True
        skipped: tuple[int, ...] = ()
        if self.asked.index is True:
            skipped = (0,)
        elif isinstance(self.asked.index, int) and self.asked.index:
            skipped = (self.asked.index - 1,)
        return first_row.has_header(
            head, self.decimal, skipped, len(head) > 1 and first_row.quoted_alone(self.text, self.delimiter), self.file
        )

    def _check_names(self) -> None:
        for number, name in enumerate(self.names, start=1):
            if not name.isascii() and undecoded(name):
                raise self._at(self.first.line, number, name, "allowed is text in UTF-8")
            if "\0" in name or ("\n" in name and self.delimiter in name):
                raise self._at(self.first.line, number, name, "allowed is one name; does a quote not close?")

    def _ends_with_delimiters(self) -> bool:
        """Whether every record ends with an empty cell that no header names."""
        if self.width < 3 or self.first.cells[-1].strip():
            return False
        try:
            return all(
                len(r.cells) == self.width and not r.cells[-1].strip()
                for r in records(Lines(self.text), self.delimiter)
            )
        except csv.Error:
            return False  # said with its line by the walk

    # the walk

    def _walk_to_the_first_error(self) -> None:
        lines = Lines(self.text)
        try:
            for _ in records(lines, self.delimiter):
                pass
        except csv.Error as error:
            raise self._torn(lines, error) from None

    def _ragged(self, record: Record, width: int) -> InvalidInputError:
        return InvalidInputError(
            f"source = {str(self.path)!r}: line {record.line} has {len(record.cells)} columns, the first row has "
            f"{width}"
        )

    def _torn(self, lines: Lines, error: csv.Error) -> InvalidInputError:
        return InvalidInputError(
            f"source = {str(self.path)!r}: line {lines.record} cannot be split into cells: "
            f"{printable(error).replace('unexpected end of data', 'a quote does not close')}"
        )

    def _walk(self) -> _Walk:
        """Every record once: its width, its label and index, and whether its features are made of digits and signs."""
        walk, roles, full = _Walk(), self.roles, self.width + self.trailing
        label = roles.label[0] if len(roles.label) == 1 else None
        sought = roles.features if label is not None else (*roles.features, *roles.label)
        whole = len(sought) == full
        signs = f"0123456789+-eE{self.decimal} \t"
        lines = Lines(self.text)
        reader = records(lines, self.delimiter)
        if self.header:
            next(reader)
        try:
            for record in reader:
                cells = record.cells
                if len(cells) != full:
                    raise self._ragged(record, full)
                walk.lines.append(record.line)
                walk.kept.append("".join(lines.kept))
                if label is not None:
                    walk.label.append(cells[label].strip(" \t"))
                if roles.index:
                    walk.index.append([cells[c].strip() for c in roles.index])
                if walk.plain:
                    part = cells if whole else [cells[c] for c in sought]
                    walk.plain = "" not in part and not "".join(part).strip(signs)
        except csv.Error as error:
            raise self._torn(lines, error) from None
        self._check_comments(lines, full)
        self.comments = len(lines.comments)
        return walk

    def _check_comments(self, lines: Lines, full: int) -> None:
        """A row that begins with #N/A is no comment: none may have the table's cells with a number among them."""
        for line, text in lines.comments:
            cells = next(csv.reader([text], delimiter=self.delimiter, skipinitialspace=True), [""])
            after = line > self.first.line
            as_row = after or is_missing(cells[0]) or any(is_number(cell, self.decimal) for cell in cells)
            if len(cells) == full and as_row:
                raise self._at(
                    line, 1, cells[0], "allowed are numbers, or a comment that does not have the table's columns"
                )

    # numbers

    def _numbers(self, walk: _Walk, numeric: tuple[int, ...]) -> Array:
        """The numbers of these columns, each the float64 next to what is written; shape (N, columns)."""
        import pandas as pd  # type: ignore[import-untyped]  # slow to import, so not at the top

        if not walk.plain:
            raise self._bad_cell(numeric)
        # Before 3.1 pandas rounds to nearest only when asked; from then on it does, and warns of the question.
        exact = {} if _version(pd.__version__) >= (3, 1) else {"float_precision": "round_trip"}
        try:
            frame = pd.read_csv(
                io.BytesIO("".join(walk.kept).encode(errors="surrogateescape")),
                sep=self.delimiter,
                decimal=self.decimal,
                header=None,
                usecols=sorted(numeric),
                dtype=np.float64,
                na_filter=False,
                skipinitialspace=True,
                engine="c",
                encoding_errors="surrogateescape",
                **exact,
            )
        except ValueError:  # pandas' ParserError is one
            raise self._bad_cell(numeric) from None
        if frame.shape != (len(walk.lines), len(numeric)):
            raise InvalidInputError(
                f"source = {str(self.path)!r}: pandas reads {frame.shape[0]} rows of {frame.shape[1]} numbers, the csv "
                f"module {len(walk.lines)} of {len(numeric)}; allowed are regular quotes and line ends"
            )
        table = np.column_stack([frame[c].to_numpy() for c in numeric])
        self._check_large(walk, table, numeric)
        return table

    def _check_large(self, walk: _Walk, table: Array, numeric: tuple[int, ...]) -> None:
        """Of large numbers some have no double, and of whole ones written out the double must be the number."""
        large = ~(np.abs(table) < EXACT)  # (N, columns)
        rows = np.asarray(large.any(axis=1))
        for row, record in enumerate(self._points() if rows.any() else ()):
            for j in np.flatnonzero(large[row]) if rows[row] else ():
                cell, value = record.cells[numeric[j]], float(table[row, j])
                if not abs(value) <= LARGEST:
                    raise self._at(walk.lines[row], numeric[j] + 1, cell, f"allowed are numbers{_FINITE}")
                digits = cell.strip(" \t").lstrip("+-").lstrip("0")
                if digits.isdigit() and int(digits) != int(abs(value)):
                    raise self._at(walk.lines[row], numeric[j] + 1, cell, _EXACT)

    def _points(self) -> Iterator[Record]:
        """The records again, without the header."""
        return islice(records(Lines(self.text), self.delimiter), int(self.header), None)

    def _bad_cell(self, numeric: tuple[int, ...]) -> InvalidInputError:
        """The first cell, in the order of reading, that is no number, or too large: pandas before 3 reads none such."""
        order = sorted(numeric)
        for record in self._points():
            for c in order:
                cell = record.cells[c]
                if not is_number(cell, self.decimal):
                    return self._at(record.line, c + 1, cell, f"allowed are numbers{self._hint(record, c)}")
                if not abs(dialect.number(cell, self.decimal)) <= LARGEST:
                    return self._at(record.line, c + 1, cell, f"allowed are numbers{_FINITE}")
        return InvalidInputError(f"source = {str(self.path)!r} cannot be read as a table of numbers")

    def _hint(self, record: Record, c: int) -> str:
        """What may be meant by a cell that is no number."""
        cell, other = record.cells[c].strip(), "," if self.decimal == "." else "."
        if undecoded(cell):
            return " in UTF-8 text"
        if is_missing(cell):
            first = c == 0 and cell == "" and record.line == self.first.line
            return "; header = true reads names" if first else _finite(cell)
        if other in cell and is_number(record.cells[c], other):
            return f"; decimal = {other!r} reads it"
        names = "header = true reads names"
        at_first = record.line == self.first.line
        if self.names and naming.is_id(self.names[c]):
            return f"; index = {reference(c, self.names)} leaves the column out"
        if is_like_number(cell) or not self._is_column_of_words(c):
            return f"; {names}" if at_first else ""
        also = f", {names}" if at_first else ""
        if c == 0:
            return f"; index = true leaves the column out, label = 1 takes it as the label{also}"
        return f"; label = {reference(c, self.names)} takes the column as the label{also}"

    def _is_column_of_words(self, c: int) -> bool:
        return all(dialect.is_word(record.cells[c].strip()) for record in self._points())

    # labels

    def _classes(self, walk: _Walk) -> tuple[str, ...] | None:
        """The classes, sorted, of a label of text; None where the labels are numbers."""
        if len(self.roles.label) != 1 or not walk.label:
            return None
        c = self.roles.label[0]
        seen = Counter(walk.label)
        numbers = {label: is_number(label, self.decimal) for label in seen}
        if all(numbers.values()):
            return None
        text = [label for label in seen if not numbers[label] and dialect.is_word(label)]
        there = sum(count for label, count in seen.items() if not is_missing(label))
        if not text or 2 * sum(seen[label] for label in text) <= there:
            raise self._bad_cell((*self.roles.features, c))
        for label in seen:
            if is_missing(label):
                raise self._at_label(walk, label, c, "allowed is a label in every row")
            if numbers[label] or is_like_number(label):
                also = "; header = true reads names" if label == walk.label[0] and not self.header else ""
                allowed = f"allowed are numbers in every row, or in every row text that does not begin as one{also}"
                raise self._at_label(walk, label, c, allowed)
            if not label.isprintable():
                raise self._at_label(walk, label, c, "allowed are printable characters in UTF-8")
        if len(text) > MOST_CLASSES:
            raise InvalidInputError(
                f"source: {self.file}, {column(c, self.names)} has {len(text)} different labels; "
                f"allowed are up to {MOST_CLASSES} classes"
            )
        check_classes(self.asked, c, self.names, len(text), len(walk.lines), self.file)
        return tuple(sorted(text))

    def _at_label(self, walk: _Walk, label: str, c: int, allowed: str) -> InvalidInputError:
        return self._at(walk.lines[walk.label.index(label)], c + 1, label, allowed)

    def _check_first_label(self, walk: _Walk, classes: tuple[str, ...] | None) -> None:
        """What the labels below say about line 1: names of columns, or a point."""
        if classes is None or self.said.header is not None:
            return
        first = self.first.cells[self.roles.label[0]].strip()
        counts = Counter(walk.label)
        if self.header:
            if first in counts:
                bad = next((c for c in self.roles.features if not is_number(self.first.cells[c], self.decimal)), None)
                if bad is None:
                    raise first_row.names_or_point(self.first, self.file)
                raise self._at(
                    self.first.line,
                    bad + 1,
                    self.first.cells[bad],
                    f"allowed are numbers (the label {first!r} is a class further down); header = true reads names",
                )
            return
        if counts[first] > 1 or len(counts) == 1:
            return
        others = {label.casefold(): count for label, count in counts.items() if label != first}
        # y among y and n is a yes
        name = first.casefold() in naming.FIRST_ROW_LABELS and not (first.casefold() == "y" and "n" in others)
        if (
            min(others.values()) > 1
            or name
            or first_row.counts_up([self.first.cells[c] for c in self.roles.features])
            or first_row.numbers_as_names(self.head, self.roles.features, self.decimal)
        ):
            raise first_row.names_or_point(self.first, self.file)

    # index

    def _check_index(self, walk: _Walk) -> None:
        """A column without a name is an index where it numbers or names the rows; one of other numbers is not."""
        if self.asked.index is not None:
            return
        for i, c in enumerate(self.roles.index):
            for line, cells in zip(walk.lines, walk.index, strict=True):
                if is_number(cells[i], self.decimal) and not dialect.is_whole(cells[i]):
                    raise self._at(
                        line, c + 1, cells[i], "allowed in a column without a name are whole numbers, an index; "
                        "index = true leaves the column out, index = false takes it as a feature"
                    )  # fmt: skip

    def _at(self, line: int, number: int, cell: str, allowed: str) -> InvalidInputError:
        shown = cell if len(cell) <= 60 else f"{cell[:57]}..."
        name = self.names[number - 1] if self.header and number <= len(self.names) else ""
        named = f" (the column is {name!r})" if name and line != self.first.line else ""
        return InvalidInputError(
            f"source = {str(self.path)!r}: line {line}, column {number} is {shown!r}; {allowed}{named}"
        )


def _finite(cell: str) -> str:
    return _FINITE if cell.strip("+-").casefold() in ("nan", "inf", "infinity") else ""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])
