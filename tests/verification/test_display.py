"""How reports, bounds and certificates show themselves: short, verdict first, escaped, with the numbers there are."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

import pltheory as pl
from pltheory.runs.trace import COLUMNS, At
from pltheory.theory.bound import Direction, lower, upper
from pltheory.theory.display import bound, page, table

MOST = 2000
"""Characters of a repr."""


class Texts(HTMLParser):
    """The texts of a page, and whether each element that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert not attrs
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def report() -> pl.VerifyReport:
    x, y = pl.datasets.sphere(n=2, d=10, labels="sign", seed=0)
    net = pl.fully_connected([10, 2000, 1], activation="tanh", seed=0)
    settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
    return pl.verify(pl.Problem(net, x, y), settings, theorem="B", steps=30)


def test_nothing_that_is_shown_is_long(report):
    for it in (report, report.main, report.main.certificate, report.measured, report.trace, report.run):
        said = repr(it)
        assert len(said) < MOST, type(it)
        assert "tensor(" not in said
    assert repr(report).startswith("VerifyReport(CERTIFIED, Theorem B, ")


def test_a_report_is_shown_with_its_verdict_first_and_every_hypothesis(report):
    texts = Texts(report._repr_html_()).texts
    assert texts[0] == "CERTIFIED"
    for row in report.hypotheses:
        assert row.hypothesis in texts
    assert texts.count("CERTIFIED") == 1 + len(report.hypotheses)
    assert Texts(report.main._repr_html_()).texts[0] == "CERTIFIED"
    shown = Texts(report.main.certificate._repr_html_()).texts
    assert shown[0] == "Theorem B"
    assert {i.name for i in report.main.certificate.inequalities} <= set(shown)


def test_a_certificate_that_fails_does_not_look_like_one_that_holds():
    x, y = pl.datasets.sphere(n=2, d=10, labels="sign", seed=0)
    net = pl.fully_connected([10, 8, 1], activation="tanh", seed=0)
    settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
    claim = pl.certify(pl.Problem(net, x, y), settings, theorem="B")
    assert not claim.holds
    assert "not proved" in repr(claim)
    assert "not proved" in claim._repr_html_()


@pytest.mark.parametrize(("value", "kind"), [(0.12345678, lower), (0.12345611, upper)])
def test_a_bound_is_rounded_to_its_side(value, kind):
    it = kind(value, "a < b & c")
    said = float(bound(it).split()[1])
    assert said <= value if it.kind is Direction.LOWER else said >= value
    texts = Texts(it._repr_html_()).texts
    assert texts[0] == bound(it)
    assert "a < b & c" in texts[1]


def test_texts_are_escaped():
    strange = "<script>alert('1')</script> & \"x\""
    assert Texts(page(strange, strange, table((strange,), [(strange,)]))).texts.count(strange) == 3


def test_rows_as_a_table(report):
    frame = report.to_frame()
    assert list(frame.hypothesis) == [row.hypothesis for row in report.hypotheses]
    assert set(frame.verdict) == {"CERTIFIED"}
    numbers = frame.dropna(subset=["measured"])
    assert {"lower", "upper", "exact"} >= set(numbers.direction)
    assert len(numbers) >= 3


def test_a_trace_as_a_table_has_each_number_at_its_step(report):
    trace, frame = report.trace, report.trace.to_frame()
    assert list(frame.index) == list(range(31))
    assert frame.loss.tolist() == trace.loss.tolist()
    assert np.isnan(frame.step_size.iloc[-1])
    assert frame.step_size.tolist()[:-1] == trace.step_size.tolist()
    assert frame.distance.dropna().index.tolist() == trace.recorded.tolist()
    assert frame.distance.dropna().tolist() == trace.distance.tolist()
    for name in frame:
        assert len(getattr(trace, name)) == frame[name].count()
        assert COLUMNS[name].at in At
    assert "batch_loss" not in frame
