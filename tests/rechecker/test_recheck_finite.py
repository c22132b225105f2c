"""Certificates of Theorem T: accepted as made, refused where a number, a step, a batch or an array is doctored.

The attacker knows the format and recomputes every hash, unless the damage itself is the test.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pltheory.certification.claim import Claim
from pltheory.certification.finite import finite_claim, follow
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.rechecker import recheck
from pltheory.rechecker.finite import engines
from pltheory.theorems.t import THEOREM
from tests import forge
from tests.forge import ACCEPTED, DAMAGED, FALSE, number, value
from tests.oracles.finite_runs import drawn

SEEDS = range(9)
"""Every loss with every recursion."""
CLASSES = 4
"""Cross-entropy with heavy ball."""


@cache
def claimed(seed: int) -> Claim:
    p = drawn(seed, steps=8)
    rule = p.rule
    settings = (
        GradientDescentSettings(rule.eta[0])
        if np.isinf(rule.gamma)
        else DeltaGClipSettings(rule.eta[0], rule.gamma, rule.delta)
    )
    how = "mean" if p.mean else "sum"
    loss = how if p.loss == "square" else f"{p.loss}, {how}"
    return finite_claim(THEOREM.statement, loss, settings, follow(p.start, rule))


class Forge(forge.Forge):
    """A certificate of Theorem T in the hands of an attacker."""

    def __init__(self, folder: Path, seed: int = CLASSES) -> None:
        made = claimed(seed)
        super().__init__(folder, made.text("c.cert.npz"), made.arrays_bytes())

    def set(self, key: str, name: str, x: float) -> None:
        self.text[key][name].update(number(x))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_certificates_are_accepted(tmp_path: Path, seed: int) -> None:
    result = recheck(Forge(tmp_path, seed).path)
    assert result.accepted, result.message
    assert result.theorem == "T"
    assert len(result.checks) > 10 * 8
    assert {c.code for c in result.checks} == {ACCEPTED}


@pytest.mark.parametrize("seed", [0, 4, 8])
def test_balls_say_the_same_as_pairs(tmp_path: Path, seed: int, monkeypatch) -> None:
    monkeypatch.setattr(engines, "on_pairs", lambda name: None)
    result = recheck(Forge(tmp_path, seed).path)
    assert result.accepted, result.message


BOUNDS = [
    "growth", "apart", "lipschitz", "loss_low", "loss_high", "margin", "distance_low", "distance_high", "path_low",
    "path_high",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_that_says_too_much_is_refused(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    b = forged.text["bounds"][name]
    # The recursion keeps some distance from the truth, the norm of J counts a ball that may be larger.
    less = {"apart": 1e-3, "lipschitz": 0.5}.get(name, 0.99)
    x, factor = value(b), less if b["kind"] == "upper" else 1.01
    forged.set("bounds", name, x * factor if x > 0 else x + 0.01)
    result = recheck(forged.write())
    assert result.code == FALSE, result.message
    assert name in result.field or result.field.startswith("hypotheses")


@pytest.mark.parametrize("name", ["residual", "lipschitz", "curvature", "bend", "beta", "high", "factor"])
def test_a_step_that_says_too_much_is_refused(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    forged.arrays[name][3] *= 0.8
    result = recheck(forged.write())
    assert result.code == FALSE, result.message
    assert result.field.startswith("step 3")


def test_a_smaller_error_is_refused(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    forged.arrays["eps"][4] *= 0.5
    result = recheck(forged.write())
    assert (result.code, result.field) == (FALSE, "step 3, eps of the next")


def test_another_end_is_refused(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    forged.arrays["end_W1"][0, 0] += 1e-6
    result = recheck(forged.write())
    assert (result.code, result.field) == (FALSE, "bounds.apart")


@pytest.mark.parametrize("name", ["momentum", "eta", "batches"])
def test_another_run_is_refused(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    if name == "momentum":
        forged.set("witness", "momentum", 0.99 * value(forged.text["witness"]["momentum"]))
    elif name == "eta":
        forged.arrays["eta"] *= 0.99
        forged.set("optimizer", "eta", forged.arrays["eta"][0])
    else:
        forged.arrays["batches"][[2, 3]] = forged.arrays["batches"][[3, 2]]
        assert (forged.arrays["batches"][2] != forged.arrays["batches"][3]).any()
    result = recheck(forged.write())
    assert result.code == FALSE, result.message


def test_a_doctored_norm_of_pairs_is_refused(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    forged.set("witness", "weight", 40 * value(forged.text["witness"]["weight"]))
    assert recheck(forged.write()).code == FALSE


@pytest.mark.parametrize("seed", [0, CLASSES])
@pytest.mark.parametrize("factor", [1.5, 1000.0])
def test_the_rule_of_other_steps_is_refused(tmp_path: Path, seed: int, factor: float) -> None:
    forged = Forge(tmp_path, seed)
    forged.set("optimizer", "eta", factor * value(forged.text["optimizer"]["eta"]))
    result = recheck(forged.write())
    assert (result.code, result.field) == (DAMAGED, "arrays.eta")


@pytest.mark.parametrize("name", ["right", "wrong"])
def test_classes_are_counted(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    forged.text["witness"][name] += 1
    result = recheck(forged.write())
    assert (result.code, result.field) == (FALSE, f"witness.{name}")


def test_targets_are_those_of_the_loss(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    forged.arrays["y"][0] = 0.5
    result = recheck(forged.write())
    assert (result.code, result.field) == (DAMAGED, "arrays.y")


def test_another_loss_is_refused(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    forged.text["loss"] = "sum" if forged.text["loss"] != "sum" else "mean"
    assert recheck(forged.write()).code == FALSE


def _longer(arrays):
    arrays["eta"] = np.append(arrays["eta"], arrays["eta"][-1])


def _twice(arrays):
    arrays["batches"][0, :2] = 0


def _outside(arrays):
    arrays["batches"][0, 0] = 99


def _gap(arrays):
    arrays["batches"][0] = -1


def _grown(arrays):
    arrays["eta"][1] *= 1.5


def _nan(arrays):
    arrays["bend"][1] = np.nan


DAMAGE = {
    _longer: "arrays.eta", _twice: "arrays.batches", _outside: "arrays.batches", _gap: "arrays.batches",
    _grown: "arrays.eta", _nan: "arrays.bend",
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda f: f.__name__[1:])
def test_damage_is_named(tmp_path: Path, damage) -> None:
    forged = Forge(tmp_path)
    damage(forged.arrays)
    result = recheck(forged.write())
    assert (result.code, result.field) == (DAMAGED, DAMAGE[damage])
    assert "\n" not in result.message


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("momentum", number(1.0)), ("momentum", number(-0.1)), ("nesterov", 2), ("weight", number(0.0)), ("steps", 7)],
)
def test_numbers_out_of_range_are_damage(tmp_path: Path, name: str, wrong) -> None:
    forged = Forge(tmp_path)
    forged.text["witness"][name] = wrong
    assert recheck(forged.write()).code == DAMAGED
