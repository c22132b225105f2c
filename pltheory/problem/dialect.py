"""How a text table is written: what separates its cells, its decimal sign, how numbers and gaps are spelled.

Signs are taken only where the text leaves one reading; where it leaves two the caller is asked.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from ..theory.errors import InvalidInputError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
DECIMALS = (".", ",")
HEAD = 200  # records by which a table is recognised

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
# One way to match a run of digits: two would take the square of its length to fail.
_NUMBER = re.compile(r"[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
# What may be thousands: with one separator and three digits behind it, 1,234 is 1234 or 1.234.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_LIKE_NUMBER = re.compile(r"[-+\u2212\u2013(.,'$\u20ac\u00a3\s]*\d")
_SEPARATOR = re.compile(r'"?sep=(.)"?(?=[\r\n])')
# Spelled like this by the program that wrote the table: Na is sodium, and none a class as good as any.
_MISSING = r"""
NA na N/A n/a n/A N.A. n.a. N.A n.a #N/A #NA <NA> <N/A> <na> NULL null Null (null) <null> None NaT \N
#VALUE! #REF! #DIV/0! #NAME? #NUM! #NULL! #SPILL! #CALC! #FIELD! (blank) N.D. n.d. k.A.
"""
_MISSING_WORDS = frozenset(_MISSING.split()) | {"", "#N/A N/A"}
# ? and dashes, dots or stars alone; nan and inf however they are written
_MISSING_SIGNS = re.compile(r"\?+|[-\u2010-\u2015\u2212]+|\.+|\u2026|\*+|[+-]?(?i:nan|inf|infinity)")


@dataclass(frozen=True)
class AskedText:
    """What the caller says of a text table; None leaves it to the text.

    Attributes:
        header: whether the first record names the columns.
        delimiter: "," or ";" or "|" or a tab.
        decimal: "." or ",".
    """

    header: bool | None = None
    delimiter: str | None = None
    decimal: str | None = None

    def __post_init__(self) -> None:
        if self.header is not None and not isinstance(self.header, bool):
            raise InvalidInputError(f"header = {self.header!r}: allowed are true and false")
        for key, given, allowed in (
            ("delimiter", self.delimiter, tuple(DELIMITERS)),
            ("decimal", self.decimal, DECIMALS),
        ):
            if given is not None and given not in allowed:
                raise InvalidInputError(f"{key} = {given!r}: allowed are {' '.join(map(repr, allowed))}")


@dataclass(frozen=True)
class Record:
    """One row of cells, and the line on which it starts, from 1."""

    line: int
    cells: list[str]


class Lines:
    """The physical lines of a text for `csv.reader`: between two records blank and comment lines are left out.

    Attributes:
        record: the line on which the current record starts, from 1.
        comments: numbers and texts of the comment lines passed so far.
        kept: the lines of the current record.
    """

    def __init__(self, text: str) -> None:
        self._lines = _LINE.finditer(text)  # io.StringIO would hold the text again, at four bytes a character
        self._at = self.record = 0
        self._between = True
        self.comments: list[tuple[int, str]] = []
        self.kept: list[str] = []

    def between_records(self) -> None:
        """What comes next is not inside a cell."""
        self._between, self.kept = True, []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for found in self._lines:
            line = found.group()
            self._at += 1
            if self._between:
                bare = line.strip(" \r\n")
                if not bare:
                    continue
                if bare.startswith("#") or (self._at == 1 and _SEPARATOR.match(line)):
                    self.comments.append((self._at, bare))
                    continue
                self.record, self._between = self._at, False
            self.kept.append(line)
            return line
        raise StopIteration


def records(lines: Lines, delimiter: str) -> Iterator[Record]:
    """The records of a text.

    Raises:
        csv.Error: a quote that does not close, text behind a closing quote, or a cell above 131072 characters; the
            record starts on `lines.record`.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        lines.between_records()
        cells = next(reader, None)
        if cells is None:
            return
        yield Record(lines.record, cells)


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell is a decimal number: digits, one decimal sign, an exponent; blanks around it count for nothing."""
    cell = cell.strip(" \t")
    if decimal == ",":
        if "." in cell:
            return False
        cell = cell.replace(",", ".")
    return _NUMBER.fullmatch(cell) is not None


def number(cell: str, decimal: str = ".") -> float:
    """What a cell of which `is_number` holds says; infinite beyond the range of doubles."""
    return float(cell.strip(" \t").replace(",", ".") if decimal == "," else cell.strip(" \t"))


def is_like_number(cell: str) -> bool:
    """Whether a cell that is no number begins like one: 1,234 or 0x1F or 5% or 2024-01-31."""
    return _LIKE_NUMBER.match(cell) is not None


def is_word(cell: str) -> bool:
    """Whether a cell can name a class: neither missing nor the beginning of a number."""
    return not is_missing(cell) and not is_like_number(cell)


def is_missing(cell: str) -> bool:
    """Whether a cell says, as programs and people write it, that a value is missing or no finite number.

    `none` is a word, `None` what Python writes: the one may name a class, the other may not.
    """
    cell = cell.strip()
    return cell in _MISSING_WORDS or _MISSING_SIGNS.fullmatch(cell) is not None


def is_whole(cell: str) -> bool:
    """Whether a cell is a whole number, written without a decimal sign."""
    return _WHOLE.fullmatch(cell.strip(" \t")) is not None


def recognise(
    text: str, delimiter: str | None, decimal: str | None, label: str | int | None, file: str
) -> tuple[str, str, list[Record]]:
    """Delimiter, decimal sign and first records of a table.

    Args:
        text: the whole file.
        delimiter, decimal: as the caller says; None to recognise it.
        label: the label's column, by name or by number from 1; None for the last.
        file: its name, for messages.

    Raises:
        InvalidInputError: both a comma and a semicolon, say, split the text into numbers; or every decimal sign may
            stand between thousands.
    """
    stated = _SEPARATOR.match(text)  # a line that Excel writes and reads
    if delimiter is None and stated is not None and stated[1] in DELIMITERS:
        delimiter = stated[1]
    found: list[tuple[tuple[bool, int, float, bool], str, str, list[Record]]] = []
    for candidate in DELIMITERS if delimiter is None else (delimiter,):
        head: list[Record] = []
        with suppress(csv.Error):  # said with its line when the whole table is read
            head.extend(islice(records(Lines(text), candidate), HEAD + 1))
        for sign in DECIMALS if decimal is None else (decimal,):
            found.append((_score(head, sign, label), candidate, sign, head))
    fitting = [f for f in found if f[0][0]]
    if len({candidate for _, candidate, _, _ in fitting}) > 1:
        names = " and ".join(DELIMITERS[d] for d in dict.fromkeys(candidate for _, candidate, _, _ in fitting))
        raise InvalidInputError(
            f"source: {file}, line {fitting[0][3][0].line}: {names} both split the table into cells; delimiter says "
            f"which, one of {' '.join(map(repr, DELIMITERS))}"
        )
    _, chosen, sign, head = max(found, key=lambda f: f[0])
    if decimal is None:
        with suppress(csv.Error):  # all of the file: what is marked may come late
            _refuse_thousands(chosen, sign, records(Lines(text), chosen), file)
    return chosen, sign, head


def _score(head: list[Record], decimal: str, label: str | int | None) -> tuple[bool, int, float, bool]:
    """How well a way of writing fits: is every record a point, how many are, the share of good cells, any split.

    The first record, which may be names, does not count unless it is the only one.
    """
    body = head[1:] or head
    width = Counter(len(record.cells) for record in body).most_common(1)[0][0] if body else 0
    if width < 2:
        return False, 0, 0.0, False
    names = [cell.strip() for cell in head[0].cells]
    if isinstance(label, int):
        text = label - 1
    else:
        text = names.index(label) if label in names else width - 1
    unnamed = names[0] == "" or names[0].startswith("Unnamed")
    points = good = cells = 0
    for record in body:
        fine = [
            is_number(cell, decimal) or (c == text and is_word(cell.strip())) or (c == 0 and unnamed)
            for c, cell in enumerate(record.cells)
        ]
        points += len(fine) == width and all(fine)
        good, cells = good + sum(fine), cells + len(fine)
    return points == len(body), points, good / cells, True


def _refuse_thousands(delimiter: str, decimal: str, rows: Iterable[Record], file: str) -> None:
    """Where commas, or dots between semicolons, all stand before three digits, they may part thousands."""
    if decimal == "." and delimiter != ";":
        return
    first: tuple[int, int, str] | None = None
    for record in rows:
        for number, cell in enumerate(record.cells, start=1):
            if decimal in cell and is_number(cell, decimal):
                if not _THOUSANDS.fullmatch(cell.strip(" \t")):
                    return
                first = first or (record.line, number, cell)
    if first is not None:
        line, number, cell = first
        shown, sign = cell.strip(), "comma" if decimal == "," else "dot"
        raise InvalidInputError(
            f"source: {file}, line {line}, column {number} is {shown!r}: a decimal {sign} or thousands? allowed are "
            f"numbers without thousands; decimal = {decimal!r} reads it as {shown.replace(',', '.')}"
        )
