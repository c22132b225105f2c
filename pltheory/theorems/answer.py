"""One theorem held against one question: search, rows, proof, promise, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..optim import has_certificates
from ..optim.registry import spoken_of
from ..rigor.errors import NoVerdictError
from ..runs.promise import Promise
from ..theory import Bound, NotAvailableError, NumericalFailureError
from ..theory.verdict import Comparison, Fact, Row, Verdict, unknown, weakest
from .hypotheses import CLIPPED, in_a_clause
from .protocol import Question, Theorem, TheoremReport


def answer(theorem: Theorem, question: Question) -> TheoremReport:
    """The theorem's rows and verdict; where it holds as computed and round-off is to be counted, its proof.

    Raises:
        InvalidInputError: an option that is not allowed.
    """
    rule, outside = question.settings, theorem.outside(question.batches, question.problem.objective)
    outside = outside or theorem.uncovered(rule)
    if outside:
        return _open(theorem, outside)
    named = has_certificates(rule) or rule.name in theorem.rules
    if not named and CLIPPED not in theorem.hypotheses:
        return _open(theorem, f"the theorem does not name {rule.name} and does not ask for a floor of the steps")
    try:
        found = theorem.search(question)
    except NotAvailableError as error:
        return _open(theorem, str(error))
    except (NoVerdictError, NumericalFailureError) as error:
        return _open(theorem, f"no verdict: {error}")
    rows, short = judged(theorem, question, found), ""
    if question.rigorous and _verdict(rows) is Verdict.HOLDS and not named:
        short = f"round-off not covered: {spoken_of()}, not of {rule.name}"
    elif question.rigorous and _verdict(rows) is Verdict.HOLDS:
        try:
            found = theorem.prove(question, found)
            rows = judged(theorem, question, found)
        except NoVerdictError as error:
            short = f"round-off not covered: {error}"
    verdict = _verdict(rows)
    holds = verdict.rank >= Verdict.HOLDS.rank
    if not holds:
        short = theorem.shortfall(question, found, rows) or _shortfall(rows)
    promise = theorem.promise(question, found) if holds else None
    if promise is not None and not isinstance(promise, Promise):
        raise TypeError(f"promise() must return a Promise, not {type(promise).__name__}")
    eta = theorem.step(question, found)
    return TheoremReport(
        theorem,
        verdict,
        rows,
        theorem.ball_constants(found),
        short,
        theorem.certificate(found) if verdict is Verdict.CERTIFIED else None,
        promise.eta if promise is not None else eta,
        promise,
        concluded=theorem.concluded(question, found) if holds else "",
        consequences=tuple(theorem.consequences(question, found)) if holds else (),
    )


def judged(theorem: Theorem, question: Question, found: Any) -> list[Row]:
    """One row per hypothesis, in the theorem's order.

    Raises:
        TypeError: a hypothesis was judged by something from which no verdict can be computed.
    """
    rows = []
    for h in theorem.hypotheses:
        row = h.judge(question, found)
        why = _unreadable(row)
        if why:
            raise TypeError(f"hypothesis {h.name!r}: {why}")
        rows.append(replace(row, hypothesis=h.name))
    return rows


def _unreadable(row: object) -> str:
    if not isinstance(row, Row) or not isinstance(row.how, str):
        return "is to be judged by a Row with a text"
    says = row.says
    if isinstance(says, Comparison):
        bounds = (says.measured, says.needed, says.needed if says.against is None else says.against)
        if not all(isinstance(b, Bound) and isinstance(b.value, float) for b in bounds):
            return "both sides of a comparison are Bounds of floats"
        if says.relation not in ("<", "<=", ">", ">=") or not isinstance(says.symbol, str):
            return f"{says.relation!r} is no relation"
    elif isinstance(says, Fact):
        texts = isinstance(says.needed, str) and isinstance(says.found, str)
        if not texts or not (says.true is None or isinstance(says.true, bool)):
            return "a fact has two texts and is true, false or None"
    elif says is not None:
        return f"{type(says).__name__} is no Comparison and no Fact"
    if row.verdict is Verdict.CERTIFIED and not row.how.strip():
        return "is CERTIFIED and does not say how"
    return ""


def _verdict(rows: list[Row]) -> Verdict:
    return weakest(row.verdict for row in rows)


def _open(theorem: Theorem, why: str) -> TheoremReport:
    rows = [replace(unknown(f"not looked at: {why}"), hypothesis=h.name) for h in theorem.hypotheses]
    return TheoremReport(theorem, Verdict.UNDECIDED, rows, None, why)


def _shortfall(rows: list[Row]) -> str:
    worst = _verdict(rows)
    return "; ".join(in_a_clause(row) for row in rows if row.verdict is worst)
