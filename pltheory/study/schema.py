"""The configuration as a JSON Schema, made of the models: what editors complete by.

What it refuses, `config.from_tree` refuses. The converse is not so: what hangs on several keys, on a file or on the
data is said when the configuration is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import models_json_schema

from .config import Config, InstalledOptimizer
from .keys import Schema, key
from .loss_section import SHORT, LossSection
from .network_section import KINDS, NetworkSection

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAME = "pltheory-config/1"
_REF = "#/$defs/"


def config_schema() -> Schema:
    """The schema of a configuration, draft 2020-12; names that installed packages add are among the allowed ones."""
    models: list[Any] = [Config, LossSection, InstalledOptimizer, *KINDS]
    _, found = models_json_schema([(m, "validation") for m in models], ref_template=f"{_REF}{{model}}")
    parts = found["$defs"]
    whole = parts.pop(Config.__name__)
    for unused in NetworkSection.__name__, InstalledOptimizer.__name__:
        parts.pop(unused, None)
    sections = whole["properties"]
    # The field validates as its own kind of section, which the model of the whole cannot name.
    sections["network"] = {"anyOf": [{"$ref": f"{_REF}{kind.__name__}"} for kind in KINDS]}
    sections["loss"] = {
        "anyOf": [{"enum": list(SHORT)}, {"$ref": f"{_REF}{LossSection.__name__}"}],
        "default": SHORT[0],
    }
    for name, section in sections.items():
        _said(section, name)
        for part in parts_of(section, parts):
            for inner, value in part.get("properties", {}).items():
                _said(value, f"{name}.{inner}")
    # A rule of a package has numbers of its own, of which nothing is known before it is loaded.
    parts["Optimizer"]["additionalProperties"] = {"type": "number"}
    return {
        "$schema": DIALECT,
        "$id": NAME,
        "title": "Configuration of pltheory",
        "$defs": parts,
        **{k: v for k, v in whole.items() if k not in ("title", "description")},
    }


def parts_of(section: Schema, parts: Schema) -> Iterator[Schema]:
    """The models, out of the definitions `parts`, that a section is one of."""
    for one in [section, *section.get("anyOf", [])]:
        if "$ref" in one:
            yield parts[one["$ref"].removeprefix(_REF)]


def _said(value: Schema, dotted: str) -> None:
    """Write what `keys` says of a key into its schema."""
    if dotted in ("network", "data", "optimizer", "theorem", "run"):
        return
    value.pop("title", None)
    means = key(dotted)
    value["description"] = means.says
    value["examples"] = [tomllib.loads(f"value = {means.example}")["value"]]
    if means.allowed is None:
        return
    allowed = means.allowed()
    if value.get("default", 0) is None:
        allowed = {"anyOf": [*allowed.get("anyOf", [allowed]), {"type": "null"}]}
    value.pop("type", None)
    value.update(allowed)
