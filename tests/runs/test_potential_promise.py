"""What S and Mb promise of the loss at the end of a schedule is held against the run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.optim.schedule import Cosine
from pltheory.runs.loop import run
from pltheory.theorems.guard import BUILT_IN
from pltheory.theorems.measured import measure
from pltheory.theorems.protocol import Question
from pltheory.verification.contract import near_solution

END = "loss at the end of the schedule"
RULES = {
    "S": GradientDescentSettings("0.5/beta", schedule=Cosine(20)),
    "Mb": GradientDescentSettings("0.2/beta", momentum=0.5, schedule=Cosine(20)),
    "Mb, buffer clipped": DeltaGClipSettings(
        "0.2/beta", gamma=1e-3, delta=0.2, momentum=0.5, clip="buffer", schedule=Cosine(20)
    ),
}


@pytest.mark.parametrize("steps", [20, 30])
@pytest.mark.parametrize("name", RULES)
def test_the_loss_at_the_end_of_a_schedule_is_held_against_the_run(name: str, steps: int) -> None:
    problem, rule, theorem = near_solution(24, 1e-3), RULES[name], BUILT_IN[name.split(",")[0]]
    question = Question(measure(problem), rule, rigorous=False)
    promise = theorem.promise(question, theorem.search(question))
    kept = run(problem, rule, promise.eta, steps=steps, promise=promise)
    assert kept.violation is None
    assert [c.step for c in kept.checks if c.name == END] == [19]
    broken = run(problem, rule, promise.eta, steps=steps, promise=replace(promise, loss_end=1e-9 * promise.loss_end))
    assert broken.violation is not None
    assert (broken.violation.inequality, broken.violation.step) == (END, 19)
    shorter = run(problem, rule, promise.eta, steps=19, promise=promise)
    assert shorter.violation is None
    assert END not in [c.name for c in shorter.checks]
