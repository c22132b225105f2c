"""One theorem held against one question: search, rows, proof, promise, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..rigor.errors import NoVerdictError
from ..theory import NotAvailableError, NumericalFailureError
from ..theory.verdict import Row, Verdict, unknown, weakest
from .hypotheses import in_a_clause
from .protocol import Question, Theorem, TheoremReport


def answer(theorem: Theorem, question: Question) -> TheoremReport:
    """The theorem's rows and verdict; where it holds as computed and round-off is to be counted, its proof.

    Raises:
        InvalidInputError: an option that is not allowed.
    """
    try:
        found = theorem.search(question)
    except NotAvailableError as error:
        return _open(theorem, str(error))
    except (NoVerdictError, NumericalFailureError) as error:
        return _open(theorem, f"no verdict: {error}")
    rows, short = judged(theorem, question, found), ""
    if question.rigorous and _verdict(rows) is Verdict.HOLDS:
        try:
            found = theorem.prove(question, found)
            rows = judged(theorem, question, found)
        except NoVerdictError as error:
            short = f"round-off not covered: {error}"
    verdict = _verdict(rows)
    holds = verdict.rank >= Verdict.HOLDS.rank
    if not holds:
        short = theorem.shortfall(question, found, rows) or _shortfall(rows)
    return TheoremReport(
        theorem,
        verdict,
        rows,
        theorem.reach(found),
        short,
        theorem.certificate(found) if verdict is Verdict.CERTIFIED else None,
        theorem.step(question, found),
        theorem.promise(question, found) if holds else None,
    )


def judged(theorem: Theorem, question: Question, found: Any) -> list[Row]:
    """One row per hypothesis, in the theorem's order."""
    return [replace(h.judge(question, found), hypothesis=h.name) for h in theorem.hypotheses]


def _verdict(rows: list[Row]) -> Verdict:
    return weakest(row.verdict for row in rows)


def _open(theorem: Theorem, why: str) -> TheoremReport:
    rows = [replace(unknown("not looked at"), hypothesis=h.name) for h in theorem.hypotheses]
    return TheoremReport(theorem, Verdict.UNDECIDED, rows, None, why)


def _shortfall(rows: list[Row]) -> str:
    worst = _verdict(rows)
    return "; ".join(in_a_clause(row) for row in rows if row.verdict is worst)
