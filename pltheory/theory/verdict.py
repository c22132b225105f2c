"""Three-valued verdicts, computed from numbers: what is proved, what holds as computed, what is open, what is false.

A hypothesis held against a problem is a `Row`: a comparison of two bounds, or a fact. Its verdict follows from the
directions of the bounds and from whether round-off is counted in them, here and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from .bound import Bound, Direction
from .digits import shown


class Verdict(StrEnum):
    """The level a hypothesis or theorem reaches (THEORY section 7).

    CERTIFIED: proved, round-off included. HOLDS: every inequality holds as computed in floating point, round-off not
    counted. UNDECIDED: neither shown nor refuted; the shortfall says what is missing. REFUTED: a witness violates it.
    """

    CERTIFIED = "CERTIFIED"
    HOLDS = "HOLDS"
    UNDECIDED = "UNDECIDED"
    REFUTED = "REFUTED"

    @property
    def rank(self) -> int:
        """3 for CERTIFIED down to 0 for REFUTED."""
        return 3 - list(Verdict).index(self)


def weakest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a conjunction."""
    return min(verdicts, key=lambda v: v.rank)


def strongest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a disjunction: one theorem that applies is enough."""
    return max(verdicts, key=lambda v: v.rank)


Relation = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True)
class Comparison:
    """`measured` stands in the relation to `needed`.

    Attributes:
        measured: what the problem has.
        relation: how it must stand.
        needed: what the theorem asks for.
        symbol: what `measured` is called in formulas, such as "R"; empty where its value is enough.
        against: another bound of the needed side, from its other direction: by it the row can be refuted.
    """

    measured: Bound
    relation: Relation
    needed: Bound
    symbol: str = ""
    against: Bound | None = None

    @property
    def verdict(self) -> Verdict:
        """By the directions of both sides; a NaN shows nothing and refutes nothing."""
        strict, rising = self.relation in ("<", ">"), self.relation in ("<", "<=")
        for needed in (self.needed, self.against):
            if needed is None:
                continue
            low, high = (self.measured, needed) if rising else (needed, self.measured)
            counted = low.rounded and high.rounded
            broken = low.value >= high.value if strict else low.value > high.value
            if counted and low.is_lower and high.is_upper and broken:
                return Verdict.REFUTED
        low, high = self._sides
        fulfilled = low.value < high.value if strict else low.value <= high.value
        if not (low.is_upper and high.is_lower and fulfilled):
            return Verdict.UNDECIDED
        return Verdict.CERTIFIED if low.rounded and high.rounded else Verdict.HOLDS

    @property
    def margin(self) -> float | None:
        """Available over required; None where no ratio makes sense."""
        low, high = self._sides
        if Direction.ESTIMATE in (low.kind, high.kind) or not low.value > 0 or math.isnan(high.value):
            return None
        return high.value / low.value

    def __str__(self) -> str:
        symbol = f"{self.symbol} = " if self.symbol else ""
        measured, needed = (shown(side.value, 4, side.kind) for side in (self.measured, self.needed))
        return f"{symbol}{measured}, needed {self.relation} {needed}"

    @property
    def _sides(self) -> tuple[Bound, Bound]:
        """What must be the smaller one, then the larger."""
        sides = (self.measured, self.needed)
        return sides if self.relation in ("<", "<=") else sides[::-1]


@dataclass(frozen=True)
class Fact:
    """Something that is so or is not, without a number to compare.

    Attributes:
        needed: what is asked for, in words.
        found: what there is, in words.
        true: whether it is so; None where that is not known.
    """

    needed: str
    found: str
    true: bool | None

    @property
    def verdict(self) -> Verdict:
        """CERTIFIED, REFUTED or UNDECIDED."""
        return {True: Verdict.CERTIFIED, False: Verdict.REFUTED, None: Verdict.UNDECIDED}[self.true]

    @property
    def margin(self) -> None:
        """Facts have none."""
        return None

    def __str__(self) -> str:
        return f"{self.found}, needed {self.needed}"


@dataclass(frozen=True)
class Row:
    """One hypothesis of a theorem, held against one problem.

    Attributes:
        says: what was found; None where nothing is known.
        how: how the measured side was obtained, or why there is none.
        hypothesis: its name in the theorem.
    """

    says: Comparison | Fact | None
    how: str
    hypothesis: str = ""

    @property
    def verdict(self) -> Verdict:
        """Computed from what the row says; nothing known is UNDECIDED."""
        return Verdict.UNDECIDED if self.says is None else self.says.verdict

    @property
    def margin(self) -> float | None:
        """Available over required, more than 1 when fulfilled; None where no ratio makes sense."""
        return None if self.says is None else self.says.margin

    def __str__(self) -> str:
        said = "not known" if self.says is None else self.says
        return f"{self.verdict:10} {self.hypothesis}: {said}"


def unknown(why: str) -> Row:
    """A row about which nothing is known."""
    return Row(None, why)
