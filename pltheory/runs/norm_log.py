"""Gradient norms as training scripts log them: tables of text with a column that is recognised by its name."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..problem.dialect import DELIMITERS, Lines, Record, is_number, number, records
from ..problem.opening import contents, decoded, printable, unpacked
from ..theory import InvalidInputError
from .audit import Array, Audit, Numbers, audit

NORMS = (
    "grad_norm",
    "gradient_norm",
    "total_grad_norm",
    "grad_norm_total",
    "total_norm",
    "global_norm",
    "gnorm",
    "norm",
)
"""Names of the norms' column, in the order in which they are looked for; of "train/grad-norm" the last part counts."""
ETAS = ("eta", "lr", "learning_rate")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_SHOWN = 12


@dataclass(frozen=True)
class NormLog:
    """A log of a run, a row a step; rows without a norm are left out.

    Attributes:
        path: where it was read.
        column: the norms' column.
        columns: the cells of every named column at the rows with a norm.
        lines: the line of each row, from 1.
        left_out: how many rows have no norm.
    """

    path: Path
    column: str
    columns: dict[str, list[str]]
    lines: list[int]
    left_out: int

    def audit(
        self, gamma: str | float | None = None, delta: str | float | None = None, eta: str | float | None = None
    ) -> Audit:
        """`audit` of it, with the step sizes of a column `step_size`, where there is one.

        Args:
            gamma: a number, or a column's name; None for the column `gamma`.
            delta: the same, the column `delta`.
            eta: the same, a column `eta`, `lr` or `learning_rate`; None also where there is none.

        Raises:
            InvalidInputError: gamma or delta is missing; a cell is no number, with its line; or as `audit`.
        """
        norms = self._numbers(
            self.column, lambda v: v >= 0 and math.isfinite(v), "allowed are finite ones of at least 0"
        )
        threshold, floor = self._asked("gamma", gamma, ("gamma",)), self._asked("delta", delta, ("delta",))
        for name, value in (("gamma", threshold), ("delta", floor)):
            if value is None:
                raise InvalidInputError(f"--{name}: needed is a number or a column; {self._columns()}")
        assert threshold is not None
        assert floor is not None
        steps = self._asked("step_size", None, ("step_size",))
        try:
            return audit(norms, gamma=threshold, delta=floor, eta=self._asked("eta", eta, ETAS), step_size=steps)
        except InvalidInputError as error:
            raise InvalidInputError(f"{self.path}: {error}") from None

    def _asked(self, name: str, given: str | float | None, usual: tuple[str, ...]) -> Numbers | None:
        """A constant, a column, or None."""
        if isinstance(given, str) and given not in self.columns:
            if is_number(given) or given.casefold() in ("inf", "nan"):
                return float(given)
            raise InvalidInputError(f"--{name} {given}: neither a number nor a column; {self._columns()}")
        if given is not None and not isinstance(given, str):
            return given
        column = given or _found(self.columns, usual)
        # What the monitor of a rule without such a number writes.
        if column is None or (given is None and not any(cell.strip() for cell in self.columns[column])):
            return None
        return self._numbers(column, lambda v: not math.isnan(v), "allowed are numbers")

    def _numbers(self, column: str, allowed: Callable[[float], bool], words: str) -> Array:
        """A column as numbers, (n,)."""
        values, wrong = [], list[int]()
        for line, cell in zip(self.lines, self.columns[column], strict=True):
            word = cell.strip()
            if not is_number(word) and not _NOT_FINITE.fullmatch(word):
                raise InvalidInputError(
                    f"{self.path}: line {line}, column {column!r} is {printable(cell)[:60]!r}; allowed are numbers"
                )
            value = number(word) if is_number(word) else float(word)
            values.append(value)
            if not allowed(value):
                wrong.append(line)
        if wrong:
            where = ", ".join(map(str, wrong[:3])) + (", ..." if len(wrong) > 3 else "")
            worst = values[self.lines.index(wrong[0])]
            raise InvalidInputError(
                f"{self.path}: {len(wrong)} of {len(values)} numbers in column {column!r} are not allowed, the first "
                f"is {worst:g} (line{'s' if len(wrong) > 1 else ''} {where}); {words}"
            )
        return np.array(values)

    def _columns(self) -> str:
        filled = [name for name, cells in self.columns.items() if any(cell.strip() for cell in cells)]
        return f"the columns of {self.path} are {_listed(filled)}"


def read_log(path: Path, column: str | None = None) -> NormLog:
    """Read a table of text whose first row names its columns, compressed or not.

    Args:
        path: the file; cells are parted by commas, semicolons, tabs or bars.
        column: of the norms; None for the first of `NORMS` that is there.

    Raises:
        InvalidInputError: no such file, no table, rows of unequal length, two columns of one name, no column of norms
            (with the columns that there are), several of them, or no row with a norm.
    """
    raw, _ = unpacked(contents(path, "log"), path, "log")
    text, _ = decoded(path, raw)
    rows = _rows(path, text) if text.strip() else []
    if not rows:
        raise InvalidInputError(f"{path}: the log is empty; needed is a row of names and a row a step")
    names = [name.strip() for name in rows[0].cells]
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInputError(f"{path}: two columns are called {printable(twice)!r}")
    there = {name: i for i, name in enumerate(names) if name}
    if column is not None and column not in there:
        raise InvalidInputError(f"--column {column}: no such column in {path}; its columns are {_listed(list(there))}")
    chosen = column or _found(there, NORMS)
    if chosen is None:
        raise InvalidInputError(
            f"{path}: no column of gradient norms; its columns are {_listed(list(there))}: --column NAME names it"
        )
    kept = [row for row in rows[1:] if row.cells[there[chosen]].strip()]
    if not kept:
        raise InvalidInputError(f"{path}: no row has a norm in column {chosen!r}")
    columns = {name: [row.cells[i] for row in kept] for name, i in there.items()}
    return NormLog(path, chosen, columns, [row.line for row in kept], len(rows) - 1 - len(kept))


def _rows(path: Path, text: str) -> list[Record]:
    """Every record, split at the sign that parts the first one into the most cells."""

    def first(sign: str) -> int:
        with suppress(csv.Error, StopIteration):  # said with its line below, where no sign does better
            return len(next(records(Lines(text), sign)).cells)
        return 0

    lines = Lines(text)
    try:
        found = list(records(lines, max(DELIMITERS, key=first)))
    except csv.Error as error:
        raise InvalidInputError(f"{path}: line {lines.record} cannot be split into cells: {printable(error)}") from None
    for row in found:
        if len(row.cells) != len(found[0].cells):
            raise InvalidInputError(
                f"{path}: line {row.line} has {len(row.cells)} columns, the first row has {len(found[0].cells)}"
            )
    return found


def _found(names: dict[str, int] | dict[str, list[str]], usual: tuple[str, ...]) -> str | None:
    """The column that has the first of the usual names.

    Raises:
        InvalidInputError: several have.
    """
    for word in usual:
        same = [name for name in names if _plain(name) == word]
        if len(same) > 1:
            raise InvalidInputError(f"several columns may be {word}: {_listed(same)}; name one")
        if same:
            return same[0]
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\s.\-]+", "_", re.split(r"[/|:]", name)[-1].strip().casefold())


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(printable(name) for name in names[:_SHOWN]) + more if names else "none"
