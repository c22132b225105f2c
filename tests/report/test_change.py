"""What would change a verdict: each factor is on the safe side of the row's own two numbers."""

from __future__ import annotations

import json
import operator
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import pltheory as pl
from pltheory.report.change import what_would_change
from tests.report import sample

RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
sizes = st.floats(1e-6, 1e6)


def row(a: float, relation: str, b: float, verdict: str) -> dict[str, Any]:
    side = {"kind": "estimate", "round_off_counted": False, "method": ""}
    return {
        "name": "the row", "measured": {"value": a, **side}, "needed": {"value": b, **side}, "relation": relation,
        "symbol": "", "margin": a / b if relation.startswith(">") else b / a, "verdict": verdict, "how": "",
    }  # fmt: skip


def said(rows: list[dict[str, Any]], verdict: str, **changes: Any) -> list[str]:
    main = {**sample.theorem("B", verdict), "hypotheses": rows, "reach": None}
    return what_would_change(sample.report(verdict, [main], **{"closing_width": None, **changes}))


@given(sizes, st.sampled_from(sorted(RELATIONS)), sizes, st.floats(1e-6, 1 - 1e-6))
def test_a_factor_is_on_the_safe_side(a, relation, b, share):
    holds = RELATIONS[relation]
    assume(a != b)
    met = holds(a, b)
    verdict = "HOLDS" if met else "UNDECIDED"
    line = said([row(a, relation, b, verdict)], verdict)[0]
    (found,) = re.findall(r"([\d.e+-]+) times (larger|smaller)", line)
    factor, way = float(found[0]), found[1]
    if met:
        moved = 1 + share * (factor - 1)
        assert holds(a * moved if way == "larger" else a / moved, b), line
    else:
        assert holds(a * factor if way == "larger" else a / factor, b) or relation in ("<", ">"), line
        assert holds(a * factor * 1.0001 if way == "larger" else a / factor / 1.0001, b), line
        assert factor <= 1.02 * (b / a if way == "larger" else a / b)


def test_the_nearest_border_comes_first_and_what_is_far_is_left_out():
    rows = [row(x, ">", 1.0, "CERTIFIED") for x in (50.0, 3.0, 1.25)]
    assert [line.count("1.25") for line in said(rows, "CERTIFIED")] == [2, 0]
    (only,) = said(rows[:1], "CERTIFIED")
    assert "50" in only


def test_what_stands_as_holds_is_named_for_round_off():
    rows = [row(2.0, ">", 1.0, "CERTIFIED"), {**row(3.0, ">", 1.0, "HOLDS"), "name": "the other"}]
    assert said(rows, "HOLDS")[-1] == "CERTIFIED needs the same with round-off counted of: the other."


def test_a_refuted_theorem_and_rows_without_numbers_say_nothing():
    assert said([], "CERTIFIED") == []
    assert said([row(1.0, ">", 2.0, "REFUTED")], "REFUTED") == []
    assert what_would_change(sample.report("HOLDS"))[:1] != []


@pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")
def test_of_a_real_report_the_step_size_that_is_named_does():
    x, y = pl.datasets.sphere(n=2, d=10, labels="sign", seed=0)
    problem = pl.Problem(pl.fully_connected([10, 2000, 1], activation="tanh", seed=0), x, y)
    report = pl.verify(problem, pl.DeltaGClipSettings(eta=0.06, gamma=0.5, delta=0.1), theorem="B", steps=0)
    lines = what_would_change(json.loads(report.to_json()))
    (line,) = [line for line in lines if line.startswith("Step size")]
    (eta,) = re.findall(r"floating point: ([\d.e-]+)\.$", line)
    assert float(eta) > 0.06
    longer = pl.DeltaGClipSettings(eta=float(eta), gamma=0.5, delta=0.1)
    again = pl.verify(problem, longer, theorem="B", steps=0, level=pl.Verdict.HOLDS)
    assert again.verdict.rank >= pl.Verdict.HOLDS.rank
    assert any(line.startswith("||r_0||") for line in lines)
