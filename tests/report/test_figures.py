"""Figures: four panels, each with its axes named, what is proved beside what was measured, never an error."""

from __future__ import annotations

import dataclasses

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pltheory.report.figures import margins_panel, run_figure, sides_panel, svg
from pltheory.report.study_figures import sweep_figure
from pltheory.runs.trace import Trace
from tests.report import sample


def named(ax: Axes) -> str:
    """What a reader is told that the vertical axis shows."""
    return f"{ax.get_title()} {ax.get_title(loc='left')} {ax.get_ylabel()}".strip()


def labels(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def line(ax: Axes, label: str) -> np.ndarray:
    (found,) = [one for one in ax.lines if label in str(one.get_label())]
    return np.asarray(found.get_ydata(), dtype=float)


def test_a_run_has_four_panels_with_named_axes_and_legends():
    figure = run_figure(sample.report(), sample.trace())
    assert len(figure.axes) == 4
    for ax in figure.axes:
        assert "step" in ax.get_xlabel()
        assert labels(ax)
    assert len({named(ax) for ax in figure.axes}) == 4
    assert all(named(ax) for ax in figure.axes)


def test_the_curves_are_the_trace_and_the_bounds_are_the_theorems():
    trace, report = sample.trace(), sample.report()
    reach = report["theorems"][0]["reach"]
    loss, distance, step, kernel = run_figure(report, trace).axes
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), trace.loss)
    np.testing.assert_allclose(loss.lines[1].get_ydata(), trace.loss[0] * reach["rate"] ** np.arange(21))
    assert (np.asarray(loss.lines[2].get_ydata()) <= loss.lines[1].get_ydata() * (1 + 1e-12)).all()
    assert loss.get_yscale() == "log"
    np.testing.assert_array_equal(line(distance, "path"), trace.path)
    np.testing.assert_array_equal(line(distance, "distance"), trace.distance)
    assert (line(distance, "certified radius") == reach["required"]).all()
    np.testing.assert_array_equal(line(step, "h_t"), trace.step_size)
    assert (line(step, r"\eta$ =") == reach["eta"]).all()
    assert (line(step, r"\eta\delta$ =") == reach["eta"] * 0.1).all()
    np.testing.assert_array_equal(line(kernel, r"\lambda"), trace.lambda_min)
    assert (line(kernel, r"\mu") == reach["mu"]).all()


def test_what_is_promised_from_the_start_keeps_the_constants_of_the_ball():
    trace, plain = sample.trace(), sample.report()
    reach = plain["theorems"][0]["reach"]
    promise = {"eta": 0.04, "floor": 0.1, "rate": reach["rate"], "radius": reach["required"], "since": 0}
    promised = sample.report("HOLDS", [sample.theorem("B", promise=promise)])
    for one, two in zip(run_figure(plain, trace).axes, run_figure(promised, trace).axes, strict=True):
        assert labels(one) == labels(two)
    assert (line(run_figure(promised, trace).axes[3], r"\mu") == reach["mu"]).all()


def test_what_is_promised_from_a_later_step_is_drawn_from_there():
    trace = sample.trace()
    promise = {"eta": 0.04, "floor": 0.1, "rate": 0.9, "radius": 0.5, "since": 15}
    report = sample.report("HOLDS", [sample.theorem("D", reach=None, promise=promise)])
    loss, distance, *_ = run_figure(report, trace).axes
    np.testing.assert_allclose(line(loss, "T = 15"), trace.loss[15] * 0.9 ** np.arange(6))
    np.testing.assert_allclose(line(distance, "T = 15"), trace.path[15] + 0.5)
    late = sample.report("HOLDS", [sample.theorem("D", reach=None, promise={**promise, "since": 99})])
    loss, distance, *_ = run_figure(late, trace).axes
    assert "certified" not in f"{named(distance)} {' '.join(labels(distance))}"
    assert "proven" not in named(loss)


@pytest.mark.parametrize("verdict", ["UNDECIDED", "REFUTED"])
def test_nothing_is_drawn_as_proved_where_no_theorem_holds(verdict):
    figure = run_figure(sample.report(verdict), sample.trace())
    words = " ".join(f"{named(ax)} {' '.join(labels(ax))}" for ax in figure.axes)
    assert "certified" not in words
    assert "proven" not in words
    assert len(figure.axes[0].lines) == 1


def test_eta_is_the_step_size_asked_for_even_if_no_step_reached_it():
    trace = dataclasses.replace(sample.trace(), step_size=np.full(20, 0.01))
    step = run_figure(sample.report("UNDECIDED"), trace).axes[2]
    assert (line(step, r"\eta$ =") == 0.04).all()
    number = {"name": "gd", "eta": 0.3, "gamma": None, "delta": 1.0}
    report = sample.report("REFUTED", [sample.theorem("B", "REFUTED", reach=None)], optimizer=number)
    assert (line(run_figure(report, trace).axes[2], r"\eta$ =") == 0.3).all()


