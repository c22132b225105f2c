"""Three-valued verdicts with evidence: what is proved, what holds as computed, what is open, what is false."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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


class Evidence(StrEnum):
    """What a run says beside the verdict; it never lifts one."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    EMPIRICAL = "empirical only"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class HypothesisRow:
    """One hypothesis of a theorem, held against one problem.

    Attributes:
        name: the hypothesis in a phrase.
        needed: what it asks for, as shown.
        measured: what was found, as shown.
        margin: available over required, more than 1 when fulfilled; None where no ratio makes sense.
        verdict: its level.
        how: how the measured side was obtained, with its direction.
    """

    name: str
    needed: str
    measured: str
    margin: float | None
    verdict: Verdict
    how: str
