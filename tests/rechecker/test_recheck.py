"""The rechecker accepts what the producer proves and refuses every doctored, damaged or untrue certificate.

The attacker of these tests knows the schema and recomputes every hash; only the numbers can give the lie away.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import pkgutil
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from pltheory import rechecker as module
from pltheory.certification import certificate as proofs
from pltheory.certification.profile import profile
from pltheory.cli.recheck import command
from pltheory.measure.linearization import linearize
from pltheory.optim import (
    DeltaGClipSettings,
    GClipSettings,
    GradientDescentSettings,
    StepSettings,
)
from pltheory.problem.problem import Problem
from pltheory.rechecker import CHECKERS, ball_bounds, recheck, statements
from pltheory.rechecker import arithmetic as arithmetic
from pltheory.rechecker import ball as recheck_ball
from pltheory.rechecker import file as recheck_file
from pltheory.theory import InvalidInputError
from tests.by_name import THEOREMS as THEOREM_OF
from tests.by_name import certify
from tests.cases import CASES, Case
from tests.forge import (
    ACCEPTED,
    DAMAGED,
    FAILED,
    FALSE,
    UNSURE,
    Arrays,
    Forge,
    Text,
    all_numbers,
    at,
    dotted,
    flip,
    number,
    numeric_fields,
    refused,
    value,
)

DELTA = DeltaGClipSettings("0.5/beta", gamma=0.01, delta=0.1)
RULES: list[StepSettings] = [DELTA, GClipSettings("0.3/beta", gamma=1e-4), GradientDescentSettings("0.9/beta")]
THEOREMS = ("A", "A'", "B", "C")
RADII = 24
"""Of the profile of a deep network: each costs a recheck as much as the next."""


def prove(problem: Problem, rule: StepSettings, theorem: str) -> Any:
    lin = linearize(problem.network, problem.x)
    guess = profile(lin, float(problem.residual().detach().norm()), problem.scale)
    return certify(problem, rule, guess, theorem=theorem)


@cache
def certified(case: Case, rule: int, theorem: str) -> tuple[str, bytes]:
    """The two files of a certificate that holds, from targets as far from the outputs as it can bear."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proofs, "POINTS", RADII if len(case.hidden) > 1 else proofs.POINTS)
        for distance in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
            certificate = prove(case.near(distance), RULES[rule], theorem)
            if certificate.holds:
                return certificate.text("c.cert.npz"), certificate.arrays_bytes()
    raise AssertionError(f"no certificate for {case.name}")


def forged(folder: Path, case: Case, rule: int = 0, theorem: str = "B") -> Forge:
    return Forge(folder, *certified(case, rule, theorem))


ONE = CASES[0]
WIDE = CASES[1]  # biases, three outputs, mean loss


@pytest.mark.parametrize("theorem", THEOREMS)
@pytest.mark.parametrize("index", range(len(CASES)), ids=[c.name for c in CASES])
def test_certificates_are_accepted(tmp_path: Path, index: int, theorem: str) -> None:
    case = CASES[index]
    if len(case.hidden) > 1 and (theorem == "C" or (theorem == "B" and index not in (3, 5))):
        pytest.skip("a deep profile takes a second")
    rule = (index + THEOREMS.index(theorem)) % 3
    result = recheck(forged(tmp_path, case, rule, theorem).path)
    assert result.accepted, result.message
    assert result.theorem == theorem
    assert len(result.checks) > 15
    assert {c.code for c in result.checks} == {0}


# Rules and losses for which every bound is tight: clipping decides the floor, the residual the radius.
TIGHT = [(ONE, 0, "A"), (ONE, 1, "A'"), (ONE, 1, "B"), (WIDE, 1, "C"), (CASES[4], 1, "A"), (CASES[2], 1, "A'")]


