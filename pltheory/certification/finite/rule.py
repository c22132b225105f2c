"""The stored steps of a problem under a step rule, as Theorem T follows them."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from ...optim import ClippedSettings
from ...problem.batches import Batches
from ...problem.problem import Problem
from ..stored import Arrays
from .run import Rule, largest_step


def stored_rule(
    problem: Problem, start: Arrays, settings: ClippedSettings, batches: Batches | None, steps: int
) -> tuple[float, Rule]:
    """The largest step, and the iteration with the batches that a run of the same setting sees.

    Args:
        problem: network, data and loss.
        start: its doubles.
        settings: of `certifiable`; "c/beta" is turned into a double.
        batches: None for all samples in every step.
        steps: T.
    """
    how = settings.recursion
    rule = Rule(
        eta=tuple(how.schedule.factors(steps).tolist()),
        gamma=float(settings.gamma),
        delta=float(settings.delta),
        m=float(how.momentum),
        nesterov=how.nesterov,
        batches=_stored(batches, len(problem.x), steps),
        loss=problem.objective,
    )
    eta = largest_step(start, rule, settings)
    return eta, replace(rule, eta=tuple(eta * f for f in rule.eta))


def _stored(batches: Batches | None, n: int, steps: int) -> tuple[tuple[int, ...], ...]:
    """The samples of each step, as the run beside it sees them."""
    if batches is None:
        return (tuple(range(n)),) * steps
    return tuple(tuple(rows.tolist()) for rows in islice(batches.rows(n), steps))
