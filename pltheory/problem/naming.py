"""What the names of columns say by custom: a label, an index, row names that a program wrote.

Custom settles nothing by itself; it decides where the caller is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .source import Array

_LABELS = (
    "label labels class classes class_label classlabel target targets species outcome response y_true target_class"
)
LABELS = frozenset(_LABELS.split())
"""Names that say: this column is the label."""

_WORDS = "kind y type category variety diagnosis result group"
FIRST_ROW_LABELS = LABELS | frozenset(_WORDS.split())
"""Words that, alone in the label column of line 1, are rather a name than a class."""

# What pandas calls a column of row numbers whose name is empty, once or saved again.
_UNNAMED = re.compile(r"(Unnamed: \d+(\.\d+)*|__index_level_\d+__)?")
_STORED = re.compile(r"__index_level_\d+__")
# An id by its whole name: its numbers mean nothing whatever they are.
_BY_NAME = "id ids idx uid uuid guid index row_id rowid row_names rownames sample_id sampleid level_0"
_IDS = frozenset(_BY_NAME.split())
# Words for a number of the row, and for much else: an index only where no number comes twice.
_WITH_NUMBERS = """
no nr # row rowname rownumber row_number obs observation serial key case sno s_no record
sample samples inst inst# instance
userid customerid patientid passengerid imageid recordid
"""
_COUNTS = frozenset(_WITH_NUMBERS.split())
_ID_OF = re.compile(r"(?i:.*[_ .-]id)|.*[a-z]I[dD]|\.\.\.1|level_\d+")  # sample_id, PassengerId; readr's ...1
_NUMBERED = re.compile(r"(.*?)_?\d+")
_R = "X"  # R's name for row names without one, and a coordinate
# Beside these a name is a place, not a number of the row.
_GRID = {_R: frozenset("yz"), "row": frozenset({"col", "column"})}
_MOST_CLASSES, _SMALL = 20, 100


def _plain(name: str) -> str:
    return re.sub(r"[ .-]+", "_", name.strip().casefold()).strip("_.") or name.strip()


def is_id(name: str) -> bool:
    """Whether a name says that a column holds ids, and nothing else."""
    return _plain(name) in _IDS


def leading_unnamed(names: Sequence[str]) -> tuple[int, ...]:
    """Leading columns without a name, and what pandas calls a stored index, which it puts last."""
    count = 0
    while count < len(names) and _UNNAMED.fullmatch(names[count]):
        count += 1
    return (*range(count), *(c for c in range(count, len(names)) if _STORED.fullmatch(names[c])))


def other_label(names: Sequence[str], label: int, index: Sequence[int]) -> int | None:
    """A column that is called as labels are where the last one, taken for it, is not.

    `y` is a label's name too, if it comes first: in x, y, z it is a coordinate.

    Args:
        names: of all columns.
        label: the column that is taken.
        index: columns that are left out.
    """
    if not names or _plain(names[label]) in FIRST_ROW_LABELS:
        return None
    rest = [c for c in range(len(names)) if c not in index and c != label]
    found = [c for c in rest if _plain(names[c]) in LABELS or (c == rest[0] and _plain(names[c]) == "y")]
    return found[0] if found else None


def numbered_labels(names: Sequence[str], label: int) -> int:
    """How many of the last columns are called as the last label is, but for a number: Y1, Y2 are two."""
    stem = _NUMBERED.fullmatch(_plain(names[label])) if names else None
    if stem is None or stem[1] not in LABELS | {"y"}:
        return 1
    count = 1
    while count <= label:
        other = _NUMBERED.fullmatch(_plain(names[label - count]))
        if other is None or other[1] != stem[1]:
            break
        count += 1
    return count


def row_number(names: Sequence[str], c: int, first: bool, values: Array) -> tuple[bool, bool]:
    """Whether a feature may number the rows by its name, and whether name and numbers leave no doubt of it.

    No doubt is left where the numbers are 0, 1, 2, ... or 1, 2, 3, ... as well.

    Args:
        names: of all columns.
        c: the feature's column.
        first: whether it is the first feature.
        values: its numbers, shape (N,).
    """
    name = names[c].strip()
    beside = _GRID.get(name if name == _R else _plain(name), frozenset())
    named = is_id(name) or _ID_OF.fullmatch(name) is not None
    if not named and not (name == _R and first) and _plain(name) not in _COUNTS:
        return False, False
    if (values != np.floor(values)).any():
        return False, False
    doubt = named or len(np.unique(values)) == len(values)
    sure = counts_rows(values) and not any(other.strip().casefold() in beside for other in names)
    return doubt, doubt and sure


def counts_rows(values: Array) -> bool:
    """Whether numbers are 0, 1, 2, ... or 1, 2, 3, ..., shape (N,)."""
    n = len(values)
    return bool((values == np.arange(n)).all() or (values == np.arange(1, n + 1)).all())


def may_be_classes(values: Array, *, once: bool = False) -> bool:
    """Whether numbers look as classes do: a few whole ones from -1, 0 or 1 on, shape (N,).

    Args:
        values: the numbers.
        once: whether a class may occur once in a table of fewer than a hundred rows; else each occurs more often.
    """
    seen, counts = np.unique(values, return_counts=True)
    return bool(
        2 <= len(seen) <= _MOST_CLASSES
        and (counts.min() > 1 or (once and len(values) < _SMALL))
        and seen[0] in (-1.0, 0.0, 1.0)
        and (seen == np.floor(seen)).all()
        and seen[-1] <= _MOST_CLASSES
    )
