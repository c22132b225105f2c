"""A stranger's certificate: no kind of file, size, number or cost that is not allowed gets past the border."""

from __future__ import annotations

import io
import itertools
import json
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from pltheory.cli.recheck import command
from pltheory.rechecker import arrays as recheck_arrays
from pltheory.rechecker import cost, recheck
from pltheory.rechecker.fields import MOST_TEXT
from pltheory.theory import InvalidInputError
from tests.forge import ACCEPTED, DAMAGED, UNSURE, Forge, number, refused
from tests.rechecker.test_recheck import ONE, WIDE, forged

# --- kinds of file ----------------------------------------------------------------------------------------------------


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to_zero").symlink_to("/dev/zero")
    began = time.monotonic()
    refused(recheck(tmp_path / "pipe"), DAMAGED, "pipe")
    refused(recheck("/dev/zero"), DAMAGED, "zero")
    for name in ("pipe", "to_zero"):
        forge.text["arrays"]["file"] = name
        refused(recheck(forge.write_text()), DAMAGED, "arrays.file")
    assert time.monotonic() - began < 5


def test_a_link_to_a_certificate_is_followed_one_to_its_arrays_is_not(tmp_path: Path) -> None:
    folder, other = tmp_path / "a", tmp_path / "b"
    folder.mkdir()
    other.mkdir()
    forge = forged(folder, ONE, 0, "A")
    (folder / "link.json").symlink_to(forge.path)
    assert recheck(folder / "link.json").accepted
    (other / forge.path.name).write_bytes(forge.path.read_bytes())
    (other / forge.npz.name).symlink_to(forge.npz)
    refused(recheck(other / forge.path.name), DAMAGED, "arrays.file")


NAMES = [
    "",
    ".",
    "..",
    "/etc/passwd",
    "../c.cert.npz",
    "sub/c.cert.npz",
    "..\\c.cert.npz",
    "a\0b",
    "a\nb",
    "\x1b[31m",
    "x" * 300,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_arrays_file_is_a_plain_name_beside_the_certificate(tmp_path: Path, name: str) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / forge.npz.name).write_bytes(forge.npz.read_bytes())
    forge.text["arrays"]["file"] = name
    refused(recheck(forge.write_text()), DAMAGED, "arrays.file")


# --- the text ---------------------------------------------------------------------------------------------------------

