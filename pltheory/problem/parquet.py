"""Parquet tables, read with pyarrow: columns of plain numbers, and a label of numbers or text."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..theory.errors import InvalidInputError
from .dialect import is_missing
from .opening import MOST_BYTES, damaged, printable, shown
from .reading import Asked, Reading, assign, check_classes, column, settle
from .source import LARGEST, MOST_CLASSES, Array, Source, is_exact

_CELL = 8  # bytes of a float64


def read_parquet(path: Path, raw: bytes, asked: Asked) -> Reading:
    """Read a Parquet file; the index that pandas stored in it is left out.

    Args:
        path: the file, for messages.
        raw: its bytes.
        asked: what the caller says of its columns.

    Raises:
        InvalidInputError: damaged, too large, a column of another type, a cell that is missing or no finite number, or
            a column that does not exist.
    """
    import pyarrow as pa  # type: ignore[import-untyped]  # slow to import, so not at the top
    from pyarrow import parquet

    # pyarrow raises its own errors and those of Python for what a damaged file says of itself.
    errors = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError)
    try:
        file = parquet.ParquetFile(io.BytesIO(raw))
        schema, rows = file.schema_arrow, file.metadata.num_rows
        groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
        size = max(sum(group.total_byte_size for group in groups), rows * len(schema) * _CELL)
    except errors as error:
        raise damaged(path, "a Parquet file", error) from None
    if size > MOST_BYTES or rows < 0:
        raise InvalidInputError(
            f"source = {str(path)!r} says {rows} rows of {len(schema)} columns, {size} bytes; allowed are up to "
            f"{MOST_BYTES} ({MOST_BYTES >> 30} GiB)"
        )
    names = tuple(schema.names)
    roles = assign(asked, names, len(names), shown(path), _stored_index(schema, names))
    for c in (*roles.features, *roles.label):
        kind = schema.types[c]
        words = c in roles.label and len(roles.label) == 1 and _is_text(kind)
        if not words and not _is_number(kind):
            also = " or text" if c in roles.label else f"; label = {names[c]!r} takes it as the label"
            also = also if c in roles.label or _is_text(kind) else ""
            raise InvalidInputError(
                f"source = {str(path)!r}: {column(c, names)} is of type {printable(kind)}; allowed are whole numbers, "
                f"floats and booleans{also}"
            )
    try:
        table = file.read(columns=None, use_threads=False)
        table.validate(full=True)
    except errors as error:
        raise damaged(path, "a Parquet file", error) from None
    if table.num_rows != rows or rows == 0:
        raise InvalidInputError(f"source = {str(path)!r} holds {table.num_rows} rows; its header says {rows}")
    for c in (*roles.features, *roles.label):
        _refuse_missing(path, table.column(c), c, names)
    x = np.column_stack([_numbers(path, table.column(c), c, names) for c in roles.features])
    roles, x, notes = settle(asked, roles, names, x, shown(path))
    if len(roles.label) == 1 and _is_text(schema.types[roles.label[0]]):
        source = _with_classes(path, x, table.column(roles.label[0]).to_pylist(), roles.label[0], names)
        check_classes(asked, roles.label[0], names, source.classes or 0, rows, shown(path))
    else:
        y = np.column_stack([_numbers(path, table.column(c), c, names) for c in roles.label])
        source = Source(x, y, None)
    return Reading(
        path.name,
        "Parquet",
        source,
        len(names),
        "columns named in the file",
        names,
        *(roles.index, roles.label, roles.features),
        notes=notes,
    )


def _stored_index(schema: Any, names: tuple[str, ...]) -> list[int]:
    """Columns in which pandas keeps the index of its frame."""
    try:
        stored = json.loads((schema.metadata or {}).get(b"pandas", b"{}")).get("index_columns", [])
    except (ValueError, AttributeError, RecursionError):
        return []
    if not isinstance(stored, list):
        return []
    return [names.index(name) for name in stored if isinstance(name, str) and name in names]


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _refuse_missing(path: Path, cells: Any, c: int, names: tuple[str, ...]) -> None:
    if cells.null_count:
        row = int(np.argmax(cells.is_null().to_numpy()))
        raise _bad(path, row, c, names, "missing", "numbers or, in the label, text")


def _numbers(path: Path, cells: Any, c: int, names: tuple[str, ...]) -> Array:
    values = np.asarray(cells.to_numpy())
    fine = np.abs(values.astype(np.float64)) <= LARGEST
    if not fine.all():
        row = int(np.argmin(fine))
        raise _bad(path, row, c, names, repr(values[row].item()), "numbers, finite ones up to 1e150")
    if values.dtype.kind in "iu" and not (exact := is_exact(values)).all():
        row = int(np.argmin(exact))
        what = "whole numbers that a double holds to the last digit, as all up to 2**53"
        raise _bad(path, row, c, names, repr(values[row].item()), what)
    return values.astype(np.float64)


def _with_classes(path: Path, x: Array, labels: list[str], c: int, names: tuple[str, ...]) -> Source:
    labels = [label.strip() for label in labels]
    for row, label in enumerate(labels):
        if is_missing(label) or not label.isprintable():
            raise _bad(path, row, c, names, repr(label), "printable text that names a class")
    classes = tuple(sorted(set(labels)))
    if len(classes) > MOST_CLASSES:
        raise InvalidInputError(
            f"source: {shown(path)}, {column(c, names)} has {len(classes)} different labels; allowed are up to "
            f"{MOST_CLASSES} classes"
        )
    number = {name: i for i, name in enumerate(classes)}
    return Source(x, np.array([number[label] for label in labels], np.int64)[:, None], len(classes), classes)


def _bad(path: Path, row: int, c: int, names: tuple[str, ...], what: str, allowed: str) -> InvalidInputError:
    return InvalidInputError(
        f"source = {str(path)!r}: row {row} (from 0), {column(c, names)} is {what}; allowed are {allowed}"
    )
