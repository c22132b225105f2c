"""Whether the first row of a text table names the columns or is a point.

The caller is asked wherever both can be meant: a lost point and an invented one are worse than a question.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice, pairwise

from ..theory.errors import InvalidInputError
from .dialect import HEAD, Lines, Record, is_missing, is_number, is_whole, number, records

# 1,234 or 1_000 or 1+2j or 5% or 2024-01-31, but not 28x28 or 1stFlrSF; two patterns, each linear in time
_BROKEN = re.compile(r"[-+\u2212\u2013.,'_()$\u20ac\u00a3%/:\sdDeEij\d]+|[-+]?0[xX][0-9a-fA-F]+")
_DIGIT = re.compile(r"\d")
_ALONE = 10  # of one row of points nobody can say how far they spread: names must lie this many spreads away
_YEARS = (1500, 2100)
_MANY = 6  # numbers that rise by chance in one row of 720


def has_header(head: Sequence[Record], decimal: str, skipped: Sequence[int], quoted: bool, file: str) -> bool:
    """Whether the first record names the columns.

    It does where none of its cells is a number and they do not look like broken ones. Where some are numbers it is a
    point, whose broken cell is found when it is read. In between the caller is asked.

    Args:
        head: the first records.
        decimal: sign.
        skipped: columns that the caller says are an index.
        quoted: whether the first record alone is in quotes, as `quoted_alone` says.
        file: its name, for messages.

    Raises:
        InvalidInputError: the first record may be both.
    """
    first, body = head[0], head[1:]
    cells = [cell.strip() for cell in first.cells]
    looked = [c for c in range(len(cells)) if c not in skipped]
    numbers = [c for c in looked if is_number(cells[c], decimal)]
    if len(numbers) == len(looked):
        features = [cells[c] for c in looked]
        below = [record.cells[c] for record in body for c in looked[:-1] if c < len(record.cells)]
        other_style = bool(below) and not any(map(is_whole, below))
        if (
            quoted
            or counts_up(features)
            or counts_up(cells)  # with the column that is said to be an index
            or (other_style and counts_up(features[:-1], any_start=True))
            or numbers_as_names(head, looked, decimal)
            or (len(looked) > _MANY and numbers_as_names(head, looked[:-1], decimal))
        ):
            raise names_or_point(first, file)
        return False
    if not numbers:
        words = [cells[c] for c in looked]
        # A point whose every feature is broken, or names? A plain word among them (label, 0x0, 0x1, ...) is a name.
        features = words[:-1] if len(words) > 1 else words
        if all(is_missing(cell) or _is_broken_number(cell) for cell in features) and (any(features) or not any(words)):
            raise names_or_point(first, file)
        return True
    # ",0,1,2,y": an index without a name above a count of the rows, before columns named by their numbers
    counted = [record.cells[0].strip() for record in body if record.cells]
    if cells[0] == "" and counted in ([str(i) for i in range(len(counted))], [str(i + 1) for i in range(len(counted))]):
        rest = cells[1:]
        if counted and all(cell == str(i) or not (is_number(cell) or is_missing(cell)) for i, cell in enumerate(rest)):
            return True
    return False  # "0,1,2,species" too: the labels below tell it from a point


def counts_up(cells: Sequence[str], *, any_start: bool = False) -> bool:
    """Whether cells are whole numbers in equal steps upwards: 0, 1, 2, ... or, from any start, two and more."""
    if not all(map(is_whole, cells)):
        return False
    values = [int(cell) for cell in cells]
    if not any_start:
        return values == list(range(len(values)))
    steps = {b - a for a, b in pairwise(values)}
    return len(steps) == 1 and min(steps) > 0


def numbers_as_names(head: Sequence[Record], columns: Sequence[int], decimal: str) -> bool:
    """Whether the numbers of the first row may name the columns: years, wavelengths, 1, 2, 3.

    Names by numbers run in one direction. A point seldom does so, and then the other points mostly do so too (sums,
    quantiles, 1,2,3 above 4,5,6), near the first. So the numbers may be names where they run in one direction and

    - lie farther from all the numbers below than those are apart, or each from its own column's, or
    - go in equal steps (three whole numbers upwards, four others; five downwards: 3,2,1 is soon a point of class 1), or
      are six and more and no row below runs like them, or are three years and more and no row below is of years.

    Where a cell below is no number nothing is said: that cell is the error.

    Args:
        head: the first records; one row below is enough to compare with.
        columns: which to look at, from 0.
        decimal: sign.
    """
    width = len(head[0].cells)
    if len(columns) < 2 or len(head) < 2 or any(len(record.cells) != width for record in head):
        return False
    if not all(is_number(head[0].cells[c], decimal) for c in columns):
        return False
    first = [number(head[0].cells[c], decimal) for c in columns]
    up, down = _rises(first), _rises(first[::-1])
    if not (up or down) or not all(is_number(record.cells[c], decimal) for record in head[1:] for c in columns):
        return False
    body = [[number(record.cells[c], decimal) for c in columns] for record in head[1:]]
    if not all(map(math.isfinite, [*first, *(value for row in body for value in row)])):
        return False
    alike = [_rises(row if up else row[::-1]) for row in body]
    apart = 1.0
    if len(body) == 1:
        if len(first) < 3:
            return False
        apart = _ALONE
    wide = max(map(max, body)) - min(map(min, body))
    if len(body) == 1:
        wide = max(wide, abs(first[-1] - first[0]))
    gap = max(min(first) - max(map(max, body)), min(map(min, body)) - max(first))
    if gap > apart * wide:
        return True
    if len(first) >= 3 and _are_years(first) and not any(map(_are_years, body)):
        return True
    if all(alike):
        return False
    if len(body) > 1 and all(
        max(value - max(column), min(column) - value) > max(column) - min(column)
        for value, column in zip(first, zip(*body, strict=True), strict=True)
    ):
        return True
    steps = [b - a for a, b in pairwise(first)]
    even = max(steps) - min(steps) <= 1e-9 * max(map(abs, first))
    few = 5 if down else 3 if all(value == round(value) for value in first) else 4
    return (even and len(first) >= few) or (len(first) >= _MANY and not any(alike))


def _rises(values: Sequence[float]) -> bool:
    return all(a < b for a, b in pairwise(values))


def _are_years(values: Sequence[float]) -> bool:
    return all(value == round(value) and _YEARS[0] <= value <= _YEARS[1] for value in values)


def _is_broken_number(cell: str) -> bool:
    return _BROKEN.fullmatch(cell) is not None and _DIGIT.search(cell) is not None


def quoted_alone(text: str, delimiter: str) -> bool:
    """Whether every cell of the first record is in quotes and none of the next: R quotes its names, not its numbers."""
    lines = Lines(text)
    with suppress(csv.Error):
        for i, record in enumerate(islice(records(lines, delimiter), HEAD + 1)):
            quotes = sum(line.count('"') for line in lines.kept)
            if quotes != (0 if i else 2 * len(record.cells)):
                return False
        return lines.record > 0
    return False


def commented_names(text: str, delimiter: str, decimal: str, width: int) -> tuple[str, ...]:
    """What the last comment line above the first record calls the columns, if it has one word for each; else nothing.

    numpy.savetxt writes names so; a sentence with as many commas does no harm, since such names are never believed.
    """
    lines = Lines(text)
    with suppress(csv.Error):
        next(records(lines, delimiter), None)
        above = [comment for line, comment in lines.comments if line < lines.record]
        if above:
            row = next(csv.reader([above[-1].lstrip("#")], delimiter=delimiter, skipinitialspace=True), [])
            if len(row) == width and not any(is_number(cell, decimal) for cell in row):
                return tuple(cell.strip() for cell in row)
    return ()


def names_or_point(first: Record, file: str) -> InvalidInputError:
    """The question that only the caller can answer."""
    shown = ",".join(cell.strip() for cell in first.cells)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return InvalidInputError(
        f"source: {file}, line {first.line} is {shown!r}: names of the columns or a point? header = true reads names, "
        "header = false a point"
    )