LONG = "1" * 10**6
TEXTS: list[tuple[str, Callable[[str], str | bytes], str]] = [
    ("a mark of byte order", lambda t: b"\xef\xbb\xbf" + t.encode(), "JSON"),
    ("UTF-16", lambda t: t.encode("utf-16"), "UTF-8"),
    ("a byte that is no text", lambda t: t.encode() + b"\xff", "UTF-8"),
    ("NaN", lambda t: t.replace('"layers": 2', '"layers": NaN'), "bare number NaN"),
    ("Infinity", lambda t: t.replace('"layers": 2', '"layers": -Infinity'), "bare number -Infinity"),
    ("1e999", lambda t: t.replace('"layers": 2', '"layers": 1e999'), "bare number 1e999"),
    ("a million digits", lambda t: t.replace('"layers": 2', f'"layers": {LONG}'), "1000000 digits"),
    ("a million digits behind a point", lambda t: t.replace('"layers": 2', f'"layers": 1.{LONG}'), "bare number"),
    ("a billion for an exponent", lambda t: t.replace('"layers": 2', '"layers": 1e1000000000'), "bare number"),
    ("a whole number as a real one", lambda t: t.replace('"layers": 2', '"layers": 2.0'), "bare number 2.0"),
    ("a key twice", lambda t: t.replace('"loss"', '"loss": "sum", "loss"', 1), "'loss' occurs twice"),
    ("brackets", lambda t: t.replace('"assumptions": []', f'"assumptions": {"[" * 40}{"]" * 40}'), "brackets"),
    ("a million brackets", lambda t: "[" * 10**6, "brackets"),
    ("braces", lambda t: '{"a":' * 10**5 + "1" + "}" * 10**5, "brackets"),
    ("something after it", lambda t: t + "{}", "JSON"),
    ("a control character", lambda t: t.replace('"loss"', '"lo\x01ss"', 1), "JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), [t[1:] for t in TEXTS], ids=[t[0] for t in TEXTS])
def test_other_texts_than_the_format_has_are_refused(
    tmp_path: Path, change: Callable[[str], str | bytes], words: str
) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    before = forge.path.read_text()
    changed = change(before)
    content = changed.encode() if isinstance(changed, str) else changed
    assert content != before.encode()
    forge.path.write_bytes(content)
    result = recheck(forge.path)
    refused(result, DAMAGED, forge.path.name)
    assert words in result.message
    assert len(result.message) < 400


def test_the_size_of_the_text_is_bounded(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    whole = forge.path.read_bytes()
    forge.path.write_bytes(whole + b" " * (MOST_TEXT - len(whole)))
    assert recheck(forge.path).accepted
    forge.path.write_bytes(whole + b" " * (MOST_TEXT - len(whole) + 1))
    refused(recheck(forge.path), DAMAGED, forge.path.name)


HEX = [
    "0x1." + "0" * 10**5 + "p+0", "0x1p+99999999999999999999", "1.5",
    " 0x1.8p+0", "0X1.8P+0", "nan", "", "0x1.8000000000000p+1\n", "\ud800", "0x_1p0",
]  # fmt: skip


@pytest.mark.parametrize("digits", HEX, ids=range(len(HEX)))
def test_numbers_have_one_notation(tmp_path: Path, digits: str) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    forge.text["bounds"]["beta"]["hex"] = digits
    refused(recheck(forge.write_text()), DAMAGED, "bounds.beta")


KINDS: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("theorem a list", lambda t: t.update(theorem=["A"]), "theorem"),
    ("theorem an object", lambda t: t.update(theorem={"A": 1}), "theorem"),
    ("theorem a truth value", lambda t: t.update(theorem=True), "theorem"),
    ("layers a truth value", lambda t: t["network"].update(layers=True), "network.layers"),
    ("layers a text", lambda t: t["network"].update(layers="2"), "network.layers"),
    ("a thousand and one layers", lambda t: t["network"].update(layers=1001), "network.layers"),
    ("a bound a whole number", lambda t: t["bounds"].update(beta=1), "bounds.beta"),
    ("a bound a truth value", lambda t: t["bounds"].update(beta=True), "bounds.beta"),
    ("hex a whole number", lambda t: t["bounds"]["beta"].update(hex=1), "bounds.beta"),
    ("decimal a whole number", lambda t: t["bounds"]["beta"].update(decimal=1), "bounds.beta"),
    ("eta minus zero", lambda t: t["optimizer"].update(eta=number(-0.0)), "optimizer.eta"),
    ("gamma NaN", lambda t: t["optimizer"].update(gamma=number(np.nan)), "optimizer.gamma"),
    ("gamma minus infinity", lambda t: t["optimizer"].update(gamma=number(-np.inf)), "optimizer.gamma"),
    ("delta above one", lambda t: t["optimizer"].update(delta=number(1.5)), "optimizer.delta"),
    ("delta negative", lambda t: t["optimizer"].update(delta=number(-0.1)), "optimizer.delta"),
    ("kappa infinite", lambda t: t["network"]["kappas"][0].update(number(np.inf)), "network.kappas[0]"),
    ("radius infinite", lambda t: t["witness"].update(radius=number(np.inf)), "witness.radius"),
    ("no hypotheses", lambda t: t.update(hypotheses=[]), "hypotheses"),
    ("a hypothesis twice", lambda t: t["hypotheses"].__setitem__(1, t["hypotheses"][0]), "hypotheses[1].name"),
    ("kappas an object", lambda t: t["network"].update(kappas={"0": number(1.0)}), "network.kappas"),
    ("hashes a list", lambda t: t["arrays"].update(sha256=[]), "arrays.sha256"),
    ("hashes an object of objects", lambda t: t["arrays"]["sha256"].update(W1={}), "arrays.W1"),
    ("a key that is a lone surrogate", lambda t: t.update({"\ud800": 1}), "certificate"),
    ("a key of a megabyte", lambda t: t.update({"k" * 10**6: 1}), "certificate"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "field"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
def test_values_of_another_kind_are_refused_by_name(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any], field: str
) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    change(forge.text)
    result = recheck(forge.write_text())
    refused(result, DAMAGED, field)
    assert len(result.message) < 400


# --- the arrays -------------------------------------------------------------------------------------------------------


def stored(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def with_header(text: str, body: bytes, version: int = 1) -> bytes:
    header = text.encode().ljust(117) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + body


def repack(forge: Forge, name: str, content: bytes, method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(forge.npz) as archive:
        held = {n: archive.read(n) for n in archive.namelist()}
    held[f"{name}.npy"] = content
    with zipfile.ZipFile(forge.npz, "w", method) as archive:
        for member, part in held.items():
            archive.writestr(member, part)


SHAPE = "(4, 1)"
HEADERS: list[tuple[str, str]] = [
    ("big-endian", "{'descr': '>f8', 'fortran_order': False, 'shape': (4, 1), }"),
    ("objects", "{'descr': '|O', 'fortran_order': False, 'shape': (4, 1), }"),
    ("a record", "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (4, 1), }"),
    ("Fortran's order", "{'descr': '<f8', 'fortran_order': True, 'shape': (4, 1), }"),
    ("negative", "{'descr': '<f8', 'fortran_order': False, 'shape': (-4, -1), }"),
    ("no rows", "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 1), }"),
    ("a number for a shape", "{'descr': '<f8', 'fortran_order': False, 'shape': (4), }"),
    ("no shape", "{'descr': '<f8', 'fortran_order': False, 'shape': (), }"),
    ("three axes", "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 1, 1), }"),
    ("a product that wraps around", f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**32}, {2**32}), }}"),
    ("terabytes", "{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999, 999999999999), }"),
    ("more rows than there are", "{'descr': '<f8', 'fortran_order': False, 'shape': (5, 1), }"),
    ("fewer rows than there are", "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }"),
    ("an expression", "{'descr': '<f8', 'fortran_order': False, 'shape': (2+2, 1), }"),
    ("code", "__import__('os').abort()"),
    ("another key", "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 1), 'x': 1, }"),
    ("nesting", "(" * 100),
]


@pytest.mark.parametrize("header", [h[1] for h in HEADERS], ids=[h[0] for h in HEADERS])
@pytest.mark.parametrize("version", [1, 2])
def test_headers_that_numpy_does_not_write_are_refused(tmp_path: Path, header: str, version: int) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    repack(forge, "W1", with_header(header, np.zeros(4).tobytes(), version))
    refused(recheck(forge.path), DAMAGED, "arrays.W1")


@pytest.mark.parametrize("version", [1, 2])
def test_the_header_that_numpy_writes_is_read_in_both_versions(tmp_path: Path, version: int) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    w, shape = forge.arrays["W1"], forge.arrays["W1"].shape
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    repack(forge, "W1", with_header(text, w.tobytes(), version), zipfile.ZIP_DEFLATED)
    assert recheck(forge.path).accepted


@pytest.mark.parametrize("length", [0, 1, 60000, 2**16 - 1])
def test_a_header_of_another_length_is_refused(tmp_path: Path, length: int) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    content = stored(forge.arrays["W1"])
    repack(forge, "W1", content[:8] + struct.pack("<H", length) + content[10:] + b" " * length)
    refused(recheck(forge.path), DAMAGED, "arrays.W1")


def test_minus_zero_is_a_number_like_any_other(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    forge.arrays["W1"][0, 0] = -0.0
    assert recheck(forge.write()).code != DAMAGED


def test_bytes_before_or_after_the_archive_are_refused(tmp_path: Path) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    whole = forge.npz.read_bytes()
    for content in (b"MZ" + whole, whole + b"\0", whole + whole):
        forge.npz.write_bytes(content)
        result = recheck(forge.path)
        assert result.code == DAMAGED or content.endswith(whole)
        assert result.code in (ACCEPTED, DAMAGED)


# --- cost -------------------------------------------------------------------------------------------------------------


def shapes(n: int, widths: tuple[int, ...], **more: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {"x": (n, widths[0]), "y": (n, widths[-1])}
    found |= {f"W{l}": (q, p) for l, (p, q) in enumerate(itertools.pairwise(widths), 1)}
    return {**found, **more}


BALL = shapes(10, (64, 1000, 1), grid=(161,), sigma=(161,))
PHASES = shapes(10, (64, 500, 1), times=(241,), ends=(16,), eps=(16,), ew=(16, 500), ea=(16, 500))
STEPS = shapes(10, (64, 128, 1), rho=(44,), eps=(45,), grid=(161,), sigma=(161,))
LARGER = [
    ("B", BALL, shapes(20, (64, 1000, 1), grid=(161,), sigma=(161,))),
    ("B", BALL, shapes(10, (64, 4000, 1), grid=(161,), sigma=(161,))),
    ("A", BALL, shapes(10, (64, 1000, 1000, 1), grid=(161,), sigma=(161,))),
    ("C", BALL, shapes(10, (64, 1000, 1), grid=(10**6,), sigma=(10**6,))),
    ("B+", PHASES, {**PHASES, "times": (10**5,)}),
    ("B+", PHASES, {**PHASES, "eps": (1000,), "ends": (1000,)}),
    ("B+", PHASES, shapes(30, (64, 500, 1), times=(241,), ends=(16,), eps=(16,), ew=(16, 500), ea=(16, 500))),
    ("D", STEPS, {**STEPS, "rho": (10**5,)}),
    ("D", STEPS, shapes(40, (64, 128, 1), rho=(44,), eps=(45,), grid=(161,), sigma=(161,))),
]


@pytest.mark.parametrize(("theorem", "small", "large"), LARGER, ids=range(len(LARGER)))
def test_what_is_larger_costs_more(theorem: str, small: Any, large: Any) -> None:
    assert cost.estimate(theorem, large, 128).seconds > cost.estimate(theorem, small, 128).seconds
    assert cost.estimate(theorem, small, 1024).seconds > 4 * cost.estimate(theorem, small, 128).seconds
    assert cost.estimate(theorem, large, 128).bytes >= cost.estimate(theorem, small, 128).bytes


ADMITTED = [
    ("B", shapes(10, (64, 100_000, 1), grid=(161,), sigma=(161,))),
    ("C", shapes(100, (64, 256, 256, 10), grid=(161,), sigma=(161,))),
    ("B+", shapes(20, (64, 8192, 1), times=(241,), ends=(16,), eps=(16,), ew=(16, 8192), ea=(16, 8192))),
    ("D", shapes(50, (64, 512, 1), rho=(592,), eps=(593,), grid=(161,), sigma=(161,))),
]


@pytest.mark.parametrize(("theorem", "sizes"), ADMITTED, ids=[a[0] for a in ADMITTED])
def test_the_sizes_of_the_docs_are_admitted(theorem: str, sizes: Any) -> None:
    cost.Limits(cost.MOST_SECONDS, cost.MOST_GIB, 128).admit(theorem, sizes)


def test_a_cost_above_the_limit_is_refused_with_both_and_the_flag(tmp_path: Path) -> None:
    path = forged(tmp_path, WIDE, 0, "A").path
    result = recheck(path, most_seconds=1e-6)
    refused(result, UNSURE, "time")
    assert "--most-seconds" in result.message
    refused(recheck(path, most_gib=1e-6), UNSURE, "memory")
    run = CliRunner().invoke(command, [str(path), "--most-seconds", "1e-6"])
    assert run.exit_code == UNSURE
    assert "--most-seconds" in run.stderr
    wanted = run.stderr.split("--most-seconds ")[1].split()[0]
    assert float(wanted) > cost.estimate("A", _sizes(path), 128).seconds
    assert CliRunner().invoke(command, [str(path), "--most-gib", "-1"]).exit_code == 2


def _sizes(path: Path) -> dict[str, tuple[int, ...]]:
    with np.load(path.with_suffix(".npz")) as held:
        return {name: held[name].shape for name in held.files}


def test_the_suggested_limit_is_never_below_what_is_needed() -> None:
    for value in (1e-9, 0.3, 1.0, 9.99, 10.0, 99.5, 1234.5, 3600.0, 1e9):
        assert value < float(cost._round_up(value)) <= 1.2 * value


def test_nothing_of_a_large_certificate_is_read_before_it_is_admitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = forged(tmp_path, ONE, 0, "A")
    monkeypatch.setattr(recheck_arrays.ArraysFile, "read", lambda *_: pytest.fail("an array was read"))
    refused(recheck(forge.path, most_gib=1e-6), UNSURE, "memory")


def test_processor_time_is_held_to_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "estimate", lambda *_: cost.Cost(0.0, 0.0))
    result = recheck(forged(tmp_path, ONE, 0, "B").path, most_seconds=1e-4)
    refused(result, UNSURE, "time")
    assert "used up" in result.message


@pytest.mark.parametrize("limit", [0.0, -1.0, np.nan, np.inf])
def test_limits_out_of_range_are_refused(tmp_path: Path, limit: float) -> None:
    with pytest.raises(InvalidInputError, match="most_seconds"):
        recheck(tmp_path / "none", most_seconds=limit)
    with pytest.raises(InvalidInputError, match="most_gib"):
        recheck(tmp_path / "none", most_gib=limit)


def test_the_text_says_nothing_that_the_reader_does_not_know(tmp_path: Path) -> None:
    """The attack of a stranger who repeats a reader's whole text and adds one key in one place, every place in turn."""
    forge = forged(tmp_path, ONE, 0, "A")
    honest = json.dumps(forge.text)
    for inner in (
        (),
        ("network",),
        ("optimizer",),
        ("arrays",),
        ("witness",),
        ("bounds",),
        ("bounds", "mu"),
        ("hypotheses", 0),
    ):
        forge.text = json.loads(honest)
        node = forge.text
        for key in inner:
            node = node[key]
        node["more"] = 1
        result = recheck(forge.write_text())
        assert result.code == DAMAGED
        assert "'more'" in result.message
