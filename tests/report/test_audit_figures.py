"""The figure of an audit shows every norm once, in the colour of its branch, and the share of them above gamma."""

from __future__ import annotations

import math

import numpy as np

import pltheory as pl
from pltheory.report.audit_figures import audit_figure
from pltheory.report.figures import svg

NORMS = [0.5, 2.0, 30.0, 0.0, 1.5, 40.0, 50.0]


def test_points_and_shares_are_those_of_the_audit():
    found = pl.audit(NORMS, gamma=1.0, delta=0.1)
    left, right = audit_figure(found).axes
    points = {str(one.get_label()).split(",")[0]: np.asarray(one.get_ydata()).tolist() for one in left.lines[:3]}
    assert points == {"full": [0.5, 0.0], "clipped": [2.0, 1.5], "floored": [30.0, 40.0, 50.0]}
    curve = right.lines[0]
    x, above = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    for value in (1.0, 10.0):  # read as drawn: from a norm back to the one before
        drawn = float(above[np.searchsorted(x, value)])
        assert drawn == np.mean(np.array(NORMS) > value)
    said = [text.get_text() for text in right.texts]
    assert said[0].startswith("71.4% not full")
    assert said[1].startswith("42.9% floored")


def test_no_threshold_no_floor_and_no_gradient_are_drawn():
    for norms, gamma, delta in ((NORMS, math.inf, 0.1), (NORMS, 1.0, 0.0), ([0.0], 1.0, 0.1)):
        assert "<svg" in svg(audit_figure(pl.audit(norms, gamma=gamma, delta=delta)))
