"""The schema of a configuration says no more than the program does, and the table of keys has all of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pltheory.study.config import Config, from_tree
from pltheory.study.key_table import lines
from pltheory.study.keys import KEYS
from pltheory.study.network_section import KINDS
from pltheory.study.schema import config_schema
from pltheory.theory import InvalidInputError

EXAMPLES = Path(__file__).parents[2] / "examples"
SCHEMA = config_schema()
BASE: dict[str, Any] = {
    "network": {"hidden": [4]},
    "data": {"source": "digits", "n": 1},
    "optimizer": {"name": "gd", "eta": 0.1},
}
OF_KIND: dict[str, dict[str, Any]] = {
    "fully-connected": {"hidden": [4]},
    "convolutional": {"architecture": "convolutional", "channels": [2]},
    "residual": {"architecture": "residual", "channels": [2]},
    "module": {"module": "m.py:f"},
}
WRONG: dict[str, Any] = {
    "network.hidden": [],
    "network.bias": 1,
    "network.activation": "relux",
    "network.foo": 1,
    "data.n": 0,
    "data.shape": [0],
    "data.decimal": ";",
    "optimizer.name": "sgd",
    "optimizer.schedule": "never",
    "theorem.name": "Z",
    "run.target": 1.0,
    "run.seed": -1,
    "run.device": "tpu",
    "level": "proved",
    "loss": "max",
    "foo": 1,
}


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """What JSON Schema says of a value, in the words that this schema uses; any other word ends the test."""
    known = {"$ref", "anyOf", "enum", "const", "type", "properties", "required", "additionalProperties", "items"}
    known |= {"minItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "maxLength", "pattern"}
    known |= {"title", "description", "default", "examples", "$schema", "$id", "$defs", "propertyNames"}
    assert schema.keys() <= known, schema.keys() - known
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    kind = schema.get("type")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in kinds and not isinstance(value, kinds[kind]):
        return False
    if kind in ("integer", "number") and not (number and (kind == "number" or isinstance(value, int))):
        return False
    tests = {
        "$ref": lambda ref: accepts(SCHEMA["$defs"][ref.removeprefix("#/$defs/")], value),
        "anyOf": lambda several: any(accepts(one, value) for one in several),
        "enum": lambda names: value in names,
        "const": lambda name: value == name,
        "minimum": lambda n: value >= n,
        "maximum": lambda n: value <= n,
        "exclusiveMinimum": lambda n: value > n,
        "exclusiveMaximum": lambda n: value < n,
        "maxLength": lambda n: len(value) <= n,
        "pattern": lambda p: re.search(p, value) is not None,
        "minItems": lambda n: len(value) >= n,
        "items": lambda inner: all(accepts(inner, v) for v in value),
        "required": lambda names: set(names) <= value.keys(),
    }
    if not all(test(schema[word]) for word, test in tests.items() if word in schema):
        return False
    if not isinstance(value, dict):
        return True
    inner, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, v in value.items():
        rule = inner.get(name, more)
        if rule is False or (isinstance(rule, dict) and not accepts(rule, v)):
            return False
    return True


def with_key(section: str, name: str, value: Any, kind: str = "fully-connected") -> dict[str, Any]:
    tree = {**BASE, "network": OF_KIND[kind]}
    return {**tree, section: {**tree.get(section, {}), name: value}} if section else {**tree, name: value}


def cases() -> list[tuple[str, dict[str, Any]]]:
    """The example of every key, in a configuration that has it."""
    return [
        (
            f"{line.section}.{line.name}",
            with_key(line.section, line.name, tomllib.loads(f"x = {line.example}")["x"], (line.of or list(OF_KIND))[0]),
        )
        for line in lines()
    ]


@pytest.mark.parametrize(("name", "tree"), cases(), ids=lambda given: given if isinstance(given, str) else "")
def test_the_example_of_a_key_is_accepted_by_the_program_and_by_the_schema(name, tree):
    from_tree(tree)
    assert accepts(SCHEMA, tree)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_the_schema_accepts_every_example(path: Path):
    assert accepts(SCHEMA, tomllib.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG)
def test_what_the_schema_refuses_the_program_refuses(name, value):
    section, _, key = name.rpartition(".")
    tree = with_key(section, key, value)
    assert not accepts(SCHEMA, tree)
    with pytest.raises(InvalidInputError):
        from_tree(tree)


def test_every_key_of_the_models_stands_once_and_no_other():
    of_networks = {f"network.{name}" for kind in KINDS for name in kind.model_fields}
    sections = {name: Config.model_fields[name].annotation for name in ("data", "theorem", "run")}
    in_models = {f"{s}.{name}" for s, model in sections.items() for name in model.model_fields}  # type: ignore[union-attr]
    shown = [f"{line.section}.{line.name}".removeprefix(".") for line in lines()]
    assert len(set(shown)) == len(shown)
    assert of_networks | in_models | {"level", "loss", "sweep"} <= set(shown)
    # The numbers of step rules are said by the rules.
    assert KEYS.keys() <= set(shown)
    assert set(shown) - KEYS.keys() == {"optimizer.gamma", "optimizer.delta"}


def test_defaults_are_those_of_the_models():
    for line in lines():
        if line.default in ("required", "not set") or not line.section or line.section == "loss":
            continue
        config = from_tree({**BASE, "network": OF_KIND[(line.of or list(OF_KIND))[0]], "optimizer": {"eta": 0.1}})
        value = getattr(getattr(config, line.section), line.name)
        assert tomllib.loads(f"x = {line.default}")["x"] == value, line