@pytest.mark.slow
@pytest.mark.parametrize(("case", "rule", "theorem"), TIGHT, ids=[f"{c.name}-{t}" for c, _, t in TIGHT])
def test_every_number_inflated_by_a_millionth_is_rejected_by_name(
    tmp_path: Path, case: Case, rule: int, theorem: str
) -> None:
    forge = forged(tmp_path, case, rule, theorem)
    honest = json.dumps(forge.text)
    for path, sign in numeric_fields(forge.text):
        forge.text = json.loads(honest)
        old = value(at(forge.text, path))
        at(forge.text, path).update(number(old * (1 + sign * 1e-6) if old else sign * 1e-6))
        name = "hypotheses[1].right" if path == ["hypotheses", 1, "right"] else dotted(path)
        if path == ["bounds", "floor"] and old == 1.0:
            continue  # nothing clips here: see the next test
        if path == ["bounds", "rate"] and 1 - old < 1e-2:
            # A rate near 1 owes its distance from 1 to the bounds; that distance is what is inflated.
            at(forge.text, path).update(number(1 - (1 - old) * (1 + 1e-6)))
        refused(recheck(forge.write_text()), FALSE, name)


def test_a_floor_without_clipping_is_not_raised(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE, 2)
    forge.text["bounds"]["floor"].update(number(1 + 1e-6))
    refused(recheck(forge.write_text()), FALSE, "bounds.floor")


@pytest.mark.parametrize("theorem", ["A", "B"])
def test_one_flipped_digit_in_any_number_is_noticed(tmp_path: Path, theorem: str) -> None:
    forge = forged(tmp_path, WIDE, 0, theorem)
    honest = json.dumps(forge.text)
    paths = all_numbers(forge.text)
    assert len(paths) >= 19
    for path in paths:
        for key in ("hex", "decimal"):
            forge.text = json.loads(honest)
            n = at(forge.text, path)
            n[key] = flip(n["hex"]) if key == "hex" else n["decimal"] + "1"
            forge.path.write_text(json.dumps(forge.text))
            refused(recheck(forge.path), DAMAGED, "sha256")
            if key == "decimal":
                refused(recheck(forge.write_text()), DAMAGED, dotted(path))


def change_eta(factor: float) -> Callable[[Text], Any]:
    return lambda t: t["optimizer"].update(eta=number(factor * value(t["optimizer"]["eta"])))


