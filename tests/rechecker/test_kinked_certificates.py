"""Certificates of networks with kinks, Theorems N, A, A', B, C: true ones accepted, forged and damaged ones not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb

from pltheory.certification.certificate import _build
from pltheory.certification.claim import Claim
from pltheory.certification.enclose import enclose
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings, certifiable
from pltheory.rechecker import crossed, recheck
from pltheory.rechecker.checks import Checks
from pltheory.rechecker.graph import kinked, onelayer
from pltheory.rechecker.potential import Claimed, on_ball
from tests.forge import (
    ACCEPTED,
    DAMAGED,
    FALSE,
    UNSURE,
    Arrays,
    Forge,
    Text,
    all_numbers,
    at,
    dotted,
    number,
    numeric_fields,
    refused,
    value,
)
from tests.rechecker.kinked_graphs import CELLS, NETWORKS, THEOREMS, followed, kept, with_residual
from tests.rechecker.kinked_graphs import crossed as made
from tests.rechecker.test_schema import PUBLISHED, wrong

KINKS = "arguments that may meet a kink on B(w_0, R)"


def forge(folder: Path, claim: Claim) -> Forge:
    return Forge(folder, claim.text("c.cert.npz"), claim.arrays_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_certificates_of_theorem_n_are_accepted(tmp_path: Path, name: str) -> None:
    result = recheck(forge(tmp_path, made(name)).path)
    assert result.accepted, result.message
    assert len(result.checks) > 2 * len(made(name).witness["grid"])


@pytest.mark.parametrize("name", ["leaky", "pool"])
def test_of_the_mean_loss_and_of_a_clipped_rule(tmp_path: Path, name: str) -> None:
    claim = made(name, "mean", DeltaGClipSettings("0.1/beta", 1e-3, 0.25))
    assert 0.25 <= claim["floor"] < 1
    result = recheck(forge(tmp_path, claim).path)
    assert result.accepted, result.message


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_certificates_without_a_kink_on_the_ball_are_accepted(tmp_path: Path, name: str) -> None:
    for theorem, loss in (("B", "sum"), ("C", "mean")) if name == "pool" else (("B", "sum"),):
        result = recheck(forge(tmp_path, kept(name, theorem, loss)).path)
        assert result.accepted, result.message
        assert any(KINKS in check.recomputed for check in result.checks)


@pytest.mark.parametrize("theorem", ["A", "A'"])
def test_of_the_uniform_theorems(tmp_path: Path, theorem: str) -> None:
    result = recheck(forge(tmp_path, kept("leaky pool", theorem)).path)
    assert result.accepted, result.message


def _doctored(folder: Path, claim: Claim, path: list[Any], sign: int) -> Forge:
    forged = forge(folder, claim)
    old = value(at(forged.text, path))
    at(forged.text, path).update(number(old * (1 + sign * 1e-4) if old else sign * 1e-4))
    # Jumps are claimed with room for another choice of multipliers, and what follows from them with them.
    if path[-1] == "kap":
        at(forged.text, path).update(number(0.98 * old))
    if path == ["hypotheses", 2, "right"] and old:
        at(forged.text, path).update(number(1.05 * old))
    if path[-1] == "rate":
        at(forged.text, path).update(number(1 - (1 - old) * (1 + 5e-2)))
    if path[-1] == "required":
        at(forged.text, path).update(number(0.9 * old))
    return forged


@pytest.fixture
def one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what is sharper of one hidden layer than what made the certificates."""
    monkeypatch.setattr(onelayer.OneLayer, "of", classmethod(lambda *_: None))


@pytest.mark.slow
@pytest.mark.usefixtures("one_form")
@pytest.mark.parametrize("name", ["one", "pool and hidden"])
def test_every_number_of_theorem_n_beyond_the_truth_is_refused(tmp_path: Path, name: str) -> None:
    claim = made(name)
    for path, sign in [*numeric_fields(json.loads(claim.text("c"))), (["witness", "step"], -1)]:
        refused(recheck(_doctored(tmp_path, claim, path, sign).write_text()), FALSE, dotted(path))


