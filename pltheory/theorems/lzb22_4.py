"""[LZB22, Theorem 4]: wide networks satisfy PL*. Its constant is not given: it is shown, not checked."""

from __future__ import annotations

from typing import Any

from ..theory.verdict import Row
from .hypotheses import POSITIVE, SMOOTH, WIDTH, shortfall
from .protocol import Question, Theorem
from .sources import LZB22


class WideNetworks(Theorem):
    """PL* at large width."""

    id = "LZB22-4"
    title = "wide networks are PL*"
    citation = f"{LZB22}, Theorem 4"
    hypotheses = (SMOOTH, POSITIVE, WIDTH)
    conclusion = "the square loss is mu-PL* in B(w_0, R)"

    def shortfall(self, question: Question, found: Any, rows: list[Row]) -> str:
        """What is open."""
        return shortfall(question, rows)


THEOREM = WideNetworks()
