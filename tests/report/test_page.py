"""The page of a run: self-contained, complete, escaped, and the same every time."""

from __future__ import annotations

import copy
import html
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from pltheory.report.html import render_page
from tests.by_name import THEOREMS
from tests.report import sample

VOID = {"meta", "br", "img", "hr", "input", "link"}


class Reader(HTMLParser):
    """Tags, attributes and text, and whether every element is closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def page(verdict: str = "HOLDS", *, drawn: bool = False, **changes: object) -> str:
    return render_page(sample.manifest(), sample.report(verdict, **changes), sample.trace() if drawn else None)


def test_nothing_is_loaded_from_anywhere():
    text = page(drawn=True)
    assert "<svg" in text
    for tag, attributes in Reader(text).tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "img", "base"), tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href", "srcset", "poster", "data", "action"):
                assert (value or "").startswith("#"), (tag, name, value)
    for target in re.findall(r"url\((.*?)\)", text):
        assert target.strip("'\"").startswith("#"), target
    assert "@import" not in text


def test_every_reference_inside_the_pictures_has_its_target():
    text = page(drawn=True)
    known = set(re.findall(r'\bid="([^"]+)"', text))
    used = set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text))
    assert used
    assert used <= known


def test_two_renderings_are_equal_to_the_byte():
    assert page(drawn=True) == page(drawn=True)
    assert page("UNDECIDED") != page()


@pytest.mark.parametrize("verdict", ["CERTIFIED", "HOLDS", "UNDECIDED", "REFUTED"])
def test_the_verdict_is_the_title_and_the_headline(verdict):
    text = page(verdict)
    assert f"<title>{verdict}: Theorem B</title>" in text
    heading = re.search(r"<h1>(.*?)</h1>", text, re.DOTALL)[1]
    assert verdict in heading
    assert THEOREMS["B"].title in heading


def test_every_hypothesis_is_a_row_with_all_its_cells():
    text = Reader(page()).text
    for i, name in enumerate(h.name for h in THEOREMS["B"].hypotheses):
        cells = [name, f"need-B-{i}", f"got-B-{i}", f"x {1.5 + i:.3g}", "HOLDS", f"how-B-{i}"]
        at = text.index(cells[1])
        assert " ".join(cells) in text[at - len(name) - 10 :]


def test_what_is_open_is_said_with_a_width_that_would_do():
    text = Reader(page("UNDECIDED")).text
    assert "short-B" in text
    assert "4242" in text
    assert "Concluded" not in text
    held = Reader(page()).text
    assert THEOREMS["B"].conclusion in held
    assert "4242" not in held


def test_the_ladder_is_shown_for_several_theorems_only():
    several = [
        sample.theorem("B"),
        sample.theorem("A", "UNDECIDED"),
        sample.theorem("LZB22-4", "UNDECIDED", reach=None),
    ]
    text = Reader(page(theorems=several)).text
    assert "The ladder" in text
    for name in ("B", "A", "LZB22-4"):
        assert f"{name} {THEOREMS[name].title}" in text
    assert "The ladder" not in Reader(page()).text


def test_the_inequalities_are_listed_and_a_violation_is_named():
    assert "No violation" in page()
    run = {
        **sample.report()["run"],
        "first_violation": {"step": 17, "inequality": "rate, a <= b", "left": 2.0, "right": 1.0},
    }
    text = Reader(page(run=run, evidence="contradicts")).text
    assert "First violation at step 17" in text
    assert "rate, a <= b" in text
    assert "No violation" not in text


def test_changes_of_side_are_shown_where_there_are_kinks():
    assert "changes of side" not in page()
    text = Reader(page(run={**sample.report()["run"], "pieces": sample.pieces()})).text
    assert "321 changes of side among 1280 arguments" in text


def test_each_inequality_shows_what_it_was_granted():
    text = Reader(page(run={**sample.report()["run"], "rounding": sample.rounding()})).text
    assert "granted for rounding" in text
    assert "path length 7 1.5 3.125 2.5e-12" in " ".join(text.split())
    assert "2.5e-12 of the path: bound, from sizes" in " ".join(text.split())


def test_why_a_run_says_nothing_is_on_the_page():
    text = Reader(page(evidence="empirical only", evidence_untold="rounding hides it")).text
    assert "The run says nothing: rounding hides it." in " ".join(text.split())
    assert "says nothing" not in Reader(page()).text


def test_what_the_optimizer_reports_is_listed_against_what_was_measured():
    row = {"name": "step rule", "step": 3, "left": 2.0, "right": 0.0, "granted": 1e-17}
    run = {**sample.report()["run"], "reported_against_measured": [row], "checked_every_step": []}
    run["first_violation"] = {"step": 3, "inequality": "step rule", "left": 2.0, "right": 0.0}
    text = " ".join(Reader(page(run=run, evidence="contradicts")).text.split())
    assert "step rule 3 2 0 1e-17" in text
    assert "First violation at step 3: step rule" in text


def test_a_check_has_a_page_without_figure():
    text = render_page(sample.manifest(), sample.report(run=None, evidence="not run"), None)
    assert "<svg" not in text
    assert "not run" in text
    Reader(text)


def test_a_diverged_run_has_a_page():
    trace = sample.trace()
    for values in (trace.loss, trace.grad_norm, trace.step_size, trace.path):
        values[-5:] = np.nan
    trace.loss[-9:-5] = np.inf
    trace.loss[-12:-9] = 1e308
    trace.path[-9:-5] = np.inf
    trace.distance[2:] = np.inf
    trace.lambda_min[2:] = np.nan
    run = {**sample.report()["run"], "reason": "diverged", "loss_end": None, "kernel_drift": None, "path_length": None}
    text = render_page(sample.manifest(), sample.report("REFUTED", run=run), trace)
    assert "diverged" in text
    assert text.count("<svg") >= 1
    assert "nan" not in Reader(text).text.lower().split()


NASTY = "<script>alert('x')</script> & \"quoted\" {{ 7 * 7 }}"


def test_what_a_user_wrote_is_shown_as_text():
    report, manifest = sample.report("UNDECIDED"), sample.manifest()
    for row in report["theorems"][0]["hypotheses"]:
        row["measured"] = row["how"] = row["name"] = NASTY
    report["theorems"][0]["shortfall"] = NASTY
    report["run"]["note"] = NASTY
    manifest["config"]["network"]["checkpoint"] = NASTY
    manifest["command"] = ["verify", NASTY]
    text = render_page(manifest, report, None)
    assert "<script" not in text
    assert html.escape("<script>alert(", quote=False) in text
    words = Reader(text).text
    assert "49" not in re.findall(r"\{\{.*?\}\}|\b49\b", words)
    assert words.count("<script>alert('x')</script>") >= 3


def test_rendering_changes_neither_report_nor_manifest():
    manifest, report = sample.manifest(), sample.report()
    before = copy.deepcopy((manifest, report))
    render_page(manifest, report, None)
    assert (manifest, report) == before


def test_the_origin_is_on_the_page():
    text = Reader(page()).text
    for word in ("0123456789abcdef", "digits.toml", "4000", "float64"):
        assert word in text


def test_what_follows_from_the_theorem_and_what_the_steps_see_are_on_the_page():
    row = {"name": "training accuracy 1 at step T", "verdict": "CERTIFIED", "how": "below ln 2", "found": "so"}
    theorem = sample.theorem("L", consequences=[row])
    batches = {"size": 2, "order": "shuffle", "seed": 0, "until": None}
    text = Reader(page(theorems=[theorem], batches=batches)).text
    assert "Training accuracy 1 at step T: CERTIFIED , so, below ln 2." in text
    assert "The steps see 2 samples, order 'shuffle'" in text


def test_the_rule_is_written_as_in_a_configuration():
    manifest = copy.deepcopy(sample.manifest())
    manifest["config"]["loss"] = {"name": "cross-entropy", "reduction": "sum"}
    schedule = {"name": "step", "every": 5, "length": None}
    manifest["config"]["optimizer"] = {"name": "gd", "eta": 0.1, "nesterov": False, "schedule": schedule}
    text = Reader(render_page(manifest, sample.report(), None)).text
    assert "; loss cross-entropy;" in text
    assert "nesterov = false, schedule = {name = step, every = 5}" in text
