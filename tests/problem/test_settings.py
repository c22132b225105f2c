"""Step rules: their names, limits and refusals."""

from __future__ import annotations

import math

import pytest

from pltheory.problem.settings import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.theory import InvalidInputError


@pytest.mark.parametrize(
    ("text", "multiple"), [("0.1/beta", 0.1), (" 1 / beta ", 1.0), ("1.99/beta", 1.99), ("1e-3/beta", 1e-3)]
)
def test_a_multiple_of_one_over_beta(text, multiple):
    assert DeltaGClipSettings(eta=text).multiple == multiple
    assert DeltaGClipSettings(eta=0.1).multiple is None


@pytest.mark.parametrize(
    "eta",
    [
        "2/beta",
        "0/beta",
        "-1/beta",
        "1/alpha",
        "beta",
        "1e/beta",
        "--1/beta",
        "",
        0,
        -0.1,
        math.inf,
        math.nan,
        None,
        "0.1",
    ],
)
def test_bad_eta_names_the_key_the_value_and_what_is_allowed(eta):
    with pytest.raises(InvalidInputError, match=r"optimizer\.eta = .*'c/beta' with 0 < c < 2"):
        GradientDescentSettings(eta=eta)


@pytest.mark.parametrize("gamma", [0, -1.0, math.nan])
@pytest.mark.parametrize("rule", [DeltaGClipSettings, GClipSettings])
def test_bad_gamma(rule, gamma):
    with pytest.raises(InvalidInputError, match=r"optimizer\.gamma"):
        rule(eta=0.1, gamma=gamma)


@pytest.mark.parametrize("delta", [0, 1, -0.1, 1.5, math.nan])
def test_bad_delta(delta):
    with pytest.raises(InvalidInputError, match=r"optimizer\.delta.*\(0, 1\)"):
        DeltaGClipSettings(eta=0.1, delta=delta)


def test_names_and_floors():
    assert [r(eta=0.1).name for r in (DeltaGClipSettings, GClipSettings, GradientDescentSettings)] == [
        "delta-gclip", "gclip", "gd",
    ]  # fmt: skip
    assert GradientDescentSettings(eta=0.1).delta_on(1e9) == 1.0
    assert GClipSettings(eta=0.1, gamma=0.5).delta_on(5.0) == pytest.approx(0.1)
    assert GClipSettings(eta=0.1, gamma=0.5).delta_on(0.2) == 1.0
    assert DeltaGClipSettings(eta=0.1, gamma=0.5, delta=0.3).delta_on(5.0) == 0.3
    assert DeltaGClipSettings(eta=0.1, gamma=0.5, delta=0.01).delta_on(5.0) == pytest.approx(0.1)
