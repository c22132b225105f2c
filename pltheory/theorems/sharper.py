"""Theorem E's profile in place of the plain one, for theorems that hold on that alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeVar

from ..certification.profile import Profile
from ..certification.sharpened import sharpened, sharpening_cost
from ..problem.problem import Problem
from ..theory import NotAvailableError, NumericalFailureError
from .measured import profile_at
from .on_ball import OnBall
from .protocol import Question

F = TypeVar("F", bound=OnBall | None)


def _holds(found: OnBall | None) -> bool:
    return found is not None and found.constants.holds


def sharper(question: Question, found: F, search: Callable[[Profile], F]) -> F:
    """What a theorem finds on Theorem E's profile, where it holds there and does not on the plain one; else `found`.

    Args:
        question: what is asked, and the work that is allowed.
        found: on the plain profile.
        search: from a profile to what is found on it.
    """
    if _holds(found) or question.at.singular is not None:
        return found
    with contextlib.suppress(NotAvailableError, NumericalFailureError):
        question.allow(sharpening_cost(question.problem))
        more = search(question.at.sharpened)
        if _holds(more):
            return more
    return found


def profile_for(problem: Problem, holds: Callable[[Profile], bool]) -> tuple[Profile, bool]:
    """A problem's profile, sharpened where a theorem does not hold on the plain one; and whether it was."""
    guess = profile_at(problem)
    if not holds(guess):
        with contextlib.suppress(NotAvailableError, NumericalFailureError):
            return sharpened(problem, guess), True
    return guess, False
