"""What Theorems S and Mb say of the loss at the end of a schedule: a conclusion, not something that is asked.

And what those about momentum presuppose of the buffer: it is said, in the words of a certificate as well.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

import pltheory as pl
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings, StepSettings
from pltheory.optim.schedule import Cosine, Warmup
from pltheory.rechecker.statements import STATEMENTS
from pltheory.theory.verdict import Verdict
from pltheory.verification.contract import near_solution

CLIP = {"eta": "0.2/beta", "gamma": 1e-3, "delta": 0.2}


def concluded(settings: StepSettings, theorem: str, *, level: Verdict = Verdict.CERTIFIED) -> str:
    report = pl.verify(near_solution(24, 1e-3), settings, theorem=theorem, level=level, steps=0)
    assert report.verdict is level
    assert not [row for row in report.hypotheses if "end of the schedule" in row.hypothesis]
    return str(report.to_dict()["theorems"][0]["conclusion"])


@pytest.mark.parametrize("momentum", [{}, {"momentum": 0.5, "clip": "buffer"}])
def test_the_loss_at_the_end_of_a_schedule_is_stated(momentum: dict[str, object]) -> None:
    theorem = "Mb" if momentum else "S"
    said = concluded(DeltaGClipSettings(**CLIP, **momentum, schedule=Cosine(20)), theorem)
    found = re.search(r"here L_T ≤ (\S+) at T = 20 and no zero is claimed", said)
    assert found
    assert 0 < float(found[1]) < 1e-5
    said = concluded(DeltaGClipSettings(**CLIP, **momentum, schedule=Warmup(5)), theorem)
    assert said.endswith("and L_t -> 0 later")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("theorem", "rule"),
    [
        ("M", {"eta": "0.2/beta", "momentum": 0.5}),
        ("Mb", {"eta": "0.2/beta", "momentum": 0.5}),
        ("M2", {"eta": "0.2/beta", "momentum": 0.5}),
        ("M3", {"eta": "1/beta", "momentum": 0.8}),
    ],
)
def test_momentum_begins_with_an_empty_buffer(theorem: str, rule: dict[str, Any]) -> None:
    report = pl.verify(
        near_solution(64, 1e-4), GradientDescentSettings(**rule), theorem=theorem, level=Verdict.HOLDS, steps=0,
        checkpoint="run.pt",
    )  # fmt: skip
    row = next(row for row in report.hypotheses if row.hypothesis == "buffer empty at w_0")
    assert row.verdict is Verdict.CERTIFIED
    assert row.how.endswith("the optimizer state of a checkpoint is not read")
    assert str(report.to_dict()["theorems"][0]["conclusion"]).startswith("from an empty buffer")
    assert STATEMENTS[theorem].conclusion.startswith("from an empty buffer")


def test_constant_steps_have_no_end() -> None:
    said = concluded(DeltaGClipSettings(**CLIP, momentum=0.5, clip="buffer"), "Mb")
    assert "here L_T" not in said


def test_a_number_that_is_not_proved_says_so() -> None:
    assert ", as computed" in concluded(DeltaGClipSettings(**CLIP, schedule=Cosine(20)), "S", level=Verdict.HOLDS)
