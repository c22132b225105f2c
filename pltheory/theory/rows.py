"""Bounds that are linear in how far each parameter group moves: c . t with t_g = ||Delta_g||, c nonnegative.

A row that a group does not reach has no entry for it. The worst split of a radius over the groups is a Euclidean or a
spectral norm (Cauchy and Schwarz), found and not guessed (THEORY_GRAPHS section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .arithmetic import Arithmetic, Scalar

Row = Mapping[int, Scalar]
"""Group to coefficient."""


def unit(group: int, value: Scalar) -> Row:
    """Value times t_group."""
    return {group: value}


def scaled(c: Scalar, row: Row) -> Row:
    """c times the row."""
    return {g: c * v for g, v in row.items()}


def total(*rows: Row) -> Row:
    """The sum."""
    out: dict[int, Scalar] = {}
    for row in rows:
        for g, v in row.items():
            out[g] = out[g] + v if g in out else v
    return out


def length(row: Row, ops: Arithmetic) -> Scalar | None:
    """sup of the row over unit t, its Euclidean norm; None for a row without entries."""
    squares = None
    for v in row.values():
        squares = v * v if squares is None else squares + v * v
    return None if squares is None else ops.sqrt(squares)


def matrix(rows: Mapping[int, Row], groups: Sequence[int], zero: Scalar) -> list[list[Scalar]]:
    """Rows by group as a square matrix."""
    return [[rows.get(g, {}).get(h, zero) for h in groups] for g in groups]


@dataclass(frozen=True)
class Pair:
    """A bound for the whole batch, and one for the worst single sample."""

    batch: Row
    sample: Row

    def scaled(self, c: Scalar) -> Pair:
        """c times both."""
        return Pair(scaled(c, self.batch), scaled(c, self.sample))


NOTHING = Pair({}, {})


def together(*pairs: Pair) -> Pair:
    """The sums."""
    return Pair(total(*(p.batch for p in pairs)), total(*(p.sample for p in pairs)))
