"""Theorems of one's own: a package declares them under the entry point group `pltheory.theorems`.

What such code answers is checked before it is believed: the rows must be the theorem's own hypotheses in their order,
the verdict is the weakest of them and nothing else, a failure inside is an error that names the package, and an id of
this project's cannot be taken. Whether a row that says CERTIFIED is right is for its author: every report says whose
code it was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import EntryPoint
from typing import Any, Protocol, runtime_checkable

import torch

from .. import entries
from ..entries import origin_of, said
from ..rigor.errors import NoVerdictError
from ..theory import ExtensionError, InvalidInputError, NotAvailableError, NumericalFailureError
from ..theory.theorems import THEOREMS, Theorem
from .hypotheses import TheoremReport
from .ladder import ALL, BEST, BUILT_IN, Question, Rung
from .promise import Promise
from .verdict import HypothesisRow, Verdict, weakest

GROUP = "pltheory.theorems"
"""The entry point group; the entry point's name is the theorem's id, its object a `TheoremCheck` or a class of one."""
RESERVED = frozenset({*THEOREMS, ALL, BEST})
"""Ids that no package can take."""
ONE = 1 + 2.0**-50
"""What a rate or floor of 1 may be computed as."""


@dataclass(frozen=True)
class Answer:
    """What a theorem of one's own says of a problem.

    Attributes:
        rows: one per hypothesis of the theorem, under its name and in its order.
        promise: what the run is held against, if the rows reach HOLDS; None where nothing is promised of a single run.
        shortfall: what is missing and what would close it; made from the rows that are open when left empty.
    """

    rows: list[HypothesisRow] = field(default_factory=list)
    promise: Promise | None = None
    shortfall: str = ""


@runtime_checkable
class TheoremCheck(Protocol):
    """A theorem and the code that holds it against a problem.

    Attributes:
        theorem: id, title, citation, hypotheses, conclusion.
    """

    theorem: Theorem

    def check(self, question: Question) -> Answer:
        """Hold the theorem against a problem: one row per hypothesis.

        Raises:
            InvalidInputError: an option that is not allowed; the message names it.
            NotAvailableError: the theorem's numbers do not exist for this network: every row is then UNDECIDED.
        """
        ...


def installed() -> dict[str, list[EntryPoint]]:
    """The entry points of the group by name; nothing is imported."""
    return entries.installed(GROUP)


def ids() -> list[str]:
    """Every id that `rung_of` finds: this project's, then the installed ones."""
    return [*BUILT_IN, *sorted(installed().keys() - RESERVED)]


def rung_of(name: str) -> Rung:
    """The theorem of that id, built in or installed.

    Raises:
        InvalidInputError: there is none; or two packages claim the id, or one claims an id of this project's.
        ExtensionError: the package cannot be loaded, or what it gives is no theorem.
    """
    claims = installed().get(name, [])
    if claims and name in RESERVED:
        raise InvalidInputError(
            f"theorem = {name!r}: {origin_of(claims[0])} claims this id, which is built in; rename it or uninstall it"
        )
    if name in BUILT_IN:
        return BUILT_IN[name]
    if not claims:
        raise InvalidInputError(f"theorem = {name!r}: allowed are {', '.join(ids())}, {ALL}, {BEST}")
    if len(claims) > 1:
        raise InvalidInputError(f"theorem = {name!r}: claimed by {' and by '.join(map(origin_of, claims))}")
    return _loaded(claims[0])


def guarded(candidate: TheoremCheck, origin: str) -> Rung:
    """A theorem of one's own as the ladder asks it, behind the checks of this module.

    Args:
        candidate: the theorem.
        origin: whose code it is, for errors and reports.

    Raises:
        ExtensionError: it is no theorem: a part is missing, empty or of the wrong type.
    """
    what = _described(candidate, origin)
    return Rung(what, lambda question: _hold(candidate, what, origin, question))


def _loaded(point: EntryPoint) -> Rung:
    origin = origin_of(point)
    rung = guarded(entries.load(point, "theorem"), origin)
    if rung.theorem.id != point.name:
        raise ExtensionError(f"theorem {point.name!r} of {origin} calls itself {rung.theorem.id!r}")
    return rung


def _described(candidate: object, origin: str) -> Theorem:
    what = getattr(candidate, "theorem", None)
    if not isinstance(what, Theorem) or not callable(getattr(candidate, "check", None)):
        raise ExtensionError(f"{origin}: not a theorem, which has `theorem` (a Theorem) and `check(question)`")
    texts = [getattr(what, f.name) for f in fields(what) if f.name != "hypotheses"]
    if not isinstance(what.hypotheses, tuple) or not what.hypotheses:
        raise ExtensionError(f"{origin}: theorem.hypotheses must be a tuple of texts, at least one")
    if not all(isinstance(t, str) and t.strip() for t in (*texts, *what.hypotheses)):
        raise ExtensionError(f"{origin}: theorem has a part that is empty or no text")
    if len(set(what.hypotheses)) < len(what.hypotheses):
        raise ExtensionError(f"{origin}: theorem.hypotheses has one twice")
    if what.id in RESERVED:
        raise ExtensionError(f"{origin}: theorem.id = {what.id!r} is built in")
    return what


