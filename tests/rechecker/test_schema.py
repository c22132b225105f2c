"""Files of every theorem are of the published form, and what is not of that form is not accepted by the recheck."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from pltheory.certification.claim import ABOUT, ABOUT_WEIGHTS, SCHEMA
from pltheory.rechecker import file as recheck_file
from pltheory.rechecker import recheck
from pltheory.rechecker.fields import AT_WEIGHTS, SCHEMAS, STATEMENT
from tests.forge import DAMAGED, FALSE, Forge, Text, number, value
from tests.fuzz.certificates import _claims

STORED = Path(__file__).parent / "stored"
PUBLISHED = json.loads((files("pltheory.certification") / "certificate.schema.json").read_text())
THEOREMS = ("B", "A'", "A", "C", "B+", "D")
TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int}


def wrong(value: Any, schema: Any, at: str = "") -> list[str]:
    """What a value has against a schema of JSON Schema 2020-12, of which this reads the words that ours uses."""
    if isinstance(schema, bool):
        return _said(schema, at, "not allowed")
    unknown = schema.keys() - WORDS.keys() - {"$schema", "$defs", "title", "description", "then", "patternProperties"}
    assert not unknown, unknown
    return [fault for word, content in schema.items() for fault in WORDS.get(word, nothing)(value, content, schema, at)]


def nothing(*_: Any) -> list[str]:
    return []


def _said(good: bool, at: str, what: str) -> list[str]:
    return [] if good else [f"{at}: {what}"]


def _ref(v: Any, name: str, _: Any, at: str) -> list[str]:
    return wrong(v, PUBLISHED["$defs"][name.removeprefix("#/$defs/")], at)


def _properties(v: Any, known: Any, schema: Any, at: str) -> list[str]:
    found = [f for k, s in known.items() if isinstance(v, dict) and k in v for f in wrong(v[k], s, f"{at}.{k}")]
    return found


def _others(v: Any, content: Any, schema: Any, at: str) -> list[str]:
    patterns = schema.get("patternProperties", {})
    found = []
    for key, inner in v.items() if isinstance(v, dict) else ():
        matching = [s for p, s in patterns.items() if re.search(p, key)]
        found += [f for s in matching for f in wrong(inner, s, f"{at}.{key}")]
        if key not in schema.get("properties", {}) and not matching:
            found += [f"{at}: {key} is not known"] if content is False else wrong(inner, content, f"{at}.{key}")
    return found


def _items(v: Any, content: Any, schema: Any, at: str) -> list[str]:
    rest = list(enumerate(v))[len(schema.get("prefixItems", ())) :] if isinstance(v, list) else []
    if content is False:
        return _said(not rest, at, "too many entries")
    return [f for i, inner in rest for f in wrong(inner, content, f"{at}[{i}]")]


WORDS: dict[str, Any] = {
    "$ref": _ref,
    "type": lambda v, t, _, at: _said(isinstance(v, TYPES[t]) and not isinstance(v, bool), at, f"not of type {t}"),
    "const": lambda v, c, _, at: _said(v == c, at, f"not {c!r}"),
    "enum": lambda v, c, _, at: _said(v in c, at, f"not one of {c}"),
    "pattern": lambda v, p, _, at: _said(not isinstance(v, str) or re.search(p, v) is not None, at, f"not {p}"),
    "maxLength": lambda v, n, _, at: _said(not isinstance(v, str) or len(v) <= n, at, "too long"),
    "minimum": lambda v, n, _, at: _said(v >= n, at, f"below {n}"),
    "maximum": lambda v, n, _, at: _said(v <= n, at, f"above {n}"),
    "minItems": lambda v, n, _, at: _said(len(v) >= n, at, f"fewer than {n}"),
    "maxItems": lambda v, n, _, at: _said(len(v) <= n, at, f"more than {n}"),
    "required": lambda v, keys, _, at: [f"{at}: no {k}" for k in keys if isinstance(v, dict) and k not in v],
    "properties": _properties,
    "additionalProperties": _others,
    "prefixItems": lambda v, parts, _, at: [
        f for i, (inner, s) in enumerate(zip(v, parts, strict=False)) for f in wrong(inner, s, f"{at}[{i}]")
    ],
    "items": _items,
    "anyOf": lambda v, parts, _, at: _said(any(not wrong(v, s) for s in parts), at, "none of the forms allowed"),
    "oneOf": lambda v, parts, _, at: _said(
        sum(not wrong(v, s) for s in parts) == 1, at, "not one of the forms allowed"
    ),
    "allOf": lambda v, parts, _, at: [f for s in parts for f in wrong(v, s, at)],
    "if": lambda v, s, schema, at: wrong(v, schema["then"], at) if not wrong(v, s) else [],
}


@cache
def written() -> dict[str, tuple[str, bytes]]:
    return {c.theorem: (c.text("c.cert.npz"), c.arrays_bytes()) for c in _claims()}


def forged(folder: Path, theorem: str) -> Forge:
    return Forge(folder, *written()[theorem])


def test_the_published_form_is_the_one_written_and_read() -> None:
    assert PUBLISHED["title"] == SCHEMA == SCHEMAS[-1] == PUBLISHED["properties"]["schema"]["const"]
    assert PUBLISHED["properties"]["statement"]["enum"] == [ABOUT, ABOUT_WEIGHTS] == [STATEMENT, AT_WEIGHTS]
    assert set(PUBLISHED["properties"]) == {*recheck_file.KEYS, "witness"}


def test_another_validator_agrees() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    for text, _ in written().values():
        jsonschema.Draft202012Validator(PUBLISHED).validate(json.loads(text))


@pytest.mark.parametrize("theorem", THEOREMS)
def test_what_is_written_is_of_the_published_form(tmp_path: Path, theorem: str) -> None:
    forge = forged(tmp_path, theorem)
    assert wrong(forge.text, PUBLISHED) == []
    assert set(forge.text) == set(PUBLISHED["properties"])
    assert recheck(forge.path).accepted


CHANGES: dict[str, Any] = {
    "a key too many": lambda t: t.update(ball={"radius": number(1.0)}),
    "no witness": lambda t: t.pop("witness"),
    "another witness": lambda t: t["witness"].update(depth=number(1.0)),
    "a bound too few": lambda t: t["bounds"].pop("rate"),
    "a bound the other way": lambda t: t["bounds"]["mu"].update(kind="upper"),
    "hypotheses too few": lambda t: t["hypotheses"].__delitem__(slice(2, None)),
    "a hypothesis of another name": lambda t: t["hypotheses"][0].update(name="0 < 1"),
    "a bare number": lambda t: t["bounds"].update(mu=0.5),
    "an infinite bound": lambda t: t["bounds"]["beta"].update(number(float("inf"))),
    "an assumption": lambda t: t["assumptions"].append("P = NP"),
    "another theorem": lambda t: t.update(theorem="E"),
    "a hash too short": lambda t: t["arrays"]["sha256"].update(x="00"),
    "schema 1": lambda t: t.update(schema=SCHEMAS[0]),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("theorem", THEOREMS)
def test_what_is_not_of_the_form_is_damaged(tmp_path: Path, theorem: str, change: str) -> None:
    forge = forged(tmp_path, theorem)
    CHANGES[change](forge.text)
    assert wrong(forge.text, PUBLISHED) != []
    assert recheck(forge.write_text()).code == DAMAGED


def both(first: Text) -> Text:
    """A text of schema 1 as schema 2 has it."""
    second = {k: v for k, v in first.items() if k not in ("ball", "trajectory")}
    return {**second, "schema": SCHEMA, "witness": {**first.get("trajectory", {}), **first.get("ball", {})}}


@pytest.mark.parametrize("name", [p.name.partition(".")[0] for p in sorted(STORED.glob("*.json"))])
def test_a_stored_certificate_of_schema_1_says_the_same_in_schema_2(tmp_path: Path, name: str) -> None:
    arrays = (STORED / f"{name}.cert.npz").read_bytes()
    forge = Forge(tmp_path, (STORED / f"{name}.cert.json").read_text(), arrays)
    forge.text["arrays"]["file"] = "c.cert.npz"
    before = recheck(forge.write_text())
    forge.text = both(forge.text)
    assert wrong(forge.text, PUBLISHED) == []
    after = recheck(forge.write_text())
    assert after.accepted
    assert [(c.field, c.claim, c.recomputed) for c in after.checks] == [
        (c.field, c.claim, c.recomputed) for c in before.checks
    ]
    forge.text["bounds"]["rate"].update(number(0.9 * value(forge.text["bounds"]["rate"])))
    assert recheck(forge.write_text()).code == FALSE