DISHONEST: list[tuple[str, Callable[[Text], Any], int, str]] = [
    ("loss", lambda t: t.update(loss="mean"), FALSE, "arrays.sigma"),
    ("eta beyond 2/beta", lambda t: t["optimizer"].update(eta=number(2.1 / value(t["bounds"]["beta"]))), FALSE, "hyp"),
    ("eta a little larger", change_eta(1.01), FALSE, "hyp"),
    ("eta a little smaller", change_eta(0.99), FALSE, "bounds.rate"),
    ("eta zero", lambda t: t["optimizer"].update(eta=number(0.0)), DAMAGED, "optimizer.eta"),
    ("eta negative", lambda t: t["optimizer"].update(eta=number(-0.1)), DAMAGED, "optimizer.eta"),
    ("eta infinite", lambda t: t["optimizer"].update(eta=number(np.inf)), DAMAGED, "optimizer.eta"),
    ("gamma smaller", lambda t: t["optimizer"].update(gamma=number(1e-9)), FALSE, "bounds.floor"),
    ("gamma negative", lambda t: t["optimizer"].update(gamma=number(-1.0)), DAMAGED, "optimizer.gamma"),
    ("delta of GClip", lambda t: t["optimizer"].update(delta=number(0.5)), DAMAGED, "optimizer.delta"),
    ("another rule", lambda t: t["optimizer"].update(name="delta-gclip"), DAMAGED, "optimizer.delta"),
    ("unknown rule", lambda t: t["optimizer"].update(name="adam"), DAMAGED, "optimizer.name"),
    ("activation", lambda t: t["network"].update(activation="erf"), FALSE, "bounds.residual"),
    ("not smooth", lambda t: t["network"].update(activation="relu"), DAMAGED, "network.activation"),
    ("kappa", lambda t: t["network"]["kappas"][1].update(number(0.4)), FALSE, "arrays.sigma"),
    ("tau without bias", lambda t: t["network"]["taus"][0].update(number(1.0)), DAMAGED, "network.taus[0]"),
    ("kappas too many", lambda t: t["network"]["kappas"].append(number(1.0)), DAMAGED, "network.kappas"),
    ("layers", lambda t: t["network"].update(layers=3), DAMAGED, "network.kappas"),
    ("layers a truth value", lambda t: t["network"].update(layers=True), DAMAGED, "network.layers"),
    ("radius", lambda t: t["witness"].update(radius=number(2 * value(t["witness"]["radius"]))), DAMAGED, "arrays.grid"),
    ("schema", lambda t: t.update(schema="pltheory-certificate/3"), DAMAGED, "schema"),
    ("theorem name", lambda t: t.update(theorem="A"), DAMAGED, "conclusion"),
    ("unknown theorem", lambda t: t.update(theorem="LZB22-6"), DAMAGED, "theorem"),
    ("a sentence", lambda t: t.update(conclusion="L_t <= 2^-t L_0"), DAMAGED, "conclusion"),
    ("statement", lambda t: t.update(statement="for all weights"), DAMAGED, "statement"),
    ("an assumption", lambda t: t["assumptions"].append("P = NP"), DAMAGED, "assumptions"),
    ("unknown key", lambda t: t.update(extra=1), DAMAGED, "certificate"),
    ("missing key", lambda t: t.pop("loss"), DAMAGED, "certificate"),
    ("unknown bound", lambda t: t["bounds"].update(more=number(1.0)), DAMAGED, "bounds"),
    ("missing bound", lambda t: t["bounds"].pop("mu"), DAMAGED, "bounds"),
    ("direction", lambda t: t["bounds"]["mu"].update(kind="upper"), DAMAGED, "bounds.mu.kind"),
    ("NaN", lambda t: t["bounds"]["mu"].update(number(np.nan)), DAMAGED, "bounds.mu"),
    ("infinity", lambda t: t["bounds"]["beta"].update(number(np.inf)), DAMAGED, "bounds.beta"),
    ("overflow", lambda t: t["bounds"]["beta"].update(hex="0x1p+5000"), DAMAGED, "bounds.beta"),
    ("not canonical", lambda t: t["bounds"]["beta"].update(hex="0x2p0"), DAMAGED, "bounds.beta"),
    ("not a number", lambda t: t["bounds"]["beta"].update(hex=7), DAMAGED, "bounds.beta"),
    ("a list for a number", lambda t: t["bounds"].update(beta=[1]), DAMAGED, "bounds.beta"),
    ("relation", lambda t: t["hypotheses"][0].update(relation="<="), DAMAGED, "hypotheses[0].relation"),
    ("hypothesis name", lambda t: t["hypotheses"][1].update(name="beta eta < 3"), DAMAGED, "hypotheses[1].name"),
    ("one hypothesis less", lambda t: t["hypotheses"].pop(), DAMAGED, "hypotheses"),
    ("file above", lambda t: t["arrays"].update(file="../c.cert.npz"), DAMAGED, "arrays.file"),
    ("file elsewhere", lambda t: t["arrays"].update(file="other.npz"), DAMAGED, "arrays.file"),
    ("file a number", lambda t: t["arrays"].update(file=3), DAMAGED, "arrays.file"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "field"), [d[1:] for d in DISHONEST], ids=[d[0] for d in DISHONEST])
def test_a_doctored_text_is_rejected(tmp_path: Path, change: Callable[[Text], Any], code: int, field: str) -> None:
    forge = forged(tmp_path, ONE, 1)
    change(forge.text)
    refused(recheck(forge.write_text()), code, field)


def test_a_hand_inflated_margin_is_rejected(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE)
    right = forge.text["hypotheses"][2]["right"]
    right.update(number(2 * value(right)))
    refused(recheck(forge.write_text()), FALSE, "hypotheses[2].right")


def test_a_relation_that_fails_is_rejected_though_both_sides_are_bounds(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE)
    residual = forge.text["hypotheses"][2]
    residual["left"].update(number(2 * value(residual["right"])))
    refused(recheck(forge.write_text()), FALSE, "hypotheses[2]")


