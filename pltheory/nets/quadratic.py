"""The symmetric matrix of a quadratic form in the groups' moves, gathered product by product."""

from __future__ import annotations

from collections.abc import Sequence

from ..theory.arithmetic import Scalar
from ..theory.rows import Row


class Quadratic:
    """t^T Q t as a sum of products (a . t)(b . t) of nonnegative rows."""

    def __init__(self) -> None:
        self._entries: dict[tuple[int, int], Scalar] = {}

    def add(self, a: Row, b: Row) -> None:
        """Add (a . t)(b . t)."""
        for g, p in a.items():
            for h, q in b.items():
                half = 0.5 * (p * q)
                for key in ((g, h), (h, g)):
                    self._entries[key] = self._entries[key] + half if key in self._entries else half

    def matrix(self, groups: Sequence[int], zero: Scalar) -> list[list[Scalar]]:
        """Q over those groups."""
        return [[self._entries.get((g, h), zero) for h in groups] for g in groups]
