"""The columns of a trace: declared once, filled by the loop, read by files and figures."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from pltheory.optim import DeltaGClipSettings
from pltheory.problem.batches import Batches
from pltheory.runs.loop import run
from pltheory.runs.trace import COLUMNS, At, Trace, columns
from pltheory.study.store import trace_from_csv, trace_to_csv
from pltheory.verification.contract import near_solution
from tests.report.sample import trace


def test_every_field_but_the_recorded_steps_is_a_declared_column():
    assert [*COLUMNS, "recorded"] == sorted((f.name for f in fields(Trace)), key=[*COLUMNS, "recorded"].index)
    for name, c in COLUMNS.items():
        assert c.name == name
        assert all((c.meaning, c.unit, c.label))
    assert sorted(name for at in At for name in columns(at)) == sorted(COLUMNS)


@pytest.mark.parametrize(
    "it", [trace(), run(near_solution(8, 1e-3), DeltaGClipSettings(eta=0.05), 0.05, steps=60).trace]
)
def test_a_column_is_as_long_as_it_says(it):
    length = {At.ITERATE: len(it.loss), At.STEP: len(it.loss) - 1, At.RECORDED: len(it.recorded)}
    expected = {name: 0 if c.optional else length[c.at] for name, c in COLUMNS.items()}
    assert {name: len(getattr(it, name)) for name in COLUMNS} == expected, "neither kinks nor momentum"


def test_momentum_has_columns_of_its_own():
    settings = DeltaGClipSettings(eta=0.05, momentum=0.5)
    it = run(near_solution(8, 1e-3), settings, 0.05, steps=20).trace
    own = ["moved", "buffer", "clip_norm", "ahead", "lag"]
    assert [len(getattr(it, name)) for name in own] == [len(it.loss) - 1] * 5
    assert it.buffer[0] == 0
    np.testing.assert_array_equal(it.buffer[1:], it.clip_norm[:-1])
    np.testing.assert_allclose(it.moved, 0.05 * it.clip_norm, rtol=1e-9)
    assert it.ahead[0] == pytest.approx(it.loss[0], rel=1e-12)
    again = trace_from_csv(trace_to_csv(it))
    np.testing.assert_array_equal(again.lag, it.lag)
    assert len(again.pieces) == 0


def test_a_file_has_the_columns_in_their_order():
    assert trace_to_csv(trace()).splitlines()[0] == "step,loss,grad_norm,step_size,path,distance,lambda_min"
    full = replace(trace(), **{name: np.ones(3) for name, c in COLUMNS.items() if c.optional})
    assert ["step", *COLUMNS] == trace_to_csv(full).splitlines()[0].split(",")


def test_the_columns_of_batches_are_read_as_they_were_written():
    it = run(near_solution(8, 0.1), DeltaGClipSettings(eta=0.05), 0.05, batches=Batches(2), steps=20).trace
    again = trace_from_csv(trace_to_csv(it))
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(again, name), getattr(it, name))


def test_the_part_after_a_step_begins_its_sums_anew():
    it = trace()
    late = it.after(10)
    assert late.path[0] == 0
    np.testing.assert_array_equal(late.path, it.path[10:] - it.path[10])
    np.testing.assert_array_equal(late.loss, it.loss[10:])
    np.testing.assert_array_equal(late.grad_norm, it.grad_norm[10:])
    assert late.recorded.tolist() == [10, 20]
    assert len(late.lambda_min) == len(late.distance) == 2