@pytest.mark.parametrize(("donor", "name"), [("B", "A"), ("B", "A'"), ("A", "B"), ("A'", "A")])
def test_another_theorem_with_these_numbers_is_rejected(tmp_path: Path, donor: str, name: str) -> None:
    forge = forged(tmp_path, ONE, 0, donor)
    theorem = THEOREM_OF[name]
    forge.text.update(theorem=name, conclusion=theorem.conclusion, citation=theorem.citation)
    for h, (text, _) in zip(forge.text["hypotheses"], recheck_ball.HYPOTHESES[name], strict=True):
        h["name"] = text
    result = recheck(forge.write_text())
    assert result.code == FALSE, result.message


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Theorem E, which proves more than the recursions in networks as small as these."""
    monkeypatch.setattr(ball_bounds, "covered", lambda *_: False)


@pytest.mark.usefixtures("plain")
def test_a_larger_ball_needs_numbers_of_its_own(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE)
    forge.arrays["grid"] = forge.arrays["grid"] * 1.5
    forge.text["witness"]["radius"] = number(forge.arrays["grid"][-1])
    refused(recheck(forge.write()), FALSE, "arrays.sigma")


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("j", [0, 80, 120])
def test_sigma_inflated_at_one_radius_is_rejected_there(tmp_path: Path, j: int) -> None:
    forge = forged(tmp_path, ONE)
    forge.arrays["sigma"][j] *= 1 + 1e-6
    refused(recheck(forge.write()), FALSE, f"arrays.sigma[{j}]")


GRIDS: list[tuple[str, Callable[[np.ndarray], Any]]] = [
    ("does not start at 0", lambda g: g.__setitem__(0, 1e-9)),
    ("stands still", lambda g: g.__setitem__(5, g[4])),
    ("turns back", lambda g: g.__setitem__(5, g[7])),
    ("ends elsewhere", lambda g: g.__setitem__(-1, g[-1] * 1.1)),
]


@pytest.mark.parametrize("change", [g[1] for g in GRIDS], ids=[g[0] for g in GRIDS])
def test_a_doctored_grid_is_rejected(tmp_path: Path, change: Callable[[np.ndarray], Any]) -> None:
    forge = forged(tmp_path, ONE)
    change(forge.arrays["grid"])
    refused(recheck(forge.write()), DAMAGED, "arrays.grid")


def test_the_required_radius_is_a_point_of_the_grid_where_the_profile_outweighs_the_residual(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE)
    grid = forge.arrays["grid"].tolist()
    j = grid.index(value(forge.text["bounds"]["required"]))
    forge.text["bounds"]["required"].update(number(grid[j - 1]))
    forge.text["bounds"]["mu"].update(number(0.0))
    refused(recheck(forge.write_text()), FALSE, "bounds.required")


@pytest.mark.parametrize("name", ["W1", "W2", "x", "y", "b1", "b2"])
def test_a_changed_array_with_right_hashes_is_judged_by_recomputation(tmp_path: Path, name: str) -> None:
    forge = forged(tmp_path, WIDE)
    honest = forge.arrays[name].copy()
    forge.arrays[name].flat[0] += 0.1
    assert recheck(forge.write()).code == FALSE
    # The last bit of a weight moves no bound by its slack: a statement about other weights, and as true.
    forge.arrays[name] = honest
    honest.flat[0] = np.nextafter(honest.flat[0], 2)
    assert recheck(forge.write()).accepted


def test_a_bias_array_is_not_lost_or_added(tmp_path: Path) -> None:
    forge = forged(tmp_path, WIDE)
    del forge.arrays["b1"]
    refused(recheck(forge.write()), DAMAGED, "network.taus[0]")
    forge.text["network"]["taus"][0].update(number(0.0))
    assert recheck(forge.write()).code == FALSE
    forge = forged(tmp_path, ONE)
    forge.arrays["b9"] = np.zeros(4)
    refused(recheck(forge.write()), DAMAGED, "arrays.sha256")


ARRAYS: list[tuple[str, Callable[[Arrays], Any], str]] = [
    ("NaN", lambda a: a["W1"].__setitem__((0, 0), np.nan), "arrays.W1"),
    ("infinity", lambda a: a["y"].__setitem__((0, 0), np.inf), "arrays.y"),
    ("float32", lambda a: a.update(x=a["x"].astype(np.float32)), "arrays.x"),
    ("big-endian", lambda a: a.update(x=a["x"].astype(">f8")), "arrays.x"),
    ("integers", lambda a: a.update(y=np.ones(a["y"].shape, dtype=int)), "arrays.y"),
    ("pickled", lambda a: a.update(y=np.array([[{}]] * 3, dtype=object)), "arrays.y"),
    ("vector of data", lambda a: a.update(x=a["x"].ravel()), "arrays.x"),
    ("fewer targets", lambda a: a.update(y=a["y"][:2]), "arrays.y"),
    ("inputs of another width", lambda a: a.update(x=a["x"][:, :2].copy()), "arrays.W1"),
    ("a bias too long", lambda a: a.update(b1=np.zeros(9)), "arrays.b1"),
    ("no rows", lambda a: a.update(x=a["x"][:0], y=a["y"][:0]), "arrays.x"),
    ("sigma shorter", lambda a: a.update(sigma=a["sigma"][1:]), "arrays.sigma"),
    ("sigma negative", lambda a: a["sigma"].__setitem__(3, -1.0), "arrays.sigma"),
    ("an array more", lambda a: a.update(W3=a["W2"]), "arrays.sha256"),
    ("an array less", lambda a: a.pop("W2"), "arrays.sha256"),
]


@pytest.mark.parametrize(("change", "field"), [a[1:] for a in ARRAYS], ids=[a[0] for a in ARRAYS])
def test_malformed_arrays_are_damage(tmp_path: Path, change: Callable[[Arrays], Any], field: str) -> None:
    forge = forged(tmp_path, ONE)
    change(forge.arrays)
    refused(recheck(forge.write()), DAMAGED, field)


def test_swapped_hashes_are_damage(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE)
    hashes = forge.text["arrays"]["sha256"]
    hashes["W1"], hashes["W2"] = hashes["W2"], hashes["W1"]
    refused(recheck(forge.write_text()), DAMAGED, "arrays.W")


@pytest.mark.parametrize("part", ["text", "arrays"])
def test_truncated_files_are_damage(tmp_path: Path, part: str) -> None:
    forge = forged(tmp_path, ONE)
    file = forge.path if part == "text" else forge.npz
    whole = file.read_bytes()
    for length in (0, 1, 10, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        file.write_bytes(whole[:length])
        result = recheck(forge.path)
        assert result.code == DAMAGED, result.message
        assert "\n" not in result.message


def test_one_changed_byte_of_the_arrays_is_damage(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE)
    whole = forge.npz.read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        start = archive.getinfo("W1.npy").header_offset
    for position in range(start, start + 300, 7):
        changed = bytearray(whole)
        changed[position] ^= 0x10
        forge.npz.write_bytes(bytes(changed))
        # A zip's own date and flags carry nothing; anything else is noticed.
        assert recheck(forge.path).code in (ACCEPTED, DAMAGED)


GARBAGE = [
    b"", b"{}", b"[]", b"null", b"7", b"\xff\xfe", b'{"schema": "pltheory-certificate/2"}', b"[" * 100_000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"schema": NaN}', b"1" * 5000, b'{"schema": 1, "schema": 2}',
    b'{"schema": "\\ud800"}',
]  # fmt: skip


@pytest.mark.parametrize("content", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.cert.json"
    path.write_bytes(content)
    result = recheck(path)
    assert result.code == DAMAGED
    assert "\n" not in result.message


def test_missing_files_are_named(tmp_path: Path) -> None:
    refused(recheck(tmp_path / "none.json"), DAMAGED, "none.json")
    refused(recheck(tmp_path), DAMAGED, tmp_path.name)
    forge = forged(tmp_path, ONE)
    forge.npz.unlink()
    refused(recheck(forge.path), DAMAGED, "arrays.file")
    forge.npz.mkdir()
    refused(recheck(forge.path), DAMAGED, "arrays.file")


def test_an_archive_with_a_member_twice_is_damage(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE)
    with zipfile.ZipFile(forge.npz, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("W1.npy", b"")
    refused(recheck(forge.path), DAMAGED, "arrays.file")


def test_weaker_claims_are_accepted(tmp_path: Path) -> None:
    """Directions are checked, not equality: a looser certificate is as true."""
    forge = forged(tmp_path, ONE, 0, "A")
    for path, sign in numeric_fields(forge.text):
        if path[0] == "bounds":
            at(forge.text, path).update(number(value(at(forge.text, path)) * (1 - sign * 1e-3)))
    forge.arrays["sigma"] *= 0.999
    assert recheck(forge.write()).accepted


def test_too_few_bits_are_said_with_the_number_and_the_remedy(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    result = recheck(forge.path, bits=24)
    assert result.code == UNSURE
    assert "try --bits 48" in result.message
    assert recheck(forge.path, bits=64).accepted
    assert recheck(forge.path, bits=500).accepted
    with pytest.raises(InvalidInputError, match="bits"):
        recheck(forge.path, bits=1)


def test_precision_is_restored(tmp_path: Path) -> None:
    before = module.ctx.prec
    recheck(forged(tmp_path, ONE, 0, "A").path, bits=77)
    recheck(tmp_path / "none.json", bits=77)
    assert module.ctx.prec == before


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_extreme_scales_do_not_crash(tmp_path: Path, scale: float) -> None:
    forge = forged(tmp_path, ONE)
    for name in ("W1", "W2", "x"):
        forge.arrays[name] *= scale
    assert recheck(forge.write()).code in (FALSE, UNSURE, FAILED)


def test_zero_weights_are_no_certificate(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE)
    for name in ("W1", "W2", "x"):
        forge.arrays[name] *= 0
    assert recheck(forge.write()).code == FALSE


def test_progress_reaches_its_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    recheck(forged(tmp_path, CASES[2]).path, progress=lambda done, total, _: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == len(seen)


def test_the_command(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    run = CliRunner().invoke(command, [str(forge.path)])
    assert (run.exit_code, "accepted" in run.output) == (0, True)
    run = CliRunner().invoke(command, [str(forge.path), "--json", "--bits", "96"])
    assert json.loads(run.stdout)["accepted"]
    forge.text["bounds"]["beta"].update(number(1.0))
    assert CliRunner().invoke(command, [str(forge.write_text())]).exit_code == 1
    assert CliRunner().invoke(command, [str(tmp_path / "[none].json")]).exit_code == 2


def test_a_saved_certificate_is_accepted_and_its_copy_elsewhere_too(tmp_path: Path) -> None:
    certificate = prove(ONE.near(1e-3), DELTA, "B")
    certificate.save(tmp_path / "basin.cert.json")
    assert recheck(tmp_path / "basin.cert.json").accepted
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in tmp_path.glob("basin.cert.*"):
        shutil.copy(file, folder / file.name)
    assert recheck(str(folder / "basin.cert.json")).accepted


def careless(values: np.ndarray, vectors: np.ndarray) -> Any:
    """What a broken eigenvalue solver returns: values off by a percent, vectors that are none."""
    return values * 1.01, vectors + 0.1


def test_guesses_are_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = forged(tmp_path, CASES[6], 0, "A")
    eigh, cholesky = np.linalg.eigh, np.linalg.cholesky
    monkeypatch.setattr(np.linalg, "eigh", lambda m: careless(*eigh(m)))
    monkeypatch.setattr(np.linalg, "cholesky", lambda m: cholesky(m + 0.01 * np.eye(m.shape[-1])))
    # Enclosures grow wide, so the truth is no longer seen, nor is it denied.
    assert recheck(forge.path).code in (ACCEPTED, UNSURE)
    lambda_min = forge.text["bounds"]["lambda_min"]
    lambda_min.update(number(1.000001 * value(lambda_min)))
    assert recheck(forge.write_text()).code in (FALSE, UNSURE)


@pytest.mark.parametrize("exponent", [0, 10, 20, 30])
@pytest.mark.parametrize("n", [2, 5, 40])
def test_eigenvalues_are_enclosed(n: int, exponent: int) -> None:
    """2^-e I + 1 1^T has the eigenvalues 2^-e and n + 2^-e exactly."""
    a = arithmetic.arb(2) ** -exponent
    with arithmetic.ctx.workprec(128):
        sym = arithmetic.arb_mat([[a + 1 if i == j else arithmetic.arb(1) for j in range(n)] for i in range(n)])
        least, largest = arithmetic.spectrum(sym, a / 2)
        assert least.contains(a)
        assert least >= a / 2
        assert largest.contains(a + n)
        assert largest.upper() - largest.lower() < 1e-9 * n
        big = arithmetic.arb(2) ** 3000
        assert arithmetic.spectrum(sym * big, a * big / 2)[1].contains((a + n) * big)


def test_a_residual_that_is_left_is_subtracted() -> None:
    """Asked to lose nothing, near and above the smallest eigenvalue, a factor still proves no more than is true."""
    rng = np.random.default_rng(0)
    with arithmetic.ctx.workprec(128):
        half = arithmetic.arb_mat(6, 6, rng.integers(-9, 9, 36).tolist())
        sym = half * half.transpose() * (arithmetic.arb(1) / 2**10)
        floats = arithmetic.floats_of(sym)
        values = np.linalg.eigvalsh(floats)
        for share in (0.5, 0.999, 1 - 1e-9, 1.0, 1 + 1e-9):
            bound = arithmetic.from_factor(sym, floats, share * values[0], 0.0)
            assert not bound > values[0] * (1 + 1e-10)


@pytest.mark.parametrize("name", recheck_file.ACTIVATIONS)
def test_activations_and_their_suprema(name: str) -> None:
    function, s1, s2 = arithmetic.ACTIVATIONS[name]
    with arithmetic.ctx.workprec(400):
        h = arithmetic.arb(2) ** -100
        first, second = [], []
        for i in range(-640, 641):
            z = arithmetic.arb(i) / 128
            slope = function(z)[1]
            difference = (function(z + h)[0] - function(z - h)[0]) / (2 * h)
            assert abs(difference - slope) < 1e-50
            first.append(abs(slope))
            second.append(abs((function(z + h)[1] - function(z - h)[1]) / (2 * h)))
        for sup, seen in ((s1(), max(map(float, first))), (s2(), max(map(float, second)))):
            assert 0.9999 * float(sup) * (0.99 if name == "softplus" else 1) < seen <= float(sup) * (1 + 1e-15)


RECHECKER = [module, *(import_module(m.name) for m in pkgutil.walk_packages(module.__path__, f"{module.__name__}."))]


@pytest.mark.parametrize("source", RECHECKER, ids=[s.__name__.removeprefix("pltheory.") for s in RECHECKER])
def test_no_code_is_shared(source: Any) -> None:
    """Of this project, the rechecker reads itself, the opening of files and the errors."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(source))):
        if isinstance(node, ast.Import):
            imported |= {a.name for a in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(resolve_name("." * node.level + (node.module or ""), source.__spec__.parent))
    own = {name for name in imported if name.startswith("pltheory")}
    allowed = {"pltheory.border", "pltheory.theory.errors"}
    assert own <= {*allowed, *(s.__name__ for s in RECHECKER)}
    assert "torch" not in {name.partition(".")[0] for name in imported}


def test_it_knows_the_words_of_every_certifiable_theorem() -> None:
    certifiable = {name: t for name, t in THEOREM_OF.items() if t.certifiable}
    said = {name: (t.conclusion, t.citation) for name, t in statements.STATEMENTS.items()}
    assert {name: (t.conclusion, t.citation) for name, t in certifiable.items()} == said
    assert CHECKERS.keys() == said.keys()


def test_importing_it_loads_neither_torch_nor_the_producer() -> None:
    code = "import sys, pltheory.rechecker; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "torch" not in loaded
    ours = {name for name in loaded if name.startswith("pltheory.") and not name.startswith("pltheory.theory")}
    assert ours == {"pltheory.border", *(s.__name__ for s in RECHECKER)}
