"""Certificates stored when they were written: still accepted, still refused where a number is doctored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pltheory.rechecker import recheck
from tests.forge import ACCEPTED, DAMAGED, FALSE, Forge, at, dotted, number, numeric_fields, value
from tests.rechecker.test_schema import PUBLISHED, wrong

STORED = Path(__file__).parent / "stored"
NAMES = ("a", "a_tight", "b", "b_plus", "c", "d")


def stored(folder: Path, name: str) -> Forge:
    return Forge(folder, (STORED / f"{name}.cert.json").read_text(), (STORED / f"{name}.cert.npz").read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_what_was_stored_is_accepted(name: str) -> None:
    result = recheck(STORED / f"{name}.cert.json")
    assert (result.code, result.message.partition(":")[0]) == (ACCEPTED, f"Theorem {result.theorem}"), result.message


@pytest.mark.parametrize("name", [name for name in NAMES if name != "b_plus"])
def test_few_bits_refute_nothing(name: str) -> None:
    """Of B+, whose numbers are bounds of bounds, less is asked in its own tests."""
    assert recheck(STORED / f"{name}.cert.json", bits=24).code not in (FALSE, DAMAGED)


def test_every_theorem_is_there_in_schema_1(tmp_path: Path) -> None:
    texts = [stored(tmp_path, name).text for name in NAMES]
    assert {t["schema"] for t in texts} == {"pltheory-certificate/1"}
    assert {t["theorem"] for t in texts} == {"A", "A'", "B", "B+", "C", "D"}


@pytest.mark.parametrize("name", NAMES)
def test_a_number_moved_beyond_the_truth_is_refused(tmp_path: Path, name: str) -> None:
    count = len(numeric_fields(stored(tmp_path, name).text))
    for k in range(0, count, 4 if name == "b_plus" else 1):
        forge = stored(tmp_path, name)
        path, sign = numeric_fields(forge.text)[k]
        node = at(forge.text, path)
        x = value(node)
        node.update(number(x * (1.5 if sign * x > 0 else 0.5) if x else sign))
        assert recheck(forge.write()).code in (FALSE, DAMAGED), (name, dotted(path))


@pytest.mark.parametrize("name", NAMES)
def test_an_array_changed_is_refused(tmp_path: Path, name: str) -> None:
    forge = stored(tmp_path, name)
    forge.arrays["W1"] = forge.arrays["W1"] + 0.5
    assert not recheck(forge.write()).accepted
    forge = stored(tmp_path, name)
    forge.arrays["y"] = np.nextafter(forge.arrays["y"], np.inf)
    forge.npz.unlink()
    np.savez(forge.npz, **forge.arrays)
    assert recheck(forge.path).code == DAMAGED


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", ["schema", "ball", "trajectory", "witness", "assumptions"])
def test_a_text_of_another_form_is_damaged(tmp_path: Path, name: str, change: str) -> None:
    forge = stored(tmp_path, name)
    if change == "schema":
        forge.text["schema"] = "pltheory-certificate/2"
    elif change in forge.text:
        del forge.text[change]
    else:
        forge.text[change] = {}
    assert recheck(forge.write()).code == DAMAGED


# --- schema 2: by Theorem E, and of class G ---------------------------------------------------------------------------

STORED_2 = Path(__file__).parent / "stored_2"
NAMES_2 = {"n_b": "layers", "g_b": "nodes", "g_c": "nodes"}
"""Name to what its network is told by; n_b and g_b hold by Theorem E alone."""


def stored_2(folder: Path, name: str) -> Forge:
    arrays = (STORED_2 / f"{name}.cert.npz").read_bytes()
    forge = Forge(folder, (STORED_2 / f"{name}.cert.json").read_text(), arrays)
    forge.text["arrays"]["file"] = "c.cert.npz"
    return forge


@pytest.mark.parametrize("name", NAMES_2)
def test_what_was_stored_in_schema_2_is_accepted(name: str) -> None:
    result = recheck(STORED_2 / f"{name}.cert.json")
    assert result.accepted, result.message


@pytest.mark.parametrize("name", NAMES_2)
def test_it_is_of_the_published_form(tmp_path: Path, name: str) -> None:
    text = stored_2(tmp_path, name).text
    assert wrong(text, PUBLISHED) == []
    assert NAMES_2[name] in text["network"]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES_2)
def test_a_number_of_schema_2_moved_beyond_the_truth_is_refused(tmp_path: Path, name: str) -> None:
    for k in range(0, len(numeric_fields(stored_2(tmp_path, name).text)), 3):
        forge = stored_2(tmp_path, name)
        path, sign = numeric_fields(forge.text)[k]
        node = at(forge.text, path)
        x = value(node)
        node.update(number(x * (1.5 if sign * x > 0 else 0.1) if x else sign))
        assert recheck(forge.write()).code in (FALSE, DAMAGED), (name, dotted(path))


@pytest.mark.parametrize("name", NAMES_2)
def test_arrays_of_schema_2_changed_are_refused(tmp_path: Path, name: str) -> None:
    for array, change in (("W1", 0.5), ("y", 0.1), ("sigma", 1e-4)):
        forge = stored_2(tmp_path, name)
        forge.arrays[array] = forge.arrays[array] + change
        assert not recheck(forge.write()).accepted, (name, array)
