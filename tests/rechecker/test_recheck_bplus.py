"""Certificates of Theorem B+: accepted as they are made, refused where a number, a neuron or an array is doctored.

The attacker of these tests knows the schema and recomputes every hash; only the numbers can give the lie away.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat, ctx

from pltheory.certification.bplus import certify_bplus
from pltheory.optim import (
    DeltaGClipSettings,
)
from pltheory.problem.data import digits
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from pltheory.rechecker.arithmetic import ACTIVATIONS
from pltheory.rechecker.network import CURVATURES, Suprema
from pltheory.rechecker.neurons import perron
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
from tests.rechecker.bplus_certificates import CASES, GRID, forged, near, proved


@pytest.mark.slow
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


@pytest.mark.slow
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
