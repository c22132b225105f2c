"""Theorem F3: a stored run in mini-batches, enclosed, and Theorem F1 from where it ends.

**Statement.** Let w~_T be the stored end of T steps on stored batches, and eps_T a bound of its distance from the exact
iterate x_T (Theorem T). If the hypotheses of Theorem F1 hold about a centre c with `|w~_T - c| + eps + eps_T <= D`, the
exact method that sees the stored batches for T steps and then any order of the batches in every epoch has the
conclusions of F1 from step T on.

*Proof.* `|x_T - z_0| <= |x_T - w~_T| + |w~_T - c| + |c - z_0| <= D`: F1 with the start x_T. QED

The end of the run is looked for in floats: after growing numbers of epochs it is asked whether F1 closes with `MARGIN`
times the distance. Theorem T then follows the run up to there, and says what eps_T is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from ..optim import ClippedSettings, StepSettings, certifiable
from ..problem.batches import Batches
from ..problem.loss_gradient import LossGradient
from ..problem.problem import Problem
from ..rigor import environment
from ..rigor.errors import NoVerdictError
from ..theory.statement import Statement
from .batches.certify import EveryOrder, at_centre
from .batches.conditions import Rule, search
from .batches.hypotheses import START
from .batches.numbers import numbers_at
from .batches.zero import near_zero
from .claim import Claim, Inequality
from .end import followed_by, problem_at
from .finite import FiniteRun, follow
from .finite.rule import stored_rule
from .finite.run import Progress, network_of
from .stored import require_unchanged, stored_arrays

MARGIN = 1.5
"""By so much the distance from the zero may grow, and Theorem F1 still closes, where the stored run ends."""
GROWING = 1.2
"""Epochs up to the next look over those up to the last."""
FROM_END = "|w~_T - c| + eps + eps_T <= D"
"""What stands in place of F1's hypothesis about its start."""

Looks = Callable[[int], None]
"""Called after each look with the steps taken."""


@dataclass(frozen=True, eq=False)
class Handover:
    """A stored run and what follows.

    Attributes:
        eta: the step size.
        run: Theorem T over the stored steps.
        then: Theorem F1 from the end of the run; None where the run was not enclosed.
    """

    eta: float
    run: FiniteRun
    then: EveryOrder | None


def hand_over(
    problem: Problem,
    settings: StepSettings,
    batches: Batches,
    most: int,
    looks: Looks | None = None,
    progress: Progress | None = None,
) -> Handover | None:
    """Run until Theorem F1 closes, enclose the run, and hold F1 from its end; None where it does not within `most`.

    Args:
        problem: a fully connected network with a smooth activation, and data.
        settings: step rule, eta constant and without momentum.
        batches: those of the run are the stored ones; later ones are of the same size, of order "fixed" in that
            partition, of any other order in every partition.
        most: steps that the stored run may take.
        looks, progress: called on the way.

    Raises:
        NotAvailableError: another network, or more samples than bounds of every partition are for.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    environment.require()
    start, chosen = stored_arrays(problem), certifiable(settings)
    count = batches.count(len(start.x))
    if most < count:
        return None
    eta, _ = stored_rule(problem, start, chosen, batches, count)
    chosen = replace(chosen, eta=eta)
    steps = _steps(problem, chosen, batches, most, looks)
    if steps is None:
        return None
    _, rule = stored_rule(problem, start, chosen, batches, steps)
    run = follow(start, rule, progress)
    require_unchanged(start, stored_arrays(problem))
    if run.outcome is None:
        return Handover(eta, run, None)
    end = network_of(start, run.final.w)
    there = start.replaced(end.weights, end.biases)
    zero = near_zero(problem_at(problem, run.final.w))
    centre = there if zero is None else stored_arrays(zero)
    then = at_centre(there, centre, chosen, problem.objective, batches, spread=run.apart)
    return Handover(eta, run, then)


def _steps(problem: Problem, settings: ClippedSettings, batches: Batches, most: int, looks: Looks | None) -> int | None:
    """Steps after which F1 closes with room, as computed; a whole number of epochs."""
    work = problem_at(problem)
    gradient, order = LossGradient(work, work.class_n()), batches.rows(len(work.x))
    count, epoch, look = batches.count(len(work.x)), 0, 1
    while (epoch + 1) * count <= most:
        for _ in range(count):
            gradient(next(order))
            _take(work, settings)
        epoch += 1
        if epoch == look:
            if looks is not None:
                looks(epoch * count)
            if _closes(work, settings, batches):
                return epoch * count
            look = max(epoch + 1, math.ceil(GROWING * epoch))
    return None


@torch.no_grad()
def _take(work: Problem, settings: ClippedSettings) -> None:
    slopes = [p.grad for p in work.parameters() if p.grad is not None]
    norm = math.sqrt(sum(float(g.square().sum()) for g in slopes))
    clip = 1.0 if norm == 0 else min(1.0, max(settings.delta, settings.gamma / norm))
    for p, g in zip(work.parameters(), slopes, strict=True):
        p.sub_(float(settings.eta) * clip * g)


def _closes(work: Problem, settings: ClippedSettings, batches: Batches) -> bool:
    zero = near_zero(work)
    if zero is None:
        return False
    try:
        numbers = numbers_at(stored_arrays(work), stored_arrays(zero), batches)
        rule = Rule.of(settings, work.objective, batches, *numbers.multiplier.shape)
        return search(replace(numbers, distance=MARGIN * numbers.distance), rule)[1] is not None
    except NoVerdictError:
        return False


def handover_claim(statement: Statement, loss: str, settings: StepSettings, at: Handover, then: Claim) -> Claim:
    """The claim of both.

    Args:
        statement: the theorem in words.
        loss: name of the problem's loss.
        settings: the step rule.
        at: the run.
        then: Theorem F1's claim from its end.
    """
    then = replace(then, inequalities=from_end(then.inequalities))
    return followed_by(statement, loss, replace(certifiable(settings), eta=at.eta), at.run, then)


def from_end(inequalities: tuple[Inequality, ...]) -> tuple[Inequality, ...]:
    """F1's hypotheses, that about its start as said of the end of a run."""
    return tuple(replace(i, name=FROM_END) if i.name == START else i for i in inequalities)
