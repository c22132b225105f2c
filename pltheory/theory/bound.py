"""A number that knows its direction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from html import escape

from .digits import shown
from .errors import WrongDirectionError


class Direction(StrEnum):
    """How a computed number stands to the quantity it speaks of."""

    LOWER = "lower"
    UPPER = "upper"
    EXACT = "exact"
    ESTIMATE = "estimate"


SIGNS = {"lower": "≥", "upper": "≤", "exact": "=", "estimate": "≈"}
"""Before a number, by its direction."""


@dataclass(frozen=True)
class Bound:
    """A value with its direction: a lower bound, an upper bound, exact, or an estimate without direction.

    Directions are those of the mathematics: round-off is not counted unless `rounded` is true, in which case the
    direction survives it. Nothing converts a Bound to float by itself; the reader asks for the side needed.

    Attributes:
        value: the number.
        kind: its direction.
        method: how it was obtained, in a few words.
        rounded: whether round-off of the computation is included in the direction.
    """

    value: float
    kind: Direction
    method: str
    rounded: bool = False

    def at_least(self) -> float:
        """The value as a lower bound.

        Raises:
            WrongDirectionError: the number is an upper bound or an estimate.
        """
        return self._side(Direction.LOWER)

    def at_most(self) -> float:
        """The value as an upper bound.

        Raises:
            WrongDirectionError: the number is a lower bound or an estimate.
        """
        return self._side(Direction.UPPER)

    @property
    def is_lower(self) -> bool:
        """Whether the quantity is at least the value."""
        return self.kind in (Direction.LOWER, Direction.EXACT)

    @property
    def is_upper(self) -> bool:
        """Whether the quantity is at most the value."""
        return self.kind in (Direction.UPPER, Direction.EXACT)

    def _side(self, wanted: Direction) -> float:
        if self.kind not in (wanted, Direction.EXACT):
            raise WrongDirectionError(
                f"need a number that is {wanted} or exact; this one is {self.kind} ({self.method})"
            )
        return self.value

    def _repr_html_(self) -> str:
        """What a notebook shows: the number rounded to its side, where it comes from, whether round-off is counted."""
        counted = "round-off counted" if self.rounded else "round-off not counted"
        number = escape(f"{SIGNS[self.kind]} {shown(self.value, 6, self.kind)}")
        return f"<strong>{number}</strong> {escape(self.method)}; {counted}"

    def __str__(self) -> str:
        return f"{SIGNS[self.kind]} {shown(self.value, 6, self.kind)} ({self.method})"


def lower(value: float, method: str, *, rounded: bool = False) -> Bound:
    """A lower bound."""
    return Bound(float(value), Direction.LOWER, method, rounded)


def upper(value: float, method: str, *, rounded: bool = False) -> Bound:
    """An upper bound."""
    return Bound(float(value), Direction.UPPER, method, rounded)


def exact(value: float, method: str) -> Bound:
    """An exact value, up to the round-off of the arithmetic used."""
    return Bound(float(value), Direction.EXACT, method)


def given(value: float, method: str = "as given") -> Bound:
    """A number that is a double by itself: a setting, a count, a chosen radius."""
    return Bound(float(value), Direction.EXACT, method, rounded=True)


def estimate(value: float, method: str) -> Bound:
    """A number without direction: evidence, never a step of a proof."""
    return Bound(float(value), Direction.ESTIMATE, method)
