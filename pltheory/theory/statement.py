"""What a theorem says, as a certificate repeats it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """The words of a theorem.

    Attributes:
        id: its name.
        citation: where it comes from.
        conclusion: what follows from its hypotheses.
    """

    id: str
    citation: str
    conclusion: str
