"""Certificates of Theorems S, M and Mb: what the prover writes is accepted, what is doctored is not."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from flint import arb

import pltheory as pl
from pltheory.certificates.prove import certify
from pltheory.certification import any_steps
from pltheory.certification.claim import Claim
from pltheory.cli.options import save_certificate_of
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.optim.schedule import Cosine, StepDecay, Warmup
from pltheory.rechecker import recheck
from pltheory.rechecker import steps as rechecked
from pltheory.rechecker.checks import Checks, clipping_floor
from pltheory.rechecker.fields import Stop
from pltheory.theory import InvalidInputError
from pltheory.theory.potential import Setting, search
from pltheory.verification.contract import near_solution
from tests.forge import DAMAGED, FALSE, Forge, number, refused, value
from tests.rechecker.test_schema import PUBLISHED, wrong

CLIP = {"eta": "0.2/beta", "gamma": 1e-3, "delta": 0.2}
RULES = {
    "S": DeltaGClipSettings(**CLIP, schedule=Cosine(20)),
    "M": DeltaGClipSettings(**CLIP, momentum=0.5),
    "M Nesterov": DeltaGClipSettings(**CLIP, momentum=0.5, nesterov=True),
    "Mb": DeltaGClipSettings(**CLIP, momentum=0.5, clip="buffer", schedule=Warmup(5)),
    "Mb unclipped": GradientDescentSettings("0.2/beta", momentum=0.5, schedule=StepDecay(10, 0.5, 30)),
}


@cache
def claim(name: str) -> Claim:
    return certify(near_solution(24, 1e-3), RULES[name], theorem=name.split()[0])


def forged(folder: Path, name: str) -> Forge:
    return Forge(folder, claim(name).text("c.cert.npz"), claim(name).arrays_bytes())


@pytest.mark.parametrize("name", RULES)
def test_what_is_proved_is_accepted(name: str, tmp_path: Path) -> None:
    assert claim(name).holds
    forge = forged(tmp_path, name)
    assert not wrong(forge.text, PUBLISHED)
    assert recheck(forge.path).accepted, recheck(forge.path).message


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_every_bound_and_number_matters(name: str, tmp_path: Path) -> None:
    for key, bound in forged(tmp_path, name).text["bounds"].items():
        forge = forged(tmp_path, name)
        x = value({k: bound[k] for k in ("hex", "decimal")})
        if bound["kind"] == "lower" and x == 1:
            continue  # the floor of a rule that does not clip
        if key == "rate" and x == 1:
            continue  # a schedule that leads to no zero
        better = x * (1 - 1e-6) if bound["kind"] == "upper" else x * (1 + 1e-6)
        forge.text["bounds"][key] = {"kind": bound["kind"], **number(better)}
        result = recheck(forge.write())
        assert result.code == FALSE, (key, result.message)
    for key in set(forged(tmp_path, name).text["witness"]) & {"k", "omega"}:
        forge = forged(tmp_path, name)
        forge.text["witness"][key] = number(value(forge.text["witness"][key]) * (1 + 1e-3))
        assert recheck(forge.write()).code == FALSE, key


def test_the_profile_at_the_centre_cannot_be_understated(tmp_path: Path) -> None:
    """A lower sig(0) would make eps smaller while the integral kept the larger values behind it."""
    at, m = claim("M"), 0.5
    s = at["beta"] * at.eta / (1 - m) ** 2
    more = search(Setting(m, m, s, 0.0))
    assert more.k > at.numbers["k"] * (1 + 1e-6)
    forge = forged(tmp_path, "M")
    forge.arrays["sigma"][0] = 0.0
    for name in ("k", "xi", "c"):
        forge.text["witness"][name] = number(getattr(more, name))
    assert recheck(forge.write()).code == FALSE


def test_the_factors_of_the_schedule_are_part_of_the_claim(tmp_path: Path) -> None:
    forge = forged(tmp_path, "S")
    forge.arrays["factors"] = forge.arrays["factors"] / 2
    refused(recheck(forge.write()), FALSE, "bounds.loss_end")
    forge = forged(tmp_path, "S")
    forge.arrays["factors"][3] = 1.5
    refused(recheck(forge.write()), DAMAGED, "arrays.factors")
    forge = forged(tmp_path, "M")
    forge.arrays["factors"] = np.array([0.5])
    refused(recheck(forge.write()), DAMAGED, "arrays.factors")
    forge = forged(tmp_path, "S")
    forge.text["witness"]["tail"] = number(0.5)
    assert recheck(forge.write()).accepted, "a larger tail claims less of the rate, which is 1"


def test_a_gradient_that_is_no_number_gives_no_floor() -> None:
    rule = SimpleNamespace(gamma=0.5, delta=0.1)
    assert not clipping_floor(rule, arb("nan")) >= 0
    with pytest.raises(Stop, match="not finite"):
        Checks().compare("bounds.floor", 0.1, clipping_floor(rule, arb("nan")), "lower")
    assert clipping_floor(rule, arb(0.5)) == 1
    assert clipping_floor(rule, arb(2.0)) == 0.25
    assert clipping_floor(rule, arb(10.0)) == arb(0.1)
    assert clipping_floor(SimpleNamespace(gamma=float("inf"), delta=1.0), arb("inf")) == 1


@cache
def long_steps() -> Claim:
    """Beta eta = 1.9: a step of eta lowers the loss less than a step of half its length."""
    last = DeltaGClipSettings("1.9/beta", gamma=10.0, delta=0.5, schedule=Cosine(20, 0.5))
    return certify(near_solution(24, 1e-6), last, theorem="S")


def test_the_rate_holds_for_every_later_factor_above_the_tail(tmp_path: Path) -> None:
    at = long_steps()
    assert at.holds
    assert at.numbers["tail"] == 0.5

    def factor(h: float) -> float:
        return 1 - 2 * at["mu"] * h * (1 - at["beta"] * h / 2)

    least, most = factor(0.5 * at.eta), factor(at.eta)
    assert most > least + 1e-6
    assert most - 1e-12 <= at["rate"] <= most + 1e-9
    forge = Forge(tmp_path, at.text("c.cert.npz"), at.arrays_bytes())
    assert recheck(forge.path).accepted
    forge.text["bounds"]["rate"] = {"kind": "upper", **number(0.5 * (least + most))}
    refused(recheck(forge.write()), FALSE, "bounds.rate")


def test_a_recursion_that_the_theorem_does_not_speak_of(tmp_path: Path) -> None:
    for name, key, given in (
        ("S", "momentum", number(0.5)),
        ("M", "momentum", number(0.0)),
        ("M", "clip", "buffer"),
        ("Mb", "clip", "gradient"),
        ("Mb", "nesterov", True),
        ("M", "momentum", number(1.0)),
    ):
        forge = forged(tmp_path, name)
        forge.text["optimizer"][key] = given
        refused(recheck(forge.write()), DAMAGED, "optimizer.momentum")
    forge = forged(tmp_path, "M Nesterov")
    forge.text["optimizer"]["nesterov"] = False
    assert recheck(forge.write()).code == FALSE, "the heavy ball asks for more"
    forge = forged(tmp_path, "M")
    forge.text["optimizer"]["momentum"] = number(0.6)
    assert recheck(forge.write()).code == FALSE


def test_what_no_recheck_reads_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any_steps.MOST_FACTORS == rechecked.MOST_STEPS
    assert not claim("S").unwritten
    monkeypatch.setattr(any_steps, "MOST_FACTORS", 19)
    long = certify(near_solution(24, 1e-3), RULES["S"], theorem="S")
    assert long.holds
    with pytest.raises(InvalidInputError, match="20 factors of a schedule: a recheck reads at most 19"):
        long.save(tmp_path / "c.cert.json")
    assert not list(tmp_path.iterdir())
    report = pl.verify(near_solution(24, 1e-3), RULES["S"], theorem="S", steps=0)
    assert report.verdict == "CERTIFIED"
    save_certificate_of(report, tmp_path / "c.cert.json")
    assert not list(tmp_path.iterdir())


def test_old_theorems_take_no_momentum(tmp_path: Path) -> None:
    plain = certify(near_solution(24, 1e-3), DeltaGClipSettings(**CLIP), theorem="B")
    forge = Forge(tmp_path, plain.text("c.cert.npz"), plain.arrays_bytes())
    forge.text["optimizer"] |= {"momentum": number(0.5), "nesterov": False, "clip": "gradient"}
    refused(recheck(forge.write()), DAMAGED, "optimizer")
    assert wrong(forge.text, PUBLISHED)
    for name, theorem in (("M", "B"), ("M", "S"), ("S", "B"), ("S", "M"), ("Mb", "M"), ("M", "Mb"), ("M", "D")):
        with pytest.raises(InvalidInputError, match="speaks of"):
            certify(near_solution(24, 1e-3), RULES[name], theorem=theorem)
