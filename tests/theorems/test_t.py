"""Theorem T from a configuration: what it says, what it refuses, and the run beside it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pltheory.certificates.prove import certify
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.batches import Batches
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from pltheory.study.build import answer, problem_of
from pltheory.study.config import from_tree
from pltheory.theorems import t
from pltheory.theory import InvalidInputError
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence


def config(**changes):
    tree = {
        "network": {"hidden": [12], "activation": "tanh", "parametrization": "ntk"},
        "data": {"source": "digits", "n": 6, "labels": "low-high"},
        "optimizer": {"name": "delta-gclip", "eta": 0.05, "gamma": 0.5, "delta": 0.1},
        "theorem": {"name": "T", "options": {"steps": 12}},
        "run": {"steps": 15, "batch": 4},
    }
    for key, value in changes.items():
        section, name = key.split("__")
        tree[section][name] = value
    return from_tree(tree)


@pytest.mark.slow
@pytest.mark.parametrize("how", [{}, {"momentum": 0.9}, {"momentum": 0.5, "nesterov": True}])
def test_the_exact_run_is_enclosed_and_the_run_agrees(tmp_path, how):
    report = answer(config(**{f"optimizer__{k}": v for k, v in how.items()}))
    assert report.verdict is Verdict.CERTIFIED
    assert report.evidence is Evidence.AGREES
    said = report.to_dict()["theorems"][0]
    assert said["conclusion"].startswith("after 12 steps the exact iterate has training loss between ")
    low, high = said["promise"]["at_end"]["loss"]
    assert low <= high < report.trace.loss[0]
    assert abs(report.trace.loss[12] - low) < 1e-9
    json.loads(report.to_json())
    report.main.certificate.save(tmp_path / "t.json")
    assert recheck(tmp_path / "t.json").accepted


@pytest.mark.parametrize("schedule", [{"name": "cosine", "length": 12}, {"name": "warmup", "length": 50}])
def test_a_schedule_without_momentum(tmp_path, schedule):
    report = answer(config(optimizer__schedule=schedule))
    assert report.verdict is Verdict.CERTIFIED
    assert report.evidence is Evidence.AGREES
    claim = report.main.certificate
    assert claim.eta == claim.witness["eta"].max(), "of the steps that are stored"
    claim.save(tmp_path / "t.json")
    assert recheck(tmp_path / "t.json").accepted


def test_a_wrong_enclosure_is_contradicted(monkeypatch):
    """The batches in another order: the loss differs in its first digits."""
    right = t.follow
    monkeypatch.setattr(t, "follow", lambda start, rule, told: right(start, replace(rule, batches=rule.batches[::-1])))
    assert answer(config()).evidence is Evidence.CONTRADICTS


def test_a_run_that_ends_before_says_nothing():
    report = answer(config(run__steps=5))
    assert report.evidence is Evidence.EMPIRICAL
    assert "begins at step 12" in report.untold


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network__activation": "relu"}, "fully connected smooth"),
        ({"optimizer__momentum": 0.9, "optimizer__clip": "buffer"}, "clip of the buffer"),
        ({"optimizer__momentum": 0.9, "optimizer__schedule": {"name": "warmup", "length": 3}}, "schedule warmup"),
    ],
)
def test_what_it_does_not_speak_of_is_said(changes, words):
    report = answer(config(**changes), run=False)
    assert report.verdict is Verdict.UNDECIDED
    assert words in report.main.shortfall


@pytest.mark.parametrize("options", [{"steps": 0}, {"steps": 10**6}, {"steps": 1.5}, {"step": 5}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(InvalidInputError, match=r"theorem\.options\.") as refused:
        answer(config(theorem__options=options), run=False)
    assert "\n" not in str(refused.value)


@pytest.mark.slow
def test_all_and_best_do_not_ask_it():
    tree = config(run__batch=None, theorem__name="all", theorem__options={})
    report = answer(tree, run=False)
    assert "T" not in {r.theorem.id for r in report.ladder}


@pytest.mark.slow
@pytest.mark.parametrize("batches", [Batches(2, "shuffle", 1), Batches(2, "random", 1)])
def test_a_certificate_of_batches(batches):
    given = problem_of(config())
    problem = Problem(given.network, given.x[:3], given.y[:3])
    claim = certify(problem, DeltaGClipSettings(eta=0.05, gamma=0.5, delta=0.1), theorem="T", batches=batches)
    assert claim.holds
    assert claim.witness["batches"].shape == (t.DEFAULT_STEPS, 2)
    assert len({tuple(row) for row in claim.witness["batches"]}) > 1