def _hold(candidate: TheoremCheck, what: Theorem, origin: str, question: Question) -> TheoremReport:
    who = f"theorem {what.id!r} of {origin}"
    before = [t.detach().clone() for t in _tensors(question)]
    try:
        answer = candidate.check(question)
    except InvalidInputError as error:
        raise InvalidInputError(f"{who}: {error}") from error
    except (NotAvailableError, NoVerdictError, NumericalFailureError) as error:
        why = str(error) or type(error).__name__
        answer = Answer([HypothesisRow(h, "-", "-", None, Verdict.UNDECIDED, why) for h in what.hypotheses], None, why)
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        raise ExtensionError(f"{who} failed: {said(error)}") from error
    if not all(torch.equal(a, b) for a, b in zip(before, _tensors(question), strict=True)):
        raise ExtensionError(f"{who} changed the network or the data")
    _refuse_unsound(answer, what, who)
    asked = question.settings.eta
    if answer.promise is not None and not isinstance(asked, str) and answer.promise.eta != asked:
        raise ExtensionError(
            f"{who}: promise.eta = {answer.promise.eta} is not the step asked for, optimizer.eta = {asked}"
        )
    verdict = weakest(row.verdict for row in answer.rows)
    holds = verdict.rank >= Verdict.HOLDS.rank
    shortfall = "" if holds else answer.shortfall or _open(answer.rows)
    promise = _rounded(answer.promise) if holds else None
    eta = None if answer.promise is None else answer.promise.eta
    return TheoremReport(what, verdict, list(answer.rows), None, shortfall, eta=eta, promise=promise, origin=origin)


def _tensors(question: Question) -> list[torch.Tensor]:
    problem = question.problem
    return [*problem.network.state_dict().values(), problem.x, problem.y]


def _open(rows: list[HypothesisRow]) -> str:
    worst = weakest(row.verdict for row in rows)
    return "; ".join(f"{row.name}: {row.how or row.measured}" for row in rows if row.verdict is worst)


def _refuse_unsound(answer: object, what: Theorem, who: str) -> None:
    """Raise where an answer cannot be read, or says more than its own numbers do."""

    def refuse(why: str) -> None:
        raise ExtensionError(f"{who}: {why}")

    if not isinstance(answer, Answer) or not all(isinstance(row, HypothesisRow) for row in answer.rows):
        refuse(f"check() must return an Answer with HypothesisRows, not {type(answer).__name__}")
        return
    if [row.name for row in answer.rows] != list(what.hypotheses):
        refuse(f"the rows {[row.name for row in answer.rows]} are not the hypotheses {list(what.hypotheses)}")
    for row in answer.rows:
        if not isinstance(row.verdict, Verdict):
            refuse(f"row {row.name!r}: the verdict {row.verdict!r} is no Verdict")
        if not all(isinstance(text, str) for text in (row.needed, row.measured, row.how)):
            refuse(f"row {row.name!r}: needed, measured and how are texts")
        if row.margin is not None and not (isinstance(row.margin, int | float) and not math.isnan(row.margin)):
            refuse(f"row {row.name!r}: the margin {row.margin!r} is no number")
        fulfilled = row.verdict.rank >= Verdict.HOLDS.rank
        if fulfilled and row.margin is not None and not row.margin >= 1:
            refuse(f"row {row.name!r} says {row.verdict} with a margin of {row.margin:.3g}, which is below 1")
        if row.verdict is Verdict.CERTIFIED and not row.how.strip():
            refuse(f"row {row.name!r} says CERTIFIED and not how")
    _refuse_promise(answer.promise, who)


def _refuse_promise(promise: Promise | None, who: str) -> None:
    if promise is None:
        return
    ranges = {"eta": (0.0, math.inf), "floor": (-1.0, ONE), "rate": (-1.0, ONE), "radius": (-1.0, math.inf)}
    for name, (low, high) in ranges.items():
        value = getattr(promise, name)
        if value is None and name in ("rate", "radius"):
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        # Zero is allowed where `low` is -1: nothing moves at a start without loss.
        if not (number and low < value <= high and (low == 0 or value >= 0) and math.isfinite(value)):
            raise ExtensionError(f"{who}: promise.{name} = {value!r} is not in its range")
    if type(promise.since) is not int or promise.since < 0:
        raise ExtensionError(f"{who}: promise.since = {promise.since!r} is not in its range")


def _rounded(promise: Promise | None) -> Promise | None:
    """A factor that rounding put above 1 is 1."""
    if promise is None:
        return None
    rate = None if promise.rate is None else min(1.0, promise.rate)
    return replace(promise, floor=min(1.0, promise.floor), rate=rate)


def options_of(question: Question, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The theorem's options with their defaults; for use inside `check`.

    Raises:
        InvalidInputError: an option without a default here, or of another type than its default.
    """
    for name, value in question.options.items():
        if name not in defaults:
            raise InvalidInputError(f"theorem.options.{name}: unknown; known are {', '.join(defaults) or 'none'}")
        allowed: tuple[type, ...] = (type(defaults[name]),)
        if allowed == (float,):
            allowed = (float, int)
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise InvalidInputError(f"theorem.options.{name} = {value!r}: must be a {allowed[0].__name__}")
    return {**defaults, **question.options}
