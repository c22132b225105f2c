"""Which of the bounds that all hold to take at each node, so that the norm of the matrix of their rows is small."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product

import numpy as np

from ..theory.arithmetic import ARRAYS, Arithmetic, Scalar
from ..theory.rows import Row, matrix, total

TRIED = 64
"""Choices up to which all are tried."""
ROUNDS = 8
"""How often, beyond that, every node takes what is least along the worst direction."""
RADII = (0.0, 0.1, 0.5, 1.0)
"""Of an array of radii, those at which choices are compared, from the first to the last."""

Choice = tuple[int, ...]
"""By node, the place of the row taken."""


class Choices:
    """Rows M_v of affine nodes, several valid ones each; those of one group add.

    Choices are compared in floats near the rows: every one of them is a bound.

    Args:
        rows: by node, its group and rows.
        groups: of the matrix.
        ops: their arithmetic.
        zero: 0 in it.
    """

    def __init__(
        self, rows: Mapping[int, tuple[int, Sequence[Row]]], groups: Sequence[int], ops: Arithmetic, zero: Scalar
    ) -> None:
        self._rows, self._groups, self._ops, self._zero = rows, groups, ops, zero
        place = {g: k for k, g in enumerate(groups)}
        self._floats = []  # by node, its group's place, its rows in question, and these as (rows, radii, groups)
        for group, several in rows.values():
            near = np.array([self._near(row) for row in several])
            kept = _undominated(near)
            self._floats.append((place[group], kept, near[kept]))

    def norm(self) -> Scalar:
        """Upper bound of ||M||."""
        norms = (self._ops.spectral_norm(self._matrix(self._taken(choice))) for choice in self._best())
        return reduce(self._ops.minimum, norms)

    def chosen(self) -> dict[int, Row]:
        """By node the row of the best choice, at the last radius."""
        return self._taken(self._best()[-1])

    def _near(self, row: Row) -> np.ndarray:
        values = [row.get(g, self._zero) for g in self._groups]
        if self._ops is not ARRAYS:
            return np.array([[self._ops.near(v) for v in values]])
        whole = np.array(np.broadcast_arrays(*map(np.ravel, values)))  # (groups, radii)
        return whole[:, [int(part * (whole.shape[1] - 1)) for part in RADII]].T

    def _taken(self, choice: Choice) -> dict[int, Row]:
        return {v: self._rows[v][1][k] for v, k in zip(self._rows, choice, strict=True)}

    def _matrix(self, taken: Mapping[int, Row]) -> list[list[Scalar]]:
        by_group: dict[int, Row] = {}
        for v, row in taken.items():
            group = self._rows[v][0]
            by_group[group] = total(by_group.get(group, {}), row)
        return matrix(by_group, self._groups, self._zero)

    def _best(self) -> list[Choice]:
        """Those tried that are least at one of the radii."""
        tried = self._tried()
        if len(tried) > 1:
            norms = _norms(np.array([self._in_floats(places) for places in tried]))
            tried = [tried[int(k)] for k in dict.fromkeys(np.argmin(norms, axis=0))]
        return [tuple(kept[k] for k, (_, kept, _) in zip(places, self._floats, strict=True)) for places in tried]

    def _in_floats(self, places: Choice) -> np.ndarray:
        """M at the radii, (radii, groups, groups)."""
        radii, size = self._floats[0][2].shape[1:] if self._floats else (1, 0)
        found = np.zeros((radii, size, size))
        for k, (group, _, near) in zip(places, self._floats, strict=True):
            found[:, group] += near[k]
        return found

    def _tried(self) -> list[Choice]:
        counts = [len(kept) for _, kept, _ in self._floats]
        if math.prod(counts) <= TRIED:
            return list(product(*(range(count) for count in counts)))
        found: dict[Choice, None] = {}
        for k in range(max(counts)):
            choice, least = tuple(min(k, count - 1) for count in counts), math.inf
            for _ in range(ROUNDS):
                if choice in found:
                    break
                found[choice] = None
                last = self._in_floats(choice)[-1]
                if not np.isfinite(last).all():
                    break
                _, norms, right = np.linalg.svd(last)
                if not norms[0] < least:
                    break
                least = norms[0]
                choice = tuple(int(np.argmin(near[:, -1] @ np.abs(right[0]))) for _, _, near in self._floats)
        return list(found)


def _norms(matrices: np.ndarray) -> np.ndarray:
    finite = np.isfinite(matrices).all((-2, -1))
    norms = np.linalg.norm(np.where(finite[..., None, None], matrices, 0.0), 2, axis=(-2, -1))
    return np.where(finite, norms, np.inf)


def _undominated(near: np.ndarray) -> list[int]:
    """The rows (rows, radii, groups) above no other, one of those that are equal."""
    kept: list[int] = []
    for k, row in enumerate(near):
        if not any((near[other] <= row).all() for other in kept):
            kept = [other for other in kept if not (row <= near[other]).all()] + [k]
    return kept
