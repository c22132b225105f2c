"""Figures of a study: what is drawn is what the records say, a real study's and made-up ones at the borders."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import pltheory as pl
from pltheory.report.figures import svg
from pltheory.report.phase import COLORS, verdict_panel
from pltheory.report.study_figures import (
    GROUP_COLORS,
    certificate_panel,
    drift_panel,
    ratio_panel,
    spectrum_panel,
    width_panel,
)
from pltheory.study.quantities import BUILT_IN
from pltheory.study.scaling import fit_laws
from pltheory.theory import InvalidInputError
from tests.report import sample
from tests.report.test_figures import labels, line

QUANTITIES = {q.name: q for q in BUILT_IN}


@pytest.fixture(scope="module")
def study(study_folder):
    return pl.Study.read(study_folder)


@pytest.fixture
def ax():
    return Figure(figsize=(4.8, 3.1), layout="constrained").subplots()


def drawn(ax) -> str:
    return svg(ax.figure)


def made(ratio, widths=(16, 64, 256), seeds=(0, 1, 2), **values):
    """Records of a made-up study whose certificate ratio and drift are functions of width and seed."""
    return [
        {
            "values": {"width": m, "run.seed": s, **values},
            "width": m,
            "seed": s,
            "verdict": "UNDECIDED",
            "certificate_ratio": ratio(m, s),
            "kernel_drift": 1 / ratio(m, s),
        }
        for m in widths
        for s in seeds
    ]


@pytest.mark.parametrize("name", [q.name for q in BUILT_IN])
def test_a_law_is_drawn_as_it_is_expected(ax, name):
    """The dotted line has the expected exponent in its logarithms, with the log factor where there is one."""
    records = [{**r, name: r[name]} for r in sample.records()]
    settings = {"network.output_init": "gaussian", "network.hidden": [8]}
    fits = fit_laws(records, BUILT_IN, settings)
    width_panel(ax, records, QUANTITIES[name], fits)
    (fit,) = (f for f in fits if f.quantity == name)
    x, y = np.array([64.0, 512.0, 4096.0]), line(ax, "expected")
    exact = x**fit.expected * np.log(x) ** fit.log_power
    np.testing.assert_allclose(y / y[0], exact / exact[0])
    fitted = line(ax, "slope")
    np.testing.assert_allclose(np.diff(np.log(fitted)) / np.diff(np.log(x)), fit.slope, atol=1e-9)
    assert ("log" in next(text for text in labels(ax) if "expected" in text)) == (fit.log_power != 0)
    assert drawn(ax)


def test_the_expected_line_runs_through_the_middle_of_the_points(ax):
    records = sample.records()
    width_panel(ax, records, QUANTITIES["kernel_drift"], fit_laws(records))
    x, y = np.array([64.0, 512.0, 4096.0]), line(ax, "expected")
    away = [np.log(r["kernel_drift"] / np.interp(r["width"], x, y)) for r in records]
    assert np.mean(away) == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_a_spectrum_is_counted_as_it_is(ax, study):
    part = study.where({"data.n": 3, "optimizer.eta": "0.1/beta"})
    part.spectrum(ax)
    assert labels(ax) == ["m = 16, 2 runs", "m = 64, 2 runs", "m = 256, 2 runs", "infinite width"]
    (marks,) = [one for one in ax.lines if one.get_marker() == "|"]
    np.testing.assert_array_equal(marks.get_xdata(), part.limits[0].spectrum)
    low, high = ax.get_xlim()
    every = [v for r in part.done for v in r["spectrum"]] + part.limits[0].spectrum
    assert low < min(every) <= max(every) < high
    assert drawn(ax)


def test_shares_of_a_spectrum_add_up_to_one(ax):
    records = [{"width": 8, "values": {}, "spectrum": [0.5, 1.0, 2.0, 4.0]}]
    spectrum_panel(ax, records)
    x, y = ax.patches[0].get_path().vertices.T
    edges = np.unique(x)
    heights = [max(y[np.isclose(x, left)].max(), 0) for left in edges[:-1]]
    assert max(heights) == pytest.approx(0.25)
    assert labels(ax) == ["m = 8"]


def test_eigenvalues_at_or_below_zero_are_counted_and_left_out(ax):
    spectrum_panel(ax, [{"width": 8, "values": {}, "spectrum": [-1e-17, 0.0, 2.0]}])
    assert "2 at or below 0 are not drawn" in labels(ax)
    other = Figure().subplots()
    spectrum_panel(other, [{"width": 8, "values": {}, "spectrum": [0.0]}])
    assert drawn(ax)
    assert drawn(other)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (lambda m, s: m / 100, "crosses 1 at m ≈ 100"),
        (lambda m, s: (m / 100) * (1 + s) / 2, "crosses 1 at m ≈ 100"),
        (lambda m, s: m / 10, "above 1 at every width"),
        (lambda m, s: m / 1000, "below 1 at the widest"),
        (lambda m, s: 2.0 if m == 16 else m / 100, "crosses 1 at m ≈ 100"),
        (lambda m, s: 0.5 if m == 256 else 2.0, "below 1 at the widest"),
        (lambda m, s: None, "not known"),
    ],
)
def test_where_the_certificate_ratio_crosses_one_is_said_and_not_extrapolated(ax, ratio, said):
    records = made(lambda m, s: ratio(m, s) or 1.0)
    for r in records:
        r["certificate_ratio"] = ratio(r["width"], r["seed"])
    certificate_panel(ax, records)
    assert said in labels(ax) or said == "not known"
    assert "needed: 1" in labels(ax)
    assert drawn(ax)


def test_a_band_is_from_the_least_to_the_largest_seed_around_the_median(ax):
    certificate_panel(ax, made(lambda m, s: m * (1.0, 3.0, 20.0)[s]))
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [48, 192, 768])
    y = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (y.min(), y.max()) == (16, 5120)


def test_each_group_has_its_band_and_those_beyond_the_colours_are_counted(ax):
    records = [r for n in range(1, 9) for r in made(lambda m, s, n=n: m / (10.0 * n), **{"data.n": n})]
    certificate_panel(ax, records)
    assert len(ax.collections) == len(GROUP_COLORS)
    assert labels(ax)[0] == "n = 1: above 1 at every width"
    assert "the first 6 of 8" in labels(ax)
    assert drawn(ax)


def test_the_drift_stands_beside_the_two_laws_that_are_known(ax):
    drift_panel(ax, made(lambda m, s: m / 4.0))
    x = np.array([16.0, 64.0, 256.0])
    for words, power in (("along the run", -1), ("bounds in a ball", -0.5)):
        y = line(ax, words)
        np.testing.assert_allclose(y, y[0] * (x / 16) ** power)
        assert y[0] == 0.25
    np.testing.assert_allclose(line(ax, "along the run"), ax.lines[0].get_ydata())


def test_the_ratio_is_the_envelope_over_the_seeds(ax, study):
    part = study.where({"data.n": 3, "optimizer.eta": "0.5/beta", "width": 64})
    part.pl_ratio(ax)
    low, high = (np.asarray(one.get_ydata()) for one in ax.lines[:2])
    courses = [r["pl_ratio"] for r in part.done]
    np.testing.assert_array_equal(low[:-1], np.min([c["least"] for c in courses], axis=0))
    np.testing.assert_array_equal(high[:-1], np.max([c["largest"] for c in courses], axis=0))
    (dotted,) = [one for one in ax.lines if one.get_linestyle() == ":" and len(one.get_ydata()) == 2]
    assert dotted.get_ydata()[0] == min(r["lambda_min"] for r in part.done)
    assert "m = 64" in labels(ax)
    assert drawn(ax)


def test_runs_of_several_lengths_have_one_envelope(ax):
    short = {"step": [0, 1], "least": [2.0, 1.0], "largest": [3.0, 4.0]}
    long = {"step": [0, 1, 2], "least": [1.5, 2.0, 1.0], "largest": [2.0, 5.0, 1.0]}
    records = [
        {"width": 4, "values": {}, "steps": steps, "lambda_min": None, "pl_ratio": course}
        for steps, course in ((2, short), (3, long), (0, {"step": [], "least": [], "largest": []}), (5, None))
    ]
    ratio_panel(ax, records)
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 2, 3]
    assert ax.lines[0].get_ydata().tolist() == [1.5, 1.0, 1.0, 1.0]
    assert ax.lines[1].get_ydata().tolist() == [3.0, 5.0, 1.0, 1.0]
    assert drawn(ax)


@pytest.mark.parametrize("key", ["optimizer.eta", "data.n"])
def test_a_cell_of_the_phase_diagram_is_divided_as_its_points_ended(ax, study, key):
    study.verdicts(ax, key)
    counts: dict[tuple, Counter] = {}
    for r in study.records:
        counts.setdefault((r["width"], str(r["values"][key])), Counter())[r["verdict"]] += 1
    widths = [int(text.get_text()) for text in ax.get_xticklabels()]
    words = [text.get_text() for text in ax.get_yticklabels()]
    assert (widths, words) == ([16, 64, 256], {"optimizer.eta": ["0.1/beta", "0.5/beta"], "data.n": ["1", "3"]}[key])
    found: dict[tuple, Counter] = {}
    colors = {color: verdict for verdict, color in COLORS.items()}
    for patch in (p for p in ax.patches if isinstance(p, Rectangle)):
        width = widths[int(np.floor(patch.get_x() + 0.5 + 1e-9))]
        word = words[round(patch.get_y() + 0.5)]
        share = patch.get_width() * counts[width, word].total()
        found.setdefault((width, word), Counter())[colors[_hex(patch.get_facecolor())]] += round(share)
        assert share == pytest.approx(round(share))
    assert found == counts
    assert sum(int(text.get_text()) for text in ax.texts) == len(study.records)
    assert len({verdict for cell in counts.values() for verdict in cell}) > 1
    assert drawn(ax)


def _hex(color):
    return "#" + "".join(f"{round(255 * c):02x}" for c in color[:3])


def test_failed_points_are_failed_and_values_stand_by_their_size(ax):
    records = [
        {"width": 8, "values": {"optimizer.eta": eta}, "verdict": verdict}
        for eta, verdict in (("10/beta", None), ("0.5/beta", "HOLDS"), (3, "REFUTED"), (0.25, "CERTIFIED"), ("b", None))
    ]
    verdict_panel(ax, records, "optimizer.eta")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["0.25", "3", "0.5/beta", "10/beta", "b"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["CERTIFIED", "HOLDS", "REFUTED", "failed"]
    assert drawn(ax)


def test_what_is_asked_for_and_is_not_there_is_refused_in_a_line(ax, study):
    with pytest.raises(InvalidInputError, match=r"key = 'data\.d': does not vary in this study, which varies data\.n"):
        study.verdicts(ax, "data.d")
    with pytest.raises(InvalidInputError, match=r"name = 'nothing': allowed are lambda_min, "):
        study.width_law(ax, "nothing")


def test_every_panel_is_drawn_without_a_record(ax):
    for panel in (spectrum_panel, certificate_panel, ratio_panel, drift_panel):
        panel(Figure().subplots(), [])
    width_panel(ax, [], QUANTITIES["lambda_min"], [])
    assert drawn(ax)
