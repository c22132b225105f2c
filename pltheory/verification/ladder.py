"""One table from a theorem's id to what holds it against a problem: every caller asks here, and nowhere else by id."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..problem.problem import Problem
from ..problem.settings import StepSettings
from ..theory.theorems import THEOREMS, Theorem
from .beyond_ball import BEYOND, check_beyond
from .convergence import Progress
from .hypotheses import Measured, TheoremReport, check


@dataclass(frozen=True)
class Question:
    """What a theorem is asked: does it apply to this problem under this step rule.

    Attributes:
        at: what was measured at w_0, the problem among it. To be read, never written.
        settings: the step rule; its eta may be a text "c/beta".
        rigorous: whether round-off is to be counted where the theorem can do so.
        checkpoint: name of the file that the weights came from, or None.
        work: most multiplications a theorem may spend by itself, infinite where it was asked for by its name.
        steps: most steps that a theorem may compute by itself.
        options: the theorem's own settings; built-in theorems have none.
        progress: called as (done, total, note), or None.
    """

    at: Measured
    settings: StepSettings
    rigorous: bool = True
    checkpoint: str | None = None
    work: float = math.inf
    steps: int = 10_000
    options: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress | None = None

    @property
    def problem(self) -> Problem:
        """Network, data and loss."""
        return self.at.problem


@dataclass(frozen=True)
class Rung:
    """A theorem with the code that holds it against a problem.

    Attributes:
        theorem: what is shown.
        hold: the answer to a question.
    """

    theorem: Theorem
    hold: Callable[[Question], TheoremReport]


def _on_ball(theorem: Theorem) -> Rung:
    def hold(q: Question) -> TheoremReport:
        return check(q.at, q.settings, theorem, checkpoint=q.checkpoint)

    return Rung(theorem, hold)


def _beyond(theorem: Theorem) -> Rung:
    def hold(q: Question) -> TheoremReport:
        return check_beyond(
            q.problem,
            q.settings,
            theorem,
            work=q.work,
            unavailable=q.at.unavailable,
            singular=q.at.singular,
            rigorous=q.rigorous,
            steps=q.steps,
            progress=q.progress,
        )

    return Rung(theorem, hold)


ALL, BEST = "all", "best"
"""What may stand in place of a theorem's id: every theorem, or the strongest that reaches the level asked for."""

BUILT_IN = {name: _beyond(t) if name in BEYOND else _on_ball(t) for name, t in THEOREMS.items()}
"""The theorems of this project, in the order of the ladder."""

BY_COST = ("B", "A'", "B+", "D")
"""What "best" tries in turn, until one reaches the level; at a checkpoint C stands for B.

The others of the ladder ask for more: where LZB22-6, TMSSR25 or A allow the step, their radius is at least that of A'.
"""
WORK = {ALL: 1e8, BEST: 3e10}
"""Multiplications that a theorem may spend by itself where it was not asked for by name: seconds, or some minutes."""