@pytest.mark.parametrize("steps", [1, 2])
def test_a_short_run_is_drawn(steps):
    run = Trace(
        *(np.full(k, 0.5) for k in (steps + 1, steps, steps, steps + 1)), np.array([0]), np.zeros(1), np.ones(1)
    )
    assert svg(run_figure(sample.report(), run))


def test_a_loss_of_zero_is_drawn():
    trace = sample.trace()
    trace.loss[-3:] = 0.0
    assert svg(run_figure(sample.report(), trace))


def test_an_svg_is_the_same_every_time_and_carries_no_date():
    first, second = (svg(run_figure(sample.report(), sample.trace())) for _ in range(2))
    assert first == second
    assert "<dc:date>" not in first


def test_the_style_does_not_leak():
    before = dict(mpl.rcParams)
    svg(run_figure(sample.report(), sample.trace()))
    assert dict(mpl.rcParams) == before


def test_a_sweep_has_four_panels_with_widths_points_and_fits():
    figure = sweep_figure(sample.records(), sample.fits(), {"lambda_min": 0.26})
    assert len(figure.axes) == 4
    for ax in figure.axes:
        assert "width" in ax.get_xlabel()
        assert ax.get_xscale() == "log"
        assert named(ax)
        assert any("slope" in text for text in labels(ax))
        assert any("expected" in text for text in labels(ax))
        assert {"HOLDS", "UNDECIDED"} <= set(labels(ax))
    assert any("0.26" in text for text in labels(figure.axes[0]))
    assert any("needed" in text for text in labels(figure.axes[3]))
    hessian = figure.axes[1]
    drawn = sum(len(one.get_xdata()) for one in hessian.lines if one.get_marker() == "o")
    assert drawn == len(sample.records())


def test_a_sweep_with_gaps_or_without_fits_is_drawn():
    records = sample.records()
    for r in records:
        r["certificate_ratio"] = None
    records[0]["kernel_drift"] = None
    records[1]["hessian_norm"] = 0.0
    assert svg(sweep_figure(records, []))
    assert svg(sweep_figure(records[:1], []))


def test_sides_and_margins_are_drawn_as_counted():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    sides_panel(left, np.array([0, 2, 0, 3, 1]), since=3)
    whole, single = left.get_lines()[:2]
    np.testing.assert_array_equal(whole.get_ydata(), [np.nan, 2, 2, 5, 6])
    assert (single.get_xdata().tolist(), single.get_ydata().tolist()) == ([2, 4, 5], [2, 3, 1])
    margins_panel(right, np.array([1e-3, 1e-4, 1e-5]), np.array([0.0, 1e-12]))
    nearest, moved = right.get_lines()[:2]
    assert nearest.get_ydata().tolist() == [1e-3, 1e-4, 1e-5]
    np.testing.assert_array_equal(moved.get_ydata(), [np.nan, 1e-12])
    assert right.get_ylim()[0] < 1e-12
    assert svg(figure)


def test_a_radius_is_drawn_as_far_as_it_is_spoken_of():
    trace = sample.trace()
    level = float(trace.loss[12])
    promise = {"eta": 0.04, "floor": 0.1, "rate": None, "radius": 0.5, "since": 0}
    for more in ({"level": level}, {"until": 12}):
        report = sample.report("HOLDS", [sample.theorem("L", promise={**promise, **more})])
        loss, distance, *_ = run_figure(report, trace).axes
        (drawn,) = [one for one in distance.lines if "certified radius" in str(one.get_label())]
        assert list(drawn.get_xdata()) == [0, 12]
        assert any("level" in text for text in labels(loss)) == ("level" in more)


def test_no_ball_is_named_where_none_is_promised():
    promise = {"eta": 0.1, "floor": 1.0, "rate": None, "radius": None, "since": 5}
    report = sample.report("HOLDS", [sample.theorem("T", reach=None, promise=promise)])
    distance = run_figure(report, sample.trace()).axes[1]
    assert "certified" not in f"{named(distance)} {' '.join(labels(distance))}"


def test_under_a_schedule_no_floor_of_the_steps_is_drawn():
    rule = {"name": "delta-gclip", "eta": "0.1/beta", "gamma": 0.5, "delta": 0.1, "schedule": {"name": "cosine"}}
    step = run_figure(sample.report(optimizer=rule), sample.trace()).axes[2]
    assert not any("delta" in text for text in (named(step), *labels(step)))