@pytest.mark.slow
def test_every_number_of_theorem_b_beyond_the_truth_is_refused(tmp_path: Path) -> None:
    claim = kept("leaky pool", "B")
    for path, sign in numeric_fields(json.loads(claim.text("c"))):
        refused(recheck(_doctored(tmp_path, claim, path, sign).write_text()), FALSE, dotted(path))


@pytest.mark.usefixtures("one_form")
@pytest.mark.parametrize("name", ["one", "leaky pool"])
@pytest.mark.parametrize(("array", "factor"), [("sigma", 1 + 1e-5), ("kappa", 1 - 2e-2)])
@pytest.mark.parametrize("j", [0, CELLS // 2, CELLS])
def test_a_profile_beyond_the_truth_is_refused(tmp_path: Path, name: str, array: str, factor: float, j: int) -> None:
    forged = forge(tmp_path, made(name))
    if not forged.arrays[array][j] > 1e-100:
        return  # kap is 0 there: nothing to take away
    forged.arrays[array][j] *= factor
    refused(recheck(forged.write()), FALSE, f"arrays.{array}[{j}]")


def test_weaker_claims_are_true(tmp_path: Path) -> None:
    forged = forge(tmp_path, made("pool"))
    for name, b in forged.text["bounds"].items():
        if name not in ("required", "rate"):
            b.update(number(value(b) * (1 + 1e-3 if b["kind"] == "upper" else 1 - 1e-3)))
    forged.arrays["sigma"] *= 1 - 1e-6
    forged.arrays["kappa"] *= 1 + 1e-6
    assert recheck(forged.write()).accepted


def test_the_form_of_one_layer_confirms_claims_that_the_general_form_denies(tmp_path: Path) -> None:
    """Of larger balls, where the samples that leave a unit's piece at one margin are not all that may."""
    forged = forge(tmp_path, made("one"))
    c = crossed.read_crossed(forged.text, forged.path, lambda *_: None)
    ball = kinked.KinkedBall(c, lambda note: None)
    better = [s for s in (0.26, 0.3, 0.34) if ball.pairs(s)[1][0].value < 0.99 * ball.pairs(s)[0][0].value]
    assert better
    for s in better:
        own = ball.pairs(s)[1]
        kappa = float(own[0].value) * (1 + 1e-9)
        claim = Claimed([0.0, s], [0.0, 0.0], [kappa, kappa], c.bounds, float(own[1].value) * (1 + 1e-9))
        checks = Checks()
        on_ball(c, ball, claim, arb(1), checks, lambda note: None)
        assert {check.code for check in checks} == {ACCEPTED}
        form, ball._one = ball._one, None
        on_ball(c, ball, claim, arb(1), checks := Checks(), lambda note: None)
        assert FALSE in {check.code for check in checks}
        ball._one = form


WRITTEN: dict[str, Callable[[], Claim]] = {
    "N": lambda: made("pool"), "N with biases": lambda: made("leaky"), "B": lambda: kept("overlap", "B"),
    "A'": lambda: kept("leaky pool", "A'"), "D": lambda: followed("one"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRITTEN)
def test_what_is_written_is_of_the_published_form(what: str) -> None:
    text = json.loads(WRITTEN[what]().text("c.cert.npz"))
    assert wrong(text, PUBLISHED) == []
    text["hypotheses"][-1]["name"] += " or not"
    assert wrong(text, PUBLISHED) != []


# --- a ball that meets a kink -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one", "pool", "two"])
def test_a_ball_that_meets_a_kink_is_not_between_kinks(tmp_path: Path, name: str) -> None:
    """The claim that a prover would make which does not look: every other number of it is true."""
    net = NETWORKS[name]()
    centre = enclose(with_residual(net, 1e-3))
    rule = certifiable(GradientDescentSettings("0.5/beta"))
    for radius in (0.01, 0.05, 0.2):
        claim = _build("sum", rule, centre, radius, THEOREMS["B"].condition)
        if claim.inequalities[2].left > 0 and claim.inequalities[3].holds:
            break
    forged = forge(tmp_path, claim)
    assert forged.text["hypotheses"][2]["name"] == KINKS
    forged.text["hypotheses"][2]["left"] = number(0.0)
    refused(recheck(forged.write_text()), FALSE, "hypotheses[2].left")


def test_the_hypothesis_cannot_be_left_out(tmp_path: Path) -> None:
    forged = forge(tmp_path, kept("one", "B"))
    forged.text["hypotheses"].pop(2)
    refused(recheck(forged.write_text()), DAMAGED, "hypotheses")


# --- other networks, other files --------------------------------------------------------------------------------------


def nodes(t: Text) -> list[Any]:
    return t["network"]["nodes"]


FORGED: list[tuple[str, str, Callable[[Text, Arrays], Any]]] = [
    ("leaky pool", "weights", lambda t, a: a.update(W1=a["W1"] * 1.01)),
    ("leaky pool", "head", lambda t, a: a.update(W2=a["W2"] * 1.01)),
    ("leaky pool", "bias", lambda t, a: a.update(b1=a["b1"] + 0.01)),
    ("leaky pool", "data", lambda t, a: a.update(x=a["x"] * 1.01)),
    ("leaky pool", "targets", lambda t, a: a.update(y=a["y"] + 0.01)),
    ("leaky pool", "slope", lambda t, a: nodes(t)[2].update(slope=number(0.5))),
    ("leaky pool", "windows", lambda t, a: a["n2.windows"].__setitem__(0, a["n2.windows"][1])),
    ("leaky pool", "a patch", lambda t, a: a["n1.patches"].__setitem__((0, 0), a["n1.patches"][0, 3])),
    ("leaky", "slopes", lambda t, a: a["n2.slopes"].__setitem__(1, 2.0)),
    ("leaky", "breaks", lambda t, a: (a["n2.breaks"].__setitem__(0, 0.5), a["n2.intercepts"].__setitem__(1, -0.45))),
    ("leaky", "mean loss", lambda t, a: t.update(loss="mean")),
    ("leaky", "grid", lambda t, a: a.update(grid=a["grid"] * 1.1) or t["witness"].update(
        radius=number(a["grid"][-1]))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "change"), FORGED, ids=[f"{f[0]}-{f[1]}" for f in FORGED])
def test_another_network_is_refused(tmp_path: Path, name: str, what: str, change: Callable[..., Any]) -> None:
    forged = forge(tmp_path, made(name))
    change(forged.text, forged.arrays)
    result = recheck(forged.write())
    assert result.code == (DAMAGED if what == "breaks" else FALSE), result.message


W, B = "n2.windows", "n2.breaks"
BROKEN: list[tuple[str, str, Callable[[Text, Arrays], Any], str]] = [
    ("pool", "slope above 1", lambda t, a: nodes(t)[2].update(slope=number(1.5)), "network.nodes[2].slope"),
    ("pool", "slope below 0", lambda t, a: nodes(t)[2].update(slope=number(-0.5)), "network.nodes[2].slope"),
    ("pool", "no slope", lambda t, a: nodes(t)[2].pop("slope"), "network.nodes[2]"),
    ("pool", "a key more", lambda t, a: nodes(t)[2].update(window=2), "network.nodes[2]"),
    ("pool", "reads two", lambda t, a: nodes(t)[2].update(inputs=[1, 1]), "network.nodes[2].inputs"),
    ("pool", "size", lambda t, a: nodes(t)[2].update(size=23), "network.nodes[2].size"),
    ("pool", "an entry twice", lambda t, a: a[W].__setitem__((0, 0), a[W][0, 1]), f"arrays.{W}"),
    ("pool", "an empty window", lambda t, a: a[W].__setitem__(0, -1), f"arrays.{W}"),
    ("pool", "an index too large", lambda t, a: a[W].__setitem__((0, 0), 96), f"arrays.{W}"),
    ("pool", "below -1", lambda t, a: a[W].__setitem__((0, 0), -2), f"arrays.{W}"),
    ("pool", "half an index", lambda t, a: a[W].__setitem__((0, 0), 0.5), f"arrays.{W}"),
    ("pool", "no windows", lambda t, a: a.pop(W), "arrays.sha256"),
    ("pool", "windows of one axis", lambda t, a: a.update({W: a[W].ravel()}), f"arrays.{W}"),
    ("pool", "negative sigma", lambda t, a: a["sigma"].__setitem__(3, -1.0), "arrays.sigma"),
    ("pool", "negative kappa", lambda t, a: a["kappa"].__setitem__(3, -1.0), "arrays.kappa"),
    ("pool", "kappa shorter", lambda t, a: a.update(kappa=a["kappa"][1:].copy()), "arrays.kappa"),
    ("pool", "no kappa", lambda t, a: a.pop("kappa"), "arrays.sha256"),
    ("pool", "no step", lambda t, a: t["witness"].pop("step"), "witness"),
    ("pool", "grid from 1", lambda t, a: a["grid"].__setitem__(0, 1e-9), "arrays.grid"),
    ("pool", "grid that falls", lambda t, a: a["grid"].__setitem__(3, a["grid"][2]), "arrays.grid"),
    ("pool", "another radius", lambda t, a: t["witness"].update(radius=number(1.0)), "arrays.grid"),
    ("pool", "schema 1", lambda t, a: t.update(schema="pltheory-certificate/1"), "schema"),
    ("clipped", "breaks that fall", lambda t, a: a[B].__setitem__(0, 0.9), f"arrays.{B}"),
    ("clipped", "breaks twice", lambda t, a: a[B].__setitem__(0, 0.7), f"arrays.{B}"),
    ("clipped", "a jump", lambda t, a: a["n2.intercepts"].__setitem__(0, -0.7000000000000001), f"arrays.{B}"),
    ("clipped", "a slope too few", lambda t, a: a.update({"n2.slopes": a["n2.slopes"][1:].copy()}), "arrays.n2.slopes"),
    ("clipped", "an intercept too few", lambda t, a: a.update({"n2.intercepts": a["n2.intercepts"][1:].copy()}),
     "arrays.n2.intercepts"),
    ("clipped", "a slope and an intercept", lambda t, a: (
        a["n2.slopes"].__setitem__(0, 0.5), a["n2.intercepts"].__setitem__(0, -0.35)), "arrays.n2.intercepts"),
    ("clipped", "infinite slope", lambda t, a: a["n2.slopes"].__setitem__(0, np.inf), "arrays.n2.slopes"),
    ("clipped", "size", lambda t, a: nodes(t)[2].update(size=23), "network.nodes[2].size"),
    ("clipped", "an activation", lambda t, a: nodes(t)[2].update(activation="relu"), "network.nodes[2]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "change", "field"), BROKEN, ids=[f"{b[0]}-{b[1]}" for b in BROKEN])
def test_what_is_no_such_file_is_refused(
    tmp_path: Path, name: str, what: str, change: Callable[..., Any], field: str
) -> None:
    forged = forge(tmp_path, made(name))
    change(forged.text, forged.arrays)
    refused(recheck(forged.write()), DAMAGED, field)


def test_theorem_n_is_of_networks_with_kinks(tmp_path: Path) -> None:
    """A pointwise activation in the place of every kink."""
    forged = forge(tmp_path, made("one"))
    nodes(forged.text)[2] = {"kind": "pointwise", "inputs": [1], "size": 24, "activation": "tanh"}
    for name in ("breaks", "slopes", "intercepts"):
        forged.arrays.pop(f"n2.{name}")
    refused(recheck(forged.write()), DAMAGED, "network.nodes")


def test_every_stored_number_counts(tmp_path: Path) -> None:
    forged = forge(tmp_path, made("pool"))
    honest = json.dumps(forged.text)
    for path in all_numbers(forged.text):
        forged.text = json.loads(honest)
        at(forged.text, path)["decimal"] += "1"
        refused(recheck(forged.write_text()), DAMAGED, dotted(path))


@pytest.mark.parametrize("limit", ["most_seconds", "most_gib"])
def test_what_costs_more_than_allowed_is_not_read(tmp_path: Path, limit: str) -> None:
    result = recheck(forge(tmp_path, made("pool")).path, **{limit: 1e-3})
    assert result.code == UNSURE
