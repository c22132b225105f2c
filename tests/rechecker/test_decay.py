"""Certificates of Theorem W2: what the prover writes is accepted, what is doctored is not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.certificates.prove import certify
from pltheory.certification.claim import Claim
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.optim.schedule import Cosine
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from pltheory.theory import InvalidInputError
from pltheory.verification.contract import near_solution
from tests.forge import DAMAGED, FALSE, Forge, number, refused, value
from tests.rechecker.test_schema import PUBLISHED, wrong

RULES = {
    "coupled": DeltaGClipSettings("0.5/beta", 1e-3, 0.2, weight_decay=1e-5),
    "decoupled": DeltaGClipSettings("0.5/beta", 1e-4, 0.2, weight_decay=1e-6, decoupled_weight_decay=True),
    "scheduled": GClipSettings("1/beta", 1e-3, 0.0, weight_decay=1e-5, schedule=Cosine(30)),
    "unclipped": GradientDescentSettings("0.5/beta", weight_decay=1e-5),
}


@cache
def claim(name: str) -> Claim:
    return certify(near_solution(24, 1e-3), RULES[name], theorem="W2")


def forged(folder: Path, name: str) -> Forge:
    return Forge(folder, claim(name).text("c.cert.npz"), claim(name).arrays_bytes())


@pytest.mark.parametrize("name", RULES)
def test_what_is_proved_is_accepted(name: str, tmp_path: Path) -> None:
    assert claim(name).holds, claim(name).shortfall
    assert claim(name)["loss_end"] < claim(name)["residual"] ** 2 / 2
    forge = forged(tmp_path, name)
    assert not wrong(forge.text, PUBLISHED)
    assert recheck(forge.path).accepted, recheck(forge.path).message


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_every_bound_matters(name: str, tmp_path: Path) -> None:
    for key, bound in forged(tmp_path, name).text["bounds"].items():
        forge = forged(tmp_path, name)
        x = value({k: bound[k] for k in ("hex", "decimal")})
        if bound["kind"] == "lower" and x == 1:
            continue  # the floor of a rule that does not clip
        better = x * (1 - 1e-6) if bound["kind"] == "upper" else x * (1 + 1e-6)
        forge.text["bounds"][key] = {"kind": bound["kind"], **number(better)}
        result = recheck(forge.write())
        assert result.code == FALSE, (key, result.message)


@pytest.mark.parametrize("name", RULES)
def test_a_smaller_mu_asks_for_a_larger_floor(name: str, tmp_path: Path) -> None:
    """L_{t+1} <= (1 - h mu) L_t + h mu F: of a loss below F half of mu with the same F says more."""
    forge = forged(tmp_path, name)
    bounds = forge.text["bounds"]
    halved = {k: value({n: bounds[k][n] for n in ("hex", "decimal")}) for k in ("mu", "limit", "loss_end")}
    bounds["mu"] = {"kind": "lower", **number(halved["mu"] / 2)}
    refused(recheck(forge.write()), FALSE, "bounds.limit")
    bounds["limit"] = {"kind": "upper", **number(halved["limit"] * 2)}
    bounds["loss_end"] = {"kind": "upper", **number(halved["loss_end"] + halved["limit"])}
    assert recheck(forge.write()).accepted
    bounds["mu"] = {"kind": "lower", **number(0.0)}
    refused(recheck(forge.write()), FALSE, "mu")


def test_the_steps_are_part_of_the_claim(tmp_path: Path) -> None:
    forge = forged(tmp_path, "coupled")
    steps = forge.text["witness"]["steps"]
    forge.arrays["repeats"], forge.text["witness"]["steps"] = np.array([50.0 * steps]), 50 * steps
    assert recheck(forge.write()).code == FALSE, "decay moves the weights further"
    forge = forged(tmp_path, "coupled")
    forge.arrays["repeats"], forge.text["witness"]["steps"] = np.array([steps - 1.0]), steps - 1
    refused(recheck(forge.write()), FALSE, "bounds.loss_end")
    for key, array in (("repeats", [0.0]), ("repeats", [1.5]), ("repeats", [1.0, 1.0]), ("factors", [1.5])):
        forge = forged(tmp_path, "coupled")
        forge.arrays[key] = np.array(array)
        refused(recheck(forge.write()), DAMAGED, f"arrays.{key}")
    forge = forged(tmp_path, "coupled")
    forge.text["witness"]["steps"] = steps + 1
    refused(recheck(forge.write()), DAMAGED, "witness.steps")
    forge = forged(tmp_path, "scheduled")
    forge.arrays["factors"] = forge.arrays["factors"] / 2
    refused(recheck(forge.write()), FALSE, "bounds.loss_end")


def test_the_decay_is_part_of_the_claim(tmp_path: Path) -> None:
    forge = forged(tmp_path, "coupled")
    forge.text["optimizer"]["weight_decay"] = number(2e-5)
    refused(recheck(forge.write()), FALSE, "bounds.reached")
    forge = forged(tmp_path, "decoupled")
    forge.text["optimizer"]["decoupled_weight_decay"] = False
    assert recheck(forge.write()).accepted, "in what is clipped it is no larger"
    for key, given in (("weight_decay", number(0.0)), ("weight_decay", number(-1.0)), ("decoupled_weight_decay", 1)):
        forge = forged(tmp_path, "coupled")
        forge.text["optimizer"][key] = given
        refused(recheck(forge.write()), DAMAGED, f"optimizer.{key}")
    forge = forged(tmp_path, "coupled")
    forge.text["optimizer"]["momentum"] = number(0.0)
    refused(recheck(forge.write()), DAMAGED, "optimizer")
    assert wrong(forge.text, PUBLISHED)


def test_of_a_mean_the_same_run_is_certified(tmp_path: Path) -> None:
    """c L with eta / c, c gamma and c lambda: the same ball and horizon, losses times c, W as it is."""
    whole = near_solution(24, 1e-3)
    mean, rule = (
        Problem(whole.network, whole.x, whole.y, "mean"),
        DeltaGClipSettings(0.05, 1e-3, 0.2, weight_decay=1e-5),
    )
    one, other = certify(whole, rule, theorem="W2"), certify(mean, rule.for_loss(mean.scale), theorem="W2")
    assert (one.holds, other.numbers) == (True, one.numbers)
    for key, factor in {"mu": 1, "limit": 1, "loss_end": 1, "weights": 0, "required": 0, "floor": 0}.items():
        assert other[key] == pytest.approx(one[key] * mean.scale**factor, rel=1e-9), key
    assert recheck(Forge(tmp_path, other.text("c.cert.npz"), other.arrays_bytes()).path).accepted


def test_all_groups_of_a_graph_decay(tmp_path: Path) -> None:
    gen = torch.Generator().manual_seed(0)
    x = torch.nn.functional.normalize(torch.randn(3, 4, generator=gen, dtype=torch.float64), dim=1)
    net = nn.Sequential(nn.Linear(4, 40), nn.ReLU(), nn.Linear(40, 1)).double()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=gen, dtype=torch.float64) / 4)
        y = net(x) + 1e-7
    rule = DeltaGClipSettings("0.5/beta", 1e-8, 0.3, weight_decay=1e-10, decoupled_weight_decay=True)
    found = certify(Problem(net, x, y), rule, theorem="W2")
    assert found.holds, found.shortfall
    norm = float(torch.cat([p.detach().flatten() for p in net.parameters()]).norm())
    assert found["weights"] == pytest.approx(norm, rel=1e-12)
    assert recheck(Forge(tmp_path, found.text("c.cert.npz"), found.arrays_bytes()).path).accepted


@pytest.mark.parametrize("rule", [
    GradientDescentSettings("0.5/beta", weight_decay=5e-324), GradientDescentSettings(1e-320, weight_decay=1e-5),
])  # fmt: skip
def test_a_share_that_underflows_is_small(rule: GradientDescentSettings) -> None:
    assert certify(near_solution(24, 1e-3), rule, theorem="W2").holds


def test_other_theorems_take_no_decay() -> None:
    for theorem in ("B", "S", "T", "M"):
        with pytest.raises(InvalidInputError, match="not of weight decay 1e-05"):
            certify(near_solution(24, 1e-3), RULES["coupled"], theorem=theorem)
    with pytest.raises(InvalidInputError, match="speaks of weight decay without momentum"):
        certify(near_solution(24, 1e-3), DeltaGClipSettings("0.5/beta", 1e-3, 0.2), theorem="W2")
