"""The default, "best": theorems tried in order of cost until one reaches the level, and what is said of the others."""

from __future__ import annotations

import io

import pytest
import torch
from markupsafe import escape
from rich.console import Console
from torch import nn

import pltheory as pl
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.loss import SquareLoss
from pltheory.report.html import render_page
from pltheory.report.text import print_report
from pltheory.theorems.ladder import by_cost
from pltheory.theory.verdict import Verdict
from pltheory.verification import report as verification_report
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import verify
from tests.cases import draws

RULE = DeltaGClipSettings(eta="0.5/beta", gamma=0.5, delta=0.2)
TRIED = [t.id for t in by_cost(RULE, checkpoint=False, loss=SquareLoss()) if not t.uncovered(RULE)]
"""What best tries of steps without momentum."""
FIXED = DeltaGClipSettings(eta=0.01, gamma=0.5, delta=0.2)


def digits(width: int, n: int = 3, activation: str = "tanh") -> pl.Problem:
    x, y = pl.datasets.digits(n)
    return pl.Problem(pl.fully_connected([64, width, 1], activation=activation, seed=0), x, y)


def near(width: int = 64) -> pl.Problem:
    """A problem whose start Theorem B certifies."""
    x, y = pl.datasets.digits(3)
    net = pl.fully_connected([64, width, 1], activation="tanh", seed=0)
    return pl.Problem(net, x, net(x).detach() + 1e-3 * y)


def ids(report):
    return [r.theorem.id for r in report.ladder]


def printed(report):
    stream = io.StringIO()
    print_report(Console(file=stream, width=100), report.to_dict())
    return stream.getvalue()


def test_the_cheapest_that_reaches_the_level_ends_the_search():
    report = verify(near(), RULE, steps=0)
    assert (report.asked, ids(report), report.verdict) == ("best", ["B"], Verdict.CERTIFIED)
    assert "Tried" not in printed(report)


def test_at_a_checkpoint_it_is_theorem_c():
    report = verify(near(), RULE, steps=0, checkpoint="weights.pt")
    assert (ids(report), report.verdict) == (["C"], Verdict.CERTIFIED)


@pytest.fixture(scope="module")
def by_trajectory():
    return verify(digits(128), RULE, steps=400)


@pytest.mark.slow
def test_a_network_too_narrow_for_a_ball_is_certified_by_its_trajectory(by_trajectory):
    assert ids(by_trajectory) == TRIED
    assert by_trajectory.main.theorem.id == "D"
    assert by_trajectory.verdict is Verdict.CERTIFIED
    assert all(r.verdict is Verdict.UNDECIDED for r in by_trajectory.ladder[:-1])


@pytest.mark.slow
def test_each_theorem_that_fell_short_says_why_in_a_line(by_trajectory):
    for tried in by_trajectory.ladder[:-1]:
        assert tried.shortfall
        assert "\n" not in tried.shortfall
    text = " ".join(printed(by_trajectory).split())
    assert "Tried in order of cost" in text
    for name in TRIED:
        assert f" {name} {'CERTIFIED' if name == 'D' else 'UNDECIDED'} " in text
    page = render_page({}, by_trajectory.to_dict(), by_trajectory.trace)
    assert "Tried in order of cost" in page
    assert all(str(escape(t.shortfall)) in page for t in by_trajectory.ladder[:-1])


def test_the_run_is_held_against_the_trajectory_from_where_its_promise_begins(by_trajectory):
    promise = by_trajectory.main.promise
    assert 0 < promise.since < len(by_trajectory.trace.step_size)
    assert by_trajectory.evidence is Evidence.AGREES
    assert any(name.startswith("rate") for name in by_trajectory.run.checked)


def test_what_does_not_fit_into_the_allowance_is_told(monkeypatch):
    monkeypatch.setitem(verification_report.WORK, "best", 1e3)
    report = verify(digits(128), RULE, steps=0)
    assert report.verdict is Verdict.UNDECIDED
    for name, tried in zip(ids(report), report.ladder, strict=True):
        assert ("ask for it by its name" in tried.shortfall) == (name in ("B+", "D"))


def test_the_allowance_counts_arithmetic_and_is_not_asked_by_name(monkeypatch):
    monkeypatch.setitem(verification_report.WORK, "best", 1e3)
    assert verify(digits(128), RULE, theorem="D", steps=0).verdict is Verdict.CERTIFIED


def test_a_level_of_holds_is_reached_without_a_proof():
    report = verify(near(), RULE, steps=0, level=Verdict.HOLDS)
    assert (ids(report), report.verdict) == (["B"], Verdict.HOLDS)


OUTSIDE = {
    "convolution": nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 3, 2), nn.Softsign(), nn.Flatten(), nn.Linear(3, 1)
    ).double(),
    "two activations": nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 5), nn.Mish(), nn.Linear(5, 1)).double(),
}


@pytest.mark.parametrize("net", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_network_outside_every_theorem_gets_one_sentence(net):
    report = verify(pl.Problem(net, *draws(3, (3, 4), (3, 1))), FIXED, steps=5)
    assert (len(report.ladder), report.verdict) == (1, Verdict.UNDECIDED)
    assert printed(report).count("not available for this network") == 1
    assert str(report.to_dict()["theorems"]).count("not available for this network") == 1


INSIDE = {
    "convolution": nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 3, 2), nn.SiLU(), nn.Flatten(), nn.Linear(3, 1)
    ).double(),
    "two activations": nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 5), nn.SiLU(), nn.Linear(5, 1)).double(),
}


@pytest.mark.slow
@pytest.mark.parametrize("net", INSIDE.values(), ids=INSIDE.keys())
def test_a_graph_is_held_against_every_theorem_and_told_which_speak_of_layers_only(net):
    report = verify(pl.Problem(net, *draws(3, (3, 4), (3, 1))), FIXED, steps=5)
    assert ids(report) == ["B", "A'", "N", "B+", "D"]
    assert "not available" not in printed(report)
    assert printed(report).count("speaks of fully connected smooth networks only") == 1


@pytest.mark.slow
def test_a_network_with_kinks_is_asked_about_every_theorem():
    report = verify(digits(16, activation="relu"), FIXED, steps=5)
    assert ids(report) == TRIED
    assert (report.main.theorem.id, report.verdict) == ("D", Verdict.CERTIFIED)
    assert all(r.verdict is Verdict.UNDECIDED for r in report.ladder[:-1])


def test_a_refuted_hypothesis_that_all_share_ends_the_search():
    x, y = pl.datasets.digits(3)
    net = pl.fully_connected([64, 16, 1], activation="tanh", seed=0)
    opposite = torch.stack([x[0], x[1], -x[1]])
    report = verify(pl.Problem(net, opposite, y), FIXED, steps=5)
    assert (ids(report), report.verdict) == (["B"], Verdict.REFUTED)
