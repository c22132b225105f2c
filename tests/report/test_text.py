"""The terminal's tables: whole at every width, in words that markup cannot swallow."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pltheory.report.law_rows import probability
from pltheory.report.rows import measured, needed, seen
from pltheory.report.study_text import print_sweep
from pltheory.report.text import constants, margin, number, print_report
from pltheory.study.scaling import fit_laws
from tests.report import sample


def printed(width: int, *what: object, sweep: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width)
    (print_sweep if sweep else print_report)(console, *what)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [70, 80, 100, 200])
@pytest.mark.parametrize("verdict", ["CERTIFIED", "HOLDS", "UNDECIDED", "REFUTED"])
def test_a_table_keeps_every_row_and_every_verdict_whole(width, verdict):
    report = sample.report(verdict)
    text = printed(width, report)
    rows = [text_row for text_row in text.splitlines() if text_row.rstrip().endswith(verdict)]
    assert len(rows) == len(report["theorems"][0]["hypotheses"])
    assert max(map(len, text.splitlines())) <= width
    joined = " ".join(text.split())
    for i in range(len(rows)):
        assert f"need-B-{i}" in joined
        assert f"got-B-{i}" in joined
        assert f"x {1.5 + i:.3g}" in joined
    assert f"verdict: {verdict} run: {report['evidence']}" in joined


def test_the_run_is_summed_up():
    text = " ".join(printed(100, sample.report()).split())
    assert "converged after 20 steps" in text
    assert "3 to 3e-13, 1e-13 of its start" in text
    assert "1.5 of 3.125 certified; distance 1.25" in text
    assert "2 inequalities at every step, no violation" in text


def test_a_violation_is_named_with_its_step():
    run = {
        **sample.report()["run"],
        "first_violation": {"step": 3, "inequality": "rate [x]", "left": 2.0, "right": 1.0},
    }
    assert "step 3: rate [x] fails, 2 > 1" in printed(100, sample.report(run=run))


def test_what_was_granted_for_rounding_is_said():
    """Also of a folder written before each inequality said what it was granted."""
    earlier = sample.report()["run"]
    assert "1e-13 of ||r||" in printed(100, sample.report(run=earlier))
    text = " ".join(printed(100, sample.report(run={**earlier, "rounding": sample.rounding()})).split())
    assert "1e-13 of ||r||, 2.5e-12 of the path: bound, from sizes" in text


def test_changes_of_side_are_counted_where_there_are_kinks():
    run = sample.report()["run"]
    assert "changes of side" not in printed(100, sample.report(run=run))
    text = " ".join(printed(100, sample.report(run={**run, "pieces": sample.pieces()})).split())
    assert "pieces 321 changes of side among 1280 arguments" in text
    assert "between 36 recorded iterates" in text


HIDDEN = "rounding hides [it]"


def test_why_a_run_says_nothing_is_said():
    report = sample.report(evidence="empirical only", evidence_untold=HIDDEN)
    assert f"the run says nothing: {HIDDEN}" in printed(100, report)
    assert "the run says nothing" not in printed(100, sample.report())


def test_a_run_that_is_not_the_rules_is_named():
    row = {"name": "step rule [x]", "step": 3, "left": 2.0, "right": 0.0, "granted": 1e-17}
    run = {**sample.report()["run"], "reported_against_measured": [row]}
    text = " ".join(printed(140, sample.report(run=run)).split())
    assert "1 inequalities between what it reports and its weights and gradients, no violation" in text
    broken = {"step": 3, "inequality": "step rule [x]", "left": 2.0, "right": 0.0, "granted": 1e-17}
    text = " ".join(printed(140, sample.report(run={**run, "first_violation": broken})).split())
    assert "step 3: step rule [x] fails, 2 > 0" in text
    assert "no violation" not in text


def test_what_is_missing_is_a_dash():
    run = {**sample.report()["run"], "loss_end": None, "path_length": None, "kernel_drift": None}
    text = " ".join(printed(100, sample.report("REFUTED", run=run)).split())
    assert "3 to -, - of its start" in text
    assert "nan" not in text
    assert number(None) == "-"
    assert margin(None) == ""


def test_square_brackets_of_a_user_are_text():
    report = sample.report("UNDECIDED")
    report["theorems"][0]["hypotheses"][0]["measured"] = "[bold]w[/bold]"
    report["theorems"][0]["shortfall"] = "h_t in [eta delta, eta]"
    text = " ".join(printed(200, report).split())
    assert "[bold]w[/bold]" in text
    assert "open: h_t in [eta delta, eta]" in text


@pytest.mark.parametrize("width", [80, 100])
def test_the_ladder_has_a_line_for_each_theorem(width):
    names = ["LZB22-4", "LZB22-6", "TMSSR25", "A", "A'", "B", "C"]
    ladder = [sample.theorem("B")] + [sample.theorem(n, "UNDECIDED") for n in names if n != "B"]
    ladder[1]["reach"] = None
    text = printed(width, sample.report(theorems=ladder))
    for name in names:
        assert any(row.split()[:1] == [name] and row.split()[-1] in ("HOLDS", "UNDECIDED") for row in text.splitlines())
    assert max(map(len, text.splitlines())) <= width


def test_a_sweep_prints_a_line_for_each_point_and_fit():
    text = printed(100, sample.records(), sample.fits(), sweep=True)
    lines = [row.split() for row in text.splitlines()]
    for record in sample.records():
        assert any(row[:2] == [str(record["width"]), str(record["seed"])] for row in lines)
    for fit in sample.fits():
        row = next(row for row in text.splitlines() if row.strip().startswith(fit.quantity.replace("_", " ")))
        for value in (f"{fit.slope:z.3f}", "[{:z.3f}, {:z.3f}]".format(*fit.interval), f"{fit.expected:g}"):
            assert value in row
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_word_and_no_number_of_a_study_is_cut(width):
    """Quantities that find no place stand in a further table; a probability below 0.001 is no row of zeros."""
    more = {"optimizer.eta": "0.0625/beta", "data.labels": "[low]-high"}
    records = [
        {**r, "values": {**r["values"], **more}, "kernel_drift": (1 + 0.1 * r["seed"]) * r["width"] ** -3}
        for r in sample.records()
    ]
    wide, narrow = (printed(w, records, fit_laws(records), sweep=True).replace("─", "") for w in (300, width))
    assert "Sweep, further quantities" not in wide
    assert "Sweep, further quantities" in narrow
    assert max(map(len, narrow.splitlines())) <= max(width, 80)
    assert set(wide.split()) == set(narrow.split()) - {"Sweep,", "further", "quantities"}
    assert narrow.count("HOLDS") == 2 * narrow.count("Sweep")
    assert "< 0.001" in wide
    assert "-0.000" not in wide


@pytest.mark.parametrize(("p", "words"), [
    (0.84321, "0.84"), (0.052, "0.052"), (0.0500001, "0.05"), (0.0499999, "0.0499999"), (0.001, "0.001"),
    (0.00099999, "< 0.001"), (0.0, "< 0.001"), (1.0, "1"),
])  # fmt: skip
def test_a_probability_stands_on_its_side_of_the_level(p, words):
    assert probability(p) == words


def test_whose_path_it_is_of_workers_that_average():
    batches = {"size": 5, "order": "shuffle", "seed": 0, "until": None, "workers": 2, "passes": 4}
    text = " ".join(printed(120, {**sample.report(), "batches": batches}).split())
    assert "2, averaged; passes through its part in a round: 4; run one after another" in text
    assert "1.5 of all workers together of 3.125 certified" in text


@pytest.mark.parametrize("gap", [1e-5, 1e-9])
def test_two_sides_are_shown_apart(gap):
    bound = {"kind": "upper", "value": 0.3 - gap}
    row = {"relation": "<=", "symbol": "", "measured": bound, "needed": {"kind": "lower", "value": 0.3}}
    assert float(measured(row).removeprefix("≤ ")) < float(needed(row).removeprefix("≤ "))
    equal = {**row, "needed": {**bound}}
    assert measured(equal) == "≤ 0.3"


@pytest.mark.parametrize(("size", "until", "words"), [
    (1, None, "1 sample, order 'fixed'; "), (2, 10, "2 samples, order 'fixed' up to step 10, then all; ")
])  # fmt: skip
def test_what_the_steps_see_is_said(size, until, words):
    assert seen({"size": size, "order": "fixed", "until": until}) == f"{words}the loss is that of all"


def test_of_a_schedule_that_ends_no_factor_a_step_is_named():
    it = sample.theorem("S")
    assert "1 - q" in constants(it)
    assert constants({**it, "reach": {**it["reach"], "rate": 1.0}}) == "; mu = 0.125"
