"""Step rules: their names, limits and refusals."""

from __future__ import annotations

import math

import pytest

from pltheory.optim import (
    ClippedSettings,
    DeltaGClipSettings,
    GClipSettings,
    GradientDescentSettings,
    StepSettings,
    require_rule,
)
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
        True,
        10**400,
        2**53 + 1,
        [0.1],
    ],
)
def test_bad_eta_names_the_key_the_value_and_what_is_allowed(eta):
    with pytest.raises(InvalidInputError, match=r"optimizer\.eta = .*'c/beta' with 0 < c < 2"):
        GradientDescentSettings(eta=eta)


@pytest.mark.parametrize("gamma", [0, -1.0, math.nan, None, "1", True, 10**400])
@pytest.mark.parametrize("rule", [DeltaGClipSettings, GClipSettings])
def test_bad_gamma(rule, gamma):
    with pytest.raises(InvalidInputError, match=r"optimizer\.gamma"):
        rule(eta=0.1, gamma=gamma)


@pytest.mark.parametrize("delta", [0, 1, -0.1, 1.5, 2, math.nan, None, "0.5", True])
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


@pytest.mark.parametrize("delta", [2, -1, 0.1, math.nan, True])
def test_gradient_descent_and_gclip_have_no_delta(delta):
    for rule in (GradientDescentSettings, GClipSettings):
        with pytest.raises(InvalidInputError, match=r"optimizer\.delta"):
            rule(eta=0.1, delta=delta)


def test_the_shared_part_is_no_rule():
    """Its name and its numbers would say different things: gradient descent with a threshold."""
    with pytest.raises(InvalidInputError, match="StepSettings is no step rule"):
        StepSettings(eta=0.1)
    with pytest.raises(InvalidInputError, match="ClippedSettings is no step rule"):
        ClippedSettings(eta=0.1, gamma=0.5, delta=0.1)
    with pytest.raises(InvalidInputError):
        ClippedSettings(eta=0.1, delta=2)


class Loose(DeltaGClipSettings):
    """A subclass that looks at nothing."""

    def __post_init__(self):
        pass


class Wilful(DeltaGClipSettings):
    """A subclass whose step is not what its fields say."""

    @property
    def multiple(self):
        return 3.0


def _behind_its_back():
    rule = DeltaGClipSettings(eta=0.1)
    object.__setattr__(rule, "delta", 2.0)
    return rule


def _unpickled():
    rule = object.__new__(DeltaGClipSettings)
    rule.__dict__.update(eta=0.1, gamma=-1.0, delta=0.5)
    return rule


def _method_on_the_instance():
    rule = DeltaGClipSettings(eta=0.1)
    object.__setattr__(rule, "delta_on", lambda bound: 1.0)
    return rule


@pytest.mark.parametrize(
    "made",
    [
        lambda: Loose(eta=0.1, delta=2.0),
        lambda: Wilful(eta="0.1/beta"),
        _behind_its_back,
        _unpickled,
        _method_on_the_instance,
        lambda: None,
        lambda: {"eta": 0.1},
    ],
)
def test_what_is_no_rule_is_refused_where_it_is_used(made):
    with pytest.raises(InvalidInputError) as refused:
        require_rule(made())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("rule", [DeltaGClipSettings, GClipSettings, GradientDescentSettings])
def test_a_rule_as_it_was_made_is_taken(rule):
    require_rule(rule(eta=0.1))
    require_rule(rule(eta="0.1/beta"))
