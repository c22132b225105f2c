"""The page of an audit says what audit and readings say; its panels draw every number once."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

import pltheory as pl
from pltheory.report.audit_page import along, render_audit
from pltheory.report.probe_figures import (
    distance_panel,
    drift_panel,
    probe_panels,
    ratio_panel,
    sharpness_panel,
)
from pltheory.runs.reading import HeldTheorem, Reading
from pltheory.theory.bound import estimate, exact, lower

AUDIT = pl.audit([0.5, 2.0, 30.0, 0.5], gamma=1.0, delta=0.1, eta=0.2)


def held(name: str, *verdicts: str) -> HeldTheorem:
    weakest = "HOLDS" if set(verdicts) == {"HOLDS"} else "UNDECIDED"
    return HeldTheorem(name, weakest, tuple((f"<b>{name}{i}", v, f"says {i}") for i, v in enumerate(verdicts)))


READ = [
    Reading(0, 0.0, 0.2, exact(4.0, ""), estimate(0.5, ""), 0.0, lower(5.0, ""), (held("B", "HOLDS", "UNDECIDED"),)),
    Reading(1, 1.0, 0.2, exact(3.0, ""), None, 0.1, lower(11.0, ""), (held("B", "HOLDS", "HOLDS"),)),
    Reading(2, 2.0, 0.2, None, None, None, None, (held("B", "UNDECIDED", "HOLDS"), held("L", "HOLDS"))),
]


def drawn(panel) -> dict[str, tuple[list[float], list[float]]]:
    ax = Figure().subplots()
    panel(ax, READ, AUDIT)
    return {
        str(one.get_label()): (list(map(float, one.get_xdata())), list(map(float, one.get_ydata()))) for one in ax.lines
    }


def test_every_panel_draws_its_numbers_at_their_steps():
    assert list(drawn(ratio_panel).values()) == [([0.0, 1.0], [4.0, 3.0]), ([0.0], [0.5])]
    assert list(drawn(distance_panel).values()) == [([0.0, 1.0, 2.0], [0.0, 1.0, 2.0])]
    assert list(drawn(drift_panel).values()) == [([0.0, 1.0], [0.0, 0.1])]
    sharp = drawn(sharpness_panel)
    assert sharp[r"$\lambda_{\max}(\nabla^2 L)$"] == ([0.0, 1.0], [5.0, 11.0])
    assert sharp[r"$2 / \eta$"] == ([0.0, 1.0, 2.0], [10.0] * 3)
    x, y = sharp[r"$2 / h_t$"]
    assert x == [1.0, 2.0]
    np.testing.assert_allclose(y, [2 / 0.1, 2 / 0.02])
    assert len(probe_panels(READ, AUDIT)) == 4
    assert len(probe_panels([Reading(0, 1.0, 0.1)], AUDIT)) == 1


def test_theorems_are_counted_over_the_readings():
    b, l = along(READ)
    assert (b.id, b.readings, b.held, b.first, b.last.verdict) == ("B", 3, 1, "UNDECIDED", "UNDECIDED")
    assert [(name, count, verdict) for name, count, verdict, _ in b.rows] == [
        ("<b>B0", 2, "UNDECIDED"), ("<b>B1", 2, "HOLDS")
    ]  # fmt: skip
    assert (l.id, l.readings, l.held) == ("L", 1, 1)


def test_what_the_page_says_and_that_it_is_escaped():
    page = render_audit(AUDIT, READ, source="<run>.csv")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)))
    for words in (
        "delta-GClip", "an audit of 4 steps", "Delta held up 1 of 4 logged steps", "&lt;run&gt;.csv", "50.0 %",
        "3 readings, before the steps 0 to 2", "Least PL* ratio: 3, an upper bound", "above 2 / η at 1 of 2 readings,",
        "above 2 / h of the step that came then at 0 of 2.",
        "1 of 3", "&lt;b&gt;B0",
    ):  # fmt: skip
        assert words in text, words
    assert page.count("<svg") == 6
    assert "<b>B0" not in page


@pytest.mark.parametrize("gamma", [1.0, math.inf])
def test_without_a_probe_there_is_no_such_section(gamma):
    page = render_audit(pl.audit([0.0, 0.5], gamma=gamma, delta=0.0))
    assert page.count("<svg") == 2
    assert "Along the run" not in page
    assert "held against the probe" not in page
