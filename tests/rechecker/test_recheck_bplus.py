"""Certificates of Theorem B+: accepted as they are made, refused where a number, a neuron or an array is doctored.

The attacker of these tests knows the schema and recomputes every hash; only the numbers can give the lie away. And the
two programs, which share no code, are held against each other term by term.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flint import arb, arb_mat, ctx
from scipy.integrate import quad

from pltheory.certification.bplus import BPlusResult, certify_bplus, prepare
from pltheory.certification.bplus.consistency import Consistency
from pltheory.certification.claim import Claim
from pltheory.optim import (
    DeltaGClipSettings,
    GClipSettings,
    GradientDescentSettings,
    StepSettings,
)
from pltheory.problem.data import digits
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.rechecker import bplus as recheck_bplus
from pltheory.rechecker import recheck
from pltheory.rechecker.arithmetic import ACTIVATIONS
from pltheory.rechecker.flow import (
    Cells,
    Phase,
    Reference,
    Steps,
    cells,
    phases,
    reference,
    step_constants,
)
from pltheory.rechecker.network import CURVATURES, Network, Suprema
from pltheory.rechecker.neurons import Pass, perron
from pltheory.theory import InvalidInputError
from tests.by_name import bplus_claim
from tests.forge import (
    ACCEPTED,
    DAMAGED,
    FAILED,
    FALSE,
    UNSURE,
    Forge,
    Text,
    all_numbers,
    at,
    dotted,
    flip,
    number,
    refused,
    value,
)

GRID = {"cells": 24, "phases": 3}


def near(
    activation: str, *, loss: Any = "sum", n: int = 3, width: int = 100, distance: float = 0.02, **more: Any
) -> Problem:
    """A network whose targets are near its outputs, so that little width is enough."""
    seed = more.setdefault("seed", 0)
    generator = torch.Generator().manual_seed(seed)
    net = fully_connected([4, width, 1], activation=activation, **more)
    x = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        y = net(x) + distance * torch.randn(n, 1, generator=generator, dtype=torch.float64)
    return Problem(net, x, y, loss)


CASES: dict[str, tuple[Callable[[], Problem], StepSettings]] = {
    "plain": (lambda: near("tanh"), DeltaGClipSettings(0.08, gamma=3e-3, delta=0.1)),
    "bias-mean": (lambda: near("tanh", bias=True, loss="mean"), GClipSettings("0.5/beta", gamma=1e-3)),
    "gd-standard": (
        lambda: near("tanh", bias=True, parametrization="standard", width=300),
        GradientDescentSettings("0.3/beta"),
    ),
    "rademacher": (lambda: near("tanh", output_init="rademacher"), DeltaGClipSettings("0.1/beta", 0.5, 0.1)),
    # The bounds of second order are a good part of all here.
    "far": (lambda: near("tanh", width=400, distance=0.5), DeltaGClipSettings("0.1/beta", 0.5, 0.1)),
    "sigmoid": (lambda: near("sigmoid", bias=True), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "softplus": (lambda: near("softplus", bias=True), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "erf": (lambda: near("erf", bias=True), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "gelu": (lambda: near("gelu"), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "silu": (lambda: near("silu", loss="mean", n=2), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "mish": (lambda: near("mish", n=2), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "sin": (lambda: near("sin", n=2), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
}


@cache
def found_for(name: str) -> BPlusResult:
    problem, rule = CASES[name][0](), CASES[name][1]
    return certify_bplus(problem, rule, rigorous=True, **GRID)


@cache
def proved(name: str) -> Claim:
    claim = bplus_claim(CASES[name][0](), CASES[name][1], found_for(name))
    assert claim.holds, claim.shortfall
    return claim


@cache
def files(name: str) -> tuple[str, bytes]:
    claim = proved(name)
    return claim.text("c.cert.npz"), claim.arrays_bytes()


def forged(folder: Path, name: str = "plain") -> Forge:
    return Forge(folder, *files(name))


@pytest.mark.parametrize("name", CASES)
def test_certificates_are_accepted(tmp_path: Path, name: str) -> None:
    result = recheck(forged(tmp_path, name).path)
    assert result.accepted, result.message
    assert result.theorem == "B+"
    assert {c.code for c in result.checks} == {ACCEPTED}
    # Every bound, and both sides and the relation of five hypotheses and of three in every phase.
    assert len(result.checks) == 10 + 3 * (5 + 3 * len(proved(name).witness["eps"]))


def test_digits_are_accepted(tmp_path: Path) -> None:
    """Six of them, on a coarser grid than a verdict uses by default, so that it takes seconds."""
    data = digits(6)
    rule = DeltaGClipSettings("0.1/beta", gamma=0.5, delta=0.1)
    problem = Problem(fully_connected([64, 1000, 1], output_init="rademacher", seed=0), data.x, data.y)
    found = certify_bplus(problem, rule, rigorous=True, cells=60, phases=5)
    bplus_claim(problem, rule, found).save(tmp_path / "digits.cert.json")
    result = recheck(tmp_path / "digits.cert.json")
    assert result.accepted, result.message


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_every_number_inflated_by_some_percent_is_rejected_by_name(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    honest = json.dumps(forge.text)
    paths: list[tuple[list[Any], int]] = [
        (["bounds", name], 1 if b["kind"] == "lower" else -1) for name, b in forge.text["bounds"].items()
    ]
    for i, h in enumerate(forge.text["hypotheses"]):
        paths += [(["hypotheses", i, "left"], -1), (["hypotheses", i, "right"], 1)]
        assert h["relation"] in ("<", "<=")
    assert len(paths) == 10 + 2 * 14
    for path, sign in paths:
        forge.text = json.loads(honest)
        old = value(at(forge.text, path))
        # Where the certificate's cells are few, the recheck's finer integrals leave the conditions some percent.
        share = 0.05 if path[0] == "hypotheses" else 0.01
        new = old * (1 + sign * share) if old else sign * share
        if path[1] == "rate":
            new = 1 - (1 - old) * 1.01  # a rate near 1 owes its distance from 1 to the bounds
        at(forge.text, path).update(number(new))
        refused(recheck(forge.write_text()), FALSE, dotted(path))


def test_one_flipped_digit_in_any_number_is_noticed(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    honest = json.dumps(forge.text)
    paths = all_numbers(forge.text)
    assert len(paths) == 2 + 2 + 3 + 10 + 2 * 14
    for path in paths:
        for key in ("hex", "decimal"):
            forge.text = json.loads(honest)
            n = at(forge.text, path)
            n[key] = flip(n["hex"]) if key == "hex" else n["decimal"] + "1"
            forge.path.write_text(json.dumps(forge.text))
            refused(recheck(forge.path), DAMAGED, "sha256")
            if key == "decimal":
                refused(recheck(forge.write_text()), DAMAGED, dotted(path))


def test_a_hand_inflated_margin_is_rejected(tmp_path: Path) -> None:
    """A condition claimed to be fulfilled with room to spare, in the last phase."""
    forge = forged(tmp_path)
    for k in (-3, -2, -1):
        left = forge.text["hypotheses"][k]["left"]
        left.update(number(0.5 * value(left)))
    result = recheck(forge.write_text())
    refused(result, FALSE, "hypotheses[11].left")
    assert "(SC1) in phase 3" in result.message
    assert "neuron" in result.message


def test_a_relation_that_fails_is_rejected_though_both_sides_are_bounds(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    forge.text["hypotheses"][5]["left"].update(number(1.5))
    refused(recheck(forge.write_text()), FALSE, "hypotheses[5]")


def test_weaker_claims_are_accepted(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    for b in forge.text["bounds"].values():
        b.update(number(value(b) * (0.99 if b["kind"] == "lower" else 1.01)))
    forge.text["bounds"]["rate"].update(number(1.0))
    assert recheck(forge.write_text()).accepted


# --- the solution -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("neuron", [0, 41, 99])
@pytest.mark.parametrize(("name", "condition"), [("ew", "(SC1)"), ("ea", "(SC2)")])
def test_one_neurons_bound_shrunken_is_rejected_with_its_number(
    tmp_path: Path, name: str, condition: str, neuron: int
) -> None:
    forge = forged(tmp_path)
    forge.arrays[name][:, neuron] *= 0.5
    result = recheck(forge.write())
    refused(result, FALSE, "hypotheses[")
    assert f"{condition} in phase 1" in result.message
    assert result.message.endswith(f"worst at neuron {neuron}")


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_eps_shrunken_in_one_phase_is_rejected_there(tmp_path: Path, phase: int) -> None:
    forge = forged(tmp_path)
    eps = forge.arrays["eps"]
    eps[phase] = (eps[phase - 1] if phase else 0.0) * 1.0001 + (0.3 * eps[0] if phase == 0 else 0.0)
    if phase == 2:
        # Theorem's eps_N: the bounds that quote it are recomputed by the attacker.
        for i, factor in ((3, value(forge.text["bounds"]["c1"])), (4, 1.0)):
            forge.text["hypotheses"][i]["left"].update(number(eps[2] * factor * (1 + 1e-12)))
    refused(recheck(forge.write()), FALSE, f"hypotheses[{7 + 3 * phase}]")


@pytest.mark.parametrize("factor", [0.9, 0.1, 1e-6])
def test_a_solution_scaled_down_is_rejected(tmp_path: Path, factor: float) -> None:
    forge = forged(tmp_path)
    for name in ("ew", "ea", "eps"):
        forge.arrays[name] *= factor
    refused(recheck(forge.write()), FALSE, "hypotheses[5]")


def test_a_solution_scaled_up_past_the_fold_is_rejected(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    for name in ("ew", "ea"):
        forge.arrays[name] *= 1e3
    assert recheck(forge.write()).code == FALSE
    forge = forged(tmp_path)
    forge.arrays["eps"][-1] = 0.99
    assert recheck(forge.write()).code == FALSE
    forge.arrays["eps"][-1] = 5.0
    assert recheck(forge.write()).code == FALSE


SHAPES: list[tuple[str, Callable[[dict[str, np.ndarray]], Any], str]] = [
    ("eps falls", lambda a: a["eps"].__setitem__(1, 0.5 * a["eps"][0]), "arrays.eps"),
    ("ew falls", lambda a: a["ew"].__setitem__((2, 5), 0.5 * a["ew"][1, 5]), "arrays.ew"),
    ("ea falls", lambda a: a["ea"].__setitem__((1, 5), 0.5 * a["ea"][0, 5]), "arrays.ea"),
    ("ew zero", lambda a: a["ew"].__setitem__((slice(None), 7), 0.0), "arrays.ew"),
    ("ea negative", lambda a: a["ea"].__setitem__((0, 7), -1.0), "arrays.ea"),
    ("eps zero", lambda a: a["eps"].__setitem__(0, 0.0), "arrays.eps"),
    ("eps infinite", lambda a: a["eps"].__setitem__(-1, np.inf), "arrays.eps"),
    ("ew a NaN", lambda a: a["ew"].__setitem__((0, 0), np.nan), "arrays.ew"),
    ("a phase less", lambda a: a.update(eps=a["eps"][1:]), "arrays.eps"),
    ("a neuron less", lambda a: a.update(ew=a["ew"][:, 1:].copy()), "arrays.ew"),
    ("ew a vector", lambda a: a.update(ew=a["ew"].ravel()), "arrays.ew"),
    ("times turn back", lambda a: a["times"].__setitem__(5, a["times"][3]), "arrays.times"),
    ("times start late", lambda a: a["times"].__setitem__(0, 1e-9), "arrays.times"),
    ("one time", lambda a: a.update(times=a["times"][:1]), "arrays.times"),
    ("ends between", lambda a: a["ends"].__setitem__(0, 1.5), "arrays.ends"),
    ("ends at 0", lambda a: a["ends"].__setitem__(0, 0.0), "arrays.ends"),
    ("ends turn back", lambda a: a["ends"].__setitem__(1, a["ends"][0]), "arrays.ends"),
    ("ends beyond", lambda a: a["ends"].__setitem__(-1, a["times"].size), "arrays.ends"),
    ("ends before", lambda a: a["ends"].__setitem__(-1, a["times"].size - 2), "arrays.ends"),
    ("an array more", lambda a: a.update(extra=a["eps"]), "arrays.sha256"),
    ("an array less", lambda a: a.pop("ends"), "arrays.sha256"),
]


@pytest.mark.parametrize(("change", "field"), [s[1:] for s in SHAPES], ids=[s[0] for s in SHAPES])
def test_a_solution_that_is_none_is_damage(
    tmp_path: Path, change: Callable[[dict[str, np.ndarray]], Any], field: str
) -> None:
    forge = forged(tmp_path)
    change(forge.arrays)
    refused(recheck(forge.write()), DAMAGED, field)


def gathered(end: float) -> np.ndarray:
    return end * (1 - 1e-9 * np.arange(5, 0, -1))


GRIDS: list[tuple[str, Callable[[dict[str, np.ndarray]], Any]]] = [
    ("it ends early", lambda a: a.update(times=a["times"] * 0.05)),
    ("it ends late", lambda a: a.update(times=a["times"] * 20)),
    (
        "cells of one phase joined",
        lambda a: a["times"].__setitem__(slice(1, 6), a["times"][6] * (1 - 1e-9 * np.arange(5, 0, -1))),
    ),
    ("later phases begin late", lambda a: a["ends"].__setitem__(0, a["ends"][1] - 1)),
    (
        "one cell to infinity",
        lambda a: a.update(times=np.array([0.0, 1e-3, 2e-3, 3e-3]), ends=np.array([1.0, 2.0, 3.0])),
    ),
]


@pytest.mark.parametrize("change", [g[1] for g in GRIDS], ids=[g[0] for g in GRIDS])
def test_a_doctored_grid_is_rejected(tmp_path: Path, change: Callable[[dict[str, np.ndarray]], Any]) -> None:
    forge = forged(tmp_path)
    change(forge.arrays)
    result = recheck(forge.write())
    refused(result, FALSE, "hypotheses[")


# --- what the claim is about ------------------------------------------------------------------------------------------


def other_weights(a: dict[str, np.ndarray], name: str) -> None:
    a[name] = np.random.default_rng(5).standard_normal(a[name].shape)


@pytest.mark.parametrize("name", ["W1", "W2", "x", "y"])
def test_another_networks_arrays_are_rejected(tmp_path: Path, name: str) -> None:
    forge = forged(tmp_path)
    other_weights(forge.arrays, name)
    assert recheck(forge.write()).code == FALSE


def test_the_solution_of_another_network_is_rejected(tmp_path: Path) -> None:
    """Same data, settings and grid, another seed: the attacker swaps the weights and all bounds but the solution."""
    problem = near("tanh", seed=3)
    rule = CASES["plain"][1]
    other = bplus_claim(problem, rule, certify_bplus(problem, rule, rigorous=True, **GRID))
    forge = Forge(tmp_path, other.text("c.cert.npz"), other.arrays_bytes())
    assert recheck(forge.path).accepted
    donor = forged(tmp_path)
    for name in ("ew", "ea"):
        forge.arrays[name] = donor.arrays[name]
    refused(recheck(forge.write()), FALSE, "hypotheses[")


def test_two_neurons_exchanged_in_the_solution_are_noticed(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    ew = forge.arrays["ew"]
    order = np.argsort(ew[-1])
    ew[:, [order[0], order[-1]]] = ew[:, [order[-1], order[0]]]
    refused(recheck(forge.write()), FALSE, "hypotheses[")


def test_the_last_bit_of_a_weight_is_another_statement_and_as_true(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    forge.arrays["W1"].flat[0] = np.nextafter(forge.arrays["W1"].flat[0], 2)
    assert recheck(forge.write()).code in (ACCEPTED, FALSE)
    forge.arrays["W1"].flat[0] += 1.0
    assert recheck(forge.write()).code == FALSE


DISHONEST: list[tuple[str, Callable[[Text], Any], int, str]] = [
    ("delta of GClip", lambda t: t["optimizer"].update(name="gclip"), DAMAGED, "optimizer.delta"),
    ("delta of gd", lambda t: t["optimizer"].update(name="gd"), DAMAGED, "optimizer.delta"),
    ("a smaller delta", lambda t: t["optimizer"].update(delta=number(0.05), gamma=number(1e-9)), FALSE, "bounds.floor"),
    (
        "GClip with its floor",
        lambda t: t["optimizer"].update(name="gclip", delta=number(0.0), gamma=number(1e-9)),
        FALSE,
        "bounds.floor",
    ),
    ("eta larger", lambda t: t["optimizer"].update(eta=number(0.09)), FALSE, "hypotheses[1].left"),
    ("eta smaller", lambda t: t["optimizer"].update(eta=number(0.07)), FALSE, "bounds.rate"),
    ("eta beyond 1/lambda_n", lambda t: t["optimizer"].update(eta=number(100.0)), FALSE, "hypotheses[1].left"),
    ("loss", lambda t: t.update(loss="mean"), FALSE, "bounds.lambda_min"),
    ("activation", lambda t: t["network"].update(activation="erf"), FALSE, "bounds."),
    ("kappa", lambda t: t["network"]["kappas"][1].update(number(0.2)), FALSE, "bounds."),
    ("tau without bias", lambda t: t["network"]["taus"][0].update(number(1.0)), DAMAGED, "network.taus[0]"),
    ("another theorem", lambda t: t.update(theorem="B"), DAMAGED, "witness"),
    ("a ball", lambda t: t.update(ball={"radius": number(1.0)}), DAMAGED, "certificate"),
    ("an assumption", lambda t: t["assumptions"].append("w_0 is random"), DAMAGED, "assumptions"),
    ("a sentence", lambda t: t.update(conclusion="L_t = 0"), DAMAGED, "conclusion"),
    ("direction", lambda t: t["bounds"]["mu"].update(kind="upper"), DAMAGED, "bounds.mu.kind"),
    ("missing bound", lambda t: t["bounds"].pop("c1"), DAMAGED, "bounds"),
    ("a strict relation", lambda t: t["hypotheses"][5].update(relation="<"), DAMAGED, "hypotheses[5].relation"),
    ("a relation with equality", lambda t: t["hypotheses"][2].update(relation="<="), DAMAGED, "hypotheses[2].relation"),
    ("a phase's name", lambda t: t["hypotheses"][8].update(name=t["hypotheses"][5]["name"]), DAMAGED, "hypotheses[8]"),
    ("one hypothesis less", lambda t: t["hypotheses"].pop(), DAMAGED, "hypotheses"),
    ("one hypothesis more", lambda t: t["hypotheses"].append(t["hypotheses"][-1]), DAMAGED, "hypotheses"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "field"), [d[1:] for d in DISHONEST], ids=[d[0] for d in DISHONEST])
def test_a_doctored_text_is_rejected(tmp_path: Path, change: Callable[[Text], Any], code: int, field: str) -> None:
    forge = forged(tmp_path)
    change(forge.text)
    refused(recheck(forge.write_text()), code, field)


def test_a_network_that_the_theorem_does_not_speak_of_is_damage(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    forge.arrays["W2"] = np.vstack([forge.arrays["W2"]] * 2)
    forge.arrays["y"] = np.hstack([forge.arrays["y"]] * 2)
    refused(recheck(forge.write()), DAMAGED, "network.layers")


def test_swapped_hashes_are_damage(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    hashes = forge.text["arrays"]["sha256"]
    hashes["ew"], hashes["ea"] = hashes["ea"], hashes["ew"]
    refused(recheck(forge.write_text()), DAMAGED, "arrays.e")


@pytest.mark.parametrize("part", ["text", "arrays"])
def test_truncated_files_are_damage(tmp_path: Path, part: str) -> None:
    forge = forged(tmp_path)
    file = forge.path if part == "text" else forge.npz
    whole = file.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        file.write_bytes(whole[:length])
        assert recheck(forge.path).code == DAMAGED


def test_one_changed_byte_of_the_solution_is_damage(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    whole = bytearray(forge.npz.read_bytes())
    start = bytes(whole).index(forge.arrays["ew"].tobytes())
    for position in range(start, start + 400, 37):
        changed = bytearray(whole)
        changed[position] ^= 0x01
        forge.npz.write_bytes(bytes(changed))
        refused(recheck(forge.path), DAMAGED, "arrays.")


# --- arithmetic -------------------------------------------------------------------------------------------------------


def test_too_few_bits_are_never_an_acceptance_by_luck(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    # Upper bounds are computed from above, so with few bits a true claim may be beyond them.
    assert recheck(forge.path, bits=24).code in (FALSE, UNSURE, FAILED)
    assert recheck(forge.path, bits=80).accepted
    assert recheck(forge.path, bits=300).accepted
    forge.arrays["ew"][:, 3] *= 0.5
    for bits in (24, 53, 300):
        assert not recheck(forge.write(), bits=bits).accepted


def test_guesses_are_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = forged(tmp_path)
    eigh = np.linalg.eigh

    def careless(m: np.ndarray) -> Any:
        values, vectors = eigh(m)
        return values * 1.01, vectors + 0.01

    monkeypatch.setattr(np.linalg, "eigh", careless)
    # A worse reference kernel is as good in principle; its distance from the true one counts in every phase.
    assert recheck(forge.path).code in (ACCEPTED, FALSE, UNSURE)
    forge.arrays["ew"] *= 0.9
    assert not recheck(forge.write()).accepted


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_extreme_scales_do_not_crash(tmp_path: Path, scale: float) -> None:
    forge = forged(tmp_path)
    for name in ("W1", "W2", "x"):
        forge.arrays[name] *= scale
    assert recheck(forge.write()).code in (FALSE, UNSURE, FAILED)


def test_equal_rows_of_data_are_no_certificate(tmp_path: Path) -> None:
    forge = forged(tmp_path)
    forge.arrays["x"][1] = forge.arrays["x"][0]
    assert recheck(forge.write()).code in (FALSE, UNSURE, FAILED)


def test_an_undecided_verdict_is_not_written(tmp_path: Path) -> None:
    problem = near("tanh", width=10, n=4)
    rule = DeltaGClipSettings("0.1/beta", 0.5, 0.1)
    far = Problem(problem.network, problem.x, problem.y + 3.0)
    certificate = bplus_claim(far, rule, certify_bplus(far, rule, rigorous=True, **GRID))
    assert not certificate.holds
    with pytest.raises(InvalidInputError, match="only a certificate that holds is written: UNDECIDED phase"):
        certificate.save(tmp_path / "no.cert.json")
    assert not list(tmp_path.iterdir())


def test_what_holds_in_float64_only_is_not_written(tmp_path: Path) -> None:
    problem, rule = CASES["plain"][0](), CASES["plain"][1]
    certificate = bplus_claim(problem, rule, certify_bplus(problem, rule, **GRID))
    assert not certificate.holds
    with pytest.raises(InvalidInputError, match="HOLDS"):
        certificate.save(tmp_path / "no.cert.json")


def test_progress_reaches_its_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    recheck(forged(tmp_path).path, progress=lambda done, total, _: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == len(seen)


@pytest.mark.parametrize("name", CURVATURES)
def test_second_and_third_derivatives(name: str) -> None:
    first, (second, s3) = ACTIVATIONS[name][0], CURVATURES[name]
    with ctx.workprec(400):
        h = arb(2) ** -100
        seen = 0.0
        for i in range(-640, 641):
            z = arb(i) / 128
            assert abs((first(z + h)[1] - first(z - h)[1]) / (2 * h) - second(z)) < 1e-50
            seen = max(seen, abs(float((second(z + h) - second(z - h)) / (2 * h))))
        assert 0.9999 * float(s3()) < seen <= float(s3()) * (1 + 1e-15)


@pytest.mark.parametrize("name", CURVATURES)
def test_local_suprema_cover_what_is_sampled(name: str) -> None:
    rng = np.random.default_rng(1)
    first, second = ACTIVATIONS[name][0], CURVATURES[name][0]
    tight = []
    with ctx.workprec(128):
        h = arb(2) ** -40
        over = Suprema(name).over
        for _ in range(200):
            z, zeta = arb(rng.normal() * 1.5), arb(10 ** rng.uniform(-3, 0.5))
            value_at, slope = first(z)
            change, s2, s3 = over(zeta, value_at, second(z))
            points = [z + zeta * arb(t) for t in np.linspace(-1, 1, 25).tolist()]
            sampled = max(float(abs(first(p)[1] - slope)) for p in points)
            assert sampled <= float(change.upper()) * (1 + 1e-12)
            assert max(float(abs(second(p))) for p in points) <= float(s2.upper()) * (1 + 1e-12)
            third = max(float(abs(second(p + h) - second(p - h)) / (2 * h)) for p in points)
            assert third <= float(arb(s3).upper()) * (1 + 1e-9)
            tight.append(sampled / float(change))
    assert np.median(tight) > (0.99 if name == "tanh" else 0.3)


def test_perron_bounds_every_matrix_below() -> None:
    rng = np.random.default_rng(2)
    with ctx.workprec(128):
        for _ in range(20):
            a = np.abs(rng.standard_normal((5, 5)))
            a = a + a.T
            bound = float(perron(arb_mat(5, 5, a.ravel().tolist())).upper())
            assert np.linalg.norm(a, 2) <= bound * (1 + 1e-12)
            assert bound <= np.linalg.norm(a, 2) * (1 + 1e-6)
            signs = np.sign(rng.standard_normal((5, 5)))
            signs = np.triu(signs) + np.triu(signs, 1).T
            assert np.linalg.norm(a * signs, 2) <= bound


# --- two programs, one theorem ----------------------------------------------------------------------------------------


class Both:
    """The producer's constants and the rechecker's for one problem, at the producer's solution.

    What follows from the flow's constants is computed from the producer's, so that it can be compared closely.
    """

    def __init__(self, name: str) -> None:
        problem, rule = CASES[name][0](), CASES[name][1]
        self.setup = prepare(problem, rigorous=True, **GRID)
        found = proved(name)
        proof = found_for(name).proof
        assert proof is not None
        inner = found.eta * problem.scale
        step = self.setup.step(inner)
        assert step is not None
        self.step = step
        self.run = Consistency(self.setup.centre, self.setup.duals, self.setup.linear, self.setup.grid, step)
        assert self.run.solve() is None
        claim = recheck_bplus.Claim(
            "B+", found.loss, rule.name, found.eta, rule.gamma, rule.delta, found.arrays.activation,
            list(found.arrays.kappa), list(found.arrays.tau), list(found.arrays.weights),
            list(found.arrays.biases), found.arrays.x, found.arrays.y, {}, {}, [], [],
            proof.times.tolist(), [int(e) for e in proof.ends], proof.eps.tolist(), proof.ew, proof.ea,
        )  # fmt: skip
        self.net = Network(claim)
        kernel, r0 = self.net.kernel()
        self.at: Reference = reference(kernel)
        start = (self.at.vectors.transpose() * arb_mat([[v] for v in r0])).entries()
        eta = arb(inner)
        self.constants = step_constants(self.at.lam, start, eta)
        self.flow = cells(self.at, start, eta, claim.times, claim.ends)
        given = replace(self.flow, poly=[arb(float(v)) for v in self.setup.grid.poly])
        self.phases = phases(claim.eps, given, Steps(*map(arb, (step.c1, step.ch, step.vs, step.dr, step.dq))))
        self.claim, self.given = claim, given
        self.neurons = self.passed(given, self.phases)

    def passed(self, flow: Cells, by_phase: list[Phase]) -> Pass:
        """The pass over the neurons for other constants."""
        c = self.claim
        neurons = Pass(self.net, self.at, flow, c.ends, by_phase, c.ew, c.ea, c.activation)
        for part in self.net.neurons():
            neurons.take(part)
        return neurons


@pytest.fixture(scope="module", params=["plain", "far", "bias-mean", "gd-standard", "gelu"])
def both(request: pytest.FixtureRequest) -> Any:
    with ctx.workprec(128):
        yield Both(request.param)


def agree(mine: Any, theirs: Any, below: float = 1e-6) -> None:
    """The recheck's bound is not above the certificate's, and not below it by more than a finer method explains."""
    a = np.array([float(v) for v in np.ravel(np.array(mine, dtype=object))])
    b = np.ravel(np.asarray(theirs, dtype=float))
    assert a.shape == b.shape
    assert (a <= b * (1 + 1e-9)).all(), (a / b).max()
    assert (a >= b * (1 - below)).all(), (a / b).min()


def test_constants_of_the_flow_agree(both: Both) -> None:
    c, s = both.constants, both.step
    agree([c.c1, c.ch], [s.c1, s.ch], 1e-3)
    agree([c.vs], [s.vs], 0.01)
    agree([c.dr, c.dq], [s.dr, s.dq], 0.02)


def test_integrals_over_the_grid_agree(both: Both) -> None:
    f, g = both.flow, both.setup.grid
    agree(f.mass, g.mass)
    agree(f.half, g.half)
    agree(f.poly, g.poly, 0.35)  # in closed form here, by Wirtinger's inequality there
    agree([f.tail_r], [g.tail_r])
    agree(f.occupation, g.occupation)
    agree(f.k, g.k)
    agree(f.k1, g.k1)


def test_the_path_sums_of_every_phase_agree(both: Both) -> None:
    regions = both.run.regions
    agree([p.i for p in both.phases], [r.i for r in regions])
    agree([p.eb for p in both.phases], [r.eb for r in regions])


def test_first_order_norms_agree(both: Both) -> None:
    first = both.neurons.first_order()
    agree([first.ce, first.de], [both.setup.duals.ce, both.setup.duals.de])
    agree(first.c1, both.setup.linear.c1)
    agree(first.d1, both.setup.linear.d1)


def test_second_order_norms_and_regions_agree(both: Both) -> None:
    regions, sums = both.run.regions, both.neurons.sums
    agree([both.neurons.second_order(g) for g in range(len(regions))], [r.d2 for r in regions], 1e-3)
    agree([s.p for s in sums], [r.p.max() for r in regions])
    agree([s.o for s in sums], [r.o.max() for r in regions], 5e-3)  # N_j by another power of its matrix


def test_what_the_conditions_ask_for_agrees(both: Both) -> None:
    for k, name in enumerate(("ew", "ea")):
        theirs = [
            float(np.max(getattr(r.asked, name) / getattr(s, name)))
            for r, s in zip(both.run.regions, both.run.states, strict=True)
        ]
        agree([s.asked[k][0] for s in both.neurons.sums], theirs, 1e-3)


def test_the_change_of_the_kernel_agrees(both: Both) -> None:
    first, e0 = both.neurons.first_order(), arb(both.setup.centre.e0)
    mine = [
        recheck_bplus.kernel_change(e0, first, g, p.eb, arb(r.d2))
        for g, (p, r) in enumerate(zip(both.phases, both.run.regions, strict=True))
    ]
    agree(mine, [r.asked.eps for r in both.run.regions])


def test_every_phase_before_and_every_deviation_counts_in_the_conditions(both: Both) -> None:
    asked = [[float(q) for q, _ in s.asked] for s in both.neurons.sums]

    def grown(flow: Cells, by_phase: list[Phase]) -> list[list[float]]:
        sums = both.passed(flow, by_phase).sums
        return [
            [float(q) / old for (q, _), old in zip(s.asked, was, strict=True)]
            for s, was in zip(sums, asked, strict=True)
        ]

    # dr of phase 2 in both of its conditions, and in no other phase.
    one, two, three = both.phases
    change = grown(both.given, [one, replace(two, dr=two.dr + 100), three])
    assert change[0] == change[2] == [1.0, 1.0]
    assert min(change[1]) > 1.01
    # What the path sums gathered in phase 1 stays in all later ones.
    f = both.given
    first = replace(
        f, occupation=[1e8 * f.occupation[0], *f.occupation[1:]], k1=[[1e4 * v for v in f.k1[0]], *f.k1[1:]]
    )
    assert min(min(row) for row in grown(first, both.phases)) > 1.01


def test_what_lies_beyond_a_short_grid_counts() -> None:
    """A grid that ends while most of the run is still ahead, against quadrature."""
    lam, start = np.array([0.3, 1.0, 2.5]), np.array([1.0, -0.7, 0.4])

    def norm_of(power: float, begin: float, end: float = math.inf) -> float:
        found: float = quad(lambda t: np.linalg.norm(lam**power * start * np.exp(-lam * t)), begin, end)[0]
        return found

    with ctx.workprec(128):
        unit = arb_mat([[arb(int(i == k)) for k in range(3)] for i in range(3)])
        whiten = arb_mat([[1 / arb(lam[i]).sqrt() if i == k else arb(0) for k in range(3)] for i in range(3)])
        at = Reference([arb(v) for v in lam.tolist()], whiten, unit, whiten, arb(0))
        found = cells(at, [arb(v) for v in start.tolist()], arb(0.05), [0.0, 0.1, 0.2, 0.5], [2, 3])
        last = found.points.tolist()
    assert float(found.mass[0]) == pytest.approx(norm_of(0.5, 0.0, 0.2), rel=1e-2)
    assert norm_of(0.5, 0.2) <= float(found.mass[1]) <= 2 * norm_of(0.5, 0.2)
    assert norm_of(0.5, 0.5) <= float(found.poly[1] - found.poly[0]) <= 2 * norm_of(0.5, 0.5)
    assert norm_of(0.0, 0.5) <= float(found.tail_r) <= 2 * norm_of(0.0, 0.5)
    # v at infinity is a point of the grid, and the way there from its end a cell.
    np.testing.assert_allclose([float(row[-1]) for row in last], start / np.sqrt(lam))
    rest = np.linalg.norm(start / np.sqrt(lam) * np.exp(-lam * 0.5)) / math.sqrt(2)
    assert float(found.half[1]) == pytest.approx(rest, rel=1e-12)
    assert float(found.half[0]) < 0.2 * rest
    edge = norm_of(0.5, 0.15, 0.2)
    assert edge <= float(found.edge[0]) <= 1.2 * edge


def test_the_tail_enters_the_deviation_of_the_last_phase_only(both: Both) -> None:
    """(L2): beyond the grid r itself is what the sums over cells leave out."""
    steps = Steps(*[arb(0.5)] * 5)
    long, none = (phases([0.01, 0.02], replace(both.flow, tail_r=arb(tail)), steps) for tail in (3.0, 0.0))
    assert float(long[0].dr - none[0].dr) == 0.0
    assert float(long[1].dr - none[1].dr) == 3.0


def test_beta_is_recomputed_with_the_residuals_part(tmp_path: Path) -> None:
    """With eta a number beta is claimed as small as it was found; a third of the residual's part less is refused."""
    problem, rule = CASES["far"][0](), DeltaGClipSettings(0.02, 0.5, 0.1)
    found = bplus_claim(problem, rule, certify_bplus(problem, rule, rigorous=True, **GRID))
    forge = Forge(tmp_path, found.text("c.cert.npz"), found.arrays_bytes())
    assert recheck(forge.path).accepted
    claimed = forge.text["bounds"]["beta"]
    kernel_part = (1 + forge.arrays["eps"][-1]) * value(forge.text["bounds"]["lambda_max"])
    claimed.update(number(value(claimed) - (value(claimed) - kernel_part) / 3))
    refused(recheck(forge.write_text()), FALSE, "bounds.beta")
