"""Certificates of Theorem W1: what the prover writes is accepted, what is doctored is not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from pltheory.certificates.prove import certify
from pltheory.certification.claim import Claim
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.rechecker import recheck
from pltheory.theory import InvalidInputError
from tests.forge import DAMAGED, FALSE, Forge, number, refused, value
from tests.oracles.shrunken import shrunken
from tests.rechecker.test_schema import PUBLISHED, wrong

RULES = {
    "clipped": DeltaGClipSettings("0.5/beta", 1e-3, 0.2, weight_decay=0.5),
    "unclipped": GradientDescentSettings("1/beta", weight_decay=0.5),
    "mean": GradientDescentSettings("0.5/beta", weight_decay=0.1),
    "two hidden layers": GradientDescentSettings("0.5/beta", weight_decay=3.0),
}


@cache
def claim(name: str) -> Claim:
    rule = RULES[name]
    if name == "mean":
        at = shrunken(0.5, loss="mean")
    else:
        at = shrunken(rule.weight_decay, hidden=(6, 6) if name == "two hidden layers" else (24,))
    return certify(at, rule, theorem="W1")


def forged(folder: Path, name: str) -> Forge:
    return Forge(folder, claim(name).text("c.cert.npz"), claim(name).arrays_bytes())


@pytest.mark.parametrize("name", RULES)
def test_what_is_proved_is_accepted(name: str, tmp_path: Path) -> None:
    assert claim(name).holds, claim(name).inequalities
    forge = forged(tmp_path, name)
    assert not wrong(forge.text, PUBLISHED)
    assert recheck(forge.path).accepted, recheck(forge.path).message


@pytest.mark.parametrize("name", RULES)
def test_every_bound_matters(name: str, tmp_path: Path) -> None:
    for key, bound in forged(tmp_path, name).text["bounds"].items():
        forge = forged(tmp_path, name)
        x = value({k: bound[k] for k in ("hex", "decimal")})
        if bound["kind"] == "lower" and x == 1:
            continue  # the floor of a rule that does not clip
        # The recheck bounds curvature in its own way, which may be nearer.
        by = 0.3 if key in ("curvature", "tau", "beta", "required", "distance", "rate", "floor") else 1e-6
        better = x * (1 - by) if bound["kind"] == "upper" else x * (1 + by)
        forge.text["bounds"][key] = {"kind": bound["kind"], **number(better)}
        result = recheck(forge.write())
        assert result.code == FALSE, (key, result.message)


def test_the_decay_is_part_of_the_claim(tmp_path: Path) -> None:
    forge = forged(tmp_path, "clipped")
    forge.text["optimizer"]["weight_decay"] = number(0.1)
    assert recheck(forge.write()).code == FALSE
    forge = forged(tmp_path, "clipped")
    forge.text["optimizer"]["decoupled_weight_decay"] = True
    refused(recheck(forge.write()), DAMAGED, "optimizer.decoupled_weight_decay")
    assert wrong(forge.text, PUBLISHED)
    forge = forged(tmp_path, "clipped")
    forge.arrays["W2"] = forge.arrays["W2"] * 1.5
    assert recheck(forge.write()).code == FALSE, "another gradient"


def test_what_it_does_not_speak_of() -> None:
    at = shrunken(0.5)
    with pytest.raises(InvalidInputError, match="speaks of coupled weight decay"):
        certify(at, DeltaGClipSettings(0.1, 1e-3, 0.2, weight_decay=0.5, decoupled_weight_decay=True), theorem="W1")
    with pytest.raises(InvalidInputError, match="speaks of coupled weight decay"):
        certify(at, GradientDescentSettings(0.1), theorem="W1")
    assert not certify(at, GradientDescentSettings("1/beta", weight_decay=0.1), theorem="W1").holds
