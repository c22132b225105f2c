"""A study as one tidy table: a row a point, a column what varies, a quantity, or the answer."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from .point import Record

ANSWER = ("verdict", "evidence", "reason", "steps", "seconds", "device", "status", "error", "point")


def frame(records: Sequence[Record], names: Sequence[str]) -> Any:
    """The table, a pandas.DataFrame; what is not known is missing there, and a list is its JSON text.

    Args:
        records: of a study, one row each.
        names: the quantities, which are columns.
    """
    import pandas as pd  # type: ignore[import-untyped]  # slow to import, so not at the top

    varied = list(records[0]["values"]) if records else []
    more = [key for key in ("width", "seed") if not {key, f"run.{key}"} & {*varied}]
    rows = []
    for r in records:
        values = {key: _cell(value) for key, value in r["values"].items()}
        known = {key: r.get(key) for key in more}
        rows.append({**values, **known, **{name: r.get(name) for name in (*names, *ANSWER)}})
    columns = [*varied, *more, *names, *ANSWER]
    table = pd.DataFrame(rows, columns=columns)
    for key in varied:
        # A column of Parquet has one type: 0.1 beside "0.1/beta" is a text.
        if len({"number" if type(value) in (int, float) else type(value).__name__ for value in table[key]}) > 1:
            table[key] = [value if isinstance(value, str) else json.dumps(value) for value in table[key]]
    table = table.convert_dtypes()
    return table.astype({name: "Float64" for name in names})


def to_csv(table: Any) -> str:
    """The table as CSV; what is missing is an empty cell."""
    return table.to_csv(index=False, lineterminator="\n")


def to_parquet(table: Any) -> bytes:
    """The table as a Parquet file."""
    out = io.BytesIO()
    table.to_parquet(out, index=False)
    return out.getvalue()


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value
