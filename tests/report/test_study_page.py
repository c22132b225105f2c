"""The page of a study: self-contained, the verdicts first, figures with data only, and the same every time."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import torch

import pltheory as pl
from pltheory.report.gallery import FIGURES, MOST
from pltheory.report.law_rows import law_rows
from pltheory.report.study_html import render_study
from pltheory.report.study_words import endings, thresholds
from pltheory.study.point import sealed
from tests.report.test_page import NASTY, Reader


@pytest.fixture(scope="module")
def study(study_folder):
    return pl.Study.read(study_folder)


@pytest.fixture(scope="module")
def page(study):
    return render_study(study)


def text_of(page: str) -> str:
    return " ".join(Reader(page).text.split())


def changed(folder, to, change):
    """A copy of a study whose records are changed, and sealed again."""
    shutil.copytree(folder, to)
    for file in (to / "points").iterdir():
        record = change(json.loads(file.read_text()))
        if record is None:
            file.unlink()
        else:
            file.write_text(json.dumps(sealed({k: v for k, v in record.items() if k != "sha256"})))
    return pl.Study.read(to)


SMALL = {"data.n": 3, "optimizer.eta": "0.1/beta"}
"""A part of the study with a page that is made at once."""


@pytest.mark.slow
def test_nothing_is_loaded_from_anywhere(page):
    for tag, attributes in Reader(page).tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "img", "base"), tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href", "srcset", "poster", "data", "action"):
                assert (value or "").startswith("#"), (tag, name, value)
    assert all(target.strip("'\"").startswith("#") for target in re.findall(r"url\((.*?)\)", page))
    used = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
    assert used <= set(re.findall(r'\bid="([^"]+)"', page))


@pytest.mark.slow
def test_verdicts_and_laws_come_before_figures_and_figures_before_points(study, page):
    order = ["HOLDS", "From which width on", "Power laws", "<svg", "<h2>Points</h2>", "What the verdict means"]
    places = [page.index(word) for word in order]
    assert places == sorted(places)
    heading = " ".join(Reader(re.search(r"<h1>.*?</h1>", page, re.DOTALL)[0]).text.split())
    for word, count in endings(study.records).items():
        assert f"{count} {word}" in heading
    assert "a study of 24 points" in heading


def test_every_law_is_a_row_as_the_terminal_has_it(study, page):
    text = text_of(page)
    assert len(study.laws) == 20
    for fit in study.laws:
        for row in law_rows(fit):
            assert " ".join(" ".join(row.cells).split()) in text
        assert fit.source in text


def test_every_figure_is_drawn_for_a_study_that_varies_all_of_it(study, page):
    assert [f.lacks(study) for f in FIGURES] == [""] * len(FIGURES)
    assert page.count("<svg") == sum(min(MOST, len(f.panels(study))) for f in FIGURES)
    assert "no data for" not in page
    for figure in FIGURES:
        assert figure.title in page


@pytest.mark.slow
def test_a_page_is_the_same_every_time_and_computes_nothing(study_folder, monkeypatch):
    before = render_study(pl.Study.read(study_folder).where(SMALL))

    def never(*arguments, **named):
        raise AssertionError("a page measures nothing")

    for name in ("pltheory.measure.ntk.empirical_ntk", "pltheory.study.infinite_width.infinite_width_ntk"):
        monkeypatch.setattr(name, never)
    monkeypatch.setattr(torch.linalg, "eigvalsh", never)
    assert render_study(pl.Study.read(study_folder).where(SMALL)) == before


def test_a_figure_without_data_is_left_out_with_a_line_that_says_what_to_vary(study, tmp_path, study_folder):
    one_width = study.where({"width": 16, "data.n": 3})
    text = text_of(render_study(one_width))
    assert "Laws in the width: vary the width, e.g. sweep.width = [64, 256, 1024]." in text
    assert "Verdicts over width and step size: vary sweep.width and sweep.optimizer.eta" in text
    assert "Kernel drift: vary the width" in text
    assert "The share of the eigenvalues" in text
    (phase,) = (f for f in FIGURES if f.title.endswith("step size"))
    assert phase.lacks(study.where(SMALL)).startswith("vary sweep.optimizer.eta, e.g.")

    def earlier(record):
        kept = {k: v for k, v in record.items() if k not in ("spectrum", "pl_ratio")}
        return {**kept, "schema": "pltheory-point/2", "certificate_ratio": None}

    text = text_of(render_study(changed(study_folder, tmp_path / "old", earlier).where(SMALL)))
    assert "Spectrum of the tangent kernel at the start: its points were stored by an earlier version." in text
    assert "PL* ratio along the run: its points were stored by an earlier version." in text
    assert "Certificate ratio: Theorem B speaks of none of these points." in text


def test_runs_of_batches_have_no_ratio_and_the_page_says_why(tmp_path, study_folder):
    study = changed(study_folder, tmp_path / "s", lambda record: {**record, "pl_ratio": None})
    assert FIGURES[-1].lacks(study) == "no run has gradients of all samples: leave out run.batch"


def test_a_module_of_its_own_has_no_width_to_vary(tmp_path, study_folder):
    study = changed(study_folder, tmp_path / "s", lambda record: {**record, "width": None})
    text = text_of(render_study(study))
    assert "the network has no width: it is given by module" in text
    assert "From which width" not in text


def failing(record):
    lost = dict.fromkeys(("verdict", "evidence", "lambda_min", "spectrum", "pl_ratio"))
    return {**record, **lost, "status": "failed", "error": f"refused: {NASTY}"}


def test_failed_points_are_named_and_what_was_written_is_shown_as_text(tmp_path, study_folder):
    study = changed(study_folder, tmp_path / "s", lambda r: failing(r) if r["width"] == 256 and r["seed"] == 1 else r)
    page = render_study(study.where(SMALL))
    assert "<script" not in page
    text = text_of(page)
    assert "Points that failed" in text
    assert text.count("<script>alert('x')</script>") == 1
    assert "1 failed" in text
    assert {t.width for t in thresholds(study.records)} == {None}
    assert {t.word for t in thresholds(study.records)} == {"failed"}


def test_a_study_of_failures_alone_has_a_page(tmp_path, study_folder):
    text = text_of(render_study(changed(study_folder, tmp_path / "s", failing)))
    assert "24 failed" in text
    assert "Laws in the width: no point was computed to its end." in text


def test_from_which_width_on_points_hold_is_never_said_too_strong(study):
    """A width counts only if all points of it and of all wider ones hold; the word is the weakest of theirs."""
    order = ("failed", "REFUTED", "UNDECIDED", "HOLDS", "CERTIFIED")

    def records(rows):
        return [
            {"width": m, "values": {"width": m, "run.seed": s}, "verdict": None if v == "failed" else v}
            for m, verdicts in rows.items()
            for s, v in enumerate(verdicts)
        ]

    for rows, width, word in (
        ({8: ["CERTIFIED"], 16: ["UNDECIDED", "CERTIFIED"], 32: ["HOLDS", "CERTIFIED"]}, 32, "HOLDS"),
        ({8: ["CERTIFIED"], 16: ["HOLDS"], 32: ["CERTIFIED"]}, 8, "HOLDS"),
        ({8: ["CERTIFIED"], 16: ["CERTIFIED"]}, 8, "CERTIFIED"),
        ({8: ["CERTIFIED"], 16: ["CERTIFIED", "REFUTED"]}, None, "REFUTED"),
        ({8: ["CERTIFIED"], 16: ["failed", "CERTIFIED"]}, None, "failed"),
    ):
        (found,) = thresholds(records(rows))
        assert (found.width, found.word) == (width, word)
    for t in thresholds(study.records):
        assert t.word in order


def test_the_notebook_shows_the_short_form(study):
    assert repr(study).startswith("Study(24 points, 0 failed; ")
    shown = study._repr_html_()
    assert len(shown) < 8000
    assert "A study of 24 points" in shown
    assert "<svg" not in shown
    Reader(shown)


def test_the_public_study_is_read_by_name_and_has_a_tidy_table(study_folder):
    study = pl.Study.read(str(study_folder))
    table = study.to_frame()
    assert len(table) == 24
    assert table.groupby(["width", "data.n"])["lambda_min"].count().eq(4).all()
    assert isinstance(study.where({"width": 16}), pl.Study)
