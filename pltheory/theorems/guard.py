"""Theorems by their ids: those of this project, and those that a package declares under the entry point group.

What such code answers is checked before it is believed: the verdict is computed here from the numbers of its rows, a
failure inside is an error that names the package, and an id of this project's cannot be taken. Whether a bound that
says it counts round-off does so is for its author: every report says whose code it was. The theorems of this project
pass through the same checks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint

from .. import packages
from ..optim.recursion import Form
from ..problem.batches import ORDERS
from ..problem.loss import KINDS
from ..runs.promise import Promise
from ..theory import ExtensionError, InvalidInputError, PltheoryError
from .answer import answer
from .ladder import ALL, BEST, BY_NAME, LADDER, OF_BATCHES
from .protocol import Hypothesis, Question, Theorem, TheoremReport
from .protocol import options_of as options_of

GROUP = "pltheory.theorems"
"""The entry point group; the entry point's name is the theorem's id, its object a `Theorem` or a class of one."""
BUILT_IN = {t.id: t for t in (*LADDER, *BY_NAME, *OF_BATCHES)}
RESERVED = frozenset({*BUILT_IN, ALL, BEST})
"""Ids that no package can take."""
ONE = 1 + 2.0**-50
"""What a rate or floor of 1 may be computed as."""


@dataclass(frozen=True)
class Guarded:
    """A theorem behind the checks of this module.

    Attributes:
        theorem: the theorem.
        origin: whose code it is, for errors and reports; None for this project's.

    Raises:
        ExtensionError: it is no theorem, or is called this project's and is not.
    """

    theorem: Theorem
    origin: str | None = None

    def __post_init__(self) -> None:
        _require_described(self.theorem, self.origin or "this project")
        if self.origin is None and BUILT_IN.get(self.theorem.id) is not self.theorem:
            raise ExtensionError(f"theorem {self.theorem.id!r} is none of this project's: `guarded` asks whose it is")

    def answer(self, question: Question) -> TheoremReport:
        """Hold the theorem against a problem.

        Raises:
            ExtensionError: it failed, wrote where it may only read, or said what cannot be believed.
            InvalidInputError: an option that is not allowed.
        """
        who = f"theorem {self.theorem.id!r}"
        if self.origin is None:
            said = answer(self.theorem, question)
        else:
            who += f" of {self.origin}"
            with packages.watched(who, question.problem.tensors, (PltheoryError, MemoryError)):
                try:
                    said = answer(self.theorem, question)
                except InvalidInputError as error:
                    raise InvalidInputError(f"{who}: {error}") from error
        _refuse_promise(said.promise, question, who)
        return replace(said, promise=_rounded(said.promise), origin=self.origin)


def ids() -> list[str]:
    """Every id that `theorem_of` finds: this project's, then the installed ones."""
    return [*BUILT_IN, *sorted(packages.installed(GROUP).keys() - RESERVED)]


def theorem_of(name: str) -> Guarded:
    """The theorem of that id, built in or installed.

    Raises:
        InvalidInputError: there is none; or two packages claim the id, or one claims an id of this project's.
        ExtensionError: the package cannot be loaded, or what it gives is no theorem.
    """
    claims = packages.installed(GROUP).get(name, [])
    what = f"theorem = {name!r}"
    if name in RESERVED:
        packages.refuse_taken(claims, what, "id")
    if name in BUILT_IN:
        return Guarded(BUILT_IN[name])
    if not claims:
        raise InvalidInputError(f"{what}: allowed are {', '.join(ids())}, {ALL}, {BEST}")
    return _loaded(packages.only(claims, what))


def guarded(candidate: Theorem, origin: str) -> Guarded:
    """A theorem of one's own behind the checks of this module.

    Args:
        candidate: the theorem.
        origin: whose code it is, for errors and reports.

    Raises:
        ExtensionError: it is no theorem: a part is missing, empty or of the wrong type.
    """
    found = Guarded(candidate, origin)
    if candidate.id in RESERVED:
        raise ExtensionError(f"{origin}: id = {candidate.id!r} is built in")
    return found


def _loaded(point: EntryPoint) -> Guarded:
    found = guarded(packages.loaded(point, "theorem"), packages.origin(point))
    packages.require_named(point, "theorem", found.theorem.id)
    return found


def _require_described(candidate: object, origin: str) -> None:
    if not isinstance(candidate, Theorem):
        raise ExtensionError(f"{origin}: not a theorem, which is an object of a subclass of {Theorem.__qualname__}")
    texts = [getattr(candidate, name, None) for name in ("id", "title", "citation", "conclusion")]
    hypotheses = getattr(candidate, "hypotheses", None)
    if not isinstance(hypotheses, tuple) or not hypotheses or not all(isinstance(h, Hypothesis) for h in hypotheses):
        raise ExtensionError(f"{origin}: hypotheses must be a tuple of Hypothesis, at least one")
    names = [h.name for h in hypotheses]
    if not all(isinstance(t, str) and t.strip() for t in (*texts, *names)):
        raise ExtensionError(f"{origin}: the theorem has a part that is empty or no text")
    for name, known in (("losses", KINDS), ("orders", ORDERS)):
        told = getattr(candidate, name)
        if not isinstance(told, tuple) or not all(isinstance(each, str) and each in known for each in told):
            raise ExtensionError(f"{origin}: {name} must be a tuple of {', '.join(map(repr, known))}")
    if not isinstance(candidate.rules, tuple) or not all(isinstance(rule, str) for rule in candidate.rules):
        raise ExtensionError(f"{origin}: rules must be a tuple of texts")
    if not isinstance(candidate.forms, frozenset) or not all(isinstance(f, Form) for f in candidate.forms):
        raise ExtensionError(f"{origin}: forms must be a frozenset of Form")
    if len(set(names)) < len(names):
        raise ExtensionError(f"{origin}: hypotheses has one twice")


def _refuse_promise(promise: Promise | None, question: Question, who: str) -> None:
    """Raise where a promise has a number out of its range, or is about another step than was asked for."""
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
    asked = question.settings.eta
    if not isinstance(asked, str) and promise.eta != asked:
        raise ExtensionError(f"{who}: promise.eta = {promise.eta} is not the step asked for, optimizer.eta = {asked}")


def _rounded(promise: Promise | None) -> Promise | None:
    """A factor that rounding put above 1 is 1."""
    if promise is None:
        return None
    rate = None if promise.rate is None else min(1.0, promise.rate)
    return replace(promise, floor=min(1.0, promise.floor), rate=rate)
